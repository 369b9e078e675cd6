//! A recording in Bandwidth's REST API (`callRecordingMetadata` of its OpenAPI file).

use hookflash_program::RecordingFormat;
use serde_json::{Map, Value};

use super::event::{put, time};
use super::media_event::duration;
use crate::{RecordingFacts, RecordingState};

/// `GET …/recordings/{recordingId}`, and one element of `GET …/recordings`.
pub(super) fn recording(recording: &RecordingFacts, public_url: &str) -> Value {
    let mut resource = Map::new();
    let direction = match recording.inbound {
        true => "inbound",
        false => "outbound",
    };
    put(
        &mut resource,
        "applicationId",
        recording.application_sid.as_str(),
    );
    put(&mut resource, "accountId", recording.account_sid.as_str());
    put(&mut resource, "callId", recording.call_sid.as_str());
    if let Some(parent) = &recording.parent_sid {
        put(&mut resource, "parentCallId", parent.as_str());
    }
    put(&mut resource, "recordingId", recording.sid.as_str());
    put(&mut resource, "to", recording.to.as_str());
    put(&mut resource, "from", recording.from.as_str());
    put(&mut resource, "duration", duration(recording.duration));
    put(&mut resource, "direction", direction);
    put(&mut resource, "channels", recording.channels);
    put(&mut resource, "startTime", time(recording.started_at));
    if let Some(ended) = recording.ended_at {
        put(&mut resource, "endTime", time(ended));
    }
    put(&mut resource, "fileFormat", file_format(recording.format));
    put(&mut resource, "status", status(recording.state));
    if let Some(url) = media_url(recording, public_url) {
        put(&mut resource, "mediaUrl", url);
    }
    if let Some(name) = &recording.name {
        put(&mut resource, "recordingName", name.as_str());
    }
    Value::Object(resource)
}

/// The URL of a recording.
pub(super) fn url(recording: &RecordingFacts, public_url: &str) -> String {
    format!(
        "{public_url}/api/v2/accounts/{}/calls/{}/recordings/{}",
        recording.account_sid, recording.call_sid, recording.sid
    )
}

/// The URL of its file, which is told only of a recording that can be fetched.
pub(super) fn media_url(recording: &RecordingFacts, public_url: &str) -> Option<String> {
    (recording.state == RecordingState::Completed)
        .then(|| format!("{}/media", url(recording, public_url)))
}

/// `fileFormat`.
pub(super) fn file_format(format: RecordingFormat) -> &'static str {
    match format {
        RecordingFormat::Wav => "wav",
        RecordingFormat::Mp3 => "mp3",
    }
}

/// `status`.
pub(super) fn status(state: RecordingState) -> &'static str {
    match state {
        RecordingState::InProgress | RecordingState::Paused => "processing",
        RecordingState::Completed => "complete",
        RecordingState::Absent | RecordingState::Failed => "error",
        RecordingState::Deleted => "deleted",
    }
}
