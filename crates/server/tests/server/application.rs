//! A web application that answers every request with one document and remembers what it heard.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Clone)]
pub(crate) struct Application {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Application {
    pub(crate) fn saying(document: &'static str) -> Application {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let application = Application {
            address: listener.local_addr().unwrap(),
            heard: Arc::default(),
        };
        let heard = Arc::clone(&application.heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || serve(stream, document, &heard));
            }
        });
        application
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, document: &str, heard: &Mutex<Vec<String>>) {
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
        heard.lock().unwrap().push(text);
        bytes.clear();
        let kind = if document.starts_with('[') {
            "application/json"
        } else {
            "text/xml"
        };
        let reply = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{document}",
            document.len()
        );
        stream.write_all(reply.as_bytes()).unwrap();
    }
}
