//! Every setting as a typed value. What the keys mean to an operator stands in the
//! configuration page of the documentation; the field names are the keys.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_media::Codec;
use hookflash_program::HookMethod;
use hookflash_sip::Credentials;
use hookflash_sip::digest::Hash;
use ipnet::IpNet;
use serde::{Serialize, Serializer};

use super::duration;
use super::listen::Listen;
use super::pattern::Pattern;
use super::secret::Secret;
use super::size;
use super::speech::Speech;

/// The effective configuration.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// How many threads run calls.
    pub shards: usize,
    /// SIP.
    pub sip: Sip,
    /// The HTTP listener.
    pub http: Http,
    /// RTP.
    pub media: Media,
    /// Recordings.
    pub recordings: Recordings,
    /// Where records are kept.
    pub store: Store,
    /// Text to speech and speech to text.
    pub speech: Speech,
    /// Transfers.
    pub transfer: Transfer,
    /// Requests to applications.
    pub webhook: Webhook,
    /// Limits of admission.
    pub limits: Limits,
    /// How the server stops.
    pub shutdown: Shutdown,
    /// Finished calls.
    pub records: Records,
    /// Logs.
    pub logs: Logs,
    /// Accounts.
    pub accounts: Vec<AccountSettings>,
    /// Applications.
    pub applications: Vec<ApplicationSettings>,
    /// Which application takes an inbound call.
    pub routes: Vec<Route>,
    /// Peers that calls come from and go to.
    pub trunks: Vec<Trunk>,
    /// Phones that authenticate with a password.
    pub users: Vec<User>,
    /// The account that was made up because `--webhook` found none of its dialect.
    #[serde(skip)]
    pub made_up_account: Option<String>,
    /// What the operator should know although nothing is wrong.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// SIP.
#[derive(Clone, Debug, Serialize)]
pub struct Sip {
    /// Addresses to listen on.
    pub listen: Vec<Listen>,
    /// Host written into Via, Contact and SDP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertise: Option<String>,
    /// Hosts that mean this server.
    pub domains: Vec<String>,
    /// Name servers that are asked where calls go; the system's when there are none.
    pub dns: Vec<SocketAddr>,
    /// Hash functions of the digest challenges that we send, the preferred one first.
    #[serde(serialize_with = "hashes")]
    pub digest: Vec<Hash>,
    /// Who may call in beyond trunks and loopback.
    pub accept: Accept,
    /// RFC 3261 timer T1.
    #[serde(serialize_with = "duration::serialize")]
    pub t1: Duration,
    /// RFC 3261 timer T2.
    #[serde(serialize_with = "duration::serialize")]
    pub t2: Duration,
    /// RFC 3261 timer T4.
    #[serde(serialize_with = "duration::serialize")]
    pub t4: Duration,
    /// Session interval that we ask for (RFC 4028); zero asks for none.
    #[serde(serialize_with = "duration::serialize")]
    pub session_expires: Duration,
    /// Least session interval that we agree to.
    #[serde(serialize_with = "duration::serialize")]
    pub min_se: Duration,
    /// TLS; kept for a later release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// Who may call in beyond trunks and loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// Nobody.
    Known,
    /// Everybody.
    Anyone,
}

/// Certificate and key of TLS listeners.
#[derive(Clone, Debug, Serialize)]
pub struct Tls {
    /// PEM file with the chain.
    pub certificate: PathBuf,
    /// PEM file with the key.
    pub key: PathBuf,
}

/// The HTTP listener.
#[derive(Clone, Debug, Serialize)]
pub struct Http {
    /// Its address.
    pub listen: SocketAddr,
    /// Base of the URLs that point at this server, without trailing slash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Opens our own view to clients that are not on loopback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_token: Option<Secret>,
    /// How many requests each account may make of the REST APIs per second; 0 is no limit.
    pub requests_per_second: u32,
}

