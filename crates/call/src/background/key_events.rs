//! Telling the application each key as it is pressed, in order. A verb that collects keys has them
//! for itself meanwhile.

use std::cell::Cell;
use std::rc::Rc;

use hookflash_dialects::Moment;
use hookflash_media::MediaEvent;
use hookflash_program::KeyEvents as Order;
use tokio::task::AbortHandle;

use crate::Host;
use crate::call::Call;
use crate::fault;
use crate::sounds::Keys;

/// The key events of one call, while they are on.
#[derive(Default)]
pub(crate) struct KeyEvents {
    telling: Cell<Option<Telling>>,
}

impl KeyEvents {
    /// Tells keys as the document says from now on.
    pub(crate) fn start<H: Host>(&self, call: &Rc<Call<H>>, events: Order) {
        let base = Rc::clone(&call.base.borrow());
        let keys = call.listen(Keys::OverhearsUntaken);
        let task = Rc::clone(call);
        let telling = fault::spawn(call, async move {
            loop {
                if let MediaEvent::Key { key, .. } = keys.next().await {
                    let events = &events;
                    task.tell_of_at(&base, &Moment::Key { events, key });
                }
            }
        });
        self.telling.set(Some(Telling(telling)));
    }

    /// Tells no more keys.
    pub(crate) fn stop(&self) {
        self.telling.take();
    }
}

/// Keys are told for as long as this lives.
#[derive(Debug)]
struct Telling(AbortHandle);

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.abort();
    }
}
