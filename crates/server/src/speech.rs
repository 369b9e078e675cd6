//! Speech engines as calls use them.

use std::convert::Infallible;

use hookflash_call::{Recognition, SpeechError};
use hookflash_program::Heard;

/// Speech being recognised. There is none without an engine.
pub(crate) struct Listener(Infallible);

impl Recognition for Listener {
    fn hear(&self, _samples: &[i16]) {
        match self.0 {}
    }

    fn finish(&self) {
        match self.0 {}
    }

    async fn next(&self) -> Option<Result<Heard, SpeechError>> {
        match self.0 {}
    }
}
