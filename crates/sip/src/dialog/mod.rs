//! Dialogs (RFC 3261 section 12): who talks to whom, by which way, in which order.
//!
//! A dialog knows nothing of the usages that share it. A call may end while a subscription in the
//! same dialog goes on (RFC 5057).

mod route_set;

use crate::header::{CSeq, Contact, Name, NameAddr, TypedHeader};
use crate::headers::Headers;
use crate::{Method, Request, Response};

pub(crate) use route_set::RouteSet;

/// A request with the knowledge of where it has to go first.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) request: Request,
    /// The first route is in the Request-URI already (RFC 3261 section 12.2.1.1).
    pub(crate) strict: bool,
}

impl Outgoing {
    /// Whether a proxy is on the way.
    pub(crate) fn is_routed(&self) -> bool {
        self.strict || self.request.headers().contains(Name::Route)
    }

    /// The URI of the next hop.
    pub(crate) fn next_hop(&self) -> &str {
        if self.strict {
            return self.request.uri();
        }
        let route = self.request.headers().get_list(Name::Route).next();
        let route = route.and_then(|route| NameAddr::parse(route).ok());
        route.map_or(self.request.uri(), |route| route.uri)
    }
}

/// One dialog, early or confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    call_id: Box<str>,
    // The addresses as they stand in From and To, tags included.
    local: Box<str>,
    remote: Box<str>,
    remote_target: Box<str>,
    routes: RouteSet,
    local_sequence: u32,
    remote_sequence: Option<u32>,
}

impl Dialog {
    /// The dialog that our answer to `invite` makes (RFC 3261 section 12.1.1).
    ///
    /// # Errors
    /// What is wrong with the INVITE, as a reason phrase for 400.
    pub(crate) fn of_request(invite: &Request, local_tag: &str) -> Result<Dialog, &'static str> {
        let headers = invite.headers();
        let target = target_of(headers).ok_or("Missing Or Malformed Contact")?;
        let cseq = headers.typed::<CSeq<'_>>().map_err(|_| "Malformed CSeq")?;
        Ok(Dialog {
            call_id: headers.get(Name::CallId).unwrap_or_default().into(),
            local: format!(
                "{};tag={local_tag}",
                headers.get(Name::To).unwrap_or_default()
            )
            .into(),
            remote: headers.get(Name::From).unwrap_or_default().into(),
            remote_target: target.into(),
            routes: RouteSet::of_request(headers),
            local_sequence: 0,
            remote_sequence: Some(cseq.number),
        })
    }

    /// The dialog that an answer to our INVITE makes (RFC 3261 section 12.1.2). `local` is our
    /// From with its tag, `sequence` the highest number used.
    pub(crate) fn of_response(
        response: &Response,
        local: &str,
        sequence: u32,
        request_uri: &str,
    ) -> Dialog {
        let headers = response.headers();
        Dialog {
            call_id: headers.get(Name::CallId).unwrap_or_default().into(),
            local: local.into(),
            remote: headers.get(Name::To).unwrap_or_default().into(),
            // Provisional answers of old peers lack Contact.
            remote_target: target_of(headers).unwrap_or(request_uri).into(),
            routes: RouteSet::of_response(headers),
            local_sequence: sequence,
            remote_sequence: None,
        }
    }

    /// The 2xx settles what a provisional answer may have left open (RFC 3261 section 13.2.2.4).
    pub(crate) fn confirm(&mut self, response: &Response) {
        self.routes = RouteSet::of_response(response.headers());
        self.refresh_target(response.headers());
    }

    /// Whether a request belongs to this dialog; our tag has been found already.
    pub(crate) fn matches(&self, headers: &Headers) -> bool {
        let from = headers.get(Name::From).unwrap_or_default();
        headers.get(Name::CallId) == Some(&*self.call_id)
            && (from == &*self.remote || tag_of(from) == self.remote_tag())
    }

    /// The peer's tag; missing with peers of RFC 2543.
    pub(crate) fn remote_tag(&self) -> Option<&str> {
        tag_of(&self.remote)
    }

    /// The number of our last request.
    pub(crate) fn local_sequence(&self) -> u32 {
        self.local_sequence
    }

    /// A request of ours with the next number (RFC 3261 section 12.2.1.1).
    pub(crate) fn request(&mut self, method: Method) -> Outgoing {
        self.local_sequence += 1;
        self.numbered(method, self.local_sequence)
    }

    /// The ACK for a 2xx: it has its INVITE's number (RFC 3261 section 13.2.2.4).
    pub(crate) fn ack(&self, invite_sequence: u32) -> Outgoing {
        self.numbered(Method::Ack, invite_sequence)
    }

    /// Whether the first proxy routes strictly.
    pub(crate) fn is_strict(&self) -> bool {
        self.routes.is_strict()
    }

    /// Gives a request that was refused its next number, so that it can be sent again.
    pub(crate) fn renumber(&mut self, request: &mut Request) -> u32 {
        self.local_sequence += 1;
        let cseq = format!("{} {}", self.local_sequence, request.method());
        request.headers_mut().set(Name::CSeq, &cseq);
        self.local_sequence
    }

    fn numbered(&self, method: Method, sequence: u32) -> Outgoing {
        let cseq = format!("{sequence} {method}");
        let (mut request, strict) = self.routes.request(method, &self.remote_target);
        let headers = request.headers_mut();
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, &self.local);
        headers.push(Name::To, &self.remote);
        headers.push(Name::CallId, &self.call_id);
        headers.push(Name::CSeq, &cseq);
        Outgoing { request, strict }
    }

    /// Notes the number of a request of the peer; false when it came too late (RFC 3261 section
    /// 12.2.2).
    pub(crate) fn accept_sequence(&mut self, number: u32) -> bool {
        if self.remote_sequence.is_some_and(|last| number < last) {
            return false;
        }
        self.remote_sequence = Some(number);
        true
    }

    /// Follows the Contact of a target refresh request or its 2xx (RFC 3261 section 12.2).
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = target_of(headers)
            && target != &*self.remote_target
        {
            self.remote_target = target.into();
        }
    }
}

