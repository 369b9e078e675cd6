//! The filters of lists of calls, for a call that is not in a table.

use crate::call_list::{CallFilter, Span, Standing, Statuses};
use crate::row::CallRow;

impl CallFilter {
    /// Whether a list with this filter has the call, as the database would say.
    pub fn takes(&self, row: &CallRow<'_>) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|w| w == value);
        let stands = |standing: &Standing| standing.takes(row);
        is(&self.from, &row.from)
            && is(&self.to, &row.to)
            && (self.parent.is_none() || self.parent.as_deref() == row.parent.as_deref())
            && is(&self.application, &row.application)
            && self.direction.is_none_or(|one| one == row.direction)
            && self.created.has(Some(row.created_at))
            && self.started.has(row.started_at)
            && self.ended.has(row.ended_at)
            && (self.standing.is_empty() || self.standing.iter().any(stands))
    }
}

impl Span {
    /// Whether the time is within; a time that has not come is so in no span but the whole.
    fn has(self, at: Option<i64>) -> bool {
        match at {
            Some(at) => {
                self.from.is_none_or(|from| from <= at)
                    && self.before.is_none_or(|before| at < before)
            }
            None => self == Span::default(),
        }
    }
}

impl Standing {
    fn takes(&self, row: &CallRow<'_>) -> bool {
        let end = row.end.as_ref();
        let status = end.map(|end| end.sip_status);
        is_among(&self.states, Some(row.state))
            && is_among(&self.directions, Some(row.direction))
            && self
                .answered
                .is_none_or(|answered| end.is_some_and(|end| end.answered == answered))
            && match &self.sip {
                Statuses::Any => true,
                Statuses::In(list) => status.is_some_and(|status| list.contains(&status)),
                Statuses::NotIn(list) => status.is_some_and(|status| !list.contains(&status)),
            }
            && is_among(&self.ended_by, end.map(|end| end.by))
            && self
                .cause
                .as_ref()
                .is_none_or(|cause| end.and_then(|end| end.cause.as_deref()) == cause.as_deref())
    }
}

/// Whether the value is one of those that are wanted; none are named where it does not matter.
fn is_among<T: PartialEq>(wanted: &[T], value: Option<T>) -> bool {
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(&value))
}
