//! The REST APIs of the four vendors.
//!
//! A request is admitted ([`tenant`]), what its path names and its body brings is read ([`named`],
//! [`body`]), and what it asks for done ([`calls`], [`recordings`]) in nobody's vocabulary;
//! [`hookflash_dialects::rest`] has the words. Each vendor has a file with its paths. Nobody sees
//! or touches what another account has, by whatever path.

mod bandwidth;
mod body;
mod calls;
mod jambonz;
mod laml;
mod live_recording;
mod meter;
mod named;
mod oauth2;
mod rate;
mod recordings;
mod refused;
mod tenant;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hookflash_dialects::rest::ApiReason;

pub(crate) use meter::{Meter, measure};
pub(crate) use rate::Rates;
use refused::Refused;
use tenant::{Vendor, admit};

use super::Desk;
use super::client::Client;

/// What a handler gives.
type Answer = Result<Response, Refused>;

/// All paths of all vendors.
pub(crate) fn routes() -> Router<Arc<Desk>> {
    laml::routes()
        .merge(bandwidth::routes())
        .merge(jambonz::routes())
}

/// What is replied to a request for a path that is not there; `None` when it is below no API. Only
/// who has the account of the path is told, or any account when the path names none.
pub(crate) fn nowhere(
    desk: &Desk,
    client: Client,
    headers: &HeaderMap,
    uri: &Uri,
) -> Option<Response> {
    let vendor = Vendor::find(uri.path())?;
    Some(
        match admit(desk, vendor, account_of(uri.path()), headers, client) {
            Ok(tenant) => {
                let message = tenant.dialect().nowhere(uri.path());
                tenant.refuse(ApiReason::NotFound, message).into_response()
            }
            Err(refused) => refused.into_response(),
        },
    )
}

/// The same for a path that does not know the method of the request. Which ones it knows axum
/// puts into `Allow`, which is all that OPTIONS asks for.
pub(crate) fn wrong_method(
    desk: &Desk,
    client: Client,
    method: &Method,
    headers: &HeaderMap,
    uri: &Uri,
) -> Option<Response> {
    let vendor = Vendor::find(uri.path())?;
    if method == Method::OPTIONS {
        return Some(StatusCode::NO_CONTENT.into_response());
    }
    Some(
        match admit(desk, vendor, account_of(uri.path()), headers, client) {
            Ok(tenant) => {
                let message = "this path does not know this method";
                tenant.refuse(ApiReason::Method, message).into_response()
            }
            Err(refused) => refused.into_response(),
        },
    )
}

/// The account of a path: what follows `Accounts`, without the ending that names the format.
fn account_of(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    parts.find(|part| part.eq_ignore_ascii_case("accounts"))?;
    let named = parts.next().map(named::bare)?;
    Some(named).filter(|named| !named.is_empty())
}
