//! Registrations: ours with a registrar written by hand, and those of others with us.

use hookflash_sip::digest::DigestServer;
use hookflash_sip::registrar::{Registrar, RegistrarLimits, address_of_record};
use hookflash_sip::{
    ConnectionId, Credentials, EndpointConfig, LegEnd, Method, OutgoingInvite,
    OutgoingRegistration, RegistrationEvent, RegistrationFailure, RegistrationId, Request,
    Transport,
};

use crate::pair::{Pair, credentials, sdp, side_config};
use crate::raw::{Raw, SDP, config, seconds};

fn registration() -> OutgoingRegistration {
    OutgoingRegistration {
        registrar: "sip:10.0.0.9".to_owned(),
        aor: "<sip:trunk@10.0.0.9>".to_owned(),
        credentials: vec![credentials()],
        ..OutgoingRegistration::default()
    }
}

fn register(raw: &mut Raw) -> RegistrationId {
    raw.endpoint.register(raw.now, registration()).unwrap()
}

fn news(raw: &mut Raw) -> Vec<RegistrationEvent> {
    std::iter::from_fn(|| raw.endpoint.poll_registration())
        .map(|(_, event)| event)
        .collect()
}

fn value(request: &Request, name: &'static str) -> String {
    request.headers().get(name).unwrap().to_owned()
}

/// Waits for the next REGISTER, to the second.
fn next_register(raw: &mut Raw) -> Request {
    while raw.is_silent() {
        raw.wait(seconds(1));
    }
    let request = raw.sent_request(Method::Register);
    raw.sent.clear();
    request
}

/// The registrar accepts, with our Contact among others.
fn accept(raw: &mut Raw, request: &Request, expires: u32) {
    let ours = value(request, "Contact");
    let ours = ours.split(';').next().unwrap().to_owned();
    let contacts = format!(
        "Contact: <sip:trunk@192.0.2.4>;expires=9, {ours};expires={expires}, <sip:x@h>;expires=7\n"
    );
    raw.respond(request, 200, &contacts, "");
}

#[test]
fn we_register_and_refresh_before_our_own_contact_expires() {
    let mut raw = Raw::new();
    register(&mut raw);
    let first = raw.sent_request(Method::Register);
    assert_eq!(first.uri(), "sip:10.0.0.9");
    assert_eq!(
        value(&first, "Contact"),
        "<sip:trunk@10.0.0.1:5060>;expires=3600"
    );
    accept(&mut raw, &first, 600);
    let [
        RegistrationEvent::Registered {
            expires, bindings, ..
        },
    ] = news(&mut raw)[..]
    else {
        panic!("not registered")
    };
    assert_eq!((expires, bindings), (seconds(600), 3));
    let registered = raw.now;
    raw.wait(seconds(449));
    assert!(raw.is_silent());
    let second = next_register(&mut raw);
    assert!(raw.now - registered <= seconds(541));
    assert_eq!(value(&second, "Call-ID"), value(&first, "Call-ID"));
    assert_eq!(value(&second, "CSeq"), "2 REGISTER");
    accept(&mut raw, &second, 600);
    assert!(matches!(
        news(&mut raw)[..],
        [RegistrationEvent::Registered { .. }]
    ));
}

#[test]
fn the_moment_of_the_refresh_differs_from_one_to_the_next() {
    let mut raw = Raw::new();
    for _ in 0..10 {
        register(&mut raw);
        let request = raw.sent_request(Method::Register);
        accept(&mut raw, &request, 1000);
    }
    let mut moments = std::collections::BTreeSet::new();
    let start = raw.now;
    while moments.len() < 10 {
        let next = raw.endpoint.poll_timeout().unwrap();
        raw.wait(next - raw.now);
        while let Some(sent) = raw.sent.pop_front() {
            moments.insert((raw.now - start).as_millis());
            let hookflash_sip::Message::Request(request) = sent.message else {
                panic!()
            };
            accept(&mut raw, &request, 4000);
        }
        assert!(raw.now - start < seconds(901));
    }
    assert!(moments.first() >= Some(&750_000));
}

