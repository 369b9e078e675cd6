//! Where calls stand, as finely as the vendors' words tell it apart: what a filter by such a word
//! means in nobody's vocabulary.

use crate::{CallFacts, CallState, Direction, EndedBy};

/// A state of a call without what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallStage {
    /// As [`CallState::Queued`].
    Queued,
    /// As [`CallState::Trying`].
    Trying,
    /// As [`CallState::Ringing`].
    Ringing,
    /// As [`CallState::InProgress`].
    InProgress,
    /// As [`CallState::Ended`].
    Ended,
}

impl CallState {
    /// The state without what belongs to it.
    pub fn stage(&self) -> CallStage {
        match self {
            CallState::Queued => CallStage::Queued,
            CallState::Trying => CallStage::Trying,
            CallState::Ringing => CallStage::Ringing,
            CallState::InProgress => CallStage::InProgress,
            CallState::Ended(_) => CallStage::Ended,
        }
    }
}

/// Which statuses of an INVITE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statuses {
    /// Any.
    #[default]
    Any,
    /// One of these.
    In(&'static [u16]),
    /// Another than these.
    NotIn(&'static [u16]),
}

impl Statuses {
    fn cover(self, status: u16) -> bool {
        match self {
            Statuses::Any => true,
            Statuses::In(list) => list.contains(&status),
            Statuses::NotIn(list) => !list.contains(&status),
        }
    }
}

/// Where a call stands. What is empty or none does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// One of these states.
    pub stages: &'static [CallStage],
    /// One of these directions.
    pub directions: &'static [Direction],
    /// Whether it had been answered when it ended.
    pub answered: Option<bool>,
    /// The final status of its INVITE.
    pub sip: Statuses,
    /// Ended by one of these.
    pub ended_by: &'static [EndedBy],
    /// The word for its failure; `Some(None)`: it has none.
    pub cause: Option<Option<String>>,
}

impl Standing {
    /// In one of these states.
    pub(crate) fn at(stages: &'static [CallStage]) -> Standing {
        Standing {
            stages,
            ..Standing::default()
        }
    }

    /// Over, after an answer or without one.
    pub(crate) fn over(answered: bool) -> Standing {
        Standing {
            answered: Some(answered),
            ..Standing::at(&[CallStage::Ended])
        }
    }

    /// Whether this call stands so.
    pub fn covers(&self, facts: &CallFacts) -> bool {
        let stage = facts.state.stage();
        if !self.stages.is_empty() && !self.stages.contains(&stage) {
            return false;
        }
        if !self.directions.is_empty() && !self.directions.contains(&facts.direction) {
            return false;
        }
        let about_the_end = self.answered.is_some()
            || self.sip != Statuses::Any
            || !self.ended_by.is_empty()
            || self.cause.is_some();
        let CallState::Ended(end) = &facts.state else {
            return !about_the_end;
        };
        self.answered
            .is_none_or(|answered| answered == end.answered)
            && self.sip.cover(end.sip_status)
            && (self.ended_by.is_empty() || self.ended_by.contains(&end.by))
            && self.cause.as_ref().is_none_or(|cause| *cause == end.cause)
    }
}