/// RTP.
#[derive(Clone, Debug, Serialize)]
pub struct Media {
    /// The range of UDP ports.
    pub ports: Ports,
    /// Codecs in order of preference.
    #[serde(serialize_with = "codecs")]
    pub codecs: Vec<Codec>,
    /// SRTP.
    pub srtp: Srtp,
    /// For how long a peer may send nothing; zero for ever.
    #[serde(serialize_with = "duration::serialize")]
    pub rtp_timeout: Duration,
    /// The folder that `file:` URLs of documents reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PathBuf>,
    /// The largest audio file, in bytes.
    #[serde(serialize_with = "size::serialize")]
    pub prompt_max_size: u64,
    /// The longest audio file.
    #[serde(serialize_with = "duration::serialize")]
    pub prompt_max_length: Duration,
    /// How much decoded audio is kept in memory, in bytes.
    #[serde(serialize_with = "size::serialize")]
    pub prompt_cache: u64,
}

/// Recordings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recordings {
    /// The folder that they are written to.
    pub folder: PathBuf,
    /// Whether their sound is given without a password to whoever knows its URL.
    pub public: bool,
    /// For how long they are kept; until they are deleted when absent.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "duration::serialize_optional"
    )]
    pub keep: Option<Duration>,
}

/// An inclusive range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl Ports {
    /// How many even ports there are.
    pub fn even(&self) -> usize {
        let first = self.first.saturating_add(self.first % 2);
        (first..=self.last).step_by(2).count()
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}-{}", self.first, self.last))
    }
}

/// Whether media is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Never.
    Off,
    /// When the peer offers it.
    Optional,
}

/// Where records are kept.
#[derive(Clone, Debug, Serialize)]
pub struct Store {
    /// `sqlite://FILE`, `sqlite::memory:` or `postgres://…`.
    #[serde(serialize_with = "url")]
    pub url: String,
    /// Names this server among those that share a database.
    pub node: String,
    /// SQLite: how large the file may grow, in bytes. No key of the file sets it: it is for tests
    /// of full disks.
    #[serde(skip)]
    pub max_bytes: Option<u64>,
}

impl Store {
    /// Whether what is kept ends with the process.
    pub fn is_memory(&self) -> bool {
        self.url.ends_with(":memory:")
    }
}

/// Transfers.
#[derive(Clone, Debug, Serialize)]
pub struct Transfer {
    /// How long the final NOTIFY may take, per dialect.
    pub final_notify_timeout: FinalNotifyTimeout,
    /// The longest that a transfer may take in all.
    #[serde(serialize_with = "duration::serialize")]
    pub max_duration: Duration,
    /// Whether Referred-By is added when the document gives none.
    pub referred_by: bool,
    /// The Refer-Sub header of our REFERs (RFC 4488); without it none is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refer_sub: Option<bool>,
    /// How long the referred party is given to hang up before further verbs run.
    #[serde(serialize_with = "duration::serialize")]
    pub grace_after_success: Duration,
    /// Status with which a peer's REFER is accepted.
    pub accept_code: u16,
    /// What happens when the far end refuses.
    pub on_refused: OnRefused,
    /// Targets that Refer-To and Dial may reach.
    pub allow_targets: Vec<Pattern>,
}

/// How long the final NOTIFY may take, per dialect.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FinalNotifyTimeout {
    /// TwiML.
    #[serde(serialize_with = "duration::serialize")]
    pub twiml: Duration,
    /// cXML.
    #[serde(serialize_with = "duration::serialize")]
    pub cxml: Duration,
    /// BXML.
    #[serde(serialize_with = "duration::serialize")]
    pub bxml: Duration,
    /// jambonz.
    #[serde(serialize_with = "duration::serialize")]
    pub jambonz: Duration,
}

impl FinalNotifyTimeout {
    /// The limit of one dialect.
    pub fn of(&self, dialect: Dialect) -> Duration {
        match dialect {
            Dialect::Twiml => self.twiml,
            Dialect::Cxml => self.cxml,
            Dialect::Bxml => self.bxml,
            Dialect::Jambonz => self.jambonz,
        }
    }
}

/// What happens when the far end refuses REFER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnRefused {
    /// The application is told.
    Report,
    /// The target is called and bridged; kept for a later release.
    Bridge,
}

/// Requests to applications.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Webhook {
    /// Whether loopback, private and link-local addresses may be asked.
    pub allow_private_networks: bool,
    /// For how long a final status callback is tried.
    #[serde(serialize_with = "duration::serialize")]
    pub owed_for: Duration,
}

/// Limits of admission.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Calls at a time.
    pub calls: u32,
    /// New calls per second; 0 is no limit.
    pub calls_per_second: u32,
}

