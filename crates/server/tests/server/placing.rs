//! Calls that somebody asks for: by trunks, directly, and to phones that have registered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hookflash_call::{CallRecord, CommandRefused};
use hookflash_dialects::{
    Account, Application, CallAction, CallHooks, CallOrder, CallState, CallUpdate, Caller, Dialect,
};
use hookflash_program::HookMethod;
use hookflash_server::{NoWay, NotPlaced, NotUpdated, Running, Server};
use hookflash_sip::Method;

use crate::dns::{Manner, NameServer};
use crate::peer::{Peer, SDP, authorization, header, response, status};
use crate::stage::{WAITING, config, document, serving, tcp, udp, until, wait};
use crate::transports::Stream;

const PAUSE: &str = "<Response><Pause length=\"60\"/></Response>";

/// An order of the account `twiml`, with a document that waits.
fn order(to: &str) -> CallOrder {
    let account = Account {
        sid: "twiml".to_owned(),
        dialect: Dialect::Twiml,
        signing_key: "key".to_owned(),
        callback_credentials: None,
    };
    let application = Application {
        name: "api".to_owned(),
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
            value: "+442079460000".to_owned(),
            ..Caller::default()
        },
        application: Arc::new(application),
        hooks: CallHooks::default(),
        document: Some(PAUSE.into()),
        ring_timeout: Duration::from_secs(60),
        max_duration: None,
        keys: None,
        record: None,
        headers: vec![("X-Order".to_owned(), "7".to_owned())],
        credentials: None,
        trunk: None,
        machine_detection: None,
        tag: None,
        tag_data: None,
        voice: None,
        recognizer: None,
    }
}

fn place(server: &Running, order: CallOrder) -> Result<Arc<CallRecord>, NotPlaced> {
    wait(server.place(order))
}

fn state(call: &CallRecord) -> CallState {
    call.facts(|facts| facts.state.clone())
}

fn update(server: &Running, call: &CallRecord, action: CallAction) -> Result<(), NotUpdated> {
    let sid = call.facts(|facts| facts.sid.clone());
    let update = CallUpdate {
        action: Some(action),
        ..CallUpdate::default()
    };
    wait(server.update("twiml", &sid, update)).map(drop)
}

/// A party that waits to be called.
fn callee() -> Peer {
    Peer::of("127.0.0.1:9".parse().unwrap(), "callee")
}

fn trunks(carriers: &[&Peer], more: &str) -> String {
    let trunk = |(number, carrier): (usize, &&Peer)| {
        let uri = carrier.address();
        format!("[[trunks]]\nname = \"t{number}\"\nuri = \"sip:{uri}\"\n{more}\n")
    };
    carriers.iter().enumerate().map(trunk).collect()
}

#[test]
fn calls_to_a_uri_are_placed_by_every_shard_run_their_document_and_are_hung_up() {
    let server = serving("shards = 3", WAITING);
    for _ in 0..6 {
        let mut bob = callee();
        let uri = format!("sip:bob@{};x=1", bob.address());
        let call = place(&server, order(&uri)).unwrap();
        let invite = bob.request("INVITE");
        assert!(
            invite.starts_with(&format!("INVITE {uri} SIP/2.0")),
            "{invite}"
        );
        assert!(
            header(&invite, "From")
                .unwrap()
                .starts_with("<sip:+442079460000@127.0.0.1>")
        );
        assert_eq!(header(&invite, "X-Order"), Some("7"));
        bob.answer(&invite, "180 Ringing");
        until("it rings", || state(&call) == CallState::Ringing);
        bob.accept(&invite);
        bob.request("ACK");
        until("it is answered", || state(&call) == CallState::InProgress);
        update(&server, &call, CallAction::HangUp).unwrap();
        bob.take("BYE", "", "200 OK");
        until("it is over", || matches!(state(&call), CallState::Ended(_)));
        let again = update(&server, &call, CallAction::HangUp);
        assert_eq!(again, Err(NotUpdated::Refused(CommandRefused::Over)));
    }
    wait(server.drain(Duration::ZERO));
}

