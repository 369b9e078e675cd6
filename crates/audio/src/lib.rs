//! Samples in, samples out: decoding, tones, keys, resampling, playing, recording.
//!
//! Knows nothing of packets, sockets, files or clocks. All audio is mono 16-bit PCM unless a name
//! says otherwise.
//!
//! A [`Clip`] is decoded once and shared by every call that plays it; a [`Player`] turns clips,
//! tones and live samples into what one leg hears, 20 ms at a time.
//!
//! Promises: no panic on any input, bounded memory, no allocation per beat once a player runs.
//! Leaves out: codecs that need state (Opus), packet loss concealment, echo cancellation.

pub mod answering_machine;
mod clip;
mod decode;
pub mod dtmf;
pub mod g711;
pub mod measure;
pub mod mp3;
mod player;
mod playlist;
pub mod resample;
mod tap;
pub mod tone;
pub mod voice_activity;
pub mod wav;

pub use clip::Clip;
pub use decode::{DecodeError, DecodeLimits, decode};
pub use g711::Law;
pub use player::{Frame, MAX_DUB_TRACKS, Player, PlayerEvent, Want};
pub use playlist::{Item, Playlist, Tone};
pub use resample::Resampler;
pub use tap::{Tap, TapFrame};

/// Beats per second: every frame is 20 ms.
pub const BEATS: u32 = 50;
