//! What a caller hears: `say`, `play` and `dub`.

use std::time::Duration;

use hookflash_program::{
    Audio, Dub, DubOrder, Prompt, Prompts, Repeat, Speech, SpeechText, Verb, Voice,
};
use serde_json::Value;

use super::{noted, speech};
use crate::jambonz::reader::{LONGEST, Reader};
use crate::too_many::too_many;

/// jambonz' alert for audio that cannot be had.
const NOT_FOUND: &str = "play-url-notfound";

/// `seekOffset` counts samples (jambonz' page on the verb), which are those of a telephone.
const SAMPLES_PER_SECOND: f64 = 8000.0;

/// The loudest and the quietest that a track can be made.
const GAIN: std::ops::RangeInclusive<f32> = -50.0..=50.0;

/// Prompts of a verb, and how often they are heard.
pub(super) struct Heard {
    pub(super) items: Vec<Prompt>,
    pub(super) repeat: Repeat,
}

/// `say`.
pub(super) fn say(reader: &mut Reader<'_>) -> Verb {
    let Heard { items, repeat } = said(reader);
    if items.is_empty() {
        return noted("there is no text to speak");
    }
    Verb::Prompts(Box::new(Prompts {
        items,
        repeat,
        at_most: None,
        result: None,
        id: reader.text("id"),
    }))
}

/// `play`.
pub(super) fn play(reader: &mut Reader<'_>) -> Verb {
    let Heard { items, repeat } = played(reader);
    let at_most = reader.seconds("timeoutSecs");
    Verb::Prompts(Box::new(Prompts {
        items,
        repeat,
        at_most: at_most.filter(|limit| !limit.is_zero()),
        result: reader.hook("actionHook"),
        id: reader.text("id"),
    }))
}

/// What `say` speaks, on its own or in `gather`: of several texts one, chosen at random.
pub(super) fn said(reader: &mut Reader<'_>) -> Heard {
    let voice = speech::voice(reader).unwrap_or_default();
    let texts = reader.texts("text");
    let mut texts: Vec<Prompt> = texts
        .into_iter()
        .map(|text| spoken(reader, "text", text, &voice))
        .collect();
    reader.without_effect(&[
        "instructions",
        "stream",
        "closeStreamOnEmpty",
        "disableTtsCache",
    ]);
    if texts.len() > 1 {
        texts = vec![Prompt::OneOf(texts)];
    }
    Heard {
        items: texts,
        repeat: repeat(reader),
    }
}

/// What `play` plays, on its own or in `gather`: one URL after the other.
pub(super) fn played(reader: &mut Reader<'_>) -> Heard {
    let urls = reader.texts("url");
    if urls.is_empty() {
        reader.note("url", "must not be blank");
    }
    let from = reader.number("seekOffset").unwrap_or_default().max(0.0) / SAMPLES_PER_SECOND;
    let from = Duration::try_from_secs_f64(from).unwrap_or(LONGEST);
    let mut items: Vec<Prompt> = urls.into_iter().map(file).collect();
    if let Some(Prompt::Audio(audio)) = items.first_mut() {
        audio.from = from.min(LONGEST);
    }
    Heard {
        items,
        repeat: repeat(reader),
    }
}

/// `dub`. `addTrack` may say at once what the new track plays.
pub(super) fn dub(reader: &mut Reader<'_>) -> Vec<Verb> {
    let track = reader.text("track").unwrap_or_default();
    if track.is_empty() {
        reader.note("track", "must not be blank");
    }
    let gain = gain(reader);
    let action = reader.text("action").unwrap_or_default();
    let verb = |order| {
        Verb::Dub(Box::new(Dub {
            track: track.clone(),
            order,
            gain,
        }))
    };
    let forever = reader.flag("loop") == Some(true);
    let to_play = match action.as_str() {
        "sayOnTrack" => on_track(reader, &["say"]),
        "playOnTrack" => on_track(reader, &["play"]),
        _ => on_track(reader, &["play", "say"]),
    };
    let to_play = to_play.map(|prompt| verb(DubOrder::Play { prompt, forever }));
    match action.as_str() {
        "addTrack" => std::iter::once(verb(DubOrder::Add))
            .chain(to_play)
            .collect(),
        "removeTrack" => vec![verb(DubOrder::Remove)],
        "silenceTrack" => vec![verb(DubOrder::Silence)],
        _ => vec![to_play.unwrap_or_else(|| noted("there is nothing to play on the track"))],
    }
}

/// What `play` or `say` of a dub names.
fn on_track(reader: &mut Reader<'_>, properties: &[&str]) -> Option<Prompt> {
    properties.iter().find_map(|property| match *property {
        "play" => reader.text("play").map(file),
        _ => match reader.text("say") {
            Some(text) => Some(spoken(reader, "say", text, &Voice::default())),
            None => reader
                .part("say", |say| said(say).items.into_iter().next())
                .flatten(),
        },
    })
}

/// Decibels: a number, or a text such as `+6 dB`. Any other text is as good as none, as it is for
/// jambonz.
fn gain(reader: &Reader<'_>) -> f32 {
    let decibels = match reader.value("gain") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => {
            let text = text.trim().to_ascii_lowercase();
            let number = text.strip_suffix("db").unwrap_or(&text).trim();
            number.parse::<f64>().ok().filter(|gain| gain.is_finite())
        }
        _ => None,
    };
    let decibels = decibels.unwrap_or_default() as f32;
    decibels.clamp(*GAIN.start(), *GAIN.end())
}

/// `loop`: a number of times; 0 and `forever` are without end.
fn repeat(reader: &mut Reader<'_>) -> Repeat {
    let is_forever = |text: &str| text.trim().eq_ignore_ascii_case("forever");
    match reader.value("loop") {
        Some(Value::String(text)) if is_forever(text) => Repeat::Forever,
        _ => match reader.whole("loop", 0, u32::MAX) {
            Some(0) => Repeat::Forever,
            Some(times) => Repeat::Times(times),
            None => Repeat::ONCE,
        },
    }
}

fn spoken(reader: &mut Reader<'_>, property: &str, text: String, voice: &Voice) -> Prompt {
    if let Some(silence) = silence(&text) {
        return silence;
    }
    if let Some(found) = too_many(&text) {
        reader.note(property, &format!("must not have more than {}", found.most));
    }
    let text = match text.starts_with("<speak") {
        true => SpeechText::Ssml(text),
        false => SpeechText::Plain(text),
    };
    Prompt::Speech(Speech {
        text,
        voice: voice.clone(),
        repeat: Repeat::ONCE,
    })
}

fn file(url: String) -> Prompt {
    silence(&url).unwrap_or(Prompt::Audio(Audio {
        url,
        credentials: None,
        repeat: Repeat::ONCE,
        from: Duration::ZERO,
        failure_code: NOT_FOUND,
    }))
}

/// `silence_stream://1000` is a second of silence in jambonz; a negative number is without end.
fn silence(text: &str) -> Option<Prompt> {
    let length = text.strip_prefix("silence_stream://")?;
    let length = length.split(',').next().unwrap_or_default().trim();
    let length = match length.parse::<i64>().ok()? {
        length if length < 0 => LONGEST,
        length => Duration::from_millis(length.unsigned_abs()).min(LONGEST),
    };
    Some(Prompt::Silence(length))
}
