//! Finding where a request goes (RFC 3263), against a resolver written by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop here"
)]

use std::net::IpAddr;

use hookflash_sip::Transport::{Tcp, Tls, Udp};
use hookflash_sip::locate::{
    Candidate, DnsAnswer, DnsQuestion, Locator, Means, Naptr, NotFound, Place, Record, RecordKind,
    Srv,
};
use hookflash_sip::{Transport, locate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn means(transports: &[Transport]) -> Means {
    let any: IpAddr = "0.0.0.0".parse().unwrap();
    Means::new(transports.iter().map(|transport| (*transport, any)))
}

fn place(host: &str) -> Place {
    Place {
        host: host.to_owned(),
        port: None,
        transport: None,
        secure: false,
    }
}

fn naptr(order: u16, service: &str, replacement: &str) -> Record {
    Record::Naptr(Naptr {
        order,
        preference: 10,
        flags: "s".to_owned(),
        service: service.to_owned(),
        regexp: String::new(),
        replacement: replacement.to_owned(),
    })
}

fn srv(priority: u16, target: &str, port: u16) -> Record {
    Record::Srv(Srv {
        priority,
        weight: 0,
        port,
        target: target.to_owned(),
    })
}

fn at(ip: &str) -> Record {
    Record::Address(ip.parse().unwrap())
}

/// Asks until the search is over. The zone gives the records of a name and kind.
fn search(
    place: Place,
    means: Means,
    zone: impl Fn(&str, RecordKind) -> Vec<Record>,
) -> (Vec<Candidate>, Vec<DnsQuestion>) {
    let mut locator = Locator::new(place, means, 1);
    let mut asked = Vec::new();
    while let Some(question) = locator.poll_question() {
        let answer = match zone(&question.name, question.kind) {
            records if records.is_empty() => DnsAnswer::Nothing,
            records => DnsAnswer::Records(records),
        };
        locator.handle_answer(&question, answer);
        asked.push(question);
        assert!(asked.len() < 100, "no end of questions: {asked:?}");
    }
    (locator.candidates().expect("an end").to_vec(), asked)
}

fn texts(candidates: &[Candidate]) -> Vec<String> {
    let text = |(transport, address): &Candidate| format!("{transport} {address}");
    candidates.iter().map(text).collect()
}

fn carrier(name: &str, kind: RecordKind) -> Vec<Record> {
    match (name, kind) {
        ("carrier.example", RecordKind::Naptr) => vec![
            naptr(20, "SIP+D2U", "_sip._udp.carrier.example"),
            naptr(10, "SIPS+D2T", "_sips._tcp.carrier.example"),
            naptr(15, "SIP+D2T", "_sip._tcp.carrier.example"),
            naptr(1, "E2U+sip", "nowhere.example"),
        ],
        ("_sip._udp.carrier.example", RecordKind::Srv) => {
            vec![
                srv(20, "b.carrier.example", 5070),
                srv(10, "a.carrier.example", 5060),
            ]
        }
        ("_sip._tcp.carrier.example", RecordKind::Srv) => vec![srv(1, "a.carrier.example", 5060)],
        ("_sips._tcp.carrier.example", RecordKind::Srv) => vec![srv(1, "a.carrier.example", 5061)],
        ("a.carrier.example", RecordKind::A) => vec![at("192.0.2.1")],
        ("b.carrier.example", RecordKind::A) => vec![at("192.0.2.2"), at("192.0.2.3")],
        ("carrier.example", RecordKind::A) => vec![at("192.0.2.99")],
        _ => Vec::new(),
    }
}

#[test]
fn naptr_says_which_transports_in_its_order_as_far_as_we_can_use_them() {
    let (found, _) = search(place("carrier.example"), means(&[Udp, Tcp]), carrier);
    let expected = [
        "TCP 192.0.2.1:5060",
        "UDP 192.0.2.1:5060",
        "UDP 192.0.2.2:5070",
        "UDP 192.0.2.3:5070",
    ];
    assert_eq!(texts(&found), expected);
    let (found, asked) = search(place("carrier.example"), means(&[Udp]), carrier);
    assert_eq!(found.first().map(|(transport, _)| *transport), Some(Udp));
    assert!(asked.iter().all(|question| !question.name.contains("_tcp")));
}

#[test]
fn sips_takes_tls_only() {
    let secure = Place {
        secure: true,
        ..place("carrier.example")
    };
    let (found, _) = search(secure.clone(), means(&[Udp, Tcp, Tls]), carrier);
    assert_eq!(texts(&found), ["TLS 192.0.2.1:5061"]);
    let (found, _) = search(secure, means(&[Udp, Tcp]), carrier);
    assert!(found.is_empty(), "we do not listen for TLS: {found:?}");
}

#[test]
fn without_naptr_the_services_are_asked_for_in_our_order() {
    let zone = |name: &str, kind| match kind {
        RecordKind::Naptr => Vec::new(),
        _ => carrier(name, kind),
    };
    let (found, _) = search(place("carrier.example"), means(&[Udp, Tcp]), zone);
    assert_eq!(found.first().map(|(transport, _)| *transport), Some(Udp));
    assert_eq!(found.last().map(|(transport, _)| *transport), Some(Tcp));
}

#[test]
fn without_services_the_host_itself_is_called() {
    let zone = |name: &str, kind| match kind {
        RecordKind::A => carrier(name, kind),
        _ => Vec::new(),
    };
    let (found, _) = search(place("carrier.example"), means(&[Udp, Tcp]), zone);
    assert_eq!(texts(&found), ["UDP 192.0.2.99:5060"]);
    let (found, _) = search(place("carrier.example"), means(&[Tcp]), zone);
    assert_eq!(texts(&found), ["TCP 192.0.2.99:5060"]);
}

#[test]
fn a_written_port_asks_for_addresses_only_and_a_written_transport_for_no_naptr() {
    let with_port = Place {
        port: Some(5090),
        ..place("carrier.example")
    };
    let (found, asked) = search(with_port, means(&[Udp]), carrier);
    assert_eq!(texts(&found), ["UDP 192.0.2.99:5090"]);
    assert_eq!(asked.len(), 1);
    let over_tcp = Place {
        transport: Some(Tcp),
        ..place("carrier.example")
    };
    let (found, asked) = search(over_tcp, means(&[Udp, Tcp]), carrier);
    assert_eq!(texts(&found), ["TCP 192.0.2.1:5060"]);
    assert!(
        asked
            .iter()
            .all(|question| question.kind != RecordKind::Naptr)
    );
}

#[test]
fn an_address_is_not_asked_for() {
    let (found, asked) = search(place("[2001:db8::7]"), means(&[Udp]), carrier);
    assert!(found.is_empty() && asked.is_empty(), "we have no IPv6");
    let (found, asked) = search(place("192.0.2.7"), means(&[Udp]), carrier);
    assert!(asked.is_empty());
    assert_eq!(texts(&found), ["UDP 192.0.2.7:5060"]);
}

#[test]
fn both_families_take_turns() {
    let both = ["0.0.0.0", "::"].map(|ip| (Udp, ip.parse().unwrap()));
    let zone = |_: &str, kind| match kind {
        RecordKind::A => vec![at("192.0.2.1"), at("192.0.2.2")],
        RecordKind::Aaaa => vec![at("2001:db8::1"), at("192.0.2.66")],
        _ => Vec::new(),
    };
    let (found, _) = search(place("h.example"), Means::new(both), zone);
    let expected = [
        "UDP [2001:db8::1]:5060",
        "UDP 192.0.2.1:5060",
        "UDP 192.0.2.2:5060",
    ];
    assert_eq!(texts(&found), expected, "an IPv4 address is no AAAA record");
}

#[test]
fn a_domain_that_says_not_here_is_not_called_at_its_address() {
    let zone = |name: &str, kind| match kind {
        RecordKind::Srv => vec![srv(0, ".", 0)],
        RecordKind::A => carrier(name, kind),
        _ => Vec::new(),
    };
    let (found, asked) = search(place("carrier.example"), means(&[Udp, Tcp]), zone);
    assert!(found.is_empty());
    assert!(asked.iter().all(|question| question.kind != RecordKind::A));
}

#[test]
fn thousands_of_records_make_few_questions_and_few_candidates() {
    let zone = |name: &str, kind| match kind {
        RecordKind::Naptr => (0..5000)
            .map(|n| naptr(n, "SIP+D2U", &format!("_sip._udp.n{n}.example")))
            .collect(),
        RecordKind::Srv => (0..5000)
            .map(|n| srv(n, &format!("h{n}.{name}"), 5060))
            .collect(),
        _ => (0..200).map(|n| at(&format!("192.0.2.{n}"))).collect(),
    };
    let (found, asked) = search(place("carrier.example"), means(&[Udp]), zone);
    assert!(found.len() <= 8, "{}", found.len());
    assert!(asked.len() <= 1 + 4 + 8, "{}", asked.len());
}

#[test]
fn names_that_lead_to_each_other_are_asked_for_once() {
    let zone = |_: &str, kind| match kind {
        RecordKind::Naptr => vec![
            naptr(1, "SIP+D2U", "loop.example"),
            naptr(2, "SIP+D2U", "LOOP.example."),
        ],
        RecordKind::Srv => vec![srv(1, "loop.example", 5060), srv(2, "loop.example", 5060)],
        _ => vec![at("192.0.2.1")],
    };
    let (found, asked) = search(place("loop.example"), means(&[Udp]), zone);
    assert_eq!(texts(&found), ["UDP 192.0.2.1:5060"]);
    assert_eq!(asked.len(), 3, "NAPTR, SRV, A: {asked:?}");
}

#[test]
fn lies_are_not_followed() {
    let long = "a".repeat(64) + ".example";
    let zone = |_: &str, kind| match kind {
        RecordKind::Naptr => vec![
            naptr(1, "SIP+D2U", "bad name.example"),
            naptr(2, "SIP+D2U", "evil\r\nVia: x.example"),
        ],
        RecordKind::Srv => vec![
            srv(1, "ok.example", 0),
            srv(1, &long, 5060),
            srv(2, "..", 5060),
            srv(3, "ok.example", 5060),
        ],
        _ => ["0.0.0.0", "255.255.255.255", "239.1.1.1", "192.0.2.1"]
            .map(at)
            .into(),
    };
    let (found, _) = search(place("carrier.example"), means(&[Udp]), zone);
    assert_eq!(texts(&found), ["UDP 192.0.2.1:5060"]);
}

#[test]
fn what_was_not_asked_or_comes_twice_is_ignored() {
    let mut locator = Locator::new(place("192.0.2.1.example"), means(&[Udp]), 1);
    let question = locator.poll_question().unwrap();
    let other = DnsQuestion {
        name: "other.example".to_owned(),
        kind: RecordKind::Naptr,
    };
    locator.handle_answer(&other, DnsAnswer::Failed);
    assert!(locator.poll_question().is_none());
    locator.handle_answer(&question, DnsAnswer::Nothing);
    locator.handle_answer(
        &question,
        DnsAnswer::Records(vec![naptr(1, "SIP+D2U", "x.example")]),
    );
    let next = locator.poll_question().unwrap();
    assert_eq!(next.name, "_sip._udp.192.0.2.1.example");
}

#[test]
fn a_search_that_is_given_up_keeps_what_it_found() {
    let both = ["0.0.0.0", "::"].map(|ip| (Udp, ip.parse().unwrap()));
    let with_port = Place {
        port: Some(5060),
        ..place("h.example")
    };
    let mut locator = Locator::new(with_port, Means::new(both), 1);
    let asked: Vec<DnsQuestion> = std::iter::from_fn(|| locator.poll_question()).collect();
    let [aaaa, a] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!((aaaa.kind, a.kind), (RecordKind::Aaaa, RecordKind::A));
    locator.handle_answer(a, DnsAnswer::Records(vec![at("192.0.2.1")]));
    assert_eq!(locator.candidates(), None);
    locator.give_up();
    let found: &[locate::Candidate] = locator.candidates().unwrap();
    assert_eq!(texts(found), ["UDP 192.0.2.1:5060"]);
}

#[test]
fn a_search_that_finds_nothing_says_what_stood_in_its_way() {
    let after = |answer: fn(&DnsQuestion) -> DnsAnswer, transports: &[Transport]| {
        let mut locator = Locator::new(place("carrier.example"), means(transports), 1);
        while let Some(question) = locator.poll_question() {
            locator.handle_answer(&question, answer(&question));
        }
        locator.not_found()
    };
    let only_v6 = |question: &DnsQuestion| match question.kind {
        RecordKind::Srv => DnsAnswer::Records(vec![srv(1, "192.0.2.1", 5060)]),
        _ => DnsAnswer::Nothing,
    };
    let denied = |question: &DnsQuestion| match question.kind {
        RecordKind::Srv => DnsAnswer::Records(vec![srv(0, ".", 0)]),
        _ => DnsAnswer::Nothing,
    };
    let half_dead = |question: &DnsQuestion| match question.kind {
        RecordKind::Srv => DnsAnswer::Failed,
        _ => DnsAnswer::Nothing,
    };
    assert_eq!(after(only_v6, &[Udp]), None, "it found something");
    assert_eq!(
        after(|_| DnsAnswer::Nothing, &[Udp]),
        Some(NotFound::NoAddress)
    );
    assert_eq!(after(half_dead, &[Udp]), Some(NotFound::Unanswered));
    assert_eq!(after(denied, &[Udp]), Some(NotFound::Denied));
    let v6: IpAddr = "::".parse().unwrap();
    let mut locator = Locator::new(place("192.0.2.1"), Means::new([(Udp, v6)]), 1);
    assert_eq!(locator.poll_question(), None);
    assert_eq!(locator.not_found(), Some(NotFound::OutOfReach));
    let mut given_up = Locator::new(place("carrier.example"), means(&[Udp]), 1);
    assert_eq!(given_up.not_found(), None, "it goes on");
    given_up.give_up();
    assert_eq!(given_up.not_found(), Some(NotFound::Unanswered));
}

#[test]
fn a_name_that_cannot_be_asked_leads_nowhere() {
    for host in ["", "a b", "-.-.", "x".repeat(300).as_str()] {
        let (found, _) = search(place(host), means(&[Udp]), |_, _| Vec::new());
        assert!(found.is_empty(), "{host}");
    }
}

const NAMES: &[&str] = &["", ".", "a", "a.b", "A.B.", "b..c", "b c", "c", "_x.c", "-"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_dns_says_the_search_ends_soon(
        answers in vec(vec((0..4_u8, any::<u16>(), select(NAMES)), 0..12), 0..24),
        secure: bool,
        port in proptest::option::of(any::<u16>()),
    ) {
        let both = ["0.0.0.0", "::"].map(|ip| ip.parse::<IpAddr>().unwrap());
        let all = [Udp, Tcp, Tls].into_iter();
        let means = Means::new(all.flat_map(|transport| both.map(|ip| (transport, ip))));
        let place = Place { port, secure, ..place("a.b") };
        let mut locator = Locator::new(place, means, 1);
        let mut answers = answers.into_iter();
        let mut asked = 0;
        while let Some(question) = locator.poll_question() {
            asked += 1;
            let said = answers.next().unwrap_or_default().into_iter();
            let records = said.map(|(kind, number, name)| match kind {
                0 => naptr(number, "SIP+D2T", name),
                1 => srv(number, name, number),
                2 => Record::Address([192, 0, 2, (number % 256) as u8].into()),
                _ => Record::Address([0x2001, 0xdb8, 0, 0, 0, 0, 0, number].into()),
            });
            locator.handle_answer(&question, DnsAnswer::Records(records.collect()));
        }
        prop_assert!(asked <= 1 + 4 + 2 * 8);
        prop_assert!(locator.candidates().is_some_and(|found| found.len() <= 8));
    }
}
