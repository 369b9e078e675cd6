//! Recognition over a WebSocket, as Deepgram's `/v1/listen` and servers like it do.
//!
//! Up: binary messages of 16-bit little-endian samples, then `{"type":"CloseStream"}`. Down: JSON.
//! `Results` have `is_final` and `channel.alternatives[0]` with `transcript` and `confidence`;
//! with `speech_final` several final results make one utterance. `UtteranceEnd` ends one too,
//! `Error` ends the session; other messages mean nothing here. The query names `encoding`,
//! `sample_rate`, `channels`, `interim_results`, `language`, `model`, `keywords` and
//! `profanity_filter`; the key goes as `Authorization: Token …`.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use hookflash_program::{Heard, Recognizer as Wish};
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header::AUTHORIZATION};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

use crate::client::{Connection, beginning, refused};
use crate::recognizer::{Hearing, Joined, Recognizer, Results, confidence, session};
use crate::web::Service;
use crate::{EngineError, sound};

/// How long a service may refuse to take samples.
const STALL: Duration = Duration::from_secs(5);
/// How long the last result may take.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Longest message from the service.
const LONGEST_MESSAGE: usize = 256 * 1024;
/// Finals of one utterance that are put together, and bytes of them after which it ends.
const MOST_FINALS: usize = 1_000;
const LONGEST_UTTERANCE: usize = 64 * 1024;
/// Samples per message at most: 100 ms at 16,000 per second.
const MESSAGE: usize = 1_600;

/// A streaming service. Its time limit is that of the handshake.
#[derive(Clone, Debug)]
pub struct Live(pub Service);

type Socket = WebSocketStream<Box<dyn Connection>>;

impl Recognizer for Live {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn listen(&self, wish: &Wish, hearing: Hearing) -> LocalBoxFuture<'static, ()> {
        let (service, wish) = (self.0.clone(), wish.clone());
        async move {
            let results = hearing.results.clone();
            let work = std::pin::pin!(listen(service, wish, hearing));
            let gone = std::pin::pin!(results.closed());
            select(work, gone).await;
        }
        .boxed_local()
    }

    fn transcribe(
        &self,
        wish: &Wish,
        file: Vec<u8>,
        content_type: &'static str,
    ) -> LocalBoxFuture<'static, Result<Heard, EngineError>> {
        let engine = Rc::new(self.clone());
        let wish = Wish {
            interim: false,
            ..wish.clone()
        };
        async move {
            let clip = sound::decode(file, Some(content_type)).await?;
            let (listening, hearing) = session(clip.rate());
            let feed = async {
                for samples in clip.samples().chunks(MESSAGE) {
                    listening.feed(samples.to_vec()).await;
                }
                listening.finish();
            };
            let collect = async {
                let mut all = Joined::default();
                while let Some(result) = listening.next().await {
                    all.add(result?);
                }
                Ok(all.heard(true))
            };
            let work = engine.listen(&wish, hearing);
            let (_, (), outcome) = tokio::join!(work, feed, collect);
            outcome
        }
        .boxed_local()
    }
}

async fn listen(service: Service, wish: Wish, mut hearing: Hearing) {
    let opened = timeout(service.time_limit, open(&service, &wish, hearing.rate)).await;
    let socket = match opened {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return hearing.results.give(Err(error)).await,
        Err(_) => return hearing.results.give(Err(EngineError::Late)).await,
    };
    let (to, from) = socket.split();
    let outcome = {
        let send = std::pin::pin!(send(to, &mut hearing.samples));
        let receive = std::pin::pin!(receive(from, &hearing.results));
        match select(send, receive).await {
            Either::Left((Ok(_to), receive)) => match timeout(LAST_WORDS, receive).await {
                Ok(outcome) => outcome,
                Err(_) => Err(EngineError::Late),
            },
            Either::Left((Err(error), _)) => Err(error),
            Either::Right((Ok(()), _)) => {
                let why = "it closed the stream while speech was coming";
                Err(EngineError::Unreachable(why.to_owned()))
            }
            Either::Right((Err(error), _)) => Err(error),
        }
    };
    if let Err(error) = outcome {
        hearing.results.give(Err(error)).await;
    }
}

async fn open(service: &Service, wish: &Wish, rate: u32) -> Result<Socket, EngineError> {
    let bad = |why: String| EngineError::Unreachable(why);
    let url = address(service, wish, rate)?;
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|error| bad(format!("its URL cannot be used: {error}")))?;
    if let Some(key) = &service.key {
        let mut value = HeaderValue::from_str(&format!("Token {key}"))
            .map_err(|_| bad("its key cannot be written in a header".to_owned()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    let stream = service
        .client
        .connect(url.as_str(), service.time_limit)
        .await?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE))
        .max_write_buffer_size(LONGEST_MESSAGE);
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            Err(refused(response.status().as_u16(), body, service.key()))
        }
        Err(error) => Err(bad(format!("no WebSocket came of it: {error}"))),
    }
}

