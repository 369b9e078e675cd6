//! `Record`, and the verbs of the recording that runs beside everything else.

use hookflash_program::{
    Announce, Recognizer, Record, RecordTranscription, RecordingFormat, StartRecording, Tracks,
};
use roxmltree::Node;

use crate::bxml::attribute::{flag, given, hook, keys, seconds, tag};

/// `Record`. There is no beep: applications play one of their own (Bandwidth's page on the verb).
pub(in crate::bxml) fn record(node: Node<'_, '_>) -> Record {
    let silence = seconds(node, "silenceTimeout", "0");
    Record {
        beep: false,
        finish: keys(node, "terminatingDigits", "#"),
        silence: (!silence.is_zero()).then_some(silence),
        most: seconds(node, "maxDuration", "60"),
        trim: false,
        format: format(node),
        announce: announce(node),
        transcribe: transcription(node),
        result: hook(node, "recordComplete"),
        empty_goes_on: false,
        empty_reply_goes_on: false,
        tag: tag(node),
        name: given(node, "recordingName"),
        id: None,
    }
}

/// `StartRecording`.
pub(in crate::bxml) fn start_recording(node: Node<'_, '_>) -> StartRecording {
    StartRecording {
        dual: flag(node, "multiChannel", false),
        tracks: Tracks::Both,
        trim: false,
        format: format(node),
        announce: announce(node),
        transcribe: transcription(node),
        name: given(node, "recordingName"),
    }
}

fn format(node: Node<'_, '_>) -> RecordingFormat {
    match given(node, "fileFormat").as_deref() {
        Some("mp3") => RecordingFormat::Mp3,
        _ => RecordingFormat::Wav,
    }
}

fn announce(node: Node<'_, '_>) -> Announce {
    Announce {
        hook: hook(node, "recordingAvailable"),
        begun: false,
        completed: true,
        absent: false,
        tag: tag(node),
    }
}

/// Bandwidth transcribes English unless it is told to find out the language.
fn transcription(node: Node<'_, '_>) -> Option<RecordTranscription> {
    flag(node, "transcribe", false).then(|| RecordTranscription {
        hook: hook(node, "transcriptionAvailable"),
        recognizer: Recognizer {
            language: (!flag(node, "detectLanguage", false)).then(|| "en-US".to_owned()),
            ..Recognizer::default()
        },
    })
}
