//! Begins, pauses, resumes and ends the recording that runs beside the verbs.

use std::rc::Rc;

use hookflash_dialects::RecordingSource;
use hookflash_program::BackgroundRecording;

use crate::Host;
use crate::call::Call;
use crate::program::Then;

pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, command: BackgroundRecording) -> Then {
    call.background
        .recording
        .order(call, command, RecordingSource::Background);
    Then::Next
}
