//! `flite` of Carnegie Mellon University: small, English, plain text.

use std::ffi::OsString;
use std::path::PathBuf;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use hookflash_audio::Clip;

use crate::EngineError;
use crate::process::{ProcessLimits, Program, find};
use crate::sound;
use crate::ssml::{Piece, Script, pieces};
use crate::synthesizer::{EngineKind, Gender, Joint, Order, Speaking, Synthesizer, join};

/// The program `flite`.
#[derive(Debug)]
pub struct Flite {
    name: String,
    program: Program,
}

impl Flite {
    /// The program at a path.
    pub fn at(name: impl Into<String>, path: impl Into<PathBuf>, limits: ProcessLimits) -> Flite {
        Flite {
            name: name.into(),
            program: Program::new(path, limits),
        }
    }

    /// The program in one of the folders of a `PATH`.
    pub fn found(path: Option<OsString>, limits: ProcessLimits) -> Option<Flite> {
        Some(Flite::at("flite", find("flite", path)?, limits))
    }

    /// Where the program is.
    pub fn path(&self) -> &std::path::Path {
        self.program.path()
    }

    async fn say(&self, voice: &str, text: &str, rate: u32) -> Result<Clip, EngineError> {
        let mut arguments = vec!["-voice".to_owned(), voice.to_owned()];
        if rate != 100 {
            let stretch = 100.0 / f64::from(rate.max(1));
            arguments.extend([
                "--setf".to_owned(),
                format!("duration_stretch={stretch:.3}"),
            ]);
        }
        // With `-f` it speaks sentence by sentence and adds each to its file, which it reads for
        // that: no pipe will do. With `-t` everybody on the machine could read the text.
        let with_file = |file| {
            for argument in ["-f", "/dev/stdin", "-o"] {
                arguments.push(argument.to_owned());
            }
            arguments.push(file);
            arguments
        };
        let text = text.as_bytes();
        let output = self.program.run_into_file(with_file, text).await?;
        sound::decode(output, Some("audio/wav")).await
    }
}

impl Synthesizer for Flite {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> EngineKind {
        EngineKind::Flite
    }

    fn speaks(&self, language: &str) -> bool {
        let language = language.to_ascii_lowercase();
        language == "en" || language.starts_with("en-")
    }

    fn order(&self, script: &Script, speaking: &Speaking) -> Order {
        let british = speaking.language.eq_ignore_ascii_case("en-GB");
        // A name goes to the command line: what is no voice's name is not let through, because
        // flite would take it for a file or a URL to load a voice from.
        let own = speaking.voice.as_deref().filter(|name| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !name.is_empty() && name.chars().all(plain)
        });
        let voice = own.unwrap_or(match speaking.gender {
            Gender::Female => "slt",
            Gender::Male if british => "awb",
            Gender::Male => "rms",
        });
        Order {
            voice: voice.to_owned(),
            language: speaking.language.clone(),
            pieces: pieces(script),
            settings: String::new(),
        }
    }

    fn synthesize<'a>(&'a self, order: &'a Order) -> LocalBoxFuture<'a, Result<Clip, EngineError>> {
        async move {
            let mut parts = Vec::with_capacity(order.pieces.len());
            for piece in &order.pieces {
                parts.push(match piece {
                    Piece::Text { text, rate } => {
                        Joint::Clip(Box::new(self.say(&order.voice, text, *rate).await?))
                    }
                    Piece::Silence(length) => Joint::Silence(*length),
                });
            }
            join(parts)
        }
        .boxed_local()
    }
}
