//! Who wants to know when the caller speaks.
//!
//! A session watches by one rule at a time: that of whoever asked last and still wants to know.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hookflash_media::VoiceWatch;

use crate::Host;
use crate::call::Call;

/// The rules of those who watch, oldest first.
#[derive(Debug, Default)]
pub(crate) struct VoiceWatches {
    asked: RefCell<Vec<(u32, VoiceWatch)>>,
    begun: Cell<u32>,
}

/// Watches for the caller's voice until it is dropped.
pub(crate) struct Watching<H: Host> {
    call: Rc<Call<H>>,
    number: u32,
}

impl<H: Host> Watching<H> {
    /// Watches from now on, by this rule.
    pub(crate) fn begin(call: &Rc<Call<H>>, watch: VoiceWatch) -> Watching<H> {
        let watches = &call.voice_watches;
        let number = watches.begun.get();
        watches.begun.set(number.wrapping_add(1));
        watches.asked.borrow_mut().push((number, watch));
        call.session(|session| session.watch_voice(Some(watch)));
        Watching {
            call: Rc::clone(call),
            number,
        }
    }
}

impl<H: Host> Drop for Watching<H> {
    fn drop(&mut self) {
        let before = {
            let mut asked = self.call.voice_watches.asked.borrow_mut();
            let ruled = asked.last().is_some_and(|last| last.0 == self.number);
            asked.retain(|(number, _)| *number != self.number);
            ruled.then(|| asked.last().map(|last| last.1))
        };
        if let Some(watch) = before {
            self.call.session(|session| session.watch_voice(watch));
        }
    }
}
