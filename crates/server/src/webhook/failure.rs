//! Failures of a request in words.

use hookflash_dialects::{FetchError, FetchErrorKind};

/// How much of a reply's body a failure quotes, in bytes.
const QUOTED: usize = 512;

pub(crate) fn new(
    kind: FetchErrorKind,
    url: impl Into<String>,
    message: impl Into<String>,
) -> FetchError {
    FetchError {
        kind,
        url: url.into(),
        message: message.into(),
        body: None,
    }
}

/// A status that is no success, with the start of what came with it.
pub(crate) fn status(status: u16, url: impl Into<String>, body: &[u8]) -> FetchError {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    let mut failed = new(
        FetchErrorKind::Status(status),
        url,
        format!("the application answered {status} {reason}")
            .trim_end()
            .to_owned(),
    );
    failed.body = quote(body);
    failed
}

fn quote(body: &[u8]) -> Option<String> {
    let start = body.get(..QUOTED).unwrap_or(body);
    (!start.is_empty()).then(|| String::from_utf8_lossy(start).into_owned())
}
