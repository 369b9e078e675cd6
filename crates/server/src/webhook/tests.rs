//! The client against applications that behave, misbehave and vanish.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hookflash_dialects::{Body, Policy, ReplyUse, RetryOn, Signing, Success};
use hookflash_program::HookMethod;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A policy that forgives nothing and waits long.
pub(crate) fn policy() -> Policy {
    Policy {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(5),
        total: Duration::from_secs(10),
        retries: 0,
        retry_on: RetryOn::default(),
        backoff: Vec::new(),
        redirects: 0,
        max_reply: 1_000,
        success: Success::Any2xx,
        cookies: false,
        digest: false,
    }
}

fn post(url: String) -> HttpRequest {
    HttpRequest {
        purpose: "first",
        method: HookMethod::Post,
        url,
        credentials: None,
        headers: vec![("Accept".into(), "application/xml".into())],
        body: Body::Form(vec![("From".into(), "+44".into())]),
        signing: Signing::None,
        policy: policy(),
        reply_use: ReplyUse::Document,
    }
}

/// What the application does with the next request.
enum Turn {
    /// Answers with these bytes; the connection stays open.
    Say(String),
    /// Answers with these bytes and hangs up.
    SayAndClose(String),
    /// Reads the request and says nothing.
    Silence,
    /// Reads the request and hangs up.
    Close,
}

/// An application on loopback that takes its turns in order and remembers what it was asked.
#[derive(Clone)]
struct Application {
    address: SocketAddr,
    heard: Rc<RefCell<Vec<String>>>,
    connections: Rc<RefCell<usize>>,
}

impl Application {
    async fn taking(turns: Vec<Turn>) -> Application {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let application = Application {
            address,
            heard: Rc::default(),
            connections: Rc::default(),
        };
        let turns = Rc::new(RefCell::new(VecDeque::from(turns)));
        let server = application.clone();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *server.connections.borrow_mut() += 1;
                tokio::task::spawn_local(server.clone().serve(stream, Rc::clone(&turns)));
            }
        });
        application
    }

    async fn serve(self, mut stream: TcpStream, turns: Rc<RefCell<VecDeque<Turn>>>) {
        while let Some(request) = read_request(&mut stream).await {
            self.heard.borrow_mut().push(request);
            let turn = turns.borrow_mut().pop_front();
            match turn {
                Some(Turn::Say(bytes)) => stream.write_all(bytes.as_bytes()).await.unwrap(),
                Some(Turn::SayAndClose(bytes)) => {
                    return stream.write_all(bytes.as_bytes()).await.unwrap();
                }
                Some(Turn::Silence) => std::future::pending::<()>().await,
                Some(Turn::Close) | None => return,
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.borrow().clone()
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn ok(body: &str) -> Turn {
    Turn::Say(with(200, "", body))
}

fn with(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Word\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn run<F: Future>(work: impl FnOnce(Rc<Webhooks>) -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        work(Webhooks::new(Names::default(), true)).await
    })
}

const CALL: CallKey = CallKey(1);

#[test]
fn a_document_is_fetched_with_the_headers_of_the_dialect_and_the_connection_is_kept() {
    run(async |webhooks| {
        let application = Application::taking(vec![
            Turn::Say(with(200, "Content-Type: text/xml\r\n", "<Response/>")),
            ok("second"),
        ])
        .await;
        let mut request = post(application.url("/voice?a=b"));
        request
            .headers
            .push(("Expect".into(), "100-continue".into()));
        let reply = webhooks.fetch(CALL, &request).await.unwrap();
        assert_eq!(
            (reply.status, reply.body.as_slice()),
            (200, b"<Response/>".as_slice())
        );
        assert_eq!(reply.content_type.as_deref(), Some("text/xml"));
        assert_eq!(reply.url, request.url);
        assert_eq!(
            webhooks.fetch(CALL, &request).await.unwrap().body,
            b"second"
        );
        assert_eq!(*application.connections.borrow(), 1);
        let heard = application.heard();
        assert!(
            heard[0].starts_with("POST /voice?a=b HTTP/1.1\r\n"),
            "{}",
            heard[0]
        );
        let lower = heard[0].to_ascii_lowercase();
        assert!(lower.contains(&format!("host: {}\r\n", application.address)));
        assert!(
            lower.contains("content-type: application/x-www-form-urlencoded"),
            "{lower}"
        );
        assert!(lower.contains("accept: application/xml\r\n") && !lower.contains("expect"));
        assert!(heard[0].ends_with("\r\n\r\nFrom=%2B44"), "{}", heard[0]);
    });
}

#[test]
fn a_get_has_no_body() {
    run(async |webhooks| {
        let application = Application::taking(vec![ok("")]).await;
        let mut request = post(application.url("/voice?From=%2B44"));
        request.method = HookMethod::Get;
        request.body = Body::None;
        webhooks.fetch(CALL, &request).await.unwrap();
        let heard = application.heard();
        assert!(
            heard[0].starts_with("GET /voice?From=%2B44 "),
            "{}",
            heard[0]
        );
        assert!(
            !heard[0].to_ascii_lowercase().contains("content-"),
            "{}",
            heard[0]
        );
    });
}

#[test]
fn an_idle_connection_that_the_application_closed_is_replaced_without_a_retry() {
    run(async |webhooks| {
        let application =
            Application::taking(vec![Turn::SayAndClose(with(200, "", "one")), ok("two")]).await;
        let request = post(application.url("/"));
        assert_eq!(webhooks.fetch(CALL, &request).await.unwrap().body, b"one");
        assert_eq!(webhooks.fetch(CALL, &request).await.unwrap().body, b"two");
        assert_eq!(*application.connections.borrow(), 2);
    });
}

#[test]
fn a_request_that_a_kept_connection_swallowed_is_not_sent_twice() {
    run(async |webhooks| {
        let application = Application::taking(vec![ok("first"), Turn::Close, ok("never")]).await;
        let request = post(application.url("/"));
        webhooks.fetch(CALL, &request).await.unwrap();
        let error = webhooks.fetch(CALL, &request).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Protocol);
        assert_eq!(application.heard().len(), 2);
    });
}

#[test]
fn a_get_that_a_kept_connection_swallowed_is_sent_once_more_on_a_new_one() {
    run(async |webhooks| {
        let turns = vec![
            ok("first"),
            Turn::Close,
            ok("second"),
            Turn::Close,
            Turn::Close,
        ];
        let application = Application::taking(turns).await;
        let request = HttpRequest {
            method: HookMethod::Get,
            ..post(application.url("/"))
        };
        for body in [b"first".as_slice(), b"second"] {
            assert_eq!(webhooks.fetch(CALL, &request).await.unwrap().body, body);
        }
        let error = webhooks.fetch(CALL, &request).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Protocol);
        assert_eq!(application.heard().len(), 5);
    });
}

