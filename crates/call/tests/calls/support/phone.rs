//! A far end whose every message is written by hand, so that it can misbehave in any way.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::net::{Mailbox, Net};

/// A message as the phone reads it.
#[derive(Clone, Debug)]
pub struct Read {
    pub first_line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Read {
    fn parse(bytes: &[u8]) -> Read {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").expect("an end of the headers");
        let mut lines = head.split("\r\n");
        let first_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(':').expect("a header");
                (name.trim().to_owned(), value.trim().to_owned())
            })
            .collect();
        Read {
            first_line,
            headers,
            body: body.to_owned(),
        }
    }

    pub fn method(&self) -> &str {
        self.first_line.split(' ').next().unwrap_or_default()
    }

    /// The status of a response; 0 for a request.
    pub fn status(&self) -> u16 {
        match self.first_line.strip_prefix("SIP/2.0 ") {
            Some(rest) => rest
                .get(..3)
                .and_then(|code| code.parse().ok())
                .unwrap_or(0),
            None => 0,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn cseq_method(&self) -> &str {
        self.header("CSeq")
            .and_then(|cseq| cseq.split(' ').nth(1))
            .unwrap_or_default()
    }

    pub fn branch(&self) -> String {
        let via = self.header("Via").unwrap_or_default();
        via.split("branch=")
            .nth(1)
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .into()
    }
}

/// One call of one phone, seen from the phone.
pub struct Phone {
    net: Rc<Net>,
    pub address: SocketAddr,
    server: SocketAddr,
    mailbox: Rc<Mailbox>,
    seen: RefCell<Vec<String>>,
    requests: RefCell<VecDeque<Read>>,
    responses: RefCell<VecDeque<Read>>,
    pub call_id: String,
    pub from: String,
    to: RefCell<String>,
    target: RefCell<String>,
    cseq: Cell<u32>,
    branches: Cell<u32>,
    /// Every request of the server that was no retransmission, by method, in order.
    pub heard: RefCell<Vec<String>>,
    /// Answers BYE by itself.
    pub polite: Cell<bool>,
}

pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

impl Phone {
    pub fn new(net: &Rc<Net>, address: SocketAddr, server: SocketAddr, user: &str) -> Phone {
        Phone {
            net: Rc::clone(net),
            address,
            server,
            mailbox: net.add_raw(address),
            seen: RefCell::default(),
            requests: RefCell::default(),
            responses: RefCell::default(),
            call_id: format!("call-{}@phone.example", address.port()),
            from: format!("\"Alice\" <sip:{user}@phone.example>;tag=a1"),
            to: RefCell::new(format!("<sip:support@{server}>")),
            target: RefCell::new(format!("sip:support@{server}")),
            cseq: Cell::new(0),
            branches: Cell::new(0),
            heard: RefCell::default(),
            polite: Cell::new(true),
        }
    }

    /// Sends a request of this dialog and gives its CSeq number.
    pub fn send(&self, method: &str, headers: &[(&str, &str)], body: &str) -> u32 {
        let cseq = match method {
            "ACK" | "CANCEL" => self.cseq.get(),
            _ => self.cseq.get() + 1,
        };
        self.cseq.set(cseq);
        let branch = match method {
            "CANCEL" => self.branches.get(),
            _ => self.branches.get() + 1,
        };
        self.branches.set(branch);
        let mut text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK-{}-{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:alice@{}>\r\nAllow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY, UPDATE\r\n",
            self.target.borrow(),
            self.address,
            self.address.port(),
            self.from,
            self.to.borrow(),
            self.call_id,
            self.address,
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.net.send(self.address, self.server, text.into_bytes());
        cseq
    }

    /// Sends a message that is written already.
    pub fn post(&self, message: String) {
        self.net
            .send(self.address, self.server, message.into_bytes());
    }

    /// Answers a request of the server.
    pub fn answer(&self, request: &Read, status: u16, reason: &str, headers: &[(&str, &str)]) {
        let mut text = format!("SIP/2.0 {status} {reason}\r\n");
        for (name, value) in &request.headers {
            if ["Via", "From", "To", "Call-ID", "CSeq"]
                .iter()
                .any(|h| h.eq_ignore_ascii_case(name))
            {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text.push_str(&format!("Contact: <sip:alice@{}>\r\n", self.address));
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        self.net.send(self.address, self.server, text.into_bytes());
    }

    /// The next request of that method; others that came before it are dropped.
    pub async fn request(&self, method: &str) -> Read {
        loop {
            let found = {
                let mut requests = self.requests.borrow_mut();
                let at = requests
                    .iter()
                    .position(|request| request.method() == method);
                at.and_then(|at| requests.remove(at))
            };
            match found {
                Some(request) => return request,
                None => self.read().await,
            }
        }
    }

    /// Waits until the server hangs up.
    pub async fn hung_up(&self) {
        while self.count_heard("BYE") == 0 {
            self.read().await;
        }
    }

    /// The next final response to a request of that method.
    pub async fn response(&self, method: &str) -> Read {
        loop {
            let found = {
                let mut responses = self.responses.borrow_mut();
                let at = responses
                    .iter()
                    .position(|r| r.cseq_method() == method && r.status() >= 200);
                at.and_then(|at| responses.remove(at))
            };
            match found {
                Some(response) => return response,
                None => self.read().await,
            }
        }
    }

    /// A provisional response that has come in.
    pub fn provisional(&self, status: u16) -> Option<Read> {
        let responses = self.responses.borrow();
        responses
            .iter()
            .find(|response| response.status() == status)
            .cloned()
    }

    /// Whether a request of that method waits to be looked at, after everything that has come in
    /// was read.
    pub async fn has_request(&self, method: &str) -> bool {
        self.listen(Duration::ZERO).await;
        let requests = self.requests.borrow();
        requests.iter().any(|request| request.method() == method)
    }

    /// Whether a response of that status has come in.
    pub fn has_heard_status(&self, status: u16) -> bool {
        self.responses
            .borrow()
            .iter()
            .any(|response| response.status() == status)
    }

    /// Calls and acknowledges; gives the final response.
    pub async fn call(&self) -> Read {
        self.call_with(&[("Content-Type", "application/sdp")], OFFER)
            .await
    }

    pub async fn call_with(&self, headers: &[(&str, &str)], body: &str) -> Read {
        self.send("INVITE", headers, body);
        let response = self.response("INVITE").await;
        self.take_dialog(&response);
        if response.status() < 300 {
            self.send("ACK", &[], "");
        }
        response
    }

    /// Takes tag and target of the server from its response.
    pub fn take_dialog(&self, response: &Read) {
        if let Some(to) = response.header("To") {
            *self.to.borrow_mut() = to.to_owned();
        }
        if let Some(contact) = response.header("Contact") {
            let uri = contact
                .trim_start_matches('<')
                .split('>')
                .next()
                .unwrap_or_default();
            *self.target.borrow_mut() = uri.to_owned();
        }
    }

    pub fn notify(&self, event: &str, subscription: &str, fragment: &str) -> u32 {
        let mut headers = vec![("Event", event)];
        if !subscription.is_empty() {
            headers.push(("Subscription-State", subscription));
        }
        if !fragment.is_empty() {
            headers.push(("Content-Type", "message/sipfrag;version=2.0"));
        }
        self.send("NOTIFY", &headers, fragment)
    }

    /// Reads for a while, answering what a polite phone answers by itself.
    pub async fn listen(&self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while tokio::time::timeout_at(end, self.read()).await.is_ok() {}
    }

    /// Reads one message. Retransmissions are not read twice.
    async fn read(&self) {
        let bytes = loop {
            if let Some(bytes) = self.mailbox.waiting.borrow_mut().pop_front() {
                break bytes;
            }
            self.mailbox.arrived.notified().await;
        };
        let message = Read::parse(&bytes);
        if message.status() > 0 {
            self.responses.borrow_mut().push_back(message);
            return;
        }
        let name = format!("{} {}", message.method(), message.branch());
        if self.seen.borrow().contains(&name) {
            return;
        }
        self.seen.borrow_mut().push(name);
        self.heard.borrow_mut().push(message.method().to_owned());
        match message.method() {
            "BYE" | "OPTIONS" if self.polite.get() => self.answer(&message, 200, "OK", &[]),
            _ => self.requests.borrow_mut().push_back(message),
        }
    }

    /// Lets go of everything it has read.
    pub fn forget(&self) {
        self.mailbox.waiting.take();
        self.seen.take();
        self.requests.take();
        self.responses.take();
        self.heard.take();
    }

    pub fn count_heard(&self, method: &str) -> usize {
        self.heard
            .borrow()
            .iter()
            .filter(|heard| *heard == method)
            .count()
    }
}
