//! Audio from servers that behave, misbehave and change their mind.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;

use hookflash_dialects::{Body, ReplyUse, Signing};
use hookflash_program::HookMethod;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::resolver::Names;
use crate::webhook::policy;

/// A WAV file of so many samples at 8 kHz.
fn wav(samples: usize) -> Vec<u8> {
    let mut file = hookflash_audio::wav::header(1, 8_000, samples as u64 * 2).to_vec();
    file.resize(file.len() + samples * 2, 0);
    file
}

fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn audio(headers: &str) -> Vec<u8> {
    reply(
        "200 OK",
        &format!("Content-Type: audio/wav\r\n{headers}"),
        &wav(800),
    )
}

/// A web server that gives each connection its next reply, and remembers what it was asked.
struct Server {
    address: SocketAddr,
    heard: Rc<RefCell<Vec<String>>>,
}

impl Server {
    async fn giving(replies: Vec<Vec<u8>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&heard);
        let mut replies = VecDeque::from(replies);
        tokio::task::spawn_local(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                seen.borrow_mut()
                    .push(String::from_utf8(head).unwrap().to_lowercase());
                match replies.pop_front() {
                    // Whoever is not answered waits.
                    None => std::mem::forget(stream),
                    Some(reply) => {
                        let _ = stream.write_all(&reply).await;
                        let _ = stream.shutdown().await;
                    }
                }
            }
        });
        Server { address, heard }
    }

    fn get(&self, path: &str) -> HttpRequest {
        get(&format!("http://{}{path}", self.address))
    }

    fn asked(&self) -> usize {
        self.heard.borrow().len()
    }
}

pub(super) fn get(url: &str) -> HttpRequest {
    let mut policy = policy();
    policy.redirects = 3;
    HttpRequest {
        purpose: "audio",
        method: HookMethod::Get,
        url: url.to_owned(),
        credentials: None,
        headers: Vec::new(),
        body: Body::None,
        signing: Signing::None,
        policy,
        reply_use: ReplyUse::Document,
    }
}

struct House {
    prompts: Arc<Prompts>,
    webhooks: Rc<Webhooks>,
}

impl House {
    fn with(limits: Limits) -> House {
        House {
            prompts: Prompts::new(limits),
            webhooks: Webhooks::new(Names::default(), true),
        }
    }

    async fn clip(&self, request: &HttpRequest) -> Result<Arc<Clip>, ClipError> {
        let (prompts, webhooks) = (Arc::clone(&self.prompts), Rc::clone(&self.webhooks));
        prompts.clip(webhooks, request.clone()).await
    }
}

fn limits() -> Limits {
    Limits {
        folder: None,
        max_size: 100_000,
        max_length: Duration::from_secs(5),
        memory: 1 << 20,
        wants: vec![Want::G711(Law::Mu)],
    }
}

fn run<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

#[test]
fn audio_that_is_fresh_is_fetched_once_and_shared() {
    run(async {
        let house = House::with(limits());
        let server = Server::giving(vec![audio("Cache-Control: max-age=60\r\n")]).await;
        let request = server.get("/a.wav");
        let first = house.clip(&request).await.unwrap();
        let second = house.clip(&request).await.unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(first.duration(), Duration::from_millis(100));
        assert_eq!(server.asked(), 1);
        assert_eq!(house.prompts.stock().clips, 1);
    });
}

#[test]
fn audio_with_an_expiry_date_or_an_old_modification_date_is_fresh_too() {
    for headers in [
        "Expires: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
        "Last-Modified: Mon, 01 Jan 2001 00:00:00 GMT\r\n",
    ] {
        run(async {
            let house = House::with(limits());
            let server = Server::giving(vec![audio(headers)]).await;
            let request = server.get("/a.wav");
            house.clip(&request).await.unwrap();
            house.clip(&request).await.unwrap();
            assert_eq!(server.asked(), 1, "{headers}");
        });
    }
}

#[test]
fn audio_of_an_age_beyond_all_numbers_is_stale() {
    run(async {
        let house = House::with(limits());
        let age = format!("Cache-Control: max-age=60\r\nAge: {}\r\n", u64::MAX);
        let server = Server::giving(vec![
            audio(&format!("{age}ETag: \"one\"\r\n")),
            reply("304 Not Modified", &format!("{age}ETag: \"one\"\r\n"), b""),
            audio("Cache-Control: max-age=60\r\n"),
        ])
        .await;
        let request = server.get("/a.wav");
        let first = house.clip(&request).await.unwrap();
        let confirmed = house.clip(&request).await.unwrap();
        assert!(Arc::ptr_eq(&first, &confirmed));
        house.clip(&request).await.unwrap();
        house.clip(&request).await.unwrap();
        assert_eq!(server.asked(), 3);
    });
}

