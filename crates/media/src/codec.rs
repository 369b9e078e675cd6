//! The codecs a call can use.

use std::fmt;
use std::str::FromStr;

/// An audio codec, always mono to us and always 20 ms a packet when we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz, payload type 0 (RFC 3551 §4.5.14).
    Pcmu,
    /// G.711 A-law, 8 kHz, payload type 8 (RFC 3551 §4.5.14).
    Pcma,
    /// Linear 16-bit samples, 8 kHz (RFC 3551 §4.5.11).
    L16,
    /// Linear 16-bit samples, 16 kHz (RFC 3551 §4.5.11).
    L16Wide,
    /// Opus (RFC 7587). Its RTP clock has 48 kHz whatever it carries; a call's audio is taken and
    /// made at 16 kHz, all that speech needs.
    Opus,
}

/// Packets per second that we send.
pub(crate) const BEATS: u32 = 50;

/// Samples of the longest frame of 20 ms.
pub(crate) const MAX_FRAME: usize = 320;

/// The packet that has been sent for 20 ms of Opus silence since the codec exists: fullband, mono,
/// and nothing but zeros to code.
static OPUS_SILENCE: [u8; 3] = [0xF8, 0xFF, 0xFE];
static MU_SILENCE: [u8; 160] = [0xFF; 160];
static A_SILENCE: [u8; 160] = [0xD5; 160];
static LINEAR_SILENCE: [u8; 640] = [0; 640];

impl Codec {
    /// All of them, in the order that suits most callers.
    pub const ALL: [Self; 5] = [Self::Opus, Self::Pcmu, Self::Pcma, Self::L16Wide, Self::L16];

    /// The encoding name in SDP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::L16 | Self::L16Wide => "L16",
            Self::Opus => "opus",
        }
    }

    /// Ticks per second of the RTP timestamp.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 => 8_000,
            Self::L16Wide => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// Samples per second of the audio that goes in and comes out.
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16 => 8_000,
            Self::L16Wide | Self::Opus => 16_000,
        }
    }

    /// Channels as the rtpmap has to state them; nothing is said of one.
    pub const fn stated_channels(self) -> Option<u8> {
        match self {
            // RFC 7587 §7: always 2, mono or not.
            Self::Opus => Some(2),
            _ => None,
        }
    }

    /// Format parameters that we state: what we can play and what we send.
    pub const fn format_parameters(self) -> Option<&'static str> {
        match self {
            Self::Opus => {
                Some("minptime=10;useinbandfec=1;maxplaybackrate=16000;sprop-maxcapturerate=16000")
            }
            _ => None,
        }
    }

    /// RTP ticks of the 20 ms that we send in a packet.
    pub const fn packet_ticks(self) -> u32 {
        self.clock_rate() / BEATS
    }

    /// Samples of 20 ms.
    pub const fn frame_samples(self) -> usize {
        (self.sample_rate() / BEATS) as usize
    }

    /// The payload type in our offers: static if there is one, else one that is ours to choose.
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::Opus => 96,
            Self::L16Wide => 97,
            Self::L16 => 98,
        }
    }

    /// The codec of a static payload type.
    pub const fn from_static_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    /// The codec of an rtpmap (RFC 8866 §6.6).
    pub fn from_rtpmap(name: &str, clock_rate: u32, channels: Option<u32>) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| {
            let channels_fit = match codec.stated_channels() {
                Some(stated) => channels == Some(u32::from(stated)),
                None => channels.is_none_or(|channels| channels == 1),
            };
            codec.name().eq_ignore_ascii_case(name)
                && codec.clock_rate() == clock_rate
                && channels_fit
        })
    }

    /// The payload of 20 ms of silence.
    pub const fn silence(self) -> &'static [u8] {
        match self {
            Self::Pcmu => &MU_SILENCE,
            Self::Pcma => &A_SILENCE,
            Self::L16 => LINEAR_SILENCE.split_at(320).0,
            Self::L16Wide => &LINEAR_SILENCE,
            Self::Opus => &OPUS_SILENCE,
        }
    }
}

impl fmt::Display for Codec {
    /// The name in configuration: the encoding name, and the clock rate where that is needed to
    /// tell two apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L16 => "L16/8000",
            Self::L16Wide => "L16/16000",
            _ => self.name(),
        })
    }
}

/// A codec name that means none of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCodec(pub String);

impl fmt::Display for UnknownCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a codec of this server; it has ", self.0)?;
        for (index, codec) in Codec::ALL.iter().enumerate() {
            let between = match index {
                0 => "",
                _ if index + 1 == Codec::ALL.len() => " and ",
                _ => ", ",
            };
            write!(f, "{between}{codec}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownCodec {}

impl FromStr for Codec {
    type Err = UnknownCodec;

    /// Reads a name in any case, with or without what an rtpmap adds: `PCMU`, `pcmu/8000`,
    /// `L16/16000`, `opus`, `opus/48000/2`. `L16` alone is that of 8 kHz.
    fn from_str(name: &str) -> Result<Self, UnknownCodec> {
        let unknown = || UnknownCodec(name.to_owned());
        let mut parts = name.split('/');
        let encoding = parts.next().unwrap_or_default();
        let mut number = || match parts.next() {
            Some(text) => text.parse().map(Some).map_err(|_| unknown()),
            None => Ok(None),
        };
        let (rate, channels) = (number()?, number()?);
        let of_name = |codec: &Self| codec.name().eq_ignore_ascii_case(encoding);
        let found = match rate {
            Some(rate) => {
                let stated = Self::ALL.iter().find(|codec| of_name(codec));
                let channels = channels.or(stated.and_then(|c| c.stated_channels().map(u32::from)));
                Self::from_rtpmap(encoding, rate, channels)
            }
            None => [Self::L16].into_iter().chain(Self::ALL).find(of_name),
        };
        found.filter(|_| parts.next().is_none()).ok_or_else(unknown)
    }
}
