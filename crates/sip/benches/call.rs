//! A whole call with a transfer, seen from the endpoint: INVITE, 100, 200, ACK, REFER, 202, two
//! NOTIFYs with their 200s, BYE and its 200. The peer is played by string templates; its share is
//! measured by itself, so that it can be taken off.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use hookflash_sip::{
    ConnectionId, Endpoint, EndpointConfig, Event, Flow, LegId, Listener, OutgoingRefer, Transport,
};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                   m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

struct Bench {
    endpoint: Endpoint,
    flow: Flow,
    now: Instant,
    calls: u64,
}

fn request(method: &str, call: u64, cseq: u32, to: &str, extra: &str, body: &str) -> String {
    format!(
        "{method} sip:service@127.0.0.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-{call}-{cseq}-{method};rport\r\n\
         Max-Forwards: 70\r\nFrom: \"Alice\" <sip:alice@127.0.0.1:5070>;tag=far{call}\r\n\
         To: <sip:service@127.0.0.1:5060>{to}\r\nCall-ID: {call}@127.0.0.1\r\n\
         CSeq: {cseq} {method}\r\nContact: <sip:alice@127.0.0.1:5070>\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn line<'a>(bytes: &'a [u8], name: &str) -> &'a str {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let at = text.find(name).map_or(text.len(), |at| at + name.len());
    text[at..].split("\r\n").next().unwrap_or_default()
}

fn response(to: &[u8], status: &str) -> String {
    let header = |name| line(to, name);
    format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:alice@127.0.0.1:5070>\r\nContent-Length: 0\r\n\r\n",
        header("\r\nVia: "),
        header("\r\nFrom: "),
        header("\r\nTo: "),
        header("\r\nCall-ID: "),
        header("\r\nCSeq: "),
    )
}

impl Bench {
    fn new(wire_events: bool) -> Bench {
        let local: SocketAddr = ([127, 0, 0, 1], 5060).into();
        let transport = Transport::Udp;
        let listener = Listener {
            transport,
            local,
            advertise: "127.0.0.1:5060".to_owned(),
        };
        let config = EndpointConfig {
            listeners: vec![listener],
            wire_events,
            ..EndpointConfig::default()
        };
        let remote = ([127, 0, 0, 1], 5070).into();
        let connection = ConnectionId::default();
        Bench {
            endpoint: Endpoint::new(config, 1),
            flow: Flow {
                transport,
                local,
                remote,
                connection,
            },
            now: Instant::now(),
            calls: 0,
        }
    }

    fn receive(&mut self, text: &str) {
        self.endpoint
            .handle_datagram(self.now, self.flow, text.as_bytes());
    }

    fn sent(&mut self) -> Option<Bytes> {
        self.endpoint.poll_transmit().map(|transmit| transmit.bytes)
    }

    fn events(&mut self) -> Option<LegId> {
        let mut leg = None;
        while let Some((id, event)) = self.endpoint.poll_event() {
            if let Event::Incoming { .. } = black_box(event) {
                leg = Some(id);
            }
        }
        leg
    }

    /// One call; `None` if something went wrong.
    fn call(&mut self) -> Option<()> {
        self.calls += 1;
        let call = self.calls;
        let sdp_type = "Content-Type: application/sdp\r\n";
        self.receive(&request("INVITE", call, 1, "", sdp_type, SDP));
        let leg = self.events()?;
        self.sent()?;
        self.endpoint
            .answer(self.now, leg, &[], Bytes::from_static(SDP.as_bytes()))
            .ok()?;
        let ok = self.sent()?;
        let tag = line(&ok, "\r\nTo: <sip:service@127.0.0.1:5060>").to_owned();
        self.receive(&request("ACK", call, 1, &tag, "", ""));
        let refer = OutgoingRefer {
            refer_to: "<sip:bob@example.com>".to_owned(),
            referred_by: Some("<sip:service@127.0.0.1>".to_owned()),
            ..OutgoingRefer::default()
        };
        let id = self.endpoint.refer(self.now, leg, refer).ok()?;
        let refer = self.sent()?;
        self.receive(&response(&refer, "202 Accepted"));
        let notify = "Event: refer\r\nSubscription-State: active;expires=60\r\n\
                      Content-Type: message/sipfrag;version=2.0\r\n";
        self.receive(&request(
            "NOTIFY",
            call,
            2,
            &tag,
            notify,
            "SIP/2.0 100 Trying\r\n",
        ));
        self.sent()?;
        let last = notify.replace("active;expires=60", "terminated;reason=noresource");
        self.receive(&request(
            "NOTIFY",
            call,
            3,
            &tag,
            &last,
            "SIP/2.0 200 OK\r\n",
        ));
        self.sent()?;
        self.endpoint.forget_refer(self.now, leg, id);
        self.endpoint.hang_up(self.now, leg, &[]).ok()?;
        let bye = self.sent()?;
        self.receive(&response(&bye, "200 OK"));
        self.events();
        // Four thousand calls a second: timers run and expire as they do under load.
        self.now += Duration::from_micros(250);
        if call.is_multiple_of(40) {
            self.endpoint.handle_timeout(self.now);
        }
        self.events();
        while let Some(bytes) = self.sent() {
            black_box(bytes);
        }
        Some(())
    }
}

/// The peer's share: writing its messages and looking into ours.
fn peer(call: u64) {
    let sdp_type = "Content-Type: application/sdp\r\n";
    let invite = request("INVITE", call, 1, "", sdp_type, SDP);
    let tag = line(invite.as_bytes(), "\r\nTo: <sip:service@127.0.0.1:5060>").to_owned();
    let sent = [
        request("ACK", call, 1, &tag, "", ""),
        response(invite.as_bytes(), "202 Accepted"),
        request("NOTIFY", call, 2, &tag, sdp_type, "SIP/2.0 100 Trying\r\n"),
        request(
            "NOTIFY",
            call,
            3,
            &tag,
            &sdp_type.replace("sdp", "x"),
            "SIP/2.0 200 OK\r\n",
        ),
        response(invite.as_bytes(), "200 OK"),
    ];
    black_box((invite, sent));
}

fn calls(criterion: &mut Criterion) {
    for (name, wire_events) in [("call with journal events", true), ("call", false)] {
        let mut bench = Bench::new(wire_events);
        criterion.bench_function(name, |b| {
            b.iter(|| assert!(bench.call().is_some(), "the call went through"));
        });
    }
    let mut call = 0;
    criterion.bench_function("the peer's share", |b| {
        b.iter(|| {
            call += 1;
            peer(call);
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(5));
    targets = calls
}
criterion_main!(benches);
