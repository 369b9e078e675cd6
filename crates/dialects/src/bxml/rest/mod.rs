//! The calls resource of Bandwidth's voice API.
//!
//! Source: `createCall`, `updateCall`, `callState` of Bandwidth's OpenAPI file, its pages on errors
//! and on call information, and the official libraries (23.3.1, 8.1.4).

mod list;
mod order;
mod parameters;
mod recording;
mod resource;
mod standing;
mod update;

pub(crate) use list::{list, read_list, read_recording_list};
pub(crate) use order::read_order;
pub(crate) use parameters::parameters;
pub(crate) use recording::read_recording_change;
pub(crate) use resource::{call, created, parties, url};
pub(crate) use standing::standings;
pub(crate) use update::read_update;

use hookflash_program::{Hook, HookMethod};
use serde_json::{Map, Value};
use url::Url;

use crate::Dialect;
use crate::hook_url::shown_url;
use crate::rest::{ApiBody, ApiFault, ApiReason, Fields};

/// The longest URL.
const LONGEST_URL: usize = 2048;

/// The longest user or password.
const LONGEST_CREDENTIAL: usize = 1024;

/// The longest tag that the API takes.
const LONGEST_TAG: usize = 4096;

/// The object in a body.
fn object(body: ApiBody<'_>) -> Result<Map<String, Value>, ApiFault> {
    match body {
        ApiBody::Json(body) => {
            Fields::parse(body).map_err(|why| Dialect::Bxml.fault(ApiReason::Malformed, why))
        }
        ApiBody::Form(_) => {
            Err(Dialect::Bxml.fault(ApiReason::MediaType, "send the request as application/json"))
        }
    }
}

fn invalid(why: String) -> ApiFault {
    Dialect::Bxml.fault(ApiReason::Invalid, why)
}

/// The names of the fields that make up a hook.
struct HookNames {
    url: &'static str,
    method: &'static str,
    username: &'static str,
    password: &'static str,
}

/// A URL of the application with method and credentials, checked also where there is no URL.
fn hook(fields: &Fields<'_>, names: &HookNames) -> Result<Option<Hook>, String> {
    let method = match fields.text(names.method)? {
        Some(word) if word.eq_ignore_ascii_case("GET") => HookMethod::Get,
        Some(word) if word.eq_ignore_ascii_case("POST") => HookMethod::Post,
        Some(_) => return Err(fields.wrong(names.method, "must be GET or POST")),
        None => HookMethod::Post,
    };
    let username = fields.line(names.username, LONGEST_CREDENTIAL)?;
    let password = fields.line(names.password, LONGEST_CREDENTIAL)?;
    let Some(written) = fields.text(names.url)? else {
        return Ok(None);
    };
    if written.len() > LONGEST_URL {
        let wanted = format!("may have {LONGEST_URL} characters at most");
        return Err(fields.wrong(names.url, &wanted));
    }
    let is_absolute = Url::parse(written).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|h| !h.is_empty())
    });
    if !is_absolute {
        let wanted = format!(
            "must be an absolute http or https URL, not `{}`",
            shown_url(written)
        );
        return Err(fields.wrong(names.url, &wanted));
    }
    let credentials = match (username, password) {
        (None, None) => None,
        (user, password) => Some((
            user.unwrap_or_default().to_owned(),
            password.unwrap_or_default().to_owned(),
        )),
    };
    Ok(Some(Hook {
        url: written.to_owned(),
        method,
        credentials,
        fallback: None,
    }))
}

/// A tag as it is: an empty one clears.
fn tag(fields: &Fields<'_>) -> Result<Option<String>, String> {
    let tag = fields.raw_text("tag")?;
    if tag.is_some_and(|tag| tag.chars().count() > LONGEST_TAG) {
        let wanted = format!("may have {LONGEST_TAG} characters at most");
        return Err(fields.wrong("tag", &wanted));
    }
    Ok(tag.map(str::to_owned))
}
