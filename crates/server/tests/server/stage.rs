//! A server for a test, and a look at it over HTTP.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use hookflash_server::config::{Config, Options};
use hookflash_server::{Running, Server};
use hookflash_sip::Transport;
use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own for each server's files. It is gone when the test's thread ends.
pub(crate) fn folder() -> PathBuf {
    thread_local! {
        static FOLDERS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
    }
    let folder = TempDir::with_prefix("hookflash-server-").unwrap();
    let path = folder.path().to_owned();
    FOLDERS.with_borrow_mut(|folders| folders.push(folder));
    path
}

/// A document that answers and then waits for a minute.
pub(crate) const WAITING: &str = r#"[{"verb":"answer"},{"verb":"pause","length":60}]"#;

/// The usual configuration: loopback, free ports, accounts `twiml` and `jambonz`. `top` comes
/// first, `rest` has the applications.
pub(crate) fn config(top: &str, rest: &str, documents: &[(&str, &str)]) -> Config {
    let folder = folder();
    for (name, text) in documents {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let mut text = format!("{top}\n[http]\nlisten = \"127.0.0.1:0\"\n");
    for dialect in ["twiml", "jambonz"] {
        text.push_str(&format!(
            "[[accounts]]\nsid = \"{dialect}\"\ndialect = \"{dialect}\"\nauth_token = \"key\"\n"
        ));
    }
    text.push_str(rest);
    let options = Options {
        sip: vec!["udp://127.0.0.1:0".into(), "tcp://127.0.0.1:0".into()],
        store: Some("sqlite::memory:".into()),
        ..Options::default()
    };
    Config::from_parts("test.toml", &text, &folder, &[], &options).unwrap()
}

/// As [`config`], with its records in a file.
pub(crate) fn config_with_file(top: &str, rest: &str) -> Config {
    let mut config = config(top, rest, &[]);
    config.store.url = format!("sqlite://{}", folder().join("hookflash.db").display());
    config
}

/// POSTs JSON to a path of our own view.
pub(crate) fn post_json(http: SocketAddr, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(http).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{text}");
    serde_json::from_str(body).unwrap()
}

/// An application that is this document; JSON is jambonz', XML is TwiML.
pub(crate) fn document(name: &str, text: &str) -> String {
    let account = if text.starts_with('[') {
        "jambonz"
    } else {
        "twiml"
    };
    format!("[[applications]]\nname = \"{name}\"\naccount = \"{account}\"\ndocument = \"{name}\"\n")
}

/// A server whose only application is this document.
pub(crate) fn serving(top: &str, text: &str) -> Running {
    Server::start(config(top, &document("it", text), &[("it", text)])).unwrap()
}

pub(crate) fn udp(server: &Running) -> SocketAddr {
    address(server, Transport::Udp)
}

pub(crate) fn tcp(server: &Running) -> SocketAddr {
    address(server, Transport::Tcp)
}

fn address(server: &Running, transport: Transport) -> SocketAddr {
    server
        .sip_addrs
        .iter()
        .find(|(t, _)| *t == transport)
        .unwrap()
        .1
}

/// Runs something of the server's that waits, on a runtime of its own.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// GETs a path of our own view.
pub(crate) fn get(http: SocketAddr, path: &str) -> (u16, String) {
    let (status, body) = get_with(http, path, "");
    (status, String::from_utf8(body).unwrap())
}

/// GETs a path with these header lines.
pub(crate) fn get_with(http: SocketAddr, path: &str, headers: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(http).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let body = bytes.split_off(end.unwrap() + 4);
    let head = String::from_utf8(bytes).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

pub(crate) fn get_json(http: SocketAddr, path: &str) -> Value {
    let (status, body) = get(http, path);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Looks again and again until something is so.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came about that {what}");
}