#[test]
fn a_challenge_is_answered_and_the_nonce_kept_for_the_refresh() {
    let mut raw = Raw::new();
    register(&mut raw);
    let first = raw.sent_request(Method::Register);
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\n";
    raw.respond(&first, 401, challenge, "");
    let second = raw.sent_request(Method::Register);
    assert!(value(&second, "Authorization").contains("nc=00000001"));
    accept(&mut raw, &second, 600);
    let refresh = next_register(&mut raw);
    assert!(value(&refresh, "Authorization").contains("nc=00000002"));
    let stale = challenge
        .replace("n1", "n2")
        .replace("qop", "stale=true, qop");
    raw.respond(&refresh, 401, &stale, "");
    let again = raw.sent_request(Method::Register);
    assert!(value(&again, "Authorization").contains("nonce=\"n2\""));
    accept(&mut raw, &again, 600);
    assert_eq!(news(&mut raw).len(), 2);
}

#[test]
fn refused_credentials_are_tried_again_only_now_and_then() {
    let mut raw = Raw::new();
    register(&mut raw);
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\n";
    for _ in 0..2 {
        let request = raw.sent_request(Method::Register);
        raw.respond(&request, 401, challenge, "");
    }
    assert!(raw.is_silent());
    let [
        RegistrationEvent::Failed {
            failure,
            retry_in,
            is_still_bound,
        },
    ] = &news(&mut raw)[..]
    else {
        panic!("no failure")
    };
    assert_eq!(*failure, RegistrationFailure::Refused(401));
    assert!(*retry_in >= seconds(150) && !is_still_bound);
}

#[test]
fn an_interval_too_brief_is_lengthened_and_never_for_ever() {
    let mut raw = Raw::new();
    let mut wanted = registration();
    wanted.expires = seconds(60);
    raw.endpoint.register(raw.now, wanted).unwrap();
    for least in [120, 240, 480] {
        let request = raw.sent_request(Method::Register);
        raw.respond(&request, 423, &format!("Min-Expires: {least}\n"), "");
    }
    assert!(raw.is_silent());
    let failed = RegistrationFailure::Refused(423);
    assert!(
        matches!(&news(&mut raw)[..], [RegistrationEvent::Failed { failure, .. }]
            if *failure == failed)
    );
    let request = next_register(&mut raw);
    assert!(value(&request, "Contact").ends_with(";expires=240"));
}

#[test]
fn pauses_grow_while_nobody_answers_and_end_with_the_first_success() {
    let mut raw = Raw::new();
    register(&mut raw);
    let mut pauses = Vec::new();
    while pauses.len() < 9 {
        raw.wait(seconds(10));
        raw.sent.clear();
        for event in news(&mut raw) {
            let RegistrationEvent::Failed {
                failure, retry_in, ..
            } = event
            else {
                panic!("{event:?}")
            };
            assert_eq!(failure, RegistrationFailure::NoAnswer);
            pauses.push(retry_in.as_secs());
        }
    }
    assert!(
        (15..=30).contains(&pauses[0]) && (30..=60).contains(&pauses[1]),
        "{pauses:?}"
    );
    assert!(pauses.iter().all(|pause| *pause <= 1800) && pauses[8] >= 900);
    let request = next_register(&mut raw);
    accept(&mut raw, &request, 600);
    raw.sent.clear();
    let refresh = next_register(&mut raw);
    raw.respond(&refresh, 500, "", "");
    let Some(RegistrationEvent::Failed {
        retry_in,
        is_still_bound,
        ..
    }) = news(&mut raw).pop()
    else {
        panic!("no failure")
    };
    assert!(retry_in <= seconds(30) && is_still_bound);
}

