//! How a called party is reached: by a trunk, directly, or on the phones of a user who has
//! registered here; and when not, why.

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hookflash_call::Way;
use hookflash_dialects::CallOrder;
use hookflash_sip::registrar::Binding;
use hookflash_sip::trunk::{Callee, Trunk, Trunks, Way as Route};
use hookflash_sip::uri::{Scheme, unescape};
use hookflash_sip::{
    ConnectionId, Credentials, LegEnd, Name, Transport, Uri, UriRef, is_owned_header,
};
use hookflash_transfer::refer_to::BareTarget;
use hookflash_transfer::{AllowList, ReferTo, Refusal};

use crate::caller_id::CallerId;
use crate::config::{Config, Pattern};
use crate::media::route_towards;
use crate::registrar::Bindings;

/// How long a trunk that failed is tried last.
const DEAD_FOR: Duration = Duration::from_secs(60);

/// Why a called party cannot be reached. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoWay {
    /// What was given as called party is none; a sentence.
    BadTarget(String),
    /// What was given as calling party is none; a sentence.
    BadCaller(String),
    /// The operator does not want it to be called.
    NotAllowed(Refusal),
    /// No trunk takes this number.
    NoTrunk,
    /// The trunk that was asked for is not there, or calls cannot be sent to it.
    UnknownTrunk(String),
    /// A domain of ours has no such user.
    UnknownUser,
    /// The user has no phone registered at the moment: what SIP calls 480.
    NotRegistered,
    /// It can be reached over TLS or WebSocket only.
    NeedsTls,
}

impl fmt::Display for NoWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoWay::BadTarget(why) | NoWay::BadCaller(why) => f.write_str(why),
            NoWay::NotAllowed(refusal) => refusal.fmt(f),
            NoWay::NoTrunk => f.write_str(
                "no trunk takes this number; add [[trunks]] with a `uri`, and `numbers` that fit",
            ),
            NoWay::UnknownTrunk(name) => {
                write!(f, "there is no trunk `{name}` that calls can be sent to")
            }
            NoWay::UnknownUser => f.write_str("there is no such user in this domain"),
            NoWay::NotRegistered => f.write_str("the user has no phone registered"),
            NoWay::NeedsTls => f.write_str(
                "the address asks for TLS or WebSocket, which this release does not speak; use \
                 a sip: URI with transport=udp or tcp",
            ),
        }
    }
}

impl std::error::Error for NoWay {}

/// What the configuration says of calls that go out.
#[derive(Debug)]
pub(crate) struct Ways {
    // Shared by the shards, so that one learns of a dead trunk from another.
    trunks: Mutex<Trunks>,
    /// In the order of `trunks`: name and credentials.
    known: Vec<(Arc<str>, Vec<Credentials>)>,
    /// Addresses of record, the domain in lower case.
    users: HashSet<String>,
    domains: HashSet<String>,
    allow: AllowList,
    /// What we are called ourselves, if the configuration says so.
    host: Option<String>,
    listeners: Vec<SocketAddr>,
}

/// Who is called.
enum Target {
    User(String),
    Callee(Callee),
}

impl Ways {
    pub(crate) fn new(config: &Config, listeners: &[SocketAddr]) -> Ways {
        let texts = |patterns: &[Pattern]| patterns.iter().map(|p| p.as_str().to_owned()).collect();
        let mut trunks = Vec::new();
        let mut known = Vec::new();
        for trunk in &config.trunks {
            // The configuration was checked, so that a URI can be read.
            let Some(Ok(uri)) = trunk.uri.as_deref().map(Uri::parse_target) else {
                continue;
            };
            trunks.push(Trunk {
                name: trunk.name.clone(),
                uri,
                numbers: texts(&trunk.numbers),
                hosts: texts(&trunk.hosts),
            });
            known.push((Arc::from(&*trunk.name), trunk.credentials()));
        }
        let lower = |domain: &str| domain.to_ascii_lowercase();
        let users = config.users.iter();
        let advertised = config.sip.advertise.as_deref().map(without_port);
        Ways {
            trunks: Mutex::new(Trunks::new(trunks)),
            known,
            users: users
                .clone()
                .map(|user| format!("{}@{}", user.name, lower(&user.domain)))
                .collect(),
            domains: users.map(|user| lower(&user.domain)).collect(),
            allow: AllowList::new(config.transfer.allow_targets.iter().map(Pattern::as_str)),
            host: config.sip.domains.first().cloned().or(advertised),
            listeners: listeners.to_vec(),
        }
    }

