//! Who may call, and which application answers.

use hookflash_sip::{ConnectionId, Transport};

use super::*;
use crate::config::Options;

fn switchboard(text: &str) -> Switchboard {
    let desk = r#"
[[accounts]]
sid = "AC1"
dialect = "twiml"
auth_token = "t"
[[applications]]
name = "support"
url = "http://h/support"
[[applications]]
name = "rest"
url = "http://h/rest"
[[routes]]
to = "support@*.example.com"
application = "support"
[[routes]]
to = "+44*"
application = "rest"
"#;
    let text = format!("{text}{desk}");
    let folder = Path::new(".");
    let config = Config::from_parts("t", &text, folder, &[], &Options::default()).unwrap();
    Switchboard::new(&config, "http://me", &[]).unwrap()
}

fn admit(board: &Switchboard, flow: &Flow) -> Admission {
    board.admit(flow, |_| None)
}

fn flow(local: &str, remote: &str) -> Flow {
    Flow {
        transport: Transport::Udp,
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        connection: ConnectionId(0),
    }
}

#[test]
fn the_first_route_that_matches_decides_and_none_is_none() {
    let board = switchboard("");
    let name = |uri: &str| board.route(uri, None).map(|o| o.application.name.clone());
    assert_eq!(
        name("sip:support@eu.Example.com:5070").as_deref(),
        Some("support")
    );
    assert_eq!(
        name("sip:+442079460123@anywhere;user=phone").as_deref(),
        Some("rest")
    );
    assert_eq!(name("tel:+442079460123").as_deref(), Some("rest"));
    assert_eq!(name("sip:support@example.net"), None);
    assert_eq!(name("sip:example.com"), None);
    assert_eq!(name("nonsense"), None);
}

#[test]
fn with_domains_a_call_for_another_host_is_not_ours_unless_a_route_names_it() {
    let board = switchboard(
        "[sip]\ndomains = [\"voice.example.com\"]\n\
             [[routes]]\nto = \"x@other.example.com\"\napplication = \"support\"\n\
             [[routes]]\nto = \"x\"\napplication = \"support\"\n",
    );
    for ours in [
        "sip:x@VOICE.example.com:5080",
        "sip:x@192.0.2.1",
        "sip:x@[2001:db8::1]",
        "sip:x@localhost",
        "tel:+44123",
        "sip:x@other.example.com",
    ] {
        assert!(board.route(ours, None).is_some(), "{ours}");
    }
    assert!(board.route("sip:x@example.net", None).is_none());
}

#[test]
fn without_trunks_and_users_only_a_loopback_listener_takes_calls() {
    let board = switchboard("");
    let loopback = flow("127.0.0.1:5060", "127.0.0.1:1");
    assert_eq!(admit(&board, &loopback), Admission::Welcome(None));
    assert_eq!(
        admit(&board, &flow("[::1]:5060", "[::1]:1")),
        Admission::Welcome(None)
    );
    assert_eq!(
        admit(&board, &flow("192.0.2.1:5060", "192.0.2.9:1")),
        Admission::Refused
    );
    assert_eq!(
        admit(&board, &flow("0.0.0.0:5060", "127.0.0.1:1")),
        Admission::Refused
    );
    let open = switchboard("[sip]\naccept = \"anyone\"\n");
    let stranger = flow("192.0.2.1:5060", "192.0.2.9:1");
    assert_eq!(admit(&open, &stranger), Admission::Welcome(None));
}

#[test]
fn a_trunk_is_known_by_its_address_and_gives_its_credentials() {
    let board = switchboard(
        "[[trunks]]\nname = \"carrier\"\nuri = \"sip:h\"\nusername = \"u\"\n\
             password = \"p\"\nfrom = [\"203.0.113.0/24\"]\n",
    );
    let carrier = flow("192.0.2.1:5060", "203.0.113.77:5060");
    assert_eq!(admit(&board, &carrier), Admission::Welcome(Some(0)));
    assert_eq!(board.trunk(0), Some("carrier"));
    // Once peers are named, loopback is no longer taken for granted.
    assert_eq!(
        admit(&board, &flow("127.0.0.1:5060", "127.0.0.1:1")),
        Admission::Refused
    );
    let options = board.route("sip:+441@h", Some(0)).unwrap();
    assert_eq!(options.trunk.as_deref(), Some("carrier"));
    assert_eq!(options.credentials[0].username, "u");
    assert!(
        board
            .route("sip:+441@h", None)
            .unwrap()
            .credentials
            .is_empty()
    );
}

#[test]
fn users_are_challenged_in_their_own_realm() {
    let board = switchboard(
        "[[users]]\nname = \"a\"\ndomain = \"one.example\"\npassword = \"1\"\n\
             [[users]]\nname = \"a\"\ndomain = \"two.example\"\npassword = \"2\"\n",
    );
    assert_eq!(
        admit(&board, &flow("127.0.0.1:5060", "127.0.0.1:1")),
        Admission::Challenge
    );
    assert_eq!(board.realm("TWO.example"), Some("two.example"));
    assert_eq!(board.realm("elsewhere"), Some("one.example"));
    assert_eq!(board.password("two.example", "a"), Some("2"));
    assert_eq!(board.password("two.example", "b"), None);
}

#[test]
fn the_registrar_of_a_trunk_that_we_are_registered_with_may_call() {
    let board = switchboard(
        "[[trunks]]\nname = \"other\"\nuri = \"sip:o\"\nfrom = [\"192.0.2.1\"]\n\
             [[trunks]]\nname = \"carrier\"\nuri = \"sip:h\"\nusername = \"u\"\n\
             password = \"p\"\nregister = true\n",
    );
    let known = |ip: IpAddr| (ip.to_string() == "203.0.113.9").then(|| "carrier".to_owned());
    let admit = |remote: &str| board.admit(&flow("192.0.2.77:5060", remote), known);
    assert_eq!(admit("203.0.113.9:5060"), Admission::Welcome(Some(1)));
    assert_eq!(admit("203.0.113.8:5060"), Admission::Refused);
    assert_eq!(admit("192.0.2.1:5060"), Admission::Welcome(Some(0)));
}

#[test]
fn a_user_calls_itself_by_its_name_or_what_it_is_given_or_nothing() {
    let board = switchboard(
        "[sip]\ndomains = [\"voice.example.com\"]\n\
             [[users]]\nname = \"alice\"\ndomain = \"phones.example\"\npassword = \"1\"\n\
             identities = [\"+4420*\", \"*@pbx.example\"]\n",
    );
    let may = |from: &str| board.may_show("phones.example", "alice", from);
    for fine in [
        "<sip:alice@phones.example>;tag=1",
        "\"Alice\" <sip:alice@192.0.2.77:5070>",
        "sip:alice@VOICE.example.com;tag=1",
        "<sip:+44207946@phones.example;user=phone>",
        "<tel:+44207946>",
        "<sip:reception@pbx.example>",
        "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1",
    ] {
        assert!(may(fine), "{fine}");
    }
    for lie in [
        "<sip:bob@phones.example>;tag=1",
        "<sip:Alice@phones.example>",
        "<sip:alice@bank.example>",
        "<sip:+44207946@bank.example>",
        "<sip:+4930@phones.example>",
        "<sip:phones.example>",
        "nonsense",
        "",
    ] {
        assert!(!may(lie), "{lie}");
    }
}