/// How the server stops.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Shutdown {
    /// How long calls may go on.
    #[serde(serialize_with = "duration::serialize")]
    pub grace: Duration,
}

/// Finished calls.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Records {
    /// How many are kept in memory, with all that happened on them.
    pub max: u32,
    /// For how long their records are kept.
    #[serde(serialize_with = "duration::serialize")]
    pub keep: Duration,
}

/// Logs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Logs {
    /// Whether numbers and URIs are written in full.
    pub personal_data: bool,
}

/// An account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountSettings {
    /// Identifier in the dialect's own form.
    pub sid: String,
    /// Its dialect.
    #[serde(serialize_with = "display")]
    pub dialect: Dialect,
    /// REST user.
    pub auth_user: String,
    /// REST password or API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_token: Option<Secret>,
    /// Key that signs webhooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<Secret>,
    /// HTTP Basic user towards the application (BXML).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_user: Option<String>,
    /// Its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_password: Option<Secret>,
}

/// An application.
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationSettings {
    /// Its name.
    pub name: String,
    /// Identifier in the dialect's own form.
    pub sid: String,
    /// The `sid` of its account.
    pub account: String,
    /// Where its documents come from.
    #[serde(flatten)]
    pub source: Source,
    /// Method of the first request.
    #[serde(serialize_with = "method")]
    pub method: HookMethod,
    /// Asked when a document cannot be had.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_url"
    )]
    pub fallback_url: Option<String>,
    /// Told about the call's status.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_url"
    )]
    pub status_callback: Option<String>,
    /// Told Voice Gateway events.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_url"
    )]
    pub events_url: Option<String>,
}

/// Where an application's documents come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A web application at this URL.
    Url(#[serde(serialize_with = "url")] String),
    /// A file that every call runs.
    Document(PathBuf),
}

/// Which application takes an inbound call.
#[derive(Clone, Debug, Serialize)]
pub struct Route {
    /// User part, `user@host` or number.
    pub to: Pattern,
    /// Name or `sid` of the application.
    pub application: String,
}

/// A peer that calls come from and go to.
#[derive(Clone, Debug, Serialize)]
pub struct Trunk {
    /// Its name.
    pub name: String,
    /// Where calls to it go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Which numbers go to it.
    pub numbers: Vec<Pattern>,
    /// Which hosts go through it.
    pub hosts: Vec<Pattern>,
    /// Digest user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Digest password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Addresses that it may call from.
    pub from: Vec<IpNet>,
    /// Whether we register with it.
    pub register: bool,
}

impl Trunk {
    /// What it is shown when it asks for a password.
    pub(crate) fn credentials(&self) -> Vec<Credentials> {
        let both = self.username.as_ref().zip(self.password.as_ref());
        let credentials = both.map(|(username, password)| Credentials {
            username: username.clone(),
            password: password.reveal().to_owned(),
            realm: None,
        });
        credentials.into_iter().collect()
    }
}

/// A phone that authenticates with a password.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// User part.
    pub name: String,
    /// Host part, and digest realm.
    pub domain: String,
    /// Password.
    pub password: Secret,
    /// What it may call itself beside its name: patterns for the user part of From.
    pub identities: Vec<Pattern>,
}

fn display<T: std::fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

fn hashes<S: Serializer>(value: &[Hash], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(value.iter().map(|hash| hash.name()))
}

fn codecs<S: Serializer>(value: &[Codec], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(value.iter().map(ToString::to_string))
}

fn method<S: Serializer>(value: &HookMethod, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match value {
        HookMethod::Get => "GET",
        HookMethod::Post => "POST",
    })
}

/// A URL may hold the password of the application.
fn url<S: Serializer>(value: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&without_password(value))
}

fn optional_url<S: Serializer>(value: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => url(value, to),
        None => to.serialize_none(),
    }
}

/// `http://user:********@host/path`; everything else stays as it is.
fn without_password(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Cow::Borrowed(url);
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let credentials = authority
        .rsplit_once('@')
        .map(|(credentials, _)| credentials);
    let Some((user, password)) = credentials.and_then(|both| both.split_once(':')) else {
        return Cow::Borrowed(url);
    };
    let after = rest
        .get(user.len() + 1 + password.len()..)
        .unwrap_or_default();
    Cow::Owned(format!("{scheme}://{user}:********{after}"))
}
