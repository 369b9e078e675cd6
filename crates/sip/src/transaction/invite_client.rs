//! INVITE client transaction (RFC 3261 figure 5 as corrected by RFC 6026 figure 1).

use super::Action::{
    Acknowledge, Report, ReportLost, ReportTimeout, Resend, Start, StopEnding, StopRepeating,
};
use super::{Step, Timer};

/// The states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Calling,
    Proceeding,
    Completed,
    Accepted,
    Terminated,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Provisional,
    Success,
    Failure,
    Fired(Timer),
    TransportError,
}

/// What to do when the INVITE goes out.
pub(crate) const BEGIN: Step<State> = (
    State::Calling,
    &[super::Action::Send, Start(Timer::A), Start(Timer::B)],
);

pub(crate) fn step(state: State, input: Input) -> Step<State> {
    match state {
        State::Calling => calling(input),
        State::Proceeding => proceeding(input),
        State::Completed => completed(input),
        State::Accepted => accepted(input),
        State::Terminated => (State::Terminated, &[]),
    }
}

fn calling(input: Input) -> Step<State> {
    match input {
        Input::Fired(Timer::A) => (State::Calling, &[Resend, Start(Timer::A)]),
        Input::Fired(Timer::B) => (State::Terminated, &[ReportTimeout]),
        Input::Provisional => (State::Proceeding, &[StopRepeating, StopEnding, Report]),
        Input::Success => success(),
        Input::Failure => failure(),
        Input::TransportError => (State::Terminated, &[ReportLost]),
        Input::Fired(_) => (State::Calling, &[]),
    }
}

fn proceeding(input: Input) -> Step<State> {
    match input {
        Input::Provisional => (State::Proceeding, &[Report]),
        Input::Success => success(),
        Input::Failure => failure(),
        // Runs only once the answer does not matter any more (RFC 3261 section 9.1).
        Input::Fired(Timer::B) => (State::Terminated, &[ReportTimeout]),
        Input::Fired(_) => (State::Proceeding, &[]),
        Input::TransportError => (State::Terminated, &[ReportLost]),
    }
}

fn completed(input: Input) -> Step<State> {
    match input {
        Input::Failure => (State::Completed, &[Resend]),
        Input::Fired(Timer::D) => (State::Terminated, &[]),
        // The answer is known already; the peer will repeat it if the ACK got lost.
        Input::TransportError => (State::Terminated, &[]),
        Input::Provisional | Input::Success | Input::Fired(_) => (State::Completed, &[]),
    }
}

fn accepted(input: Input) -> Step<State> {
    match input {
        Input::Success => (State::Accepted, &[Report]),
        Input::Fired(Timer::M) => (State::Terminated, &[]),
        _ => (State::Accepted, &[]),
    }
}

fn success() -> Step<State> {
    (
        State::Accepted,
        &[StopRepeating, StopEnding, Report, Start(Timer::M)],
    )
}

fn failure() -> Step<State> {
    (
        State::Completed,
        &[
            StopRepeating,
            StopEnding,
            Acknowledge,
            Report,
            Start(Timer::D),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_refusal_is_acknowledged_once_by_us_and_again_on_each_repetition() {
        let (state, actions) = step(State::Proceeding, Input::Failure);
        assert!(actions.contains(&Acknowledge));
        assert_eq!(
            step(state, Input::Failure),
            (State::Completed, [Resend].as_slice())
        );
        assert_eq!(step(state, Input::Fired(Timer::D)).0, State::Terminated);
    }

    #[test]
    fn every_2xx_is_reported_until_timer_m_because_forks_may_answer() {
        let (state, _) = step(State::Calling, Input::Success);
        assert_eq!(
            step(state, Input::Success),
            (State::Accepted, [Report].as_slice())
        );
        assert_eq!(
            step(state, Input::Failure),
            (State::Accepted, [].as_slice())
        );
        assert_eq!(step(state, Input::Fired(Timer::M)).0, State::Terminated);
    }

    #[test]
    fn a_provisional_answer_ends_retransmission_and_the_time_limit() {
        let (state, actions) = step(State::Calling, Input::Provisional);
        assert!(actions.contains(&StopRepeating) && actions.contains(&StopEnding));
        assert_eq!(step(state, Input::Fired(Timer::A)).0, State::Proceeding);
    }
}
