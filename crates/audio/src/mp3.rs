//! Writing MP3, frame by frame.
//!
//! MPEG-2 and 2.5 are written, whose frames need nothing from each other: a recording of any length
//! takes the memory of one frame.

use std::fmt;

use rusty_mp3::{Error, Mp3Encoder, Mp3EncoderConfig};

use crate::Resampler;

/// Rates that are written as they are; others are written at the next lower or the highest.
const RATES: [u32; 3] = [8_000, 16_000, 24_000];

/// Makes an MP3 of samples.
///
/// What it appends goes to the file as it comes. When all is over the first bytes of the file are
/// written anew: [`Encoder::finish`] gives them. Without that the file plays, but some players take
/// it to be empty or do not know how long it is.
pub struct Encoder {
    inner: Mp3Encoder,
    channels: u16,
    rate: u32,
    resamplers: Vec<Resampler>,
    parts: Vec<Vec<i16>>,
    interleaved: Vec<i16>,
}

impl Encoder {
    /// For one or two channels (more are left out) of so many samples per second.
    pub fn new(channels: u16, rate: u32) -> Encoder {
        let channels = channels.clamp(1, 2);
        let lower = RATES.iter().rev().find(|known| **known <= rate);
        let written = lower.copied().unwrap_or(RATES[0]);
        let per_channel = match written {
            8_000 => 32,
            16_000 => 48,
            _ => 64,
        };
        let count = usize::from(channels);
        Encoder {
            inner: Mp3Encoder::new(Mp3EncoderConfig {
                bitrate_kbps: per_channel * u32::from(channels),
                vbr_quality: None,
            }),
            channels,
            rate: written,
            resamplers: (0..count).map(|_| Resampler::new(rate, written)).collect(),
            parts: vec![Vec::new(); count],
            interleaved: Vec::new(),
        }
    }

    /// Samples per second of the file.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes as many samples of each channel; what is missing of one is silence. Appends the frames
    /// that are complete.
    ///
    /// # Errors
    /// When the encoder gives up; the recording should end.
    pub fn push(&mut self, channels: &[&[i16]], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let silence: &[i16] = &[];
        let given = channels.iter().copied().chain(std::iter::repeat(silence));
        let length = channels
            .iter()
            .map(|channel| channel.len())
            .max()
            .unwrap_or(0);
        for ((part, resampler), samples) in
            self.parts.iter_mut().zip(&mut self.resamplers).zip(given)
        {
            resampler.push(samples, part);
            if samples.len() < length {
                resampler.push(&vec![0; length - samples.len()], part);
            }
        }
        self.write(out)
    }

    /// Appends what is still inside. Returns what belongs at the beginning of the file, in place
    /// of as many bytes that are there; nothing if there was no sample.
    ///
    /// # Errors
    /// As [`Encoder::push`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Vec<u8>, EncodeError> {
        for (part, resampler) in self.parts.iter_mut().zip(&mut self.resamplers) {
            resampler.finish(part);
        }
        self.write(out)?;
        self.inner.finish();
        self.take(out)?;
        Ok(self.inner.lame_tag_frame().unwrap_or_default().to_vec())
    }

    fn write(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let length = self.parts.iter().map(Vec::len).min().unwrap_or(0);
        if length == 0 {
            return Ok(());
        }
        self.interleaved.clear();
        for n in 0..length {
            let frame = self.parts.iter().filter_map(|part| part.get(n));
            self.interleaved.extend(frame);
        }
        for part in &mut self.parts {
            part.drain(..length);
        }
        self.inner
            .push_pcm_s16(&self.interleaved, self.channels, self.rate)
            .map_err(EncodeError)?;
        self.take(out)
    }

    fn take(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        loop {
            match self.inner.next_packet() {
                Ok(packet) => out.extend_from_slice(&packet),
                Err(Error::Again | Error::Eof) => return Ok(()),
                Err(error) => return Err(EncodeError(error)),
            }
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({} channels at {})", self.channels, self.rate)
    }
}

