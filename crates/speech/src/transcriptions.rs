//! OpenAI's `POST {base}/audio/transcriptions`: a whole file up, its text down. Local servers
//! speak it too (whisper.cpp, faster-whisper, LocalAI, vLLM).

use std::collections::VecDeque;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use hookflash_program::{Heard, Recognizer as Wish};

use crate::client::HttpReply;
use crate::recognizer::{Hearing, Recognizer, confidence};
use crate::utterances::Utterances;
use crate::web::Service;
use crate::{EngineError, sound};

/// Utterances that wait for the service; the oldest is forgotten when more come.
const WAITING: usize = 4;

/// An OpenAI-compatible service. Collects what is heard and sends each utterance when it ends.
/// The service tells no confidence: results count as certain.
#[derive(Clone, Debug)]
pub struct Transcriptions(pub Service);

impl Recognizer for Transcriptions {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn listen(&self, wish: &Wish, hearing: Hearing) -> LocalBoxFuture<'static, ()> {
        listen(self.clone(), wish.clone(), hearing).boxed_local()
    }

    fn transcribe(
        &self,
        wish: &Wish,
        file: Vec<u8>,
        content_type: &'static str,
    ) -> LocalBoxFuture<'static, Result<Heard, EngineError>> {
        let (engine, wish) = (self.clone(), wish.clone());
        async move { engine.ask(&wish, file, content_type).await }.boxed_local()
    }
}

async fn listen(engine: Transcriptions, wish: Wish, mut hearing: Hearing) {
    let rate = hearing.rate;
    let mut utterances = Utterances::new(rate);
    let mut waiting: VecDeque<Vec<i16>> = VecDeque::new();
    let mut open = true;
    let upload = futures_util::future::Fuse::terminated();
    let mut upload = std::pin::pin!(upload);
    let mut busy = false;
    loop {
        if !busy && let Some(samples) = waiting.pop_front() {
            let (engine, wish) = (&engine, &wish);
            let work = async move {
                let file = sound::wav(rate, &samples);
                engine.ask(wish, file, "audio/wav").await
            };
            upload.set(work.boxed_local().fuse());
            busy = true;
        }
        if !open && !busy {
            return;
        }
        tokio::select! {
            samples = hearing.samples.recv(), if open => match samples {
                Some(samples) => waiting.extend(utterances.push(&samples)),
                None => {
                    open = false;
                    waiting.extend(utterances.finish());
                }
            },
            outcome = &mut upload, if busy => {
                busy = false;
                match outcome {
                    Ok(heard) if heard.text.is_empty() => {}
                    outcome => hearing.results.give(outcome).await,
                }
            }
            () = hearing.results.closed() => return,
        }
        while waiting.len() > WAITING {
            waiting.pop_front();
        }
    }
}

impl Transcriptions {
    async fn ask(
        &self,
        wish: &Wish,
        file: Vec<u8>,
        content_type: &'static str,
    ) -> Result<Heard, EngineError> {
        let base = self.0.base("https://api.openai.com/v1");
        let model = wish.model.as_deref().or(self.0.model.as_deref());
        let language = wish.language.as_deref().filter(|tag| !tag.is_empty());
        // ISO 639-1: `en` of `en-US`.
        let short = language.map(|tag| tag.split(['-', '_']).next().unwrap_or(tag));
        let hints = wish.hints.join(", ");
        let mut fields = vec![
            ("model", model.unwrap_or("whisper-1")),
            ("response_format", "json"),
        ];
        fields.extend(short.map(|tag| ("language", tag)));
        if !hints.is_empty() {
            fields.push(("prompt", &hints));
        }
        let (boundary, body) = multipart(&fields, &file, content_type);
        let mut headers: Vec<_> = self.0.bearer().into_iter().collect();
        let kind = format!("multipart/form-data; boundary={boundary}");
        headers.push(("Content-Type", kind));
        let url = format!("{base}/audio/transcriptions");
        let reply = self.0.post(url, headers, body).await?;
        heard(&reply, language)
    }
}

fn heard(reply: &HttpReply, language: Option<&str>) -> Result<Heard, EngineError> {
    let garbage = |why: &str| EngineError::Garbage(why.to_owned());
    let json: serde_json::Value =
        serde_json::from_slice(&reply.body).map_err(|_| garbage("its answer is no JSON"))?;
    let text = json.get("text").and_then(|text| text.as_str());
    let text = text.ok_or_else(|| garbage("its answer has no text"))?;
    Ok(Heard {
        text: text.trim().to_owned(),
        confidence: confidence(json.get("confidence").and_then(serde_json::Value::as_f64)),
        language: language.map(str::to_owned),
        is_final: true,
    })
}

/// A form with a file (RFC 7578), and its boundary, which occurs nowhere else in it.
fn multipart(fields: &[(&str, &str)], file: &[u8], content_type: &str) -> (String, Vec<u8>) {
    let mut number = 0_u64;
    let boundary = loop {
        let boundary = format!("hookflash-{number:016x}");
        let occurs = file
            .windows(boundary.len())
            .any(|window| window == boundary.as_bytes())
            || fields.iter().any(|(_, value)| value.contains(&boundary));
        if !occurs {
            break boundary;
        }
        number += 1;
    };
    let ending = match content_type {
        "audio/mpeg" => "mp3",
        _ => "wav",
    };
    let mut body = Vec::with_capacity(file.len() + 1_024);
    for (name, value) in fields {
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    let part = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
         filename=\"speech.{ending}\"\r\nContent-Type: {content_type}\r\n\r\n"
    );
    body.extend_from_slice(part.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (boundary, body)
}
