//! What the Content-Type of a reply makes of its body.
//!
//! Source: Twilio "TwiML for Programmable Voice" (MIME types), error 12300.

/// What a reply is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A call document.
    Document,
    /// A call document if it parses as one, else words to read aloud.
    DocumentOrWords,
    /// A sound to play.
    Sound,
    /// Nothing that can be used.
    Unusable,
}

/// Reads the media type of a Content-Type.
pub(crate) fn reading(content_type: &str) -> Reading {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type.to_ascii_lowercase().as_str() {
        "text/xml" | "application/xml" | "text/html" => Reading::Document,
        "text/plain" => Reading::DocumentOrWords,
        sound if sound.starts_with("audio/") => Reading::Sound,
        _ => Reading::Unusable,
    }
}

/// The `charset` parameter.
pub(crate) fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    })
}
