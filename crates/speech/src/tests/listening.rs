//! Recognizers against a server on loopback.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Query;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use hookflash_program::{Heard, Recognizer as Wish};
use serde_json::json;

use super::stage::{serve, service, tone, tone_samples};
use crate::{EngineError, Listening, Live, Recognizer, Recognizers, Transcriptions, session};

fn wish() -> Wish {
    Wish {
        language: Some("en-US".to_owned()),
        hints: vec!["billing".to_owned(), "sales & service".to_owned()],
        interim: true,
        ..Wish::default()
    }
}

async fn collected(listening: &Listening) -> Vec<Result<Heard, EngineError>> {
    let mut all = Vec::new();
    while let Some(result) = listening.next().await {
        all.push(result);
    }
    all
}

fn text(result: &Result<Heard, EngineError>) -> (&str, bool) {
    let heard = result.as_ref().unwrap();
    (&heard.text, heard.is_final)
}

type Uploads = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

async fn transcriptions(
    answer: impl Fn(usize) -> Response + Clone + Send + Sync + 'static,
) -> (Transcriptions, Uploads) {
    let uploads = Uploads::default();
    let kept = Arc::clone(&uploads);
    let handler = move |headers: HeaderMap, body: Bytes| async move {
        let mut kept = kept.lock().unwrap();
        kept.push((headers, body.to_vec()));
        answer(kept.len())
    };
    let router = Router::new().route("/audio/transcriptions", post(handler));
    let address = serve(router).await;
    (
        Transcriptions(service(format!("http://{address}"))),
        uploads,
    )
}

#[tokio::test]
async fn each_utterance_is_one_upload() {
    let answer = |number: usize| {
        axum::Json(json!({ "text": format!(" utterance {number} ") })).into_response()
    };
    let (engine, uploads) = transcriptions(answer).await;
    let (listening, hearing) = session(16_000);
    let speak = async {
        let silence = vec![0; 16_000 * 12 / 10];
        for samples in [tone_samples(600), silence, tone_samples(400)] {
            for frame in samples.chunks(320) {
                listening.hear(frame);
            }
        }
        listening.finish();
        collected(&listening).await
    };
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), speak);
    let texts: Vec<_> = results.iter().map(text).collect();
    assert_eq!(texts, [("utterance 1", true), ("utterance 2", true)]);
    assert_eq!(listening.lost(), 0);
    let uploads = uploads.lock().unwrap();
    let (headers, body) = &uploads[0];
    assert_eq!(headers["authorization"], "Bearer s3cret");
    let form = String::from_utf8_lossy(body);
    for part in [
        "name=\"model\"\r\n\r\nwhisper-1\r\n",
        "name=\"language\"\r\n\r\nen\r\n",
        "name=\"prompt\"\r\n\r\nbilling, sales & service\r\n",
        "filename=\"speech.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF",
    ] {
        assert!(form.contains(part), "{part}");
    }
    let boundary = headers["content-type"].to_str().unwrap();
    let boundary = boundary
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    assert!(form.ends_with(&format!("\r\n--{boundary}--\r\n")));
    // Half a second and the silence around it, 16 bits each.
    assert!(
        body.len() > 600 * 32 && body.len() < 2_000 * 32,
        "{}",
        body.len()
    );
}

#[tokio::test]
async fn silence_is_not_uploaded() {
    let answer = |_| axum::Json(json!({ "text": "Thank you for watching" })).into_response();
    let (engine, uploads) = transcriptions(answer).await;
    let (listening, hearing) = session(8_000);
    listening.hear(&[0; 8_000]);
    listening.finish();
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), collected(&listening));
    assert!(results.is_empty());
    assert!(uploads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_upload_is_a_result_and_the_session_goes_on() {
    let answer = |number| match number {
        1 => (StatusCode::TOO_MANY_REQUESTS, "slow down").into_response(),
        _ => axum::Json(json!({ "text": "two" })).into_response(),
    };
    let (engine, _) = transcriptions(answer).await;
    let (listening, hearing) = session(16_000);
    let speak = async {
        listening.hear(&tone_samples(500));
        listening.hear(&[0; 16_000]);
        listening.hear(&tone_samples(500));
        listening.finish();
        collected(&listening).await
    };
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), speak);
    assert!(matches!(
        results[0],
        Err(EngineError::Refused { status: 429, .. })
    ));
    assert_eq!(text(&results[1]), ("two", true));
}

