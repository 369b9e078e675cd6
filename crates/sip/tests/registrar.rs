//! The registrar's bindings (RFC 3261 section 10.3).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop here"
)]

use std::time::{Duration, Instant};

use hookflash_sip::registrar::{
    BindingChange, RegisterAnswer, Registrar, RegistrarLimits, address_of_record,
};
use hookflash_sip::{ConnectionId, Flow, Message, Request, Transport};
use proptest::collection::vec;
use proptest::prelude::*;

const AOR: &str = "alice@example.com";

fn request(call_id: &str, cseq: u32, headers: &str) -> Request {
    let text = format!(
        "REGISTER sip:example.com SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\n\
         From: <sip:alice@example.com>;tag=1\nTo: \"A\" <sip:alice@Example.com>\n\
         Call-ID: {call_id}\nCSeq: {cseq} REGISTER\n{headers}\n"
    );
    match Message::parse_datagram(text.replace('\n', "\r\n").as_bytes()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => unreachable!(),
    }
}

fn flow(port: u16, connection: u64, transport: Transport) -> Flow {
    Flow {
        transport,
        local: ([10, 0, 0, 1], 5060).into(),
        remote: ([198, 51, 100, 9], port).into(),
        connection: ConnectionId(connection),
    }
}

struct Phones {
    registrar: Registrar,
    now: Instant,
}

impl Phones {
    fn new() -> Phones {
        Phones {
            registrar: Registrar::new(RegistrarLimits {
                bindings: 3,
                total: 5,
                ..RegistrarLimits::default()
            }),
            now: Instant::now(),
        }
    }

    fn register(&mut self, call_id: &str, cseq: u32, headers: &str) -> RegisterAnswer {
        let request = request(call_id, cseq, headers);
        let flow = flow(40_000, 0, Transport::Udp);
        self.registrar.register(self.now, AOR, &request, flow)
    }

    fn contacts(&self) -> Vec<String> {
        let found = self.registrar.lookup(self.now, AOR);
        found
            .iter()
            .map(|b| b.contact.as_str().to_owned())
            .collect()
    }
}

fn headers<'a>(answer: &'a RegisterAnswer, name: &str) -> Vec<&'a str> {
    let lines = answer.headers.iter().filter(|(n, _)| n == name);
    lines.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_phone_registers_refreshes_and_leaves() {
    let mut phones = Phones::new();
    let answer = phones.register("c1", 1, "Contact: <sip:alice@192.168.1.7>\nExpires: 600\n");
    assert_eq!(answer.status, 200);
    assert_eq!(
        headers(&answer, "Contact"),
        ["<sip:alice@192.168.1.7>;expires=600"]
    );
    let [binding] = phones.registrar.lookup(phones.now, AOR)[..] else {
        panic!("one binding")
    };
    assert_eq!(binding.flow.remote.port(), 40_000, "the way it came");
    phones.now += Duration::from_secs(500);
    let answer = phones.register("c1", 2, "Contact: <sip:alice@192.168.1.7>;expires=700\n");
    assert_eq!(answer.change.refreshed, 1);
    phones.now += Duration::from_secs(500);
    assert_eq!(phones.contacts().len(), 1);
    let answer = phones.register("c1", 3, "Contact: <sip:alice@192.168.1.7>;expires=0\n");
    assert_eq!((answer.status, answer.change.removed), (200, 1));
    assert!(headers(&answer, "Contact").is_empty() && phones.registrar.is_empty());
}

#[test]
fn a_question_without_contact_changes_nothing() {
    let mut phones = Phones::new();
    phones.register("c1", 1, "Contact: <sip:a@h1>\n");
    let answer = phones.register("c2", 1, "");
    assert_eq!(headers(&answer, "Contact"), ["<sip:a@h1>;expires=3600"]);
    assert_eq!(answer.change, BindingChange::default());
}

#[test]
fn a_binding_ends_with_its_time() {
    let mut phones = Phones::new();
    phones.register(
        "c1",
        1,
        "Contact: <sip:a@h1>;expires=60, <sip:a@h2>;expires=90\n",
    );
    assert_eq!(
        phones.registrar.next_expiry(),
        Some(phones.now + Duration::from_secs(60))
    );
    phones.now += Duration::from_secs(60);
    assert_eq!(phones.contacts(), ["sip:a@h2"]);
    assert_eq!(phones.registrar.expire(phones.now), [AOR]);
    assert_eq!(phones.registrar.len(), 1);
}

