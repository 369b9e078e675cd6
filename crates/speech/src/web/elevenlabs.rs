//! ElevenLabs' `POST /v1/text-to-speech/{voice}`.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use hookflash_audio::Clip;
use serde_json::json;

use super::{Service, is_female, kind_of};
use crate::ssml::{Piece, Script, plain};
use crate::{EngineError, EngineKind, Order, Speaking, Synthesizer, sound};

/// ElevenLabs, or a service that speaks like it. Takes plain text.
#[derive(Debug)]
pub struct ElevenLabs(pub Service);

impl Synthesizer for ElevenLabs {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn kind(&self) -> EngineKind {
        EngineKind::ElevenLabs
    }

    fn speaks(&self, _language: &str) -> bool {
        true
    }

    fn order(&self, script: &Script, speaking: &Speaking) -> Order {
        // Two of the voices that every account has: Rachel and Adam.
        let by_sound = if is_female(speaking.gender) {
            "21m00Tcm4TlvDq8ikWAM"
        } else {
            "pNInz6obpgDQGcFmaJgB"
        };
        // The voice is part of the path.
        let asked = speaking
            .voice
            .as_deref()
            .filter(|voice| !voice.is_empty() && voice.chars().all(|c| c.is_ascii_alphanumeric()));
        let voice = asked.or(self.0.voice.as_deref()).unwrap_or(by_sound);
        Order {
            voice: voice.to_owned(),
            language: speaking.language.clone(),
            pieces: vec![Piece::Text {
                text: plain(script),
                rate: 100,
            }],
            settings: self
                .0
                .model
                .clone()
                .unwrap_or_else(|| "eleven_multilingual_v2".to_owned()),
        }
    }

    fn synthesize<'a>(&'a self, order: &'a Order) -> LocalBoxFuture<'a, Result<Clip, EngineError>> {
        async move {
            let base = self.0.base("https://api.elevenlabs.io");
            let voice = &order.voice;
            let url = format!("{base}/v1/text-to-speech/{voice}?output_format=pcm_16000");
            let body = json!({ "text": order.text(), "model_id": order.settings });
            let headers = vec![("xi-api-key", self.0.key().to_owned())];
            let reply = self.0.post_json(url, headers, &body).await?;
            // Some accounts get MP3 whatever they ask for.
            let kind = kind_of(&reply).unwrap_or("audio/pcm;rate=16000");
            sound::decode(reply.body, Some(kind)).await
        }
        .boxed_local()
    }
}
