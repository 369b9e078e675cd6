//! Files of audio, read in one go.
//!
//! Containers and codecs are symphonia's; what kind a file is, how much of it is taken and what
//! becomes of one that is cut off is decided here.

mod kind;
mod ogg;
mod wave;

use std::fmt;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::formats::{MpaReader, OggReader, WavReader};

use crate::{Clip, g711};
use kind::Kind;

/// Rates a file may have.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// The rate by which memory is reckoned.
const FULL_RATE: u32 = 48_000;

/// How much of a file is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// A file that sounds longer is refused. At more than 48,000 samples per second it may have
    /// as many samples as at 48,000, for they are what takes memory.
    pub longest: Duration,
}

impl DecodeLimits {
    fn longest_at(self, rate: u32) -> Duration {
        match rate {
            0..=FULL_RATE => self.longest,
            _ => self.longest.saturating_mul(FULL_RATE) / rate,
        }
    }

    fn most_samples(self, rate: u32) -> usize {
        crate::tone::samples_in(self.longest, rate.min(FULL_RATE))
    }
}

impl Default for DecodeLimits {
    /// Twenty minutes.
    fn default() -> DecodeLimits {
        DecodeLimits {
            longest: Duration::from_secs(20 * 60),
        }
    }
}

/// Why a file gave no audio. It is always the file's fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// There is no audio in it.
    Empty,
    /// It sounds longer than this.
    TooLong(Duration),
    /// It is none of the kinds that are read, or uses something of its kind that is not.
    Unsupported(String),
    /// It breaks the rules of its kind before any audio came.
    Broken(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Empty => f.write_str("the file has no audio"),
            DecodeError::TooLong(longest) => {
                write!(f, "the audio is longer than {} seconds", longest.as_secs())
            }
            DecodeError::Unsupported(what) => {
                write!(
                    f,
                    "not WAV, MP3, OGG Vorbis or G.711 that can be read: {what}"
                )
            }
            DecodeError::Broken(what) => write!(f, "the file is broken: {what}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Reads a file: WAV (PCM, float, µ-law, A-law), MP3, OGG Vorbis, or G.711 without a header.
///
/// Its kind is what `content_type` says, or else the extension of `name` (a path or URL without
/// query), or else what its first bytes look like, or else WAV. Several channels are mixed into
/// one. A file that is cut off gives what can be read of it.
///
/// Takes about a second of CPU per hour of audio: not for a thread that calls wait for.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(
    bytes: &[u8],
    content_type: Option<&str>,
    name: &str,
    limits: DecodeLimits,
) -> Result<Clip, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let kind = Kind::of(content_type, name, bytes);
    // Decoders of strangers' files have had bugs; one of them costs a prompt and not the process.
    let decoded = catch_unwind(AssertUnwindSafe(|| match kind {
        Kind::G711(law) => raw(law, bytes, limits),
        Kind::Wav => packets(kind, &wave::mend(bytes), limits),
        Kind::Mp3 => packets(kind, kind::without_id3(bytes), limits),
        Kind::Ogg => packets(kind, ogg::sane(bytes)?, limits),
    }));
    decoded.unwrap_or_else(|_| Err(DecodeError::Broken("its decoder gave up".into())))
}

fn raw(law: g711::Law, bytes: &[u8], limits: DecodeLimits) -> Result<Clip, DecodeError> {
    const RATE: u32 = 8_000;
    if bytes.len() > limits.most_samples(RATE) {
        return Err(DecodeError::TooLong(limits.longest));
    }
    let mut samples = Vec::with_capacity(bytes.len());
    g711::decode_all(law, bytes, &mut samples);
    Ok(Clip::new(RATE, samples))
}

fn packets(kind: Kind, bytes: &[u8], limits: DecodeLimits) -> Result<Clip, DecodeError> {
    let source = Box::new(Cursor::new(bytes));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut reader = reader(kind, stream).map_err(blame)?;
    let track = reader.default_track(TrackType::Audio);
    let parameters = track.and_then(|track| track.codec_params.as_ref()?.audio());
    let (Some(track), Some(parameters)) = (track, parameters) else {
        return Err(DecodeError::Empty);
    };
    let id = track.id;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(blame)?;

    let mut mixer = Mixer::new(limits);
    let stopped = loop {
        match reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == id => match decoder.decode(&packet) {
                Ok(audio) => {
                    if !mixer.take(&audio)? {
                        break None;
                    }
                }
                Err(Error::DecodeError(_) | Error::IoError(_)) => {}
                Err(error) => break Some(error),
            },
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    match (mixer.finish(), stopped) {
        (Some(clip), _) => Ok(clip),
        (None, Some(error)) => Err(blame(error)),
        (None, None) => Err(DecodeError::Empty),
    }
}

fn reader<'a>(
    kind: Kind,
    stream: MediaSourceStream<'a>,
) -> Result<Box<dyn FormatReader + 'a>, Error> {
    let options = FormatOptions::default();
    Ok(match kind {
        Kind::Mp3 => Box::new(MpaReader::try_new(stream, options)?),
        Kind::Ogg => Box::new(OggReader::try_new(stream, options)?),
        Kind::Wav | Kind::G711(_) => Box::new(WavReader::try_new(stream, options)?),
    })
}

fn blame(error: Error) -> DecodeError {
    match error {
        Error::Unsupported(what) => DecodeError::Unsupported(what.into()),
        Error::IoError(_) => DecodeError::Broken("it ends before any audio".into()),
        error => DecodeError::Broken(error.to_string()),
    }
}

/// Collects decoded audio as one channel.
struct Mixer {
    limits: DecodeLimits,
    rate: u32,
    interleaved: Vec<i16>,
    samples: Vec<i16>,
}

impl Mixer {
    fn new(limits: DecodeLimits) -> Mixer {
        Mixer {
            limits,
            rate: 0,
            interleaved: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// False when the file goes on at another rate, which is where it ends for us.
    fn take(&mut self, audio: &GenericAudioBufferRef<'_>) -> Result<bool, DecodeError> {
        let rate = audio.spec().rate();
        if self.rate == 0 {
            if !RATES.contains(&rate) {
                let what = format!("{rate} samples per second");
                return Err(DecodeError::Unsupported(what));
            }
            self.rate = rate;
        }
        if rate != self.rate {
            return Ok(false);
        }
        if self.samples.len() + audio.frames() > self.limits.most_samples(rate) {
            return Err(DecodeError::TooLong(self.limits.longest_at(rate)));
        }
        let channels = audio.num_planes().max(1);
        audio.copy_to_vec_interleaved(&mut self.interleaved);
        self.samples
            .extend(self.interleaved.chunks_exact(channels).map(|frame| {
                let sum: i32 = frame.iter().map(|sample| i32::from(*sample)).sum();
                (sum / channels as i32) as i16
            }));
        Ok(true)
    }

    fn finish(self) -> Option<Clip> {
        (!self.samples.is_empty()).then(|| Clip::new(self.rate, self.samples))
    }
}

#[cfg(test)]
mod tests;