#[tokio::test]
async fn a_recording_is_transcribed_at_once() {
    let answer = |_| axum::Json(json!({ "text": "leave a message" })).into_response();
    let (engine, uploads) = transcriptions(answer).await;
    let heard = engine
        .transcribe(&wish(), tone(500), "audio/wav")
        .await
        .unwrap();
    assert_eq!(heard.text, "leave a message");
    assert_eq!(heard.language.as_deref(), Some("en-US"));
    let mp3 = engine
        .transcribe(&Wish::default(), vec![1, 2, 3], "audio/mpeg")
        .await;
    assert!(mp3.is_ok());
    let uploads = uploads.lock().unwrap();
    assert!(String::from_utf8_lossy(&uploads[1].1).contains("filename=\"speech.mp3\""));
}

#[tokio::test]
async fn an_answer_without_text_is_garbage() {
    let (engine, _) = transcriptions(|_| axum::Json(json!({})).into_response()).await;
    let outcome = engine.transcribe(&wish(), tone(500), "audio/wav").await;
    assert!(
        matches!(outcome, Err(EngineError::Garbage(_))),
        "{outcome:?}"
    );
}

type Asked = Arc<Mutex<Vec<(HashMap<String, String>, HeaderMap)>>>;

/// A streaming service.
async fn live<F>(behave: impl Fn(WebSocket) -> F + Clone + Send + Sync + 'static) -> (Live, Asked)
where
    F: Future<Output = ()> + Send + 'static,
{
    let asked = Asked::default();
    let kept = Arc::clone(&asked);
    let handler = move |Query(query): Query<HashMap<String, String>>,
                        headers: HeaderMap,
                        upgrade: WebSocketUpgrade| async move {
        kept.lock().unwrap().push((query, headers));
        upgrade.on_upgrade(behave)
    };
    let address = serve(Router::new().route("/v1/listen", any(handler))).await;
    (Live(service(format!("ws://{address}"))), asked)
}

fn told(transcript: &str, is_final: bool) -> Message {
    let json = json!({
        "type": "Results",
        "is_final": is_final,
        "channel": { "alternatives": [{ "transcript": transcript, "confidence": 0.9 }] },
    });
    Message::text(json.to_string())
}

/// Counts samples until the end of speech.
async fn hear_out(socket: &mut WebSocket) -> usize {
    let mut samples = 0;
    while let Some(Ok(message)) = socket.recv().await {
        match message {
            Message::Binary(bytes) => samples += bytes.len() / 2,
            Message::Text(text) => {
                assert_eq!(text.as_str(), "{\"type\":\"CloseStream\"}");
                break;
            }
            _ => {}
        }
    }
    samples
}

#[tokio::test]
async fn a_stream_gives_partial_and_final_results() {
    let (engine, asked) = live(|mut socket| async move {
        let _ = socket.send(told("I want", false)).await;
        let count = hear_out(&mut socket).await;
        let _ = socket
            .send(Message::text(r#"{"type":"SpeechStarted"}"#))
            .await;
        let _ = socket.send(told(&format!("I want {count}"), true)).await;
        let _ = socket.send(told("", true)).await;
        let _ = socket.send(Message::Close(None)).await;
    })
    .await;
    let (listening, hearing) = session(8_000);
    let speak = async {
        for _ in 0..100 {
            listening.hear(&[7; 160]);
        }
        let first = listening.next().await.unwrap();
        listening.finish();
        let mut all = collected(&listening).await;
        all.insert(0, first);
        all
    };
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), speak);
    let texts: Vec<_> = results.iter().map(text).collect();
    assert_eq!(texts, [("I want", false), ("I want 16000", true)]);
    assert!((results[1].as_ref().unwrap().confidence - 0.9).abs() < 0.001);
    let asked = asked.lock().unwrap();
    let (query, headers) = &asked[0];
    assert_eq!(headers["authorization"], "Token s3cret");
    for (key, value) in [
        ("encoding", "linear16"),
        ("sample_rate", "8000"),
        ("interim_results", "true"),
        ("language", "en-US"),
        ("keywords", "sales & service"),
    ] {
        assert_eq!(query.get(key).map(String::as_str), Some(value));
    }
}

#[tokio::test]
async fn a_service_that_never_ends_an_utterance_has_it_ended_when_it_is_long() {
    let (engine, _) = live(|mut socket| async move {
        for _ in 0..7 {
            let json = json!({
                "type": "Results", "is_final": true, "speech_final": false,
                "channel": { "alternatives": [{ "transcript": "w".repeat(30_000) }] },
            });
            let _ = socket.send(Message::text(json.to_string())).await;
        }
        hear_out(&mut socket).await;
        let _ = socket.send(Message::Close(None)).await;
    })
    .await;
    let (listening, hearing) = session(8_000);
    listening.finish();
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), collected(&listening));
    let whole = |result: &Result<Heard, EngineError>| {
        let heard = result.as_ref().unwrap();
        heard.is_final.then(|| heard.text.split(' ').count())
    };
    let finals: Vec<_> = results.iter().filter_map(whole).collect();
    assert_eq!(finals, [3, 3, 1]);
}

