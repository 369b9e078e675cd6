//! Recordings over the REST API of each vendor: lists, what is known of one, its sound.
//!
//! The sound is a file with everything that HTTP knows of files: ranges, conditions, HEAD.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hookflash_dialects::rest::{ApiReason, Listing};
use hookflash_dialects::{Dialect, RecordingFacts, RecordingState};
use hookflash_program::RecordingFormat;
use tower_http::services::ServeFile;

use super::calls::broken;
use super::named::{AccountSid, CallSid, Name};
use super::refused::{Refused, response};
use super::tenant::{Tenant, Vendor, named};
use super::{Answer, body};
use crate::http::Desk;
use crate::recordings::SoundForm;

/// What a name in a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    /// In the format that is there, or in this one.
    Sound(Option<RecordingFormat>),
}

fn form(name: &str) -> (&str, Form) {
    match name.rsplit_once('.') {
        Some((sid, "json")) => (sid, Form::Json),
        Some((sid, "wav")) => (sid, Form::Sound(Some(RecordingFormat::Wav))),
        Some((sid, "mp3")) => (sid, Form::Sound(Some(RecordingFormat::Mp3))),
        _ => (name, Form::Sound(None)),
    }
}

/// Whether a Range asks for one part in bytes. Other units are to be ignored (RFC 9110, 14.2), and
/// several parts may be.
fn is_one_range(range: &HeaderValue) -> bool {
    let unit = range.as_bytes().first_chunk::<6>();
    unit.is_some_and(|unit| unit.eq_ignore_ascii_case(b"bytes="))
        && !range.as_bytes().contains(&b',')
}

/// Those of an account or of a call, newest first.
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    call: Option<CallSid>,
    uri: Uri,
) -> Answer {
    let dialect = tenant.dialect();
    let query = body::query(dialect, &uri)?;
    let mut wanted = dialect
        .read_recording_list(&query)
        .map_err(|fault| Refused::of(dialect, fault))?;
    if let Some(CallSid(sid)) = call {
        wanted.query.call = Some(sid);
    }
    let found = desk
        .recordings
        .list(tenant.sid(), &wanted)
        .await
        .map_err(|error| broken(&tenant, &error))?;
    let listing = Listing {
        path: uri.path(),
        query: &query,
        page: &wanted.page,
        next: found.next,
        public_url: &tenant.settings.public_url,
    };
    Ok(response(dialect.recording_list(&found.recordings, listing)))
}

pub(super) async fn laml_read(
    State(desk): State<Arc<Desk>>,
    AccountSid(account): AccountSid,
    call: Option<CallSid>,
    Name(name): Name,
    request: Request,
) -> Answer {
    let (sid, mut form) = form(&name);
    let named = named(&desk, Vendor::Laml, &account);
    // Without an extension Twilio gives the sound and SignalWire the description.
    let is_cxml = named
        .as_ref()
        .is_some_and(|named| named.dialect() == Dialect::Cxml);
    if is_cxml && form == Form::Sound(None) {
        form = Form::Json;
    }
    let is_open = matches!(form, Form::Sound(_)) && desk.settings().public_recordings;
    let (mut parts, rest) = request.into_parts();
    let tenant = match is_open {
        true => named.ok_or_else(|| Refused::not_found(Vendor::Laml.dialect(), "recording"))?,
        false => Tenant::from_request_parts(&mut parts, &desk).await?,
    };
    let facts = find(&desk, &tenant, call.as_ref(), sid).await?;
    match form {
        Form::Json => Ok(resource(&tenant, &facts)),
        Form::Sound(wanted) => {
            let dialect = tenant.dialect();
            let query = body::query(dialect, &parts.uri)?;
            let wanted = SoundForm {
                format: wanted.unwrap_or(facts.format),
                channels: dialect
                    .read_sound_channels(&query, facts.channels)
                    .map_err(|fault| Refused::of(dialect, fault))?,
            };
            let request = Request::from_parts(parts, rest);
            sound(&desk, &tenant, &facts, wanted, request).await
        }
    }
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    call: Option<CallSid>,
    Name(sid): Name,
) -> Answer {
    let facts = find(&desk, &tenant, call.as_ref(), &sid).await?;
    Ok(resource(&tenant, &facts))
}