    /// The ways to the called party of an order, in groups: those of a group ring at once, the
    /// next group is tried when all of one failed.
    ///
    /// # Errors
    /// When there is none, or when it must not be taken.
    pub(crate) fn to(
        &self,
        order: &CallOrder,
        bindings: &Bindings,
        now: Instant,
    ) -> Result<Vec<Vec<Way>>, NoWay> {
        let target = self.target(&order.to)?;
        self.check_allowed(&target)?;
        let given = order.credentials.as_ref().map(|(username, password)| {
            vec![Credentials {
                username: username.clone(),
                password: password.clone(),
                realm: None,
            }]
        });
        match target {
            Target::User(aor) if order.trunk.is_none() => {
                let phones = bindings.of(now, &aor);
                let caller = self.caller(order, None)?;
                let way = |binding: &Binding| to_phone(&aor, binding, &caller, given.as_deref());
                if phones.is_empty() {
                    return Err(NoWay::NotRegistered);
                }
                let groups = phones.chunk_by(|one, next| one.q == next.q);
                Ok(groups
                    .map(|group| group.iter().map(way).collect())
                    .collect())
            }
            Target::User(aor) => {
                let uri = Uri::parse_target(&format!("sip:{aor}")).map_err(bad_target)?;
                self.to_callee(&Callee::Uri(uri), order, given, now)
            }
            Target::Callee(callee) => self.to_callee(&callee, order, given, now),
        }
    }

    /// How a call by a trunk ended before it was answered.
    pub(crate) fn ended(&self, way: &Way, end: &LegEnd, has_rung: bool) {
        let name = way.trunk.as_deref();
        let index = self
            .known
            .iter()
            .position(|(known, _)| Some(&**known) == name);
        if let (Some(index), Some(name)) = (index, name) {
            let now = Instant::now();
            let mut trunks = self.trunks();
            let was_dead = trunks.is_dead(now, index);
            let failed = trunks.ended(now, index, end, has_rung, DEAD_FOR);
            if failed && !was_dead {
                tracing::warn!(
                    trunk = name,
                    ?end,
                    "a trunk failed and is tried last for a while"
                );
            }
        }
    }

    /// The trunks that calls go out by, and whether they are not just tried last.
    pub(crate) fn trunks_up(&self) -> Vec<(Arc<str>, bool)> {
        let (now, trunks) = (Instant::now(), self.trunks());
        let known = self.known.iter().enumerate();
        known
            .map(|(index, (name, _))| (Arc::clone(name), !trunks.is_dead(now, index)))
            .collect()
    }

    /// Whether an address of record is a user's.
    pub(crate) fn is_user(&self, aor: &str) -> bool {
        self.users.contains(aor)
    }

    fn to_callee(
        &self,
        callee: &Callee,
        order: &CallOrder,
        given: Option<Vec<Credentials>>,
        now: Instant,
    ) -> Result<Vec<Vec<Way>>, NoWay> {
        if matches!(callee, Callee::Uri(uri) if uri.scheme() == Scheme::Sips) {
            return Err(NoWay::NeedsTls);
        }
        let route = match &order.trunk {
            Some(name) => {
                let index = self.known.iter().position(|(known, _)| **known == **name);
                let unknown = || NoWay::UnknownTrunk(name.clone());
                Route::Trunks(vec![index.ok_or_else(unknown)?])
            }
            None => self.trunks().way(now, callee),
        };
        match (route, callee) {
            (Route::NoTrunk, _) | (Route::Direct, Callee::Number(_)) => Err(NoWay::NoTrunk),
            (Route::Direct, Callee::Uri(uri)) => {
                let domain = uri.host().trim_end_matches('.').to_ascii_lowercase();
                if self.domains.contains(&domain) && self.is_own_port(uri.port()) {
                    return Err(NoWay::UnknownUser);
                }
                needs_no_tls(&uri.as_ref())?;
                let caller = self.caller(order, uri.host_ip())?;
                Ok(vec![vec![Way {
                    trunk: None,
                    uri: uri.without_headers().to_owned(),
                    to: None,
                    route: None,
                    flow: None,
                    keeps_flow: false,
                    credentials: given.unwrap_or_default(),
                    from: caller.from().to_owned(),
                    headers: headers_of(&uri.as_ref(), order)?,
                }]])
            }
            (Route::Trunks(indices), _) => {
                let way = |index| self.by_trunk(index, callee, order, given.as_ref());
                let ways: Result<Vec<Option<Way>>, NoWay> = indices.into_iter().map(way).collect();
                Ok(ways?.into_iter().flatten().map(|way| vec![way]).collect())
            }
        }
    }

