//! The configuration as it is looked at when a call comes in: who may call, and which
//! application answers.
//!
//! Built once per configuration and shared by the shards; a reload puts another in its place,
//! and calls that run keep theirs.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookflash_call::{CallOptions, GivenDocument, TransferOptions};
use hookflash_dialects::{
    Account, Application, CallOrder, Dialect, FetchError, HttpRequest, Reply,
};
use hookflash_media::Codec;
use hookflash_sip::header::NameAddr;
use hookflash_sip::{Flow, Uri};
use hookflash_transfer::AllowList;
use ipnet::IpNet;

use crate::config::{
    Accept, AccountSettings, ApplicationSettings, Config, OnRefused, Pattern, Source, Transfer,
};
use crate::registrations::Wanted;
use crate::shard::Limits;
use crate::static_document;
use crate::ways::Ways;

/// Stands in for the host of an application that is a fixed document; never asked (RFC 6761).
const DOCUMENTS: &str = "http://documents.hookflash.invalid/";

/// Who may call, and which application answers.
#[derive(Debug)]
pub(crate) struct Switchboard {
    routes: Vec<(Pattern, usize)>,
    applications: Vec<Line>,
    trunks: Vec<Peer>,
    users: HashMap<(String, String), Phone>,
    realms: Vec<String>,
    /// Hosts that mean this server.
    domains: Vec<String>,
    accept: Accept,
    /// Where calls go out.
    pub(crate) ways: Ways,
    /// Trunks that we are to be registered with.
    pub(crate) registrations: Vec<Wanted>,
    pub(crate) allow_private_networks: bool,
    /// For how long a peer may send no packet; `None` for ever.
    pub(crate) rtp_timeout: Option<Duration>,
    pub(crate) limits: Limits,
    usual: Usual,
}

/// What all calls have in common.
#[derive(Debug)]
struct Usual {
    public_url: Arc<str>,
    codecs: Arc<[Codec]>,
    transfer: Transfer,
    show_keys: bool,
}

impl Usual {
    fn new(config: &Config, public_url: &str) -> Usual {
        Usual {
            public_url: public_url.into(),
            codecs: config.media.codecs.as_slice().into(),
            transfer: config.transfer.clone(),
            show_keys: config.logs.personal_data,
        }
    }

    fn options(&self, application: Arc<Application>) -> CallOptions {
        let dialect = application.account.dialect;
        let mut options = CallOptions::new(application);
        options.public_url.clone_from(&self.public_url);
        options.codecs = Arc::clone(&self.codecs);
        options.transfer = transfer(&self.transfer, dialect);
        options.show_keys = self.show_keys;
        options
    }
}

/// One application with what its calls need to know, for callers of no trunk and of each.
#[derive(Debug)]
struct Line {
    document: Option<Arc<Template>>,
    stranger: Arc<CallOptions>,
    of_trunk: Vec<Arc<CallOptions>>,
}

/// A static document whose placeholders are to be filled.
#[derive(Debug)]
struct Template {
    sid: String,
    text: String,
    content_type: &'static str,
}

#[derive(Debug)]
struct Peer {
    name: String,
    from: Vec<IpNet>,
}

/// What is known of a user.
#[derive(Debug)]
struct Phone {
    password: String,
    identities: Vec<Pattern>,
}

/// What is known of who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// May call, as this trunk if one is given.
    Welcome(Option<usize>),
    /// Must show that it is one of the users.
    Challenge,
    /// May not call.
    Refused,
}

