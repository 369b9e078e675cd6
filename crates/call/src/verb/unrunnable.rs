//! A verb that is valid and that this release cannot run.

use std::rc::Rc;

use hookflash_dialects::Moment;
use hookflash_program::Unrunnable;

use crate::Host;
use crate::call::Call;
use crate::document::Failure;
use crate::journal::{VerbEnd, What};
use crate::program::Then;

/// The vendor's path for a verb that cannot be carried out: its fallback, if the dialect has one
/// for this error, else the end of the call.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, verb: Unrunnable) -> Then {
    let message = format!(
        "{} cannot be run by this release: {}",
        verb.verb, verb.reason
    );
    call.note(What::VerbNote(message.as_str().into()));
    call.verb_ended(VerbEnd::Failed);
    let url = call.base.borrow().to_string();
    let failure = Failure {
        url,
        code: verb.code.clone(),
        message,
    };
    match call.fall_back(&Moment::Incoming, failure).await {
        Ok(loaded) => Then::Document(loaded),
        Err(finish) => Then::Finish(finish),
    }
}
