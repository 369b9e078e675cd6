//! The called side of one call, written by hand: it rings, answers, refuses or says nothing.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::phone::{OFFER, Phone, Read};
use super::rtp::Handset;

/// A phone that is being called.
pub struct Callee<'a> {
    pub phone: &'a Phone,
    /// The INVITE that it answers: the latest.
    pub invite: RefCell<Read>,
    /// The tag of this fork.
    tag: String,
    cseq: Cell<u32>,
    contact: String,
}

impl<'a> Callee<'a> {
    /// Waits for the INVITE.
    pub async fn of(phone: &'a Phone) -> Callee<'a> {
        let invite = phone.request("INVITE").await;
        Callee::fork(phone, invite, "callee")
    }

    /// One of several that answer the same INVITE.
    pub fn fork(phone: &'a Phone, invite: Read, tag: &str) -> Callee<'a> {
        Callee {
            phone,
            invite: RefCell::new(invite),
            tag: tag.to_owned(),
            cseq: Cell::new(0),
            contact: format!("<sip:bob@{}>", phone.address),
        }
    }

    /// Waits for the INVITE that was sent again.
    pub async fn invited_again(&self) {
        let ack = self.phone.request("ACK").await;
        assert!(ack.header("To").unwrap().contains("tag="));
        *self.invite.borrow_mut() = self.phone.request("INVITE").await;
    }

    /// Answers the INVITE.
    pub fn respond(&self, status: u16, reason: &str, headers: &[(&str, &str)], body: &str) {
        let invite = self.invite.borrow().clone();
        self.respond_to(&invite, status, reason, headers, body);
    }

    pub fn respond_to(
        &self,
        request: &Read,
        status: u16,
        reason: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) {
        let mut text = format!("SIP/2.0 {status} {reason}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq", "Record-Route"] {
            let values = request
                .headers
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name));
            for (_, value) in values {
                let tag = match name {
                    "To" if status > 100 && !value.contains(";tag=") => {
                        format!(";tag={}", self.tag)
                    }
                    _ => String::new(),
                };
                text.push_str(&format!("{name}: {value}{tag}\r\n"));
            }
        }
        if !headers.iter().any(|(name, _)| *name == "Contact") {
            text.push_str(&format!("Contact: {}\r\n", self.contact));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.phone.post(text);
    }

    pub fn rings(&self) {
        self.respond(180, "Ringing", &[], "");
    }

    /// Refuses the call and waits for the ACK.
    pub async fn refuses(&self, status: u16) {
        self.respond(status, "No", &[], "");
        let ack = self.phone.request("ACK").await;
        assert_eq!(ack.branch(), self.invite.borrow().branch());
    }

    /// Answers and waits for the ACK.
    pub async fn answers(&self) {
        self.answers_with(OFFER).await;
    }

    /// Answers with a handset, whose audio flows from then on.
    pub async fn picks_up(&self, handset: &Handset) {
        let answer = handset.answer(&self.invite.borrow().body);
        self.answers_with(&answer).await;
    }

    pub async fn answers_with(&self, body: &str) {
        self.respond(200, "OK", &[], body);
        self.phone.request("ACK").await;
    }

    /// Answers the CANCEL and, as a phone does, the INVITE with 487.
    pub async fn is_cancelled(&self) {
        let cancel = self.phone.request("CANCEL").await;
        assert_eq!(cancel.branch(), self.invite.borrow().branch());
        self.respond_to(&cancel, 200, "OK", &[], "");
        self.refuses(487).await;
    }

    /// Sends a request within the dialog.
    pub fn send(&self, method: &str, headers: &[(&str, &str)], body: &str) {
        let invite = self.invite.borrow();
        let header = |name| invite.header(name).unwrap().to_owned();
        let target = header("Contact");
        let target = target.trim_start_matches('<').split('>').next().unwrap();
        let cseq = self.cseq.get() + 1;
        self.cseq.set(cseq);
        let mut text = format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {};branch=z9hG4bK-{}-{cseq};rport\r\nMax-Forwards: 70\r\n\
             From: {};tag={}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nContact: {}\r\n",
            self.phone.address,
            self.tag,
            header("To"),
            self.tag,
            header("From"),
            header("Call-ID"),
            self.contact,
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.phone.post(text);
    }

    /// Sends a NOTIFY of a REFER.
    pub fn notify(&self, state: &str, fragment: &str) {
        let headers = [
            ("Event", "refer"),
            ("Subscription-State", state),
            ("Content-Type", "message/sipfrag;version=2.0"),
        ];
        self.send("NOTIFY", &headers, fragment);
    }

    /// Lets time pass, answering what a polite phone answers by itself.
    pub async fn waits(&self, time: Duration) {
        self.phone.listen(time).await;
    }
}