impl Switchboard {
    /// Builds the switchboard. `public_url` is the base of URLs that point at this server,
    /// `listeners` are the addresses that SIP is spoken on.
    ///
    /// # Errors
    /// A sentence, when the file of a static document cannot be read.
    pub(crate) fn new(
        config: &Config,
        public_url: &str,
        listeners: &[SocketAddr],
    ) -> Result<Switchboard, String> {
        let usual = Usual::new(config, public_url);
        let mut applications = Vec::with_capacity(config.applications.len());
        for settings in &config.applications {
            applications.push(line(config, settings, &usual)?);
        }
        let position = |name: &str| config.applications.iter().position(|a| a.name == name);
        let mut routes: Vec<(Pattern, usize)> = config
            .routes
            .iter()
            .filter_map(|route| Some((route.to.clone(), position(&route.application)?)))
            .collect();
        if routes.is_empty() && applications.len() == 1 {
            routes.push((Pattern::any(), 0));
        }
        let mut realms: Vec<String> = Vec::new();
        for user in &config.users {
            if !realms.contains(&user.domain) {
                realms.push(user.domain.clone());
            }
        }
        let users = config.users.iter().map(|user| {
            (
                (user.domain.clone(), user.name.clone()),
                Phone {
                    password: user.password.reveal().to_owned(),
                    identities: user.identities.clone(),
                },
            )
        });
        Ok(Switchboard {
            routes,
            applications,
            trunks: config
                .trunks
                .iter()
                .map(|trunk| Peer {
                    name: trunk.name.clone(),
                    from: trunk.from.clone(),
                })
                .collect(),
            users: users.collect(),
            realms,
            domains: own_hosts(config),
            accept: config.sip.accept,
            ways: Ways::new(config, listeners),
            registrations: Wanted::of(config),
            allow_private_networks: config.webhook.allow_private_networks,
            rtp_timeout: Some(config.media.rtp_timeout).filter(|time| !time.is_zero()),
            limits: Limits {
                calls: u64::from(config.limits.calls),
                per_second: config.limits.calls_per_second,
            },
            usual,
        })
    }

    /// What a call that is placed is run by: what the configuration says of its application, or
    /// what all calls have in common when it is made up.
    pub(crate) fn options(&self, order: &CallOrder) -> Arc<CallOptions> {
        let wanted = &order.application;
        let is_it = |known: &Application| {
            known.sid == wanted.sid && known.account.sid == wanted.account.sid
        };
        let mut lines = self.applications.iter();
        let line = lines.find(|line| is_it(&line.stranger.application));
        match line {
            Some(line) if line.stranger.application == *wanted => Arc::clone(&line.stranger),
            // It has the name of one, and is asked for its documents elsewhere.
            _ => Arc::new(self.usual.options(Arc::clone(wanted))),
        }
    }

    /// An application of an account, by its name or its `sid`.
    pub(crate) fn application(&self, account: &str, named: &str) -> Option<Arc<Application>> {
        let mut applications = self.applications.iter();
        let found = applications.find(|line| {
            let known = &line.stranger.application;
            known.account.sid == account && (known.name == named || known.sid == named)
        });
        found.map(|line| Arc::clone(&line.stranger.application))
    }

    /// Whether the peer may call (the contract's rule at the end of its configuration section).
    /// `registered` names the trunk whose registrar has this address, if we are registered there.
    pub(crate) fn admit(
        &self,
        flow: &Flow,
        registered: impl FnOnce(IpAddr) -> Option<String>,
    ) -> Admission {
        let peer = flow.remote.ip().to_canonical();
        let is_theirs = |trunk: &Peer| trunk.from.iter().any(|network| network.contains(&peer));
        if let Some(trunk) = self.trunks.iter().position(is_theirs) {
            return Admission::Welcome(Some(trunk));
        }
        if !self.registrations.is_empty()
            && let Some(name) = registered(peer)
            && let Some(trunk) = self.trunks.iter().position(|trunk| trunk.name == name)
        {
            return Admission::Welcome(Some(trunk));
        }
        if self.accept == Accept::Anyone {
            return Admission::Welcome(None);
        }
        if !self.users.is_empty() {
            return Admission::Challenge;
        }
        let nobody_named = self.trunks.iter().all(|trunk| trunk.from.is_empty());
        if nobody_named && flow.local.ip().to_canonical().is_loopback() {
            return Admission::Welcome(None);
        }
        Admission::Refused
    }

