//! An HTTP client as the server would lend it, a server on loopback, and what they exchange.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::{Connection, EngineError, HttpClient, HttpReply, HttpRequest, Service, sound};

/// A client without TLS.
pub(crate) struct Client;

async fn dial(url: &str) -> Result<(TcpStream, Url), EngineError> {
    let unreachable = |why: String| EngineError::Unreachable(why);
    let url = Url::parse(url).map_err(|error| unreachable(error.to_string()))?;
    let address = url
        .socket_addrs(|| Some(80))
        .map_err(|error| unreachable(error.to_string()))?;
    let stream = TcpStream::connect(address.as_slice()).await;
    Ok((stream.map_err(|error| unreachable(error.to_string()))?, url))
}

impl HttpClient for Client {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'_, Result<HttpReply, EngineError>> {
        let limit = request.time_limit;
        let work = async move {
            let (stream, url) = dial(&request.url).await?;
            let broken = |error: hyper::Error| EngineError::Unreachable(error.to_string());
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
                .await
                .map_err(broken)?;
            let mut message = hyper::Request::post(url.as_str());
            for (name, value) in &request.headers {
                message = message.header(*name, value);
            }
            let body = Full::new(bytes::Bytes::from(request.body));
            let message = message.header("Host", "localhost").body(body).unwrap();
            let exchange = async {
                let response = sender.send_request(message).await.map_err(broken)?;
                let status = response.status().as_u16();
                let content_type = response.headers().get("content-type");
                let content_type = content_type.map(|kind| kind.to_str().unwrap().to_owned());
                let body = Limited::new(response.into_body(), request.most)
                    .collect()
                    .await
                    .map_err(|_| EngineError::TooLong)?;
                Ok(HttpReply {
                    status,
                    content_type,
                    body: body.to_bytes().to_vec(),
                })
            };
            let connection = connection.map(|_| ());
            tokio::select! {
                biased;
                outcome = exchange => outcome,
                () = async { connection.await; std::future::pending::<()>().await } => {
                    Err(EngineError::TooLong)
                }
            }
        };
        async move {
            match tokio::time::timeout(limit, work).await {
                Ok(outcome) => outcome,
                Err(_) => Err(EngineError::Late),
            }
        }
        .boxed_local()
    }

    fn connect<'a>(
        &'a self,
        url: &'a str,
        _time_limit: Duration,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Connection>, EngineError>> {
        async move {
            let (stream, _) = dial(url).await?;
            Ok(Box::new(stream) as Box<dyn Connection>)
        }
        .boxed_local()
    }
}

/// Serves on a port of loopback until the test ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

pub(crate) fn service(url: String) -> Service {
    Service {
        name: "far".to_owned(),
        url: Some(url),
        key: Some("s3cret".to_owned()),
        model: None,
        voice: None,
        time_limit: Duration::from_secs(5),
        client: Rc::new(Client),
    }
}

/// A tone of 500 Hz as WAV, at 16,000 samples per second.
pub(crate) fn tone(millis: usize) -> Vec<u8> {
    sound::wav(16_000, &tone_samples(millis))
}

pub(crate) fn tone_samples(millis: usize) -> Vec<i16> {
    let samples = 0..millis * 16;
    samples
        .map(|at| if at / 16 % 2 == 0 { 5_000 } else { -5_000 })
        .collect()
}

/// An engine that counts.
pub(crate) struct Counting {
    pub(crate) name: &'static str,
    pub(crate) asked: Rc<RefCell<Vec<crate::Order>>>,
    pub(crate) dropped: Rc<RefCell<u32>>,
    pub(crate) outcome: Result<usize, EngineError>,
    pub(crate) takes: Duration,
    pub(crate) kind: crate::EngineKind,
}

impl Counting {
    pub(crate) fn new(name: &'static str, kind: crate::EngineKind) -> Counting {
        Counting {
            name,
            asked: Rc::default(),
            dropped: Rc::default(),
            outcome: Ok(800),
            takes: Duration::from_secs(1),
            kind,
        }
    }
}

struct Unfinished(Rc<RefCell<u32>>, bool);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.1 {
            *self.0.borrow_mut() += 1;
        }
    }
}

impl crate::Synthesizer for Counting {
    fn name(&self) -> &str {
        self.name
    }

    fn kind(&self) -> crate::EngineKind {
        self.kind
    }

    fn speaks(&self, language: &str) -> bool {
        self.kind != crate::EngineKind::Flite || language.starts_with("en")
    }

    fn order(&self, script: &crate::ssml::Script, speaking: &crate::Speaking) -> crate::Order {
        crate::Order {
            voice: format!("{:?} {:?}", speaking.voice, speaking.gender),
            language: speaking.language.clone(),
            pieces: crate::ssml::pieces(script),
            settings: String::new(),
        }
    }

    fn synthesize<'a>(
        &'a self,
        order: &'a crate::Order,
    ) -> LocalBoxFuture<'a, Result<hookflash_audio::Clip, EngineError>> {
        async move {
            self.asked.borrow_mut().push(order.clone());
            let mut guard = Unfinished(Rc::clone(&self.dropped), false);
            tokio::time::sleep(self.takes).await;
            guard.1 = true;
            let samples = self.outcome.clone()?;
            Ok(hookflash_audio::Clip::new(8_000, vec![1; samples]))
        }
        .boxed_local()
    }
}
