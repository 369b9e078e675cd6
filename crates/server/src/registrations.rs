//! Our registrations with trunks, as configured and as they stand: made by the shards, looked at
//! by all and by our own view.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hookflash_sip::uri::escape_user;
use hookflash_sip::{Credentials, OutgoingRegistration, RegistrationFailure, Uri};

use crate::config::{Config, Trunk};

/// How long a registrar may leave a REGISTER unanswered before the next of its servers is tried.
const SERVER_TIMEOUT: Duration = Duration::from_secs(6);

/// A registration that the configuration wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Name of the trunk.
    pub(crate) trunk: String,
    /// The registrar's URI.
    pub(crate) registrar: String,
    /// Our name there.
    pub(crate) user: String,
    aor: String,
    credentials: Vec<Credentials>,
}

impl Wanted {
    /// Those of all trunks with `register = true`.
    pub(crate) fn of(config: &Config) -> Vec<Wanted> {
        let wanted = config.trunks.iter().filter(|trunk| trunk.register);
        wanted.filter_map(Wanted::with).collect()
    }

    fn with(trunk: &Trunk) -> Option<Wanted> {
        let user = trunk.username.clone()?;
        let uri = Uri::parse_target(trunk.uri.as_deref()?).ok()?;
        let port = uri
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        let (host, params) = (uri.host(), uri.params());
        Some(Wanted {
            trunk: trunk.name.clone(),
            registrar: format!("sip:{host}{port}{}", params.as_str()),
            aor: format!("<sip:{}@{host}>", escape_user(&user)),
            credentials: trunk.credentials(),
            user,
        })
    }

    /// What the endpoint is to do.
    pub(crate) fn order(&self) -> OutgoingRegistration {
        OutgoingRegistration {
            registrar: self.registrar.clone(),
            aor: self.aor.clone(),
            server_timeout: Some(SERVER_TIMEOUT),
            credentials: self.credentials.clone(),
            ..OutgoingRegistration::default()
        }
    }
}

/// How a registration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No answer has come yet.
    Trying,
    /// Calls can come.
    Registered {
        /// Where the registrar was reached.
        peer: SocketAddr,
        /// Until then, unless refreshed; it is.
        until: SystemTime,
    },
    /// The last attempt failed.
    Failed {
        /// Why, for a person.
        why: String,
        /// When the next attempt is made.
        retry_at: SystemTime,
        /// The registrar that still knows us from before, until its binding runs out.
        still_at: Option<SocketAddr>,
    },
}

/// A registration as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// What is wanted.
    pub(crate) wanted: Wanted,
    /// What is.
    pub(crate) standing: Standing,
}

/// All of them, by the trunk's name.
#[derive(Debug, Default)]
pub(crate) struct Registrations {
    all: Mutex<BTreeMap<String, Registration>>,
    failures: AtomicU64,
}

impl Registrations {
    /// One is begun.
    pub(crate) fn begun(&self, wanted: &Wanted) {
        let registration = Registration {
            wanted: wanted.clone(),
            standing: Standing::Trying,
        };
        self.all().insert(wanted.trunk.clone(), registration);
    }

    /// The registrar has our binding. True when it had not before.
    pub(crate) fn registered(&self, trunk: &str, peer: SocketAddr, until: SystemTime) -> bool {
        let standing = Standing::Registered { peer, until };
        let before = self.set(trunk, |_| standing);
        !matches!(before, Some(Standing::Registered { .. }))
    }

    /// An attempt failed. True when the one before had not.
    pub(crate) fn failed(
        &self,
        trunk: &str,
        why: String,
        retry_at: SystemTime,
        is_still_bound: bool,
    ) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let before = self.set(trunk, |before| Standing::Failed {
            why,
            retry_at,
            still_at: before.peer().filter(|_| is_still_bound),
        });
        !matches!(before, Some(Standing::Failed { .. }))
    }

    /// One is over.
    pub(crate) fn ended(&self, trunk: &str) {
        self.all().remove(trunk);
    }

    /// The trunk that is reached at this address and knows us.
    pub(crate) fn trunk_at(&self, ip: IpAddr) -> Option<String> {
        let all = self.all();
        let is_there = |registration: &&Registration| {
            registration
                .standing
                .peer()
                .is_some_and(|peer| peer.ip().to_canonical() == ip)
        };
        let found = all.values().find(is_there);
        found.map(|registration| registration.wanted.trunk.clone())
    }

    /// All of them.
    pub(crate) fn list(&self) -> Vec<Registration> {
        self.all().values().cloned().collect()
    }

    /// How many attempts have failed.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn set(&self, trunk: &str, change: impl FnOnce(&Standing) -> Standing) -> Option<Standing> {
        let mut all = self.all();
        let registration = all.get_mut(trunk)?;
        let standing = change(&registration.standing);
        Some(std::mem::replace(&mut registration.standing, standing))
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Registration>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    /// The registrar that knows us.
    fn peer(&self) -> Option<SocketAddr> {
        match self {
            Standing::Trying => None,
            Standing::Registered { peer, .. } => Some(*peer),
            Standing::Failed { still_at, .. } => *still_at,
        }
    }
}

/// Why an attempt failed, with what to do about it.
pub(crate) fn reason(failure: &RegistrationFailure) -> String {
    match failure {
        RegistrationFailure::Refused(401 | 407) => {
            "the registrar does not accept `username` and `password`".to_owned()
        }
        RegistrationFailure::Refused(status) => format!("the registrar refused with {status}"),
        RegistrationFailure::NotBound => "the registrar said yes and does not list us".to_owned(),
        RegistrationFailure::NoAnswer => "the registrar did not answer".to_owned(),
        RegistrationFailure::TransportLost(why) => format!("nothing could be sent: {why}"),
    }
}
