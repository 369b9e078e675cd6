//! Phones of users: they register, leave, call, and are who they say.

use std::net::SocketAddr;

use hookflash_server::{Running, Server};
use hookflash_sip::Method;
use serde_json::Value;

use crate::peer::{Peer, SDP, authorization, header, status};
use crate::stage::{WAITING, config, document, get_json, serving, udp, until, wait};

const USERS: &str = "[[users]]\nname = \"alice\"\ndomain = \"127.0.0.1\"\npassword = \"right\"\n\
                     [[users]]\nname = \"bob\"\ndomain = \"127.0.0.1\"\npassword = \"other\"\n";

/// A phone that says it is alice.
struct Phone {
    peer: Peer,
    password: &'static str,
}

impl Phone {
    fn of(server: &Running, call_id: &str) -> Phone {
        Phone {
            peer: Peer::of(udp(server), call_id).calling("alice"),
            password: "right",
        }
    }

    /// Sends a REGISTER and, when it is challenged, another one.
    fn register(&mut self, more: &str) -> String {
        self.peer.forget();
        self.peer.send(&self.peer.ask("REGISTER", more, ""));
        let answer = self.peer.next("");
        if status(&answer) != 401 {
            return answer;
        }
        self.peer.forget();
        let user = ("alice", self.password);
        let proof = authorization(&answer, &Method::Register, self.peer.uri(), "", user);
        self.peer
            .send(&self.peer.ask("REGISTER", &format!("{proof}{more}"), ""));
        self.peer.next("")
    }
}

fn view(server: &Running) -> Value {
    get_json(server.http_addr, "/hookflash/v1/registrations")
}

fn phones(server: &Running) -> usize {
    let phones = view(server)["users"][0]["phones"].clone();
    phones.as_array().map_or(0, Vec::len)
}

#[test]
fn a_phone_registers_with_its_password_is_shown_and_leaves() {
    let server = serving(&format!("shards = 2\n{USERS}"), WAITING);
    let mut phone = Phone::of(&server, "desk");
    let answer = phone.register("Expires: 600\r\nUser-Agent: Desk/1\r\n");
    assert_eq!(status(&answer), 200, "{answer}");
    let contact = header(&answer, "Contact").unwrap();
    assert!(contact.contains(";expires="), "{contact}");
    let view = view(&server);
    assert_eq!(view["users"][0]["user"], "alice@127.0.0.1");
    let shown = &view["users"][0]["phones"][0];
    assert_eq!(shown["address"], phone.peer.address().to_string());
    assert_eq!(shown["userAgent"], "Desk/1");
    // A second phone of the same user, on another shard perhaps.
    let mut second = Phone::of(&server, "second-phone");
    assert_eq!(status(&second.register("")), 200);
    assert_eq!(phones(&server), 2);
    assert_eq!(status(&phone.register("Expires: 0\r\n")), 200);
    assert_eq!(phones(&server), 1);
    let metrics = crate::stage::get(server.http_addr, "/metrics").1;
    assert!(
        metrics.contains("hookflash_registered_phones 1"),
        "{metrics}"
    );
    wait(server.drain(std::time::Duration::ZERO));
}

#[test]
fn nobody_registers_with_a_wrong_password_or_as_somebody_else() {
    let server = serving(USERS, WAITING);
    let mut phone = Phone::of(&server, "wrong");
    phone.password = "guess";
    assert_eq!(status(&phone.register("")), 401);
    let mut impostor = Phone::of(&server, "impostor");
    impostor.peer = impostor.peer.calling("bob");
    assert_eq!(
        status(&impostor.register("")),
        403,
        "alice's password is not bob's"
    );
    assert_eq!(phones(&server), 0);
    let nobody = serving("", WAITING);
    assert_eq!(status(&Phone::of(&nobody, "none").register("")), 403);
}

