//! Subscription-State (RFC 6665 section 8.2.3).

use super::{BadHeader, Name, Params, TypedHeader, number, with_params};
use crate::syntax::is_token;

/// What a NOTIFY says about its subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionState<'a> {
    /// The state.
    pub state: State<'a>,
    /// All parameters.
    pub params: Params<'a>,
}

/// The states of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Accepted.
    Active,
    /// Not yet accepted.
    Pending,
    /// Over.
    Terminated,
    /// An extension.
    Other(&'a str),
}

impl<'a> SubscriptionState<'a> {
    /// Seconds until the subscription ends.
    pub fn expires(&self) -> Option<u32> {
        self.params.get("expires").and_then(number)
    }

    /// Why it ended, such as `noresource`.
    pub fn reason(&self) -> Option<&'a str> {
        self.params
            .get("reason")
            .filter(|reason| !reason.is_empty())
    }

    /// Seconds to wait before subscribing again.
    pub fn retry_after(&self) -> Option<u32> {
        self.params.get("retry-after").and_then(number)
    }
}

impl<'a> TypedHeader<'a> for SubscriptionState<'a> {
    const NAME: Name<'static> = Name::SubscriptionState;

    fn parse(value: &'a str) -> Result<SubscriptionState<'a>, BadHeader> {
        let (word, params) = with_params(value);
        let state = match word {
            w if w.eq_ignore_ascii_case("active") => State::Active,
            w if w.eq_ignore_ascii_case("pending") => State::Pending,
            w if w.eq_ignore_ascii_case("terminated") => State::Terminated,
            w if is_token(w) => State::Other(w),
            _ => {
                return Err(BadHeader::new(
                    Name::SubscriptionState,
                    "names no state",
                    value,
                ));
            }
        };
        Ok(SubscriptionState { state, params })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_parameters_are_read_in_any_case() {
        let state = SubscriptionState::parse("Terminated ; reason = noresource").unwrap();
        assert_eq!(
            (state.state, state.reason()),
            (State::Terminated, Some("noresource"))
        );
        let state = SubscriptionState::parse("active;expires=60;retry-after=5").unwrap();
        assert_eq!((state.expires(), state.retry_after()), (Some(60), Some(5)));
        assert_eq!(
            SubscriptionState::parse("odd").unwrap().state,
            State::Other("odd")
        );
        assert!(SubscriptionState::parse(";reason=x").is_err());
    }
}
