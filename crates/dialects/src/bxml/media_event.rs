//! Events about audio: keys, recordings, streams and transcriptions (Bandwidth's pages on the
//! webhooks of the same names).

use std::time::Duration;

use hookflash_program::{
    Gather, Gathered, Heard, KeyEvents, Record, Stream, Tracks, Transcription,
};
use serde_json::{Map, Value, json};

use super::event::{Event, common, put, time};
use super::resource;
use crate::confidence::confidence;
use crate::{CallFacts, RecordingFacts, StreamEvent, TranscriptionEvent};

/// `gather`: what was pressed or said. What nobody pressed is an empty text. How speech is told
/// is not published.
pub(super) fn gather(facts: &CallFacts, verb: &Gather, result: &Gathered) -> Event {
    let mut event = tagged(facts, "gather", verb.tag.as_deref());
    put(&mut event, "digits", result.keys.as_str());
    let finish = result.finish.map(String::from).unwrap_or_default();
    put(&mut event, "terminatingDigit", finish);
    if let Some(heard) = &result.heard {
        put(&mut event, "speech", speech(heard));
    }
    event
}

/// `partialResult`: what was said so far.
pub(super) fn partial_result(facts: &CallFacts, verb: &Gather, heard: &Heard) -> Event {
    let mut event = tagged(facts, "partialResult", verb.tag.as_deref());
    put(&mut event, "speech", speech(heard));
    event
}

/// `dtmf`: a key was pressed.
pub(super) fn dtmf(facts: &CallFacts, events: &KeyEvents, key: char) -> Event {
    let mut event = tagged(facts, "dtmf", events.tag.as_deref());
    put(&mut event, "digit", String::from(key));
    event
}

/// `recordComplete`: the recording of `Record` is over.
pub(super) fn record_complete(
    facts: &CallFacts,
    verb: &Record,
    recording: &RecordingFacts,
) -> Event {
    let mut event = tagged(facts, "recordComplete", verb.tag.as_deref());
    add_recording(&mut event, facts, recording);
    event
}

/// `recordingAvailable`: a recording can be fetched, or there is none.
pub(super) fn recording_available(
    facts: &CallFacts,
    tag: Option<&str>,
    recording: &RecordingFacts,
) -> Event {
    let mut event = tagged(facts, "recordingAvailable", tag);
    event.shift_remove("answerTime");
    add_recording(&mut event, facts, recording);
    if let Some(name) = &recording.name {
        put(&mut event, "recordingName", name.as_str());
    }
    put(&mut event, "status", resource::status(recording.state));
    event
}

/// `transcriptionAvailable`: the text of a recording is there, or there is none. The text itself
/// comes along, which spares an application the request for `url`.
pub(super) fn transcription_available(
    facts: &CallFacts,
    tag: Option<&str>,
    recording: &RecordingFacts,
    sid: &str,
    text: Result<&Heard, &str>,
) -> Event {
    let mut event = tagged(facts, "transcriptionAvailable", tag);
    event.shift_remove("answerTime");
    add_recording(&mut event, facts, recording);
    let url = format!(
        "{}/transcription",
        resource::url(recording, &facts.public_url)
    );
    let status = if text.is_ok() { "available" } else { "error" };
    let mut transcription = Map::new();
    put(&mut transcription, "id", sid);
    put(&mut transcription, "url", url);
    put(&mut transcription, "status", status);
    put(&mut transcription, "completedTime", time(facts.now));
    if let Ok(heard) = text {
        let transcripts = json!([{"text": heard.text, "confidence": confidence(heard.confidence)}]);
        put(&mut transcription, "transcripts", transcripts);
    }
    put(&mut event, "transcription", transcription);
    event
}

/// `mediaStreamStarted`, `mediaStreamRejected` and `mediaStreamStopped`.
pub(super) fn media_stream(
    facts: &CallFacts,
    stream: &Stream,
    sid: &str,
    news: StreamEvent<'_>,
) -> Event {
    let mut about = Map::new();
    put(&mut about, "destination", stream.url.as_str());
    put(&mut about, "id", sid);
    put(&mut about, "name", stream.name.as_deref().unwrap_or(sid));
    let name = match news {
        StreamEvent::Started => "mediaStreamStarted",
        StreamEvent::Rejected(_) => "mediaStreamRejected",
        StreamEvent::Stopped(_) | StreamEvent::Failed(_) => "mediaStreamStopped",
    };
    let mut event = common(facts, name, facts.tag.as_deref());
    match news {
        StreamEvent::Started => put(&mut about, "startTime", time(facts.now)),
        StreamEvent::Rejected(why) => put(&mut event, "reason", why),
        StreamEvent::Stopped(_) => put(&mut event, "cause", "closed"),
        StreamEvent::Failed(why) => {
            put(&mut event, "cause", "connection-error");
            put(&mut event, "errorMessage", why);
        }
    }
    put(&mut about, "tracks", names(stream.tracks));
    put(&mut about, "type", "WebSocket");
    put(&mut event, "mediaStream", about);
    event
}

