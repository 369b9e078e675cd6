//! What is to be played, in order.

use std::sync::Arc;
use std::time::Duration;

use crate::Clip;

/// Pieces that follow each other without a gap.
#[derive(Clone, Debug)]
pub struct Playlist {
    /// The pieces.
    pub items: Vec<Item>,
    /// How often the whole is played; `None` until it is stopped.
    pub times: Option<u32>,
}

impl Playlist {
    /// A clip, from its beginning, once.
    pub fn clip(clip: Arc<Clip>) -> Playlist {
        Item::Clip(clip, Duration::ZERO).into()
    }
}

impl From<Item> for Playlist {
    /// One piece, once.
    fn from(item: Item) -> Playlist {
        Playlist {
            items: vec![item],
            times: Some(1),
        }
    }
}

/// One piece.
#[derive(Clone, Debug)]
pub enum Item {
    /// A clip, from here on.
    Clip(Arc<Clip>, Duration),
    /// Silence.
    Silence(Duration),
    /// A tone.
    Tone(Tone),
}

/// A tone of up to two frequencies, or a cadence of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Frequencies in hertz; 0 for none.
    pub frequencies: (f32, f32),
    /// Level of each in dBm0.
    pub level: f32,
    /// How long it sounds.
    pub on: Duration,
    /// How long it is silent afterwards.
    pub off: Duration,
    /// For how long tone and silence alternate in all; `None` for once.
    pub repeat_for: Option<Duration>,
}

impl Tone {
    /// The beep before a recording: 1 kHz for 200 ms.
    pub const BEEP: Tone = Tone {
        frequencies: (1_000.0, 0.0),
        level: -13.0,
        on: Duration::from_millis(200),
        off: Duration::ZERO,
        repeat_for: None,
    };

    /// Ringing as in North America, 440 and 480 Hz, two seconds in six, for `length`.
    pub const fn ringing(length: Duration) -> Tone {
        Tone {
            frequencies: (440.0, 480.0),
            level: -19.0,
            on: Duration::from_secs(2),
            off: Duration::from_secs(4),
            repeat_for: Some(length),
        }
    }
}