#[test]
fn retry_after_is_honoured() {
    let mut raw = Raw::new();
    register(&mut raw);
    let request = raw.sent_request(Method::Register);
    raw.respond(&request, 503, "Retry-After: 200\n", "");
    let [RegistrationEvent::Failed { retry_in, .. }] = news(&mut raw)[..] else {
        panic!("no failure")
    };
    assert_eq!(retry_in, seconds(200));
}

#[test]
fn an_answer_without_our_contact_is_no_registration() {
    let mut raw = Raw::new();
    register(&mut raw);
    let request = raw.sent_request(Method::Register);
    raw.respond(
        &request,
        200,
        "Contact: <sip:other@192.0.2.4>;expires=600\n",
        "",
    );
    assert!(matches!(
        news(&mut raw)[..],
        [RegistrationEvent::Failed {
            failure: RegistrationFailure::NotBound,
            ..
        }]
    ));
}

#[test]
fn a_contact_that_the_registrar_rewrote_is_known_by_its_user() {
    let mut raw = Raw::new();
    register(&mut raw);
    let request = raw.sent_request(Method::Register);
    let rewritten = "Contact: <sip:trunk@203.0.113.5:61000>;expires=300\n";
    raw.respond(&request, 200, rewritten, "");
    let [RegistrationEvent::Registered { expires, .. }] = news(&mut raw)[..] else {
        panic!("not registered")
    };
    assert_eq!(expires, seconds(300));
}

#[test]
fn a_registrar_that_grants_a_second_is_not_asked_every_second() {
    let mut raw = Raw::new();
    register(&mut raw);
    let request = raw.sent_request(Method::Register);
    accept(&mut raw, &request, 1);
    raw.wait(seconds(4));
    assert!(raw.is_silent());
}

#[test]
fn unregistering_takes_the_binding_away_and_leaves_nothing() {
    let mut raw = Raw::new();
    let id = register(&mut raw);
    let request = raw.sent_request(Method::Register);
    accept(&mut raw, &request, 600);
    news(&mut raw);
    raw.endpoint.unregister(raw.now, id);
    let leaving = raw.sent_request(Method::Register);
    assert_eq!(
        value(&leaving, "Contact"),
        "<sip:trunk@10.0.0.1:5060>;expires=0"
    );
    raw.respond(&leaving, 200, "", "");
    assert_eq!(news(&mut raw), [RegistrationEvent::Ended]);
    raw.expect_nothing_left();
}

#[test]
fn unregistering_ends_even_when_nobody_answers() {
    let mut raw = Raw::new();
    let id = register(&mut raw);
    let request = raw.sent_request(Method::Register);
    accept(&mut raw, &request, 600);
    news(&mut raw);
    raw.endpoint.unregister(raw.now, id);
    raw.endpoint.unregister(raw.now, id);
    raw.expect_nothing_left();
    assert_eq!(news(&mut raw), [RegistrationEvent::Ended]);
}

#[test]
fn unregistering_waits_for_the_register_that_is_open() {
    let mut raw = Raw::new();
    let id = register(&mut raw);
    let request = raw.sent_request(Method::Register);
    raw.endpoint.unregister(raw.now, id);
    assert!(raw.is_silent() && news(&mut raw).is_empty());
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\n";
    raw.respond(&request, 401, challenge, "");
    let request = raw.sent_request(Method::Register);
    accept(&mut raw, &request, 600);
    let leaving = raw.sent_request(Method::Register);
    assert!(value(&leaving, "Contact").ends_with(";expires=0"));
    raw.respond(&leaving, 401, &challenge.replace("n1", "n2"), "");
    let leaving = raw.sent_request(Method::Register);
    raw.respond(&leaving, 200, "", "");
    assert_eq!(news(&mut raw), [RegistrationEvent::Ended]);
    raw.expect_nothing_left();
}

