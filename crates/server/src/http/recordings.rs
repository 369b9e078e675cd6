//! Recordings over the REST API of each vendor: lists, what is known of one, its sound.
//!
//! The sound is a file with everything that HTTP knows of files: ranges, conditions, HEAD.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use hookflash_dialects::laml::{RecordingPage, recording_list};
use hookflash_dialects::{Dialect, RecordingFacts, RecordingState};
use hookflash_program::RecordingFormat;
use serde::Deserialize;
use serde_json::Value;
use tower_http::services::ServeFile;

use super::Desk;
use super::account::{ApiError, Vendor, admit, named};

/// Entries of a page when nobody asks for a number, and at most.
const USUAL: usize = 50;
const MOST: usize = 1_000;
/// The most that Bandwidth and jambonz list; their lists have no pages.
const UNPAGED: usize = 1_000;

/// Every path that has to do with recordings.
pub(crate) fn routes() -> Router<Arc<Desk>> {
    let mut all = Router::new();
    for base in ["/2010-04-01", "/api/laml/2010-04-01"] {
        let account = format!("{base}/Accounts/{{account}}");
        for list in ["Recordings", "Recordings.json"] {
            all = all
                .route(&format!("{account}/{list}"), get(laml_list))
                .route(
                    &format!("{account}/Calls/{{call}}/{list}"),
                    get(laml_list_of_call),
                );
        }
        all = all
            .route(&format!("{account}/Recordings/{{name}}"), laml_one())
            .route(
                &format!("{account}/Calls/{{call}}/Recordings/{{name}}"),
                laml_one_of_call(),
            );
    }
    let account = "/api/v2/accounts/{account}";
    let jambonz = "/v1/Accounts/{account}";
    all.route(&format!("{account}/recordings"), get(bandwidth_list))
        .route(
            &format!("{account}/calls/{{call}}/recordings"),
            get(bandwidth_list_of_call),
        )
        .route(
            &format!("{account}/calls/{{call}}/recordings/{{sid}}"),
            get(bandwidth_one),
        )
        .route(
            &format!("{account}/calls/{{call}}/recordings/{{sid}}/media"),
            get(bandwidth_sound).delete(bandwidth_delete),
        )
        .route(
            &format!("{jambonz}/RecentCalls/{{call}}/record/{{year}}/{{month}}/{{day}}/{{format}}"),
            get(jambonz_record),
        )
        .route(&format!("{jambonz}/Recordings"), get(jambonz_list))
        .route(
            &format!("{jambonz}/Recordings/{{name}}"),
            get(jambonz_one).delete(jambonz_delete),
        )
        .route(
            &format!("{jambonz}/Calls/{{call}}/Recordings"),
            get(jambonz_list_of_call),
        )
}

/// What of a list is wanted.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
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

fn laml_one() -> MethodRouter<Arc<Desk>> {
    let read = async |state: State<Arc<Desk>>,
                      Path((account, name)): Path<(String, String)>,
                      request: Request| {
        laml_read(&state, &account, None, &name, request).await
    };
    let delete =
        async |state: State<Arc<Desk>>,
               Path((account, name)): Path<(String, String)>,
               headers: HeaderMap| { laml_delete(&state, &account, None, &name, &headers) };
    get(read).delete(delete)
}

fn laml_one_of_call() -> MethodRouter<Arc<Desk>> {
    type Named = Path<(String, String, String)>;
    let read =
        async |state: State<Arc<Desk>>, Path((account, call, name)): Named, request: Request| {
            laml_read(&state, &account, Some(&call), &name, request).await
        };
    let delete =
        async |state: State<Arc<Desk>>, Path((account, call, name)): Named, headers: HeaderMap| {
            laml_delete(&state, &account, Some(&call), &name, &headers)
        };
    get(read).delete(delete)
}

async fn laml_list(
    state: State<Arc<Desk>>,
    Path(account): Path<String>,
    Query(wanted): Query<Wanted>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let call = wanted.call_sid.clone();
    laml_page(&state, &account, call.as_deref(), &wanted, &request)
}

