//! The listener asked over a real socket.

use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn desk() -> Arc<Desk> {
    Arc::new(Desk {
        ledger: Ledger::new(10),
        mail: Mail::new(0).0,
        connections: Arc::default(),
        prompts: Prompts::new((&config().media).into()),
        recordings: Recordings::open(std::path::Path::new("nowhere")),
        speech: Speech::new(&config().speech).0,
        settings: RwLock::default(),
        draining: AtomicBool::new(false),
    })
}

fn config() -> Config {
    let nothing = std::path::Path::new(".");
    Config::from_parts("t", "", nothing, &[], &Default::default()).unwrap()
}

async fn serving(desk: &Arc<Desk>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, Arc::clone(desk), std::future::pending()));
    address
}

/// Sends a request and returns status and body.
async fn ask(address: SocketAddr, method: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

#[tokio::test]
async fn a_server_that_drains_is_alive_and_not_ready() {
    let desk = desk();
    let address = serving(&desk).await;
    assert_eq!(ask(address, "GET", "/healthz").await.0, 200);
    assert_eq!(ask(address, "GET", "/readyz").await.0, 200);
    desk.draining.store(true, Ordering::Relaxed);
    assert_eq!(ask(address, "GET", "/healthz").await.0, 200);
    assert_eq!(ask(address, "GET", "/readyz").await.0, 503);
}

#[tokio::test]
async fn a_server_without_calls_has_an_empty_list_and_knows_no_call() {
    let address = serving(&desk()).await;
    let (status, body) = ask(address, "GET", "/hookflash/v1/calls").await;
    assert_eq!(
        (status, body.as_str()),
        (200, r#"{"calls":[],"next":null}"#)
    );
    assert_eq!(ask(address, "GET", "/hookflash/v1/calls/CA1").await.0, 404);
    assert_eq!(
        ask(address, "GET", "/hookflash/v1/calls/CA1/trace").await.0,
        404
    );
    for query in ["limit=0", "limit=many", "limit=1001", "after=CA1"] {
        let path = format!("/hookflash/v1/calls?{query}");
        assert_eq!(ask(address, "GET", &path).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn what_comes_later_says_so_and_what_does_not_exist_is_not_found() {
    let address = serving(&desk()).await;
    for path in [
        "/2010-04-01/Accounts/AC1/Calls.json",
        "/api/laml/2010-04-01/Accounts/x/Calls",
        "/api/v2/accounts/1/calls",
        "/v1/Accounts/x/Calls",
        "/console/",
        "/hookflash/v1/calls/CA1/pcap",
    ] {
        let (status, body) = ask(address, "POST", path).await;
        assert_eq!(status, 501, "{path}");
        assert!(body.contains("later release"), "{body}");
    }
    assert_eq!(ask(address, "GET", "/nowhere").await.0, 404);
    assert_eq!(ask(address, "GET", "/hookflash/v2/x").await.0, 404);
    assert_eq!(ask(address, "POST", "/hookflash/v1/calls").await.0, 405);
}

#[tokio::test]
async fn metrics_are_text_that_prometheus_reads() {
    let address = serving(&desk()).await;
    let (status, body) = ask(address, "GET", "/metrics").await;
    assert_eq!(status, 200);
    assert!(
        body.contains("# TYPE hookflash_calls_started_total counter"),
        "{body}"
    );
    assert!(body.contains("hookflash_calls 0"), "{body}");
}

#[tokio::test]
async fn a_watcher_is_served_events() {
    let address = serving(&desk()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /hookflash/v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = [0; 1_024];
    let length = stream.read(&mut bytes).await.unwrap();
    let head = String::from_utf8_lossy(&bytes[..length]).to_lowercase();
    assert!(
        head.starts_with("http/1.1 200") && head.contains("text/event-stream"),
        "{head}"
    );
}
