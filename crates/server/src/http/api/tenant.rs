//! Who asks: the account that a request speaks for.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::RequestPartsExt;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookflash_dialects::rest::{ApiReason, Directory};
use hookflash_dialects::{Account, Application, Dialect};

use super::named::AccountSid;
use super::oauth2;
use super::refused::Refused;
use crate::config::AccountSettings;
use crate::http::access::{bearer, same};
use crate::http::client::Client;
use crate::http::{Desk, Settings};
use crate::switchboard::{Switchboard, account_of};

/// What is replied to clients that tried too many wrong passwords.
pub(super) const GUESSING: &str =
    "too many wrong passwords came from this address; come back later";

/// When a rate that was exceeded has room again.
const COME_BACK: Duration = Duration::from_secs(1);

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
    /// Where the path of each API begins.
    const PREFIXES: [(&str, Vendor); 6] = [
        ("/2010-04-01/", Vendor::Laml),
        ("/api/laml/", Vendor::Laml),
        ("/api/v1/", Vendor::Bandwidth),
        ("/api/v2/", Vendor::Bandwidth),
        ("/accounts/", Vendor::Bandwidth),
        ("/v1/", Vendor::Jambonz),
    ];

    /// Whose API a path belongs to, if to any.
    pub(crate) fn find(path: &str) -> Option<Vendor> {
        let mut prefixes = Vendor::PREFIXES.iter();
        let found = prefixes.find(|(prefix, _)| path.starts_with(prefix));
        found.map(|(_, vendor)| *vendor)
    }

    /// Whose API a path of an API belongs to.
    pub(crate) fn of(path: &str) -> Vendor {
        Vendor::find(path).unwrap_or(Vendor::Laml)
    }

    fn speaks(self, dialect: Dialect) -> bool {
        match self {
            Vendor::Laml => matches!(dialect, Dialect::Twiml | Dialect::Cxml),
            Vendor::Bandwidth => dialect == Dialect::Bxml,
            Vendor::Jambonz => dialect == Dialect::Jambonz,
        }
    }

    /// The dialect of refusals to those of whom nothing is known.
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Vendor::Laml => Dialect::Twiml,
            Vendor::Bandwidth => Dialect::Bxml,
            Vendor::Jambonz => Dialect::Jambonz,
        }
    }
}

/// The account that a request speaks for, and what the configuration says at that moment.
pub(crate) struct Tenant {
    pub(crate) account: Account,
    pub(crate) settings: Arc<Settings>,
    board: Arc<Switchboard>,
}

impl Tenant {
    pub(crate) fn sid(&self) -> &str {
        &self.account.sid
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.account.dialect
    }

    pub(crate) fn refuse(&self, reason: ApiReason, message: impl Into<String>) -> Refused {
        Refused::new(self.dialect(), reason, message)
    }

    pub(crate) fn not_found(&self, what: &str) -> Refused {
        Refused::not_found(self.dialect(), what)
    }

    fn new(desk: &Desk, settings: Arc<Settings>, account: &AccountSettings) -> Tenant {
        Tenant {
            account: account_of(account),
            settings,
            board: desk.board(),
        }
    }
}

impl Directory for Tenant {
    fn account(&self) -> &Account {
        &self.account
    }

    fn application(&self, named: &str) -> Option<Arc<Application>> {
        self.board.application(self.sid(), named)
    }
}

impl FromRequestParts<Arc<Desk>> for Tenant {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Tenant, Refused> {
        let AccountSid(sid) = parts.extract().await?;
        let client = Client::new(&parts.extensions, &parts.headers);
        let vendor = Vendor::of(parts.uri.path());
        let tenant = admit(desk, vendor, Some(&sid), &parts.headers, client)?;
        // For refusals of what else the request brings.
        parts.extensions.insert(tenant.dialect());
        Ok(tenant)
    }
}

