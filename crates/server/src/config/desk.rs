//! Accounts, applications and routes, and that each points at one that exists.

use std::path::{Path, PathBuf};

use hookflash_dialects::{Dialect, Document};
use hookflash_program::HookMethod;

use super::fault::nearest;
use super::pattern::Pattern;
use super::section::Section;
use super::settings::{AccountSettings, ApplicationSettings, Route, Source};
use crate::static_document;

const DIALECTS: [(&str, Dialect); 4] = [
    ("twiml", Dialect::Twiml),
    ("cxml", Dialect::Cxml),
    ("bxml", Dialect::Bxml),
    ("jambonz", Dialect::Jambonz),
];

pub(crate) fn accounts(sections: Vec<Section<'_>>) -> Vec<AccountSettings> {
    let mut accounts: Vec<AccountSettings> = Vec::with_capacity(sections.len());
    for section in sections {
        let sid = section.required("sid", "give the account an identifier");
        check_segment(&section, "sid", &sid);
        if accounts.iter().any(|other| other.sid == sid) {
            section.error(
                "sid",
                format!("`{sid}` is used twice"),
                "each account needs its own",
            );
        }
        if !section.has("dialect") {
            section.error("dialect", "is missing", "use twiml, cxml, bxml or jambonz");
        }
        let dialect = section
            .choice("dialect", &DIALECTS)
            .unwrap_or(Dialect::Twiml);
        let auth_token = section.secret("auth_token");
        let account = AccountSettings {
            auth_user: section.text("auth_user").unwrap_or_else(|| sid.clone()),
            signing_key: section.secret("signing_key").or_else(|| auth_token.clone()),
            auth_token,
            callback_user: section.text("callback_user"),
            callback_password: section.secret_or_nothing("callback_password"),
            dialect,
            sid,
        };
        if account.callback_user.is_some() != account.callback_password.is_some() {
            section.error(
                "callback_user",
                "callback_user and callback_password go together",
                "give both or none",
            );
        }
        if account.signing_key.is_none() && dialect != Dialect::Bxml {
            section.warn(
                "auth_token",
                "is missing, so requests to applications are not signed",
                "give auth_token or signing_key",
            );
        }
        section.finish();
        accounts.push(account);
    }
    accounts
}

pub(crate) fn applications(
    sections: Vec<Section<'_>>,
    accounts: &[AccountSettings],
    folder: &Path,
) -> Vec<ApplicationSettings> {
    let mut applications: Vec<ApplicationSettings> = Vec::with_capacity(sections.len());
    for section in sections {
        let name = section.required("name", "give the application a name");
        if applications.iter().any(|other| other.name == name) {
            section.error(
                "name",
                format!("`{name}` is used twice"),
                "each needs its own name",
            );
        }
        let account = account_of(&section, accounts);
        let dialect = account.map(|account| account.dialect);
        let source = source(&section, dialect, folder);
        let words = [("POST", HookMethod::Post), ("GET", HookMethod::Get)];
        let method = section.choice("method", &words).unwrap_or(HookMethod::Post);
        let sid = section.text("sid").unwrap_or_else(|| {
            dialect.map_or_else(String::new, |dialect| derived_sid(dialect, &name))
        });
        check_segment(&section, "sid", &sid);
        if applications
            .iter()
            .any(|other| other.sid == sid && !sid.is_empty())
        {
            section.error(
                "sid",
                format!("`{sid}` is used twice"),
                "each needs its own",
            );
        }
        let mut application = ApplicationSettings {
            account: account.map_or_else(String::new, |account| account.sid.clone()),
            source,
            method,
            fallback_url: section.parsed("fallback_url", web_url),
            status_callback: section.parsed("status_callback", web_url),
            events_url: section.parsed("events_url", web_url),
            name,
            sid,
        };
        if application.events_url.is_some() && dialect.is_some_and(|d| d != Dialect::Jambonz) {
            application.events_url = None;
            section.warn(
                "events_url",
                "is never asked: it belongs to jambonz applications only",
                "use status_callback in other dialects",
            );
        }
        if application.fallback_url.is_some() && dialect == Some(Dialect::Jambonz) {
            section.warn(
                "fallback_url",
                "is never asked: jambonz has no second URL",
                "leave it out; a call whose application fails ends, and its status says so",
            );
        }
        section.finish();
        applications.push(application);
    }
    applications
}

fn account_of<'a>(
    section: &Section<'_>,
    accounts: &'a [AccountSettings],
) -> Option<&'a AccountSettings> {
    if !section.has("account") && accounts.len() == 1 {
        section.text("account");
        return accounts.first();
    }
    let wanted = section.required("account", "name the `sid` of one of the [[accounts]]");
    let found = accounts.iter().find(|account| account.sid == wanted);
    if found.is_none() && !wanted.is_empty() {
        let hint = nearest(&wanted, accounts.iter().map(|account| account.sid.as_str()))
            .map_or_else(
                || "add it to [[accounts]]".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
        section.error("account", format!("there is no account `{wanted}`"), hint);
    }
    found
}

