//! Whose packets are taken, and where ours go: symmetric RTP that a stranger cannot abuse.
//!
//! 1. The peer's description is the rule. Packets from its address are always taken; once they
//!    come, no other source is looked at until the next agreement.
//! 2. A peer behind an address translator sends from elsewhere than it says. Another source is
//!    taken over when nothing has come from the described address, nor from the one in use, since
//!    the agreement, and it sends a steady stream: consecutive numbers of one SSRC, an agreed
//!    payload type, spread over time as talk is. From an IP address that the peer has vouched for
//!    (that of the description or of its signalling) [`KNOWN_PACKETS`] are enough, at any time.
//!    From any other it takes [`STRANGE_PACKETS`], within [`WINDOW`] of the agreement.
//! 3. What was learned holds until the peer describes another address. Should the described one
//!    begin to send after all, it is gone back to.
//! 4. All other sources are ignored and counted.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long after an agreement a stranger can be taken over.
const WINDOW: Duration = Duration::from_secs(10);

/// Consecutive packets from an IP address that the peer has vouched for.
const KNOWN_PACKETS: u8 = 2;

/// Consecutive packets from any other.
const STRANGE_PACKETS: u8 = 5;

/// What these have to be spread over at least; a flood is no talk.
const STRANGE_SPREAD: Duration = Duration::from_millis(40);

/// For so long after the description moved, stragglers from the old address are no candidates.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// What is to be done with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the peer's.
    Take,
    /// It is the peer's, which sends from here now.
    TakeFromNow,
    /// It is a stranger's.
    Ignore,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    sequence: u16,
    packets: u8,
    since: Instant,
}

/// Where the peer is.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    described: Option<SocketAddr>,
    signalling: Option<IpAddr>,
    learned: Option<SocketAddr>,
    /// The source in use has sent since the agreement.
    confirmed: bool,
    /// The described address has sent at any time.
    described_sends: bool,
    agreed: Option<Instant>,
    former: Option<SocketAddr>,
    /// Most calls never have one.
    candidate: Option<Box<Candidate>>,
}

impl Latch {
    /// Vouches for the address that the peer's signalling comes from.
    pub(crate) fn trust(&mut self, address: IpAddr) {
        self.signalling = Some(address);
    }

    /// Takes over what was agreed.
    pub(crate) fn agree(&mut self, now: Instant, described: Option<SocketAddr>) {
        if described != self.described {
            self.former = self.remote();
            self.described = described;
            self.described_sends = false;
            // Held by address 0.0.0.0 the peer is where it was.
            if described.is_some() {
                self.learned = None;
            } else if self.learned.is_none() {
                self.learned = self.former.take();
            }
        } else {
            self.former = None;
        }
        self.agreed = Some(now);
        self.confirmed = false;
        self.candidate = None;
    }

    /// Where our packets go.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.learned.or(self.described)
    }

    /// Where the peer was found to be, other than it says.
    pub(crate) fn learned(&self) -> Option<SocketAddr> {
        self.learned
    }

    /// Whether RTCP from this IP address is the peer's.
    pub(crate) fn knows(&self, address: IpAddr) -> bool {
        let of = |known: Option<SocketAddr>| known.is_some_and(|known| known.ip() == address);
        of(self.learned) || of(self.described)
    }

    /// Judges a well-formed packet of an agreed payload type.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        source: SocketAddr,
        ssrc: u32,
        sequence: u16,
    ) -> Verdict {
        if Some(source) == self.described {
            self.described_sends = true;
            self.confirmed = true;
            self.candidate = None;
            return match self.learned.take() {
                Some(_) => Verdict::TakeFromNow,
                None => Verdict::Take,
            };
        }
        if Some(source) == self.learned {
            self.confirmed = true;
            self.candidate = None;
            return Verdict::Take;
        }
        if self.confirmed || self.described_sends || !self.may_learn(now, source) {
            return Verdict::Ignore;
        }
        self.weigh(now, source, ssrc, sequence)
    }

    fn vouched_for(&self, source: SocketAddr) -> bool {
        let described = self.described.map(|described| described.ip());
        described == Some(source.ip()) || self.signalling == Some(source.ip())
    }

    fn may_learn(&self, now: Instant, source: SocketAddr) -> bool {
        let Some(agreed) = self.agreed else {
            return false;
        };
        let since = now.saturating_duration_since(agreed);
        if self.former == Some(source) && since < STRAGGLERS {
            return false;
        }
        self.vouched_for(source) || since < WINDOW
    }

    fn weigh(&mut self, now: Instant, source: SocketAddr, ssrc: u32, sequence: u16) -> Verdict {
        let (needed, spread) = match self.vouched_for(source) {
            true => (KNOWN_PACKETS, Duration::ZERO),
            false => (STRANGE_PACKETS, STRANGE_SPREAD),
        };
        let before = self.candidate.take().map(|before| *before);
        let before = before.filter(|before| {
            before.source == source
                && before.ssrc == ssrc
                && before.sequence.wrapping_add(1) == sequence
        });
        let candidate = match before {
            Some(before) => Candidate {
                packets: before.packets.saturating_add(1),
                sequence,
                ..before
            },
            None => Candidate {
                source,
                ssrc,
                sequence,
                packets: 1,
                since: now,
            },
        };
        let steady =
            candidate.packets >= needed && now.saturating_duration_since(candidate.since) >= spread;
        if !steady {
            self.candidate = Some(Box::new(candidate));
            return Verdict::Ignore;
        }
        self.learned = Some(source);
        self.confirmed = true;
        Verdict::TakeFromNow
    }
}
