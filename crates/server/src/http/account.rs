//! Who may use the REST APIs of the vendors, and errors as each vendor words them.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookflash_dialects::Dialect;
use serde_json::json;

use super::access::{bearer, same};
use crate::config::AccountSettings;

/// Whose API a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vendor {
    /// Twilio's and SignalWire's.
    Laml,
    /// Bandwidth's.
    Bandwidth,
    /// jambonz's.
    Jambonz,
}

impl Vendor {
    fn speaks(self, dialect: Dialect) -> bool {
        match self {
            Vendor::Laml => matches!(dialect, Dialect::Twiml | Dialect::Cxml),
            Vendor::Bandwidth => dialect == Dialect::Bxml,
            Vendor::Jambonz => dialect == Dialect::Jambonz,
        }
    }
}

/// Why a request of an API is refused.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    vendor: Vendor,
    status: StatusCode,
    message: String,
}

impl ApiError {
    pub(crate) fn new(vendor: Vendor, status: StatusCode, message: impl Into<String>) -> ApiError {
        let message = message.into();
        ApiError {
            vendor,
            status,
            message,
        }
    }

    /// There is no such thing.
    pub(crate) fn not_found(vendor: Vendor, what: &str) -> ApiError {
        let message = format!("there is no {what} here");
        ApiError::new(vendor, StatusCode::NOT_FOUND, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, message) = (self.status, self.message);
        let number = status.as_u16();
        let mut response = match self.vendor {
            Vendor::Laml => {
                let code = match number {
                    401 | 403 => 20_003,
                    404 => 20_404,
                    429 => 20_429,
                    other => 20_000 + u32::from(other),
                };
                let more = format!("https://www.twilio.com/docs/errors/{code}");
                let body = json!({
                    "code": code, "message": message, "more_info": more, "status": number,
                });
                (status, Json(body)).into_response()
            }
            Vendor::Bandwidth => {
                let kind = match number {
                    401 => "authentication-error",
                    403 => "authorization-error",
                    404 => "not-found",
                    _ => "validation",
                };
                let body = json!({ "type": kind, "description": message, "id": null });
                (status, Json(body)).into_response()
            }
            // A 404 of this API has no body.
            Vendor::Jambonz if number == 404 => status.into_response(),
            Vendor::Jambonz => (status, Json(json!({ "msg": message }))).into_response(),
        };
        if status == StatusCode::UNAUTHORIZED {
            let challenge = match self.vendor {
                Vendor::Laml | Vendor::Bandwidth => "Basic realm=\"hookflash\"",
                Vendor::Jambonz => "Bearer realm=\"hookflash\"",
            };
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response
    }
}

/// Finds the account of a path, and whether the request may speak for it.
pub(crate) fn admit<'a>(
    vendor: Vendor,
    accounts: &'a [AccountSettings],
    path_sid: &str,
    headers: &HeaderMap,
) -> Result<&'a AccountSettings, ApiError> {
    let unknown = || {
        let message = match vendor {
            Vendor::Laml | Vendor::Bandwidth => "authenticate with the account's user and token",
            Vendor::Jambonz => "send Authorization: Bearer with the account's token",
        };
        ApiError::new(vendor, StatusCode::UNAUTHORIZED, message)
    };
    let theirs: Vec<&AccountSettings> = accounts
        .iter()
        .filter(|account| vendor.speaks(account.dialect) && fits(vendor, account, headers))
        .collect();
    if theirs.is_empty() {
        return Err(unknown());
    }
    let named = theirs.iter().find(|account| account.sid == path_sid);
    match (named, vendor) {
        (Some(account), _) => Ok(account),
        (None, Vendor::Laml) => Err(unknown()),
        (None, Vendor::Bandwidth | Vendor::Jambonz) => Err(ApiError::new(
            vendor,
            StatusCode::FORBIDDEN,
            "these credentials are another account's",
        )),
    }
}

/// The account of a path, for what needs no password.
pub(crate) fn named<'a>(
    vendor: Vendor,
    accounts: &'a [AccountSettings],
    path_sid: &str,
) -> Option<&'a AccountSettings> {
    accounts
        .iter()
        .find(|account| vendor.speaks(account.dialect) && account.sid == path_sid)
}

fn fits(vendor: Vendor, account: &AccountSettings, headers: &HeaderMap) -> bool {
    // An account without a token has no API.
    let token = account.auth_token.as_ref().map(|token| token.reveal());
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return false;
    };
    match vendor {
        Vendor::Laml | Vendor::Bandwidth => basic(headers).is_some_and(|(user, password)| {
            // Both are always compared, so that time does not tell which was wrong.
            same(user.as_bytes(), account.auth_user.as_bytes())
                & same(password.as_bytes(), token.as_bytes())
        }),
        Vendor::Jambonz => {
            bearer(headers).is_some_and(|given| same(given.as_bytes(), token.as_bytes()))
        }
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
