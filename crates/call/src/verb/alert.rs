//! Lets an unanswered call ring with Alert-Info (RFC 3261 §20.4).

use std::rc::Rc;

use hookflash_program::Alert;

use crate::Host;
use crate::call::Call;
use crate::journal::What;
use crate::program::Then;
use crate::verb::refer::fit_for_the_wire;

pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, alert: Alert) -> Then {
    if call.is_answered() {
        call.note(What::VerbNote(
            "skipped: an answered call does not ring".into(),
        ));
        return Then::Next;
    }
    let headers = vec![("Alert-Info".to_owned(), alert.message)];
    call.ring_with(&fit_for_the_wire(call, headers));
    Then::Next
}