    fn by_trunk(
        &self,
        index: usize,
        callee: &Callee,
        order: &CallOrder,
        given: Option<&Vec<Credentials>>,
    ) -> Result<Option<Way>, NoWay> {
        let trunks = self.trunks();
        let (Some(trunk), Some(target), Some((name, credentials))) = (
            trunks.get(index),
            trunks.target(index, callee),
            self.known.get(index),
        ) else {
            return Ok(None);
        };
        let towards = trunk.uri.host_ip();
        drop(trunks);
        let caller = self.caller(order, towards)?;
        let mut headers = match callee {
            Callee::Uri(uri) => headers_of(&uri.as_ref(), order)?,
            Callee::Number(_) => Vec::new(),
        };
        headers.extend(caller.told_in_confidence(&order.headers));
        Ok(Some(Way {
            trunk: Some(Arc::clone(name)),
            uri: target.uri,
            to: None,
            route: target.route.map(|route| format!("<{route}>")),
            flow: None,
            keeps_flow: false,
            credentials: given.unwrap_or(credentials).clone(),
            from: caller.from().to_owned(),
            headers,
        }))
    }

    fn target(&self, text: &str) -> Result<Target, NoWay> {
        let text = text.trim();
        let has_scheme = match Uri::borrowed(text) {
            Ok(uri) if uri.scheme() == Scheme::Other => {
                let why = "only numbers and sip:, sips: and tel: URIs can be called";
                return Err(NoWay::BadTarget(why.to_owned()));
            }
            read => read.is_ok(),
        };
        if has_scheme || text.contains('@') {
            let with_scheme = format!("sip:{text}");
            let text = if has_scheme { text } else { &*with_scheme };
            let uri = Uri::parse_target(text).map_err(bad_target)?;
            if let Some(aor) = self.user_of(&uri.as_ref()) {
                return Ok(Target::User(aor));
            }
            if uri.param("method").is_some_and(|method| method != "INVITE") {
                let why = "the called party's URI asks for another method than INVITE";
                return Err(NoWay::BadTarget(why.to_owned()));
            }
            let number = "the number holds something that cannot be dialled";
            let callee = Callee::parse(text).ok_or_else(|| NoWay::BadTarget(number.to_owned()));
            return callee.map(Target::Callee);
        }
        let mut domains = self.domains.iter();
        let aors = domains.by_ref().map(|domain| format!("{text}@{domain}"));
        let mut found = aors.filter(|aor| self.users.contains(aor));
        match (found.next(), found.next()) {
            (Some(aor), None) => return Ok(Target::User(aor)),
            (Some(_), Some(_)) => {
                let why = "users of more than one domain have this name; write NAME@DOMAIN";
                return Err(NoWay::BadTarget(why.to_owned()));
            }
            _ => {}
        }
        Callee::parse(text).map(Target::Callee).ok_or_else(|| {
            let why = "the called party is neither a number nor a user of ours nor a URI; write \
                       +NUMBER, NAME@DOMAIN or sip:USER@HOST";
            NoWay::BadTarget(why.to_owned())
        })
    }

    /// The user that a URI means.
    fn user_of(&self, uri: &UriRef<'_>) -> Option<String> {
        if !matches!(uri.scheme(), Scheme::Sip | Scheme::Sips) || !self.is_own_port(uri.port()) {
            return None;
        }
        let host = uri.host().trim_end_matches('.').to_ascii_lowercase();
        let aor = format!("{}@{host}", uri.user_text()?);
        self.users.contains(&aor).then_some(aor)
    }

    /// Whether a port leads to us: that of a listener, or the usual one.
    fn is_own_port(&self, port: Option<u16>) -> bool {
        port.is_none_or(|port| self.listeners.iter().any(|local| local.port() == port))
    }

