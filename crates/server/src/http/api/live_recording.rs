//! Recordings of calls that run: begun, paused, resumed and ended through the API.

use std::sync::Arc;

use axum::extract::State;
use hookflash_call::CommandRefused;
use hookflash_dialects::rest::ApiReason;
use hookflash_dialects::{CallAction, CallUpdate, RecordingFacts, RecordingState};
use hookflash_program::BackgroundRecording;

use super::Answer;
use super::body::Sent;
use super::calls::{broken, runs};
use super::named::{CallSid, Name, bare};
use super::refused::{Refused, response};
use super::tenant::Tenant;
use crate::http::Desk;
use crate::placing::{self, NotUpdated};

/// The name of whichever recording runs; a call has one at a time.
const CURRENT: &str = "Twilio.CURRENT";

/// Begins a recording.
pub(super) async fn begin(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    CallSid(call): CallSid,
    sent: Sent,
) -> Answer {
    let dialect = tenant.dialect();
    runs(&desk, &tenant, &call).await?;
    let order = dialect
        .read_recording(sent.as_body())
        .map_err(|fault| Refused::of(dialect, fault))?;
    let start = BackgroundRecording::Start(order);
    let recording = carry_out(&desk, &tenant, &call, start).await?;
    Ok(response(
        dialect.recording_begun(&recording, &tenant.settings.public_url),
    ))
}

/// Changes the recording of this name.
pub(super) async fn change(
    desk: State<Arc<Desk>>,
    tenant: Tenant,
    (CallSid(call), Name(name)): (CallSid, Name),
    sent: Sent,
) -> Answer {
    let name = bare(&name);
    if name != CURRENT {
        let found = desk.recordings.find(tenant.sid(), name).await;
        let found = found
            .map_err(|error| broken(&tenant, &error))?
            .filter(|facts| facts.call_sid == call)
            .ok_or_else(|| tenant.not_found("recording"))?;
        if !matches!(
            found.state,
            RecordingState::InProgress | RecordingState::Paused
        ) {
            return Err(tenant.refuse(ApiReason::CallState, "the recording is over"));
        }
    }
    change_current(desk, tenant, CallSid(call), sent).await
}

/// Changes the recording that runs.
pub(super) async fn change_current(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    CallSid(call): CallSid,
    sent: Sent,
) -> Answer {
    let dialect = tenant.dialect();
    runs(&desk, &tenant, &call).await?;
    let change = dialect
        .read_recording_change(sent.as_body())
        .map_err(|fault| Refused::of(dialect, fault))?;
    let recording = carry_out(&desk, &tenant, &call, change.clone()).await?;
    Ok(response(dialect.recording_changed(
        &recording,
        &change,
        &tenant.settings.public_url,
    )))
}

async fn carry_out(
    desk: &Desk,
    tenant: &Tenant,
    call: &str,
    recording: BackgroundRecording,
) -> Result<Arc<RecordingFacts>, Refused> {
    let update = CallUpdate {
        action: Some(CallAction::Recording(recording)),
        ..CallUpdate::default()
    };
    let updated = match placing::update(desk, tenant.sid(), call, update).await {
        Ok(updated) => updated,
        // None runs that could be changed, or one runs already.
        Err(NotUpdated::Refused(CommandRefused::CannotBeDone(why))) => {
            return Err(tenant.refuse(ApiReason::CallState, why));
        }
        Err(why) => return Err(Refused::not_updated(tenant.dialect(), &why)),
    };
    let missing = || tenant.not_found("recording");
    let sid = updated.recording.ok_or_else(missing)?;
    let found = desk.recordings.find(tenant.sid(), &sid).await;
    found
        .map_err(|error| broken(tenant, &error))?
        .ok_or_else(missing)
}
