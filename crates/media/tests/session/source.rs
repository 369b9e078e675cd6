//! Whose packets are taken, and where ours go.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hookflash_media::{Codec, MediaEvent, NegotiatedStream, Session};

use crate::support::*;

const MS: Duration = Duration::from_millis(1);

/// A session that agreed with a peer which says it is at `described`.
struct Leg {
    now: Instant,
    session: Session,
}

impl Leg {
    fn with(described: SocketAddr) -> Leg {
        let now = Instant::now();
        let mut session = session(1);
        session.agree(now, Some(stream(described, Codec::Pcmu)));
        Leg { now, session }
    }

    fn agree(&mut self, described: SocketAddr) {
        self.session
            .agree(self.now, Some(stream(described, Codec::Pcmu)));
    }

    /// A beat in which each of the sources sends its packet of this sequence number. Says where
    /// ours went.
    fn beat(&mut self, sequence: u16, sources: &[SocketAddr]) -> SocketAddr {
        for source in sources {
            let ssrc = u32::from(source.port());
            let timestamp = u32::from(sequence) * 160;
            let packet = rtp(0, false, ssrc, sequence, timestamp, &[0x10; 160]);
            self.session.receive(self.now, *source, &packet);
        }
        let (to, _) = self
            .session
            .beat(self.now, &mut [0; 1_500])
            .expect("a packet");
        self.now += BEAT;
        to
    }

    fn beats(&mut self, sequences: std::ops::Range<u16>, sources: &[SocketAddr]) -> SocketAddr {
        let went = sequences.map(|sequence| self.beat(sequence, sources));
        went.last().expect("a beat")
    }

    fn strangers(&self) -> u64 {
        self.session.statistics().ignored.stranger
    }
}

/// Where the peer was found to be, one after the other.
fn found(session: &mut Session) -> Vec<SocketAddr> {
    events(session)
        .into_iter()
        .filter_map(|event| match event {
            MediaEvent::Latched(source) => Some(source),
            _ => None,
        })
        .collect()
}

fn private() -> SocketAddr {
    address("10.0.0.5:4000")
}

fn translated() -> SocketAddr {
    address("203.0.113.9:61234")
}

fn mallory() -> SocketAddr {
    address("203.0.113.66:6666")
}

#[test]
fn the_described_address_is_believed_from_the_first_packet() {
    let mut leg = Leg::with(ann());
    assert_eq!(leg.beats(0..50, &[ann()]), ann());
    assert_eq!(found(&mut leg.session), []);
    assert_eq!(leg.session.statistics().packets_received, 50);
}

#[test]
fn a_peer_behind_a_translator_is_found_where_it_sends_from() {
    let mut leg = Leg::with(private());
    assert_eq!(leg.beat(0, &[translated()]), private());
    assert_eq!(leg.beats(1..20, &[translated()]), translated());
    assert_eq!(found(&mut leg.session), [translated()]);
    assert_eq!(leg.strangers(), 4, "the packets that proved it");
}

#[test]
fn a_port_moved_by_a_translator_takes_two_packets_at_any_time() {
    let moved = SocketAddr::new(ann().ip(), 50_000);
    let mut leg = Leg::with(ann());
    leg.now += Duration::from_secs(60);
    leg.beat(0, &[moved]);
    assert_eq!(leg.beat(1, &[moved]), moved);
    let mut leg = Leg::with(private());
    leg.session.trust(translated().ip());
    leg.now += Duration::from_secs(60);
    leg.beat(0, &[translated()]);
    assert_eq!(leg.beat(1, &[translated()]), translated());
}

#[test]
fn a_stranger_gets_nothing_once_the_described_address_sends() {
    let mut leg = Leg::with(ann());
    leg.beat(0, &[ann()]);
    assert_eq!(leg.beats(1..1_000, &[mallory()]), ann());
    assert_eq!(leg.strangers(), 999);
    // Nor after the next agreement on the same address.
    leg.agree(ann());
    assert_eq!(leg.beats(1_000..1_100, &[mallory()]), ann());
    assert_eq!(found(&mut leg.session), []);
}

