//! Recordings that a request asks for.

use hookflash_program::{Announce, BackgroundRecording, RecordingFormat, StartRecording, Tracks};

use super::form::Form;
use crate::laml::vendor::Vendor;
use crate::rest::{ApiBody, ApiFault};
use crate::shown::shown;

/// Reads the request; see [`crate::Dialect::read_recording`].
pub(crate) fn read_recording(
    vendor: &'static Vendor,
    body: ApiBody<'_>,
) -> Result<Box<StartRecording>, ApiFault> {
    recording(&Form::of(vendor, body)?)
}

/// Reads the request; see [`crate::Dialect::read_recording_change`].
pub(crate) fn read_recording_change(
    vendor: &'static Vendor,
    body: ApiBody<'_>,
) -> Result<BackgroundRecording, ApiFault> {
    let form = Form::of(vendor, body)?;
    let paused = match form.word("PauseBehavior", &["skip", "silence"])? {
        Some("skip") => BackgroundRecording::Pause,
        _ => BackgroundRecording::Silence,
    };
    match form.word("Status", &["in-progress", "paused", "stopped"])? {
        Some("in-progress") => Ok(BackgroundRecording::Resume),
        Some("paused") => Ok(paused),
        Some(_) => Ok(BackgroundRecording::Stop),
        None => Err(form.invalid("Status", "is required: in-progress, paused or stopped")),
    }
}

/// How a call is to be recorded.
pub(super) fn recording(form: &Form<'_>) -> Result<Box<StartRecording>, ApiFault> {
    let channels = form.word("RecordingChannels", &["mono", "dual"])?;
    let tracks = match form.word("RecordingTrack", &["inbound", "outbound", "both"])? {
        Some("inbound") => Tracks::Inbound,
        Some("outbound") => Tracks::Outbound,
        _ => Tracks::Both,
    };
    let trim = form.word("Trim", &["trim-silence", "do-not-trim"])?;
    let mut events = form.words("RecordingStatusCallbackEvent");
    if events.is_empty() {
        events.push("completed");
    }
    let known = ["in-progress", "completed", "absent", "failed"];
    if let Some(unknown) = events.iter().find(|event| !known.contains(event)) {
        let wanted = format!("must be of {}, not `{}`", known.join(", "), shown(unknown));
        return Err(form.invalid("RecordingStatusCallbackEvent", &wanted));
    }
    let told = |event| events.contains(&event);
    let announce = Announce {
        hook: form.hook("RecordingStatusCallback", "RecordingStatusCallbackMethod")?,
        begun: told("in-progress"),
        completed: told("completed") || told("failed"),
        absent: told("absent"),
        tag: None,
    };
    Ok(Box::new(StartRecording {
        dual: channels == Some("dual"),
        tracks,
        trim: trim != Some("do-not-trim"),
        format: RecordingFormat::Wav,
        announce,
        transcribe: None,
        name: None,
    }))
}
