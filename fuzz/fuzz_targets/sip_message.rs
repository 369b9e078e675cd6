//! A datagram from anybody: read it, ask it everything, answer it, write it, read it again.

#![no_main]

use std::time::Instant;

use hookflash_sip::digest::{Credentials, DigestClient, DigestServer};
use hookflash_sip::header::{
    Allow, Contact, ContentType, Event, From, MinSe, RAck, RSeq, Reason, RecordRoute, ReferSub,
    ReferTo, ReferredBy, Replaces, RetryAfter, Route, SessionExpires, SubscriptionState,
    TargetDialog, To, TypedHeader, Via, Warning,
};
use hookflash_sip::{Headers, Message, Method, Name, Request, multipart_parts};
use libfuzzer_sys::fuzz_target;

fn list<'a, T: TypedHeader<'a> + 'a>(headers: &'a Headers) {
    let _ = headers.typed::<T>();
    let _ = headers.typed_list::<T>().count();
}

fn ask_everything(message: &Message) {
    let headers = message.headers();
    for from_to in [
        headers.typed::<From>().map(|f| *f),
        headers.typed::<To>().map(|t| *t),
    ] {
        if let Ok(address) = from_to {
            let _ = (address.display(), address.tag(), address.parsed_uri());
        }
    }
    for via in headers.typed_list::<Via>().flatten() {
        let _ = (
            via.branch(),
            via.received(),
            via.rport(),
            via.host_ip(),
            via.to_string(),
        );
    }
    for contact in headers.typed_list::<Contact>().flatten() {
        let _ = (contact.expires(), contact.q());
    }
    list::<Route>(headers);
    list::<RecordRoute>(headers);
    list::<Event>(headers);
    list::<SubscriptionState>(headers);
    list::<ReferTo>(headers);
    list::<ReferredBy>(headers);
    list::<ReferSub>(headers);
    list::<Replaces>(headers);
    list::<TargetDialog>(headers);
    list::<Reason>(headers);
    list::<Warning>(headers);
    list::<RetryAfter>(headers);
    list::<SessionExpires>(headers);
    list::<MinSe>(headers);
    list::<RAck>(headers);
    list::<RSeq>(headers);
    list::<Allow>(headers);
    list::<ContentType>(headers);
    if let Some(kind) = headers.get(Name::ContentType) {
        let _ = multipart_parts(kind, message.body());
    }
    let user = Credentials {
        username: "u".into(),
        password: "p".into(),
    };
    let _ = DigestClient::new([0; 16]).answer(headers, &Method::Invite, "sip:a@b", b"", &user);
    if let Some(value) = headers.get(Name::Authorization) {
        let now = Instant::now();
        let mut server = DigestServer::new("r", [0; 32], now);
        let verdict = server.verify(now, value, &Method::Invite, "sip:a@b", |_| None);
        assert!(verdict.is_err());
    }
}

fn lines(headers: &Headers) -> Vec<(String, String)> {
    let own = headers
        .iter()
        .filter(|(name, _)| *name != Name::ContentLength);
    own.map(|(name, value)| (name.to_string(), value.to_owned()))
        .collect()
}

fn answer(request: &Request) {
    let _ = request.validate();
    let mut stamped = request.clone();
    stamped.stamp_top_via(([192, 0, 2, 1], 5060).into());
    for status in [100, 200, 486] {
        let mut response = stamped.response_to(status, None, Some("t"));
        response.copy_record_route(request);
        let wire = response.to_bytes();
        let back = Message::parse_datagram(&wire).expect("what we write can be read");
        assert_eq!(lines(back.headers()), lines(response.headers()));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let message = match Message::parse_datagram(bytes) {
        Ok(message) => message,
        Err(error) => {
            assert!(error.offset <= bytes.len());
            if let Some(response) = error.answer(Some("t")) {
                let wire = response.to_bytes();
                Message::parse_datagram(&wire).expect("what we write can be read");
            }
            return;
        }
    };
    ask_everything(&message);
    let wire = message.to_bytes();
    match (&message, Message::parse_datagram(&wire)) {
        // Another version is written as ours: such a request is only ever answered.
        (_, Ok(back)) => {
            assert_eq!(lines(back.headers()), lines(message.headers()));
            assert_eq!(back.body(), message.body());
            assert_eq!(back.to_bytes(), wire);
        }
        (_, Err(error)) => panic!("{error}"),
    }
    if let Message::Request(request) = &message {
        answer(request);
    }
});
