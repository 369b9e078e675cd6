//! What a held call costs in memory.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use hookflash_sip::{ConnectionId, Endpoint, EndpointConfig, Event, Flow, Listener, Transport};

const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                     m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

fn invite(call: u64) -> String {
    let head = format!(
        "INVITE sip:service@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-{call};rport\r\nMax-Forwards: 70\r\n\
         From: \"Alice Example\" <sip:alice@127.0.0.1:5070>;tag=far{call}\r\n\
         To: <sip:service@127.0.0.1>\r\nCall-ID: a-rather-usual-call-id-{call}@127.0.0.1\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:alice@127.0.0.1:5070>\r\n\
         Record-Route: <sip:127.0.0.1:5070;lr>\r\nSupported: timer, replaces\r\n\
         Allow: INVITE, ACK, CANCEL, BYE, UPDATE, REFER, NOTIFY\r\n\
         User-Agent: a phone with a name of usual length 1.2.3\r\n\
         Content-Type: application/sdp\r\n\r\n"
    );
    head + std::str::from_utf8(SDP).unwrap()
}

fn hold_calls(endpoint: &mut Endpoint, start: Instant, count: u64) {
    let local = ([127, 0, 0, 1], 5060).into();
    let remote = ([127, 0, 0, 1], 5070).into();
    let transport = Transport::Udp;
    let flow = Flow {
        transport,
        local,
        remote,
        connection: ConnectionId::default(),
    };
    for call in 0..count {
        endpoint.handle_datagram(start, flow, invite(call).as_bytes());
        let (leg, Event::Incoming { .. }) = endpoint.poll_event().unwrap() else {
            panic!()
        };
        endpoint
            .answer(start, leg, &[], Bytes::copy_from_slice(SDP))
            .unwrap();
        let mut to = String::new();
        while let Some(transmit) = endpoint.poll_transmit() {
            let text = String::from_utf8(transmit.bytes.to_vec()).unwrap();
            to = text
                .lines()
                .find(|line| line.starts_with("To:"))
                .unwrap()
                .to_owned();
        }
        let ack = invite(call)
            .replace("INVITE sip", "ACK sip")
            .replace("1 INVITE", "1 ACK")
            .replace("To: <sip:service@127.0.0.1>", &to);
        endpoint.handle_datagram(start, flow, ack.as_bytes());
        while endpoint.poll_event().is_some() {}
    }
    let mut now = start;
    // Half a minute later transactions are gone and only the calls are left.
    while now < start + Duration::from_secs(40) {
        now += Duration::from_millis(100);
        endpoint.handle_timeout(now);
        while endpoint.poll_transmit().is_some() {}
    }
}

#[test]
fn a_held_call_costs_at_most_three_kilobytes() {
    const CALLS: u64 = 2000;
    let local = ([127, 0, 0, 1], 5060).into();
    let listener = Listener {
        transport: Transport::Udp,
        local,
        advertise: String::new(),
    };
    let config = EndpointConfig {
        listeners: vec![listener],
        ..EndpointConfig::default()
    };
    let mut endpoint = Endpoint::new(config, 1);
    let start = Instant::now();
    let used = allocation_counter::measure(|| hold_calls(&mut endpoint, start, CALLS));
    assert_eq!(endpoint.leg_count() as u64, CALLS);
    assert_eq!(endpoint.census().transactions, 0);
    let per_call = used.bytes_current / i64::try_from(CALLS).unwrap();
    println!("{per_call} bytes per held call");
    assert!(per_call <= 3 * 1024, "{per_call} bytes");
}
