//! A peer that writes its SIP by hand.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use hookflash_sip::digest::{Credentials, DigestClient};
use hookflash_sip::{Headers, Method, Name};

pub(crate) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n\
                       t=0 0\r\nm=audio 20000 RTP/AVP 0 8\r\na=sendrecv\r\n";

/// Where a request stands: of which call, over which transport, with which number.
pub(crate) struct Place<'a> {
    pub(crate) uri: &'a str,
    /// `SIP/2.0/UDP host:port`.
    pub(crate) via: &'a str,
    pub(crate) call_id: &'a str,
    pub(crate) cseq: u32,
    pub(crate) to_tag: &'a str,
}

/// What a request says of its sender.
const FROM: &str = "<sip:alice@127.0.0.1>";

/// A request as text. The branch is made of call and sequence number, so that one sent twice is
/// a retransmission.
pub(crate) fn request(method: &str, place: &Place<'_>, more: &str, body: &str) -> String {
    let Place {
        uri,
        via,
        call_id,
        cseq,
        to_tag,
    } = place;
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    let host = via.split_once(' ').unwrap().1;
    format!(
        "{method} {uri} SIP/2.0\r\nVia: {via};branch=z9hG4bK{call_id}{cseq}{method};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:alice@127.0.0.1>;tag=peer\r\nTo: <{uri}>{to_tag}\r\n\
         Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:alice@{host}>\r\n\
         {more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The value of a header in a message.
pub(crate) fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().find_map(|line| {
        let (left, right) = line.split_once(':')?;
        left.trim().eq_ignore_ascii_case(name).then(|| right.trim())
    })
}

pub(crate) fn status(message: &str) -> u16 {
    let code = message
        .strip_prefix("SIP/2.0 ")
        .and_then(|rest| rest.get(..3));
    code.and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// What a header of a request answers a challenge with.
pub(crate) fn authorization(
    challenge: &str,
    method: &Method,
    uri: &str,
    body: &str,
    (username, password): (&str, &str),
) -> String {
    let mut challenges = Headers::default();
    let value = header(challenge, "WWW-Authenticate").unwrap();
    challenges.push(Name::WwwAuthenticate, value);
    let credentials = Credentials {
        username: username.into(),
        password: password.into(),
    };
    let answer = DigestClient::new(rand::random())
        .answer(&challenges, method, uri, body.as_bytes(), &credentials)
        .unwrap();
    format!("Authorization: {}\r\n", answer[0].1)
}

/// A response as text. Whoever answers gives the dialog a tag.
pub(crate) fn response(request: &str, code: &str, more: &str, body: &str) -> String {
    let mut text = format!("SIP/2.0 {code}\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let value = header(request, name).unwrap();
        let tag = match name {
            "To" if !value.contains(";tag=") => ";tag=callee",
            _ => "",
        };
        text.push_str(&format!("{name}: {value}{tag}\r\n"));
    }
    format!("{text}{more}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// A UDP peer with at most one call at a time.
pub(crate) struct Peer {
    socket: UdpSocket,
    server: SocketAddr,
    pub(crate) call_id: String,
    uri: String,
    to_tag: String,
    contact: String,
    cseq: u32,
    from: String,
    own_contact: Option<SocketAddr>,
    /// What was received: under load anything may be sent a second time.
    seen: RefCell<HashSet<Vec<u8>>>,
}

impl Peer {
    pub(crate) fn of(server: SocketAddr, call_id: &str) -> Peer {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Peer {
            socket,
            server,
            call_id: call_id.to_owned(),
            uri: format!("sip:support@{server}"),
            to_tag: String::new(),
            contact: String::new(),
            cseq: 1,
            from: FROM.to_owned(),
            own_contact: None,
            seen: RefCell::default(),
        }
    }

    /// The same socket, for calls to that server.
    pub(crate) fn turning_to(self, server: SocketAddr, call_id: &str) -> Peer {
        let peer = Peer::of(server, call_id);
        Peer {
            socket: self.socket,
            seen: self.seen,
            ..peer
        }
    }

    /// Calls itself this in From.
    pub(crate) fn showing(mut self, from: &str) -> Peer {
        from.clone_into(&mut self.from);
        self
    }

    /// Says in its Contact that it is there.
    pub(crate) fn contact_at(&mut self, address: SocketAddr) -> &mut Peer {
        self.own_contact = Some(address);
        self
    }

    pub(crate) fn calling(mut self, user: &str) -> Peer {
        self.uri = format!("sip:{user}@{}", self.server);
        self
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// Forgets the answer to an INVITE, so that the next one begins anew.
    pub(crate) fn forget(&mut self) {
        self.to_tag.clear();
        self.cseq += 1;
    }

    fn via(&self) -> String {
        format!("SIP/2.0/UDP {}", self.socket.local_addr().unwrap())
    }

    pub(crate) fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.server).unwrap();
    }

    /// The next message that is no repetition of an earlier one.
    pub(crate) fn receive(&self) -> String {
        self.receive_from().0
    }

    fn receive_from(&self) -> (String, SocketAddr) {
        let mut bytes = [0; 65_535];
        loop {
            let (length, from) = self
                .socket
                .recv_from(&mut bytes)
                .expect("the server said nothing");
            let message = &bytes[..length];
            if self.seen.borrow_mut().insert(message.to_vec()) {
                return (String::from_utf8_lossy(message).into_owned(), from);
            }
        }
    }

    /// The next message that is no provisional answer and no repetition of `than`.
    pub(crate) fn next(&self, than: &str) -> String {
        loop {
            let message = self.receive();
            if !(100..200).contains(&status(&message)) && message != than {
                return message;
            }
        }
    }

    pub(crate) fn ask(&self, method: &str, more: &str, body: &str) -> String {
        let via = self.via();
        let tag = &self.to_tag;
        let target = if self.contact.is_empty() {
            &self.uri
        } else {
            &self.contact
        };
        let place = Place {
            uri: target,
            via: &via,
            call_id: &self.call_id,
            cseq: self.cseq,
            to_tag: tag,
        };
        let text = request(method, &place, more, body).replace(FROM, &self.from);
        match self.own_contact {
            Some(address) => {
                let own = format!("<sip:alice@{}>", self.address());
                text.replace(&own, &format!("<sip:alice@{address}>"))
            }
            None => text,
        }
    }

    /// Sends an INVITE and returns the final answer, acknowledged.
    pub(crate) fn invite(&mut self, more: &str) -> String {
        self.invite_with(more, SDP)
    }

    /// Sends an INVITE with this offer and returns the final answer, acknowledged.
    pub(crate) fn invite_with(&mut self, more: &str, sdp: &str) -> String {
        let more = format!("Content-Type: application/sdp\r\n{more}");
        self.send(&self.ask("INVITE", &more, sdp));
        let answer = self.next("");
        let to = header(&answer, "To").unwrap();
        self.to_tag = to.split_once(";tag=").map_or("", |(_, tag)| tag).to_owned();
        if let Some(contact) = header(&answer, "Contact").filter(|_| status(&answer) == 200) {
            contact
                .trim_matches(['<', '>'])
                .clone_into(&mut self.contact);
        }
        self.send(&self.ask("ACK", "", ""));
        answer
    }

    /// Waits for a request of the server, answers it, and returns it.
    pub(crate) fn take(&self, method: &str, than: &str, code: &str) -> String {
        let message = self.next(than);
        assert!(
            message.starts_with(&format!("{method} ")),
            "not {method}: {message}"
        );
        self.answer(&message, code);
        message
    }

    /// Waits for a request of a server that this peer does not know yet.
    pub(crate) fn request(&mut self, method: &str) -> String {
        loop {
            let (message, from) = self.receive_from();
            if message.starts_with(&format!("{method} ")) {
                self.server = from;
                return message;
            }
        }
    }

    pub(crate) fn answer(&self, request: &str, code: &str) {
        self.answer_with(request, code, "");
    }

    /// Answers with further header lines.
    pub(crate) fn answer_with(&self, request: &str, code: &str, more: &str) {
        self.answer_whole(request, code, more, "");
    }

    /// Takes a call of the server.
    pub(crate) fn accept(&self, invite: &str) {
        let contact = format!("Contact: <sip:alice@{}>\r\n", self.address());
        let more = format!("{contact}Content-Type: application/sdp\r\n");
        self.answer_whole(invite, "200 OK", &more, SDP);
    }

    fn answer_whole(&self, request: &str, code: &str, more: &str, body: &str) {
        self.send(&response(request, code, more, body));
    }

    pub(crate) fn bye(&mut self) -> String {
        self.cseq += 1;
        self.send(&self.ask("BYE", "", ""));
        self.next("")
    }
}
