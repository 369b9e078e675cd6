//! A jambonz application on a WebSocket, over real sockets.

use std::net::{TcpListener, TcpStream};

use hookflash_server::Server;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept_hdr};

use crate::peer::{Peer, status};
use crate::stage::{config, get, get_json, udp, until, wait};

/// The application's end of a connection.
struct Talk(WebSocket<TcpStream>);

impl Talk {
    /// Takes the next connection.
    fn accept(listener: &TcpListener) -> Talk {
        let (stream, _) = listener.accept().unwrap();
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let look = |request: &Request, mut response: Response| {
            let headers = request.headers();
            assert_eq!(request.uri(), "/voice?x=1");
            assert_eq!(headers["authorization"], "Basic YWRhOnNlY3JldA==");
            let protocol = headers["sec-websocket-protocol"].clone();
            assert_eq!(protocol, "ws.jambonz.org");
            let chosen = response.headers_mut();
            chosen.insert("sec-websocket-protocol", protocol);
            Ok(response)
        };
        Talk(accept_hdr(stream, look).unwrap())
    }

    /// The next message of this type.
    fn hear(&mut self, kind: &str) -> Value {
        loop {
            if let Message::Text(text) = self.0.read().unwrap() {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] == kind {
                    return message;
                }
            }
        }
    }

    fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).unwrap();
    }

    fn ack(&mut self, message: &Value, verbs: &Value) {
        self.say(&json!({"type": "ack", "msgid": message["msgid"], "data": verbs}));
    }

    /// The code of the server's farewell.
    fn farewell(&mut self) -> u16 {
        loop {
            if let Message::Close(Some(farewell)) = self.0.read().unwrap() {
                return farewell.code.into();
            }
        }
    }
}

#[test]
fn a_call_is_led_over_a_websocket_survives_its_loss_and_leaves_none_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let application = format!(
        "[[applications]]\nname = \"it\"\naccount = \"jambonz\"\n\
         url = \"ws://ada:secret@{address}/voice?x=1#rc=2\"\n"
    );
    let server = Server::start(config("shards = 1", &application, &[])).unwrap();
    let leads = std::thread::spawn(move || {
        let mut talk = Talk::accept(&listener);
        let first = talk.hear("session:new");
        talk.ack(
            &first,
            &json!([{"verb": "answer"}, {"verb": "pause", "length": 60}]),
        );
        talk.hear("call:status");
        let lost = talk.0.into_inner();
        drop(lost);
        let mut talk = Talk::accept(&listener);
        let again = talk.hear("session:reconnect");
        assert_eq!(again["data"], first["data"]);
        talk.ack(&again, &json!([]));
        let hang_up = json!([{"verb": "hangup", "headers": {"X-Reason": "over the socket"}}]);
        talk.say(&json!({"type": "command", "command": "redirect", "data": hang_up}));
        let mut statuses = Vec::new();
        while statuses.last() != Some(&json!("completed")) {
            statuses.push(talk.hear("call:status")["data"]["call_status"].clone());
        }
        (statuses, talk.farewell())
    });
    let mut peer = Peer::of(udp(&server), "websocket");
    assert_eq!(status(&peer.invite("")), 200);
    let bye = peer.request("BYE");
    assert!(bye.contains("X-Reason: over the socket"), "{bye}");
    let (statuses, code) = leads.join().unwrap();
    assert_eq!(code, 1000);
    let finals = statuses.iter().filter(|word| **word == "completed");
    assert_eq!(finals.count(), 1);
    let metrics = || get(server.http_addr, "/metrics").1;
    until("no WebSocket is left", || {
        metrics().contains("hookflash_websockets{shard=\"0\"} 0")
    });
    let call = &get_json(server.http_addr, "/hookflash/v1/calls")["calls"][0];
    assert_eq!(call["status"], "completed");
    wait(server.drain(std::time::Duration::ZERO));
}
