//! A server that is killed in mid-call tells the application how the call ended, when it is
//! started again; and what could not be delivered can be listed and replayed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DOCUMENT: &str = "<Response><Gather timeout=\"60\"/></Response>";

/// A web application that remembers what it heard.
#[derive(Clone)]
struct Application {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    /// The status with which `/status` is answered.
    answers: Arc<AtomicU16>,
}

impl Application {
    fn start() -> Application {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let application = Application {
            address: listener.local_addr().unwrap(),
            heard: Arc::default(),
            answers: Arc::new(AtomicU16::new(200)),
        };
        let served = application.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                std::thread::spawn(move || served.serve(&stream));
            }
        });
        application
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head).unwrap_or(0) == 0 {
                    return;
                }
            }
            let length = head.to_lowercase();
            let length = length
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let is_status = head.starts_with("POST /status ");
            let body = String::from_utf8(body).unwrap();
            self.heard.lock().unwrap().push(format!("{head}{body}"));
            let status = match is_status {
                true => self.answers.load(Ordering::Relaxed),
                false => 200,
            };
            let reply = format!(
                "HTTP/1.1 {status} Said\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{DOCUMENT}",
                DOCUMENT.len()
            );
            let mut writer = stream;
            if writer.write_all(reply.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn has_heard(&self, field: &str) -> bool {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .any(|request| request.starts_with("POST /status ") && request.contains(field))
    }
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Trial {
    folder: PathBuf,
    application: Application,
}

impl Trial {
    fn new(name: &str) -> Trial {
        let name = format!("hookflash-killed-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let application = Application::start();
        let base = format!("http://{}", application.address);
        let text = format!(
            "shards = 1\n[sip]\nlisten = [\"udp://127.0.0.1:0\"]\n\
             [http]\nlisten = \"127.0.0.1:0\"\n\
             [[accounts]]\nsid = \"AC00000000000000000000000000000001\"\ndialect = \"twiml\"\n\
             auth_token = \"key\"\n\
             [[applications]]\nname = \"it\"\naccount = \"AC00000000000000000000000000000001\"\n\
             url = \"{base}/voice\"\nstatus_callback = \"{base}/status\"\n"
        );
        std::fs::write(folder.join("hookflash.toml"), text).unwrap();
        Trial {
            folder,
            application,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hookflash"));
        command.args(arguments).current_dir(&self.folder);
        command
    }

    /// The server, and its addresses for SIP and HTTP.
    fn serve(&self) -> (Process, String, String) {
        let mut child = self
            .command(&["serve"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = |what: &str| loop {
            let line = lines.next().unwrap().unwrap();
            if let Some((_, address)) = line.split_once(what) {
                return address.trim().to_owned();
            }
        };
        let sip = said("listening for SIP on UDP ");
        let http = said("listening for HTTP on ");
        // Whoever does not read on holds it up.
        std::thread::spawn(move || lines.for_each(drop));
        (Process(child), sip, http)
    }

    fn outbox(&self, arguments: &[&str], http: &str) -> String {
        let all = [&["outbox"], arguments, &["--http", http]].concat();
        let output = self.command(&all).output().unwrap();
        let (text, error) = (output.stdout, output.stderr);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&error)
        );
        String::from_utf8(text).unwrap()
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // What is left is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn get(http: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(http).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1_500 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it never came about that {what}");
}

#[test]
fn a_killed_server_closes_the_call_and_tells_of_it_after_its_restart() {
    let trial = Trial::new("call");
    let (server, sip, http) = trial.serve();
    let address = format!("sip:me@{sip}");
    let phone = trial
        .command(&["phone", "--call", &address])
        .stdout(Stdio::null())
        .spawn();
    let _phone = Process(phone.unwrap());
    let application = &trial.application;
    until("the call is answered", || {
        get(&http, "/hookflash/v1/calls").contains("\"status\":\"in-progress\"")
    });
    // Who looks at the list has everything written that has changed.
    get(&http, "/hookflash/v1/calls");
    assert!(!application.has_heard("CallStatus=completed"));
    drop(server);

    application.answers.store(503, Ordering::Relaxed);
    let (server, _, http) = trial.serve();
    until("its end is told", || {
        application.has_heard("CallStatus=completed")
    });
    until("it is owed still", || {
        trial.outbox(&["list"], &http).contains("1 attempts")
    });
    drop(server);

    application.answers.store(404, Ordering::Relaxed);
    let (_server, _, http) = trial.serve();
    until("it is given up", || {
        trial.outbox(&["list"], &http).contains("given up: 1")
    });
    let listed = trial.outbox(&["list"], &http);
    assert!(listed.contains("owed: 0"), "{listed}");
    assert!(listed.contains("404"), "{listed}");
    application.answers.store(200, Ordering::Relaxed);
    assert_eq!(trial.outbox(&["replay", "--all"], &http), "1 owed again\n");
    until("nothing is left", || {
        trial.outbox(&["list"], &http) == "owed: 0\ngiven up: 0\n"
    });
    assert_eq!(
        trial.outbox(&["discard", "--all"], &http),
        "nothing was given up of that\n"
    );
}
