//! Azure Speech, REST `cognitiveservices/v1`.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use hookflash_audio::Clip;

use super::{Service, is_female};
use crate::ssml::{Flavour, Piece, Script, escaped, markup};
use crate::{EngineError, EngineKind, Gender, Order, Speaking, Synthesizer, sound};

/// Azure's service, or one that speaks like it. Takes SSML only.
#[derive(Debug)]
pub struct Azure(pub Service);

/// A voice has to be named: one of each sound per language.
const VOICES: [(&str, &str, &str); 16] = [
    ("en-US", "JennyNeural", "GuyNeural"),
    ("en-GB", "SoniaNeural", "RyanNeural"),
    ("en-AU", "NatashaNeural", "WilliamNeural"),
    ("en-IN", "NeerjaNeural", "PrabhatNeural"),
    ("de-DE", "KatjaNeural", "ConradNeural"),
    ("fr-FR", "DeniseNeural", "HenriNeural"),
    ("fr-CA", "SylvieNeural", "JeanNeural"),
    ("es-ES", "ElviraNeural", "AlvaroNeural"),
    ("es-MX", "DaliaNeural", "JorgeNeural"),
    ("it-IT", "ElsaNeural", "DiegoNeural"),
    ("nl-NL", "ColetteNeural", "MaartenNeural"),
    ("pl-PL", "ZofiaNeural", "MarekNeural"),
    ("pt-BR", "FranciscaNeural", "AntonioNeural"),
    ("pt-PT", "RaquelNeural", "DuarteNeural"),
    ("ja-JP", "NanamiNeural", "KeitaNeural"),
    ("zh-CN", "XiaoxiaoNeural", "YunxiNeural"),
];

/// A voice of a language; of the same language elsewhere when that region has none.
fn usual_voice(language: &str, gender: Gender) -> Option<String> {
    let short = language.split('-').next().unwrap_or(language);
    let of = |(tag, female, male): &(&str, &str, &str)| {
        let name = if is_female(gender) { *female } else { *male };
        format!("{tag}-{name}")
    };
    let exact = VOICES
        .iter()
        .find(|voice| voice.0.eq_ignore_ascii_case(language));
    let near = || {
        VOICES
            .iter()
            .find(|voice| voice.0.split('-').next() == Some(short))
    };
    exact.or_else(near).map(of)
}

impl Synthesizer for Azure {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn kind(&self) -> EngineKind {
        EngineKind::Azure
    }

    fn speaks(&self, language: &str) -> bool {
        self.0.voice.is_some() || usual_voice(language, Gender::Female).is_some()
    }

    fn order(&self, script: &Script, speaking: &Speaking) -> Order {
        let voice = speaking
            .voice
            .clone()
            .or_else(|| usual_voice(&speaking.language, speaking.gender))
            .or_else(|| self.0.voice.clone())
            .unwrap_or_else(|| "en-US-JennyMultilingualNeural".to_owned());
        let text = format!(
            "<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\" \
             xml:lang=\"{}\"><voice name=\"{}\">{}</voice></speak>",
            escaped(&speaking.language),
            escaped(&voice),
            markup(script, Flavour::Azure)
        );
        Order {
            voice,
            language: speaking.language.clone(),
            pieces: vec![Piece::Text { text, rate: 100 }],
            settings: String::new(),
        }
    }

    fn synthesize<'a>(&'a self, order: &'a Order) -> LocalBoxFuture<'a, Result<Clip, EngineError>> {
        async move {
            let base = self.0.base("https://eastus.tts.speech.microsoft.com");
            let headers = vec![
                ("Ocp-Apim-Subscription-Key", self.0.key().to_owned()),
                ("Content-Type", "application/ssml+xml".to_owned()),
                (
                    "X-Microsoft-OutputFormat",
                    "riff-16khz-16bit-mono-pcm".to_owned(),
                ),
            ];
            let url = format!("{base}/cognitiveservices/v1");
            let body = order.text().as_bytes().to_vec();
            let reply = self.0.post(url, headers, body).await?;
            sound::decode(reply.body, None).await
        }
        .boxed_local()
    }
}
