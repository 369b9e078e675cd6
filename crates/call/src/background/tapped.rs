//! A tap that is taken away when its owner goes.

use std::rc::{Rc, Weak};

use hookflash_audio::Tap;
use hookflash_media::TapId;

use crate::Host;
use crate::call::Call;

/// A tap on the call's audio for as long as this lives. Not to be dropped by the tap itself.
pub(crate) struct Tapped<H: Host> {
    call: Weak<Call<H>>,
    id: TapId,
}

impl<H: Host> Tapped<H> {
    /// Lets `tap` hear every frame from now on. `None` when the call has no audio (any more).
    pub(crate) fn new(call: &Rc<Call<H>>, tap: Box<dyn Tap>) -> Option<Tapped<H>> {
        let id = call.session(|session| session.tap(tap))?;
        Some(Tapped {
            call: Rc::downgrade(call),
            id,
        })
    }
}

impl<H: Host> Drop for Tapped<H> {
    fn drop(&mut self) {
        if let Some(call) = self.call.upgrade() {
            // The audio of a call that is over has gone with its taps.
            let _ = call.session(|session| session.untap(self.id));
        }
    }
}
