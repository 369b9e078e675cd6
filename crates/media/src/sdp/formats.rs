//! Payload types beside the one codec that was chosen.

use crate::codec::Codec;

/// What a payload type carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Audio.
    Audio(Codec),
    /// Keys (RFC 4733).
    TelephoneEvent,
}

/// A few payload types and what they carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Formats([Option<(u8, Format)>; 12]);

impl Formats {
    /// Adds one; more than there is room for are left out.
    pub fn add(&mut self, payload_type: u8, format: Format) {
        if let Some(free) = self.0.iter_mut().find(|slot| slot.is_none()) {
            *free = Some((payload_type, format));
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Format)> + '_ {
        self.0.iter().flatten().copied()
    }

    /// What a payload type carries.
    pub fn find(&self, payload_type: u8) -> Option<Format> {
        self.0
            .iter()
            .flatten()
            .find(|(known, _)| *known == payload_type)
            .map(|(_, format)| *format)
    }
}

/// What a peer's format parameters ask of Opus that we send (RFC 7587 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpusWish {
    /// Forward error correction helps it.
    pub fec: bool,
    /// Constant bit rate.
    pub constant_rate: bool,
    /// Bits per second at most.
    pub max_bitrate: Option<u32>,
}

impl OpusWish {
    /// Reads the value of an fmtp line after the payload type.
    pub(super) fn read(parameters: &str) -> Self {
        let mut wish = Self::default();
        for parameter in parameters.split(';') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("useinbandfec") {
                wish.fec = value == "1";
            } else if name.eq_ignore_ascii_case("cbr") {
                wish.constant_rate = value == "1";
            } else if name.eq_ignore_ascii_case("maxaveragebitrate") {
                wish.max_bitrate = value.parse().ok();
            }
        }
        wish
    }
}
