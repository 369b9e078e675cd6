//! Streams the call's audio over a WebSocket: beside the verbs that follow, or until it ends.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::{Item, Tone};
use hookflash_dialects::Moment;
use hookflash_program::{Stream as Order, StreamEnd, Which};

use crate::Host;
use crate::call::Call;
use crate::journal::{VerbEnd, What};
use crate::player::Sounding;
use crate::program::Then;
use crate::sounds::{Keys, Listener};
use crate::streaming::{Ending, Stream};

/// Begins a stream; the next verb runs at once.
pub(crate) fn start<H: Host>(call: &Rc<Call<H>>, order: Order) -> Then {
    if call.background.streams.start(call, order).is_err() {
        call.verb_ended(VerbEnd::Failed);
    }
    Then::Next
}

/// Begins a stream and waits until it is over, whoever ends it. A stream that cannot be had is one
/// that has ended with a failure.
pub(crate) async fn connect<H: Host>(call: &Rc<Call<H>>, order: Order) -> Then {
    let began = call.host.now();
    let listener = call.listen(Keys::Ignores);
    // What is pressed from now on is the stream's.
    listener.take_keys(false);
    if order.beep {
        let beep = Sounding::begin(call, Item::Tone(Tone::BEEP));
        beep.heard(&listener).await;
    }
    let begun = call.background.streams.start(call, order.clone());
    let (sid, end) = match begun {
        Ok(stream) => {
            let waiting = Waiting {
                call: Rc::clone(call),
                stream,
            };
            let end = waiting.over(&listener).await;
            (waiting.stream.sid().to_owned(), end)
        }
        Err(why) => {
            let failure = Some(why);
            let end = StreamEnd {
                duration: Duration::ZERO,
                keys: String::new(),
                failure,
            };
            (String::new(), end)
        }
    };
    drop(listener);
    call.took_time_since(began);
    if end.failure.is_some() {
        call.verb_ended(VerbEnd::Failed);
    }
    let done = Moment::StreamDone {
        stream: &order,
        sid: &sid,
        end: &end,
    };
    call.ask_what_next(&done, order.empty_reply_goes_on).await
}

/// Stops streams.
pub(crate) fn stop<H: Host>(call: &Rc<Call<H>>, which: &Which) -> Then {
    if !call.background.streams.stop(call, which) {
        call.note(What::VerbNote("there is no such stream to stop".into()));
    }
    Then::Next
}

/// The stream that a verb waits for: it ends with the verb, whatever ends that.
struct Waiting<H: Host> {
    call: Rc<Call<H>>,
    stream: Rc<Stream<H>>,
}

impl<H: Host> Waiting<H> {
    /// Waits for the end of the stream. It is told the keys that are left out here.
    async fn over(&self, listener: &Listener<H>) -> StreamEnd {
        let mut over = pin!(self.stream.over());
        loop {
            tokio::select! {
                biased;
                end = &mut over => return end,
                _ = listener.next() => {}
            }
        }
    }
}

impl<H: Host> Drop for Waiting<H> {
    fn drop(&mut self) {
        let why = match self.call.is_superseded() {
            true => Ending::Ordered,
            false => Ending::CallOver,
        };
        self.stream.end(&self.call, why);
    }
}
