//! HTTP services, played by a server on loopback that speaks their protocols.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use hookflash_audio::Clip;
use hookflash_program::SpeechText;
use serde_json::{Value, json};

use super::stage::{serve, service, tone, tone_samples};
use crate::ssml::Script;
use crate::{
    Azure, ElevenLabs, EngineError, Gender, Google, HttpRequest, OpenAi, Service, Speaking,
    Synthesizer,
};

/// What a service was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<(Uri, HeaderMap, Bytes)>>>);

impl Asked {
    fn only(&self) -> (Uri, HeaderMap, String) {
        let asked = self.0.lock().unwrap();
        assert_eq!(asked.len(), 1);
        let (uri, headers, body) = asked[0].clone();
        (uri, headers, String::from_utf8(body.to_vec()).unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.only().2).unwrap()
    }
}

/// A service that gives the same answer to everything posted to a path.
async fn far(
    path: &str,
    answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
) -> (Service, Asked) {
    let asked = Asked::default();
    let kept = asked.clone();
    let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
        kept.0.lock().unwrap().push((uri, headers, body));
        answer()
    };
    let address = serve(Router::new().route(path, post(handler))).await;
    (service(format!("http://{address}")), asked)
}

fn audio(bytes: Vec<u8>) -> Response {
    ([("content-type", "audio/wav")], bytes).into_response()
}

fn ssml(text: &str) -> Script {
    Script::read(&SpeechText::Ssml(text.to_owned()))
}

async fn say(
    engine: &dyn Synthesizer,
    text: &str,
    voice: Option<&str>,
) -> Result<Clip, EngineError> {
    let speaking = Speaking {
        voice: voice.map(str::to_owned),
        language: "en-GB".to_owned(),
        gender: Gender::Male,
    };
    engine
        .synthesize(&engine.order(&ssml(text), &speaking))
        .await
}

#[tokio::test]
async fn openai_is_asked_for_wav_in_plain_words() {
    let (mut service, asked) = far("/v1/audio/speech", || audio(tone(300))).await;
    service.url = service.url.map(|url| format!("{url}/v1/"));
    service.model = Some("kokoro".to_owned());
    let text = "<speak>Hi <say-as interpret-as='digits'>42</say-as></speak>";
    let clip = say(&OpenAi(service), text, None).await.unwrap();
    assert_eq!(clip.samples(), tone_samples(300));
    let body = asked.json();
    let expected = json!({
        "model": "kokoro", "voice": "onyx", "input": "Hi 4 2", "response_format": "wav",
    });
    assert_eq!(body, expected);
    assert_eq!(asked.only().1["authorization"], "Bearer s3cret");
    assert_eq!(asked.only().1["content-type"], "application/json");
}

#[tokio::test]
async fn google_is_asked_with_ssml_and_answers_in_base64() {
    let answer = || {
        let content = base64::engine::general_purpose::STANDARD.encode(tone(300));
        axum::Json(json!({ "audioContent": content })).into_response()
    };
    let (service, asked) = far("/v1/text:synthesize", answer).await;
    let text = "<speak>Wait<break time='1s'/></speak>";
    let clip = say(&Google(service), text, Some("en-US-Wavenet-C"))
        .await
        .unwrap();
    assert_eq!(clip.samples(), tone_samples(300));
    let body = asked.json();
    assert_eq!(
        body["input"]["ssml"],
        "<speak>Wait<break time=\"1000ms\"/></speak>"
    );
    let voice = json!({ "languageCode": "en-US", "name": "en-US-Wavenet-C" });
    assert_eq!(body["voice"], voice);
    assert_eq!(body["audioConfig"]["audioEncoding"], "LINEAR16");
    assert_eq!(asked.only().1["x-goog-api-key"], "s3cret");
}

#[tokio::test]
async fn google_chooses_a_voice_by_gender_for_plain_text() {
    let answer = || axum::Json(json!({ "audioContent": "%%%" })).into_response();
    let (service, asked) = far("/v1/text:synthesize", answer).await;
    let outcome = say(&Google(service), "<speak>Hello</speak>", None).await;
    assert!(
        matches!(outcome, Err(EngineError::Garbage(_))),
        "{outcome:?}"
    );
    let body = asked.json();
    assert_eq!(body["input"]["text"], "Hello");
    let voice = json!({ "languageCode": "en-GB", "ssmlGender": "MALE" });
    assert_eq!(body["voice"], voice);
}