#[test]
fn whoever_guesses_passwords_is_not_listened_to_for_a_while() {
    let server = serving(USERS, WAITING);
    let mut answers = Vec::new();
    for number in 0..40 {
        let mut phone = Phone::of(&server, &format!("guess-{number}"));
        phone.password = "guess";
        answers.push(status(&phone.register("")));
    }
    assert!(answers[..29].iter().all(|code| *code == 401), "{answers:?}");
    assert!(answers[30..].iter().all(|code| *code == 403), "{answers:?}");
    assert_eq!(status(&Phone::of(&server, "right").register("")), 403);
    let mut caller = Peer::of(udp(&server), "caller");
    assert_eq!(status(&caller.invite("")), 403);
}

#[test]
fn a_binding_that_is_too_short_is_refused_and_a_bad_one_too() {
    let server = serving(USERS, WAITING);
    let mut phone = Phone::of(&server, "short");
    let answer = phone.register("Expires: 5\r\n");
    assert_eq!(status(&answer), 423);
    assert_eq!(header(&answer, "Min-Expires"), Some("60"));
    // The contact that every request has is joined by one that cannot be called.
    assert_eq!(status(&phone.register("Contact: <mailto:a@b>\r\n")), 400);
    assert_eq!(phones(&server), 0);
}

#[test]
fn a_user_who_is_none_any_more_loses_its_phones_at_a_reload() {
    let text = document("it", WAITING);
    let running = |top: &str| {
        let mut config = config(top, &text, &[("it", WAITING)]);
        config.recordings.folder = "recordings".into();
        config
    };
    let mut server = Server::start(running(USERS)).unwrap();
    assert_eq!(status(&Phone::of(&server, "gone").register("")), 200);
    let bob = USERS.rfind("[[users]]").unwrap();
    wait(server.reload(running(&USERS[bob..]))).unwrap();
    until("the phone is forgotten", || {
        view(&server)["users"] == Value::Array(Vec::new())
    });
}

#[test]
fn a_user_calls_with_its_own_name_and_with_no_other() {
    let identities = USERS.replacen(
        "password = \"right\"\n",
        "password = \"right\"\nidentities = [\"+44*\"]\n",
        1,
    );
    let server = serving(&identities, WAITING);
    let call = |from: &str, call_id: &str| {
        let mut peer = Peer::of(udp(&server), call_id).showing(from);
        let challenge = peer.invite("");
        assert_eq!(status(&challenge), 401);
        let (uri, user) = (peer.uri().to_owned(), ("alice", "right"));
        let proof = authorization(&challenge, &Method::Invite, &uri, SDP, user);
        peer.forget();
        peer.invite(&proof)
    };
    assert_eq!(status(&call("<sip:alice@127.0.0.1>", "own")), 200);
    assert_eq!(status(&call("<sip:+44207946@127.0.0.1>", "given")), 200);
    assert_eq!(
        status(&call(
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>",
            "nobody"
        )),
        200
    );
    let lie = call("<sip:bob@127.0.0.1>", "lie");
    assert!(lie.starts_with("SIP/2.0 403 From Is Not"), "{lie}");
}

#[test]
fn a_phone_is_referred_on_the_address_that_it_called_from() {
    let refer = "<Response><Refer><Sip>sip:agent@127.0.0.1</Sip></Refer></Response>";
    let server = serving(USERS, refer);
    let mut peer = Peer::of(udp(&server), "referred");
    let challenge = peer.invite("");
    let (uri, user) = (peer.uri().to_owned(), ("alice", "right"));
    let proof = authorization(&challenge, &Method::Invite, &uri, SDP, user);
    peer.forget();
    // As behind address translation: the Contact leads to nobody.
    let away: SocketAddr = "192.0.2.1:9".parse().unwrap();
    let answer = peer.contact_at(away).invite(&proof);
    assert_eq!(status(&answer), 200, "{answer}");
    let refer = peer.take("REFER", &answer, "603 Decline");
    assert!(
        refer.starts_with(&format!("REFER sip:alice@{away} ")),
        "{refer}"
    );
}
