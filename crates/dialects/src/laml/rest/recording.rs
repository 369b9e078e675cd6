//! Recordings that a request asks for.

use hookflash_program::{Announce, BackgroundRecording, RecordingFormat, StartRecording, Tracks};

use super::form::Form;
use crate::laml::vendor::Vendor;
use crate::rest::{ApiBody, ApiFault};
use crate::shown::shown;

/// "Cannot download a dual-channel presentation of a mono recording".
const ONE_CHANNEL: &str = "16113";

/// Reads the request; see [`crate::Dialect::read_recording`].
pub(crate) fn read_recording(
    vendor: &'static Vendor,
    body: ApiBody<'_>,
) -> Result<Box<StartRecording>, ApiFault> {
    recording(&Form::of(vendor, body)?, Trim::OnRequest)
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

/// Reads the query; see [`crate::Dialect::read_sound_channels`].
pub(crate) fn read_sound_channels(
    vendor: &'static Vendor,
    query: &[(String, String)],
    recorded: u8,
) -> Result<u8, ApiFault> {
    let form = Form::new(vendor, query);
    match form.word("RequestedChannels", &["1", "2"])? {
        Some("1") => Ok(1),
        Some(_) if recorded < 2 => {
            let message = "the recording has one channel and cannot be had in two";
            Err(form.fault(ONE_CHANNEL, message))
        }
        _ => Ok(recorded),
    }
}

/// Whether silence at both ends goes where the request does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trim {
    /// Recordings of calls from their beginning.
    Always,
    /// Recordings that are begun while a call runs.
    OnRequest,
}

/// How a call is to be recorded.
pub(super) fn recording(
    form: &Form<'_>,
    unless_said: Trim,
) -> Result<Box<StartRecording>, ApiFault> {
    let channels = form.word("RecordingChannels", &["mono", "dual"])?;
    let tracks = match form.word("RecordingTrack", &["inbound", "outbound", "both"])? {
        Some("inbound") => Tracks::Inbound,
        Some("outbound") => Tracks::Outbound,
        _ => Tracks::Both,
    };
    let trim = match form.word("Trim", &["trim-silence", "do-not-trim"])? {
        Some(word) => word == "trim-silence",
        None => unless_said == Trim::Always,
    };
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
        trim,
        format: RecordingFormat::Wav,
        announce,
        transcribe: None,
        name: None,
    }))
}
