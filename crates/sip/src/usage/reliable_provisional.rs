//! Reliable provisional responses (RFC 3262), both roles.

use bytes::Bytes;

use crate::header::RAck;
use crate::timer::TimerId;

/// Our side as called party: one response at a time waits for its PRACK.
#[derive(Debug)]
pub(crate) struct ReliableSender {
    next: u32,
    pub(crate) waiting: Option<Waiting>,
}

/// A response that waits for its PRACK.
#[derive(Debug)]
pub(crate) struct Waiting {
    rseq: u32,
    pub(crate) bytes: Bytes,
    pub(crate) interval: std::time::Duration,
    pub(crate) again: Option<TimerId>,
    pub(crate) end: Option<TimerId>,
}

impl ReliableSender {
    /// `first` is random and below 2^31.
    pub(crate) fn new(first: u32) -> ReliableSender {
        ReliableSender {
            next: first.max(1),
            waiting: None,
        }
    }

    /// The number of the next response.
    pub(crate) fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        number
    }

    /// A response with that number has been sent.
    pub(crate) fn sent(&mut self, rseq: u32, bytes: Bytes, interval: std::time::Duration) {
        self.waiting = Some(Waiting {
            rseq,
            bytes,
            interval,
            again: None,
            end: None,
        });
    }

    /// A PRACK came; the response that it acknowledges, if it waits.
    pub(crate) fn acknowledged(&mut self, rack: &RAck<'_>, invite: u32) -> Option<Waiting> {
        let is_it = |waiting: &mut Waiting| {
            waiting.rseq == rack.rseq && rack.cseq == invite && rack.method == "INVITE"
        };
        self.waiting.take_if(is_it)
    }
}

/// Our side as caller: what has been acknowledged in one early dialog.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReliableReceiver {
    last: Option<u32>,
}

impl ReliableReceiver {
    /// Whether a response with that number is new and in order. Others are dropped: repetitions
    /// have been acknowledged, and what is ahead will be repeated.
    pub(crate) fn admit(&mut self, rseq: u32) -> bool {
        if self.last.is_some_and(|last| rseq != last.wrapping_add(1)) {
            return false;
        }
        self.last = Some(rseq);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prack_counts_only_for_the_response_and_the_invite_it_names() {
        let mut sender = ReliableSender::new(40);
        let number = sender.number();
        sender.sent(number, Bytes::new(), std::time::Duration::ZERO);
        let rack = |rseq, cseq| RAck {
            rseq,
            cseq,
            method: "INVITE",
        };
        assert!(sender.acknowledged(&rack(41, 1), 1).is_none());
        assert!(sender.acknowledged(&rack(40, 2), 1).is_none());
        assert!(sender.acknowledged(&rack(40, 1), 1).is_some());
        assert!(sender.acknowledged(&rack(40, 1), 1).is_none());
    }

    #[test]
    fn responses_out_of_order_are_not_admitted() {
        let mut receiver = ReliableReceiver::default();
        assert!(receiver.admit(7));
        assert!(!receiver.admit(7) && !receiver.admit(9));
        assert!(receiver.admit(8));
    }
}
