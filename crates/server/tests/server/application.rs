//! A web application that answers every request with one document and remembers what it heard.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone)]
pub(crate) struct Application {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    /// The status with which `/status` is answered; 0 while it is not answered.
    answers: Arc<AtomicU16>,
}

impl Application {
    pub(crate) fn saying(document: &'static str) -> Application {
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
                std::thread::spawn(move || serve(stream, document, &served));
            }
        });
        application
    }

    fn status(&self) -> u16 {
        loop {
            match self.answers.load(Ordering::Relaxed) {
                0 => std::thread::sleep(Duration::from_millis(5)),
                status => return status,
            }
        }
    }

    /// From now on `/status` is not answered, until it is said how.
    pub(crate) fn hold_status(&self) {
        self.answers.store(0, Ordering::Relaxed);
    }

    /// From now on `/status` is answered like this.
    pub(crate) fn answer_status_with(&self, status: u16) {
        self.answers.store(status, Ordering::Relaxed);
    }

    /// The requests to `/status` that tell of the end of a call.
    pub(crate) fn final_statuses(&self) -> Vec<String> {
        let heard = self.heard().into_iter();
        let is_final = |request: &String| {
            request.starts_with("POST /status ")
                && (request.contains("CallStatus=completed") || request.contains("CallStatus=fail"))
        };
        heard.filter(is_final).collect()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, document: &str, application: &Application) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    while let Ok(length) = stream.read(&mut chunk) {
        if length == 0 {
            return;
        }
        bytes.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .to_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
            .unwrap_or(0);
        if body.len() < length {
            continue;
        }
        let is_status = text.starts_with("POST /status ");
        application.heard.lock().unwrap().push(text);
        let status = match is_status {
            true => application.status(),
            false => 200,
        };
        bytes.clear();
        let kind = if document.starts_with('[') {
            "application/json"
        } else {
            "text/xml"
        };
        let reply = format!(
            "HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{document}",
            document.len()
        );
        stream.write_all(reply.as_bytes()).unwrap();
    }
}
