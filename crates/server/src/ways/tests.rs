//! Who is reached how.

use std::path::Path;

use hookflash_dialects::{Account, Application, CallHooks, Caller, Dialect};
use hookflash_program::HookMethod;
use hookflash_sip::{Flow, Message, Request};

use super::*;
use crate::config::Options;

const TRUNKS: &str = r#"
[sip]
domains = ["voice.example.com"]
[[trunks]]
name = "uk"
uri = "sip:192.0.2.1:5070;transport=tcp"
numbers = ["+44*"]
username = "u"
password = "p"
[[trunks]]
name = "world"
uri = "sip:out@carrier.example"
hosts = ["*.carrier.example"]
[[trunks]]
name = "inbound"
from = ["192.0.2.0/24"]
[[users]]
name = "alice"
domain = "Voice.example.com"
password = "p"
[[users]]
name = "2001"
domain = "voice.example.com"
password = "p"
"#;

fn ways(text: &str) -> Ways {
    let folder = Path::new(".");
    let config = Config::from_parts("t", text, folder, &[], &Options::default()).unwrap();
    Ways::new(&config, &["192.0.2.77:5060".parse().unwrap()])
}

/// An order with nothing out of the ordinary.
pub(crate) fn order(to: &str) -> CallOrder {
    let account = Account {
        sid: "AC1".to_owned(),
        dialect: Dialect::Twiml,
        signing_key: String::new(),
        callback_credentials: None,
    };
    let application = Application {
        name: "it".to_owned(),
        sid: "AP1".to_owned(),
        account,
        url: String::new(),
        method: HookMethod::Post,
        fallback_url: None,
        status_callback: None,
        events_url: None,
    };
    CallOrder {
        to: to.to_owned(),
        from: Caller {
            value: "+4412".to_owned(),
            ..Caller::default()
        },
        application: Arc::new(application),
        hooks: CallHooks::default(),
        document: None,
        ring_timeout: Duration::from_secs(60),
        max_duration: None,
        keys: None,
        record: None,
        headers: Vec::new(),
        credentials: None,
        trunk: None,
        machine_detection: None,
        tag: None,
        tag_data: None,
        voice: None,
        recognizer: None,
    }
}

fn find(ways: &Ways, order: &CallOrder) -> Result<Vec<Vec<Way>>, NoWay> {
    ways.to(order, &Bindings::default(), Instant::now())
}

/// The ways one after the other, as trunk and Request-URI.
fn shown(ways: &Ways, to: &str) -> Result<Vec<String>, NoWay> {
    let groups = find(ways, &order(to))?;
    let text = |way: &Way| format!("{} {}", way.trunk.as_deref().unwrap_or("-"), way.uri);
    Ok(groups.iter().flatten().map(text).collect())
}

fn register(contacts: &str, port: u16, transport: Transport, connection: u64) -> (Request, Flow) {
    let text = format!(
        "REGISTER sip:voice.example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{port}\r\n\
         From: <sip:alice@voice.example.com>;tag=1\r\nTo: <sip:alice@voice.example.com>\r\n\
         Call-ID: {port}\r\nCSeq: 1 REGISTER\r\nContact: {contacts}\r\n\r\n"
    );
    let Message::Request(request) = Message::parse_datagram(text.as_bytes()).unwrap() else {
        panic!("not a request")
    };
    let flow = Flow {
        transport,
        local: ([192, 0, 2, 77], 5060).into(),
        remote: ([198, 51, 100, 9], port).into(),
        connection: ConnectionId(connection),
    };
    (request, flow)
}

#[test]
fn a_number_goes_out_by_the_trunks_that_take_it_one_after_the_other() {
    let ways = ways(TRUNKS);
    let found = shown(&ways, "+44 20 7946").unwrap();
    let by_uk = "uk sip:+44207946@192.0.2.1:5070;transport=tcp";
    let by_world = "world sip:+44207946@carrier.example";
    assert_eq!(found, [by_uk, by_world]);
    assert_eq!(
        shown(&ways, "tel:+4930").unwrap(),
        ["world sip:+4930@carrier.example"]
    );
    let groups = find(&ways, &order("+44207946")).unwrap();
    assert_eq!(groups.len(), 2, "not both at once");
    assert_eq!(groups[0][0].credentials[0].username, "u");
    assert!(groups[1][0].credentials.is_empty());
    assert_eq!(groups[0][0].from, "<sip:+4412@voice.example.com>");
    let none = shown(
        &self::ways("[[trunks]]\nname = \"t\"\nuri = \"sip:h\"\nnumbers = []\n"),
        "+1",
    );
    assert_eq!(none, Err(NoWay::NoTrunk));
}

