//! One endpoint against a peer whose every message is written by hand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookflash_sip::{
    ConnectionId, Endpoint, EndpointConfig, Event, Flow, LegEnd, LegId, Listener, Message, Method,
    Request, Response, Transmit, Transport,
};

pub(crate) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
                       m=audio 4000 RTP/AVP 0\r\n";

pub(crate) struct Sent {
    pub(crate) id: hookflash_sip::TransmitId,
    pub(crate) flow: Flow,
    pub(crate) message: Message,
}

/// An endpoint at 10.0.0.1 and whoever plays the peer, by default at 10.0.0.9.
pub(crate) struct Raw {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Instant,
    pub(crate) flow: Flow,
    pub(crate) sent: VecDeque<Sent>,
    pub(crate) events: VecDeque<(LegId, Event)>,
    /// The next CSeq of the peer's requests.
    pub(crate) cseq: u32,
    /// Our tag in the dialog, as the peer learned it.
    pub(crate) tag: String,
    /// The peer's Contact.
    pub(crate) contact: String,
    leg: Option<LegId>,
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn config() -> EndpointConfig {
    let listener = |transport, local| Listener {
        transport,
        local: address(local),
        advertise: String::new(),
    };
    EndpointConfig {
        listeners: vec![
            listener(Transport::Udp, "10.0.0.1:5060"),
            listener(Transport::Tcp, "10.0.0.1:5060"),
            listener(Transport::Udp, "[2001:db8::1]:5060"),
        ],
        session_expires: None,
        wire_events: false,
        ..EndpointConfig::default()
    }
}

impl Raw {
    pub(crate) fn new() -> Raw {
        Raw::with(config())
    }

    pub(crate) fn with(config: EndpointConfig) -> Raw {
        Raw {
            endpoint: Endpoint::new(config, 42),
            now: Instant::now(),
            flow: Flow {
                transport: Transport::Udp,
                local: address("10.0.0.1:5060"),
                remote: address("10.0.0.9:5060"),
                connection: ConnectionId::default(),
            },
            sent: VecDeque::new(),
            events: VecDeque::new(),
            cseq: 1,
            tag: String::new(),
            contact: "<sip:peer@10.0.0.9>".to_owned(),
            leg: None,
        }
    }

    /// The peer sends this; lines end with \n here and with CRLF on the wire.
    pub(crate) fn receive(&mut self, text: &str) {
        self.receive_bytes(text.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes());
    }

    pub(crate) fn receive_bytes(&mut self, bytes: &[u8]) {
        self.endpoint.handle_datagram(self.now, self.flow, bytes);
        self.drain();
    }

    /// A request of the peer outside of any dialog.
    pub(crate) fn request(&mut self, method: &str, branch: &str, extra: &str, body: &str) {
        let text = format!(
            "{method} sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK{branch};rport\n\
             Max-Forwards: 70\nFrom: <sip:peer@10.0.0.9>;tag=far\nTo: <sip:us@10.0.0.1>\n\
             Call-ID: call\nCSeq: {} {method}\nContact: {}\n{extra}\n{body}",
            self.cseq, self.contact
        );
        self.receive(&text);
    }

    /// The peer's INVITE.
    pub(crate) fn invite(&mut self, extra: &str) -> LegId {
        self.request(
            "INVITE",
            "invite",
            &format!("Content-Type: application/sdp\n{extra}"),
            SDP,
        );
        self.incoming()
    }

    /// The leg whose call came in first.
    pub(crate) fn endpoint_leg(&self) -> LegId {
        self.leg.expect("a call has come in")
    }

    pub(crate) fn incoming(&mut self) -> LegId {
        let at = self
            .events
            .iter()
            .position(|(_, e)| matches!(e, Event::Incoming { .. }));
        let (leg, _) = self.events.remove(at.expect("an incoming call")).unwrap();
        self.leg = Some(leg);
        leg
    }

    /// A call of the peer that is answered and acknowledged.
    pub(crate) fn call(&mut self) -> LegId {
        self.call_with("")
    }

    pub(crate) fn call_with(&mut self, extra: &str) -> LegId {
        let leg = self.invite(extra);
        self.endpoint
            .answer(self.now, leg, &[], Bytes::from_static(SDP.as_bytes()))
            .unwrap();
        self.drain();
        assert_eq!(self.response().status(), 100);
        let ok = self.response();
        assert_eq!(ok.status(), 200);
        self.learn_tag(&ok);
        self.in_dialog("ACK", "ack", "", "");
        assert!(matches!(self.event(), Event::Confirmed { .. }));
        self.cseq += 1;
        leg
    }

