//! `espeak-ng`: a hundred languages, takes SSML. It is under the GPL and hence only ever run.

use std::ffi::OsString;
use std::path::PathBuf;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use hookflash_audio::Clip;

use crate::EngineError;
use crate::process::{ProcessLimits, Program, find};
use crate::sound;
use crate::ssml::{Flavour, Piece, Script, markup, plain};
use crate::synthesizer::{EngineKind, Gender, Order, Speaking, Synthesizer};

/// The text without `[[`, which would begin phoneme names.
fn apart(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '[' && out.ends_with('[') {
            out.push(' ');
        }
        out.push(character);
    }
    out
}

/// The program `espeak-ng`.
#[derive(Debug)]
pub struct EspeakNg {
    name: String,
    program: Program,
}

impl EspeakNg {
    /// The program at a path.
    pub fn at(
        name: impl Into<String>,
        path: impl Into<PathBuf>,
        limits: ProcessLimits,
    ) -> EspeakNg {
        EspeakNg {
            name: name.into(),
            program: Program::new(path, limits),
        }
    }

    /// The program in one of the folders of a `PATH`.
    pub fn found(path: Option<OsString>, limits: ProcessLimits) -> Option<EspeakNg> {
        Some(EspeakNg::at("espeak-ng", find("espeak-ng", path)?, limits))
    }

    /// Where the program is.
    pub fn path(&self) -> &std::path::Path {
        self.program.path()
    }
}

impl Synthesizer for EspeakNg {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> EngineKind {
        EngineKind::EspeakNg
    }

    fn speaks(&self, _language: &str) -> bool {
        true
    }

    fn order(&self, script: &Script, speaking: &Speaking) -> Order {
        let own = speaking.voice.as_deref().filter(|name| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+');
            !name.is_empty() && !name.starts_with('-') && name.chars().all(plain)
        });
        let voice = match own {
            Some(name) => name.to_owned(),
            None => {
                let variant = match speaking.gender {
                    Gender::Female => "f3",
                    Gender::Male => "m3",
                };
                format!("{}+{variant}", language(&speaking.language))
            }
        };
        let (text, settings) = if script.is_plain() {
            (apart(&plain(script)), "")
        } else {
            let inside = apart(&markup(script, Flavour::Espeak));
            (format!("<speak>{inside}</speak>"), "-m")
        };
        Order {
            voice,
            language: speaking.language.clone(),
            pieces: vec![Piece::Text { text, rate: 100 }],
            settings: settings.to_owned(),
        }
    }

    fn synthesize<'a>(&'a self, order: &'a Order) -> LocalBoxFuture<'a, Result<Clip, EngineError>> {
        async move {
            let mut arguments = vec!["-v".to_owned(), order.voice.clone()];
            if !order.settings.is_empty() {
                arguments.push(order.settings.clone());
            }
            // UTF-8, from standard input, as WAV to standard output.
            for argument in ["-b", "1", "--stdin", "--stdout"] {
                arguments.push(argument.to_owned());
            }
            let text = order.text().as_bytes();
            let output = match self.program.run(&arguments, text).await {
                // A language that it has no variant of: its name without the region.
                Err(EngineError::Crashed(_)) if region(&order.voice).is_some() => {
                    if let (Some(voice), Some(plain)) = (arguments.get_mut(1), region(&order.voice))
                    {
                        *voice = plain;
                    }
                    self.program.run(&arguments, text).await?
                }
                outcome => outcome?,
            };
            sound::decode(output, Some("audio/wav")).await
        }
        .boxed_local()
    }
}

/// espeak-ng's name of a language.
fn language(tag: &str) -> String {
    let tag = tag.to_ascii_lowercase().replace('_', "-");
    match tag.as_str() {
        "cmn-cn" | "zh-cn" | "zh-tw" | "zh" => "cmn".to_owned(),
        "yue-cn" | "yue-hk" | "zh-hk" => "yue".to_owned(),
        "arb" => "ar".to_owned(),
        "nb-no" | "no-no" | "no" => "nb".to_owned(),
        "es-mx" | "es-us" => "es-419".to_owned(),
        "" => "en-us".to_owned(),
        // Regions that it tells apart; others are spoken as the language itself.
        "en-us" | "en-gb" | "pt-br" | "pt-pt" | "fr-be" | "fr-ch" => tag,
        "en-au" | "en-nz" | "en-in" | "en-za" | "en-ie" => "en-gb".to_owned(),
        _ => tag.split('-').next().unwrap_or("en").to_owned(),
    }
}

/// `xx-yy+f3` as `xx+f3`.
fn region(voice: &str) -> Option<String> {
    let (language, variant) = voice.split_once('+').unwrap_or((voice, ""));
    let (short, _) = language.split_once('-')?;
    Some(if variant.is_empty() {
        short.to_owned()
    } else {
        format!("{short}+{variant}")
    })
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn no_text_begins_phoneme_names() {
        assert_eq!(apart("a [x] [[h@'loU]] [[["), "a [x] [ [h@'loU]] [ [ [");
    }
}
