//! Non-INVITE server transaction (RFC 3261 figure 8).

use super::Action::{Resend, Send, Start};
use super::{Step, Timer};

/// The states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Trying,
    Proceeding,
    Completed,
    Terminated,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The request again.
    Request,
    /// The transaction user sends a 1xx.
    Provisional,
    /// The transaction user sends a final response.
    Final,
    Fired(Timer),
}

pub(crate) fn step(state: State, input: Input) -> Step<State> {
    match state {
        State::Trying => trying(input),
        State::Proceeding => proceeding(input),
        State::Completed => completed(input),
        State::Terminated => (State::Terminated, &[]),
    }
}

fn trying(input: Input) -> Step<State> {
    match input {
        Input::Provisional => (State::Proceeding, &[Send]),
        Input::Final => (State::Completed, &[Send, Start(Timer::J)]),
        Input::Request | Input::Fired(_) => (State::Trying, &[]),
    }
}

fn proceeding(input: Input) -> Step<State> {
    match input {
        Input::Request => (State::Proceeding, &[Resend]),
        Input::Provisional => (State::Proceeding, &[Send]),
        Input::Final => (State::Completed, &[Send, Start(Timer::J)]),
        Input::Fired(_) => (State::Proceeding, &[]),
    }
}

fn completed(input: Input) -> Step<State> {
    match input {
        Input::Request => (State::Completed, &[Resend]),
        Input::Fired(Timer::J) => (State::Terminated, &[]),
        Input::Provisional | Input::Final | Input::Fired(_) => (State::Completed, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c131_a_repeated_request_gets_the_same_final_answer_until_timer_j() {
        let (state, actions) = step(State::Trying, Input::Final);
        assert_eq!(actions, [Send, Start(Timer::J)]);
        assert_eq!(step(state, Input::Request).1, [Resend]);
        assert_eq!(step(state, Input::Final).1, []);
        assert_eq!(step(state, Input::Fired(Timer::J)).0, State::Terminated);
    }
}
