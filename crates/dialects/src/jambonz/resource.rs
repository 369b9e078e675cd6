//! A recording as this server shows it to jambonz applications. jambonz keeps recordings in a
//! bucket of the account and has no resource for them; names and forms are those of its others.

use std::time::{SystemTime, UNIX_EPOCH};

use hookflash_program::RecordingFormat;
use serde_json::{Map, Value};

use super::call_info::put;
use crate::{RecordingFacts, RecordingState};

/// `GET /v1/Accounts/{account}/Recordings/{recording}`.
pub(super) fn recording(recording: &RecordingFacts, public_url: &str) -> Value {
    let state = match recording.state {
        RecordingState::InProgress => "in-progress",
        RecordingState::Paused => "paused",
        RecordingState::Completed => "completed",
        RecordingState::Absent => "absent",
        RecordingState::Failed => "failed",
        RecordingState::Deleted => "deleted",
    };
    let format = match recording.format {
        RecordingFormat::Wav => "wav",
        RecordingFormat::Mp3 => "mp3",
    };
    let direction = if recording.inbound {
        "inbound"
    } else {
        "outbound"
    };
    let mut resource = Map::new();
    put(&mut resource, "recording_sid", recording.sid.as_str());
    if let Some(name) = &recording.name {
        put(&mut resource, "recording_id", name.as_str());
    }
    put(&mut resource, "account_sid", recording.account_sid.as_str());
    put(
        &mut resource,
        "application_sid",
        recording.application_sid.as_str(),
    );
    put(&mut resource, "call_sid", recording.call_sid.as_str());
    put(&mut resource, "direction", direction);
    put(&mut resource, "from", recording.from.as_str());
    put(&mut resource, "to", recording.to.as_str());
    put(&mut resource, "status", state);
    put(&mut resource, "started_at", time(recording.started_at));
    if let Some(ended) = recording.ended_at {
        put(&mut resource, "ended_at", time(ended));
    }
    put(&mut resource, "duration", recording.duration.as_secs());
    put(&mut resource, "channels", recording.channels);
    put(&mut resource, "format", format);
    put(&mut resource, "bytes", recording.bytes);
    if recording.state == RecordingState::Completed {
        let url = format!(
            "{public_url}/v1/Accounts/{}/Recordings/{}.{format}",
            recording.account_sid, recording.sid
        );
        put(&mut resource, "recording_url", url);
    }
    if let Some(error) = &recording.error {
        put(&mut resource, "error", error.as_str());
    }
    Value::Object(resource)
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time.max(UNIX_EPOCH)).to_string()
}