/// What becomes of a running transcription.
#[derive(Clone, Copy, Debug)]
pub(super) enum TranscriptionNews<'a> {
    /// It runs.
    Started,
    /// It was not begun.
    Rejected(&'a str),
    /// It broke while it ran.
    Broken(&'a str),
    /// It is over.
    Stopped,
}

impl<'a> TranscriptionNews<'a> {
    /// The news in the event that is the `sequence`th of its transcription, from 0. What was said
    /// is none: it goes to the socket that the verb names.
    pub(super) fn of(event: TranscriptionEvent<'a>, sequence: u32) -> Option<Self> {
        match event {
            TranscriptionEvent::Started => Some(TranscriptionNews::Started),
            TranscriptionEvent::Failed(why) if sequence == 0 => {
                Some(TranscriptionNews::Rejected(why))
            }
            TranscriptionEvent::Failed(why) => Some(TranscriptionNews::Broken(why)),
            TranscriptionEvent::Stopped => Some(TranscriptionNews::Stopped),
            TranscriptionEvent::Heard(..) => None,
        }
    }
}

/// `realTimeTranscriptionStarted`, `…Rejected` and `…Stopped`.
pub(super) fn real_time_transcription(
    facts: &CallFacts,
    verb: &Transcription,
    sid: &str,
    news: TranscriptionNews<'_>,
) -> Event {
    let name = match news {
        TranscriptionNews::Started => "realTimeTranscriptionStarted",
        TranscriptionNews::Rejected(_) => "realTimeTranscriptionRejected",
        TranscriptionNews::Broken(_) | TranscriptionNews::Stopped => "realTimeTranscriptionStopped",
    };
    let mut event = common(facts, name, facts.tag.as_deref());
    match news {
        TranscriptionNews::Started => {}
        TranscriptionNews::Rejected(why) | TranscriptionNews::Broken(why) => {
            put(&mut event, "cause", "error");
            put(&mut event, "errorMessage", why);
        }
        TranscriptionNews::Stopped => put(&mut event, "cause", "closed"),
    }
    let mut about = Map::new();
    put(&mut about, "id", sid);
    put(&mut about, "name", verb.name.as_deref().unwrap_or(sid));
    if let TranscriptionNews::Started = news {
        put(&mut about, "startTime", time(facts.now));
    }
    put(&mut about, "tracks", names(verb.tracks));
    if let Some(destination) = &verb.destination {
        put(&mut about, "destination", destination.as_str());
        let stabilized = !verb.recognizer.interim;
        put(&mut about, "stabilized", stabilized.to_string());
    }
    put(&mut event, "realTimeTranscription", about);
    event
}

/// The tracks of a stream, by Bandwidth's names.
pub(super) fn names(tracks: Tracks) -> &'static [&'static str] {
    match tracks {
        Tracks::Inbound => &["inbound"],
        Tracks::Outbound => &["outbound"],
        Tracks::Both => &["inbound", "outbound"],
    }
}

/// ISO 8601, as Java writes it: `PT13.67S`, `PT1M52.217S`.
pub(super) fn duration(length: Duration) -> String {
    let millis = length.as_millis();
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, rest) = (millis / 1000 % 60, millis % 1000);
    let mut text = "PT".to_owned();
    if hours > 0 {
        text.push_str(&format!("{hours}H"));
    }
    if minutes > 0 {
        text.push_str(&format!("{minutes}M"));
    }
    if rest > 0 {
        let fraction = format!("{rest:03}");
        text.push_str(&format!("{seconds}.{}S", fraction.trim_end_matches('0')));
    } else if seconds > 0 || millis < 1000 {
        text.push_str(&format!("{seconds}S"));
    }
    text
}

fn tagged(facts: &CallFacts, name: &str, of_verb: Option<&str>) -> Event {
    common(facts, name, of_verb.or(facts.tag.as_deref()))
}

fn speech(heard: &Heard) -> Value {
    let mut speech = Map::new();
    put(&mut speech, "transcript", heard.text.as_str());
    put(&mut speech, "confidence", confidence(heard.confidence));
    if let Some(language) = &heard.language {
        put(&mut speech, "language", language.as_str());
    }
    Value::Object(speech)
}

/// The fields of a recording. `startTime` is then that of the recording.
fn add_recording(event: &mut Event, facts: &CallFacts, recording: &RecordingFacts) {
    put(event, "recordingId", recording.sid.as_str());
    put(event, "channels", recording.channels);
    put(event, "startTime", time(recording.started_at));
    put(
        event,
        "endTime",
        time(recording.ended_at.unwrap_or(facts.now)),
    );
    put(event, "duration", duration(recording.duration));
    put(event, "fileFormat", resource::file_format(recording.format));
    if let Some(url) = resource::media_url(recording, &facts.public_url) {
        put(event, "mediaUrl", url);
    }
}
