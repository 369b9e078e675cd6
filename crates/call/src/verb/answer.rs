//! Answers the call.

use std::rc::Rc;

use crate::Host;
use crate::call::Call;
use crate::program::Then;

pub(crate) fn run<H: Host>(call: &Rc<Call<H>>) -> Then {
    match call.answer() {
        Ok(()) => Then::Next,
        Err(finish) => Then::Finish(finish),
    }
}
