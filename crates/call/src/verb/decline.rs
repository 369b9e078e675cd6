//! Refuses an unanswered call with a status of the application's choice.

use std::rc::Rc;

use hookflash_program::Decline;

use crate::Host;
use crate::call::{Call, Finish, Reason};
use crate::journal::What;
use crate::program::Then;
use crate::verb::refer::fit_for_the_wire;

pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, decline: Decline) -> Then {
    if call.is_answered() {
        call.note(What::VerbNote(
            "skipped: only an unanswered call can be declined".into(),
        ));
        return Then::Next;
    }
    let headers = fit_for_the_wire(call, decline.headers);
    let Decline { status, reason, .. } = decline;
    Then::Finish(Finish::Refuse {
        status,
        reason,
        headers,
        why: Reason::Document,
    })
}
