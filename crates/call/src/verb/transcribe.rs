//! Turns what is said into text while the call goes on.

use std::rc::Rc;

use hookflash_program::{Transcription as Order, Which};

use crate::Host;
use crate::background::Transcription;
use crate::call::Call;
use crate::journal::{VerbEnd, What};
use crate::program::Then;

/// Begins a transcription, and waits for its end where the document waits for that.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, order: Order) -> Then {
    let waits = order.waits;
    match call.background.transcriptions.start(call, order) {
        Some(transcription) if waits => {
            let waiting = Waiting(transcription);
            waiting.0.over().await;
            call.documents.set(0);
        }
        Some(_) => {}
        None => call.verb_ended(VerbEnd::Failed),
    }
    Then::Next
}

/// Stops transcriptions.
pub(crate) fn stop<H: Host>(call: &Rc<Call<H>>, which: &Which) -> Then {
    if !call.background.transcriptions.stop(call, which) {
        call.note(What::VerbNote(
            "there is no such transcription to stop".into(),
        ));
    }
    Then::Next
}

/// The transcription that a verb waits for: it ends with the verb, whatever ends that.
struct Waiting<H: Host>(Rc<Transcription<H>>);

impl<H: Host> Drop for Waiting<H> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
