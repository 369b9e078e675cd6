//! A recording as applications and clients of the REST API see it.
//!
//! Source: Twilio "Recordings resource", "Record" and "Recording" (status callbacks,
//! `transcribeCallback`); SignalWire "Recordings" and "Recording status callbacks". Prices are
//! null, because nobody pays.

use std::time::Duration;

use hookflash_program::{Announce, Heard, RecordEnd, RecordingFormat, Tracks};
use serde_json::{Value, json};

use crate::laml::parameters::{API_VERSION, Fields, push};
use crate::laml::status::rfc_2822;
use crate::{CallFacts, Dialect, RecordingFacts, RecordingSource, RecordingState};

/// Twilio's "internal failure"; none is published for a recording that could not be written.
const NOT_WRITTEN: &str = "12400";

/// The path below the base of the API.
fn path(dialect: Dialect, recording: &RecordingFacts) -> String {
    path_of(dialect, &recording.account_sid, &recording.sid)
}

fn path_of(dialect: Dialect, account: &str, sid: &str) -> String {
    let prefix = match dialect {
        Dialect::Cxml => "/api/laml",
        _ => "",
    };
    format!("{prefix}/{API_VERSION}/Accounts/{account}/Recordings/{sid}")
}

/// Where the sound is. Twilio's has no extension, and a client may add `.wav` or `.mp3`;
/// SignalWire's has, because without one there is the description.
pub(crate) fn media_url(dialect: Dialect, recording: &RecordingFacts, public_url: &str) -> String {
    let path = path(dialect, recording);
    format!("{public_url}{path}{}", extension(dialect, recording.format))
}

fn extension(dialect: Dialect, format: RecordingFormat) -> &'static str {
    match (dialect, format) {
        (Dialect::Cxml, RecordingFormat::Wav) => ".wav",
        (Dialect::Cxml, RecordingFormat::Mp3) => ".mp3",
        _ => "",
    }
}

fn status_word(state: RecordingState) -> &'static str {
    match state {
        RecordingState::InProgress => "in-progress",
        RecordingState::Paused => "paused",
        RecordingState::Completed => "completed",
        RecordingState::Absent => "absent",
        RecordingState::Failed => "failed",
        RecordingState::Deleted => "deleted",
    }
}

fn source_word(source: RecordingSource) -> &'static str {
    match source {
        RecordingSource::Verb => "RecordVerb",
        RecordingSource::Background => "StartCallRecordingTwiML",
        RecordingSource::Api => "StartCallRecordingAPI",
    }
}

fn track_word(tracks: Tracks) -> &'static str {
    match tracks {
        Tracks::Inbound => "inbound",
        Tracks::Outbound => "outbound",
        Tracks::Both => "both",
    }
}

/// Whole seconds, rounded as a person would.
fn seconds(recording: &RecordingFacts) -> u64 {
    rounded(recording.duration)
}

fn rounded(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_millis() >= 500)
}

/// The resource; see [`crate::Dialect::recording_resource`].
pub(crate) fn resource(dialect: Dialect, recording: &RecordingFacts, public_url: &str) -> Value {
    let path = path(dialect, recording);
    let updated = recording.ended_at.unwrap_or(recording.started_at);
    let failed = recording.state == RecordingState::Failed;
    let mut resource = json!({
        "account_sid": recording.account_sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid,
        "conference_sid": null,
        "channels": recording.channels,
        "date_created": rfc_2822(recording.started_at),
        "date_updated": rfc_2822(updated),
        "start_time": rfc_2822(recording.started_at),
        "price": null,
        "price_unit": "USD",
        "duration": recording.ended_at.map(|_| seconds(recording).to_string()),
        "sid": recording.sid,
        "source": source_word(recording.source),
        "status": status_word(recording.state),
        "error_code": failed.then(|| NOT_WRITTEN.parse::<u32>().unwrap_or_default()),
        "track": track_word(recording.tracks),
        "uri": format!("{path}.json"),
        "subresource_uris": { "transcriptions": format!("{path}/Transcriptions.json") },
    });
    if let Value::Object(fields) = &mut resource {
        match dialect {
            Dialect::Cxml => {
                let ended = recording.ended_at.map(rfc_2822);
                fields.insert("end_time".to_owned(), ended.into());
            }
            _ => {
                fields.insert("encryption_details".to_owned(), Value::Null);
                let url = media_url(dialect, recording, public_url);
                fields.insert("media_url".to_owned(), url.into());
            }
        }
    }
    resource
}

