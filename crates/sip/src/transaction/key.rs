//! What a transaction is known by (RFC 3261 sections 17.1.3 and 17.2.3).

use std::hash::{DefaultHasher, Hasher};

use crate::header::{Name, NameAddr, Via};
use crate::{Method, Request, Response};

/// How every branch since RFC 3261 begins.
const BRANCH_COOKIE: &str = "z9hG4bK";

const SERVER: u64 = 1;
const CANCEL: u64 = 2;
const ATTEMPT_SHIFT: u32 = 2;
const ATTEMPT: u64 = 0b111 << ATTEMPT_SHIFT;

/// Names a transaction. A client's is the number in its branch, a server's a keyed hash of what
/// the RFC matches by; the lowest bits keep the kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TransactionId(pub(crate) u64);

impl TransactionId {
    /// A client transaction from a random number.
    pub(crate) fn client(random: u64) -> TransactionId {
        TransactionId(random & !(SERVER | CANCEL | ATTEMPT))
    }

    /// The CANCEL of an INVITE: it shares the branch (RFC 3261 section 9.1).
    pub(crate) fn cancel(self) -> TransactionId {
        TransactionId(self.0 | CANCEL)
    }

    pub(crate) fn is_server(self) -> bool {
        self.0 & SERVER != 0
    }

    /// The branch parameter of a client transaction. Each way that is tried gets a branch of its
    /// own (RFC 3263 section 4.3), and all lead back here.
    pub(crate) fn branch(self, attempt: u8) -> String {
        let attempt = (u64::from(attempt) << ATTEMPT_SHIFT) & ATTEMPT;
        format!("{BRANCH_COOKIE}{:016x}", self.0 & !CANCEL | attempt)
    }

    /// The client transaction that a response belongs to, if it may be one of ours, and which of
    /// its ways was answered.
    pub(crate) fn of_response(response: &Response) -> Option<(TransactionId, u8)> {
        let via = response.headers().typed::<Via<'_>>().ok()?;
        let digits = via
            .branch()?
            .strip_prefix(BRANCH_COOKIE)
            .filter(|d| d.len() == 16)?;
        let number = u64::from_str_radix(digits, 16).ok()?;
        let attempt = ((number & ATTEMPT) >> ATTEMPT_SHIFT) as u8;
        let id = TransactionId(number & !(SERVER | CANCEL | ATTEMPT));
        let method = response
            .headers()
            .get(Name::CSeq)?
            .rsplit([' ', '\t'])
            .next()?;
        let id = if method == "CANCEL" { id.cancel() } else { id };
        Some((id, attempt))
    }
}

/// Makes server transactions' ids. Keyed, so that a peer cannot make two requests meet.
pub(crate) struct TransactionKeys {
    secret: u64,
}

impl TransactionKeys {
    pub(crate) fn new(secret: u64) -> TransactionKeys {
        TransactionKeys { secret }
    }

    /// The transaction of a request; an ACK and a CANCEL give that of their INVITE when `method`
    /// says so.
    pub(crate) fn server(&self, request: &Request, method: &Method) -> TransactionId {
        let mut hash = self.hasher();
        let headers = request.headers();
        let via = headers.typed::<Via<'_>>();
        let branch = via.as_ref().ok().and_then(Via::branch);
        match branch.filter(|branch| branch.starts_with(BRANCH_COOKIE)) {
            Some(branch) => add(&mut hash, branch),
            None => {
                // A peer of RFC 2543: its requests are told apart by everything that an ACK and a
                // CANCEL repeat. The To tag is left out because an ACK has ours.
                add(&mut hash, headers.get(Name::CallId).unwrap_or_default());
                add(
                    &mut hash,
                    tag_of(headers.get(Name::From)).unwrap_or_default(),
                );
                add(&mut hash, cseq_number(request));
                add(&mut hash, request.uri());
            }
        }
        if let Ok(via) = &via {
            hash.write(via.host.to_ascii_lowercase().as_bytes());
            hash.write_u16(via.port.unwrap_or(0));
        }
        add(&mut hash, method.as_str());
        TransactionId(hash.finish() | SERVER)
    }

    /// What two copies of a request that took different ways have in common (RFC 3261 section
    /// 8.2.2.2).
    pub(crate) fn merged(&self, request: &Request) -> u64 {
        let mut hash = self.hasher();
        let headers = request.headers();
        add(&mut hash, headers.get(Name::CallId).unwrap_or_default());
        add(
            &mut hash,
            tag_of(headers.get(Name::From)).unwrap_or_default(),
        );
        add(&mut hash, headers.get(Name::CSeq).unwrap_or_default());
        hash.finish()
    }

    fn hasher(&self) -> DefaultHasher {
        let mut hash = DefaultHasher::new();
        hash.write_u64(self.secret);
        hash
    }
}

fn add(hash: &mut DefaultHasher, text: &str) {
    hash.write(text.as_bytes());
    hash.write_u8(0xff);
}

fn tag_of(address: Option<&str>) -> Option<&str> {
    NameAddr::parse(address?).ok()?.tag()
}

fn cseq_number(request: &Request) -> &str {
    let cseq = request.headers().get(Name::CSeq).unwrap_or_default();
    cseq.split([' ', '\t']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    fn request(text: &str) -> Request {
        match Message::parse_datagram(text.replace('\n', "\r\n").as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a response"),
        }
    }

    #[test]
    fn the_same_branch_from_another_sender_is_another_transaction() {
        let keys = TransactionKeys::new(7);
        let id = |sender: &str| {
            let text =
                format!("BYE sip:a@b SIP/2.0\nVia: SIP/2.0/UDP {sender};branch=z9hG4bK1\n\n");
            keys.server(&request(&text), &Method::Bye)
        };
        assert_eq!(id("host.example:5060"), id("HOST.example:5060"));
        assert_ne!(id("host.example:5060"), id("host.example:5062"));
    }

    #[test]
    fn requests_without_the_cookie_are_told_apart_by_call_id_sequence_and_sender() {
        let keys = TransactionKeys::new(7);
        let id = |method: &str, number: u32| {
            let text = format!(
                "{method} sip:a@b SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: <sip:a@h>;tag=1\n\
                 Call-ID: c\nCSeq: {number} {method}\n\n"
            );
            keys.server(&request(&text), &Method::Invite)
        };
        assert_eq!(id("INVITE", 1), id("ACK", 1));
        assert_ne!(id("INVITE", 1), id("INVITE", 2));
    }

    #[test]
    fn a_response_leads_back_to_the_branch_and_a_cancels_to_the_cancel() {
        let id = TransactionId::client(0xfeed_beef_0123_4567);
        let mut response = Response::new(200, None);
        response
            .headers_mut()
            .push(Name::Via, &format!("SIP/2.0/UDP h;branch={}", id.branch(3)));
        response.headers_mut().push(Name::CSeq, "1 CANCEL");
        assert_eq!(
            TransactionId::of_response(&response),
            Some((id.cancel(), 3))
        );
        response.headers_mut().set(Name::CSeq, "1 INVITE");
        assert_eq!(TransactionId::of_response(&response), Some((id, 3)));
    }
}