#[test]
fn a_trunk_that_failed_is_tried_last_by_everybody() {
    let ways = ways(TRUNKS);
    let groups = find(&ways, &order("+44207946")).unwrap();
    ways.ended(&groups[0][0], &LegEnd::Refused(486), false);
    assert!(
        shown(&ways, "+4420").unwrap()[0].starts_with("uk "),
        "busy is no failure of a trunk"
    );
    ways.ended(&groups[0][0], &LegEnd::NoAnswer, false);
    assert!(shown(&ways, "+4420").unwrap()[0].starts_with("world "));
    ways.ended(&groups[0][0], &LegEnd::PeerBye(None), true);
    assert!(
        shown(&ways, "+4420").unwrap()[0].starts_with("uk "),
        "it works again"
    );
}

#[test]
fn a_uri_is_called_as_it_is_unless_a_trunk_names_its_host() {
    let ways = ways(TRUNKS);
    let odd = "sip:Bob%20B@Other.example:5070;transport=TCP;x";
    assert_eq!(shown(&ways, odd).unwrap(), [format!("- {odd}")]);
    assert_eq!(
        shown(&ways, "bob@other.example").unwrap(),
        ["- sip:bob@other.example"]
    );
    let groups = find(&ways, &order("sip:bob@sbc.Carrier.example")).unwrap();
    assert_eq!(groups[0][0].trunk.as_deref(), Some("world"));
    assert_eq!(
        groups[0][0].route.as_deref(),
        Some("<sip:out@carrier.example>")
    );
    for secure in [
        "sips:bob@other.example",
        "sip:bob@other.example;transport=tls",
    ] {
        assert_eq!(shown(&ways, secure), Err(NoWay::NeedsTls), "{secure}");
    }
}

#[test]
fn headers_in_a_uri_become_headers_unless_they_are_not_its_to_set() {
    let ways = ways(TRUNKS);
    let mut wanted = order("sip:b@h?X-Account=7%3B8&User-to-User=ab");
    wanted.headers = vec![("user-to-user".to_owned(), "cd".to_owned())];
    let way = find(&ways, &wanted).unwrap()[0][0].clone();
    assert_eq!(way.uri, "sip:b@h");
    assert_eq!(way.headers, [("X-Account".to_owned(), "7;8".to_owned())]);
    for bad in [
        "sip:b@h?F%72om=eve",
        "sip:b@h?X=1%0d%0aVia:x",
        "sip:b@h?body=x",
        "sip:b@h;method=BYE",
    ] {
        assert!(
            matches!(shown(&ways, bad), Err(NoWay::BadTarget(_))),
            "{bad}"
        );
    }
}

#[test]
fn a_user_is_called_on_all_phones_that_registered_the_preferred_ones_first() {
    let ways = ways(TRUNKS);
    let bindings = Bindings::default();
    let now = Instant::now();
    let aor = "alice@voice.example.com";
    for (contact, port, transport, connection) in [
        ("<sip:alice@10.0.0.1>;q=0.5", 4001, Transport::Udp, 0),
        ("<sip:alice@10.0.0.2>", 4002, Transport::Udp, 0),
        (
            "<sip:alice@10.0.0.3;transport=tcp>",
            4003,
            Transport::Tcp,
            7,
        ),
    ] {
        let (request, flow) = register(contact, port, transport, connection);
        assert_eq!(bindings.register(now, aor, &request, flow).status, 200);
    }
    for to in [
        "alice",
        "sip:alice@VOICE.example.com",
        "alice@voice.example.com:5060",
    ] {
        let groups = ways.to(&order(to), &bindings, now).unwrap();
        let uris = |at: usize| -> Vec<&str> { groups[at].iter().map(|way| &*way.uri).collect() };
        assert_eq!(
            uris(0),
            ["sip:alice@10.0.0.3;transport=tcp", "sip:alice@10.0.0.2"],
            "{to}"
        );
        assert_eq!(uris(1), ["sip:alice@10.0.0.1"]);
        assert!(groups.iter().flatten().all(|way| way.keeps_flow));
        let named = Some("sip:alice@voice.example.com".to_owned());
        assert!(groups.iter().flatten().all(|way| way.to == named));
        assert_eq!(groups[0][0].flow.unwrap().connection, ConnectionId(7));
    }
    bindings.connection_closed(ConnectionId(7));
    let groups = ways.to(&order("alice"), &bindings, now).unwrap();
    assert_eq!(
        groups[0][0].flow, None,
        "it can only be called at its Contact now"
    );
    let elsewhere = ways.to(&order("sip:alice@voice.example.com:5999"), &bindings, now);
    assert_eq!(
        elsewhere.unwrap()[0][0].flow,
        None,
        "that is another server's port"
    );
}