#[test]
fn a_trunk_that_takes_no_calls_gives_way_to_the_next_and_is_tried_last_from_then_on() {
    let (mut dead, mut living) = (callee(), callee());
    let server = serving(
        &format!("shards = 2\n{}", trunks(&[&dead, &living], "")),
        WAITING,
    );
    for first in [true, false, false] {
        let call = place(&server, order("+44 20 7946 0001")).unwrap();
        if first {
            let invite = dead.request("INVITE");
            dead.answer(&invite, "503 Service Unavailable");
        }
        let invite = living.request("INVITE");
        let number = format!("INVITE sip:+442079460001@{} ", living.address());
        assert!(invite.starts_with(&number), "{invite}");
        living.answer(&invite, "486 Busy Here");
        living.request("ACK");
        until("it is over", || matches!(state(&call), CallState::Ended(_)));
        assert_eq!(
            call.facts(|facts| facts.trunk.clone()).as_deref(),
            Some("t1")
        );
    }
}

#[test]
fn a_trunk_that_asks_for_a_password_gets_it() {
    let mut carrier = callee();
    let credentials = "username = \"line1\"\npassword = \"secret\"";
    let server = serving(&trunks(&[&carrier], credentials), WAITING);
    let call = place(&server, order("2001")).unwrap();
    let first = carrier.request("INVITE");
    let challenge = "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\"\r\n";
    carrier.answer_with(&first, "407 Proxy Authentication Required", challenge);
    let again = carrier.request("INVITE");
    let proof = header(&again, "Proxy-Authorization").unwrap();
    assert!(proof.contains("username=\"line1\""), "{proof}");
    carrier.accept(&again);
    until("it is answered", || state(&call) == CallState::InProgress);
}

#[test]
fn a_host_without_a_port_is_looked_for_in_dns_and_its_second_server_answers() {
    let (mut silent, mut living) = (callee(), callee());
    let srv = |priority: u32, peer: &Peer| {
        let port = peer.address().port();
        format!("_sip._udp.pbx.example SRV {priority} 0 {port} host.pbx.example")
    };
    let (first, second) = (srv(1, &silent), srv(2, &living));
    let zone = [&*first, &*second, "host.pbx.example A 127.0.0.1"];
    let dns = NameServer::start(Manner::Truncating, &zone);
    let server = serving(&format!("[sip]\ndns = [\"{}\"]\n", dns.address), WAITING);
    let call = place(&server, order("sip:bob@pbx.example")).unwrap();
    let invite = silent.request("INVITE");
    silent.answer(&invite, "503 Service Unavailable");
    let invite = living.request("INVITE");
    assert!(
        invite.starts_with("INVITE sip:bob@pbx.example SIP/2.0"),
        "{invite}"
    );
    living.accept(&invite);
    until("it is answered", || state(&call) == CallState::InProgress);
    let lost = place(&server, order("sip:bob@nowhere.example")).unwrap();
    until("it is over", || matches!(state(&lost), CallState::Ended(_)));
}

#[test]
fn a_silent_server_of_the_only_trunk_gives_way_to_its_next_one() {
    let (mut silent, mut living) = (callee(), callee());
    let srv = |priority: u32, peer: &Peer| {
        let port = peer.address().port();
        format!("_sip._udp.carrier.example SRV {priority} 0 {port} host.carrier.example")
    };
    let (first, second) = (srv(1, &silent), srv(2, &living));
    let zone = [&*first, &*second, "host.carrier.example A 127.0.0.1"];
    let dns = NameServer::start(Manner::Honest, &zone);
    let trunk = "[[trunks]]\nname = \"t\"\nuri = \"sip:carrier.example\"\n";
    let top = format!("[sip]\ndns = [\"{}\"]\n{trunk}", dns.address);
    let server = serving(&top, WAITING);
    let call = place(&server, order("+44 20 7946 0001")).unwrap();
    silent.request("INVITE");
    // SIP alone would wait for 32 s, which is longer than this party waits to be called.
    let invite = living.request("INVITE");
    living.accept(&invite);
    until("it is answered", || state(&call) == CallState::InProgress);
}

const USERS: &str = "[[users]]\nname = \"alice\"\ndomain = \"127.0.0.1\"\npassword = \"right\"\n";

