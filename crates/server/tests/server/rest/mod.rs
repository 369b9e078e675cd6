//! The REST APIs of the four vendors over real sockets, with a party that is called.

mod bandwidth;
mod guessing;
mod jambonz;
mod laml;
mod recordings;
mod requests;
mod tenancy;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookflash_server::config::{Config, Options};
use hookflash_server::{Running, Server};
use serde_json::Value;

use crate::application::Application;
use crate::peer::{Peer, header};
use crate::stage::{folder, until};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";

const TWILIO: &str = "AC00000000000000000000000000000001";
const SIGNALWIRE: &str = "00000000-0000-0000-0000-000000000001";
const BANDWIDTH: &str = "9900000";
const JAMBONZ: &str = "22222222-2222-4222-8222-222222222222";

/// Two accounts of each dialect; the second of each is somebody else's.
const ACCOUNTS: [(&str, &str); 8] = [
    (TWILIO, "twiml"),
    ("AC00000000000000000000000000000002", "twiml"),
    (SIGNALWIRE, "cxml"),
    ("00000000-0000-0000-0000-000000000002", "cxml"),
    (BANDWIDTH, "bxml"),
    ("9900001", "bxml"),
    (JAMBONZ, "jambonz"),
    ("33333333-3333-4333-8333-333333333333", "jambonz"),
];

/// A server with all accounts, and one application of each dialect that says the same.
struct Stage {
    server: Running,
    application: Application,
}

impl Stage {
    fn new(document: &'static str) -> Stage {
        Stage::with("", document)
    }

    /// `top` comes first in the configuration.
    fn with(top: &str, document: &'static str) -> Stage {
        let application = Application::saying(document);
        let mut text = format!("{top}\n");
        for (sid, dialect) in ACCOUNTS {
            text.push_str(&format!(
                "[[accounts]]\nsid = \"{sid}\"\ndialect = \"{dialect}\"\n\
                 auth_token = \"key-{sid}\"\n"
            ));
        }
        for (sid, dialect) in [ACCOUNTS[0], ACCOUNTS[2], ACCOUNTS[4], ACCOUNTS[6]] {
            let url = application.url(&format!("/{dialect}/voice"));
            text.push_str(&format!(
                "[[applications]]\nname = \"{dialect}-app\"\naccount = \"{sid}\"\nurl = \"{url}\"\n"
            ));
        }
        if !top.contains("[[routes]]") {
            text.push_str("[[routes]]\nto = \"*\"\napplication = \"twiml-app\"\n");
        }
        let options = Options {
            sip: vec!["udp://127.0.0.1:0".into(), "tcp://127.0.0.1:0".into()],
            http: Some("127.0.0.1:0".into()),
            store: Some("sqlite::memory:".into()),
            ..Options::default()
        };
        let folder = folder();
        let config = Config::from_parts("test.toml", &text, &folder, &[], &options).unwrap();
        Stage {
            server: Server::start(config).unwrap(),
            application,
        }
    }

    /// The call in our own view.
    fn server_view(&self, sid: &str) -> Value {
        crate::stage::get_json(self.server.http_addr, &format!("/hookflash/v1/calls/{sid}"))
    }

    fn api(&self, account: usize) -> Api {
        let (sid, dialect) = ACCOUNTS[account];
        let authorization = match dialect {
            "jambonz" => format!("Bearer key-{sid}"),
            _ => format!("Basic {}", STANDARD.encode(format!("{sid}:key-{sid}"))),
        };
        Api {
            http: self.server.http_addr,
            sid,
            authorization,
        }
    }

    fn twilio(&self) -> Api {
        self.api(0)
    }

    fn signalwire(&self) -> Api {
        self.api(2)
    }

    fn bandwidth(&self) -> Api {
        self.api(4)
    }

    fn jambonz(&self) -> Api {
        self.api(6)
    }
}

/// A client with the credentials of one account.
#[derive(Clone)]
struct Api {
    http: SocketAddr,
    sid: &'static str,
    authorization: String,
}

/// What the server replied.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn text(&self, name: &str) -> String {
        let json = self.json();
        json[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {json}"))
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

impl Api {
    fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Reply {
        let kind = match kind {
            "" => String::new(),
            kind => format!("Content-Type: {kind}\r\n"),
        };
        let head = format!("Authorization: {}\r\n{kind}", self.authorization);
        send(self.http, method, path, &head, body.as_bytes())
    }

    fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", "")
    }

    /// POSTs fields of a form.
    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(fields);
        self.send("POST", path, FORM, &text.finish())
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send(method, path, JSON, &body.to_string())
    }
}

/// Sends one request and reads the reply to its end.
pub(crate) fn send(http: SocketAddr, method: &str, path: &str, head: &str, body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(http).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n{head}\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A server that does not want the body closes the connection.
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let body = bytes.split_off(end.expect("no reply") + 4);
    let head = String::from_utf8(bytes).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head, body }
}

/// A party that waits to be called.
fn callee() -> Peer {
    Peer::of("127.0.0.1:9".parse().unwrap(), "callee")
}

fn uri_of(peer: &Peer) -> String {
    format!("sip:bob@{}", peer.address())
}

/// The party takes the call.
fn takes(bob: &mut Peer) -> String {
    let invite = bob.request("INVITE");
    bob.answer(&invite, "180 Ringing");
    bob.accept(&invite);
    bob.request("ACK");
    invite
}

/// Looks until the call stands so.
fn stands(api: &Api, path: &str, name: &str, word: &str) {
    until(&format!("{path} is {word}"), || {
        api.get(path).json()[name] == word
    });
}

/// The party says what became of a transfer.
fn notify(bob: &Peer, invite: &str, number: u32, state: &str, fragment: &str) {
    let of = |name| header(invite, name).unwrap();
    let contact = of("Contact").trim_matches(['<', '>']);
    let (own, via) = (bob.address(), format!("SIP/2.0/UDP {}", bob.address()));
    let text = format!(
        "NOTIFY {contact} SIP/2.0\r\nVia: {via};branch=z9hG4bKn{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: {};tag=callee\r\nTo: {}\r\nCall-ID: {}\r\n\
         CSeq: {number} NOTIFY\r\nContact: <sip:bob@{own}>\r\nEvent: refer\r\n\
         Subscription-State: {state}\r\nContent-Type: message/sipfrag;version=2.0\r\n\
         Content-Length: {}\r\n\r\n{fragment}",
        of("To"),
        of("From"),
        of("Call-ID"),
        fragment.len()
    );
    bob.send(&text);
}

/// What the application was asked for at this path, the bodies alone.
fn heard(application: &Application, path: &str) -> Vec<String> {
    let is_it = |request: &&String| {
        request
            .split(' ')
            .nth(1)
            .is_some_and(|target| target == path)
    };
    let all = application.heard();
    let found = all.iter().filter(is_it);
    found
        .map(|request| request.split_once("\r\n\r\n").unwrap().1.to_owned())
        .collect()
}

fn is_rfc_2822(text: &Value) -> bool {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let text = text.as_str().unwrap_or_default();
    text.ends_with(" +0000") && days.iter().any(|day| text.starts_with(day))
}
