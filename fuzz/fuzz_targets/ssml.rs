//! A text to be said from anybody: it is read, as SSML and as it stands, and what an engine is asked
//! to do stays within bounds; an engine that takes SSML gets some that can be read.

#![no_main]

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, ready};
use hookflash_program::SpeechText;
use hookflash_speech::ssml::{Piece, Script};
use hookflash_speech::{
    Azure, Connection, EngineError, EngineKind, EspeakNg, Flite, Gender, Google, HttpClient,
    HttpReply, HttpRequest, ProcessLimits, Service, Speaking, Synthesizer,
};
use libfuzzer_sys::fuzz_target;

/// Nobody is asked here: an order is only made.
struct Nobody;

fn nobody<'a, T: 'a>() -> LocalBoxFuture<'a, Result<T, EngineError>> {
    Box::pin(ready(Err(EngineError::Late)))
}

impl HttpClient for Nobody {
    fn send(&self, _: HttpRequest) -> LocalBoxFuture<'_, Result<HttpReply, EngineError>> {
        nobody()
    }

    fn connect<'a>(
        &'a self,
        _: &'a str,
        _: Duration,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Connection>, EngineError>> {
        nobody()
    }
}

fn service() -> Service {
    Service {
        name: "s".to_owned(),
        url: None,
        key: None,
        model: None,
        voice: None,
        time_limit: Duration::from_secs(1),
        client: Rc::new(Nobody),
    }
}

/// No text grows beyond what its escapes and the tags around it need.
fn is_bounded(texts: usize, source: &str) -> bool {
    texts <= source.len() * 16 + 1_024
}

fn order_everywhere(text: &SpeechText, source: &str) {
    let script = Script::read(text);
    let speaking = Speaking {
        voice: None,
        language: script
            .language
            .clone()
            .unwrap_or_else(|| "en-US".to_owned()),
        gender: Gender::Female,
    };
    let limits = ProcessLimits::default();
    let engines: [&dyn Synthesizer; 4] = [
        &Flite::at("flite", "/", limits),
        &EspeakNg::at("espeak-ng", "/", limits),
        &Azure(service()),
        &Google(service()),
    ];
    for engine in engines {
        let order = engine.order(&script, &speaking);
        let mut length = 0;
        for piece in &order.pieces {
            match piece {
                Piece::Text { text, rate } => {
                    length += text.len();
                    assert!((20..=400).contains(rate), "{rate} %");
                    assert!(!text.contains(|c: char| c.is_control() && !c.is_whitespace()));
                    let is_ssml = match engine.kind() {
                        EngineKind::Azure => true,
                        EngineKind::Google => order.settings.starts_with("ssml"),
                        _ => !order.settings.is_empty(),
                    };
                    if is_ssml {
                        roxmltree::Document::parse(text).expect("SSML of ours can be read");
                    }
                    let names_phonemes = text.contains("[[");
                    assert!(engine.kind() != EngineKind::EspeakNg || !names_phonemes);
                }
                Piece::Silence(length) => assert!(*length <= Duration::from_secs(120)),
            }
        }
        assert!(is_bounded(length, source), "{length} of {}", source.len());
    }
    assert!(script.is_silent() || !source.is_empty());
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = std::str::from_utf8(bytes) else {
        return;
    };
    order_everywhere(&SpeechText::Plain(source.to_owned()), source);
    order_everywhere(&SpeechText::Ssml(source.to_owned()), source);
});
