//! Datagrams of the RTP port: whatever comes, a session goes on with every beat.
//!
//! The input is a row of datagrams, each after its length in two bytes and one byte that says what
//! happens next.

#![no_main]

use std::time::{Duration, Instant};

use hookflash_media::rtp::RtpStart;
use hookflash_media::{Codec, Format, NegotiatedStream, Session, SessionConfig, VoiceWatch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((first, mut rest)) = input.split_first() else {
        return;
    };
    let codec = Codec::ALL[usize::from(*first) % Codec::ALL.len()];
    let peer = ([192, 0, 2, 1], 4_000).into();
    let stranger = ([203, 0, 113, 9], 5_000).into();
    let mut agreed = NegotiatedStream::new(peer, codec);
    agreed.telephone_event = (first & 0x80 == 0).then_some(101);
    for other in Codec::ALL {
        agreed
            .accepts
            .add(other.payload_type(), Format::Audio(other));
    }
    let mut now = Instant::now();
    let mut session = Session::new(SessionConfig {
        start: RtpStart::from_random([7; 10]),
        packet_timeout: Some(Duration::from_secs(5)),
    });
    session.agree(now, Some(agreed));
    session.watch_voice(Some(VoiceWatch {
        begin: Duration::from_millis(100),
        end: Duration::from_millis(500),
    }));
    let mut buf = [0; 1_500];
    while let [then, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (datagram, after) = tail.split_at(length);
        rest = after;
        let from = if then & 1 == 0 { peer } else { stranger };
        session.receive(now, from, datagram);
        for _ in 0..then >> 6 {
            let sent = session.beat(now, &mut buf);
            assert!(sent.is_some_and(|(_, length)| length <= buf.len()));
            session.poll_rtcp(now, &mut buf);
            now += Duration::from_millis(20);
        }
        while session.poll_event().is_some() {}
    }
    session.statistics();
});
