//! Audio to and from a WebSocket (`listen`, `stream`) and running transcription (`transcribe`),
//! as verbs and inside `config`.

use hookflash_program::{Hook, Stream, StreamEncoding, StreamFormat, Tracks, Transcription};

use super::speech;
use crate::jambonz::reader::Reader;

/// The rates that jambonz offers, and the one of narrow wideband.
const RATES: [u32; 6] = [8000, 16_000, 24_000, 32_000, 48_000, 64_000];

/// `listen`, and `config.listen` that is enabled.
pub(super) fn listen(reader: &mut Reader<'_>) -> Stream {
    let rate = sample_rate(reader).unwrap_or(8000);
    let mix = reader.text("mixType");
    let (tracks, channels) = match mix.as_deref() {
        Some("stereo") => (Tracks::Both, 2),
        Some("mixed") => (Tracks::Both, 1),
        _ => (Tracks::Inbound, 1),
    };
    let (enabled, streaming, back) = reader
        .part("bidirectionalAudio", |reader| {
            let enabled = reader.flag("enabled").unwrap_or(true);
            let streaming = reader.flag("streaming").unwrap_or(false);
            (enabled, streaming, sample_rate(reader))
        })
        .unwrap_or((true, false, None));
    let bidirectional = enabled && reader.flag("disableBidirectionalAudio") != Some(true);
    reader.without_effect(&["transcribe", "timeout", "channel"]);
    let most = reader.seconds("maxLength");
    Stream {
        url: reader.text("url").unwrap_or_default(),
        name: None,
        tracks,
        bidirectional,
        format: StreamFormat {
            encoding: StreamEncoding::Linear,
            rate,
            channels,
        },
        bare_rate: (bidirectional && streaming).then_some(back.unwrap_or(rate)),
        parameters: Vec::new(),
        metadata: reader
            .value("metadata")
            .filter(|it| it.is_object())
            .cloned(),
        credentials: reader
            .credentials("wsAuth")
            .or_else(|| reader.credentials("auth")),
        bearer: None,
        status: None,
        finish: reader.keys("finishOnKey"),
        most: most.filter(|most| !most.is_zero()),
        beep: reader.flag("playBeep").unwrap_or(false),
        pass_keys: reader.flag("passDtmf").unwrap_or(false),
        result: reader.hook("actionHook"),
        empty_reply_goes_on: true,
        id: reader.text("id"),
    }
}

/// `transcribe`, and `config.transcribe` that is enabled. Without a second leg there is only the
/// caller to be heard.
pub(super) fn transcribe(reader: &mut Reader<'_>, waits: bool) -> Transcription {
    reader.without_effect(&["translationHook", "channel"]);
    Transcription {
        name: None,
        tracks: Tracks::Inbound,
        recognizer: speech::recognizer(reader).unwrap_or_default(),
        hook: reader.text("transcriptionHook").map(Hook::post),
        destination: None,
        parameters: Vec::new(),
        waits,
        id: reader.text("id"),
    }
}

fn sample_rate(reader: &mut Reader<'_>) -> Option<u32> {
    let rate = reader.whole("sampleRate", 0, u32::MAX)?;
    if !RATES.contains(&rate) {
        let rates = RATES.map(|rate| rate.to_string()).join(", ");
        reader.note("sampleRate", &format!("must be one of {rates}"));
    }
    Some(rate)
}
