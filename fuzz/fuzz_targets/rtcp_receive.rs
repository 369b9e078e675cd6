//! Datagrams of the RTCP port: whatever a peer reports, our own reports stay whole.

#![no_main]

use std::time::{Duration, Instant};

use hookflash_media::rtp::RtpStart;
use hookflash_media::{Codec, NegotiatedStream, Session, SessionConfig};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    let peer = ([192, 0, 2, 1], 4_000).into();
    let reports = ([192, 0, 2, 1], 4_001).into();
    let mut now = Instant::now();
    let mut session = Session::new(SessionConfig {
        start: RtpStart::from_random([0; 10]),
        packet_timeout: None,
    });
    session.agree(now, Some(NegotiatedStream::new(peer, Codec::Pcmu)));
    let mut buf = [0; 1_500];
    session.beat(now, &mut buf);
    session.receive_rtcp(now, reports, datagram);
    now += Duration::from_secs(10);
    session.receive(now, peer, datagram);
    let statistics = session.statistics();
    assert!(
        statistics
            .round_trip
            .is_none_or(|time| time <= Duration::from_secs(30))
    );
    assert!(session.poll_rtcp(now, &mut buf).is_some());
    assert!(session.end(now, &mut buf).is_some());
});
