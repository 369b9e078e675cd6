use proptest::prelude::*;

use super::*;
use crate::measure::{dominant_frequency, rms, tone_level};
use crate::{Law, wav};

const LIMITS: DecodeLimits = DecodeLimits {
    longest: Duration::from_secs(60),
};

/// How samples are written.
#[derive(Clone, Copy, Debug)]
enum Form {
    U8,
    S16,
    S24,
    S32,
    F32,
    F64,
    Law(Law),
}

impl Form {
    fn all() -> [Form; 8] {
        let laws = [Form::Law(Law::Mu), Form::Law(Law::A)];
        [
            Form::U8,
            Form::S16,
            Form::S24,
            Form::S32,
            Form::F32,
            Form::F64,
            laws[0],
            laws[1],
        ]
    }

    /// The format tag and the bits of a sample.
    fn tag_and_bits(self) -> (u16, u16) {
        match self {
            Form::U8 => (1, 8),
            Form::S16 => (1, 16),
            Form::S24 => (1, 24),
            Form::S32 => (1, 32),
            Form::F32 => (3, 32),
            Form::F64 => (3, 64),
            Form::Law(Law::A) => (6, 8),
            Form::Law(Law::Mu) => (7, 8),
        }
    }

    fn write(self, sample: i16, out: &mut Vec<u8>) {
        let wide = i32::from(sample);
        match self {
            Form::U8 => out.push(((wide >> 8) + 128) as u8),
            Form::S16 => out.extend(sample.to_le_bytes()),
            Form::S24 => out.extend(&(wide << 8).to_le_bytes()[..3]),
            Form::S32 => out.extend((wide << 16).to_le_bytes()),
            Form::F32 => out.extend((f32::from(sample) / 32_768.0).to_le_bytes()),
            Form::F64 => out.extend((f64::from(sample) / 32_768.0).to_le_bytes()),
            Form::Law(law) => out.push(g711::encode(law, sample)),
        }
    }
}

