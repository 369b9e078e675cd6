//! Recordings over the REST API of each vendor: lists, what is known of one, its sound.
//!
//! The sound is a file with everything that HTTP knows of files: ranges, conditions, HEAD.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hookflash_dialects::laml::{RecordingPage, recording_list};
use hookflash_dialects::rest::ApiReason;
use hookflash_dialects::{Dialect, RecordingFacts, RecordingState};
use hookflash_program::RecordingFormat;
use serde::Deserialize;
use serde_json::Value;
use tower_http::services::ServeFile;

use super::Answer;
use super::calls::broken;
use super::named::{AccountSid, CallSid, Name};
use super::refused::Refused;
use super::tenant::{Tenant, Vendor, named};
use crate::http::Desk;

/// Entries of a page when nobody asks for a number, and at most.
const USUAL: usize = 50;
const MOST: usize = 1_000;
/// The most that Bandwidth and jambonz list; their lists have no pages.
const UNPAGED: usize = 1_000;

/// What of a list is wanted.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(rename = "CallSid")]
    call_sid: Option<String>,
    #[serde(rename = "PageSize")]
    page_size: Option<String>,
    #[serde(rename = "Page")]
    page: Option<String>,
}

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

pub(super) async fn laml_list(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    call: Option<CallSid>,
    Query(wanted): Query<Wanted>,
    uri: Uri,
) -> Result<Json<Value>, Refused> {
    let of_call = call.map(|CallSid(sid)| sid).or(wanted.call_sid.clone());
    let page = RecordingPage {
        path: uri.path(),
        page: number(&wanted.page).unwrap_or_default(),
        page_size: number(&wanted.page_size).unwrap_or(USUAL).clamp(1, MOST),
        call_sid: wanted.call_sid.as_deref(),
    };
    // One more than is shown tells whether there is a next page.
    let first = page.page.saturating_mul(page.page_size);
    let most = page.page_size.saturating_add(1);
    let found = desk
        .recordings
        .list(tenant.sid(), of_call.as_deref(), first, most)
        .await
        .map_err(|error| broken(&tenant, &error))?;
    Ok(Json(recording_list(
        tenant.dialect(),
        &found,
        page,
        &tenant.settings.public_url,
    )))
}

/// What is no number is as good as not given.
fn number(text: &Option<String>) -> Option<usize> {
    text.as_ref()?.parse().ok()
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
    let (mut parts, body) = request.into_parts();
    let tenant = match is_open {
        true => named.ok_or_else(|| Refused::not_found(Vendor::Laml.dialect(), "recording"))?,
        false => Tenant::from_request_parts(&mut parts, &desk).await?,
    };
    let facts = find(&desk, &tenant, call.as_ref(), sid).await?;
    match form {
        Form::Json => Ok(resource(&tenant, &facts)),
        Form::Sound(wanted) => {
            let request = Request::from_parts(parts, body);
            sound(&desk, &tenant, &facts, wanted, request).await
        }
    }
}

/// The lists of Bandwidth and jambonz: of an account or of a call, newest first.
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    call: Option<CallSid>,
) -> Result<Json<Value>, Refused> {
    let call = call.as_ref().map(|CallSid(sid)| sid.as_str());
    let shown = desk
        .recordings
        .list(tenant.sid(), call, 0, UNPAGED)
        .await
        .map_err(|error| broken(&tenant, &error))?;
    let public_url = &tenant.settings.public_url;
    let shown = shown.iter();
    let shown = shown.map(|facts| tenant.dialect().recording_resource(facts, public_url));
    Ok(Json(shown.collect()))
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
    sound(&desk, &tenant, &facts, None, request).await
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
        Form::Sound(Some(format)) => sound(&desk, &tenant, &facts, Some(format), request).await,
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
    let found = desk
        .recordings
        .list(tenant.sid(), Some(&call), 0, UNPAGED)
        .await
        .map_err(|error| broken(&tenant, &error))?;
    let is_there = |facts: &&Arc<RecordingFacts>| facts.state == RecordingState::Completed;
    let facts = found.iter().find(is_there);
    let facts = facts.ok_or_else(|| tenant.not_found("recording"))?;
    sound(&desk, &tenant, facts, Some(format), request).await
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
        RecordingState::Completed | RecordingState::Absent | RecordingState::Failed => Ok(facts),
    }
}

fn resource(tenant: &Tenant, facts: &RecordingFacts) -> Response {
    let public_url = &tenant.settings.public_url;
    Json(tenant.dialect().recording_resource(facts, public_url)).into_response()
}

async fn sound(
    desk: &Desk,
    tenant: &Tenant,
    facts: &RecordingFacts,
    wanted: Option<RecordingFormat>,
    request: Request,
) -> Answer {
    let missing = || tenant.not_found("sound of this recording");
    if facts.state != RecordingState::Completed {
        return Err(missing());
    }
    let wanted = wanted.unwrap_or(facts.format);
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