fn target_of(headers: &Headers) -> Option<&str> {
    let contact = headers.get_list(Name::Contact).next()?;
    Some(Contact::parse(contact).ok()?.address()?.uri)
}

/// The tag in a From or To value.
pub(crate) fn tag_of(address: &str) -> Option<&str> {
    NameAddr::parse(address).ok()?.tag()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    fn invite(extra: &str) -> Request {
        let text = format!(
            "INVITE sip:us@here SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\n\
             From: \"A\" <sip:a@h>;tag=far\nTo: <sip:us@here>\nCall-ID: c1\nCSeq: 7 INVITE\n{extra}\n"
        );
        match Message::parse_datagram(text.replace('\n', "\r\n").as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a response"),
        }
    }

    #[test]
    fn c21_as_uas_routes_keep_the_order_of_record_route() {
        let invite =
            invite("Record-Route: <sip:p2;lr>, <sip:p1;lr>\nContact: <sip:a@10.0.0.1:5080>\n");
        let mut dialog = Dialog::of_request(&invite, "near").unwrap();
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.request.uri(), "sip:a@10.0.0.1:5080");
        let routes: Vec<_> = bye.request.headers().get_list(Name::Route).collect();
        assert_eq!(routes, ["<sip:p2;lr>", "<sip:p1;lr>"]);
        assert_eq!(bye.next_hop(), "sip:p2;lr");
        assert_eq!(
            bye.request.headers().get(Name::From),
            Some("<sip:us@here>;tag=near")
        );
        assert_eq!(
            bye.request.headers().get(Name::To),
            Some("\"A\" <sip:a@h>;tag=far")
        );
    }

    #[test]
    fn c21_as_uac_routes_are_reversed_and_a_strict_router_takes_the_request_uri() {
        let mut ok = Response::new(200, None);
        for (name, value) in [
            (Name::RecordRoute, "<sip:p2;lr>"),
            (Name::RecordRoute, "<sip:p1:5070;transport=udp>"),
            (Name::To, "<sip:b@h>;tag=far"),
            (Name::CallId, "c"),
            (Name::Contact, "<sip:b@10.0.0.2>"),
        ] {
            ok.headers_mut().push(name, value);
        }
        let mut dialog = Dialog::of_response(&ok, "<sip:a@h>;tag=near", 1, "sip:b@h");
        let refer = dialog.request(Method::Refer);
        assert_eq!(refer.request.uri(), "sip:p1:5070;transport=udp");
        let routes: Vec<_> = refer.request.headers().get_list(Name::Route).collect();
        assert_eq!(routes, ["<sip:p2;lr>", "<sip:b@10.0.0.2>"]);
        assert_eq!(refer.next_hop(), "sip:p1:5070;transport=udp");
    }

    #[test]
    fn c22_every_request_takes_the_next_number_and_ack_takes_none() {
        let invite = invite("Contact: <sip:a@h>\n");
        let mut dialog = Dialog::of_request(&invite, "near").unwrap();
        let first = dialog.request(Method::Refer);
        let ack = dialog.ack(1);
        let second = dialog.request(Method::Bye);
        let cseq = |outgoing: &Outgoing| {
            outgoing
                .request
                .headers()
                .get(Name::CSeq)
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            [cseq(&first), cseq(&ack), cseq(&second)],
            ["1 REFER", "1 ACK", "2 BYE"]
        );
    }

    #[test]
    fn c51_a_lower_number_is_refused_and_a_gap_is_not() {
        let mut dialog = Dialog::of_request(&invite("Contact: <sip:a@h>\n"), "near").unwrap();
        assert!(dialog.accept_sequence(900));
        assert!(!dialog.accept_sequence(8));
        assert!(dialog.accept_sequence(901));
    }

    #[test]
    fn c54_a_contact_moves_the_target_and_not_the_routes() {
        let first = invite("Record-Route: <sip:p;lr>\nContact: <sip:a@h>\n");
        let mut dialog = Dialog::of_request(&first, "near").unwrap();
        dialog.refresh_target(invite("Contact: <sip:new@h>\nRecord-Route: <sip:q;lr>\n").headers());
        let bye = dialog.request(Method::Bye);
        assert_eq!(
            (bye.request.uri(), bye.next_hop()),
            ("sip:new@h", "sip:p;lr")
        );
    }
}
