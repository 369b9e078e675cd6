//! OpenAI's `POST {base}/audio/speech`, which many local servers speak too (LocalAI, Kokoro,
//! openedai-speech, vLLM).

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use hookflash_audio::Clip;
use serde_json::json;

use super::{Service, is_female, kind_of};
use crate::ssml::{Piece, Script, plain};
use crate::{EngineError, EngineKind, Order, Speaking, Synthesizer, sound};

/// An OpenAI-compatible service. Takes plain text.
#[derive(Debug)]
pub struct OpenAi(pub Service);

impl Synthesizer for OpenAi {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn kind(&self) -> EngineKind {
        EngineKind::OpenAi
    }

    fn speaks(&self, _language: &str) -> bool {
        true
    }

    fn order(&self, script: &Script, speaking: &Speaking) -> Order {
        let by_sound = if is_female(speaking.gender) {
            "alloy"
        } else {
            "onyx"
        };
        let voice = speaking.voice.as_deref().or(self.0.voice.as_deref());
        Order {
            voice: voice.unwrap_or(by_sound).to_owned(),
            language: speaking.language.clone(),
            pieces: vec![Piece::Text {
                text: plain(script),
                rate: 100,
            }],
            settings: self.0.model.clone().unwrap_or_else(|| "tts-1".to_owned()),
        }
    }

    fn synthesize<'a>(&'a self, order: &'a Order) -> LocalBoxFuture<'a, Result<Clip, EngineError>> {
        async move {
            let url = format!("{}/audio/speech", self.0.base("https://api.openai.com/v1"));
            let body = json!({
                "model": order.settings,
                "voice": order.voice,
                "input": order.text(),
                "response_format": "wav",
            });
            let headers = self.0.bearer().into_iter().collect();
            let reply = self.0.post_json(url, headers, &body).await?;
            let kind = kind_of(&reply);
            sound::decode(reply.body, kind).await
        }
        .boxed_local()
    }
}