/// Registers a phone at a Contact that leads nowhere, as behind address translation.
fn register(server: &Running, call_id: &str, more: &str) -> Peer {
    let away: SocketAddr = "192.0.2.1:9".parse().unwrap();
    let mut phone = Peer::of(udp(server), call_id).calling("alice");
    phone.contact_at(away);
    phone.send(&phone.ask("REGISTER", more, ""));
    let challenge = phone.next("");
    phone.forget();
    let uri = phone.uri().to_owned();
    let proof = authorization(&challenge, &Method::Register, &uri, "", ("alice", "right"));
    phone.send(&phone.ask("REGISTER", &format!("{proof}{more}"), ""));
    assert_eq!(status(&phone.next("")), 200);
    phone
}

#[test]
fn a_phone_is_called_where_it_registered_from_and_referred_there() {
    let server = serving(&format!("shards = 3\n{USERS}"), WAITING);
    let mut phone = register(&server, "desk", "");
    for _ in 0..4 {
        let mut wanted = order("alice");
        let refer = "<Response><Refer><Sip>sip:agent@127.0.0.1</Sip></Refer></Response>";
        wanted.document = Some(refer.into());
        let call = place(&server, wanted).unwrap();
        let invite = phone.request("INVITE");
        assert!(
            invite.starts_with("INVITE sip:alice@192.0.2.1:9 "),
            "{invite}"
        );
        // What a phone takes for its own identity when it follows the REFER.
        assert_eq!(header(&invite, "To").unwrap(), "<sip:alice@127.0.0.1>");
        let contact = "Contact: <sip:alice@192.0.2.1:9>\r\nContent-Type: application/sdp\r\n";
        phone.send(&response(&invite, "200 OK", contact, SDP));
        phone.request("ACK");
        let refer = phone.request("REFER");
        assert!(
            header(&refer, "Refer-To")
                .unwrap()
                .contains("sip:agent@127.0.0.1"),
            "{refer}"
        );
        phone.answer(&refer, "603 Decline");
        phone.take("BYE", &refer, "200 OK");
        until("it is over", || matches!(state(&call), CallState::Ended(_)));
    }
}

#[test]
fn all_phones_of_a_user_ring_and_the_one_that_answers_has_the_call() {
    let server = serving(&format!("shards = 2\n{USERS}"), WAITING);
    let mut desk = register(&server, "desk", "");
    // The same Contact would be the same phone.
    let mut mobile = Peer::of(udp(&server), "mobile").calling("alice");
    mobile.send(&mobile.ask("REGISTER", "", ""));
    let challenge = mobile.next("");
    mobile.forget();
    let uri = mobile.uri().to_owned();
    let proof = authorization(&challenge, &Method::Register, &uri, "", ("alice", "right"));
    mobile.send(&mobile.ask("REGISTER", &proof, ""));
    assert_eq!(status(&mobile.next("")), 200);
    let call = place(&server, order("sip:alice@127.0.0.1")).unwrap();
    let (at_desk, at_mobile) = (desk.request("INVITE"), mobile.request("INVITE"));
    desk.answer(&at_desk, "180 Ringing");
    mobile.answer(&at_mobile, "180 Ringing");
    mobile.accept(&at_mobile);
    let cancel = desk.request("CANCEL");
    desk.answer(&cancel, "200 OK");
    desk.answer(&at_desk, "487 Request Terminated");
    desk.request("ACK");
    until("it is answered", || state(&call) == CallState::InProgress);
}

#[test]
fn a_phone_is_called_on_the_connection_that_it_registered_on_and_not_when_that_is_gone() {
    let server = serving(&format!("shards = 3\n{USERS}"), WAITING);
    let mut phone = Stream::to(&server);
    let uri = format!("sip:alice@{}", tcp(&server));
    let register = |phone: &Stream, cseq: u32, proof: &str| {
        let text = phone.ask_for(&uri, "REGISTER", "reg", cseq, "", proof);
        let contact = header(&text, "Contact").unwrap();
        text.replace(contact, &contact.replace('>', ";transport=tcp>"))
    };
    let first = register(&phone, 1, "");
    phone.send(first.as_bytes());
    let challenge = phone.final_answer();
    let proof = authorization(&challenge, &Method::Register, &uri, "", ("alice", "right"));
    let again = register(&phone, 2, &proof);
    phone.send(again.as_bytes());
    assert_eq!(status(&phone.final_answer()), 200);
    // Each time another shard calls, on a connection that is one shard's.
    for _ in 0..4 {
        let call = place(&server, order("alice")).unwrap();
        let invite = phone.request("INVITE");
        phone.send(response(&invite, "486 Busy Here", "", "").as_bytes());
        phone.request("ACK");
        until("it is over", || matches!(state(&call), CallState::Ended(_)));
    }
    drop(phone);
    // Its Contact is called, where nobody listens.
    until("a call comes to nothing by itself", || {
        let call = place(&server, order("alice")).unwrap();
        until("it is over", || matches!(state(&call), CallState::Ended(_)));
        call.facts(|facts| match &facts.state {
            CallState::Ended(end) => end.sip_status == 503,
            _ => false,
        })
    });
}

