//! Bandwidth's tokens: a client shows its user and password once, and then a token for an hour
//! (RFC 6749 section 4.4).
//!
//! A token says who it is for and how long, and proves that with the account's own secret. So it
//! outlives a restart, holds on every node, and ends when the secret is changed.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use hookflash_dialects::Dialect;
use serde_json::json;
use sha2::Sha256;

use super::body::Sent;
use super::tenant::{GUESSING, basic, token};
use crate::http::access::same;
use crate::http::client::Client;
use crate::http::refusal::whole_seconds;
use crate::http::{Desk, Settings};

/// For how long a token is good.
const LASTS: Duration = Duration::from_secs(3600);

/// Sets these signatures apart from all others that are made with the same secret.
const PURPOSE: &[u8] = b"hookflash oauth2 access token\n";

/// Bytes of the proof.
const PROOF: usize = 32;

/// `POST /api/v1/oauth2/token`.
pub(super) async fn issue(
    State(desk): State<Arc<Desk>>,
    client: Client,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    if let Some(left) = desk.shut_out(client) {
        let retry = (header::RETRY_AFTER, whole_seconds(left).to_string());
        let refused = refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "temporarily_unavailable",
            GUESSING,
        );
        return ([retry], refused).into_response();
    }
    let Sent::Form(fields) = sent else {
        let why = "send the request as application/x-www-form-urlencoded";
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", why);
    };
    let field = |name: &str| {
        let found = fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.clone())
    };
    match field("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(_) => {
            let why = "grant_type must be client_credentials";
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", why);
        }
        None => {
            let why = "grant_type is required: client_credentials";
            return refuse(StatusCode::BAD_REQUEST, "invalid_request", why);
        }
    }
    let shown = basic(&headers).or_else(|| field("client_id").zip(field("client_secret")));
    let is_guess = shown.is_some();
    let known = shown.filter(|(user, secret)| is_known(&desk.settings(), user, secret));
    let Some((user, secret)) = known else {
        if is_guess {
            desk.wrong_password(client);
        }
        let why = "authenticate with the account's user and token";
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", why);
    };
    let token = make(&user, &secret, SystemTime::now() + LASTS);
    let body = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": LASTS.as_secs(),
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn is_known(settings: &Settings, user: &str, secret: &str) -> bool {
    let accounts = settings.accounts.iter();
    let mut bandwidth = accounts.filter(|account| account.dialect == Dialect::Bxml);
    bandwidth.any(|account| {
        token(account).is_some_and(|own| {
            same(user.as_bytes(), account.auth_user.as_bytes())
                & same(secret.as_bytes(), own.as_bytes())
        })
    })
}

/// An error as RFC 6749 section 5.2 has it.
fn refuse(status: StatusCode, error: &str, why: &str) -> Response {
    let body = Json(json!({ "error": error, "error_description": why }));
    let no_store = (header::CACHE_CONTROL, "no-store");
    match status {
        StatusCode::UNAUTHORIZED => {
            let challenge = (header::WWW_AUTHENTICATE, "Basic realm=\"hookflash\"");
            (status, [challenge, no_store], body).into_response()
        }
        _ => (status, [no_store], body).into_response(),
    }
}

/// A token for this user, which is good until then.
fn make(user: &str, secret: &str, until: SystemTime) -> String {
    let until = until.duration_since(UNIX_EPOCH).unwrap_or_default();
    let until = until.as_secs().to_be_bytes();
    let mut bytes = until.to_vec();
    if let Some(mac) = proof(user, secret, until) {
        bytes.extend_from_slice(&mac.finalize().into_bytes());
    }
    bytes.extend_from_slice(user.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether a token is one of this user's, and still good.
pub(crate) fn fits(given: &str, user: &str, secret: &str, now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    good_until(given, user, secret).is_some_and(|until| now < until)
}

/// Whether a token is one of this user's, good or not any more.
pub(crate) fn is_ours(given: &str, user: &str, secret: &str) -> bool {
    good_until(given, user, secret).is_some()
}

/// Until when a token of this user's is good, in seconds since 1970.
fn good_until(given: &str, user: &str, secret: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(given).ok()?;
    let (until, rest) = bytes.split_first_chunk::<8>()?;
    let (shown, named) = rest.split_first_chunk::<PROOF>()?;
    // Compared in the same time whatever differs.
    proof(user, secret, *until)?.verify(shown.into()).ok()?;
    (named == user.as_bytes()).then(|| u64::from_be_bytes(*until))
}

fn proof(user: &str, secret: &str, until: [u8; 8]) -> Option<Hmac<Sha256>> {
    // A key of any length will do.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    for part in [PURPOSE, &until, user.as_bytes()] {
        mac.update(part);
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_user_its_secret_and_its_time() {
        let now = SystemTime::now();
        let token = make("u", "secret", now + LASTS);
        assert!(fits(&token, "u", "secret", now));
        assert!(fits(
            &token,
            "u",
            "secret",
            now + LASTS - Duration::from_secs(2)
        ));
        assert!(!fits(&token, "u", "secret", now + LASTS));
        assert!(is_ours(&token, "u", "secret") && !is_ours(&token, "u", "changed"));
        assert!(!fits(&token, "v", "secret", now));
        assert!(!fits(&token, "u", "changed", now));
    }

    #[test]
    fn a_token_that_was_changed_or_made_up_is_good_for_nothing() {
        let now = SystemTime::now();
        let token = make("u", "secret", now + LASTS);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(!fits(&changed, "u", "secret", now), "byte {at}");
        }
        for made_up in [
            "",
            "x",
            "secret",
            "!!!",
            "AAAA",
            &token[..20],
            &format!("{token}AAAA"),
        ] {
            assert!(!fits(made_up, "u", "secret", now), "{made_up}");
        }
    }
}
