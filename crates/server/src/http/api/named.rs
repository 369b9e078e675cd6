//! What a path names: an account, one of its calls, a recording.

use axum::extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams};
use axum::http::request::Parts;
use hookflash_dialects::rest::ApiReason;

use super::refused::Refused;
use super::tenant::Vendor;

/// The account.
#[derive(Debug)]
pub(super) struct AccountSid(pub(super) String);

/// The identifier of a call, without the ending that names the format.
#[derive(Debug)]
pub(super) struct CallSid(pub(super) String);

/// The name of a recording, with the ending that names the format, if any.
#[derive(Debug)]
pub(super) struct Name(pub(super) String);

/// An identifier without the ending that names the format.
pub(super) fn bare(name: &str) -> &str {
    name.strip_suffix(".json").unwrap_or(name)
}

/// The part of the path that its route calls like this.
async fn part(parts: &mut Parts, called: &str) -> Result<Option<String>, Refused> {
    let all = RawPathParams::from_request_parts(parts, &()).await;
    let all = all.map_err(|error| {
        let dialect = Vendor::of(parts.uri.path()).dialect();
        Refused::new(dialect, ApiReason::Malformed, error.body_text())
    })?;
    let found = all.iter().find(|(name, _)| *name == called);
    Ok(found.map(|(_, value)| value.to_owned()))
}

/// As [`part`], of a path that has it.
async fn certain(parts: &mut Parts, called: &str) -> Result<String, Refused> {
    let found = part(parts, called).await?;
    let dialect = Vendor::of(parts.uri.path()).dialect();
    found.ok_or_else(|| Refused::not_found(dialect, called))
}

impl<S: Sync> FromRequestParts<S> for AccountSid {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<AccountSid, Refused> {
        certain(parts, "account").await.map(AccountSid)
    }
}

impl CallSid {
    /// Only what ends the path ends in a format.
    fn read(parts: &Parts, given: String) -> CallSid {
        let is_last = parts.uri.path().rsplit('/').next() == Some(&*given);
        match Vendor::of(parts.uri.path()) {
            Vendor::Laml if is_last => CallSid(bare(&given).to_owned()),
            Vendor::Laml | Vendor::Bandwidth | Vendor::Jambonz => CallSid(given),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for CallSid {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<CallSid, Refused> {
        let given = certain(parts, "call").await?;
        Ok(CallSid::read(parts, given))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CallSid {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<CallSid>, Refused> {
        let given = part(parts, "call").await?;
        Ok(given.map(|given| CallSid::read(parts, given)))
    }
}

impl<S: Sync> FromRequestParts<S> for Name {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Name, Refused> {
        certain(parts, "name").await.map(Name)
    }
}