#[test]
fn audio_that_is_stale_is_asked_for_by_its_etag_and_kept_when_it_is_the_same() {
    run(async {
        let house = House::with(limits());
        let server = Server::giving(vec![
            audio("Cache-Control: no-cache\r\nETag: \"one\"\r\n"),
            reply(
                "304 Not Modified",
                "ETag: \"one\"\r\nCache-Control: max-age=60\r\n",
                b"",
            ),
        ])
        .await;
        let request = server.get("/a.wav");
        let first = house.clip(&request).await.unwrap();
        for _ in 0..2 {
            assert!(Arc::ptr_eq(&first, &house.clip(&request).await.unwrap()));
        }
        // The 304 made it fresh, so the third call did not ask.
        assert_eq!(server.asked(), 2);
        assert!(server.heard.borrow()[1].contains("if-none-match: \"one\""));
    });
}

#[test]
fn audio_that_may_no_longer_be_kept_is_forgotten_although_it_did_not_change() {
    run(async {
        let house = House::with(limits());
        let server = Server::giving(vec![
            audio("Cache-Control: no-cache\r\nETag: \"one\"\r\n"),
            reply("304 Not Modified", "Cache-Control: no-store\r\n", b""),
            audio("Cache-Control: no-store\r\n"),
        ])
        .await;
        let request = server.get("/a.wav");
        let first = house.clip(&request).await.unwrap();
        assert!(Arc::ptr_eq(&first, &house.clip(&request).await.unwrap()));
        assert_eq!(house.prompts.stock().clips, 0);
        house.clip(&request).await.unwrap();
        assert!(!server.heard.borrow()[2].contains("if-none-match"));
    });
}

#[test]
fn audio_that_changed_takes_the_place_of_the_old() {
    run(async {
        let house = House::with(limits());
        let server = Server::giving(vec![
            audio("Cache-Control: no-cache\r\nLast-Modified: Mon, 01 Jan 2001 00:00:00 GMT\r\n"),
            reply("200 OK", "Content-Type: audio/wav\r\n", &wav(1_600)),
        ])
        .await;
        let request = server.get("/a.wav");
        house.clip(&request).await.unwrap();
        let second = house.clip(&request).await.unwrap();
        assert_eq!(second.duration(), Duration::from_millis(200));
        assert!(server.heard.borrow()[1].contains("if-modified-since:"));
        assert_eq!(house.prompts.stock().clips, 1);
    });
}

#[test]
fn audio_that_may_not_be_kept_is_fetched_for_every_call() {
    run(async {
        let house = House::with(limits());
        let reply = audio("Cache-Control: no-store\r\n");
        let server = Server::giving(vec![reply.clone(), reply.clone(), reply]).await;
        let request = server.get("/a.wav");
        house.clip(&request).await.unwrap();
        // Two at the same time do not share either.
        let (a, b) = tokio::join!(house.clip(&request), house.clip(&request));
        assert!(!Arc::ptr_eq(&a.unwrap(), &b.unwrap()));
        assert_eq!(server.asked(), 3);
        assert_eq!(house.prompts.stock().clips, 0);
    });
}

#[test]
fn calls_that_want_the_same_at_the_same_time_ask_once_even_if_the_first_goes_away() {
    run(async {
        let house = House::with(limits());
        let server = Server::giving(vec![audio("Cache-Control: max-age=60\r\n")]).await;
        let request = server.get("/a.wav");
        {
            let first = house.clip(&request);
            tokio::pin!(first);
            // It begins, and its call hangs up.
            assert!(futures_util::poll!(&mut first).is_pending());
        }
        let (a, b) = tokio::join!(house.clip(&request), house.clip(&request));
        assert!(Arc::ptr_eq(&a.unwrap(), &b.unwrap()));
        assert_eq!(server.asked(), 1);
    });
}

#[test]
fn other_credentials_are_other_audio() {
    run(async {
        let house = House::with(limits());
        let reply = audio("Cache-Control: max-age=60\r\n");
        let server = Server::giving(vec![reply.clone(), reply]).await;
        let mut request = server.get("/a.wav");
        house.clip(&request).await.unwrap();
        request.credentials = Some(("user".into(), "password".into()));
        house.clip(&request).await.unwrap();
        assert_eq!(server.asked(), 2);
    });
}