#[test]
fn every_way_to_fail_has_its_kind() {
    run(async |webhooks| {
        let cases = [
            (vec![Turn::Silence], FetchErrorKind::ReadTimeout),
            (vec![Turn::Close], FetchErrorKind::Protocol),
            (
                vec![Turn::SayAndClose("SSH-2.0-x\r\n".into())],
                FetchErrorKind::Protocol,
            ),
            (
                vec![Turn::Say(with(404, "", "no"))],
                FetchErrorKind::Status(404),
            ),
            (
                vec![Turn::Say(with(500, "", ""))],
                FetchErrorKind::Status(500),
            ),
            (
                vec![Turn::Say(with(302, "Location: /x\r\n", ""))],
                FetchErrorKind::Status(302),
            ),
            (
                vec![Turn::Say(with(200, "", &"x".repeat(1_001)))],
                FetchErrorKind::TooLarge,
            ),
            (
                vec![Turn::SayAndClose(format!(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n{}",
                    "x".repeat(2_000)
                ))],
                FetchErrorKind::TooLarge,
            ),
            (
                vec![Turn::SayAndClose(
                    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into(),
                )],
                FetchErrorKind::Protocol,
            ),
        ];
        for (turns, kind) in cases {
            let application = Application::taking(turns).await;
            let mut request = post(application.url("/"));
            request.policy.read = Duration::from_millis(300);
            let error = webhooks.fetch(CALL, &request).await.unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert_eq!(error.url, request.url);
            assert!(!error.message.is_empty());
        }
    });
}

#[test]
fn a_failed_status_quotes_what_the_application_said() {
    run(async |webhooks| {
        let application = Application::taking(vec![Turn::Say(with(500, "", "Traceback"))]).await;
        let error = webhooks
            .fetch(CALL, &post(application.url("/")))
            .await
            .unwrap_err();
        assert_eq!(error.body.as_deref(), Some("Traceback"));
    });
}

#[test]
fn nothing_that_listens_no_name_and_no_url_are_told_apart() {
    run(async |webhooks| {
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };
        let kind = async |url: &str| {
            let mut request = post(url.to_owned());
            request.policy.connect = Duration::from_millis(500);
            webhooks.fetch(CALL, &request).await.unwrap_err().kind
        };
        let nothing_there = kind(&format!("http://{closed}/")).await;
        assert_eq!(nothing_there, FetchErrorKind::Refused);
        assert_eq!(kind("http://nobody.invalid/").await, FetchErrorKind::Dns);
        assert_eq!(kind("voice").await, FetchErrorKind::InvalidUrl);
        let plain = Application::taking(vec![]).await;
        let secure = plain.url("/").replace("http:", "https:");
        assert_eq!(kind(&secure).await, FetchErrorKind::Tls);
    });
}