    pub(crate) fn learn_tag(&mut self, response: &Response) {
        let to = response.headers().get("To").unwrap();
        self.tag = to.split(";tag=").nth(1).unwrap().to_owned();
    }

    /// A request of the peer in the dialog, with the current CSeq.
    pub(crate) fn in_dialog(&mut self, method: &str, branch: &str, extra: &str, body: &str) {
        let text = format!(
            "{method} sip:10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK{branch};rport\n\
             Max-Forwards: 70\nFrom: <sip:peer@10.0.0.9>;tag=far\nTo: <sip:us@10.0.0.1>;tag={}\n\
             Call-ID: call\nCSeq: {} {method}\n{extra}\n{body}",
            self.tag, self.cseq
        );
        self.receive(&text);
    }

    /// A NOTIFY with the next CSeq; gives back the answer.
    pub(crate) fn notify(&mut self, event: &str, state: &str, body: &str) -> Response {
        self.cseq += 1;
        let extra = format!(
            "Event: {event}\nSubscription-State: {state}\nContent-Type: message/sipfrag\n\
             Contact: <sip:peer@10.0.0.9>\n"
        );
        let branch = format!("notify{}", self.cseq);
        self.in_dialog("NOTIFY", &branch, &extra, body);
        self.response()
    }

    /// The peer answers a request of ours.
    pub(crate) fn respond(&mut self, request: &Request, status: u16, extra: &str, body: &str) {
        let header = |name: &'static str| request.headers().get(name).unwrap().to_owned();
        let to = match header("To") {
            to if to.contains(";tag=") || status == 100 => to,
            to => format!("{to};tag=far"),
        };
        let text = format!(
            "SIP/2.0 {status} Reason\nVia: {}\nFrom: {}\nTo: {to}\nCall-ID: {}\nCSeq: {}\n{extra}\n{body}",
            header("Via"),
            header("From"),
            header("Call-ID"),
            header("CSeq"),
        );
        self.receive(&text);
    }

    pub(crate) fn drain(&mut self) {
        while let Some(Transmit { id, flow, bytes }) = self.endpoint.poll_transmit() {
            let message = Message::parse_datagram(&bytes).expect("we send what can be read");
            self.sent.push_back(Sent { id, flow, message });
        }
        while let Some(event) = self.endpoint.poll_event() {
            self.events.push_back(event);
        }
    }

    /// Lets time pass, timer by timer.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.endpoint.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.endpoint.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    pub(crate) fn next_sent(&mut self) -> Sent {
        self.drain();
        self.sent.pop_front().expect("something was sent")
    }

    pub(crate) fn response(&mut self) -> Response {
        match self.next_sent().message {
            Message::Response(response) => response,
            Message::Request(request) => panic!("a response was expected, not {request:?}"),
        }
    }

    pub(crate) fn sent_request(&mut self, method: Method) -> Request {
        match self.next_sent().message {
            Message::Request(request) => {
                assert_eq!(*request.method(), method);
                request
            }
            Message::Response(response) => panic!("{method} was expected, not {response:?}"),
        }
    }

    pub(crate) fn is_silent(&mut self) -> bool {
        self.drain();
        self.sent.is_empty()
    }

    pub(crate) fn event(&mut self) -> Event {
        self.drain();
        self.events.pop_front().expect("an event").1
    }

    pub(crate) fn ended(&mut self) -> LegEnd {
        self.drain();
        let at = self
            .events
            .iter()
            .position(|(_, event)| matches!(event, Event::Ended(_)));
        match self.events.remove(at.expect("the leg has ended")) {
            Some((_, Event::Ended(end))) => end,
            _ => unreachable!(),
        }
    }

    /// Everything is over once the timers have run.
    pub(crate) fn expect_nothing_left(&mut self) {
        self.wait(Duration::from_secs(3600));
        assert_eq!(self.endpoint.census(), hookflash_sip::Census::default());
    }
}

pub(crate) fn header<'a>(message: &'a Response, name: &'static str) -> &'a str {
    message
        .headers()
        .get(name)
        .unwrap_or_else(|| panic!("{name} in {message:?}"))
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
