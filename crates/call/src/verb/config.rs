//! Changes settings of the call.

use std::rc::Rc;

use hookflash_program::Config;

use crate::Host;
use crate::call::Call;
use crate::journal::What;
use crate::program::Then;

/// Settings that this release cannot carry out are named in the journal: none of them ends the
/// call or changes what runs next.
pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, config: &Config) -> Then {
    let mut not_run: Vec<&str> = config.not_run.iter().map(String::as_str).collect();
    if config.refer_hook.is_some() {
        not_run.push("referHook");
    }
    if config.notify_events.is_some() {
        not_run.push("notifyEvents");
    }
    if !not_run.is_empty() {
        let names = not_run.join(", ");
        call.note(What::VerbNote(
            format!("without effect in this release: {names}").into(),
        ));
    }
    Then::Next
}