#[test]
fn the_total_limit_covers_retries_and_a_body_that_never_ends() {
    run(async |webhooks| {
        let application = Application::taking(vec![Turn::Say(
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into(),
        )])
        .await;
        let mut request = post(application.url("/"));
        request.policy.total = Duration::from_millis(300);
        let error = webhooks.fetch(CALL, &request).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::TotalTimeout);
    });
}

#[test]
fn only_what_the_policy_names_is_tried_again_and_only_so_often() {
    run(async |webhooks| {
        let failing = || {
            vec![
                Turn::Say(with(503, "", "")),
                Turn::Say(with(503, "", "")),
                ok("at last"),
            ]
        };
        let application = Application::taking(failing()).await;
        let mut request = post(application.url("/"));
        request.policy.retries = 2;
        request.policy.retry_on.client_errors = true;
        let error = webhooks.fetch(CALL, &request).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Status(503));
        assert_eq!(application.heard().len(), 1);

        let application = Application::taking(failing()).await;
        request.url = application.url("/");
        request.policy.retry_on.server_errors = true;
        request.policy.backoff = vec![Duration::from_millis(1)];
        assert_eq!(
            webhooks.fetch(CALL, &request).await.unwrap().body,
            b"at last"
        );
        assert_eq!(application.heard().len(), 3);

        let application = Application::taking(failing()).await;
        request.url = application.url("/");
        request.policy.retries = 1;
        assert!(webhooks.fetch(CALL, &request).await.is_err());
        assert_eq!(application.heard().len(), 2);
    });
}

#[test]
fn a_302_becomes_a_get_without_body_and_a_307_repeats_the_request_signed_anew() {
    run(async |webhooks| {
        for (status, method, body) in [(302, "GET", ""), (307, "POST", "From=%2B44")] {
            let application = Application::taking(vec![
                Turn::Say(with(status, "Location: /next?q=1\r\n", "moved")),
                ok("there"),
            ])
            .await;
            let mut request = post(application.url("/first"));
            request.policy.redirects = 1;
            request.signing = Signing::Laml {
                key: "key".into(),
                signalwire: false,
            };
            let reply = webhooks.fetch(CALL, &request).await.unwrap();
            assert_eq!(reply.url, application.url("/next?q=1"));
            let heard = application.heard();
            assert!(
                heard[1].starts_with(&format!("{method} /next?q=1 ")),
                "{}",
                heard[1]
            );
            assert!(
                heard[1].ends_with(&format!("\r\n\r\n{body}")),
                "{}",
                heard[1]
            );
            let signature = |request: &str| {
                let line = request
                    .lines()
                    .find(|l| l.to_lowercase().starts_with("x-twilio-sig"));
                line.unwrap().to_owned()
            };
            assert_ne!(signature(&heard[0]), signature(&heard[1]));
            assert_eq!(*application.connections.borrow(), 1);
        }
    });
}

#[test]
fn redirects_end_at_the_limit_and_need_a_place_to_go() {
    run(async |webhooks| {
        let moved = || Turn::Say(with(301, "Location: /again\r\n", ""));
        let application = Application::taking(vec![moved(), moved(), moved()]).await;
        let mut request = post(application.url("/"));
        request.policy.redirects = 2;
        let error = webhooks.fetch(CALL, &request).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::TooManyRedirects);
        assert_eq!(error.url, application.url("/again"));

        for headers in ["", "Location: mailto:a@b\r\n", "Location: \r\n"] {
            let application = Application::taking(vec![Turn::Say(with(302, headers, ""))]).await;
            request.url = application.url("/");
            let error = webhooks.fetch(CALL, &request).await.unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::BadRedirect, "{headers}");
        }
    });
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    run(async |webhooks| {
        let other = Application::taking(vec![ok("")]).await;
        let location = format!("Location: {}\r\n", other.url("/"));
        let application = Application::taking(vec![Turn::Say(with(307, &location, ""))]).await;
        let mut request = post(application.url("/"));
        request.policy.redirects = 1;
        request.credentials = Some(("user".into(), "pass".into()));
        webhooks.fetch(CALL, &request).await.unwrap();
        let sent = application.heard()[0].contains("authorization: Basic dXNlcjpwYXNz\r\n");
        assert!(sent, "{}", application.heard()[0]);
        assert!(!other.heard()[0].to_lowercase().contains("authorization"));
    });
}