#[test]
fn what_was_never_registered_needs_no_unregistering() {
    let mut raw = Raw::new();
    let id = register(&mut raw);
    let request = raw.sent_request(Method::Register);
    raw.respond(&request, 404, "", "");
    raw.endpoint.unregister(raw.now, id);
    assert!(raw.is_silent());
    assert_eq!(news(&mut raw).pop(), Some(RegistrationEvent::Ended));
    raw.expect_nothing_left();
}

#[test]
fn a_lost_connection_makes_us_register_again() {
    let mut raw = Raw::new();
    raw.flow.transport = Transport::Tcp;
    raw.flow.connection = ConnectionId(7);
    let mut wanted = registration();
    wanted.registrar = "sip:10.0.0.9;transport=tcp".to_owned();
    raw.endpoint.register(raw.now, wanted).unwrap();
    let request = raw.sent_request(Method::Register);
    assert!(value(&request, "Contact").contains(";transport=tcp"));
    accept(&mut raw, &request, 600);
    raw.endpoint
        .handle_connection_closed(raw.now, ConnectionId(7));
    raw.wait(seconds(6));
    let again = raw.next_sent();
    assert_eq!(again.flow.connection, ConnectionId::default());
}

#[test]
fn what_cannot_be_a_registration_is_refused_and_nothing_sent() {
    let changes: [fn(&mut OutgoingRegistration); 5] = [
        |r| r.registrar = "carrier".to_owned(),
        |r| r.aor = "<sip:a@b>;tag=1".to_owned(),
        |r| r.aor = "<sip:a@b>\r\nVia: x".to_owned(),
        |r| r.instance = Some("x\"\r\nVia: y".to_owned()),
        |r| r.headers = vec![("Contact".to_owned(), "<sip:x@y>".to_owned())],
    ];
    let mut raw = Raw::new();
    for change in changes {
        let mut wanted = registration();
        change(&mut wanted);
        assert!(raw.endpoint.register(raw.now, wanted).is_err());
    }
    assert!(raw.is_silent());
    raw.expect_nothing_left();
}

fn registering() -> EndpointConfig {
    let mut config = config();
    config.allow.push(Method::Register);
    config
}

#[test]
fn a_register_is_refused_unless_it_is_wanted() {
    let mut raw = Raw::new();
    raw.request("REGISTER", "r1", "", "");
    assert_eq!(raw.response().status(), 405);
    assert!(raw.endpoint.poll_register().is_none());
}

#[test]
fn a_register_is_answered_once_and_its_repetition_absorbed() {
    let mut raw = Raw::with(registering());
    raw.request("REGISTER", "r1", "", "");
    raw.request("REGISTER", "r1", "", "");
    let register = raw.endpoint.poll_register().unwrap();
    assert!(raw.endpoint.poll_register().is_none());
    assert_eq!(raw.endpoint.census().registrations, 1);
    let contact = [(
        "Contact".to_owned(),
        "<sip:peer@10.0.0.9>;expires=60".to_owned(),
    )];
    raw.endpoint
        .answer_register(raw.now, register.id, 200, &contact)
        .unwrap();
    let ok = raw.response();
    assert_eq!(ok.headers().get("Contact"), Some(contact[0].1.as_str()));
    let again = raw
        .endpoint
        .answer_register(raw.now, register.id, 200, &contact);
    assert!(again.is_err());
    raw.request("REGISTER", "r1", "", "");
    assert_eq!(raw.response().status(), 200);
    raw.expect_nothing_left();
}

#[test]
fn a_register_that_nobody_answers_is_answered_all_the_same() {
    let mut raw = Raw::with(registering());
    raw.request("REGISTER", "r1", "", "");
    raw.wait(seconds(33));
    assert_eq!(raw.response().status(), 500);
    raw.expect_nothing_left();
}

#[test]
fn a_flood_of_registers_is_bounded() {
    let mut raw = Raw::with(registering());
    for n in 0..5000 {
        raw.cseq = n + 1;
        raw.request("REGISTER", &format!("r{n}"), "", "");
    }
    assert_eq!(raw.endpoint.census().registrations, 4096);
    assert_eq!(raw.response().status(), 503);
    raw.expect_nothing_left();
}