/// The encoder gave up.
#[derive(Debug)]
pub struct EncodeError(Error);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no MP3 can be made of this: {}", self.0)
    }
}

impl std::error::Error for EncodeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{dominant_frequency, rms, tone_level};
    use crate::{Clip, DecodeLimits, decode};

    fn sine(rate: u32, hz: f32, seconds: f32) -> Vec<i16> {
        let step = std::f32::consts::TAU * hz / rate as f32;
        let count = (seconds * rate as f32) as usize;
        (0..count)
            .map(|n| ((n as f32 * step).sin() * 8_000.0) as i16)
            .collect()
    }

    fn file(channels: &[&[i16]], rate: u32) -> Vec<u8> {
        let mut encoder = Encoder::new(channels.len() as u16, rate);
        let mut file = Vec::new();
        let frame = rate as usize / 50;
        for from in (0..channels[0].len()).step_by(frame) {
            let part = |channel: &&[i16]| -> Vec<i16> {
                channel.iter().copied().skip(from).take(frame).collect()
            };
            let parts: Vec<Vec<i16>> = channels.iter().map(part).collect();
            let parts: Vec<&[i16]> = parts.iter().map(Vec::as_slice).collect();
            encoder.push(&parts, &mut file).unwrap();
        }
        let beginning = encoder.finish(&mut file).unwrap();
        file[..beginning.len()].copy_from_slice(&beginning);
        file
    }

    fn read(file: &[u8]) -> Clip {
        decode(file, Some("audio/mpeg"), "", DecodeLimits::default()).unwrap()
    }

    #[test]
    fn a_tone_is_read_back_at_its_frequency_level_and_length() {
        for rate in [8_000, 16_000, 24_000, 44_100, 48_000] {
            let samples = sine(rate, 1_000.0, 2.0);
            let clip = read(&file(&[&samples], rate));
            assert!(
                (clip.duration().as_secs_f32() - 2.0).abs() < 0.05,
                "{rate}: {clip:?}"
            );
            let heard = clip.samples();
            let middle = &heard[heard.len() / 4..heard.len() * 3 / 4];
            let hz = dominant_frequency(middle, clip.rate()).unwrap();
            assert!((hz - 1_000.0).abs() < 1.0, "{rate}: {hz}");
            let level =
                tone_level(middle, clip.rate(), 1_000.0) - 20.0 * (8_000f32 / 32_768.0).log10();
            assert!(level.abs() < 1.0, "{rate}: {level} dB");
        }
    }

    #[test]
    fn two_channels_stay_apart_and_mix_to_their_mean() {
        let caller = sine(8_000, 600.0, 2.0);
        let ours = sine(8_000, 1_500.0, 2.0);
        let clip = read(&file(&[&caller, &ours], 8_000));
        let heard = &clip.samples()[4_000..12_000];
        for hz in [600.0, 1_500.0] {
            let level = tone_level(heard, 8_000, hz) - 20.0 * (4_000f32 / 32_768.0).log10();
            assert!(level.abs() < 1.0, "{hz}: {level} dB");
        }
    }

    #[test]
    fn noise_and_silence_keep_their_level() {
        let mut state = 1u32;
        let noise: Vec<i16> = (0..24_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 16) as i16) / 2
            })
            .collect();
        let clip = read(&file(&[&noise], 8_000));
        let off = 20.0 * (rms(clip.samples()) / rms(&noise)).log10();
        assert!(off.abs() < 2.0, "{off} dB");
        let clip = read(&file(&[&[0; 8_000]], 8_000));
        assert!(rms(clip.samples()) < 2.0);
    }

    #[test]
    fn nothing_gives_no_file() {
        let mut file = Vec::new();
        let beginning = Encoder::new(1, 8_000).finish(&mut file).unwrap();
        assert_eq!((beginning.len(), file.len()), (0, 0));
    }
}
