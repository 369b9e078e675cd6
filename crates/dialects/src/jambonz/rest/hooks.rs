//! Hooks, headers and credentials in a request.

use hookflash_program::Hook;
use serde_json::Value;
use url::Url;

use crate::hook_url::shown_url;
use crate::jambonz::reader::{header_value, read_hook};
use crate::rest::Fields;

/// A hook: a URL, or an object with one. It has to be absolute, because there is no application
/// yet that it could stand relative to.
pub(super) fn absolute_hook(fields: &Fields<'_>, name: &str) -> Result<Option<Hook>, String> {
    let Some(hook) = hook(fields, name)? else {
        return Ok(None);
    };
    let is_absolute = Url::parse(&hook.url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https" | "ws" | "wss")
            && url.host_str().is_some_and(|host| !host.is_empty())
    });
    match is_absolute {
        true => Ok(Some(hook)),
        false => {
            let found = shown_url(&hook.url);
            let wanted = format!("must be an absolute http(s) or ws(s) URL, not `{found}`");
            Err(fields.wrong(name, &wanted))
        }
    }
}

/// A hook of a call that runs: `/…` stands relative to the application.
pub(super) fn hook(fields: &Fields<'_>, name: &str) -> Result<Option<Hook>, String> {
    let Some(value) = fields.value(name) else {
        return Ok(None);
    };
    let wanted = "must be a URL, or an object with url and method";
    let hook = read_hook(value).ok_or_else(|| fields.wrong(name, wanted))?;
    let method = value.get("method").and_then(Value::as_str);
    let is_known = method.is_none_or(|method| {
        method.eq_ignore_ascii_case("GET") || method.eq_ignore_ascii_case("POST")
    });
    match is_known {
        true => Ok(Some(hook)),
        false => Err(fields.wrong(name, "has a method that is neither GET nor POST")),
    }
}

/// Header fields for a SIP message.
pub(super) fn headers(fields: &Fields<'_>) -> Result<Vec<(String, String)>, String> {
    let Some(object) = fields.object("headers")? else {
        return Ok(Vec::new());
    };
    object
        .iter()
        .map(|(name, value)| Ok((name.clone(), header_value(name, value)?)))
        .collect()
}