#[test]
fn too_short_a_time_gets_423_and_too_long_a_time_less() {
    let mut phones = Phones::new();
    let answer = phones.register("c1", 1, "Contact: <sip:a@h1>;expires=30\n");
    assert_eq!(answer.status, 423);
    assert_eq!(headers(&answer, "Min-Expires"), ["60"]);
    let answer = phones.register("c1", 2, "Contact: <sip:a@h1>;expires=4294967295\n");
    assert_eq!(headers(&answer, "Contact"), ["<sip:a@h1>;expires=7200"]);
}

#[test]
fn the_star_removes_all_but_only_alone_and_with_expires_0() {
    let mut phones = Phones::new();
    phones.register("c1", 5, "Contact: <sip:a@h1>, <sip:a@h2>\n");
    for bad in [
        "Contact: *\n",
        "Contact: *\nExpires: 60\n",
        "Contact: *, <sip:a@h3>\nExpires: 0\n",
    ] {
        assert_eq!(phones.register("c2", 1, bad).status, 400, "{bad}");
    }
    let late = phones.register("c1", 4, "Contact: *\nExpires: 0\n");
    assert_eq!((late.status, phones.contacts().len()), (500, 2));
    let answer = phones.register("c1", 6, "Contact: *\nExpires: 0\n");
    assert_eq!((answer.status, answer.change.removed), (200, 2));
    assert!(phones.registrar.is_empty());
}

#[test]
fn a_request_that_was_overtaken_changes_nothing() {
    let mut phones = Phones::new();
    phones.register("c1", 7, "Contact: <sip:a@h1>\n");
    let late = phones.register("c1", 6, "Contact: <sip:a@h2>, <sip:a@h1>;expires=0\n");
    assert_eq!(late.status, 500);
    assert_eq!(phones.contacts(), ["sip:a@h1"]);
    let restarted = phones.register("c9", 1, "Contact: <sip:a@h1>;expires=0\n");
    assert_eq!(
        restarted.status, 200,
        "another Call-ID: the phone was restarted"
    );
    assert!(phones.contacts().is_empty());
}

#[test]
fn a_phone_with_an_instance_replaces_its_old_address() {
    let mut phones = Phones::new();
    let instance = "+sip.instance=\"<urn:uuid:1>\"";
    phones.register("c1", 1, &format!("Contact: <sip:a@h1>;{instance}\n"));
    let answer = phones.register("c2", 1, &format!("Contact: <sip:a@h2>;{instance}\n"));
    assert_eq!(answer.change.refreshed, 1);
    assert_eq!(phones.contacts(), ["sip:a@h2"]);
    let [line] = headers(&answer, "Contact")[..] else {
        panic!("{answer:?}")
    };
    assert!(line.ends_with(";+sip.instance=\"<urn:uuid:1>\""), "{line}");
}

#[test]
fn preferred_phones_come_first_then_those_that_registered_last() {
    let mut phones = Phones::new();
    phones.register("c1", 1, "Contact: <sip:a@low>;q=0.2\n");
    phones.register("c2", 1, "Contact: <sip:a@old>;q=0.8\n");
    phones.register("c3", 1, "Contact: <sip:a@new>;q=0.8\n");
    assert_eq!(phones.contacts(), ["sip:a@new", "sip:a@old", "sip:a@low"]);
    let lines = phones.register("c4", 1, "");
    assert!(headers(&lines, "Contact")[2].contains(";q=0.200"));
}

#[test]
fn nobody_registers_ever_more_phones() {
    let mut phones = Phones::new();
    let four = "Contact: <sip:a@h1>, <sip:a@h2>, <sip:a@h3>, <sip:a@h4>\n";
    assert_eq!(phones.register("c1", 1, four).status, 403);
    assert!(phones.registrar.is_empty(), "all or nothing");
    let three = "Contact: <sip:a@h1>, <sip:a@h2>, <sip:a@h3>\n";
    assert_eq!(phones.register("c1", 2, three).status, 200);
    assert_eq!(
        phones.register("c1", 3, "Contact: <sip:a@h4>\n").status,
        403
    );
    let flow = flow(40_000, 0, Transport::Udp);
    let other = phones.registrar.register(
        phones.now,
        "bob@example.com",
        &request("c2", 1, three),
        flow,
    );
    assert_eq!(other.status, 503);
    assert_eq!(headers(&other, "Retry-After"), ["60"]);
    assert_eq!(phones.registrar.len(), 3);
}

