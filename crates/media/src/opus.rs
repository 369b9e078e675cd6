//! A stream of Opus into samples, and samples for what is lost of it.

use opus_pure::{OpusDecoder, packet};

/// Samples of concealment in a row, in milliseconds; it fades to noise, not to silence.
const BRIDGE: u32 = 100;

/// Samples of the shortest frame, 2.5 ms (RFC 6716 §2.1.4), at the highest rate.
const SHORTEST_AT_48_KHZ: usize = 120;

/// The longest frame that can be made up, 20 ms, in shortest ones.
const LONGEST: usize = 8;

/// Decodes to one channel. What is lost is made up from what came before it, and from the
/// redundant copy in the packet after it.
pub(crate) struct Opus {
    decoder: OpusDecoder,
    /// Samples of the shortest frame.
    shortest: usize,
    /// Samples made up since the last packet.
    bridged: usize,
    /// Samples that may be made up in a row.
    most: usize,
    /// The last packet was of another codec.
    over: bool,
}

impl Opus {
    /// `None` when Opus knows no such rate, in samples per second.
    pub(crate) fn new(rate: u32) -> Option<Self> {
        Some(Self {
            decoder: OpusDecoder::new(i32::try_from(rate).ok()?, 1).ok()?,
            shortest: (rate / 400) as usize,
            bridged: 0,
            most: (rate / 1_000 * BRIDGE) as usize,
            over: false,
        })
    }

    /// The stream goes on in another codec.
    pub(crate) const fn end(&mut self) {
        self.over = true;
    }

    /// Whether a packet of another codec came since; then the past is of no use.
    pub(crate) const fn is_over(&self) -> bool {
        self.over
    }

    /// Decodes a packet that lasts as long as `out`; silence when it is broken.
    pub(crate) fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        self.bridged = 0;
        if self.decoder.decode_s16(payload, out.len(), out).is_err() {
            out.fill(0);
        }
    }

    /// Makes up what is lost; `next` is the packet that follows it, when it is there already.
    /// False when it cannot, or has for too long: then `out` is what it was, or rubbish.
    pub(crate) fn conceal(&mut self, next: Option<&[u8]>, out: &mut [i16]) -> bool {
        if self.over || self.bridged >= self.most {
            return false;
        }
        self.bridged += out.len();
        let copy = next.and_then(|next| Some((next, self.copy_length(next, out.len())?)));
        let Some((next, length)) = copy else {
            return self.make_up(out).is_some();
        };
        let (before, copied) = out.split_at_mut(out.len() - length);
        self.make_up(before).is_some()
            && matches!(self.decoder.decode_fec_s16(next, length, copied), Ok(made) if made == length)
    }

    /// Samples of the redundant copy of the frame before `next`, when it has one that fits.
    fn copy_length(&self, next: &[u8], most: usize) -> Option<usize> {
        let length = packet::samples_per_frame(next, (self.shortest * 400) as i32).ok()?;
        (length <= most).then_some(length)
    }

    /// Fills `out` from the past. A decoder makes whole frames of 2.5, 5, 10 or 20 ms (others
    /// panic; libopus refuses them), but gaps are of any length: a stretched stream has lost or won
    /// a period, and what timestamps say is up to the peer. So the shortest frame that is long
    /// enough is cut off. Two shorter ones would fade as if two packets were lost.
    fn make_up(&mut self, out: &mut [i16]) -> Option<()> {
        for part in out.chunks_mut(LONGEST * self.shortest) {
            let length = part.len().div_ceil(self.shortest).next_power_of_two() * self.shortest;
            if part.len() == length {
                self.make_frame(part)?;
                continue;
            }
            let mut frame = [0; LONGEST * SHORTEST_AT_48_KHZ];
            let frame = frame.get_mut(..length)?;
            self.make_frame(frame)?;
            part.copy_from_slice(frame.get(..part.len())?);
        }
        Some(())
    }

    fn make_frame(&mut self, out: &mut [i16]) -> Option<()> {
        let made = self.decoder.decode_s16(&[], out.len(), out).ok()?;
        (made == out.len()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opus_pure::{Application, Bandwidth, OpusEncoder, OpusMode};

    /// What makes the encoder choose a mode: for voice at a low rate, for voice at the full band,
    /// and for music.
    const KINDS: [(OpusMode, Application, i32, Bandwidth); 3] = [
        (
            OpusMode::SilkOnly,
            Application::Voip,
            12_000,
            Bandwidth::Wideband,
        ),
        (
            OpusMode::Hybrid,
            Application::Voip,
            32_000,
            Bandwidth::Fullband,
        ),
        (
            OpusMode::CeltOnly,
            Application::Audio,
            96_000,
            Bandwidth::Fullband,
        ),
    ];

    /// Packets of 20 ms of a tone of 440 Hz.
    fn tone(application: Application, bitrate: i32, bandwidth: Bandwidth) -> Vec<Vec<u8>> {
        let mut encoder = OpusEncoder::new(48_000, 1, application).unwrap();
        encoder.bitrate_bps = bitrate;
        encoder.force_bandwidth = Some(bandwidth);
        encoder.use_inband_fec = bandwidth == Bandwidth::Wideband;
        encoder.packet_loss_perc = 20;
        let samples: Vec<i16> = (0..960 * 5)
            .map(|at| {
                let phase = f64::from(at) / 48_000.0 * 440.0 * std::f64::consts::TAU;
                (phase.sin() * 8_000.0) as i16
            })
            .collect();
        let encode = |frame| {
            let mut packet = vec![0; 1_275];
            let written = encoder.encode_s16(frame, 960, &mut packet).unwrap();
            packet.truncate(written);
            packet
        };
        samples.chunks_exact(960).map(encode).collect()
    }

    fn loudness(samples: &[i16]) -> f64 {
        let power: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
        (power / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_gap_of_any_length_is_filled_in_every_mode() {
        for (mode, application, bitrate, bandwidth) in KINDS {
            let packets = tone(application, bitrate, bandwidth);
            let (last, before) = packets.split_last().unwrap();
            assert_eq!(packet::mode(last).unwrap(), mode);
            for rate in [8_000, 16_000, 48_000] {
                let frame = rate as usize / 50;
                for length in (1..=2 * frame).step_by(frame / 20 + 1) {
                    for next in [None, Some(last.as_slice())] {
                        fill_gap(before, rate, next, length);
                    }
                }
            }
        }
    }

    /// Loses `length` samples after `before`.
    fn fill_gap(before: &[Vec<u8>], rate: u32, next: Option<&[u8]>, length: usize) {
        let mut opus = Opus::new(rate).unwrap();
        let mut heard = vec![0; rate as usize / 50];
        for packet in before {
            opus.decode(packet, &mut heard);
        }
        let mut made = vec![0; length];
        assert!(opus.conceal(next, &mut made));
        if length >= heard.len() / 4 {
            let share = loudness(&made) / loudness(&heard);
            assert!((0.5..1.5).contains(&share), "{share} in {length} at {rate}");
        }
    }

    #[test]
    fn what_is_made_up_ends_after_a_while() {
        let packets = tone(Application::Voip, 32_000, Bandwidth::Fullband);
        let mut opus = Opus::new(48_000).unwrap();
        let mut frame = [0; 960];
        opus.decode(&packets[0], &mut frame);
        for _ in 0..5 {
            assert!(opus.conceal(None, &mut frame));
        }
        assert!(!opus.conceal(None, &mut frame));
        opus.decode(&packets[1], &mut frame);
        assert!(opus.conceal(None, &mut frame));
        opus.end();
        assert!(!opus.conceal(None, &mut frame));
    }
}