async fn laml_list_of_call(
    state: State<Arc<Desk>>,
    Path((account, call)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    laml_page(&state, &account, Some(&call), &wanted, &request)
}

fn laml_page(
    desk: &Desk,
    account: &str,
    call: Option<&str>,
    wanted: &Wanted,
    request: &Request,
) -> Result<Json<Value>, ApiError> {
    let settings = desk.settings();
    let account = admit(Vendor::Laml, &settings.accounts, account, request.headers())?;
    let all = desk.recordings.list(&account.sid, |facts| {
        call.is_none_or(|call| facts.call_sid == call)
    });
    let page = RecordingPage {
        path: request.uri().path(),
        page: number(&wanted.page).unwrap_or_default(),
        page_size: number(&wanted.page_size).unwrap_or(USUAL).clamp(1, MOST),
        call_sid: wanted.call_sid.as_deref(),
    };
    Ok(Json(recording_list(
        account.dialect,
        &all,
        page,
        &settings.public_url,
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
) -> Result<Response, ApiError> {
    let (sid, mut form) = form(name);
    let settings = desk.settings();
    let dialect = settings
        .accounts
        .iter()
        .find(|other| other.sid == account)
        .map(|account| account.dialect);
    // Without an extension Twilio gives the sound and SignalWire the description.
    if dialect == Some(Dialect::Cxml) && form == Form::Sound(None) {
        form = Form::Json;
    }
    let open = matches!(form, Form::Sound(_)) && settings.public_recordings;
    let account = if open {
        named(Vendor::Laml, &settings.accounts, account)
            .ok_or_else(|| ApiError::not_found(Vendor::Laml, "recording"))?
    } else {
        admit(Vendor::Laml, &settings.accounts, account, request.headers())?
    };
    let facts = find(desk, Vendor::Laml, &account.sid, call, sid)?;
    match form {
        Form::Json => Ok(resource(account.dialect, &facts, &settings.public_url)),
        Form::Sound(wanted) => sound(desk, Vendor::Laml, &facts, wanted, request).await,
    }
}

fn laml_delete(
    desk: &Desk,
    account: &str,
    call: Option<&str>,
    name: &str,
    headers: &HeaderMap,
) -> Result<StatusCode, ApiError> {
    let settings = desk.settings();
    let account = admit(Vendor::Laml, &settings.accounts, account, headers)?;
    let facts = find(desk, Vendor::Laml, &account.sid, call, form(name).0)?;
    is_over(Vendor::Laml, &facts)?;
    desk.recordings.delete(&facts);
    Ok(StatusCode::NO_CONTENT)
}

async fn bandwidth_list(
    State(desk): State<Arc<Desk>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    bare_list(&desk, Vendor::Bandwidth, &account, None, &headers)
}

async fn bandwidth_list_of_call(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    bare_list(&desk, Vendor::Bandwidth, &account, Some(&call), &headers)
}

async fn jambonz_list(
    State(desk): State<Arc<Desk>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    bare_list(&desk, Vendor::Jambonz, &account, None, &headers)
}

async fn jambonz_list_of_call(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    bare_list(&desk, Vendor::Jambonz, &account, Some(&call), &headers)
}

fn bare_list(
    desk: &Desk,
    vendor: Vendor,
    account: &str,
    call: Option<&str>,
    headers: &HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let settings = desk.settings();
    let account = admit(vendor, &settings.accounts, account, headers)?;
    let all = desk.recordings.list(&account.sid, |facts| {
        call.is_none_or(|call| facts.call_sid == call)
    });
    let shown = all.iter().take(UNPAGED);
    Ok(Json(
        shown
            .map(|facts| {
                account
                    .dialect
                    .recording_resource(facts, &settings.public_url)
            })
            .collect(),
    ))
}

async fn bandwidth_one(
    State(desk): State<Arc<Desk>>,
    Path((account, call, sid)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let settings = desk.settings();
    let account = admit(Vendor::Bandwidth, &settings.accounts, &account, &headers)?;
    let facts = find(&desk, Vendor::Bandwidth, &account.sid, Some(&call), &sid)?;
    Ok(resource(account.dialect, &facts, &settings.public_url))
}

async fn bandwidth_sound(
    State(desk): State<Arc<Desk>>,
    Path((account, call, sid)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    let vendor = Vendor::Bandwidth;
    let settings = desk.settings();
    let account = admit(vendor, &settings.accounts, &account, request.headers())?;
    let facts = find(&desk, vendor, &account.sid, Some(&call), &sid)?;
    sound(&desk, vendor, &facts, None, request).await
}

/// The sound goes; that there was a recording stays known.
async fn bandwidth_delete(
    State(desk): State<Arc<Desk>>,
    Path((account, call, sid)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let settings = desk.settings();
    let account = admit(Vendor::Bandwidth, &settings.accounts, &account, &headers)?;
    let facts = find(&desk, Vendor::Bandwidth, &account.sid, Some(&call), &sid)?;
    is_over(Vendor::Bandwidth, &facts)?;
    desk.recordings.delete_sound(&facts);
    Ok(StatusCode::NO_CONTENT)
}

async fn jambonz_one(
    State(desk): State<Arc<Desk>>,
    Path((account, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    let vendor = Vendor::Jambonz;
    let settings = desk.settings();
    let account = admit(vendor, &settings.accounts, &account, request.headers())?;
    let (sid, form) = form(&name);
    let facts = find(&desk, vendor, &account.sid, None, sid)?;
    match form {
        Form::Sound(Some(format)) => sound(&desk, vendor, &facts, Some(format), request).await,
        Form::Json | Form::Sound(None) => {
            Ok(resource(account.dialect, &facts, &settings.public_url))
        }
    }
}

async fn jambonz_delete(
    State(desk): State<Arc<Desk>>,
    Path((account, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let settings = desk.settings();
    let account = admit(Vendor::Jambonz, &settings.accounts, &account, &headers)?;
    let facts = find(&desk, Vendor::Jambonz, &account.sid, None, form(&name).0)?;
    is_over(Vendor::Jambonz, &facts)?;
    desk.recordings.delete(&facts);
    Ok(StatusCode::NO_CONTENT)
}

/// The newest recording of a call. The day in the path is not looked at: a call has one.
async fn jambonz_record(
    State(desk): State<Arc<Desk>>,
    Path((account, call, _, _, _, format)): Path<(String, String, String, String, String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    let vendor = Vendor::Jambonz;
    let settings = desk.settings();
    let account = admit(vendor, &settings.accounts, &account, request.headers())?;
    let format = match format.as_str() {
        "wav" => RecordingFormat::Wav,
        "mp3" => RecordingFormat::Mp3,
        _ => return Err(ApiError::not_found(vendor, "such format")),
    };
    let found = desk.recordings.list(&account.sid, |facts| {
        facts.call_sid == call && facts.state == RecordingState::Completed
    });
    let facts = found
        .first()
        .ok_or_else(|| ApiError::not_found(vendor, "recording"))?;
    sound(&desk, vendor, facts, Some(format), request).await
}

fn find(
    desk: &Desk,
    vendor: Vendor,
    account: &str,
    call: Option<&str>,
    sid: &str,
) -> Result<Arc<RecordingFacts>, ApiError> {
    desk.recordings
        .find(sid)
        .filter(|facts| facts.account_sid == account)
        .filter(|facts| call.is_none_or(|call| facts.call_sid == call))
        .ok_or_else(|| ApiError::not_found(vendor, "recording"))
}

fn is_over(vendor: Vendor, facts: &RecordingFacts) -> Result<(), ApiError> {
    match facts.state {
        RecordingState::InProgress | RecordingState::Paused => Err(ApiError::new(
            vendor,
            StatusCode::CONFLICT,
            "the recording is not over yet",
        )),
        RecordingState::Completed | RecordingState::Absent | RecordingState::Failed => Ok(()),
    }
}

fn resource(dialect: Dialect, facts: &RecordingFacts, public_url: &str) -> Response {
    Json(dialect.recording_resource(facts, public_url)).into_response()
}

async fn sound(
    desk: &Desk,
    vendor: Vendor,
    facts: &RecordingFacts,
    wanted: Option<RecordingFormat>,
    request: Request,
) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found(vendor, "sound of this recording");
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
        Err(error) => Err(ApiError::new(
            vendor,
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the recording cannot be read: {error}"),
        )),
    }
}