/// Everything goes: the sound, and that there was a recording.
pub(super) async fn delete(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    call: Option<CallSid>,
    Name(name): Name,
) -> Result<StatusCode, Refused> {
    let sid = match tenant.dialect() {
        Dialect::Bxml => &name,
        Dialect::Twiml | Dialect::Cxml | Dialect::Jambonz => form(&name).0,
    };
    let facts = find_over(&desk, &tenant, call.as_ref(), sid).await?;
    let deleted = desk.recordings.delete(&facts).await;
    deleted.map_err(|error| broken(&tenant, &error))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn bandwidth_sound(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    call: CallSid,
    Name(sid): Name,
    request: Request,
) -> Answer {
    let facts = find(&desk, &tenant, Some(&call), &sid).await?;
    sound(&desk, &tenant, &facts, as_recorded(&facts), request).await
}

/// The sound goes; that there was a recording stays known.
pub(super) async fn bandwidth_delete_sound(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    call: CallSid,
    Name(sid): Name,
) -> Result<StatusCode, Refused> {
    let facts = find_over(&desk, &tenant, Some(&call), &sid).await?;
    desk.recordings.delete_sound(&facts);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn jambonz_read(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    Name(name): Name,
    request: Request,
) -> Answer {
    let (sid, form) = form(&name);
    let facts = find(&desk, &tenant, None, sid).await?;
    match form {
        Form::Sound(Some(format)) => {
            let wanted = SoundForm {
                format,
                ..as_recorded(&facts)
            };
            sound(&desk, &tenant, &facts, wanted, request).await
        }
        Form::Json | Form::Sound(None) => Ok(resource(&tenant, &facts)),
    }
}

/// The newest recording of a call. The day in the path is not looked at: a call has one.
pub(super) async fn jambonz_record(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    Path((_, call, _, _, _, format)): Path<(String, String, String, String, String, String)>,
    request: Request,
) -> Answer {
    let format = match format.as_str() {
        "wav" => RecordingFormat::Wav,
        "mp3" => RecordingFormat::Mp3,
        _ => return Err(tenant.not_found("such format")),
    };
    let mut wanted = tenant
        .dialect()
        .read_recording_list(&[])
        .map_err(|fault| Refused::of(tenant.dialect(), fault))?;
    wanted.query.call = Some(call);
    let found = desk
        .recordings
        .list(tenant.sid(), &wanted)
        .await
        .map_err(|error| broken(&tenant, &error))?;
    let is_there = |facts: &&Arc<RecordingFacts>| facts.state == RecordingState::Completed;
    let facts = found.recordings.iter().find(is_there);
    let facts = facts.ok_or_else(|| tenant.not_found("recording"))?;
    let wanted = SoundForm {
        format,
        ..as_recorded(facts)
    };
    sound(&desk, &tenant, facts, wanted, request).await
}

async fn find(
    desk: &Desk,
    tenant: &Tenant,
    call: Option<&CallSid>,
    sid: &str,
) -> Result<Arc<RecordingFacts>, Refused> {
    let found = desk.recordings.find(tenant.sid(), sid).await;
    found
        .map_err(|error| broken(tenant, &error))?
        .filter(|facts| call.is_none_or(|CallSid(call)| facts.call_sid == *call))
        .ok_or_else(|| tenant.not_found("recording"))
}

/// Finds a recording that is over.
async fn find_over(
    desk: &Desk,
    tenant: &Tenant,
    call: Option<&CallSid>,
    sid: &str,
) -> Result<Arc<RecordingFacts>, Refused> {
    let facts = find(desk, tenant, call, sid).await?;
    match facts.state {
        RecordingState::InProgress | RecordingState::Paused => {
            let message = "the recording is not over yet";
            Err(tenant.refuse(ApiReason::CallRuns, message))
        }
        RecordingState::Completed
        | RecordingState::Absent
        | RecordingState::Failed
        | RecordingState::Deleted => Ok(facts),
    }
}

fn resource(tenant: &Tenant, facts: &RecordingFacts) -> Response {
    let public_url = &tenant.settings.public_url;
    Json(tenant.dialect().recording_resource(facts, public_url)).into_response()
}

fn as_recorded(facts: &RecordingFacts) -> SoundForm {
    SoundForm {
        format: facts.format,
        channels: facts.channels,
    }
}

async fn sound(
    desk: &Desk,
    tenant: &Tenant,
    facts: &RecordingFacts,
    wanted: SoundForm,
    mut request: Request,
) -> Answer {
    let missing = || tenant.not_found("sound of this recording");
    if facts.state != RecordingState::Completed {
        return Err(missing());
    }
    if !request
        .headers()
        .get(header::RANGE)
        .is_none_or(is_one_range)
    {
        request.headers_mut().remove(header::RANGE);
    }
    let Some(path) = desk.recordings.sound_as(facts, wanted).await else {
        return Err(missing());
    };
    match ServeFile::new(path).try_call(request).await {
        Ok(response) => Ok(response.into_response()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing()),
        Err(error) => {
            let message = format!("the recording cannot be read: {error}");
            Err(tenant.refuse(ApiReason::Broken, message))
        }
    }
}
