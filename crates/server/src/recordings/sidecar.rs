//! What is known of a recording, as JSON: in the store, and beside the sound where earlier versions
//! have put it.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hookflash_dialects::{RecordingFacts, RecordingSource, RecordingState};
use hookflash_program::{RecordingFormat, Tracks};
use hookflash_store::{RecordingRow, micros};
use serde::{Deserialize, Serialize};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Ends the name of a file that is not complete.
const INCOMPLETE: &str = "part";

/// The name of a file until it is complete.
pub(crate) fn incomplete(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(INCOMPLETE);
    name.into()
}

/// Times are milliseconds since 1970, lengths milliseconds.
#[derive(Debug, Serialize, Deserialize)]
struct Sidecar {
    version: u32,
    sid: String,
    call: String,
    account: String,
    application: String,
    from: String,
    to: String,
    inbound: bool,
    parent: Option<String>,
    source: String,
    started_at: u64,
    ended_at: Option<u64>,
    duration: u64,
    channels: u8,
    tracks: String,
    format: String,
    bytes: u64,
    state: String,
    error: Option<String>,
    name: Option<String>,
}

const SOURCES: [(&str, RecordingSource); 3] = [
    ("verb", RecordingSource::Verb),
    ("background", RecordingSource::Background),
    ("api", RecordingSource::Api),
];
const TRACKS: [(&str, Tracks); 3] = [
    ("inbound", Tracks::Inbound),
    ("outbound", Tracks::Outbound),
    ("both", Tracks::Both),
];
const FORMATS: [(&str, RecordingFormat); 2] =
    [("wav", RecordingFormat::Wav), ("mp3", RecordingFormat::Mp3)];
const STATES: [(&str, RecordingState); 6] = [
    ("in-progress", RecordingState::InProgress),
    ("paused", RecordingState::Paused),
    ("completed", RecordingState::Completed),
    ("absent", RecordingState::Absent),
    ("failed", RecordingState::Failed),
    ("deleted", RecordingState::Deleted),
];

fn word<T: PartialEq>(words: &[(&str, T)], value: &T) -> String {
    let found = words.iter().find(|(_, other)| other == value);
    found.map_or_else(String::new, |(word, _)| (*word).to_owned())
}

fn value<T: Copy>(words: &[(&str, T)], word: &str) -> Option<T> {
    let found = words.iter().find(|(other, _)| *other == word);
    found.map(|(_, value)| *value)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn since_1970(at: SystemTime) -> u64 {
    milliseconds(at.duration_since(UNIX_EPOCH).unwrap_or_default())
}

impl From<&RecordingFacts> for Sidecar {
    fn from(facts: &RecordingFacts) -> Sidecar {
        Sidecar {
            version: VERSION,
            sid: facts.sid.clone(),
            call: facts.call_sid.clone(),
            account: facts.account_sid.clone(),
            application: facts.application_sid.clone(),
            from: facts.from.clone(),
            to: facts.to.clone(),
            inbound: facts.inbound,
            parent: facts.parent_sid.clone(),
            source: word(&SOURCES, &facts.source),
            started_at: since_1970(facts.started_at),
            ended_at: facts.ended_at.map(since_1970),
            duration: milliseconds(facts.duration),
            channels: facts.channels,
            tracks: word(&TRACKS, &facts.tracks),
            format: word(&FORMATS, &facts.format),
            bytes: facts.bytes,
            state: word(&STATES, &facts.state),
            error: facts.error.clone(),
            name: facts.name.clone(),
        }
    }
}

impl Sidecar {
    fn into_facts(self) -> Option<RecordingFacts> {
        let at = |since| UNIX_EPOCH.checked_add(Duration::from_millis(since));
        Some(RecordingFacts {
            source: value(&SOURCES, &self.source)?,
            started_at: at(self.started_at)?,
            ended_at: self.ended_at.and_then(at),
            duration: Duration::from_millis(self.duration),
            channels: self.channels,
            tracks: value(&TRACKS, &self.tracks)?,
            format: value(&FORMATS, &self.format)?,
            bytes: self.bytes,
            state: value(&STATES, &self.state)?,
            sid: self.sid,
            call_sid: self.call,
            account_sid: self.account,
            application_sid: self.application,
            from: self.from,
            to: self.to,
            inbound: self.inbound,
            parent_sid: self.parent,
            error: self.error,
            name: self.name,
        })
    }
}

/// The row that is kept of a recording.
pub(crate) fn row(facts: &RecordingFacts) -> RecordingRow {
    let sidecar = Sidecar::from(facts);
    // Only text and numbers: there is nothing in it that JSON could not say.
    let details = serde_json::to_string(&sidecar).ok();
    RecordingRow {
        account: facts.account_sid.clone(),
        sid: facts.sid.clone(),
        call: facts.call_sid.clone(),
        state: sidecar.state,
        source: sidecar.source,
        format: sidecar.format,
        channels: facts.channels,
        size: facts.bytes,
        duration: i64::try_from(facts.duration.as_micros()).unwrap_or(i64::MAX),
        started_at: micros(facts.started_at),
        ended_at: facts.ended_at.map(micros),
        details,
    }
}

/// What a row says; none when a hand has changed it, or a later version has written it.
pub(crate) fn facts(row: &RecordingRow) -> Option<RecordingFacts> {
    let sidecar: Sidecar = serde_json::from_str(row.details.as_deref()?).ok()?;
    sidecar.into_facts()
}

fn read(path: &Path) -> Result<RecordingFacts> {
    let sidecar: Sidecar = serde_json::from_slice(&fs::read(path)?).map_err(Error::other)?;
    if sidecar.version != VERSION {
        let why = format!("it is of version {}, not {VERSION}", sidecar.version);
        return Err(Error::new(ErrorKind::InvalidData, why));
    }
    sidecar
        .into_facts()
        .ok_or_else(|| Error::new(ErrorKind::InvalidData, "it holds a word that is not known"))
}

/// Reads everything below a folder with the file that says it, and removes what was never completed.
/// What cannot be read is left where it is, with a word in the log.
pub(crate) fn read_all(folder: &Path) -> Vec<(PathBuf, RecordingFacts)> {
    let mut found = Vec::new();
    for account in entries(folder) {
        for path in entries(&account) {
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                Some("json") => match read(&path) {
                    Ok(facts) => found.push((path, facts)),
                    Err(error) => {
                        let file = path.display();
                        tracing::warn!(%file, %error, "a recording is not known any more");
                    }
                },
                Some(INCOMPLETE) => {
                    let file = path.display();
                    match fs::remove_file(&path) {
                        Ok(()) => tracing::info!(%file, "removed what a crash left behind"),
                        Err(error) => tracing::warn!(%file, %error, "cannot be removed"),
                    }
                }
                _ => {}
            }
        }
    }
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).ok().into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path()))
}
