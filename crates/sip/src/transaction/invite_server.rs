//! INVITE server transaction (RFC 3261 figure 7 as corrected by RFC 6026 figure 2).

use super::Action::{Report, ReportTimeout, Resend, Send, Start, StopEnding, StopRepeating};
use super::{Step, Timer};

/// The states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
    Terminated,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The INVITE again.
    Invite,
    /// An ACK with the INVITE's branch.
    Ack,
    /// The transaction user sends a 1xx.
    Provisional,
    /// The transaction user sends a 2xx.
    Success,
    /// The transaction user sends anything else.
    Failure,
    Fired(Timer),
}

pub(crate) fn step(state: State, input: Input) -> Step<State> {
    match state {
        State::Proceeding => proceeding(input),
        State::Completed => completed(input),
        State::Confirmed => confirmed(input),
        State::Accepted => accepted(input),
        State::Terminated => (State::Terminated, &[]),
    }
}

fn proceeding(input: Input) -> Step<State> {
    match input {
        Input::Invite => (State::Proceeding, &[Resend]),
        Input::Provisional => (State::Proceeding, &[Send]),
        Input::Success => (State::Accepted, &[Send, Start(Timer::L)]),
        Input::Failure => (State::Completed, &[Send, Start(Timer::G), Start(Timer::H)]),
        Input::Ack | Input::Fired(_) => (State::Proceeding, &[]),
    }
}

fn completed(input: Input) -> Step<State> {
    match input {
        Input::Invite => (State::Completed, &[Resend]),
        Input::Fired(Timer::G) => (State::Completed, &[Resend, Start(Timer::G)]),
        Input::Ack => (
            State::Confirmed,
            &[StopRepeating, StopEnding, Start(Timer::I)],
        ),
        Input::Fired(Timer::H) => (State::Terminated, &[ReportTimeout]),
        _ => (State::Completed, &[]),
    }
}

fn confirmed(input: Input) -> Step<State> {
    match input {
        Input::Fired(Timer::I) => (State::Terminated, &[]),
        _ => (State::Confirmed, &[]),
    }
}

/// The transaction user repeats its 2xx itself; repetitions of the INVITE are swallowed.
fn accepted(input: Input) -> Step<State> {
    match input {
        Input::Ack => (State::Accepted, &[Report]),
        Input::Fired(Timer::L) => (State::Terminated, &[]),
        _ => (State::Accepted, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_invite_gets_the_last_answer_again_until_a_2xx_was_sent() {
        assert_eq!(step(State::Proceeding, Input::Invite).1, [Resend]);
        assert_eq!(step(State::Completed, Input::Invite).1, [Resend]);
        let (state, _) = step(State::Proceeding, Input::Success);
        assert_eq!(step(state, Input::Invite), (State::Accepted, [].as_slice()));
    }

    #[test]
    fn a_refusal_is_repeated_until_the_ack() {
        let (state, actions) = step(State::Proceeding, Input::Failure);
        assert_eq!(actions, [Send, Start(Timer::G), Start(Timer::H)]);
        assert_eq!(
            step(state, Input::Fired(Timer::G)).1,
            [Resend, Start(Timer::G)]
        );
        let (state, actions) = step(state, Input::Ack);
        assert!(actions.contains(&StopRepeating));
        assert_eq!(step(state, Input::Fired(Timer::I)).0, State::Terminated);
    }
}
