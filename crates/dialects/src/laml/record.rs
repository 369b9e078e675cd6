//! Record, and the Recording noun of Start.
//!
//! Source: Twilio "Record" and "Recording"; SignalWire "Record". `recordingConfigurationId`,
//! `storageUrl` and `storageUrlMethod` have no effect here: recordings stay on this server.

use std::time::Duration;

use hookflash_program::{
    Announce, Recognizer, Record, RecordTranscription, RecordingFormat, StartRecording, Tracks,
};

use crate::laml::given::Given;

/// Twilio's default, SignalWire's meaning of 0.
const LONGEST: Duration = Duration::from_secs(3600);

/// Twilio's default where the recording is turned into text.
const LONGEST_TRANSCRIBED: Duration = Duration::from_secs(120);

/// Reads a Record.
pub(crate) fn record(given: &Given<'_, '_>) -> Record {
    let transcribe = transcribe(given);
    let limit = given.is_given("maxLength");
    let most = match given.seconds("maxLength") {
        _ if !limit && transcribe.is_some() => LONGEST_TRANSCRIBED,
        Some(most) if !most.is_zero() => most,
        _ => LONGEST,
    };
    let finish = given.text("finishOnKey").unwrap_or_default();
    Record {
        beep: given.is_true("playBeep"),
        finish: finish.chars().collect(),
        silence: given
            .seconds("timeout")
            .filter(|timeout| !timeout.is_zero()),
        most,
        trim: given.text("trim") == Some("trim-silence"),
        format: RecordingFormat::Wav,
        announce: announce(given),
        transcribe,
        result: Some(given.action_or_document()),
        empty_goes_on: false,
        empty_reply_goes_on: false,
        tag: None,
        name: None,
        id: None,
    }
}

/// Reads the Recording noun of Start.
pub(crate) fn start(given: &Given<'_, '_>) -> StartRecording {
    StartRecording {
        dual: given.text("channels") == Some("dual"),
        tracks: match given.text("track") {
            Some("inbound") => Tracks::Inbound,
            Some("outbound") => Tracks::Outbound,
            _ => Tracks::Both,
        },
        trim: given.text("trim") == Some("trim-silence"),
        format: RecordingFormat::Wav,
        announce: announce(given),
        transcribe: None,
        name: given.words("name"),
    }
}

fn announce(given: &Given<'_, '_>) -> Announce {
    let wants = |event| given.lists("recordingStatusCallbackEvent", event);
    Announce {
        hook: given.hook("recordingStatusCallback", "recordingStatusCallbackMethod"),
        begun: wants("in-progress"),
        // Who asks for failures alone waits for the end as well.
        completed: wants("completed") || wants("failed"),
        absent: wants("absent"),
        tag: None,
    }
}

/// A callback asks for the text even without `transcribe` (Twilio "Record").
fn transcribe(given: &Given<'_, '_>) -> Option<RecordTranscription> {
    let hook = given
        .hook("transcribeCallback", "")
        .filter(|_| given.node.attribute("transcribe") != Some("false"));
    (given.is_true("transcribe") || hook.is_some()).then(|| RecordTranscription {
        hook,
        recognizer: Recognizer {
            // Both vendors write down English.
            language: Some("en-US".to_owned()),
            ..Recognizer::default()
        },
    })
}
