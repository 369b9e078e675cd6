//! Text to speech and speech to text, through local programs and HTTP services.
//!
//! A [`Speaker`] turns the texts of documents into clips: it reads SSML, finds the engine and the
//! voice that stand for the vendor's voice, runs the engine once for everybody who asks for the
//! same, and keeps what it got in memory and on disk. [`Recognizers`] listen: a [`session`] is a
//! pair of queues between a call and an engine.
//!
//! Promises: nothing blocks the thread it runs on; an engine that hangs, crashes, floods or gives
//! garbage is an [`EngineError`]; no process and no file outlives its use; no text reaches a
//! shell, a command line or a log.
//! Leaves out: HTTP and TLS, which the server lends as an [`HttpClient`]; engines linked into the
//! process.

mod cache;
mod client;
mod error;
mod espeak_ng;
mod flite;
mod live;
mod persona;
mod process;
mod recognizer;
mod shelf;
mod sound;
mod speaker;
pub mod ssml;
mod synthesizer;
#[cfg(test)]
mod tests;
mod transcriptions;
mod utterances;
mod voices;
mod web;

pub use cache::DiskCache;
pub use client::{Connection, HttpClient, HttpReply, HttpRequest};
pub use error::EngineError;
pub use espeak_ng::EspeakNg;
pub use flite::Flite;
pub use live::Live;
pub use process::ProcessLimits;
pub use recognizer::{Failure, Hearing, Listening, Recognizer, Recognizers, session};
pub use speaker::{SpeakError, Speaker, SpeakerSettings};
pub use synthesizer::{EngineKind, Gender, Order, OrderKey, Speaking, Synthesizer};
pub use transcriptions::Transcriptions;
pub use voices::{VoiceEntry, VoiceTable};
pub use web::{Azure, ElevenLabs, Google, OpenAi, Service};
