//! What waits to be looked at by a call: a bounded queue without a fixed cost.
//!
//! A channel of the runtime reserves its first block of slots at once, which alone would be over
//! the memory budget of a held call; this one holds nothing while nothing waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use hookflash_sip::{Event, LegId, WireEvent};
use tokio::sync::Notify;

use crate::call::Finish;
use crate::command::Command;
use crate::document::Loaded;

/// How many inputs may wait. What a peer can cause at will is dropped beyond that.
const MOST_WAITING: usize = 256;

/// Something for the call to look at.
#[derive(Debug)]
pub(crate) enum Input {
    /// From the wire.
    Leg(LegId, Event),
    /// From the API or the operator.
    Command(Box<Command>),
    /// A document that takes the place of the running one.
    Document(Box<Loaded>),
    /// The call has to end, whatever it does.
    Finish(Box<Finish>),
}

/// The queue of one call.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    waiting: RefCell<VecDeque<Input>>,
    arrived: Notify,
    dropped: Cell<u32>,
}

impl Inbox {
    /// Puts an input at the end; says whether there was room.
    pub(crate) fn put(&self, input: Input) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= MOST_WAITING && can_be_missed(&input) {
            self.dropped.set(self.dropped.get().saturating_add(1));
            return false;
        }
        waiting.push_back(input);
        drop(waiting);
        self.arrived.notify_one();
        true
    }

    /// The next input. Dropping the future loses none.
    pub(crate) async fn next(&self) -> Input {
        loop {
            if let Some(input) = self.take() {
                return input;
            }
            self.arrived.notified().await;
        }
    }

    /// The next input, if it is a message that crossed the wire.
    pub(crate) fn take_wire(&self) -> Option<(LegId, WireEvent)> {
        let mut waiting = self.waiting.borrow_mut();
        if !matches!(waiting.front(), Some(Input::Leg(_, Event::Wire(_)))) {
            return None;
        }
        match waiting.pop_front() {
            Some(Input::Leg(leg, Event::Wire(wire))) => Some((leg, wire)),
            _ => None,
        }
    }

    /// How many inputs were dropped since this was last asked.
    pub(crate) fn take_dropped(&self) -> u32 {
        self.dropped.take()
    }

    fn take(&self) -> Option<Input> {
        let mut waiting = self.waiting.borrow_mut();
        let input = waiting.pop_front();
        if waiting.is_empty() {
            *waiting = VecDeque::new();
        }
        input
    }
}

/// Whether the call stays right without it: all that a peer can send without end and that is
/// already answered. Answers to our own requests and the end of the leg are bounded by nature.
fn can_be_missed(input: &Input) -> bool {
    matches!(
        input,
        Input::Leg(
            _,
            Event::Wire(_) | Event::Request(_) | Event::Notify(..) | Event::Progress(_)
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookflash_sip::LegEnd;

    #[test]
    fn a_flood_is_dropped_beyond_the_limit_and_the_end_of_the_leg_never_is() {
        let inbox = Inbox::default();
        let leg = LegId(1);
        let flood = || Input::Leg(leg, Event::Wire(wire()));
        let taken = (0..1_000).filter(|_| inbox.put(flood())).count();
        assert_eq!(taken, MOST_WAITING);
        let over = Event::Ended(LegEnd::PeerBye(None));
        assert!(inbox.put(Input::Leg(leg, over)));
        assert_eq!(inbox.take_dropped(), 1_000 - 256);
        assert_eq!(inbox.take_dropped(), 0);
        let mut last = None;
        while let Some(input) = inbox.take() {
            last = Some(input);
        }
        assert!(matches!(last, Some(Input::Leg(_, Event::Ended(_)))));
    }

    fn wire() -> WireEvent {
        let here = ([127, 0, 0, 1], 5060).into();
        WireEvent {
            sent: false,
            status: 0,
            reason: None,
            method: hookflash_sip::Method::Info,
            cseq: 1,
            flow: hookflash_sip::Flow {
                transport: hookflash_sip::Transport::Udp,
                local: here,
                remote: here,
                connection: hookflash_sip::ConnectionId(0),
            },
            note: None,
        }
    }
}
