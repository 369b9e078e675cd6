//! Names on the real wire: name servers that tell the truth, fail, lie and are silent.

use std::collections::BTreeMap;

use hookflash_sip::Transport;
use hookflash_sip::locate::{Locator, Means, NotFound, Place};

use super::*;
use dns::{Manner, NameServer};

#[path = "../../tests/server/dns.rs"]
mod dns;

/// A carrier with two servers of equal rank, of which the first gets three calls of four, and a
/// spare one.
const CARRIER: &[&str] = &[
    "carrier.example NAPTR 20 10 s SIP+D2T _sip._tcp.carrier.example",
    "carrier.example NAPTR 10 10 s SIP+D2U _sip._udp.carrier.example",
    "_sip._udp.carrier.example SRV 20 0 5090 spare.carrier.example",
    "_sip._udp.carrier.example SRV 10 30 5061 a.carrier.example",
    "_sip._udp.carrier.example SRV 10 10 5062 b.carrier.example",
    "_sip._tcp.carrier.example SRV 10 0 5063 a.carrier.example",
    "a.carrier.example A 192.0.2.1",
    "b.carrier.example CNAME b.hosting.example",
    "b.hosting.example A 192.0.2.2",
    "spare.carrier.example A 192.0.2.3",
    "spare.carrier.example AAAA 2001:db8::3",
];

fn place(host: &str) -> Place {
    Place {
        host: host.to_owned(),
        port: None,
        transport: None,
        secure: false,
    }
}

/// Looks for a place as an endpoint does, with listeners for UDP and TCP over IPv4.
async fn locate(names: &Names, place: Place, seed: u64) -> Result<Vec<String>, NotFound> {
    let any = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    let means = Means::new([(Transport::Udp, any), (Transport::Tcp, any)]);
    let mut locator = Locator::new(place, means, seed);
    while let Some(question) = locator.poll_question() {
        let answer = names.records(&question).await;
        locator.handle_answer(&question, answer);
    }
    match locator.not_found() {
        Some(why) => Err(why),
        None => {
            let found = locator.candidates().unwrap();
            Ok(found.iter().map(|(t, at)| format!("{t} {at}")).collect())
        }
    }
}

async fn found(manner: Manner, host: &str) -> Result<Vec<String>, NotFound> {
    let server = NameServer::start(manner, CARRIER);
    locate(&impatient(&[server.address]), place(host), 1).await
}

/// For servers that never give a useful answer: nothing is gained by waiting for it.
fn impatient(servers: &[SocketAddr]) -> Names {
    Names::with_silence(servers, Duration::from_millis(100))
}

#[tokio::test]
async fn naptr_srv_and_addresses_lead_to_the_servers_in_their_order() {
    let server = NameServer::start(Manner::Honest, CARRIER);
    let names = Names::asking(&[server.address]);
    let mut firsts = BTreeMap::new();
    for seed in 0..200 {
        let found = locate(&names, place("Carrier.example"), seed)
            .await
            .unwrap();
        assert_eq!(found[2..], ["UDP 192.0.2.3:5090", "TCP 192.0.2.1:5063"]);
        *firsts.entry(found[0].clone()).or_insert(0) += 1;
    }
    let (a, b) = (firsts["UDP 192.0.2.1:5061"], firsts["UDP 192.0.2.2:5062"]);
    assert!(
        (120..180).contains(&a) && a + b == 200,
        "three of four: {firsts:?}"
    );
    // What was answered is kept as long as its TTL says.
    let asked = server
        .asked()
        .iter()
        .filter(|line| line.ends_with("NAPTR"))
        .count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn an_answer_too_long_for_udp_is_asked_for_over_tcp() {
    let server = NameServer::start(Manner::Truncating, CARRIER);
    let names = Names::asking(&[server.address]);
    let found = locate(&names, place("carrier.example"), 1).await;
    assert_eq!(found.unwrap().len(), 4);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_told_apart_from_a_name_server_that_fails() {
    let honest = NameServer::start(Manner::Honest, CARRIER);
    let names = Names::asking(&[honest.address]);
    let nobody = locate(&names, place("nobody.example"), 1).await;
    assert_eq!(nobody, Err(NotFound::NoAddress));
    let failing = found(Manner::Failing, "carrier.example").await;
    assert_eq!(failing, Err(NotFound::Unanswered));
}

#[tokio::test]
async fn answers_with_another_number_or_about_another_name_or_of_garbage_count_for_nothing() {
    for manner in [Manner::Misnumbering, Manner::Misnaming, Manner::Babbling] {
        let found = found(manner, "carrier.example").await;
        assert_eq!(found, Err(NotFound::Unanswered));
    }
}

#[tokio::test]
async fn aliases_that_lead_to_each_other_end_soon() {
    let zone = ["a.example CNAME b.example", "b.example CNAME a.example"];
    let server = NameServer::start(Manner::Honest, &zone);
    let names = Names::asking(&[server.address]);
    assert!(locate(&names, place("a.example"), 1).await.is_err());
    assert!(server.asked().len() < 60, "{:?}", server.asked());
}

#[tokio::test]
async fn a_silent_name_server_is_given_up_and_the_next_one_asked() {
    let silent = NameServer::start(Manner::Silent, &[]);
    let honest = NameServer::start(Manner::Honest, CARRIER);
    let names = impatient(&[silent.address]);
    let alone = locate(&names, place("carrier.example"), 1).await;
    assert_eq!(alone, Err(NotFound::Unanswered));
    assert!(
        silent.asked().len() > 1,
        "asked again: {:?}",
        silent.asked()
    );
    let names = Names::asking(&[silent.address, honest.address]);
    assert!(locate(&names, place("carrier.example"), 1).await.is_ok());
}

#[tokio::test]
async fn a_domain_that_says_not_here_is_left_alone() {
    let zone = [
        "shut.example A 192.0.2.9",
        "_sip._udp.shut.example SRV 0 0 0 .",
    ];
    let server = NameServer::start(Manner::Honest, &zone);
    let found = locate(&Names::asking(&[server.address]), place("shut.example"), 1).await;
    assert_eq!(found, Err(NotFound::Denied));
}

#[tokio::test]
async fn a_host_with_addresses_of_a_family_that_is_not_listened_on_is_out_of_reach() {
    let server = NameServer::start(Manner::Honest, &["six.example AAAA 2001:db8::6"]);
    let found = locate(&Names::asking(&[server.address]), place("six.example"), 1).await;
    // Not even asked for: no listener could use the answer.
    assert_eq!(found, Err(NotFound::NoAddress));
    assert!(!server.asked().iter().any(|line| line.ends_with("AAAA")));
}

#[tokio::test]
async fn addresses_and_localhost_are_never_asked_for() {
    let names = Names::asking(&[]);
    assert_eq!(
        names.addresses("[::1]").await,
        [IpAddr::from(Ipv6Addr::LOCALHOST)]
    );
    assert!(names.addresses("nobody.invalid").await.is_empty());
    let server = NameServer::start(Manner::Silent, &[]);
    let names = Names::asking(&[server.address]);
    let found = locate(&names, place("localhost"), 1).await.unwrap();
    assert_eq!(found, ["UDP 127.0.0.1:5060"]);
    let nobody = locate(&names, place("nobody.invalid"), 1).await;
    assert_eq!(nobody, Err(NotFound::NoAddress));
    assert!(server.asked().is_empty(), "{:?}", server.asked());
}
