//! The refer subscription as the transferor sees it (RFC 3515, RFC 6665): made by our REFER,
//! named by its CSeq, ended by the peer or by the application, never by the call.

use crate::Request;
use crate::event::ReferId;
use crate::timer::TimerId;

/// One subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) id: ReferId,
    // Numbers of this REFER: the one sent last is the one the peer names; earlier ones were
    // challenged and are kept until the final answer, should the peer name one of those.
    sequences: Vec<u32>,
    /// Finished for the application or by the peer: what still comes is answered and reported.
    pub(crate) finished: bool,
    /// A NOTIFY has come.
    pub(crate) heard: bool,
    /// The grace period when finished, else the longest life.
    pub(crate) timer: Option<TimerId>,
    /// How often the REFER collided with a request of the peer.
    pub(crate) collisions: u8,
    /// The REFER that collided and waits to be sent again.
    pub(crate) collided: Option<Box<Collided>>,
}

/// A REFER that was refused with 491.
#[derive(Debug)]
pub(crate) struct Collided {
    pub(crate) request: Box<Request>,
    pub(crate) again: Option<TimerId>,
}

/// All subscriptions of one dialog.
#[derive(Debug, Default)]
pub(crate) struct ReferSubscriptions {
    list: Vec<Subscription>,
    made: u32,
}

impl ReferSubscriptions {
    /// A REFER is about to leave with this number. The subscription exists from now on, because
    /// its NOTIFY may overtake the answer.
    pub(crate) fn open(&mut self, sequence: u32) -> ReferId {
        self.made += 1;
        let id = ReferId(self.made);
        self.list.push(Subscription {
            id,
            sequences: vec![sequence],
            finished: false,
            heard: false,
            timer: None,
            collisions: 0,
            collided: None,
        });
        id
    }

    /// The REFER is sent again with another number.
    pub(crate) fn renumber(&mut self, id: ReferId, sequence: u32) {
        if let Some(subscription) = self.get_mut(id) {
            subscription.sequences.push(sequence);
        }
    }

    /// The REFER was accepted: only the number it was accepted with counts from now on.
    pub(crate) fn accepted(&mut self, id: ReferId) {
        if let Some(subscription) = self.get_mut(id) {
            let last = subscription.sequences.len().saturating_sub(1);
            subscription.sequences.drain(..last);
            subscription.sequences.shrink_to_fit();
        }
    }

    /// The subscription that a NOTIFY is about, from the `id` of its Event header.
    ///
    /// Without `id` it is the dialog's first (RFC 3515 section 2.4.6), unless just one transfer is
    /// open: peers forget the `id`.
    pub(crate) fn find(&self, event_id: Option<&str>) -> Option<ReferId> {
        if let Some(event_id) = event_id {
            let number: u32 = event_id.parse().ok()?;
            let named = self.list.iter().find(|s| s.sequences.contains(&number));
            return named.map(|subscription| subscription.id);
        }
        let mut open = self.list.iter().filter(|s| !s.finished);
        let only = match (open.next(), open.next()) {
            (Some(only), None) => Some(only),
            _ => self.list.first(),
        };
        only.map(|subscription| subscription.id)
    }

    pub(crate) fn get_mut(&mut self, id: ReferId) -> Option<&mut Subscription> {
        self.list
            .iter_mut()
            .find(|subscription| subscription.id == id)
    }

    /// Those whose REFER waits to be sent again.
    pub(crate) fn collided(&self) -> Vec<ReferId> {
        let waiting = self.list.iter().filter(|s| s.collided.is_some());
        waiting.map(|subscription| subscription.id).collect()
    }

    pub(crate) fn remove(&mut self, id: ReferId) -> Option<Subscription> {
        let at = self
            .list
            .iter()
            .position(|subscription| subscription.id == id)?;
        Some(self.list.remove(at))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c47_the_id_names_the_refer_and_a_wrong_one_names_nothing() {
        let mut subscriptions = ReferSubscriptions::default();
        let first = subscriptions.open(3);
        let second = subscriptions.open(5);
        assert_eq!(subscriptions.find(Some("5")), Some(second));
        assert_eq!(subscriptions.find(Some("3")), Some(first));
        assert_eq!(subscriptions.find(Some("4")), None);
        assert_eq!(subscriptions.find(Some("three")), None);
    }

    #[test]
    fn c47_without_id_the_only_open_transfer_is_meant_else_the_first() {
        let mut subscriptions = ReferSubscriptions::default();
        assert_eq!(subscriptions.find(None), None);
        let first = subscriptions.open(3);
        let second = subscriptions.open(5);
        assert_eq!(subscriptions.find(None), Some(first));
        subscriptions.get_mut(first).unwrap().finished = true;
        assert_eq!(subscriptions.find(None), Some(second));
    }

    #[test]
    fn c33_the_number_that_was_accepted_is_the_one_that_counts() {
        let mut subscriptions = ReferSubscriptions::default();
        let refer = subscriptions.open(3);
        subscriptions.renumber(refer, 4);
        assert_eq!(subscriptions.find(Some("3")), Some(refer));
        subscriptions.accepted(refer);
        assert_eq!(subscriptions.find(Some("3")), None);
        assert_eq!(subscriptions.find(Some("4")), Some(refer));
    }
}
