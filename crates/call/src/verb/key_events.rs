//! Tells the application each key from now on, or no more.

use std::rc::Rc;

use hookflash_program::KeyEvents;

use crate::Host;
use crate::call::Call;
use crate::program::Then;
use crate::verb::tag::set_text;

pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, events: Option<Box<KeyEvents>>) -> Then {
    let Some(events) = events else {
        call.background.key_events.stop();
        return Then::Next;
    };
    if let Some(tag) = &events.tag {
        set_text(call, tag.clone());
    }
    call.background.key_events.start(call, *events);
    Then::Next
}
