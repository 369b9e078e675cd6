//! What the phone says, presses and keeps of what it hears; settled before it starts.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hookflash_audio::Clip;
use hookflash_media::{Codec, KeyToSend};

use crate::script::ScriptError;

/// How long a key is pressed, and how long nothing is heard after it.
const PRESS: Duration = Duration::from_millis(160);
const GAP: Duration = Duration::from_millis(90);

/// How keys are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeysBy {
    /// As telephone-events (RFC 4733), or as tones when the other side takes none.
    #[default]
    Rfc4733,
    /// As tones in the audio.
    Inband,
    /// By SIP INFO (`application/dtmf-relay`).
    Info,
}

impl FromStr for KeysBy {
    type Err = ScriptError;

    fn from_str(word: &str) -> Result<KeysBy, ScriptError> {
        match word {
            "rfc4733" => Ok(KeysBy::Rfc4733),
            "inband" => Ok(KeysBy::Inband),
            "info" => Ok(KeysBy::Info),
            _ => Err(ScriptError::new(word, "rfc4733, inband or info")),
        }
    }
}

/// When the next keys are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long after the call was answered, and after the keys before.
    After(Duration),
    /// When something was heard, since the call was answered or the keys before, and then nothing
    /// for so long.
    Quiet(Duration),
}

/// Keys that are pressed one after the other: `0`–`9`, `*`, `#`, `A`–`D`; `w` waits half a second,
/// `W` and `,` a whole one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    text: String,
    keys: Vec<KeyToSend>,
}

impl Keys {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn to_send(&self) -> &[KeyToSend] {
        &self.keys
    }
}

impl FromStr for Keys {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Keys, ScriptError> {
        let press = |character: char| {
            let key = |key| KeyToSend {
                key: Some(key),
                length: PRESS,
                gap: GAP,
            };
            let pause = |millis| KeyToSend {
                key: None,
                length: Duration::from_millis(millis),
                gap: Duration::ZERO,
            };
            match character {
                '0'..='9' | '*' | '#' | 'A'..='D' => Some(key(character)),
                'a'..='d' => Some(key(character.to_ascii_uppercase())),
                'w' => Some(pause(500)),
                'W' | ',' => Some(pause(1_000)),
                _ => None,
            }
        };
        let keys: Option<Vec<KeyToSend>> = text.chars().map(press).collect();
        let expected = "0 to 9, *, #, A to D; w (half a second), W or , (a second) to wait";
        match keys.filter(|keys| !keys.is_empty()) {
            Some(keys) => Ok(Keys {
                text: text.to_owned(),
                keys,
            }),
            None => Err(ScriptError::new(text, expected)),
        }
    }
}

/// What the phone does with sound in the calls that it places or takes.
#[derive(Clone, Debug)]
pub struct Sound {
    /// The codecs it offers and takes, best first.
    pub codecs: Vec<Codec>,
    /// Played once when a call is answered.
    pub play: Option<Arc<Clip>>,
    /// What it hears is kept there as WAV; of several calls one after the other, that of all.
    pub record: Option<PathBuf>,
    /// Keys it presses, each time at its moment. A call that it was asked to place (REFER) gets
    /// none.
    pub keys: Vec<Keys>,
    /// How.
    pub keys_by: KeysBy,
    /// When.
    pub keys_at: Moment,
}

impl Default for Sound {
    fn default() -> Sound {
        Sound {
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            play: None,
            record: None,
            keys: Vec::new(),
            keys_by: KeysBy::default(),
            keys_at: Moment::After(Duration::from_secs(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_pauses_are_read_as_they_are_dialled() {
        let keys: Keys = "1#wa,".parse().unwrap();
        let read: Vec<(Option<char>, u128)> = keys
            .to_send()
            .iter()
            .map(|step| (step.key, (step.length + step.gap).as_millis()))
            .collect();
        let expected = [
            (Some('1'), 250),
            (Some('#'), 250),
            (None, 500),
            (Some('A'), 250),
            (None, 1_000),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_list() {
        for text in ["", "12x", "1 2", "e"] {
            let error = text.parse::<Keys>().unwrap_err().to_string();
            assert!(error.contains("0 to 9"), "{error}");
        }
        assert!("INFO".parse::<KeysBy>().is_err());
    }
}
