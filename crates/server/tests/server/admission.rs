//! Who gets in: peers, users, routes, limits.

use hookflash_server::Server;
use hookflash_sip::Method;

use crate::peer::{Peer, SDP, authorization, header, status};
use crate::stage::{WAITING, config, document, serving, udp, wait};

#[test]
fn a_peer_that_no_trunk_names_is_refused() {
    let server = serving(
        "[[trunks]]\nname = \"t\"\nfrom = [\"192.0.2.0/24\"]\n",
        WAITING,
    );
    assert_eq!(status(&Peer::of(udp(&server), "stranger").invite("")), 403);
}

#[test]
fn a_user_is_challenged_before_anything_else() {
    let user = "[[users]]\nname = \"alice\"\ndomain = \"127.0.0.1\"\npassword = \"p\"\n";
    let server = serving(user, WAITING);
    let answer = Peer::of(udp(&server), "user").invite("");
    assert_eq!(status(&answer), 401);
    let challenge = header(&answer, "WWW-Authenticate").unwrap();
    assert!(
        challenge.starts_with("Digest realm=\"127.0.0.1\""),
        "{challenge}"
    );
}

#[test]
fn a_phone_that_gives_up_at_an_unknown_hash_function_need_not_hear_of_it() {
    let settings = "[[users]]\nname = \"alice\"\ndomain = \"127.0.0.1\"\npassword = \"p\"\n\
                    [sip]\ndigest = [\"MD5\"]\n";
    let answer = Peer::of(udp(&serving(settings, WAITING)), "old phone").invite("");
    let challenges = answer.matches("WWW-Authenticate:").count();
    assert_eq!(challenges, 1, "{answer}");
    assert!(answer.contains("algorithm=MD5,"), "{answer}");
}

#[test]
fn a_user_with_the_right_password_gets_in_and_with_the_wrong_one_does_not() {
    let user = "[[users]]\nname = \"alice\"\ndomain = \"127.0.0.1\"\npassword = \"right\"\n";
    let server = serving(user, WAITING);
    for (password, outcome) in [("wrong", 401), ("right", 200)] {
        let mut peer = Peer::of(udp(&server), password);
        let challenge = peer.invite("");
        let (uri, user) = (peer.uri().to_owned(), ("alice", password));
        let proof = authorization(&challenge, &Method::Invite, &uri, SDP, user);
        peer.forget();
        let again = peer.invite(&proof);
        assert_eq!(status(&again), outcome, "{again}");
    }
}

#[test]
fn a_call_that_no_route_takes_is_not_found() {
    let route = "[[routes]]\nto = \"sales\"\napplication = \"it\"\n";
    let rest = format!("{}{route}", document("it", WAITING));
    let server = Server::start(config("", &rest, &[("it", WAITING)])).unwrap();
    assert_eq!(status(&Peer::of(udp(&server), "lost").invite("")), 404);
    assert_eq!(
        status(&Peer::of(udp(&server), "found").calling("sales").invite("")),
        200
    );
}

#[test]
fn several_applications_without_routes_take_no_call_and_the_server_says_so() {
    let rest = format!("{}{}", document("it", WAITING), document("other", WAITING));
    let config = config("", &rest, &[("it", WAITING), ("other", WAITING)]);
    let warnings = config.warnings.join("\n");
    assert!(
        warnings.contains("so every call that comes in gets 404"),
        "{warnings}"
    );
    let server = Server::start(config).unwrap();
    assert_eq!(status(&Peer::of(udp(&server), "lost").invite("")), 404);
}

#[test]
fn calls_beyond_the_limit_get_503_and_a_time_to_come_back() {
    let server = serving("[limits]\ncalls = 1\n", WAITING);
    let mut first = Peer::of(udp(&server), "first");
    assert_eq!(status(&first.invite("")), 200);
    let refused = Peer::of(udp(&server), "second").invite("");
    assert_eq!(status(&refused), 503);
    assert!(header(&refused, "Retry-After").is_some(), "{refused}");
    assert_eq!(status(&first.bye()), 200);
    crate::stage::until("there is room again", || {
        status(&Peer::of(udp(&server), &format!("third-{}", rand::random::<u32>())).invite(""))
            == 200
    });
}

#[test]
fn a_reload_changes_who_answers_and_keeps_the_calls_that_run() {
    let busy = "<Response><Reject reason=\"busy\"/></Response>";
    let running = |text: &str| {
        let mut config = config("", &document("it", text), &[("it", text)]);
        config.recordings.folder = "recordings".into();
        config
    };
    let mut server = Server::start(running(WAITING)).unwrap();
    let mut before = Peer::of(udp(&server), "before");
    assert_eq!(status(&before.invite("")), 200);
    let mut changed = running(busy);
    changed.shards += 1;
    let stays = wait(server.reload(changed)).unwrap();
    assert_eq!(stays, ["shards"]);
    let stays = wait(server.reload(running(busy))).unwrap();
    assert!(stays.is_empty(), "{stays:?}");
    assert_eq!(status(&Peer::of(udp(&server), "after").invite("")), 486);
    assert_eq!(status(&before.bye()), 200);
}

#[test]
fn a_taken_port_is_said_with_the_remedy() {
    let server = serving("", WAITING);
    let mut taken = config("", "", &[]);
    taken.sip.listen =
        vec![hookflash_server::config::Listen::parse(&format!("udp://{}", udp(&server))).unwrap()];
    let error = Server::start(taken).unwrap_err().to_string();
    assert!(error.contains(&udp(&server).to_string()), "{error}");
    assert!(error.contains("another process has it"), "{error}");
}
