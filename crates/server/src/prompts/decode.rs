//! Bytes to samples.

use std::time::Duration;

use hookflash_audio::Clip;
use hookflash_call::ClipError;

pub(crate) fn decode(
    _bytes: Vec<u8>,
    _content_type: Option<&str>,
    name: &str,
    _most: Duration,
) -> Result<Clip, ClipError> {
    Err(ClipError::Unreadable(format!("{name} cannot be decoded")))
}