#[test]
fn a_stranger_gets_nothing_once_the_peer_was_found() {
    let mut leg = Leg::with(private());
    leg.beats(0..10, &[translated()]);
    assert_eq!(leg.beats(10..100, &[mallory(), translated()]), translated());
    assert_eq!(leg.beats(100..1_000, &[mallory()]), translated());
    // A new agreement opens the door to nobody while the peer goes on.
    leg.agree(private());
    assert_eq!(
        leg.beats(1_000..1_010, &[translated(), mallory()]),
        translated()
    );
    assert_eq!(leg.beats(1_010..1_100, &[mallory()]), translated());
    assert_eq!(found(&mut leg.session), [translated()]);
}

#[test]
fn a_stranger_that_comes_late_or_guesses_gets_nothing() {
    let mut leg = Leg::with(private());
    leg.now += Duration::from_secs(11);
    assert_eq!(leg.beats(0..500, &[mallory()]), private());
    // Numbers at random.
    let mut leg = Leg::with(private());
    for guess in 0..400_u16 {
        assert_eq!(leg.beat(guess.wrapping_mul(7_919), &[mallory()]), private());
    }
    // Everything at once.
    let mut leg = Leg::with(private());
    for sequence in 0..1_000 {
        let packet = rtp(0, false, 6, sequence, 0, &[0; 160]);
        leg.session.receive(leg.now, mallory(), &packet);
    }
    assert_eq!(leg.beat(5, &[]), private());
    // Another source with every number.
    let mut leg = Leg::with(private());
    for sequence in 0..20 {
        let packet = rtp(0, false, u32::from(sequence), sequence, 0, &[0; 160]);
        leg.session.receive(leg.now, mallory(), &packet);
        leg.now += BEAT;
    }
    assert_eq!(leg.beat(5, &[]), private());
    // A payload that was not agreed on.
    for sequence in 0..20 {
        let packet = rtp(77, false, 6, sequence, 0, &[0; 160]);
        leg.session.receive(leg.now, mallory(), &packet);
        leg.now += BEAT;
    }
    assert_eq!(leg.beat(6, &[]), private());
}

#[test]
fn the_described_address_is_gone_back_to_and_never_left_again() {
    let mut leg = Leg::with(ann());
    assert_eq!(
        leg.beats(0..10, &[mallory()]),
        mallory(),
        "nobody else was there"
    );
    assert_eq!(leg.beats(0..10, &[ann(), mallory()]), ann());
    assert_eq!(leg.beats(10..400, &[mallory()]), ann());
    assert_eq!(found(&mut leg.session), [mallory(), ann()]);
}

#[test]
fn a_late_change_of_description_is_followed_past_stragglers() {
    let mut leg = Leg::with(ann());
    leg.beats(0..50, &[ann()]);
    let elsewhere = address("192.0.2.77:7000");
    leg.agree(elsewhere);
    assert_eq!(leg.beats(50..60, &[ann()]), elsewhere, "at once");
    assert_eq!(leg.beats(0..50, &[elsewhere]), elsewhere);
    assert_eq!(leg.strangers(), 10);
    assert_eq!(found(&mut leg.session), []);
}

#[test]
fn a_peer_that_gives_a_name_for_an_address_is_found_where_it_sends_from() {
    let mut leg = Leg::with(ann());
    let nowhere = NegotiatedStream {
        remote: None,
        rtcp: None,
        ..stream(ann(), Codec::Pcmu)
    };
    leg.session = session(2);
    leg.session.agree(leg.now, Some(nowhere));
    assert_eq!(leg.session.beat(leg.now, &mut [0; 1_500]), None);
    for sequence in 0..20 {
        let packet = rtp(0, false, 6, sequence, 0, &[0; 160]);
        leg.session.receive(leg.now, translated(), &packet);
        leg.now += 20 * MS;
    }
    assert_eq!(leg.beat(20, &[translated()]), translated());
}

#[test]
fn a_stranger_cannot_cut_off_what_is_under_way_in_the_codec_before() {
    let mut leg = Leg::with(ann());
    leg.beats(0..10, &[ann()]);
    let other = Some(stream(ann(), Codec::Pcma));
    leg.session.agree(leg.now, other);
    let strange = rtp(8, false, 6, 1, 0, &[0x55; 160]);
    leg.session.receive(leg.now, mallory(), &strange);
    leg.beats(10..15, &[ann()]);
    let statistics = leg.session.statistics();
    assert_eq!(statistics.ignored.unknown_payload, 0);
    assert_eq!(statistics.packets_received, 15);
}
