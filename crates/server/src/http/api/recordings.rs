//! Recordings over the REST API of each vendor: lists, what is known of one, its sound.
//!
//! The sound is a file with everything that HTTP knows of files: ranges, conditions, HEAD.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use hookflash_dialects::laml::{RecordingPage, recording_list};
use hookflash_dialects::rest::ApiReason;
use hookflash_dialects::{Dialect, RecordingFacts, RecordingState};
use hookflash_program::RecordingFormat;
use serde::Deserialize;
use serde_json::Value;
use tower_http::services::ServeFile;

use super::calls::broken;
use super::refused::Refused;
use super::tenant::{Tenant, Vendor, admit, named};
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

pub(super) fn laml_one() -> MethodRouter<Arc<Desk>> {
    let read = async |state: State<Arc<Desk>>,
                      Path((account, name)): Path<(String, String)>,
                      request: Request| {
        laml_read(&state, &account, None, &name, request).await
    };
    let delete = async |state: State<Arc<Desk>>,
                        Path((account, name)): Path<(String, String)>,
                        headers: HeaderMap| {
        laml_delete(&state, &account, None, &name, &headers).await
    };
    get(read).delete(delete)
}

pub(super) fn laml_one_of_call() -> MethodRouter<Arc<Desk>> {
    type Named = Path<(String, String, String)>;
    let read =
        async |state: State<Arc<Desk>>, Path((account, call, name)): Named, request: Request| {
            laml_read(&state, &account, Some(&call), &name, request).await
        };
    let delete =
        async |state: State<Arc<Desk>>, Path((account, call, name)): Named, headers: HeaderMap| {
            laml_delete(&state, &account, Some(&call), &name, &headers).await
        };
    get(read).delete(delete)
}

pub(super) async fn laml_list(
    state: State<Arc<Desk>>,
    Path(account): Path<String>,
    Query(wanted): Query<Wanted>,
    (uri, headers): (Uri, HeaderMap),
) -> Result<Json<Value>, Refused> {
    let tenant = admit(&state, Vendor::Laml, &account, &headers)?;
    let call = wanted.call_sid.clone();
    laml_page(&state, &tenant, call.as_deref(), &wanted, uri.path()).await
}

