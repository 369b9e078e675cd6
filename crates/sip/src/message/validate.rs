//! What makes a readable request unacceptable (RFC 3261 sections 8.1.1, 8.2 and 16.3).

use std::fmt;

use super::request::first_item;
use super::{Request, Response};
use crate::header::{CSeq, KnownNames, Name, NameAddr, TypedHeader, Via};
use crate::uri::{Scheme, UriRef};

/// Why a request is not acted upon, as the status to answer it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// The reason phrase, naming what is wrong.
    pub reason: &'static str,
    /// Headers that the answer must have beyond the usual ones.
    pub headers: Vec<(Name<'static>, String)>,
}

impl Refusal {
    /// A refusal without further headers.
    pub fn new(status: u16, reason: &'static str) -> Refusal {
        Refusal {
            status,
            reason,
            headers: Vec::new(),
        }
    }

    /// The response that refuses `request`.
    pub fn response_to(&self, request: &Request, to_tag: Option<&str>) -> Response {
        let mut response = request.response_to(self.status, Some(self.reason), to_tag);
        for (name, value) in &self.headers {
            response.headers_mut().push(*name, value);
        }
        response
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.reason)
    }
}

impl std::error::Error for Refusal {}

const SINGLE: &[(Name<'static>, &str)] = &[
    (Name::From, "Repeated From"),
    (Name::To, "Repeated To"),
    (Name::CallId, "Repeated Call-ID"),
    (Name::CSeq, "Repeated CSeq"),
    (Name::MaxForwards, "Repeated Max-Forwards"),
    (Name::ContentType, "Repeated Content-Type"),
    (Name::Event, "Repeated Event"),
    (Name::ReferTo, "Repeated Refer-To"),
    (Name::ReferredBy, "Repeated Referred-By"),
    (Name::Replaces, "Repeated Replaces"),
    (Name::SubscriptionState, "Repeated Subscription-State"),
    (Name::Expires, "Repeated Expires"),
    (Name::SessionExpires, "Repeated Session-Expires"),
];

const SINGLE_NAMES: KnownNames = {
    let mut names = KnownNames::NONE;
    let mut rest = SINGLE;
    while let [(name, _), after @ ..] = rest {
        if let Some(index) = name.index() {
            names = names.with(index);
        }
        rest = after;
    }
    names
};

impl Request {
    /// Checks what every request must fulfil before it is acted upon, whatever its method.
    ///
    /// The order is that of usefulness to the peer: version first, then the headers that make the
    /// answer find its way, then the rest.
    pub fn validate(&self) -> Result<(), Refusal> {
        let refuse = |status, reason| Err(Refusal::new(status, reason));
        if !self.is_known_version() {
            return refuse(505, "Version Not Supported");
        }
        let headers = self.headers();
        let via = headers.get(Name::Via).map(first_item).unwrap_or_default();
        if via.is_empty() {
            return refuse(400, "Missing Via");
        }
        if Via::parse(via).is_err() {
            return refuse(400, "Malformed Via");
        }
        for (name, missing, malformed) in [
            (Name::From, "Missing From", "Malformed From"),
            (Name::To, "Missing To", "Malformed To"),
        ] {
            match headers.get(name) {
                None => return refuse(400, missing),
                Some(value) if NameAddr::parse(value).is_err() => return refuse(400, malformed),
                Some(_) => {}
            }
        }
        if headers.get(Name::CallId).unwrap_or_default().is_empty() {
            return refuse(400, "Missing Call-ID");
        }
        match headers.get(Name::CSeq).map(CSeq::parse) {
            None => return refuse(400, "Missing CSeq"),
            Some(Err(_)) => return refuse(400, "Malformed CSeq"),
            Some(Ok(cseq)) if cseq.method != self.method().as_str() => {
                return refuse(400, "CSeq Method Mismatch");
            }
            Some(Ok(_)) => {}
        }
        let repeated = headers.repeated(SINGLE_NAMES);
        if let Some((_, reason)) = SINGLE.iter().find(|(name, _)| repeated == Some(*name)) {
            return refuse(400, reason);
        }
        // Absent in RFC 2543 requests and in the field; RFC 3261 section 16.3 forgives that.
        if let Some(hops) = headers.get(Name::MaxForwards)
            && !(hops.bytes().all(|b| b.is_ascii_digit()) && hops.parse::<u8>().is_ok())
        {
            return refuse(400, "Malformed Max-Forwards");
        }
        match UriRef::borrowed(self.uri()) {
            Err(_) => refuse(400, "Malformed Request-URI"),
            Ok(uri) if uri.scheme() == Scheme::Other => refuse(416, "Unsupported URI Scheme"),
            Ok(_) => Ok(()),
        }
    }
}