#[test]
fn contacts_that_cannot_be_called_are_refused() {
    let mut phones = Phones::new();
    let long = format!("Contact: <sip:{}@h>\n", "a".repeat(600));
    for bad in [
        "Contact: <tel:+44>\n",
        "Contact: <http://h>\n",
        "Contact: <sip:>\n",
        "Contact: <sip:a@h\n",
        &long,
    ] {
        assert_eq!(phones.register("c1", 1, bad).status, 400, "{bad}");
    }
    assert!(phones.registrar.is_empty());
}

#[test]
fn a_browser_is_gone_with_its_connection_and_a_phone_is_not() {
    let mut phones = Phones::new();
    for (call_id, contact, transport) in [
        (
            "c1",
            "Contact: <sip:a@df7jal23ls0d.invalid;transport=ws>\n",
            Transport::Wss,
        ),
        (
            "c2",
            "Contact: <sip:a@10.0.0.7;transport=tcp>\n",
            Transport::Tcp,
        ),
    ] {
        let flow = flow(40_000, 7, transport);
        let request = request(call_id, 1, contact);
        phones.registrar.register(phones.now, AOR, &request, flow);
    }
    phones.registrar.connection_closed(ConnectionId(7));
    let [binding] = phones.registrar.lookup(phones.now, AOR)[..] else {
        panic!("one is left")
    };
    assert_eq!(binding.flow.transport, Transport::Tcp);
    assert_eq!(binding.flow.connection, ConnectionId::default());
    assert_eq!(phones.registrar.len(), 1);
}

#[test]
fn users_who_are_users_no_more_lose_their_phones() {
    let mut phones = Phones::new();
    phones.register(
        "c",
        1,
        "Contact: <sip:alice@10.0.0.9>, <sip:alice@10.0.0.8>\n",
    );
    phones.registrar.retain(|aor| aor == AOR);
    assert_eq!(phones.contacts().len(), 2);
    phones.registrar.retain(|_| false);
    assert!(phones.contacts().is_empty() && phones.registrar.is_empty());
}

#[test]
fn the_address_of_record_is_the_user_at_the_host_without_regard_to_its_case() {
    assert_eq!(
        address_of_record(&request("c", 1, "")).as_deref(),
        Some(AOR)
    );
}

proptest! {
    #[test]
    fn the_books_are_in_order_whatever_phones_do(
        requests in vec((0..3_u8, 0..3_u32, 0..4_u8, 0..4_u8, 0..4_u64), 1..60),
    ) {
        let mut phones = Phones::new();
        let aors = ["a@h", "b@h", "c@h"];
        for (aor, cseq, one, other, wait) in requests {
            let expires = [0, 60, 600, 7200][usize::from(other)];
            let headers = match one {
                3 => "Contact: *\nExpires: 0\n".to_owned(),
                _ => format!(
                    "Contact: <sip:a@h{one}>, <sip:a@h{other}>;expires={expires};\
                     +sip.instance=\"<x{one}>\"\n"
                ),
            };
            let request = request(&format!("c{one}"), cseq, &headers);
            let flow = flow(40_000, 0, Transport::Udp);
            let aor = aors[usize::from(aor)];
            let answer = phones.registrar.register(phones.now, aor, &request, flow);
            prop_assert!(matches!(answer.status, 200 | 403 | 500 | 503));
            phones.now += Duration::from_secs(wait * 100);
            phones.registrar.expire(phones.now);
            let found = aors.map(|aor| phones.registrar.lookup(phones.now, aor).len());
            prop_assert!(found.iter().all(|count| *count <= 3));
            prop_assert_eq!(found.iter().sum::<usize>(), phones.registrar.len());
            prop_assert!(phones.registrar.len() <= 5);
        }
    }
}
