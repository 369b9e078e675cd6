//! WebSockets of applications that listen, stall, flood and vanish.

use std::future::Future;
use std::net::SocketAddr;

use hookflash_dialects::{Body, FetchErrorKind, Policy, ReplyUse, Signing};
use hookflash_program::HookMethod;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::*;
use crate::resolver::Names;
use crate::webhook::policy;

fn request(address: SocketAddr) -> HttpRequest {
    HttpRequest {
        purpose: "stream",
        method: HookMethod::Get,
        url: format!("ws://{address}/audio?x=1"),
        credentials: Some(("user".into(), "password".into())),
        headers: vec![("Sec-WebSocket-Protocol".into(), "one, two".into())],
        body: Body::None,
        signing: Signing::Laml {
            key: "key".into(),
            signalwire: false,
        },
        policy: Policy {
            max_reply: LARGEST,
            ..policy()
        },
        reply_use: ReplyUse::Document,
    }
}

fn run<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

async fn open(request: &HttpRequest, open: &Open) -> Result<WebSocket, FetchError> {
    connect(&Webhooks::new(Names::default(), true), request, open).await
}

/// An application whose only connection is served by `work`.
async fn application<F: Future + 'static>(
    work: impl FnOnce(WebSocketStream<TcpStream>) -> F + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        let (stream, _) = listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let look = |request: &Request, mut response: Response| {
            let headers = request.headers();
            assert_eq!(request.uri(), "/audio?x=1");
            assert_eq!(headers["authorization"], "Basic dXNlcjpwYXNzd29yZA==");
            let host = headers["host"].to_str().unwrap();
            let asked = super::tests::request(host.parse().unwrap());
            let signed = asked.headers_for(&asked.url, 0);
            let signature = signed.iter().find(|(name, _)| name == "X-Twilio-Signature");
            assert_eq!(headers["x-twilio-signature"], signature.unwrap().1);
            let two = "two".parse().unwrap();
            response.headers_mut().insert("sec-websocket-protocol", two);
            Ok(response)
        };
        work(accept_hdr_async(stream, look).await.unwrap()).await;
    });
    address
}

