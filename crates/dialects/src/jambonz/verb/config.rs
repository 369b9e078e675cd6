//! `config`: settings of the call, and what runs beside its verbs.

use hookflash_program::{
    Announce, Answering, BackgroundRecording, Config, RecordingFormat, Setting, StartRecording,
    Tracks, Verb,
};

use super::{gather, listen, speech};
use crate::jambonz::reader::Reader;

/// Properties that are carried out, whole or in part.
const CARRIED_OUT: [&str; 12] = [
    "id",
    "_",
    "synthesizer",
    "recognizer",
    "bargeIn",
    "record",
    "listen",
    "stream",
    "transcribe",
    "reset",
    "notifyEvents",
    "referHook",
];

/// `config`. What needs audio answers the call, as it does in jambonz.
pub(super) fn config(reader: &mut Reader<'_>) -> (Answering, Verb) {
    let unknown = reader
        .names()
        .filter(|name| !CARRIED_OUT.contains(&name.as_str()));
    let mut not_run: Vec<String> = unknown.cloned().collect();
    let reset = reader.texts("reset");
    let setting = |name: &str| match reset.iter().any(|word| word == name) {
        true => Reset::Yes,
        false => Reset::No,
    };
    let (of_voice, of_recognizer) = (setting("synthesizer"), setting("recognizer"));
    let background_gather = reader.part("bargeIn", |reader| match reader.flag("enable") {
        Some(true) => Some(Box::new(gather::background(reader))),
        _ => None,
    });
    let recording = reader
        .part("record", |reader| record(reader, &mut not_run))
        .flatten();
    let mut stream = None;
    for name in ["listen", "stream"] {
        let found = reader.part(name, |reader| match reader.flag("enable") {
            Some(true) if reader.text("url").is_none() => {
                not_run.push(name.to_owned());
                None
            }
            Some(true) => Some(Some(Box::new(listen::listen(reader)))),
            _ => Some(None),
        });
        stream = stream.or(found.flatten());
    }
    let transcription = reader.part("transcribe", |reader| match reader.flag("enable") {
        Some(true) => Some(Box::new(listen::transcribe(reader, false))),
        _ => None,
    });
    let needs_audio = matches!(background_gather, Some(Some(_)))
        || matches!(stream, Some(Some(_)))
        || matches!(transcription, Some(Some(_)))
        || matches!(recording, Some(BackgroundRecording::Start(_)));
    let config = Config {
        not_run,
        refer_hook: reader.hook("referHook"),
        notify_events: reader.flag("notifyEvents"),
        voice: of_voice.or(speech::voice(reader)),
        recognizer: of_recognizer.or(speech::recognizer(reader)),
        background_gather,
        recording,
        stream,
        transcription,
    };
    let answering = match needs_audio {
        true => Answering::Answer,
        false => Answering::Leave,
    };
    (answering, Verb::Config(Box::new(config)))
}

/// Whether a setting is named in `reset`, which counts before the new value.
enum Reset {
    Yes,
    No,
}

impl Reset {
    fn or<T>(self, value: Option<T>) -> Setting<T> {
        match (self, value) {
            (_, Some(value)) => Setting::Set(value),
            (Reset::Yes, None) => Setting::Reset,
            (Reset::No, None) => Setting::Kept,
        }
    }
}

/// `record`: kept by this server, one channel per direction. SIPREC is not spoken.
fn record(reader: &mut Reader<'_>, not_run: &mut Vec<String>) -> Option<BackgroundRecording> {
    let action = reader.text("action")?;
    if action != "startCallRecording" {
        return match action.as_str() {
            "stopCallRecording" => Some(BackgroundRecording::Stop),
            "pauseCallRecording" => Some(BackgroundRecording::Pause),
            "resumeCallRecording" => Some(BackgroundRecording::Resume),
            _ => None,
        };
    }
    for name in ["siprecServerURL", "headers"] {
        if reader.value(name).is_some() {
            not_run.push(format!("record.{name}"));
        }
    }
    Some(BackgroundRecording::Start(Box::new(StartRecording {
        dual: true,
        tracks: Tracks::Both,
        trim: false,
        format: RecordingFormat::Wav,
        announce: Announce::default(),
        transcribe: None,
        name: reader.text("recordingID"),
    })))
}