/// Adds the recording that was ordered with the call (`Record=true`) to its final status.
pub(crate) fn ordered_fields(dialect: Dialect, fields: &mut Fields, facts: &CallFacts) {
    let Some(ordered) = facts.recording.as_deref() else {
        return;
    };
    let Some(lasted) = ordered.lasted else {
        return;
    };
    let path = path_of(dialect, &facts.application.account.sid, &ordered.sid);
    let extension = extension(dialect, RecordingFormat::Wav);
    let url = format!("{}{path}{extension}", facts.public_url);
    push(fields, "RecordingUrl", url);
    push(fields, "RecordingSid", &ordered.sid);
    push(fields, "RecordingDuration", rounded(lasted).to_string());
}

/// Adds the result of a Record. What was not recorded has no URL.
pub(crate) fn result_fields(
    dialect: Dialect,
    fields: &mut Fields,
    recording: &RecordingFacts,
    end: RecordEnd,
    public_url: &str,
) {
    if recording.state == RecordingState::Completed {
        let url = media_url(dialect, recording, public_url);
        push(fields, "RecordingUrl", url);
    }
    push(fields, "RecordingSid", &recording.sid);
    push(fields, "RecordingDuration", seconds(recording).to_string());
    match end {
        RecordEnd::Key(key) => push(fields, "Digits", key),
        RecordEnd::HangUp => push(fields, "Digits", "hangup"),
        RecordEnd::Silence | RecordEnd::Limit | RecordEnd::Stopped | RecordEnd::Failed => {}
    }
}

/// Whether this state of a recording is told. A failure is an end, and told to whoever waits for
/// the end.
pub(crate) fn is_told(announce: &Announce, state: RecordingState) -> bool {
    match state {
        RecordingState::InProgress => announce.begun,
        RecordingState::Paused | RecordingState::Deleted => false,
        RecordingState::Completed | RecordingState::Failed => announce.completed,
        RecordingState::Absent => announce.absent,
    }
}

/// The fields of a recording's status callback.
pub(crate) fn status_fields(
    dialect: Dialect,
    recording: &RecordingFacts,
    public_url: &str,
) -> Fields {
    let mut fields = Fields::with_capacity(12);
    push(&mut fields, "AccountSid", &recording.account_sid);
    push(&mut fields, "CallSid", &recording.call_sid);
    push(&mut fields, "RecordingSid", &recording.sid);
    let url = media_url(dialect, recording, public_url);
    push(&mut fields, "RecordingUrl", url);
    push(&mut fields, "RecordingStatus", status_word(recording.state));
    if recording.ended_at.is_some() {
        let duration = seconds(recording).to_string();
        push(&mut fields, "RecordingDuration", duration);
    }
    push(
        &mut fields,
        "RecordingChannels",
        recording.channels.to_string(),
    );
    push(
        &mut fields,
        "RecordingSource",
        source_word(recording.source),
    );
    if dialect == Dialect::Twiml {
        let started = rfc_2822(recording.started_at);
        push(&mut fields, "RecordingStartTime", started);
        push(&mut fields, "RecordingTrack", track_word(recording.tracks));
        if recording.state == RecordingState::Failed {
            push(&mut fields, "ErrorCode", NOT_WRITTEN);
        }
    }
    fields
}

/// Adds the text of a recording.
pub(crate) fn text_fields(
    dialect: Dialect,
    fields: &mut Fields,
    recording: &RecordingFacts,
    sid: &str,
    text: Result<&Heard, &str>,
    public_url: &str,
) {
    let (status, words) = match text {
        Ok(heard) => ("completed", heard.text.as_str()),
        Err(_) => ("failed", ""),
    };
    push(fields, "TranscriptionSid", sid);
    push(fields, "TranscriptionText", words);
    push(fields, "TranscriptionStatus", status);
    let path = path(dialect, recording);
    push(
        fields,
        "TranscriptionUrl",
        format!("{public_url}{path}/Transcriptions/{sid}"),
    );
    if dialect == Dialect::Twiml {
        push(fields, "TranscriptionType", "fast");
    }
    push(fields, "RecordingSid", &recording.sid);
    let url = media_url(dialect, recording, public_url);
    push(fields, "RecordingUrl", url);
}