fn address(service: &Service, wish: &Wish, rate: u32) -> Result<Url, EngineError> {
    let base = service.base("wss://api.deepgram.com");
    let mut url = Url::parse(base)
        .map_err(|error| EngineError::Unreachable(format!("its URL cannot be used: {error}")))?;
    if url.path() == "/" {
        url.set_path("/v1/listen");
    }
    let model = wish.model.as_deref().or(service.model.as_deref());
    let flag = |yes: bool| if yes { "true" } else { "false" };
    let mut query = url.query_pairs_mut();
    query
        .append_pair("encoding", "linear16")
        .append_pair("sample_rate", &rate.to_string())
        .append_pair("channels", "1")
        .append_pair("interim_results", flag(wish.interim));
    if let Some(language) = wish.language.as_deref().filter(|tag| !tag.is_empty()) {
        query.append_pair("language", language);
    }
    if let Some(model) = model {
        query.append_pair("model", model);
    }
    if wish.profanity_filter {
        query.append_pair("profanity_filter", "true");
    }
    for hint in wish.hints.iter().take(100) {
        query.append_pair("keywords", hint);
    }
    drop(query);
    Ok(url)
}

/// Sends until no more speech comes, then says so. Gives the socket's half back: dropping it
/// would be too early.
async fn send(
    mut to: SplitSink<Socket, Message>,
    samples: &mut tokio::sync::mpsc::Receiver<Vec<i16>>,
) -> Result<SplitSink<Socket, Message>, EngineError> {
    while let Some(mut message) = samples.recv().await {
        while message.len() < MESSAGE
            && let Ok(more) = samples.try_recv()
        {
            message.extend(more);
        }
        let bytes: Vec<u8> = message.iter().flat_map(|one| one.to_le_bytes()).collect();
        write(&mut to, Message::binary(bytes)).await?;
    }
    write(&mut to, Message::text(r#"{"type":"CloseStream"}"#)).await?;
    Ok(to)
}

async fn write(to: &mut SplitSink<Socket, Message>, message: Message) -> Result<(), EngineError> {
    match timeout(STALL, to.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) => Err(EngineError::Late),
    }
}

fn broken(error: &Error) -> EngineError {
    EngineError::Unreachable(format!("the stream broke: {error}"))
}

/// Gives results on until the service closes.
async fn receive(mut from: SplitStream<Socket>, out: &Results) -> Result<(), EngineError> {
    let mut utterance = Joined::default();
    let (mut finals, mut length) = (0, 0);
    while let Some(message) = from.next().await {
        let message = match message {
            Ok(Message::Text(text)) => text,
            Ok(Message::Close(_)) => break,
            Ok(_) => continue,
            // Services that just hang up after their last words have still said them.
            Err(
                Error::ConnectionClosed
                | Error::AlreadyClosed
                | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
            ) => break,
            Err(error) => return Err(broken(&error)),
        };
        match Told::read(&message)? {
            Told::Nothing => {}
            Told::Partial(heard) => {
                let mut so_far = Joined::default();
                if !utterance.is_empty() {
                    so_far.add(utterance.heard(false));
                }
                so_far.add(heard);
                out.give(Ok(so_far.heard(false))).await;
            }
            Told::Final { heard, ends } => {
                if let Some(heard) = heard {
                    finals += 1;
                    length += heard.text.len();
                    utterance.add(heard);
                }
                let ends = ends || finals >= MOST_FINALS || length >= LONGEST_UTTERANCE;
                if !utterance.is_empty() && ends {
                    (finals, length) = (0, 0);
                    let whole = std::mem::take(&mut utterance).heard(true);
                    out.give(Ok(whole)).await;
                } else if !utterance.is_empty() {
                    out.give(Ok(utterance.heard(false))).await;
                }
            }
        }
    }
    if !utterance.is_empty() {
        out.give(Ok(utterance.heard(true))).await;
    }
    Ok(())
}

/// What a message says.
enum Told {
    Nothing,
    Partial(Heard),
    Final { heard: Option<Heard>, ends: bool },
}

impl Told {
    fn read(text: &str) -> Result<Told, EngineError> {
        let json: Value = serde_json::from_str(text)
            .map_err(|_| EngineError::Garbage("a message is no JSON".to_owned()))?;
        match json.get("type").and_then(Value::as_str) {
            Some("Results") => {}
            Some("UtteranceEnd") => {
                return Ok(Told::Final {
                    heard: None,
                    ends: true,
                });
            }
            Some("Error") => {
                let words = ["description", "message", "reason"]
                    .iter()
                    .find_map(|key| json.get(key)?.as_str())
                    .unwrap_or("it tells no reason");
                return Err(EngineError::Crashed(beginning(words.as_bytes())));
            }
            _ => return Ok(Told::Nothing),
        }
        let best = json.pointer("/channel/alternatives/0");
        let transcript = best
            .and_then(|best| best.get("transcript")?.as_str())
            .unwrap_or_default()
            .trim();
        let language = best
            .and_then(|best| best.pointer("/languages/0")?.as_str())
            .map(str::to_owned);
        let is_final = json.get("is_final").and_then(Value::as_bool) == Some(true);
        let heard = (!transcript.is_empty()).then(|| Heard {
            text: transcript.to_owned(),
            confidence: confidence(best.and_then(|best| best.get("confidence")?.as_f64())),
            language,
            is_final,
        });
        Ok(match heard {
            heard if is_final => {
                // Services that do not tell the end of speech end it with each final result.
                let ends = json.get("speech_final").and_then(Value::as_bool);
                Told::Final {
                    heard,
                    ends: ends.unwrap_or(true),
                }
            }
            Some(heard) => Told::Partial(heard),
            None => Told::Nothing,
        })
    }
}