    fn check_allowed(&self, target: &Target) -> Result<(), NoWay> {
        let text = match target {
            Target::User(aor) => format!("sip:{aor}"),
            Target::Callee(Callee::Number(number)) => format!("tel:{number}"),
            Target::Callee(Callee::Uri(uri)) => uri.as_str().to_owned(),
        };
        let target = ReferTo::parse(&text, BareTarget::Refuse)
            .map_err(|error| NoWay::BadTarget(error.to_string()))?;
        self.allow.check(&target).map_err(NoWay::NotAllowed)
    }

    /// Who calls; `towards` is the address that the call goes to, as far as it is known.
    fn caller(&self, order: &CallOrder, towards: Option<IpAddr>) -> Result<CallerId, NoWay> {
        let host = match &self.host {
            Some(host) => host.clone(),
            None => host_text(self.leaving(towards)),
        };
        CallerId::read(&order.from, &host).map_err(NoWay::BadCaller)
    }

    /// The address that a call leaves from.
    fn leaving(&self, towards: Option<IpAddr>) -> IpAddr {
        let fits = |ip: &IpAddr| towards.is_none_or(|towards| towards.is_ipv4() == ip.is_ipv4());
        let mut own = self.listeners.iter().map(SocketAddr::ip);
        match own.clone().find(fits).or_else(|| own.next()) {
            Some(ip) if !ip.is_unspecified() => ip,
            bound => {
                // An address for documentation (RFC 5737, RFC 3849) stands for "out there".
                let out_there = match bound {
                    Some(IpAddr::V6(_)) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
                    _ => IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)),
                };
                route_towards(towards.unwrap_or(out_there))
                    .unwrap_or(IpAddr::from(Ipv4Addr::LOCALHOST))
            }
        }
    }

    fn trunks(&self) -> MutexGuard<'_, Trunks> {
        self.trunks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To a phone that has registered. It is called on the flow that it registered on, and everything
/// within the call keeps to it: behind address translation its Contact leads nowhere.
fn to_phone(aor: &str, binding: &Binding, caller: &CallerId, given: Option<&[Credentials]>) -> Way {
    let is_gone = binding.flow.transport != Transport::Udp
        && binding.flow.connection == ConnectionId::default();
    let flow = (!is_gone).then_some(binding.flow);
    Way {
        trunk: None,
        uri: binding.contact.without_headers().to_owned(),
        to: Some(format!("sip:{aor}")),
        route: None,
        keeps_flow: flow.is_some(),
        flow,
        credentials: given.unwrap_or_default().to_vec(),
        from: caller.from().to_owned(),
        headers: Vec::new(),
    }
}

fn needs_no_tls(uri: &UriRef<'_>) -> Result<(), NoWay> {
    let transport = uri.param("transport").and_then(Transport::from_token);
    match transport {
        Some(Transport::Tls | Transport::Ws | Transport::Wss) => Err(NoWay::NeedsTls),
        Some(Transport::Udp | Transport::Tcp) | None => Ok(()),
    }
}

/// The header part of a URI as header fields of the INVITE (RFC 3261 section 19.1.5), unless the
/// order has them already.
fn headers_of(uri: &UriRef<'_>, order: &CallOrder) -> Result<Vec<(String, String)>, NoWay> {
    let mut headers = Vec::new();
    for (name, value) in uri.headers() {
        let (name, value) = (unescape(name), unescape(value));
        let same = |(given, _): &(String, String)| Name::from(&**given) == Name::from(&*name);
        if order.headers.iter().any(same) {
            continue;
        }
        if is_owned_header(&name) || name.eq_ignore_ascii_case("body") {
            let why = format!("the called party's URI sets {name}, which is not for it to set");
            return Err(NoWay::BadTarget(why));
        }
        if value.contains(char::is_control) {
            let why = format!("the called party's URI puts a control character into {name}");
            return Err(NoWay::BadTarget(why));
        }
        headers.push((name.into_owned(), value.into_owned()));
    }
    Ok(headers)
}

fn bad_target(error: hookflash_sip::BadUri) -> NoWay {
    NoWay::BadTarget(format!(
        "the called party cannot be called: {}",
        error.problem
    ))
}

fn host_text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A host without the port that `sip.advertise` may have.
fn without_port(advertised: &str) -> String {
    if let Ok(ip) = advertised.parse::<IpAddr>() {
        return host_text(ip);
    }
    match advertised.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
        _ => advertised.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