pub(super) async fn laml_list_of_call(
    state: State<Arc<Desk>>,
    Path((account, call)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    (uri, headers): (Uri, HeaderMap),
) -> Result<Json<Value>, Refused> {
    let tenant = admit(&state, Vendor::Laml, &account, &headers)?;
    laml_page(&state, &tenant, Some(&call), &wanted, uri.path()).await
}

async fn laml_page(
    desk: &Desk,
    tenant: &Tenant,
    call: Option<&str>,
    wanted: &Wanted,
    path: &str,
) -> Result<Json<Value>, Refused> {
    let page = RecordingPage {
        path,
        page: number(&wanted.page).unwrap_or_default(),
        page_size: number(&wanted.page_size).unwrap_or(USUAL).clamp(1, MOST),
        call_sid: wanted.call_sid.as_deref(),
    };
    // One more than is shown tells whether there is a next page.
    let first = page.page.saturating_mul(page.page_size);
    let most = page.page_size.saturating_add(1);
    let found = desk
        .recordings
        .list(tenant.sid(), call, first, most)
        .await
        .map_err(|error| broken(tenant, &error))?;
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

async fn laml_read(
    desk: &Desk,
    account: &str,
    call: Option<&str>,
    name: &str,
    request: Request,
) -> Result<Response, Refused> {
    let (sid, mut form) = form(name);
    let named = named(desk, Vendor::Laml, account);
    // Without an extension Twilio gives the sound and SignalWire the description.
    let is_cxml = named
        .as_ref()
        .is_some_and(|named| named.dialect() == Dialect::Cxml);
    if is_cxml && form == Form::Sound(None) {
        form = Form::Json;
    }
    let is_open = matches!(form, Form::Sound(_)) && desk.settings().public_recordings;
    let tenant = match is_open {
        true => named.ok_or_else(|| Refused::not_found(Vendor::Laml.dialect(), "recording"))?,
        false => admit(desk, Vendor::Laml, account, request.headers())?,
    };
    let facts = find(desk, &tenant, call, sid).await?;
    match form {
        Form::Json => Ok(resource(&tenant, &facts)),
        Form::Sound(wanted) => sound(desk, &tenant, &facts, wanted, request).await,
    }
}

async fn laml_delete(
    desk: &Desk,
    account: &str,
    call: Option<&str>,
    name: &str,
    headers: &HeaderMap,
) -> Result<StatusCode, Refused> {
    let tenant = admit(desk, Vendor::Laml, account, headers)?;
    let facts = find(desk, &tenant, call, form(name).0).await?;
    is_over(&tenant, &facts)?;
    let deleted = desk.recordings.delete(&facts).await;
    deleted.map_err(|error| broken(&tenant, &error))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn bandwidth_list(
    State(desk): State<Arc<Desk>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let tenant = admit(&desk, Vendor::Bandwidth, &account, &headers)?;
    bare_list(&desk, &tenant, None).await
}

pub(super) async fn bandwidth_list_of_call(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let tenant = admit(&desk, Vendor::Bandwidth, &account, &headers)?;
    bare_list(&desk, &tenant, Some(&call)).await
}

pub(super) async fn jambonz_list(
    State(desk): State<Arc<Desk>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let tenant = admit(&desk, Vendor::Jambonz, &account, &headers)?;
    bare_list(&desk, &tenant, None).await
}

pub(super) async fn jambonz_list_of_call(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let tenant = admit(&desk, Vendor::Jambonz, &account, &headers)?;
    bare_list(&desk, &tenant, Some(&call)).await
}

async fn bare_list(
    desk: &Desk,
    tenant: &Tenant,
    call: Option<&str>,
) -> Result<Json<Value>, Refused> {
    let shown = desk
        .recordings
        .list(tenant.sid(), call, 0, UNPAGED)
        .await
        .map_err(|error| broken(tenant, &error))?;
    let public_url = &tenant.settings.public_url;
    let shown = shown.iter();
    let shown = shown.map(|facts| tenant.dialect().recording_resource(facts, public_url));
    Ok(Json(shown.collect()))
}

pub(super) async fn bandwidth_one(
    State(desk): State<Arc<Desk>>,
    Path((account, call, sid)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let tenant = admit(&desk, Vendor::Bandwidth, &account, &headers)?;
    let facts = find(&desk, &tenant, Some(&call), &sid).await?;
    Ok(resource(&tenant, &facts))
}

pub(super) async fn bandwidth_sound(
    State(desk): State<Arc<Desk>>,
    Path((account, call, sid)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let tenant = admit(&desk, Vendor::Bandwidth, &account, request.headers())?;
    let facts = find(&desk, &tenant, Some(&call), &sid).await?;
    sound(&desk, &tenant, &facts, None, request).await
}

/// Everything goes: the sound, and that there was a recording.
pub(super) async fn bandwidth_delete(
    State(desk): State<Arc<Desk>>,
    Path((account, call, sid)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    let tenant = admit(&desk, Vendor::Bandwidth, &account, &headers)?;
    let facts = find(&desk, &tenant, Some(&call), &sid).await?;
    is_over(&tenant, &facts)?;
    let deleted = desk.recordings.delete(&facts).await;
    deleted.map_err(|error| broken(&tenant, &error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sound goes; that there was a recording stays known.
pub(super) async fn bandwidth_delete_sound(
    State(desk): State<Arc<Desk>>,
    Path((account, call, sid)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    let tenant = admit(&desk, Vendor::Bandwidth, &account, &headers)?;
    let facts = find(&desk, &tenant, Some(&call), &sid).await?;
    is_over(&tenant, &facts)?;
    desk.recordings.delete_sound(&facts);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn jambonz_one(
    State(desk): State<Arc<Desk>>,
    Path((account, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let tenant = admit(&desk, Vendor::Jambonz, &account, request.headers())?;
    let (sid, form) = form(&name);
    let facts = find(&desk, &tenant, None, sid).await?;
    match form {
        Form::Sound(Some(format)) => sound(&desk, &tenant, &facts, Some(format), request).await,
        Form::Json | Form::Sound(None) => Ok(resource(&tenant, &facts)),
    }
}

pub(super) async fn jambonz_delete(
    State(desk): State<Arc<Desk>>,
    Path((account, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    let tenant = admit(&desk, Vendor::Jambonz, &account, &headers)?;
    let facts = find(&desk, &tenant, None, form(&name).0).await?;
    is_over(&tenant, &facts)?;
    let deleted = desk.recordings.delete(&facts).await;
    deleted.map_err(|error| broken(&tenant, &error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The newest recording of a call. The day in the path is not looked at: a call has one.
pub(super) async fn jambonz_record(
    State(desk): State<Arc<Desk>>,
    Path((account, call, _, _, _, format)): Path<(String, String, String, String, String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let tenant = admit(&desk, Vendor::Jambonz, &account, request.headers())?;
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
    call: Option<&str>,
    sid: &str,
) -> Result<Arc<RecordingFacts>, Refused> {
    let found = desk.recordings.find(tenant.sid(), sid).await;
    found
        .map_err(|error| broken(tenant, &error))?
        .filter(|facts| call.is_none_or(|call| facts.call_sid == call))
        .ok_or_else(|| tenant.not_found("recording"))
}

fn is_over(tenant: &Tenant, facts: &RecordingFacts) -> Result<(), Refused> {
    match facts.state {
        RecordingState::InProgress | RecordingState::Paused => {
            let message = "the recording is not over yet";
            Err(tenant.refuse(ApiReason::CallRuns, message))
        }
        RecordingState::Completed | RecordingState::Absent | RecordingState::Failed => Ok(()),
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
) -> Result<Response, Refused> {
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
