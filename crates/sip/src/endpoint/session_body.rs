//! Finding the session description in a message.

use bytes::Bytes;

use crate::header::{ContentType, Name};
use crate::headers::Headers;
use crate::{Refusal, multipart_parts};

/// The SDP of a message: its body, or the part of a multipart body that is SDP. `None` when there
/// is none.
pub fn session_description(headers: &Headers, body: &Bytes) -> Option<Bytes> {
    if body.is_empty() {
        return None;
    }
    let Ok(content_type) = headers.typed::<ContentType<'_>>() else {
        // Old peers leave the type out; a body that begins like SDP is SDP.
        return body.starts_with(b"v=0").then(|| body.clone());
    };
    if content_type.is("application/sdp") {
        return Some(body.clone());
    }
    if !content_type.kind.eq_ignore_ascii_case("multipart") {
        return None;
    }
    let parts = multipart_parts(headers.get(Name::ContentType).unwrap_or_default(), body).ok()?;
    let is_sdp = |headers: &Headers| {
        headers
            .typed::<ContentType<'_>>()
            .is_ok_and(|kind| kind.is("application/sdp"))
    };
    let part = parts.into_iter().find(|part| is_sdp(&part.headers))?;
    Some(Bytes::copy_from_slice(part.body))
}

/// Refuses a body that a session request must not have (RFC 3261 section 8.2.3).
pub(crate) fn check(headers: &Headers, body: &Bytes) -> Result<(), Refusal> {
    if body.is_empty() {
        return Ok(());
    }
    let mut refusal = Refusal::new(415, "Unsupported Media Type");
    let encoded = headers
        .get(Name::ContentEncoding)
        .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    if !encoded && session_description(headers, body).is_some() {
        return Ok(());
    }
    if encoded {
        refusal
            .headers
            .push((Name::AcceptEncoding, "identity".to_owned()));
        return Err(refusal);
    }
    let optional = headers
        .get(Name::ContentDisposition)
        .is_some_and(|disposition| {
            disposition
                .to_ascii_lowercase()
                .replace(' ', "")
                .contains("handling=optional")
        });
    if optional {
        return Ok(());
    }
    refusal
        .headers
        .push((Name::Accept, "application/sdp, multipart/mixed".to_owned()));
    Err(refusal)
}