fn source(section: &Section<'_>, dialect: Option<Dialect>, folder: &Path) -> Source {
    let url = section.parsed("url", |text| match text.split_once(':') {
        Some((scheme, _))
            if ["ws", "wss"]
                .iter()
                .any(|ws| scheme.eq_ignore_ascii_case(ws)) =>
        {
            socket_url(dialect, text)
        }
        _ => web_url(text),
    });
    let document = section.text("document").map(|path| folder.join(path));
    match (url, document) {
        (Some(url), None) => Source::Url(url),
        (None, Some(path)) => {
            check_document(section, dialect, &path);
            Source::Document(path)
        }
        (Some(_), Some(path)) => {
            section.error("document", "goes not with `url`", "keep one of the two");
            Source::Document(path)
        }
        (None, None) => {
            if !section.has("url") && !section.has("document") {
                section.error(
                    "url",
                    "is missing",
                    "give `url`, or `document` for a fixed file",
                );
            }
            Source::Document(PathBuf::new())
        }
    }
}

/// A static document must be one that its dialect would run, whatever is filled in.
fn check_document(section: &Section<'_>, dialect: Option<Dialect>, path: &Path) {
    let body = match std::fs::read_to_string(path) {
        Ok(body) => body,
        Err(error) => {
            let message = format!("{} cannot be read: {error}", path.display());
            section.error(
                "document",
                message,
                "paths count from the configuration's folder",
            );
            return;
        }
    };
    let Some(dialect) = dialect else { return };
    let filled = static_document::fill(&body, |_, _| "0".to_owned());
    let document = Document {
        body: filled.as_bytes(),
        content_type: None,
        first: true,
    };
    if let Err(error) = dialect.parse(document) {
        for diagnostic in &error.diagnostics {
            section.error("document", format!("{}:{diagnostic}", path.display()), "");
        }
    }
}

pub(crate) fn routes(
    sections: Vec<Section<'_>>,
    applications: &[ApplicationSettings],
) -> Vec<Route> {
    let mut routes = Vec::with_capacity(sections.len());
    for section in sections {
        if !section.has("to") {
            section.error(
                "to",
                "is missing",
                "write a user part, number or pattern; * for all",
            );
        }
        let to = section
            .parsed("to", Pattern::parse)
            .unwrap_or_else(Pattern::any);
        let wanted = section.required("application", "name one of the [[applications]]");
        let known = |application: &&ApplicationSettings| {
            application.name == wanted || application.sid == wanted
        };
        let application = match applications.iter().find(known) {
            Some(application) => application.name.clone(),
            None => {
                if !wanted.is_empty() {
                    let names = applications
                        .iter()
                        .map(|application| application.name.as_str());
                    let hint = nearest(&wanted, names).map_or_else(
                        || "add it to [[applications]]".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    let message = format!("there is no application `{wanted}`");
                    section.error("application", message, hint);
                }
                wanted
            }
        };
        section.finish();
        routes.push(Route { to, application });
    }
    routes
}

/// An application on a WebSocket: jambonz alone has such a protocol.
fn socket_url(dialect: Option<Dialect>, text: &str) -> Result<String, String> {
    if let Some(other) = dialect.filter(|dialect| dialect.application_socket().is_none()) {
        return Err(format!(
            "{other} applications are asked by HTTP, not over a WebSocket; use http:// or https://"
        ));
    }
    let url = url::Url::parse(text)
        .map_err(|error| format!("`{text}` is no URL ({error}); write ws://HOST/PATH"))?;
    match url.host_str().is_some_and(|host| !host.is_empty()) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` names no host; write ws://HOST/PATH")),
    }
}

fn web_url(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).map_err(|error| {
        format!("`{text}` is no URL ({error}); write http://HOST/PATH or https://HOST/PATH")
    })?;
    match url.scheme() {
        "http" | "https" => Ok(text.to_owned()),
        other => Err(format!(
            "`{other}` is not asked over HTTP; use http:// or https://"
        )),
    }
}

/// Identifiers travel in paths of the API, so they are one segment of letters and digits.
fn check_segment(section: &Section<'_>, key: &str, sid: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !sid.chars().all(plain) {
        section.error(
            key,
            format!("`{sid}` holds characters that cannot stand in a path"),
            "use letters, digits, - and _",
        );
    }
}

/// The same name gives the same identifier on every machine and in every release.
fn derived_sid(dialect: Dialect, name: &str) -> String {
    dialect.application_sid(fnv1a_128(name.as_bytes()))
}

/// FNV-1a with 128 bits: no secret is involved, the result only has to stay the same for ever.
pub(crate) fn fnv1a_128(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    })
}