    /// Whether there are phones that may register.
    pub(crate) fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// The realm in which a caller from `domain` authenticates.
    pub(crate) fn realm(&self, domain: &str) -> Option<&str> {
        let own = self
            .realms
            .iter()
            .find(|realm| realm.eq_ignore_ascii_case(domain));
        own.or(self.realms.first()).map(String::as_str)
    }

    /// The password of a user.
    pub(crate) fn password(&self, realm: &str, user: &str) -> Option<&str> {
        self.users
            .get(&(realm.to_owned(), user.to_owned()))
            .map(|phone| phone.password.as_str())
    }

    /// Whether a user may call itself this in From: by its own name, by one that the
    /// configuration gives it, or not at all.
    pub(crate) fn may_show(&self, realm: &str, user: &str, from: &str) -> bool {
        let Ok(uri) = NameAddr::parse(from).and_then(|from| {
            let uri = from.parsed_uri();
            uri.map(|uri| uri.to_owned()).map_err(|error| error.problem)
        }) else {
            return false;
        };
        let (shown, host) = (uri.user_text().unwrap_or_default(), uri.host());
        // RFC 3323 section 4.1.1.3: who wants to be nobody claims nothing.
        if host.eq_ignore_ascii_case("anonymous.invalid") {
            return true;
        }
        let is_ours = host.eq_ignore_ascii_case(realm)
            || uri.host_ip().is_some()
            || self
                .domains
                .iter()
                .any(|own| own.eq_ignore_ascii_case(host))
            || host.is_empty();
        let phone = self.users.get(&(realm.to_owned(), user.to_owned()));
        let identities = phone
            .map(|phone| phone.identities.as_slice())
            .unwrap_or_default();
        (is_ours && shown == user)
            || identities.iter().any(|identity| {
                (is_ours || identity.names_host()) && identity.matches_party(&shown, host)
            })
    }

    /// The name of a trunk.
    pub(crate) fn trunk(&self, index: usize) -> Option<&str> {
        self.trunks.get(index).map(|trunk| trunk.name.as_str())
    }

    /// What a call to this Request-URI is run by; `None` when no route leads anywhere.
    pub(crate) fn route(&self, uri: &str, trunk: Option<usize>) -> Option<&Arc<CallOptions>> {
        let parsed = Uri::borrowed(uri).ok();
        let user = parsed
            .as_ref()
            .and_then(|uri| uri.user_text())
            .unwrap_or_default();
        let host = parsed.as_ref().map_or("", |uri| uri.host());
        let here = self.is_here(host);
        let (_, index) = self
            .routes
            .iter()
            .find(|(to, _)| (here || to.names_host()) && to.matches_party(&user, host))?;
        let line = self.applications.get(*index)?;
        Some(
            trunk
                .and_then(|trunk| line.of_trunk.get(trunk))
                .unwrap_or(&line.stranger),
        )
    }

    /// Whether a host means this server: one of `sip.domains`, an IP address or no host at all
    /// (`tel:`), and every host when no domain is configured.
    fn is_here(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        self.domains.is_empty()
            || bare.is_empty()
            || bare.parse::<IpAddr>().is_ok()
            || self
                .domains
                .iter()
                .any(|domain| domain.eq_ignore_ascii_case(host))
    }

    /// The document that stands in for a request to an application which is a fixed document.
    pub(crate) fn document(&self, request: &HttpRequest) -> Option<Result<Reply, FetchError>> {
        let sid = request.url.strip_prefix(DOCUMENTS)?;
        let sid = sid.split(['?', '#']).next().unwrap_or(sid);
        let templates = self
            .applications
            .iter()
            .filter_map(|line| line.document.as_ref());
        let template = templates.into_iter().find(|template| template.sid == sid)?;
        Some(Ok(Reply {
            status: 200,
            content_type: Some(template.content_type.to_owned()),
            body: static_document::answer(&template.text, request).into_bytes(),
            url: request.url.clone(),
        }))
    }
}