#[tokio::test]
async fn azure_is_asked_with_ssml_around_a_voice() {
    let (service, asked) = far("/cognitiveservices/v1", || audio(tone(300))).await;
    let clip = say(&Azure(service), "<speak>a &lt; b</speak>", None)
        .await
        .unwrap();
    assert_eq!(clip.samples(), tone_samples(300));
    let (_, headers, body) = asked.only();
    assert_eq!(headers["ocp-apim-subscription-key"], "s3cret");
    assert_eq!(headers["content-type"], "application/ssml+xml");
    assert_eq!(
        headers["x-microsoft-outputformat"],
        "riff-16khz-16bit-mono-pcm"
    );
    assert_eq!(
        body,
        "<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\" \
         xml:lang=\"en-GB\"><voice name=\"en-GB-RyanNeural\">a &lt; b</voice></speak>"
    );
}

#[tokio::test]
async fn elevenlabs_is_asked_for_raw_samples() {
    let answer = || {
        let raw: Vec<u8> = tone_samples(300)
            .iter()
            .flat_map(|one| one.to_le_bytes())
            .collect();
        ([("content-type", "audio/pcm")], raw).into_response()
    };
    let (service, asked) = far("/v1/text-to-speech/{voice}", answer).await;
    let clip = say(
        &ElevenLabs(service),
        "<speak>Hi</speak>",
        Some("EXAVITQu4vr4"),
    )
    .await;
    assert_eq!(clip.unwrap().samples(), tone_samples(300));
    let (uri, headers, _) = asked.only();
    assert_eq!(
        uri.path_and_query().unwrap(),
        "/v1/text-to-speech/EXAVITQu4vr4?output_format=pcm_16000"
    );
    assert_eq!(headers["xi-api-key"], "s3cret");
    let expected = json!({ "text": "Hi", "model_id": "eleven_multilingual_v2" });
    assert_eq!(asked.json(), expected);
}

#[tokio::test]
async fn a_voice_cannot_leave_the_path_of_elevenlabs() {
    let (service, _) = far("/v1/text-to-speech/{voice}", || audio(tone(10))).await;
    let engine = ElevenLabs(service);
    let speaking = Speaking {
        voice: Some("../../v1/user?x=".to_owned()),
        language: "en-GB".to_owned(),
        gender: Gender::Male,
    };
    let order = engine.order(&ssml("<speak>x</speak>"), &speaking);
    assert_eq!(order.voice, "pNInz6obpgDQGcFmaJgB");
}

#[tokio::test]
async fn a_refusal_tells_status_and_words_but_not_our_key() {
    let answer = || {
        (
            StatusCode::UNAUTHORIZED,
            "{\"error\":\n \"bad key s3cret\"}",
        )
            .into_response()
    };
    let (service, _) = far("/audio/speech", answer).await;
    let error = say(&OpenAi(service), "<speak>x</speak>", None)
        .await
        .unwrap_err();
    let expected = EngineError::Refused {
        status: 401,
        words: "{\"error\": \"bad key …\"}".to_owned(),
    };
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_service_that_hangs_is_cut_off() {
    let handler = || async {
        tokio::time::sleep(Duration::from_secs(600)).await;
    };
    let address = serve(Router::new().route("/audio/speech", post(handler))).await;
    let mut service = service(format!("http://{address}"));
    service.time_limit = Duration::from_millis(200);
    let outcome = say(&OpenAi(service), "<speak>x</speak>", None).await;
    assert_eq!(outcome.unwrap_err(), EngineError::Late);
}

#[tokio::test]
async fn a_service_that_gives_a_page_instead_of_audio_is_told() {
    let answer = || ([("content-type", "text/html")], "<html>Login</html>").into_response();
    let (service, _) = far("/audio/speech", answer).await;
    let outcome = say(&OpenAi(service), "<speak>x</speak>", None).await;
    assert!(
        matches!(outcome, Err(EngineError::Garbage(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_service_that_nobody_runs_is_unreachable() {
    let outcome = say(
        &OpenAi(service("http://127.0.0.1:9".to_owned())),
        "<speak>x</speak>",
        None,
    )
    .await;
    assert!(
        matches!(outcome, Err(EngineError::Unreachable(_))),
        "{outcome:?}"
    );
}

#[test]
fn a_key_is_never_printed() {
    let printed = format!("{:?}", OpenAi(service("http://localhost".to_owned())));
    assert!(!printed.contains("s3cret"), "{printed}");
    let request = HttpRequest {
        url: "http://localhost".to_owned(),
        headers: vec![("Authorization", "Bearer s3cret".to_owned())],
        body: b"Your balance is".to_vec(),
        time_limit: Duration::from_secs(1),
        most: 1,
    };
    let printed = format!("{request:?}");
    assert!(printed.contains("Authorization"), "{printed}");
    assert!(
        !printed.contains("s3cret") && !printed.contains("balance"),
        "{printed}"
    );
}