#[test]
fn a_user_without_a_phone_and_a_user_who_is_none_are_told_apart() {
    let ways = ways(TRUNKS);
    assert_eq!(shown(&ways, "2001"), Err(NoWay::NotRegistered));
    assert_eq!(
        shown(&ways, "sip:bob@voice.example.com"),
        Err(NoWay::UnknownUser)
    );
    assert!(matches!(shown(&ways, "bob"), Err(NoWay::BadTarget(_))));
    assert_eq!(
        shown(&ways, "2002").unwrap(),
        ["world sip:2002@carrier.example"]
    );
}

#[test]
fn an_order_may_name_its_trunk_and_bring_its_own_password() {
    let ways = ways(TRUNKS);
    let mut wanted = order("+4930");
    wanted.trunk = Some("uk".to_owned());
    wanted.credentials = Some(("me".to_owned(), "mine".to_owned()));
    let groups = find(&ways, &wanted).unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0][0].trunk.as_deref(), Some("uk"));
    assert_eq!(groups[0][0].credentials[0].username, "me");
    wanted.to = "sip:bob@elsewhere.example".to_owned();
    let way = find(&ways, &wanted).unwrap()[0][0].clone();
    assert_eq!(
        way.route.as_deref(),
        Some("<sip:192.0.2.1:5070;transport=tcp>")
    );
    for unknown in ["nobody", "inbound"] {
        wanted.trunk = Some(unknown.to_owned());
        assert_eq!(
            find(&ways, &wanted),
            Err(NoWay::UnknownTrunk(unknown.to_owned()))
        );
    }
}

#[test]
fn what_the_operator_does_not_allow_is_not_called() {
    let allowed =
        "[transfer]\nallow_targets = [\"+44*\", \"pbx.example\", \"voice.example.com\"]\n";
    let ways = ways(&format!("{allowed}{TRUNKS}"));
    assert!(shown(&ways, "+4420").is_ok() && shown(&ways, "sip:x@pbx.example").is_ok());
    assert_eq!(shown(&ways, "alice"), Err(NoWay::NotRegistered));
    for to in [
        "+4930",
        "112",
        "sip:x@other.example",
        "sip:x@pbx.example;maddr=192.0.2.66",
    ] {
        assert!(
            matches!(shown(&ways, to), Err(NoWay::NotAllowed(_))),
            "{to}"
        );
    }
}

#[test]
fn a_trunk_learns_who_a_private_caller_is_and_nobody_else_does() {
    let ways = ways(TRUNKS);
    let private = |to: &str| {
        let mut wanted = order(to);
        wanted.from.is_private = true;
        find(&ways, &wanted).unwrap()[0][0].clone()
    };
    let by_trunk = private("+4420");
    assert!(by_trunk.from.contains("anonymous.invalid"));
    assert_eq!(by_trunk.headers[0].1, "<sip:+4412@voice.example.com>");
    let direct = private("sip:bob@other.example");
    assert!(direct.from.contains("anonymous.invalid") && direct.headers.is_empty());
}

#[test]
fn from_names_our_domain_or_what_is_advertised_or_the_address_that_the_call_leaves_from() {
    let trunk = "[[trunks]]\nname = \"t\"\nuri = \"sip:192.0.2.1\"\n";
    let from = |top: &str| {
        find(&ways(&format!("{top}{trunk}")), &order("+1")).unwrap()[0][0]
            .from
            .clone()
    };
    assert_eq!(from(""), "<sip:+4412@192.0.2.77>");
    assert_eq!(
        from("[sip]\nadvertise = \"203.0.113.7\"\n"),
        "<sip:+4412@203.0.113.7>"
    );
    assert_eq!(
        from("[sip]\nadvertise = \"gw.example:5080\"\n"),
        "<sip:+4412@gw.example>"
    );
    let both = "[sip]\nadvertise = \"203.0.113.7\"\ndomains = [\"voice.example.com\"]\n";
    assert_eq!(from(both), "<sip:+4412@voice.example.com>");
}

#[test]
fn what_can_be_no_called_party_is_refused_with_the_reason() {
    let ways = ways(TRUNKS);
    for to in [
        "",
        " ",
        "bob",
        "sip:",
        "sip:a b@h",
        "http://h/",
        "mailto:a@b",
        "+",
        "sip:a@h\r\nVia: x",
    ] {
        assert!(
            matches!(shown(&ways, to), Err(NoWay::BadTarget(_))),
            "{to:?}"
        );
    }
    let mut wanted = order("+4420");
    wanted.from.value = "1\r\n2".to_owned();
    assert!(matches!(find(&ways, &wanted), Err(NoWay::BadCaller(_))));
}
