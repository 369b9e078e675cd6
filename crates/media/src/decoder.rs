//! Payloads into samples, and samples for payloads that never came.

use hookflash_audio::{Resampler, g711};

use crate::codec::Codec;
use crate::jitter::Concealment;
use crate::opus::Opus;

/// Decodes one stream to the leg's sample rate. What a codec needs beside tables is made when its
/// first packet comes.
pub(crate) struct Decoder {
    rate: u32,
    wanted: bool,
    concealment: Concealment,
    opus: Option<Box<Opus>>,
    resampler: Option<Box<OtherRate>>,
}

struct OtherRate {
    rate: u32,
    resampler: Resampler,
    decoded: Vec<i16>,
    converted: Vec<i16>,
}

impl Decoder {
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            rate,
            wanted: true,
            concealment: Concealment::default(),
            opus: None,
            resampler: None,
        }
    }

    /// Samples per second of what comes out.
    pub(crate) const fn rate(&self) -> u32 {
        self.rate
    }

    /// Goes on with another sample rate. False when it is the same.
    pub(crate) fn set_rate(&mut self, rate: u32) -> bool {
        if rate == self.rate {
            return false;
        }
        *self = Self {
            wanted: self.wanted,
            ..Self::new(rate)
        };
        true
    }

    /// Whether anybody listens. Without, all is silence and costs nothing.
    pub(crate) fn set_wanted(&mut self, wanted: bool) {
        if self.wanted && !wanted {
            self.forget();
        }
        self.wanted = wanted;
    }

    /// Forgets the past: another stream begins.
    pub(crate) fn forget(&mut self) {
        self.concealment.forget();
        self.opus = None;
        self.resampler = None;
    }

    /// Appends `length` samples.
    pub(crate) fn decode(
        &mut self,
        codec: Codec,
        payload: &[u8],
        length: usize,
        out: &mut Vec<i16>,
    ) {
        let end = out.len() + length;
        if self.wanted {
            if codec != Codec::Opus
                && let Some(opus) = &mut self.opus
            {
                opus.end();
            }
            match codec {
                Codec::Opus => self.decode_opus(payload, length, out),
                _ if codec.sample_rate() == self.rate => decode_plain(codec, payload, out),
                _ => self.decode_other_rate(codec, payload, out),
            }
        }
        out.resize(end, 0);
    }

    fn decode_opus(&mut self, payload: &[u8], length: usize, out: &mut Vec<i16>) {
        if self.opus.as_ref().is_none_or(|opus| opus.is_over()) {
            self.opus = Opus::new(self.rate).map(Box::new);
        }
        let from = out.len();
        out.resize(from + length, 0);
        let room = out.get_mut(from..).unwrap_or_default();
        if let Some(opus) = &mut self.opus {
            opus.decode(payload, room);
        }
    }

    fn decode_other_rate(&mut self, codec: Codec, payload: &[u8], out: &mut Vec<i16>) {
        let (from, to) = (codec.sample_rate(), self.rate);
        let other = match &mut self.resampler {
            Some(other) if other.rate == from => other,
            other => other.insert(Box::new(OtherRate {
                rate: from,
                resampler: Resampler::new(from, to),
                decoded: Vec::new(),
                converted: Vec::new(),
            })),
        };
        other.decoded.clear();
        other.converted.clear();
        decode_plain(codec, payload, &mut other.decoded);
        other.resampler.push(&other.decoded, &mut other.converted);
        out.extend_from_slice(&other.converted);
    }

    /// Makes up samples for a loss; the packet after the gap helps when it is there.
    pub(crate) fn conceal(&mut self, successor: Option<(Codec, &[u8])>, out: &mut [i16]) {
        if !self.wanted {
            out.fill(0);
            return;
        }
        let next = successor.and_then(|(codec, next)| (codec == Codec::Opus).then_some(next));
        if let Some(opus) = &mut self.opus
            && opus.conceal(next, out)
        {
            self.concealment.remember(out, self.rate);
            return;
        }
        self.concealment.conceal(out, self.rate);
    }

    /// Takes the samples that were decoded last, for later concealment. They may be played later.
    pub(crate) fn remember(&mut self, samples: &[i16]) {
        if self.wanted {
            self.concealment.remember(samples, self.rate);
        }
    }

    /// Blends what was made up into the real samples that follow.
    pub(crate) fn resume(&mut self, samples: &mut [i16]) {
        if self.wanted {
            self.concealment.resume(samples, self.rate);
        }
    }
}

fn decode_plain(codec: Codec, payload: &[u8], out: &mut Vec<i16>) {
    match codec {
        Codec::Pcmu => g711::decode_all(g711::Law::Mu, payload, out),
        Codec::Pcma => g711::decode_all(g711::Law::A, payload, out),
        Codec::L16 | Codec::L16Wide => {
            let (pairs, _) = payload.as_chunks::<2>();
            out.extend(pairs.iter().map(|pair| i16::from_be_bytes(*pair)));
        }
        Codec::Opus => {}
    }
}

/// Bytes of the longest Opus packet: 120 ms in six frames (RFC 6716 §3.4, R2 and R5).
const LONGEST_OPUS: usize = 6 * 1_275 + 8;

/// RTP ticks that a payload lasts; `None` when it is none of this codec, or longer than 200 ms.
pub(crate) fn payload_ticks(codec: Codec, payload: &[u8]) -> Option<u32> {
    let ticks = match codec {
        Codec::Pcmu | Codec::Pcma => payload.len(),
        Codec::L16 | Codec::L16Wide if payload.len().is_multiple_of(2) => payload.len() / 2,
        Codec::L16 | Codec::L16Wide => return None,
        // Padding may make it longer still, which nobody needs (RFC 6716 §3.2.5).
        Codec::Opus if payload.len() > LONGEST_OPUS => return None,
        Codec::Opus => opus_pure::packet::samples_48k(payload).ok()?,
    };
    u32::try_from(ticks)
        .ok()
        .filter(|ticks| (1..=codec.clock_rate() / 5).contains(ticks))
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}
