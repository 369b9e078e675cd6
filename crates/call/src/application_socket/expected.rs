//! Replies that a session waits for.

use std::rc::Rc;
use std::time::Instant;

use hookflash_dialects::{FetchError, Reply};
use tokio::sync::oneshot;

use crate::Host;
use crate::call::Call;

/// Who wants to know what became of a message.
#[derive(Debug)]
pub(super) enum Waiter {
    /// A request, with its reply.
    Asks(oneshot::Sender<Result<Reply, FetchError>>),
    /// The journal, under the number of the request.
    Tells(u16),
    /// Nobody.
    Nobody,
}

impl Waiter {
    /// The reply came.
    pub(super) fn replied<H: Host>(self, call: &Rc<Call<H>>, reply: Reply) {
        match self {
            // Nobody may be waiting any more.
            Waiter::Asks(waiter) => drop(waiter.send(Ok(reply))),
            Waiter::Tells(number) => call.replied(number, reply.status, None),
            Waiter::Nobody => {}
        }
    }

    /// None came, or none can.
    pub(super) fn fail<H: Host>(self, call: &Rc<Call<H>>, error: &FetchError) {
        match self {
            Waiter::Asks(waiter) => drop(waiter.send(Err(error.clone()))),
            Waiter::Tells(number) => call.unanswered(number, error),
            Waiter::Nobody => {}
        }
    }
}

/// A message that was sent and whose reply has not come.
#[derive(Debug)]
struct Expected {
    id: String,
    /// What kind of message it was.
    kind: &'static str,
    until: Instant,
    /// It opened the talk, or opened it again.
    opens: bool,
    waiter: Waiter,
}

/// All replies that a session waits for.
#[derive(Debug, Default)]
pub(super) struct Replies(Vec<Expected>);

/// A reply that did not come in time.
#[derive(Debug)]
pub(super) struct Late {
    pub(super) kind: &'static str,
    pub(super) waiter: Waiter,
}

impl Replies {
    /// Expects a reply until then.
    pub(super) fn expect(
        &mut self,
        id: String,
        kind: &'static str,
        until: Instant,
        opens: bool,
        waiter: Waiter,
    ) {
        self.0.push(Expected {
            id,
            kind,
            until,
            opens,
            waiter,
        });
    }

    /// The one that waits for the reply to this message, and whether that opened the talk.
    pub(super) fn take(&mut self, id: &str) -> Option<(Waiter, bool)> {
        let at = self.0.iter().position(|expected| expected.id == id)?;
        let expected = self.0.remove(at);
        Some((expected.waiter, expected.opens))
    }

    /// Whether this message opened the talk.
    pub(super) fn is_opening(&self, id: &str) -> bool {
        self.0
            .iter()
            .any(|expected| expected.opens && expected.id == id)
    }

    /// Gives up all replies but that to the message that opened the talk.
    pub(super) fn take_within(&mut self) -> Vec<Waiter> {
        let all = std::mem::take(&mut self.0);
        let (opens, within): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.opens);
        self.0 = opens;
        within.into_iter().map(|one| one.waiter).collect()
    }

    /// Gives up the reply to the message that opened the talk.
    pub(super) fn take_opening(&mut self) -> Option<Waiter> {
        let at = self.0.iter().position(|expected| expected.opens)?;
        Some(self.0.remove(at).waiter)
    }

    /// When the next one is late.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.iter().map(|expected| expected.until).min()
    }

    /// One that is late now.
    pub(super) fn take_late(&mut self, now: Instant) -> Option<(Late, bool)> {
        let at = self.0.iter().position(|expected| expected.until <= now)?;
        let Expected {
            kind,
            opens,
            waiter,
            ..
        } = self.0.remove(at);
        Some((Late { kind, waiter }, opens))
    }
}