/// A phone registers with us, with digest, and is called on the way that it registered.
#[test]
fn a_desk_phone_registers_and_is_called_and_leaves() {
    let mut ours = side_config("10.0.0.2:5060");
    ours.allow.push(Method::Register);
    let mut pair = Pair::with(11, side_config("10.0.0.1:5060"), ours);
    let mut registrar = Registrar::new(RegistrarLimits::default());
    let mut digest = DigestServer::new("voice", [7; 32], pair.now);
    let id = pair
        .a
        .endpoint
        .register(
            pair.now,
            OutgoingRegistration {
                registrar: "sip:10.0.0.2".to_owned(),
                aor: "<sip:alice@10.0.0.2>".to_owned(),
                credentials: vec![credentials()],
                ..OutgoingRegistration::default()
            },
        )
        .unwrap();
    let mut ended = false;
    let mut serve = |pair: &mut Pair, registrar: &mut Registrar| {
        while let Some(register) = pair.b.endpoint.poll_register() {
            let request = &register.request;
            let shown = request.headers().get("Authorization");
            let (method, uri) = (request.method(), request.uri());
            let user = shown.map(|shown| {
                let Credentials {
                    username, password, ..
                } = credentials();
                let password = |user: &str| (user == username).then(|| password.clone());
                digest.verify(pair.now, shown, method, uri, password)
            });
            let (status, headers) = match user {
                Some(Ok(_)) => {
                    let aor = address_of_record(request).unwrap();
                    let answer = registrar.register(pair.now, &aor, request, register.flow);
                    (answer.status, answer.headers)
                }
                _ => {
                    let lines = digest.challenge(pair.now, false).into_iter();
                    let name = || "WWW-Authenticate".to_owned();
                    (401, lines.map(|line| (name(), line)).collect())
                }
            };
            pair.b
                .endpoint
                .answer_register(pair.now, register.id, status, &headers)
                .unwrap();
        }
        while let Some((_, event)) = pair.a.endpoint.poll_registration() {
            ended |= event == RegistrationEvent::Ended;
        }
        ended
    };
    pair.until("registered", |pair| {
        serve(pair, &mut registrar);
        !registrar.is_empty()
    });
    let now = pair.now;
    let [binding] = registrar.lookup(now, "alice@10.0.0.2")[..] else {
        panic!("one phone")
    };
    let call = OutgoingInvite {
        uri: binding.contact.as_str().to_owned(),
        from: "<sip:service@10.0.0.2>".to_owned(),
        to: "<sip:alice@10.0.0.2>".to_owned(),
        body: Some(sdp()),
        flow: Some(binding.flow),
        keeps_flow: true,
        ..OutgoingInvite::default()
    };
    pair.b.endpoint.invite(now, call).unwrap();
    pair.until("the phone rings", |pair| pair.a.incoming().is_some());
    let leg = pair.a.take_incoming();
    pair.a
        .endpoint
        .reject(pair.now, leg, 486, None, &[])
        .unwrap();
    pair.until("busy", |pair| pair.b.ended() == Some(LegEnd::Refused(486)));
    pair.a.endpoint.unregister(pair.now, id);
    pair.until("gone", |pair| serve(pair, &mut registrar));
    assert!(registrar.is_empty());
    pair.expect_nothing_left();
}

#[test]
fn a_registration_and_a_call_do_not_meet() {
    let mut raw = Raw::new();
    register(&mut raw);
    let request = raw.sent_request(Method::Register);
    let leg = raw.invite("");
    accept(&mut raw, &request, 600);
    raw.sent.clear();
    raw.endpoint.answer(raw.now, leg, &[], SDP.into()).unwrap();
    assert_eq!(raw.response().status(), 200);
    assert_eq!(raw.endpoint.leg_count(), 1);
}