#[tokio::test]
async fn finals_are_one_utterance_until_the_end_of_speech() {
    let (engine, _) = live(|mut socket| async move {
        let part = |words: &str, ends: bool| {
            let json = json!({
                "type": "Results", "is_final": true, "speech_final": ends,
                "channel": { "alternatives": [{ "transcript": words, "confidence": 1.0 }] },
            });
            Message::text(json.to_string())
        };
        for message in [part("one", false), part("two", true), part("three", false)] {
            let _ = socket.send(message).await;
        }
        let _ = socket
            .send(Message::text(r#"{"type":"UtteranceEnd"}"#))
            .await;
        let _ = socket.send(part("four", false)).await;
        hear_out(&mut socket).await;
        let _ = socket.send(Message::Close(None)).await;
    })
    .await;
    let (listening, hearing) = session(8_000);
    listening.finish();
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), collected(&listening));
    let finals: Vec<_> = results.iter().map(text).filter(|(_, last)| *last).collect();
    assert_eq!(finals, [("one two", true), ("three", true), ("four", true)]);
}

#[tokio::test]
async fn a_stream_that_ends_too_early_is_an_error() {
    let (engine, _) = live(|socket| async move { drop(socket) }).await;
    let (listening, hearing) = session(8_000);
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), collected(&listening));
    assert!(
        matches!(results[0], Err(EngineError::Unreachable(_))),
        "{results:?}"
    );
    assert_eq!(results.len(), 1);
}

#[tokio::test]
async fn errors_and_garbage_end_the_stream() {
    for (message, expected) in [
        (
            r#"{"type":"Error","description":"no such model"}"#,
            EngineError::Crashed("no such model".to_owned()),
        ),
        (
            "<html>",
            EngineError::Garbage("a message is no JSON".to_owned()),
        ),
    ] {
        let (engine, _) = live(move |mut socket| async move {
            let _ = socket.send(Message::text(message)).await;
            hear_out(&mut socket).await;
        })
        .await;
        let (listening, hearing) = session(8_000);
        let ((), results) = tokio::join!(engine.listen(&wish(), hearing), collected(&listening));
        assert_eq!(results, [Err(expected)]);
    }
}