/// Finds the account of a path, and whether the request may speak for it now. A path that names
/// none is any account's.
pub(crate) fn admit(
    desk: &Desk,
    vendor: Vendor,
    path_sid: Option<&str>,
    headers: &HeaderMap,
    client: Client,
) -> Result<Tenant, Refused> {
    let refuse = |reason, message: &str| Refused::new(vendor.dialect(), reason, message);
    if let Some(left) = desk.shut_out(client) {
        return Err(refuse(ApiReason::TooMany, GUESSING).after(left));
    }
    let settings = desk.settings();
    let theirs = all_of(vendor, &settings.accounts, headers);
    if theirs.is_empty() && is_guess(&settings.accounts, headers) {
        desk.wrong_password(client);
    }
    let is_named = |account: &&&AccountSettings| path_sid.is_none_or(|sid| account.sid == sid);
    let account = match theirs.iter().find(is_named) {
        Some(account) => *account,
        None if theirs.is_empty() || vendor == Vendor::Laml => {
            let message = match vendor {
                Vendor::Laml | Vendor::Bandwidth => {
                    "authenticate with the account's user and token"
                }
                Vendor::Jambonz => "send Authorization: Bearer with the account's token",
            };
            return Err(refuse(ApiReason::Unauthenticated, message));
        }
        None => {
            let message = "these credentials are another account's";
            return Err(refuse(ApiReason::Forbidden, message));
        }
    };
    if !settings.rates.take(&account.sid, Instant::now()) {
        let message = "more requests per second than http.requests_per_second allows";
        let refused = Refused::new(account.dialect, ApiReason::TooMany, message);
        return Err(refused.after(COME_BACK));
    }
    Ok(Tenant::new(desk, Arc::clone(&settings), account))
}

/// The account of a path, for what needs no password.
pub(crate) fn named(desk: &Desk, vendor: Vendor, path_sid: &str) -> Option<Tenant> {
    let settings = desk.settings();
    let mut accounts = settings.accounts.iter();
    let found = accounts.find(|a| vendor.speaks(a.dialect) && a.sid == path_sid)?;
    Some(Tenant::new(desk, Arc::clone(&settings), found))
}

/// The dialect of an account, or that of refusals when there is no such account.
pub(super) fn dialect_of(settings: &Settings, vendor: Vendor, path_sid: &str) -> Dialect {
    let mut accounts = settings.accounts.iter();
    let found = accounts.find(|a| vendor.speaks(a.dialect) && a.sid == path_sid);
    found.map_or(vendor.dialect(), |account| account.dialect)
}

/// The accounts that a request's credentials fit.
fn all_of<'a>(
    vendor: Vendor,
    accounts: &'a [AccountSettings],
    headers: &HeaderMap,
) -> Vec<&'a AccountSettings> {
    let basic = basic(headers);
    let bearer = bearer(headers);
    let now = SystemTime::now();
    let fits = |account: &&AccountSettings| {
        let Some(token) = token(account) else {
            return false;
        };
        let by_basic = || {
            basic.as_ref().is_some_and(|(user, password)| {
                // Both are always compared, so that time does not tell which was wrong.
                same(user.as_bytes(), account.auth_user.as_bytes())
                    & same(password.as_bytes(), token.as_bytes())
            })
        };
        let by_bearer = |fits: &dyn Fn(&str) -> bool| bearer.is_some_and(fits);
        match vendor {
            Vendor::Laml => by_basic(),
            Vendor::Bandwidth => {
                by_basic()
                    || by_bearer(&|given| oauth2::fits(given, &account.auth_user, token, now))
            }
            Vendor::Jambonz => by_bearer(&|given| same(given.as_bytes(), token.as_bytes())),
        }
    };
    accounts
        .iter()
        .filter(|account| vendor.speaks(account.dialect))
        .filter(fits)
        .collect()
}

/// Whether credentials that fit no account were made up. A token that was good until a moment ago
/// is none: its client has many requests under way, and will ask for another.
fn is_guess(accounts: &[AccountSettings], headers: &HeaderMap) -> bool {
    let was_good = |given| {
        accounts.iter().any(|account| {
            token(account).is_some_and(|token| oauth2::is_ours(given, &account.auth_user, token))
        })
    };
    headers.contains_key(header::AUTHORIZATION) && !bearer(headers).is_some_and(was_good)
}

/// The token of an account; one without has no API.
pub(super) fn token(account: &AccountSettings) -> Option<&str> {
    let token = account.auth_token.as_ref()?.reveal();
    Some(token).filter(|token| !token.is_empty())
}

/// User and password of HTTP Basic.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
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
