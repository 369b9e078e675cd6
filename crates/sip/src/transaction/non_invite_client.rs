//! Non-INVITE client transaction (RFC 3261 figure 6).

use super::Action::{
    Report, ReportLost, ReportTimeout, Resend, SlowDown, Start, StopEnding, StopRepeating,
};
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
    Provisional,
    Final,
    Fired(Timer),
    TransportError,
}

/// What to do when the request goes out.
pub(crate) const BEGIN: Step<State> = (
    State::Trying,
    &[super::Action::Send, Start(Timer::E), Start(Timer::F)],
);

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
        Input::Fired(Timer::E) => (State::Trying, &[Resend, Start(Timer::E)]),
        Input::Provisional => (
            State::Proceeding,
            &[StopRepeating, SlowDown(Timer::E), Report],
        ),
        other => until_final(State::Trying, other),
    }
}

/// Repeats every T2; timer F goes on.
fn proceeding(input: Input) -> Step<State> {
    match input {
        Input::Fired(Timer::E) => (State::Proceeding, &[Resend, SlowDown(Timer::E)]),
        Input::Provisional => (State::Proceeding, &[Report]),
        other => until_final(State::Proceeding, other),
    }
}

fn until_final(state: State, input: Input) -> Step<State> {
    match input {
        Input::Final => (
            State::Completed,
            &[StopRepeating, StopEnding, Report, Start(Timer::K)],
        ),
        Input::Fired(Timer::F) => (State::Terminated, &[ReportTimeout]),
        Input::TransportError => (State::Terminated, &[ReportLost]),
        Input::Provisional | Input::Fired(_) => (state, &[]),
    }
}

fn completed(input: Input) -> Step<State> {
    match input {
        Input::Fired(Timer::K) => (State::Terminated, &[]),
        _ => (State::Completed, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c29_a_provisional_answer_slows_repetition_down_but_leaves_the_limit() {
        let (state, actions) = step(State::Trying, Input::Provisional);
        assert!(actions.contains(&SlowDown(Timer::E)) && !actions.contains(&StopEnding));
        assert_eq!(
            step(state, Input::Fired(Timer::F)),
            (State::Terminated, [ReportTimeout].as_slice())
        );
    }

    #[test]
    fn a_repeated_final_answer_is_swallowed() {
        let (state, actions) = step(State::Trying, Input::Final);
        assert!(actions.contains(&Report));
        assert_eq!(step(state, Input::Final), (State::Completed, [].as_slice()));
    }
}