#[tokio::test]
async fn a_refused_handshake_tells_its_status() {
    let handler = || async { (StatusCode::UNAUTHORIZED, "who is s3cret?") };
    let address = serve(Router::new().route("/v1/listen", any(handler))).await;
    let engine = Live(service(format!("ws://{address}")));
    let (listening, hearing) = session(8_000);
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), collected(&listening));
    let refused = EngineError::Refused {
        status: 401,
        words: "who is …?".to_owned(),
    };
    assert_eq!(results, [Err(refused)]);
}

#[tokio::test]
async fn a_service_that_takes_nothing_never_holds_up_the_call() {
    let (engine, _) = live(|socket| async move {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        drop(socket);
    })
    .await;
    let (listening, hearing) = session(48_000);
    let speak = async {
        // Until the socket's buffers and the queue are full.
        while listening.lost() == 0 {
            for _ in 0..100 {
                listening.hear(&[1; 960]);
            }
            tokio::task::yield_now().await;
        }
        // Nothing moves any more but the clock.
        tokio::time::pause();
        listening.next().await
    };
    let ((), result) = tokio::join!(engine.listen(&wish(), hearing), speak);
    assert_eq!(result, Some(Err(EngineError::Late)));
}

#[tokio::test]
async fn a_flood_of_results_is_bounded() {
    let (engine, _) = live(|mut socket| async move {
        for _ in 0..5_000 {
            let _ = socket.send(told("chatter", false)).await;
        }
        let _ = socket.send(told("end", true)).await;
        hear_out(&mut socket).await;
        let _ = socket.send(Message::Close(None)).await;
    })
    .await;
    let (listening, hearing) = session(8_000);
    listening.finish();
    let late = async {
        // The call looks after the flood only.
        tokio::time::sleep(Duration::from_millis(500)).await;
        collected(&listening).await
    };
    let ((), results) = tokio::join!(engine.listen(&wish(), hearing), late);
    assert!(results.len() < 5_000, "{}", results.len());
    assert_eq!(text(results.last().unwrap()), ("end", true));
}

#[tokio::test]
async fn a_call_that_goes_away_ends_the_session() {
    let (engine, _) = live(|mut socket| async move {
        hear_out(&mut socket).await;
    })
    .await;
    let (listening, hearing) = session(8_000);
    let leave = async {
        listening.hear(&[0; 160]);
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(listening);
    };
    tokio::join!(engine.listen(&wish(), hearing), leave);
}

#[tokio::test]
async fn a_recording_is_transcribed_over_a_stream() {
    let (engine, asked) = live(|mut socket| async move {
        let count = hear_out(&mut socket).await;
        let _ = socket.send(told("after the", true)).await;
        let _ = socket.send(told(&format!("{count}"), true)).await;
        let _ = socket.send(Message::Close(None)).await;
    })
    .await;
    let heard = engine
        .transcribe(&wish(), tone(60_000), "audio/wav")
        .await
        .unwrap();
    assert_eq!(heard.text, "after the 960000");
    assert!(heard.is_final);
    assert_eq!(asked.lock().unwrap()[0].0["interim_results"], "false");
}

#[test]
fn a_document_chooses_among_recognizers_by_vendor() {
    let named = |name: &str| {
        let mut service = service("ws://localhost".to_owned());
        service.name = name.to_owned();
        std::rc::Rc::new(Live(service)) as std::rc::Rc<dyn Recognizer>
    };
    let all = Recognizers(vec![named("whisper"), named("deepgram")]);
    let choose = |vendor: Option<&str>| {
        let wish = Wish {
            vendor: vendor.map(str::to_owned),
            ..Wish::default()
        };
        all.choose(&wish).map(|one| one.name().to_owned()).unwrap()
    };
    assert_eq!(choose(Some("Deepgram")), "deepgram");
    assert_eq!(choose(Some("google")), "whisper");
    assert_eq!(choose(None), "whisper");
    assert!(Recognizers::default().choose(&Wish::default()).is_none());
}