#[test]
fn what_cannot_be_placed_is_refused_with_the_reason_and_leaves_no_call() {
    let rest = "[transfer]\nallow_targets = [\"127.0.0.1\", \"+44*\"]\n";
    let server = serving(&format!("{rest}{USERS}"), WAITING);
    let refused = |to: &str| match place(&server, order(to)) {
        Err(NotPlaced::NoWay(why)) => why,
        other => panic!("{to}: {other:?}"),
    };
    assert_eq!(refused("alice"), NoWay::NotRegistered);
    assert_eq!(refused("sip:bob@127.0.0.1"), NoWay::UnknownUser);
    assert_eq!(refused("+4420"), NoWay::NoTrunk);
    assert!(matches!(refused("+4930"), NoWay::NotAllowed(_)));
    assert!(matches!(
        refused("sip:x@other.example"),
        NoWay::NotAllowed(_)
    ));
    assert!(matches!(refused("nonsense"), NoWay::BadTarget(_)));
    let list = crate::stage::get_json(server.http_addr, "/hookflash/v1/calls");
    assert!(list["calls"].as_array().unwrap().is_empty(), "{list}");
}

#[test]
fn limits_hold_for_calls_that_are_placed() {
    let bob = callee();
    let uri = format!("sip:bob@{}", bob.address());
    let full = serving("shards = 2\n[limits]\ncalls = 2\n", WAITING);
    for _ in 0..2 {
        place(&full, order(&uri)).unwrap();
    }
    assert!(matches!(
        place(&full, order(&uri)),
        Err(NotPlaced::Full { .. })
    ));
    let fast = serving("shards = 2\n[limits]\ncalls_per_second = 2\n", WAITING);
    let is_too_fast = |placed| matches!(placed, Err(NotPlaced::TooFast { .. }));
    // However slow the machine: more than two in a second are many in a thousand.
    assert!((0..1_000).any(|_| is_too_fast(place(&fast, order(&uri)))));
}

#[test]
fn nobody_changes_a_call_of_another_account() {
    let mut bob = callee();
    let server = serving("shards = 2", WAITING);
    let call = place(&server, order(&format!("sip:bob@{}", bob.address()))).unwrap();
    let sid = call.facts(|facts| facts.sid.clone());
    let hang_up = CallUpdate {
        action: Some(CallAction::HangUp),
        ..CallUpdate::default()
    };
    let foreign = wait(server.update("jambonz", &sid, hang_up.clone()));
    assert_eq!(foreign.unwrap_err(), NotUpdated::Unknown);
    let unknown = wait(server.update("twiml", "CA1", hang_up));
    assert_eq!(unknown.unwrap_err(), NotUpdated::Unknown);
    let invite = bob.request("INVITE");
    bob.answer(&invite, "180 Ringing");
    until("it rings", || state(&call) == CallState::Ringing);
    update(&server, &call, CallAction::Cancel).unwrap();
    bob.take("CANCEL", &invite, "200 OK");
}

#[test]
fn a_reload_changes_who_can_be_called() {
    let (mut old, mut new) = (callee(), callee());
    let running = |top: &str| {
        let mut config = config(top, &document("it", WAITING), &[("it", WAITING)]);
        config.recordings.folder = "recordings".into();
        config
    };
    let mut server = Server::start(running(&trunks(&[&old], ""))).unwrap();
    place(&server, order("+4420")).unwrap();
    let invite = old.request("INVITE");
    old.answer(&invite, "486 Busy Here");
    wait(server.reload(running(&trunks(&[&new], "")))).unwrap();
    place(&server, order("+4420")).unwrap();
    new.request("INVITE");
}