#[test]
fn audio_behind_a_redirect_is_always_asked_for_again() {
    run(async {
        let house = House::with(limits());
        let there = audio("Cache-Control: max-age=60\r\nETag: \"x\"\r\n");
        let target = Server::giving(vec![there, reply("304 Not Modified", "", b"")]).await;
        let moved = format!("Location: http://{}/b.wav\r\n", target.address);
        let moved = reply("302 Found", &moved, b"");
        let server = Server::giving(vec![moved.clone(), moved]).await;
        let request = server.get("/a.wav");
        let first = house.clip(&request).await.unwrap();
        let second = house.clip(&request).await.unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!((server.asked(), target.asked()), (2, 2));
    });
}

#[test]
fn a_server_that_hangs_lies_about_the_size_cuts_off_or_sends_a_page_is_told_apart() {
    run(async {
        let two_gigabytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\nRIFF";
        let mut cut_off = audio("");
        cut_off.truncate(cut_off.len() - 100);
        let endless = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![0; 200_000]].concat();
        let page = reply(
            "200 OK",
            "Content-Type: text/html\r\n",
            b"<html>sorry</html>",
        );
        let long = reply("200 OK", "", &wav(45_000));
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (two_gigabytes.to_vec(), "larger than 100000 bytes"),
            (endless, "larger than 100000 bytes"),
            (cut_off, "before the reply was complete"),
            (page, "WAV"),
            (long, "longer than 5 seconds"),
            (reply("404 Not Found", "", b"no"), "404"),
            (reply("200 OK", "", b""), "no audio"),
        ];
        for (reply, why) in cases {
            let house = House::with(limits());
            let server = Server::giving(vec![reply]).await;
            let error = house.clip(&server.get("/a.wav")).await.unwrap_err();
            assert!(error.to_string().contains(why), "{error}, not {why}");
            assert_eq!(house.prompts.stock(), Stock::default());
        }
        let house = House::with(limits());
        let server = Server::giving(Vec::new()).await;
        let mut request = server.get("/a.wav");
        request.policy.total = Duration::from_millis(50);
        let error = house.clip(&request).await.unwrap_err();
        assert!(matches!(error, ClipError::Fetch(_)), "{error}");
    });
}

#[test]
fn audio_that_turned_into_something_else_is_not_played_from_memory() {
    run(async {
        let house = House::with(limits());
        let page = reply("200 OK", "Content-Type: text/html\r\n", b"<html></html>");
        let server = Server::giving(vec![audio("Cache-Control: no-cache\r\n"), page]).await;
        let request = server.get("/a.wav");
        house.clip(&request).await.unwrap();
        assert!(house.clip(&request).await.is_err());
        assert_eq!(house.prompts.stock().clips, 0);
    });
}

#[test]
fn what_was_played_longest_ago_makes_room() {
    run(async {
        let mut narrow = limits();
        // Room for two files of 800 samples, with what is made of them.
        narrow.memory = 2 * (800 * 3) + 1_700;
        let house = House::with(narrow);
        let reply = audio("Cache-Control: max-age=60\r\n");
        let server = Server::giving(vec![reply.clone(), reply.clone(), reply.clone(), reply]).await;
        for path in ["/a.wav", "/b.wav", "/a.wav", "/c.wav", "/a.wav", "/b.wav"] {
            house.clip(&server.get(path)).await.unwrap();
        }
        let heard = server.heard.borrow();
        let lines: Vec<&str> = heard.iter().map(|head| &head[..10]).collect();
        assert_eq!(
            lines,
            ["get /a.wav", "get /b.wav", "get /c.wav", "get /b.wav"]
        );
        let mut none = limits();
        none.memory = 0;
        house.prompts.set_limits(none);
        assert_eq!(house.prompts.stock(), Stock::default());
    });
}

#[test]
fn a_file_is_read_again_only_when_it_changed() {
    run(async {
        let folder = crate::recordings::tests::scratch();
        std::fs::write(folder.join("a.wav"), wav(800)).unwrap();
        let house = House::with(Limits {
            folder: Some(folder.clone()),
            ..limits()
        });
        let request = get("file:a.wav");
        let first = house.clip(&request).await.unwrap();
        assert!(Arc::ptr_eq(&first, &house.clip(&request).await.unwrap()));
        std::fs::write(folder.join("a.wav"), wav(1_600)).unwrap();
        let changed = house.clip(&request).await.unwrap();
        assert_eq!(changed.duration(), Duration::from_millis(200));
        assert!(house.clip(&get("file:b.wav")).await.is_err());
    });
}
