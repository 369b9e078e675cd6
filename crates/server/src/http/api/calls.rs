//! What the APIs can do with calls, whatever vendor's words it is asked for in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use hookflash_call::CommandRefused;
use hookflash_dialects::rest::{ApiReason, Listing};
use hookflash_dialects::{CallAction, CallFacts, CallState, CallUpdate, Moment};
use hookflash_sip::reason_phrase;

use super::Answer;
use super::body::{self, Sent};
use super::named::CallSid;
use super::refused::{Refused, response};
use super::tenant::Tenant;
use crate::http::Desk;
use crate::placing::{self, NotUpdated, Updated};

/// Says what a list may lack.
const INCOMPLETE: &str = "hookflash-incomplete";

/// Places a call. It is replied to when a crash can no longer make it be forgotten.
pub(super) async fn create(State(desk): State<Arc<Desk>>, tenant: Tenant, sent: Sent) -> Answer {
    let dialect = tenant.dialect();
    let new = dialect
        .read_order(&tenant, sent.as_body())
        .map_err(|fault| Refused::of(dialect, fault))?;
    let call = placing::place(&desk, new.order)
        .await
        .map_err(|why| Refused::not_placed(dialect, &why))?;
    let reply = call.facts(|facts| dialect.call_created(facts, new.repeated));
    Ok(response(reply))
}

/// What is known of a call of the account: one that runs, or one that is over and kept.
pub(crate) async fn find(desk: &Desk, tenant: &Tenant, sid: &str) -> Result<CallFacts, Refused> {
    let in_memory = desk
        .ledger
        .find(sid)
        .map(|call| call.facts(CallFacts::clone));
    let found = match in_memory {
        Some(facts) => Some(facts).filter(|facts| facts.application.account.sid == tenant.sid()),
        None => desk
            .records
            .find(tenant.sid(), sid)
            .await
            .map_err(|error| broken(tenant, &error))?,
    };
    found.ok_or_else(|| tenant.not_found("such call"))
}

/// Shows a call.
pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    CallSid(sid): CallSid,
) -> Answer {
    let facts = find(&desk, &tenant, &sid).await?;
    Ok(axum::Json(tenant.dialect().call_resource(&facts)).into_response())
}

/// Shows part of the list of calls.
pub(super) async fn list(State(desk): State<Arc<Desk>>, tenant: Tenant, uri: Uri) -> Answer {
    let dialect = tenant.dialect();
    let query = body::query(dialect, &uri)?;
    let wanted = dialect
        .read_list(&query)
        .map_err(|fault| Refused::of(dialect, fault))?;
    let page = desk
        .records
        .list(&desk.ledger, tenant.sid(), dialect, &wanted)
        .await;
    let listing = Listing {
        path: uri.path(),
        query: &query,
        page: &wanted.page,
        next: page.next,
        public_url: &tenant.settings.public_url,
    };
    let mut reply = dialect.call_list(&page.calls, listing);
    if let Some(lacks) = page.lacks {
        // No vendor's list has a place for it.
        reply.headers.push((INCOMPLETE, lacks.to_owned()));
    }
    Ok(response(reply))
}

/// Changes a call as the request says.
pub(super) async fn change(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    CallSid(sid): CallSid,
    sent: Sent,
) -> Answer {
    let dialect = tenant.dialect();
    let facts = runs(&desk, &tenant, &sid).await?;
    let updates = dialect
        .read_update(sent.as_body())
        .map_err(|fault| Refused::of(dialect, fault))?;
    for update in &updates {
        leads_somewhere(&tenant, &facts, update)?;
    }
    let mut answer = None;
    for update in updates {
        answer = tell(&desk, &tenant, &sid, update)
            .await?
            .peer_status
            .or(answer);
    }
    let facts = find(&desk, &tenant, &sid).await?;
    let answer = answer.map(|status| (status, reason_phrase(status)));
    Ok(response(dialect.call_updated(&facts, answer)))
}

/// A document is not interrupted for one that nobody could be asked for.
fn leads_somewhere(tenant: &Tenant, facts: &CallFacts, update: &CallUpdate) -> Result<(), Refused> {
    if let Some(CallAction::Redirect(hook)) = &update.action {
        let request = tenant
            .dialect()
            .request(facts, "", &Moment::Redirected(hook));
        request.map_err(|error| tenant.refuse(ApiReason::Invalid, error.to_string()))?;
    }
    Ok(())
}

/// Has a call do one thing.
pub(crate) async fn tell(
    desk: &Desk,
    tenant: &Tenant,
    sid: &str,
    update: CallUpdate,
) -> Result<Updated, Refused> {
    placing::update(desk, tenant.sid(), sid, update)
        .await
        .map_err(|why| Refused::not_updated(tenant.dialect(), &why))
}

/// Finds a call that can be told something. What a request asks of any other is not even read.
pub(crate) async fn runs(desk: &Desk, tenant: &Tenant, sid: &str) -> Result<CallFacts, Refused> {
    let facts = find(desk, tenant, sid).await?;
    match facts.state {
        CallState::Ended(_) => Err(over(tenant)),
        _ => Ok(facts),
    }
}

fn over(tenant: &Tenant) -> Refused {
    let over = NotUpdated::Refused(CommandRefused::Over);
    Refused::not_updated(tenant.dialect(), &over)
}

/// Ends a call. One that ended meanwhile is as good as ended now.
pub(crate) async fn hang_up(desk: &Desk, tenant: &Tenant, sid: &str) -> Result<(), Refused> {
    let hang_up = CallUpdate {
        action: Some(CallAction::HangUp),
        ..CallUpdate::default()
    };
    match placing::update(desk, tenant.sid(), sid, hang_up).await {
        Ok(_) | Err(NotUpdated::Refused(CommandRefused::Over)) => Ok(()),
        Err(why) => Err(Refused::not_updated(tenant.dialect(), &why)),
    }
}

/// Deletes the record of a call that is over.
pub(super) async fn delete(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    CallSid(sid): CallSid,
) -> Answer {
    let facts = find(&desk, &tenant, &sid).await?;
    if !matches!(facts.state, CallState::Ended(_)) {
        let message = "the call is not over yet; end it first";
        return Err(tenant.refuse(ApiReason::CallRuns, message));
    }
    // First in memory, so that nothing of it is written again.
    desk.ledger.forget(&sid);
    desk.records
        .delete(tenant.sid(), &sid)
        .await
        .map_err(|error| broken(&tenant, &error))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The store does not do what it should. It has said more in the log.
pub(super) fn broken(tenant: &Tenant, error: &dyn std::error::Error) -> Refused {
    tracing::warn!(%error, "an API request could not be answered");
    tenant.refuse(
        ApiReason::Broken,
        "the records cannot be read at the moment",
    )
}