fn line(config: &Config, settings: &ApplicationSettings, usual: &Usual) -> Result<Line, String> {
    let account = config
        .accounts
        .iter()
        .find(|account| account.sid == settings.account)
        .ok_or_else(|| format!("application {} has no account", settings.name))?;
    let (url, document) = match &settings.source {
        Source::Url(url) => (url.clone(), None),
        Source::Document(path) => {
            let document = Fixed::read(path, &settings.sid, account.dialect)?;
            (format!("{DOCUMENTS}{}", settings.sid), Some(document))
        }
    };
    let mut stranger = usual.options(Arc::new(Application {
        name: settings.name.clone(),
        sid: settings.sid.clone(),
        account: account_of(account),
        url,
        method: settings.method,
        fallback_url: settings.fallback_url.clone(),
        status_callback: settings.status_callback.clone(),
        events_url: settings.events_url.clone(),
    }));
    let document = match document {
        Some(Fixed::Whole(document)) => {
            stranger.document = Some(document);
            None
        }
        Some(Fixed::ToBeFilled(template)) => Some(Arc::new(template)),
        None => None,
    };
    let of_trunk = config.trunks.iter().map(|trunk| {
        let mut options = stranger.clone();
        options.trunk = Some(trunk.name.clone());
        options.credentials = trunk.credentials();
        Arc::new(options)
    });
    Ok(Line {
        document,
        of_trunk: of_trunk.collect(),
        stranger: Arc::new(stranger),
    })
}

/// The document of an application that is one.
enum Fixed {
    /// Without placeholders nothing has to be asked, not even ourselves.
    Whole(GivenDocument),
    ToBeFilled(Template),
}

impl Fixed {
    fn read(path: &Path, sid: &str, dialect: Dialect) -> Result<Fixed, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Ok(match text.contains("{{") {
            false => Fixed::Whole(GivenDocument {
                body: Bytes::from(text),
                name: file_name(path),
                base: String::new(),
            }),
            true => Fixed::ToBeFilled(Template {
                sid: sid.to_owned(),
                text,
                content_type: match dialect {
                    Dialect::Jambonz => "application/json",
                    Dialect::Twiml | Dialect::Cxml | Dialect::Bxml => "application/xml",
                },
            }),
        })
    }
}

/// An account as the dialects know it.
pub(crate) fn account_of(settings: &AccountSettings) -> Account {
    let key = settings.signing_key.as_ref();
    let password = settings.callback_password.as_ref();
    Account {
        sid: settings.sid.clone(),
        dialect: settings.dialect,
        signing_key: key.map(|key| key.reveal().to_owned()).unwrap_or_default(),
        callback_credentials: settings
            .callback_user
            .clone()
            .zip(password.map(|password| password.reveal().to_owned())),
    }
}

fn transfer(settings: &Transfer, dialect: Dialect) -> TransferOptions {
    TransferOptions {
        final_notify_timeout: settings.final_notify_timeout.of(dialect),
        max_duration: settings.max_duration,
        referred_by: settings.referred_by,
        grace_after_success: settings.grace_after_success,
        refer_sub: settings.refer_sub,
        bridge_when_refused: settings.on_refused == OnRefused::Bridge,
        allow_targets: AllowList::new(settings.allow_targets.iter().map(Pattern::as_str)),
        ..TransferOptions::default()
    }
}

/// `sip.domains`, and what goes without saying once there are any: the advertised host, and
/// `localhost`.
fn own_hosts(config: &Config) -> Vec<String> {
    let mut hosts = config.sip.domains.clone();
    if !hosts.is_empty() {
        hosts.extend(config.sip.advertise.clone());
        hosts.push("localhost".to_owned());
    }
    hosts
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