fn file(form: Form, rate: u32, channels: &[&[i16]]) -> Vec<u8> {
    let (tag, bits) = form.tag_and_bits();
    let count = channels.len() as u16;
    let align = count * bits / 8;
    let mut data = Vec::new();
    for n in 0..channels[0].len() {
        for channel in channels {
            form.write(channel[n], &mut data);
        }
    }
    let mut out = Vec::new();
    out.extend(b"RIFF");
    out.extend((data.len() as u32 + 38).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(18u32.to_le_bytes());
    out.extend(tag.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(align)).to_le_bytes());
    out.extend(align.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out.extend(b"data");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out
}

fn sine(rate: u32, hz: f32, count: usize) -> Vec<i16> {
    let step = std::f32::consts::TAU * hz / rate as f32;
    (0..count)
        .map(|n| ((n as f32 * step).sin() * 16_000.0) as i16)
        .collect()
}

fn wav_of(bytes: &[u8]) -> Result<Clip, DecodeError> {
    decode(bytes, Some("audio/wav"), "", LIMITS)
}

#[test]
fn every_form_of_wav_gives_back_its_samples() {
    let samples = sine(16_000, 500.0, 4_321);
    for form in Form::all() {
        let clip = wav_of(&file(form, 16_000, &[&samples])).unwrap();
        assert_eq!(clip.rate(), 16_000);
        assert_eq!(clip.samples().len(), samples.len(), "{form:?}");
        let allowed = match form {
            Form::U8 => 256,
            Form::Law(_) => 512,
            _ => 1,
        };
        for (got, sent) in clip.samples().iter().zip(&samples) {
            assert!(
                (i32::from(*got) - i32::from(*sent)).abs() <= allowed,
                "{form:?}"
            );
        }
    }
}

/// The same file with so many bytes of description.
fn described_in(bytes: &[u8], size: usize) -> Vec<u8> {
    const AT: usize = 20;
    let mut out = bytes[..AT + 16].to_vec();
    out.resize(AT + size + size % 2, 0);
    out[16..20].copy_from_slice(&(size as u32).to_le_bytes());
    out.extend(&bytes[AT + 18..]);
    let whole = out.len() as u32 - 8;
    out[4..8].copy_from_slice(&whole.to_le_bytes());
    out
}

/// G.711 in 16 bytes is what many writers of voice prompts make.
#[test]
fn a_wav_is_read_however_long_the_description_of_its_samples_is() {
    let samples = sine(8_000, 500.0, 2_000);
    for form in Form::all() {
        let whole = file(form, 8_000, &[&samples]);
        let usual = wav_of(&whole).unwrap();
        for size in [16, 18, 19, 20, 40, 50] {
            let clip = wav_of(&described_in(&whole, size)).unwrap();
            assert_eq!(clip.samples(), usual.samples(), "{form:?} in {size}");
        }
        assert!(wav_of(&described_in(&whole, 16)[..40]).is_err());
    }
}

#[test]
fn a_wav_of_unknown_length_is_read_to_its_end() {
    let samples = sine(8_000, 500.0, 2_000);
    let mut whole = file(Form::S16, 8_000, &[&samples]);
    let data = whole.len() - 4_000 - 4;
    whole[data..data + 4].copy_from_slice(&[0; 4]);
    assert_eq!(wav_of(&whole).unwrap().samples(), samples);
    let mut empty = file(Form::S16, 8_000, &[&[]]);
    empty.extend(b"LIST\x04\0\0\0INFO");
    assert_eq!(wav_of(&empty).unwrap_err(), DecodeError::Empty);
}

#[test]
fn two_channels_become_their_mean() {
    let (left, right) = (vec![1_000; 900], vec![-3_000; 900]);
    let clip = wav_of(&file(Form::S16, 8_000, &[&left, &right])).unwrap();
    assert_eq!(clip.samples(), vec![-1_000; 900]);
}

#[test]
fn a_wav_that_is_cut_off_or_claims_two_gigabytes_gives_what_is_there() {
    let samples = sine(8_000, 500.0, 2_000);
    let whole = file(Form::S16, 8_000, &[&samples]);
    let cut = &whole[..whole.len() - 1_001];
    assert_eq!(wav_of(cut).unwrap().samples(), &samples[..1_499]);
    let data = whole.len() - 4_000 - 4;
    for claimed in [0x7fff_ffff_u32, u32::MAX] {
        let mut greedy = whole.clone();
        greedy[4..8].copy_from_slice(&claimed.to_le_bytes());
        greedy[data..data + 4].copy_from_slice(&claimed.to_le_bytes());
        assert_eq!(wav_of(&greedy).unwrap().samples(), samples);
    }
    let mut modest = whole.clone();
    modest[4..8].copy_from_slice(&0u32.to_le_bytes());
    assert_eq!(wav_of(&modest).unwrap().samples(), samples);
}

#[test]
fn a_wav_that_ends_before_its_audio_is_refused() {
    let whole = file(Form::S16, 8_000, &[&[1; 100]]);
    for length in 1..=46 {
        assert!(wav_of(&whole[..length]).is_err(), "{length}");
    }
    assert_eq!(wav_of(b"").unwrap_err(), DecodeError::Empty);
    let empty = file(Form::S16, 8_000, &[&[]]);
    assert_eq!(wav_of(&empty).unwrap_err(), DecodeError::Empty);
}

#[test]
fn a_rate_that_nobody_records_at_is_refused() {
    for rate in [1, 3_999, 192_001, u32::MAX / 4] {
        let result = wav_of(&file(Form::U8, rate, &[&[0; 100]]));
        assert!(
            matches!(result, Err(DecodeError::Unsupported(_))),
            "{rate}: {result:?}"
        );
    }
}

#[test]
fn a_header_that_its_decoder_cannot_reckon_with_is_refused() {
    let mut bytes = file(Form::S32, 8_000, &[&[1; 100]]);
    bytes[22..24].copy_from_slice(&u16::MAX.to_le_bytes());
    bytes[32..34].copy_from_slice(&u16::MAX.to_le_bytes());
    assert!(matches!(wav_of(&bytes), Err(DecodeError::Broken(_))));
}

#[test]
fn no_rate_makes_a_file_take_more_memory() {
    let longest = Duration::from_secs(1);
    let limits = DecodeLimits { longest };
    let of = |samples: &[i16]| {
        let bytes = file(Form::S16, 192_000, &[samples]);
        decode(&bytes, Some("audio/wav"), "", limits)
    };
    assert_eq!(of(&[1; 48_000]).unwrap().samples().len(), 48_000);
    let quarter = DecodeError::TooLong(Duration::from_millis(250));
    assert_eq!(of(&[1; 48_001]).unwrap_err(), quarter);
}

#[test]
fn a_file_longer_than_the_limit_is_refused() {
    let longest = Duration::from_secs(1);
    let limits = DecodeLimits { longest };
    let kinds = [
        ("audio/wav", file(Form::S16, 8_000, &[&[1; 8_001]])),
        ("audio/basic", vec![1; 8_001]),
    ];
    for (kind, bytes) in kinds {
        let result = decode(&bytes, Some(kind), "", limits);
        assert_eq!(result.unwrap_err(), DecodeError::TooLong(longest));
    }
    let fits = file(Form::S16, 8_000, &[&[1; 8_000]]);
    assert_eq!(decode(&fits, None, "", limits).unwrap().duration(), longest);
}

#[test]
fn g711_without_a_header_is_read_by_type_or_extension() {
    let cases = [
        (Some("audio/basic"), "", Law::Mu),
        (Some("audio/PCMU"), "", Law::Mu),
        (Some("audio/PCMA"), "", Law::A),
        (None, "a.ulaw", Law::Mu),
        (None, "a.alaw", Law::A),
        (None, "a.raw", Law::Mu),
        (None, "a.pcm", Law::Mu),
    ];
    let samples = sine(8_000, 500.0, 800);
    for (content_type, name, law) in cases {
        let mut bytes = Vec::new();
        g711::encode_all(law, &samples, &mut bytes);
        let clip = decode(&bytes, content_type, name, LIMITS).unwrap();
        assert_eq!((clip.rate(), clip.samples().len()), (8_000, 800));
        assert_eq!(clip.encoded(law), bytes);
    }
}

/// 440 Hz at half of full scale, half a second, 16 kHz.
const OGG: &[u8] = include_bytes!("../../tests/data/tone.ogg");
/// 440 Hz at a peak of 10,000, one second, 16 kHz.
const MP3: &[u8] = include_bytes!("../../tests/data/tone.mp3");

fn hear_440(clip: &Clip, seconds: f32, peak: f32) {
    assert_eq!(clip.rate(), 16_000);
    let length = clip.duration().as_secs_f32();
    assert!((length - seconds).abs() < 0.15, "{length} seconds");
    let samples = clip.samples();
    let middle = &samples[samples.len() / 5..samples.len() * 4 / 5];
    let hz = dominant_frequency(middle, 16_000).unwrap();
    assert!((hz - 440.0).abs() < 1.0, "{hz} Hz");
    let level = tone_level(middle, 16_000, 440.0) - 20.0 * (peak / 32_768.0).log10();
    assert!(level.abs() < 1.0, "{level} dB off");
}

#[test]
fn an_ogg_sounds_as_it_was_written() {
    let clip = decode(OGG, Some("audio/ogg"), "", LIMITS).unwrap();
    hear_440(&clip, 0.5, 16_384.0);
}

#[test]
fn an_mp3_sounds_as_it_was_written_with_and_without_tags() {
    hear_440(
        &decode(MP3, None, "tone.mp3", LIMITS).unwrap(),
        1.0,
        10_000.0,
    );
    let mut tagged = b"ID3\x04\0\0\0\0\0\x20".to_vec();
    tagged.extend([0xff; 32]);
    tagged.extend(MP3);
    hear_440(&decode(&tagged, None, "", LIMITS).unwrap(), 1.0, 10_000.0);
}

#[test]
fn an_mp3_that_is_cut_off_gives_what_is_there() {
    let whole = decode(MP3, None, "", LIMITS).unwrap();
    let cut = decode(&MP3[..MP3.len() / 2], None, "", LIMITS).unwrap();
    assert!(cut.samples().len() > whole.samples().len() / 4);
    assert!(cut.samples().len() < whole.samples().len() * 3 / 4);
    assert!(rms(cut.samples()) > 1_000.0);
    assert!(decode(&MP3[..20], None, "", LIMITS).is_err());
}

#[test]
fn an_ogg_that_is_cut_off_in_its_only_page_of_audio_is_refused() {
    let result = decode(&OGG[..OGG.len() - 1], None, "", LIMITS);
    assert!(matches!(result, Err(DecodeError::Broken(_))));
}

#[test]
fn what_is_no_audio_is_refused() {
    for text in [
        "<html><body>Not Found</body></html>",
        "RIFF",
        "{\"error\":true}",
    ] {
        for kind in [
            None,
            Some("audio/wav"),
            Some("audio/mpeg"),
            Some("audio/ogg"),
        ] {
            let result = decode(text.as_bytes(), kind, "", LIMITS);
            assert!(result.is_err(), "{text} as {kind:?}");
        }
    }
}

#[test]
fn what_our_own_header_says_is_read_back() {
    let samples = sine(24_000, 500.0, 1_000);
    let mut bytes = wav::header(1, 24_000, 2_000).to_vec();
    wav::interleave(&[&samples], &mut bytes);
    let clip = wav_of(&bytes).unwrap();
    assert_eq!((clip.rate(), clip.samples()), (24_000, &samples[..]));
}

proptest! {
    #[test]
    fn damaged_files_never_panic_nor_grow(
        which in 0..3usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let wav = file(Form::S16, 8_000, &[&[7; 500]]);
        let mut bytes = [&wav, MP3, OGG][which].to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len().min(300));
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(clip) = decode(&bytes, None, ["a.wav", "a.mp3", "a.ogg"][which], LIMITS) {
            prop_assert!(!clip.samples().is_empty());
            prop_assert!(clip.duration() <= LIMITS.longest);
        }
    }
}