/// An application that answers the handshake with these lines and says no more.
async fn answering(lines: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let key = head.split("Sec-WebSocket-Key: ").nth(1).unwrap();
        let accept = derive_accept_key(key.split("\r\n").next().unwrap().as_bytes());
        let text = lines.replace("ACCEPT", &accept);
        stream.write_all(text.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    address
}

#[test]
fn messages_go_both_ways_in_order_and_a_close_delivers_what_was_sent_before() {
    run(async {
        let (tell, mut heard) = mpsc::channel(10);
        let address = application(|mut peer| async move {
            while let Some(Ok(message)) = peer.next().await {
                let closes = message.is_close();
                if message.is_text() || message.is_binary() {
                    peer.send(message.clone()).await.unwrap();
                }
                tell.send(message).await.unwrap();
                if closes {
                    break;
                }
            }
        })
        .await;
        let all = Open::default();
        let socket = open(&request(address), &all).await.unwrap();
        assert_eq!(all.count(), 1);
        assert!(socket.send(Frame::Text("a".into())));
        assert!(socket.send(Frame::Binary(vec![1, 2])));
        assert_eq!(socket.next().await, Ok(Frame::Text("a".into())));
        assert_eq!(socket.next().await, Ok(Frame::Binary(vec![1, 2])));
        assert!(socket.send(Frame::Text("last".into())));
        socket.close();
        assert!(!socket.send(Frame::Text("too late".into())));
        let mut texts = Vec::new();
        while let Some(message) = heard.recv().await {
            texts.push(message);
        }
        assert_eq!(texts[2], Message::text("last"));
        let Message::Close(Some(farewell)) = &texts[3] else {
            panic!("no farewell with a code: {:?}", texts[3]);
        };
        assert_eq!(u16::from(farewell.code), 1000);
        while socket.next().await.is_ok() {}
        tokio::task::yield_now().await;
        assert_eq!(all.count(), 0);
    });
}

#[test]
fn the_application_says_why_it_closes() {
    run(async {
        let address = application(|mut peer| async move {
            let farewell = CloseFrame {
                code: 1001.into(),
                reason: "enough".into(),
            };
            peer.close(Some(farewell)).await.unwrap();
            while peer.next().await.is_some() {}
        })
        .await;
        let socket = open(&request(address), &Open::default()).await.unwrap();
        let why = socket.next().await.unwrap_err();
        assert_eq!(why.code, Some(1001));
        let why = why.why;
        assert!(why.contains("1001") && why.contains("enough"), "{why}");
        assert!(socket.next().await.is_err());
    });
}

#[test]
fn an_application_that_takes_nothing_loses_messages_and_holds_up_nobody() {
    run(async {
        let address = application(|peer| async move {
            std::future::pending::<()>().await;
            drop(peer);
        })
        .await;
        let all = Open::default();
        let socket = open(&request(address), &all).await.unwrap();
        let mut taken = 0;
        for _ in 0..20_000 {
            taken += u32::from(socket.send(Frame::Binary(vec![0; 4_000])));
            tokio::task::yield_now().await;
        }
        assert!((400..20_000).contains(&taken), "{taken}");
        socket.close();
        tokio::time::pause();
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(all.count(), 0);
    });
}

#[test]
fn an_application_that_floods_waits_for_the_call() {
    run(async {
        let (tell, sent) = tokio::sync::watch::channel(0);
        let address = application(|mut peer| async move {
            for number in 1..=20_000 {
                if peer.send(Message::binary(vec![0; 4_000])).await.is_err() {
                    return;
                }
                tell.send_replace(number);
            }
        })
        .await;
        let socket = open(&request(address), &Open::default()).await.unwrap();
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
        let stuck = *sent.borrow();
        assert!(stuck < 20_000, "{stuck}");
        for _ in 0..20_000 {
            assert!(socket.next().await.is_ok());
        }
    });
}

#[test]
fn a_message_that_is_too_large_ends_the_stream_with_a_sentence() {
    run(async {
        let address = application(|mut peer| async move {
            let _ = peer.send(Message::binary(vec![0; LARGEST + 1])).await;
            while peer.next().await.is_some_and(|message| message.is_ok()) {}
        })
        .await;
        let socket = open(&request(address), &Open::default()).await.unwrap();
        let why = socket.next().await.unwrap_err().why;
        assert!(why.contains("too much at once"), "{why}");
    });
}

#[test]
fn dropping_the_socket_closes_it() {
    run(async {
        let (tell, is_over) = tokio::sync::oneshot::channel();
        let address = application(|mut peer| async move {
            let last = peer.next().await;
            let _ = tell.send(last.is_some_and(|last| last.unwrap().is_close()));
        })
        .await;
        drop(open(&request(address), &Open::default()).await.unwrap());
        assert!(is_over.await.unwrap());
    });
}

#[test]
fn what_is_no_handshake_is_told_apart() {
    run(async {
        let cases = [
            (
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
                FetchErrorKind::Status(403),
            ),
            ("nonsense\r\n\r\n", FetchErrorKind::Protocol),
            (
                "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: wrong\r\n\r\n",
                FetchErrorKind::Protocol,
            ),
            (
                "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Protocol: three\r\n\r\n",
                FetchErrorKind::Protocol,
            ),
        ];
        for (lines, kind) in cases {
            let address = answering(lines).await;
            let error = open(&request(address), &Open::default()).await.err();
            assert_eq!(error.map(|error| error.kind), Some(kind), "{lines}");
        }
        // More than needed in Connection, and no word on the sub-protocol, is let pass.
        let address = answering(
            "HTTP/1.1 101 x\r\nupgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\n\
             sec-websocket-accept: ACCEPT\r\n\r\n",
        )
        .await;
        assert!(open(&request(address), &Open::default()).await.is_ok());
        let address = answering("").await;
        let mut hurried = request(address);
        hurried.policy.read = Duration::from_millis(20);
        let error = open(&hurried, &Open::default()).await.err().unwrap();
        assert_eq!(error.kind, FetchErrorKind::ReadTimeout);
        let mut odd = request(address);
        odd.url = "http://h/".into();
        let error = open(&odd, &Open::default()).await.err().unwrap();
        assert_eq!(error.kind, FetchErrorKind::InvalidUrl);
    });
}

#[test]
fn private_addresses_are_refused_as_for_every_other_request() {
    run(async {
        let address = answering("").await;
        let webhooks = Webhooks::new(Names::default(), false);
        let error = connect(&webhooks, &request(address), &Open::default()).await;
        let error = error.err().unwrap();
        assert_eq!(error.kind, FetchErrorKind::PrivateAddress);
    });
}

/// An application that answers every handshake with these lines, one set after the other.
async fn redirecting(replies: Vec<String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        for lines in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let lines = lines.replace("HERE", &address.to_string());
            stream.write_all(lines.as_bytes()).await.unwrap();
        }
    });
    address
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n\r\n")
}

