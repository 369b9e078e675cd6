//! The call's audio over WebSockets of the application.
//!
//! [`Streams`] holds the streams of one call, [`Stream`] is one of them: a socket, the vendor's
//! messages on it, a tap that sends ([`encoder`]) and what waits to be played ([`backlog`]). A
//! stream runs beside the verbs until it is stopped, the application closes the socket, or the call
//! ends; the verb that waits for a stream is no different, it only waits.

mod backlog;
mod encoder;
mod ending;
mod piece;
mod stream;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hookflash_dialects::{Flowing, Moment, StreamEvent};
use hookflash_program::Which;

use crate::Host;
use crate::call::Call;
use crate::fault;
use crate::journal::What;

pub(crate) use ending::Ending;
pub(crate) use stream::Stream;

/// How many streams a call may have at a time: the figure of BXML, and room for the others.
const MOST_STREAMS: usize = 4;

/// The streams of one call, oldest first.
pub(crate) struct Streams<H: Host> {
    running: RefCell<Vec<Rc<Stream<H>>>>,
    begun: Cell<u32>,
}

impl<H: Host> Default for Streams<H> {
    fn default() -> Streams<H> {
        Streams {
            running: RefCell::default(),
            begun: Cell::new(0),
        }
    }
}

impl<H: Host> Streams<H> {
    /// Begins a stream and does not wait for its socket.
    ///
    /// # Errors
    /// A sentence on why there cannot be another; it is in the journal and was told.
    pub(crate) fn start(
        &self,
        call: &Rc<Call<H>>,
        order: hookflash_program::Stream,
    ) -> Result<Rc<Stream<H>>, String> {
        let sid = call.dialect().stream_sid(call.host.random());
        if let Some(why) = self.refusal(&order) {
            call.note(What::VerbNote(format!("no stream: {why}").into()));
            call.tell_of(&Moment::StreamStatus {
                stream: &order,
                sid: &sid,
                event: StreamEvent::Rejected(&why),
            });
            return Err(why);
        }
        let number = self.begun.get();
        self.begun.set(number.wrapping_add(1));
        let stream = Rc::new(Stream::new(call, number, sid, order));
        self.running.borrow_mut().push(Rc::clone(&stream));
        fault::spawn(call, Rc::clone(&stream).run(Rc::clone(call)));
        Ok(stream)
    }

    /// Stops the streams that are meant; false when there is none.
    pub(crate) fn stop(&self, call: &Rc<Call<H>>, which: &Which) -> bool {
        let meant = self.running().into_iter().filter(|stream| match which {
            Which::All => true,
            Which::Named(name) => stream.is_called(name),
        });
        let mut any = false;
        for stream in meant {
            stream.end(call, Ending::Ordered);
            any = true;
        }
        any
    }

    /// Whether one runs.
    pub(crate) fn any(&self) -> bool {
        !self.running.borrow().is_empty()
    }

    /// All streams flow like this from now on.
    pub(crate) fn flow(&self, call: &Rc<Call<H>>, flowing: Flowing) {
        for stream in self.running() {
            match flowing {
                Flowing::Stopped => stream.end(call, Ending::Ordered),
                flowing => stream.flow(flowing),
            }
        }
    }

    /// The call is over.
    pub(crate) fn end(&self, call: &Rc<Call<H>>) {
        for stream in self.running() {
            stream.end(call, Ending::CallOver);
        }
    }

    pub(super) fn forget(&self, gone: &Stream<H>) {
        let mut running = self.running.borrow_mut();
        running.retain(|stream| !std::ptr::eq(&**stream, gone));
    }

    /// A copy, because streams leave the list while it is gone through.
    fn running(&self) -> Vec<Rc<Stream<H>>> {
        self.running.borrow().clone()
    }

    fn refusal(&self, order: &hookflash_program::Stream) -> Option<String> {
        let running = self.running.borrow();
        if running.len() >= MOST_STREAMS {
            return Some(format!("the call has {MOST_STREAMS} streams already"));
        }
        let name = order.name.as_deref()?;
        let taken = running.iter().any(|stream| stream.is_called(name));
        taken.then(|| format!("the call has a stream by the name of `{name}` already"))
    }
}
