//! Samples into payloads.

use hookflash_audio::g711;
use opus_pure::{Application, OpusEncoder, RateControl};

use crate::codec::Codec;
use crate::sdp::OpusWish;

/// Bits per second for wideband speech, at which Opus is transparent enough for prompts.
const OPUS_BITRATE: u32 = 24_000;

/// The loss that error correction is made for, in percent.
const OPUS_LOSS: i32 = 10;

/// Half of what Opus could do with twice the work; wideband speech gains little from the rest.
const OPUS_COMPLEXITY: i32 = 5;

/// Encodes one stream. Opus is made when its first frame is to be sent.
#[derive(Default)]
pub(crate) struct Encoder {
    opus: Option<Box<OpusEncoder>>,
    wish: OpusWish,
}

impl Encoder {
    /// Takes over how the peer wants Opus.
    pub(crate) fn set_wish(&mut self, wish: OpusWish) {
        self.wish = wish;
        if let Some(opus) = &mut self.opus {
            apply(wish, opus);
        }
    }

    /// Forgets the past, after a pause or with another codec.
    pub(crate) fn forget(&mut self) {
        self.opus = None;
    }

    /// Writes 20 ms as a payload; `None` when it does not fit.
    pub(crate) fn encode(
        &mut self,
        codec: Codec,
        samples: &[i16],
        out: &mut [u8],
    ) -> Option<usize> {
        match codec {
            Codec::Pcmu => encode_g711(g711::Law::Mu, samples, out),
            Codec::Pcma => encode_g711(g711::Law::A, samples, out),
            Codec::L16 | Codec::L16Wide => {
                let room = out.get_mut(..samples.len() * 2)?;
                for (pair, sample) in room.as_chunks_mut::<2>().0.iter_mut().zip(samples) {
                    *pair = sample.to_be_bytes();
                }
                Some(samples.len() * 2)
            }
            Codec::Opus => self.encode_opus(codec.sample_rate(), samples, out),
        }
    }

    fn encode_opus(&mut self, rate: u32, samples: &[i16], out: &mut [u8]) -> Option<usize> {
        if self.opus.is_none() {
            let mut opus = OpusEncoder::new(rate as i32, 1, Application::Voip).ok()?;
            opus.complexity = OPUS_COMPLEXITY;
            apply(self.wish, &mut opus);
            self.opus = Some(Box::new(opus));
        }
        let opus = self.opus.as_mut()?;
        opus.encode_s16(samples, samples.len(), out).ok()
    }
}

fn apply(wish: OpusWish, opus: &mut OpusEncoder) {
    let bitrate = wish
        .max_bitrate
        .unwrap_or(OPUS_BITRATE)
        .clamp(6_000, OPUS_BITRATE);
    opus.bitrate_bps = bitrate as i32;
    opus.use_inband_fec = wish.fec;
    opus.packet_loss_perc = if wish.fec { OPUS_LOSS } else { 0 };
    opus.rate_control = match wish.constant_rate {
        true => RateControl::Cbr,
        false => RateControl::ConstrainedVbr,
    };
}

fn encode_g711(law: g711::Law, samples: &[i16], out: &mut [u8]) -> Option<usize> {
    let room = out.get_mut(..samples.len())?;
    for (byte, sample) in room.iter_mut().zip(samples) {
        *byte = g711::encode(law, *sample);
    }
    Some(samples.len())
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}
