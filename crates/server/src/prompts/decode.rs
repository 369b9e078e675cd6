//! Bytes to samples.

use std::time::Duration;

use hookflash_audio::{Clip, DecodeError, DecodeLimits, Want};
use hookflash_call::ClipError;

/// Decodes a file, and makes of it what players will ask for, so that no call waits for that.
/// To be run where nobody waits.
pub(crate) fn decode(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &str,
    longest: Duration,
    wants: &[Want],
) -> Result<Clip, ClipError> {
    let name = url.split(['?', '#']).next().unwrap_or(url);
    let clip = hookflash_audio::decode(bytes, content_type, name, DecodeLimits { longest });
    let clip = clip.map_err(|error| match error {
        DecodeError::TooLong(_) => {
            ClipError::TooLarge(format!("{url}: {error} (media.prompt_max_length)"))
        }
        DecodeError::Empty | DecodeError::Unsupported(_) | DecodeError::Broken(_) => {
            ClipError::Unreadable(format!("{url}: {error}"))
        }
    })?;
    for want in wants {
        clip.prepare(*want);
    }
    Ok(clip)
}
