//! What runs after a verb that has a result hook: the hook's reply.

use std::rc::Rc;

use hookflash_dialects::Moment;

use crate::Host;
use crate::call::Call;
use crate::program::Then;

/// Asks the application what to do with a result. Without a hook the next verb runs; a reply that
/// cannot be had or run goes the way of every document, except where an empty reply means "carry
/// on": there none at all means the same.
pub(crate) async fn ask<H: Host>(
    call: &Rc<Call<H>>,
    moment: &Moment<'_>,
    empty_reply_goes_on: bool,
) -> Then {
    let failure = match call.request_for(moment) {
        Ok(None) => return Then::Next,
        Ok(Some(request)) => match call.load(request, false).await {
            Ok(loaded) if empty_reply_goes_on && loaded.program.steps.is_empty() => {
                return Then::Next;
            }
            Ok(loaded) => return Then::Document(loaded),
            Err(failure) => failure,
        },
        Err(error) => {
            call.note_fetch_error(None, &error);
            call.fetch_failure(&error)
        }
    };
    if empty_reply_goes_on {
        return Then::Next;
    }
    match call.fall_back(moment, failure).await {
        Ok(loaded) => Then::Document(loaded),
        Err(finish) => Then::Finish(finish),
    }
}
