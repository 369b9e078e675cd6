//! Samples in, samples out: decoding, tones, keys, resampling, playing, recording.
//!
//! Knows nothing of packets, sockets, files or clocks. All audio is mono 16-bit PCM unless a name
//! says otherwise.

mod clip;
mod playlist;
mod tap;

pub use clip::Clip;
pub use playlist::{Item, Playlist, Tone};
pub use tap::{Tap, TapFrame};
