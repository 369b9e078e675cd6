//! Digest authentication as a dialogue between client and server.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use std::time::{Duration, Instant};

use hookflash_sip::digest::{
    Algorithm, Credentials, Denied, DigestClient, DigestResponse, DigestServer, Hash, NoAnswer,
};
use hookflash_sip::{Headers, Method, Name, Response};

const URI: &str = "sip:bob@203.0.113.9";

fn alice() -> Credentials {
    Credentials {
        username: "alice".into(),
        password: "open sesame".into(),
    }
}

fn password_of(user: &str) -> Option<String> {
    (user == "alice").then(|| "open sesame".to_owned())
}

fn server(start: Instant) -> DigestServer {
    DigestServer::new("voice.example", [7; 32], start)
}

fn asked(name: Name<'static>, challenges: &[&str]) -> Headers {
    let mut response = Response::new(401, None);
    for challenge in challenges {
        response.headers_mut().push(name, challenge);
    }
    response.headers().clone()
}

fn asked_by(server: &mut DigestServer, now: Instant, stale: bool) -> Headers {
    let challenges = server.challenge(now, stale);
    asked(
        Name::WwwAuthenticate,
        &challenges.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

fn answer(client: &mut DigestClient, headers: &Headers) -> Result<Vec<String>, NoAnswer> {
    let answers = client.answer(headers, &Method::Refer, URI, b"", &alice())?;
    Ok(answers.into_iter().map(|(_, value)| value).collect())
}

#[test]
fn a_challenge_is_answered_and_the_answer_accepted() {
    let start = Instant::now();
    for hash in [Hash::Md5, Hash::Sha256, Hash::Sha512Trunc256] {
        let mut server = server(start).with_algorithms(&[hash]);
        let mut client = DigestClient::new([1; 16]);
        client.begin();
        let value = answer(&mut client, &asked_by(&mut server, start, false))
            .unwrap()
            .remove(0);
        let user = server.verify(start, &value, &Method::Refer, URI, password_of);
        assert_eq!(user.as_deref(), Ok("alice"));
    }
}

#[test]
fn c31_refused_credentials_are_not_sent_again() {
    let start = Instant::now();
    let mut server = server(start);
    let mut client = DigestClient::new([1; 16]);
    answer(&mut client, &asked_by(&mut server, start, false)).unwrap();
    let again = asked_by(&mut server, start + Duration::from_secs(1), false);
    assert_eq!(answer(&mut client, &again), Err(NoAnswer::Rejected));
    let other = Credentials {
        username: "alice".into(),
        password: "another".into(),
    };
    assert!(
        client
            .answer(&again, &Method::Refer, URI, b"", &other)
            .is_ok()
    );
    client.begin();
    assert!(answer(&mut client, &again).is_ok());
}

#[test]
fn c31_a_stale_nonce_is_replaced_but_not_for_ever() {
    let start = Instant::now();
    let mut server = server(start);
    let mut client = DigestClient::new([1; 16]);
    answer(&mut client, &asked_by(&mut server, start, false)).unwrap();
    for second in 1..=3 {
        let stale = asked_by(&mut server, start + Duration::from_secs(second), true);
        assert!(answer(&mut client, &stale).is_ok());
    }
    let stale = asked_by(&mut server, start + Duration::from_secs(9), true);
    assert_eq!(answer(&mut client, &stale), Err(NoAnswer::AlwaysStale));
}

#[test]
fn c31_of_several_realms_in_a_401_the_topmost_usable_one_is_answered() {
    let headers = asked(
        Name::WwwAuthenticate,
        &[
            r#"Digest realm="one", nonce="1", algorithm=UNHEARD-OF"#,
            r#"Digest realm="two", nonce="2", algorithm=SHA-256, qop="auth""#,
            r#"Digest realm="three", nonce="3""#,
        ],
    );
    let answers = answer(&mut DigestClient::new([1; 16]), &headers).unwrap();
    let parsed = DigestResponse::parse(&answers[0]).unwrap();
    assert_eq!(
        (answers.len(), &*parsed.realm, &*parsed.nonce),
        (1, "two", "2")
    );
}

#[test]
fn c31_several_proxies_get_one_answer_per_realm_and_keep_getting_it() {
    let both = asked(
        Name::ProxyAuthenticate,
        &[
            r#"Digest realm="p1", nonce="1", algorithm=SHA-256, qop="auth", opaque="o1""#,
            r#"Digest realm="p1", nonce="1", qop="auth""#,
            r#"Digest realm="p2", nonce="2", qop="auth""#,
        ],
    );
    let mut client = DigestClient::new([1; 16]);
    let answers = answer(&mut client, &both).unwrap();
    let parsed: Vec<_> = answers
        .iter()
        .map(|a| DigestResponse::parse(a).unwrap())
        .collect();
    assert_eq!(parsed.len(), 2);
    assert_eq!(
        (&*parsed[0].realm, parsed[0].opaque.as_deref()),
        ("p1", Some("o1"))
    );
    assert_eq!(
        parsed[0].algorithm,
        Algorithm {
            hash: Hash::Sha256,
            session: false
        }
    );
    assert_eq!(
        (&*parsed[1].realm, parsed[1].opaque.as_deref()),
        ("p2", None)
    );

    let server = asked(
        Name::WwwAuthenticate,
        &[r#"Digest realm="end", nonce="9", qop="auth""#],
    );
    let named = client
        .answer(&server, &Method::Refer, URI, b"", &alice())
        .unwrap();
    let names: Vec<_> = named.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            Name::ProxyAuthorization,
            Name::ProxyAuthorization,
            Name::Authorization
        ]
    );
    let again = DigestResponse::parse(&named[0].1).unwrap();
    assert_eq!(again.qop.unwrap().1, "00000002");
}

#[test]
fn c32_without_algorithm_it_is_md5_and_without_qop_there_is_no_count() {
    let headers = asked(Name::WwwAuthenticate, &[r#"Digest realm="r", nonce="n""#]);
    let answers = answer(&mut DigestClient::new([1; 16]), &headers).unwrap();
    let parsed = DigestResponse::parse(&answers[0]).unwrap();
    assert_eq!(
        parsed.algorithm,
        Algorithm {
            hash: Hash::Md5,
            session: false
        }
    );
    assert_eq!((parsed.qop, parsed.cnonce), (None, None));
    // Computed with Python's hashlib.
    assert_eq!(parsed.response, "9b287d2c599cb4a1630de62b16fb47a9");
}

#[test]
fn nothing_usable_is_told_apart_from_a_refusal() {
    let mut client = DigestClient::new([1; 16]);
    assert_eq!(
        answer(&mut client, &asked(Name::Warning, &[])),
        Err(NoAnswer::NothingUsable)
    );
    let basic = asked(Name::WwwAuthenticate, &[r#"Basic realm="r""#]);
    assert_eq!(answer(&mut client, &basic), Err(NoAnswer::NothingUsable));
}

#[test]
fn later_requests_carry_credentials_unasked_with_a_growing_count() {
    let start = Instant::now();
    let mut server = server(start);
    let mut client = DigestClient::new([1; 16]);
    assert!(
        client
            .authorize(&Method::Invite, URI, b"", &alice())
            .is_empty()
    );
    answer(&mut client, &asked_by(&mut server, start, false)).unwrap();
    for _ in 0..3 {
        let (_, value) = client.authorize(&Method::Bye, URI, b"", &alice()).remove(0);
        assert!(
            server
                .verify(start, &value, &Method::Bye, URI, password_of)
                .is_ok()
        );
    }
    let fresh = asked_by(&mut server, start + Duration::from_secs(1), false);
    assert!(
        answer(&mut client, &fresh).is_ok(),
        "an unasked answer refused is no rejection"
    );
}

#[test]
fn the_server_refuses_what_does_not_fit() {
    let start = Instant::now();
    let mut server = server(start);
    let mut client = DigestClient::new([1; 16]);
    let value = answer(&mut client, &asked_by(&mut server, start, false))
        .unwrap()
        .remove(0);
    let mut check = |value: &str, method, uri| {
        server
            .verify(start, value, &method, uri, password_of)
            .unwrap_err()
    };
    assert_eq!(check(&value, Method::Bye, URI), Denied::WrongCredentials);
    assert_eq!(
        check(&value, Method::Refer, "sip:eve@203.0.113.9"),
        Denied::Unanswered
    );
    let renamed = value.replace("alice", "bob");
    assert_eq!(
        check(&renamed, Method::Refer, URI),
        Denied::WrongCredentials
    );
    let nonce = DigestResponse::parse(&value).unwrap().nonce.into_owned();
    let forged = value.replace(&nonce[..12], "0000000000ff");
    assert_eq!(check(&forged, Method::Refer, URI), Denied::Unanswered);
    for garbage in ["", "Digest", "Basic YTpi", "Digest username=\"alice\""] {
        assert_eq!(check(garbage, Method::Refer, URI), Denied::Unanswered);
    }
}

#[test]
fn an_answer_counts_once_and_not_after_its_nonce_is_too_old() {
    let start = Instant::now();
    let mut server = server(start).with_lifetime(Duration::from_secs(10));
    let mut client = DigestClient::new([1; 16]);
    let value = answer(&mut client, &asked_by(&mut server, start, false))
        .unwrap()
        .remove(0);
    let mut verify = |after, value: &str| {
        let now = start + Duration::from_secs(after);
        server.verify(now, value, &Method::Refer, URI, password_of)
    };
    assert!(verify(1, &value).is_ok());
    assert_eq!(verify(2, &value), Err(Denied::Stale));
    let (_, next) = client
        .authorize(&Method::Refer, URI, b"", &alice())
        .remove(0);
    assert_eq!(verify(11, &next), Err(Denied::Stale));
}

#[test]
fn two_that_are_challenged_at_the_same_moment_can_both_answer() {
    let start = Instant::now();
    let mut server = server(start);
    for seed in [1, 2] {
        let mut client = DigestClient::new([seed; 16]);
        let value = answer(&mut client, &asked_by(&mut server, start, false))
            .unwrap()
            .remove(0);
        let accepted = server.verify(start, &value, &Method::Refer, URI, password_of);
        assert!(accepted.is_ok(), "{accepted:?}");
    }
}

#[test]
fn passwords_do_not_show_in_debug_output() {
    let mut client = DigestClient::new([1; 16]);
    let challenge = asked(Name::WwwAuthenticate, &[r#"Digest realm="r", nonce="n""#]);
    answer(&mut client, &challenge).unwrap();
    assert!(!format!("{:?} {client:?}", alice()).contains("sesame"));
}
