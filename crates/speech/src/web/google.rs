//! Google Cloud Text-to-Speech, REST `text:synthesize`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use hookflash_audio::Clip;
use serde_json::json;

use super::{Service, is_female};
use crate::ssml::{Flavour, Piece, Script, markup, plain};
use crate::{EngineError, EngineKind, Order, Speaking, Synthesizer, sound};

/// Google's service, or one that speaks like it. Takes SSML.
#[derive(Debug)]
pub struct Google(pub Service);

impl Synthesizer for Google {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn kind(&self) -> EngineKind {
        EngineKind::Google
    }

    fn speaks(&self, _language: &str) -> bool {
        true
    }

    fn order(&self, script: &Script, speaking: &Speaking) -> Order {
        let voice = speaking.voice.as_deref().or(self.0.voice.as_deref());
        // The language has to be the voice's own: `en-US` of `en-US-Wavenet-C`.
        let own = voice.and_then(language_of);
        let (text, form) = if script.is_plain() {
            (plain(script), "text")
        } else {
            let inside = markup(script, Flavour::Google);
            (format!("<speak>{inside}</speak>"), "ssml")
        };
        let gender = if is_female(speaking.gender) {
            "FEMALE"
        } else {
            "MALE"
        };
        Order {
            voice: voice.unwrap_or_default().to_owned(),
            language: own.unwrap_or_else(|| speaking.language.clone()),
            pieces: vec![Piece::Text { text, rate: 100 }],
            settings: format!("{form} {gender}"),
        }
    }

    fn synthesize<'a>(&'a self, order: &'a Order) -> LocalBoxFuture<'a, Result<Clip, EngineError>> {
        async move {
            let base = self.0.base("https://texttospeech.googleapis.com");
            let (form, gender) = order.settings.split_once(' ').unwrap_or(("text", "FEMALE"));
            let voice = if order.voice.is_empty() {
                json!({ "languageCode": order.language, "ssmlGender": gender })
            } else {
                json!({ "languageCode": order.language, "name": order.voice })
            };
            let mut input = serde_json::Map::new();
            input.insert(form.to_owned(), json!(order.text()));
            let body = json!({
                "input": input,
                "voice": voice,
                "audioConfig": { "audioEncoding": "LINEAR16", "sampleRateHertz": 16_000 },
            });
            let headers = vec![("X-Goog-Api-Key", self.0.key().to_owned())];
            let url = format!("{base}/v1/text:synthesize");
            let reply = self.0.post_json(url, headers, &body).await?;
            let audio = audio_content(&reply.body)?;
            sound::decode(audio, None).await
        }
        .boxed_local()
    }
}

fn audio_content(body: &[u8]) -> Result<Vec<u8>, EngineError> {
    let garbage = |why: &str| EngineError::Garbage(why.to_owned());
    let reply: serde_json::Value =
        serde_json::from_slice(body).map_err(|_| garbage("its answer is no JSON"))?;
    let text = reply.get("audioContent").and_then(|text| text.as_str());
    let text = text.ok_or_else(|| garbage("its answer has no audioContent"))?;
    STANDARD
        .decode(text)
        .map_err(|_| garbage("its audioContent is no base64"))
}

fn language_of(voice: &str) -> Option<String> {
    let mut fields = voice.split('-');
    let (language, region) = (fields.next()?, fields.next()?);
    fields.next()?;
    Some(format!("{language}-{region}"))
}