#[test]
fn redirects_of_a_handshake_are_followed_as_far_as_the_policy_says() {
    run(async {
        let following = |address, most| {
            let mut request = request(address);
            request.policy.redirects = most;
            request
        };
        let cases = [
            (vec![redirect("/b")], 0, FetchErrorKind::Status(302)),
            (
                vec![redirect("/b"), redirect("ws://HERE/c"), redirect("/d")],
                2,
                FetchErrorKind::TooManyRedirects,
            ),
            (vec![redirect("")], 1, FetchErrorKind::BadRedirect),
            (
                vec![redirect("ftp://HERE/c")],
                1,
                FetchErrorKind::BadRedirect,
            ),
        ];
        for (replies, most, kind) in cases {
            let address = redirecting(replies.clone()).await;
            let request = following(address, most);
            let error = open(&request, &Open::default()).await.err();
            assert_eq!(error.map(|error| error.kind), Some(kind), "{replies:?}");
        }
        // Where it leads is asked with the user only if that is the same host and port.
        let final_stop = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = final_stop.local_addr().unwrap();
        let address = redirecting(vec![redirect(&format!("http://{there}/audio?y"))]).await;
        let reached = async {
            let (stream, _) = final_stop.accept().await.unwrap();
            #[expect(clippy::result_large_err, reason = "the library's own type")]
            let look = |request: &Request, response: Response| {
                assert_eq!(request.uri(), "/audio?y");
                assert!(!request.headers().contains_key("authorization"));
                Ok(response)
            };
            accept_hdr_async(stream, look).await.unwrap()
        };
        let request = following(address, 2);
        let (mut peer, socket) = tokio::join!(reached, async {
            open(&request, &Open::default()).await.unwrap()
        });
        peer.send(Message::text("hi")).await.unwrap();
        assert_eq!(socket.next().await, Ok(Frame::Text("hi".into())));
    });
}

#[test]
fn a_message_over_the_limit_of_the_request_ends_the_socket() {
    run(async {
        let address = application(|mut peer| async move {
            let _ = peer.send(Message::text("x".repeat(1_000))).await;
            let _ = peer.send(Message::text("x".repeat(1_001))).await;
            while peer.next().await.is_some_and(|message| message.is_ok()) {}
        })
        .await;
        let mut request = request(address);
        request.policy.max_reply = 1_000;
        let socket = open(&request, &Open::default()).await.unwrap();
        assert!(socket.next().await.is_ok());
        let closed = socket.next().await.unwrap_err();
        assert_eq!(closed.code, None);
        assert!(closed.why.contains("too much at once"), "{closed}");
    });
}

#[test]
fn a_flood_of_messages_leaves_everybody_else_a_turn_between_them() {
    const MANY: usize = 500;
    run(async {
        let address = application(|mut peer| async move {
            for number in 0..MANY {
                let message = Message::text(number.to_string());
                peer.feed(message).await.unwrap();
            }
            peer.flush().await.unwrap();
            std::future::pending::<()>().await;
        })
        .await;
        let socket = open(&request(address), &Open::default()).await.unwrap();
        socket.next().await.unwrap();
        let turns = Rc::new(Cell::new(0));
        let counted = Rc::clone(&turns);
        tokio::task::spawn_local(async move {
            loop {
                counted.set(counted.get() + 1);
                tokio::task::yield_now().await;
            }
        });
        for _ in 1..MANY {
            socket.next().await.unwrap();
        }
        assert!(turns.get() >= MANY / 2, "{} turns", turns.get());
    });
}
