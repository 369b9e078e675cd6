//! Ends the call.

use std::rc::Rc;

use hookflash_program::{EndOfProgram, Hangup};

use crate::Host;
use crate::call::{Call, Finish, Reason};
use crate::program::{Then, end_of_program};
use crate::verb::refer::fit_for_the_wire;

/// Hangs up; an unanswered call ends as at the end of its document.
pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, hangup: Hangup, end: EndOfProgram) -> Then {
    if !call.is_answered() {
        return Then::Finish(end_of_program(call, end));
    }
    let headers = fit_for_the_wire(call, hangup.headers);
    Then::Finish(Finish::HangUp {
        headers,
        why: Reason::Document,
    })
}
