//! Refuses an unanswered call; ends an answered one.

use std::rc::Rc;

use hookflash_program::Reject;

use crate::Host;
use crate::call::{Call, Finish, Reason};
use crate::program::Then;

pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, reject: &Reject) -> Then {
    let why = Reason::Document;
    Then::Finish(if call.is_answered() {
        Finish::HangUp {
            headers: Vec::new(),
            why,
        }
    } else {
        Finish::Refuse {
            status: reject.status,
            reason: None,
            headers: Vec::new(),
            why,
        }
    })
}