#[test]
fn a_digest_challenge_is_answered_once() {
    run(async |webhooks| {
        let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
        let application = Application::taking(vec![
            Turn::Say(with(401, challenge, "who?")),
            ok("welcome"),
            ok("known"),
        ])
        .await;
        let mut request = post(application.url("/a?b"));
        request.policy.digest = true;
        request.credentials = Some(("user".into(), "pass".into()));
        assert_eq!(
            webhooks.fetch(CALL, &request).await.unwrap().body,
            b"welcome"
        );
        assert_eq!(webhooks.fetch(CALL, &request).await.unwrap().body, b"known");
        let heard = application.heard();
        assert!(heard[1].contains("authorization: Digest "), "{}", heard[1]);
        assert!(heard[1].contains("uri=\"/a?b\"") && heard[1].contains("nc=00000001"));
        assert!(heard[2].contains("nc=00000002"), "{}", heard[2]);

        let refused = Application::taking(vec![
            Turn::Say(with(401, challenge, "")),
            Turn::Say(with(401, challenge, "")),
        ])
        .await;
        request.url = refused.url("/");
        let error = webhooks.fetch(CALL, &request).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Status(401));
        assert_eq!(refused.heard().len(), 2);
    });
}

#[test]
fn cookies_live_as_long_as_their_call() {
    run(async |webhooks| {
        let application = Application::taking(vec![
            Turn::Say(with(
                200,
                "Set-Cookie: s=1; Path=/\r\nSet-Cookie: p=2; Path=/other\r\n",
                "",
            )),
            ok(""),
            ok(""),
        ])
        .await;
        let mut request = post(application.url("/a"));
        request.policy.cookies = true;
        webhooks.fetch(CALL, &request).await.unwrap();
        webhooks.fetch(CALL, &request).await.unwrap();
        webhooks.fetch(CallKey(2), &request).await.unwrap();
        let heard = application.heard();
        assert!(heard[1].contains("cookie: s=1\r\n"), "{}", heard[1]);
        assert!(!heard[2].contains("cookie:"), "{}", heard[2]);
    });
}

#[test]
fn private_addresses_are_refused_also_after_a_redirect() {
    run(async |webhooks| {
        let application = Application::taking(vec![]).await;
        webhooks.set_allow_private(false);
        for url in [
            application.url("/"),
            "http://localhost:1/".into(),
            "http://[::1]:1/".into(),
        ] {
            let error = webhooks.fetch(CALL, &post(url)).await.unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::PrivateAddress);
        }
        assert_eq!(*application.connections.borrow(), 0);
    });
}

#[test]
fn a_connection_that_is_open_already_is_no_way_around_the_policy() {
    run(async |webhooks| {
        let application = Application::taking(vec![ok("open"), ok("closed")]).await;
        let request = post(application.url("/"));
        assert_eq!(webhooks.fetch(CALL, &request).await.unwrap().body, b"open");
        webhooks.set_allow_private(false);
        let error = webhooks.fetch(CALL, &request).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::PrivateAddress);
    });
}

#[test]
fn what_an_application_is_told_keeps_its_order_and_is_tried_again() {
    run(async |webhooks| {
        let application = Application::taking(vec![
            Turn::Say(with(500, "", "")),
            ok(""),
            Turn::Say(with(204, "", "")),
        ])
        .await;
        let outcomes: Rc<RefCell<Vec<Result<u16, FetchErrorKind>>>> = Rc::default();
        for path in ["/one", "/two"] {
            let mut request = post(application.url(path));
            request.reply_use = ReplyUse::Ignored;
            request.policy.retries = 1;
            request.policy.retry_on.server_errors = true;
            let outcomes = Rc::clone(&outcomes);
            let done = move |outcome: Result<u16, FetchError>| {
                outcomes
                    .borrow_mut()
                    .push(outcome.map_err(|error| error.kind));
            };
            webhooks.tell(CALL, request, Box::new(done));
        }
        assert_eq!(webhooks.owed(), 2);
        webhooks.settled().await;
        assert_eq!(*outcomes.borrow(), [Ok(200), Ok(204)]);
        let paths: Vec<String> = application
            .heard()
            .iter()
            .map(|r| r[5..9].to_owned())
            .collect();
        assert_eq!(paths, ["/one", "/one", "/two"]);
        assert_eq!(webhooks.owed(), 0);
    });
}

#[test]
fn a_call_that_is_slow_to_be_heard_does_not_hold_up_another() {
    run(async |webhooks| {
        let slow = Application::taking(vec![Turn::Silence]).await;
        let quick = Application::taking(vec![ok("")]).await;
        let (told, hears) = tokio::sync::oneshot::channel();
        webhooks.tell(CALL, post(slow.url("/")), Box::new(|_| {}));
        webhooks.tell(
            CallKey(2),
            post(quick.url("/")),
            Box::new(|outcome| told.send(outcome.is_ok()).unwrap()),
        );
        assert!(hears.await.unwrap());
        assert_eq!(webhooks.owed(), 1);
    });
}
