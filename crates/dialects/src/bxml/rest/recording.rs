//! A change of the recording that runs (`updateRecordingState`).

use hookflash_program::BackgroundRecording;

use super::{invalid, object};
use crate::rest::{ApiBody, ApiFault, Fields};

/// Reads the request; see [`crate::Dialect::read_recording_change`].
pub(crate) fn read_recording_change(body: ApiBody<'_>) -> Result<BackgroundRecording, ApiFault> {
    let object = object(body)?;
    let fields = &Fields::new(&object);
    match fields.word("state", &["paused", "recording"]) {
        Ok(Some("paused")) => Ok(BackgroundRecording::Pause),
        Ok(Some(_)) => Ok(BackgroundRecording::Resume),
        Ok(None) => Err(invalid(
            fields.wrong("state", "is required: paused or recording"),
        )),
        Err(why) => Err(invalid(why)),
    }
}
