//! Transactions (RFC 3261 section 17, RFC 6026): the four state machines as pure functions, and
//! the keys that match messages to them.
//!
//! Each machine is one file with one function per state of the RFC's figure: an input gives the
//! next state and what is to be done. Who owns messages and clocks carries it out.

pub(crate) mod invite_client;
pub(crate) mod invite_server;
mod key;
pub(crate) mod non_invite_client;
pub(crate) mod non_invite_server;

use std::time::Duration;

pub(crate) use key::{TransactionId, TransactionKeys};

/// The timers of RFC 3261 table 4 and RFC 6026, proxies' timer C aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// INVITE again.
    A,
    /// No answer to INVITE.
    B,
    /// Answers to INVITE may still be repeated.
    D,
    /// Request again.
    E,
    /// No answer to request.
    F,
    /// Answer to INVITE again.
    G,
    /// No ACK.
    H,
    /// ACK may still be repeated.
    I,
    /// Request may still be repeated.
    J,
    /// Answer may still be repeated.
    K,
    /// INVITE may still be repeated after a 2xx.
    L,
    /// 2xx may still be repeated or come from other forks.
    M,
}

impl Timer {
    /// Whether it limits the wait for a first answer.
    pub(crate) fn is_patience(self) -> bool {
        matches!(self, Timer::B | Timer::F)
    }

    /// Whether it sends something again and is then started anew.
    pub(crate) fn repeats(self) -> bool {
        matches!(self, Timer::A | Timer::E | Timer::G)
    }
}

/// T1, T2 and T4.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) t1: Duration,
    pub(crate) t2: Duration,
    pub(crate) t4: Duration,
}

impl Times {
    /// 64·T1, the patience of everything.
    pub(crate) fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// How long a timer runs when it is started for the first time; `None` when the transport
    /// makes it needless. Timers that only wait for repetitions are then zero.
    pub(crate) fn first(&self, timer: Timer, reliable: bool) -> Option<Duration> {
        let unreliable = |duration| if reliable { Duration::ZERO } else { duration };
        match timer {
            Timer::A | Timer::E | Timer::G => (!reliable).then_some(self.t1),
            Timer::B | Timer::F | Timer::H | Timer::L | Timer::M => Some(self.patience()),
            // At least 32 s whatever T1 is; with another T1 the peer's T1 is assumed to agree.
            Timer::D | Timer::J => Some(unreliable(self.patience())),
            Timer::I | Timer::K => Some(unreliable(self.t4)),
        }
    }

    /// How long a repeating timer runs after it ran for `last`.
    pub(crate) fn again(&self, timer: Timer, last: Duration) -> Duration {
        match timer {
            Timer::A => last * 2,
            _ => (last * 2).min(self.t2),
        }
    }
}

/// What a state function asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send the message that the input brought.
    Send,
    /// Send again what was sent last, if anything was.
    Resend,
    /// Send ACK for the response that the input brought.
    Acknowledge,
    /// Tell the transaction user about the message.
    Report,
    /// Tell the transaction user that nothing came.
    ReportTimeout,
    /// Tell the transaction user that sending failed.
    ReportLost,
    /// Start a timer. Comes last: one that takes no time ends the transaction at once.
    Start(Timer),
    /// Stop the timer that sends again.
    StopRepeating,
    /// Stop the timer that ends the state.
    StopEnding,
    /// Start the repeating timer anew, with the longest interval.
    SlowDown(Timer),
}

/// The next state and what to do on the way.
pub(crate) type Step<S> = (S, &'static [Action]);
