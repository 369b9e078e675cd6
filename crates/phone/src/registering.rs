//! The phone's registration with a registrar (RFC 3261 section 10.2): who it is, and whether it
//! can be called there.

use std::fmt;
use std::time::{Duration, Instant};

use hookflash_sip::uri::{Scheme, escape_user};
use hookflash_sip::{
    CommandError, Credentials, Endpoint, OutgoingRegistration, RegistrationEvent,
    RegistrationFailure, RegistrationId, Transport, Uri,
};

use crate::news::News;

/// Where a phone registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrar {
    /// Where REGISTER is sent to.
    uri: String,
    /// The host part of the phone's address.
    domain: String,
}

/// Why a phone cannot register there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRegistrar(String);

impl fmt::Display for NoRegistrar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoRegistrar {}

impl Registrar {
    /// The registrar at a SIP URI. The phone's address ends in `domain`, or else in the URI's host.
    ///
    /// # Errors
    /// When the URI cannot be used by this phone, or the domain is no host.
    pub fn new(uri: &str, domain: Option<&str>) -> Result<Registrar, NoRegistrar> {
        let bad = |problem: &str| {
            NoRegistrar(format!(
                "`{uri}` is no registrar: {problem}; write sip:HOST:PORT, such as \
                 sip:127.0.0.1:5060"
            ))
        };
        let read = Uri::parse_target(uri).map_err(|error| bad(error.problem))?;
        let transport = read.param("transport").map(Transport::from_token);
        if read.scheme() != Scheme::Sip || !matches!(transport, None | Some(Some(Transport::Udp))) {
            return Err(bad("the phone speaks SIP over UDP"));
        }
        if read.user().is_some() || !read.header_part().is_empty() {
            return Err(bad("it names a user or headers; the user is --username"));
        }
        let domain = domain.unwrap_or(read.host());
        let is_host = Uri::parse_target(&format!("sip:{domain}"));
        if !is_host.is_ok_and(|uri| uri.host() == domain) {
            return Err(NoRegistrar(format!(
                "`{domain}` is no host name or address"
            )));
        }
        Ok(Registrar {
            uri: uri.to_owned(),
            domain: domain.to_owned(),
        })
    }

    /// The phone's own address (a name-addr) for a user.
    pub(crate) fn address_of(&self, user: &str) -> String {
        format!("<sip:{}@{}>", escape_user(user), self.domain)
    }
}

/// A registration that is being made or kept.
#[derive(Debug)]
pub(crate) struct Registering {
    id: RegistrationId,
    is_registered: bool,
    is_leaving: bool,
}

/// What news of a registration mean for the phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It can be called now; it could not before.
    Registered(News),
    /// It cannot, and why.
    Failed(String),
    /// Nothing that anybody has to know.
    Same,
    /// It is registered no longer, as it wanted.
    Left,
}

impl Registering {
    /// Sends the first REGISTER.
    pub(crate) fn begin(
        now: Instant,
        endpoint: &mut Endpoint,
        registrar: &Registrar,
        user: &str,
        credentials: Option<&Credentials>,
    ) -> Result<Registering, CommandError> {
        let id = endpoint.register(
            now,
            OutgoingRegistration {
                registrar: format!("sip:{}", registrar.domain),
                route: Some(registrar.uri.clone()),
                aor: registrar.address_of(user),
                credentials: credentials.into_iter().cloned().collect(),
                ..OutgoingRegistration::default()
            },
        )?;
        Ok(Registering {
            id,
            is_registered: false,
            is_leaving: false,
        })
    }

    /// Takes the binding away. To be waited for until [`Outcome::Left`].
    pub(crate) fn leave(&mut self, now: Instant, endpoint: &mut Endpoint) {
        if !self.is_leaving {
            self.is_leaving = true;
            endpoint.unregister(now, self.id);
        }
    }

    /// Something came of it.
    pub(crate) fn hear(&mut self, event: &RegistrationEvent) -> Outcome {
        match event {
            RegistrationEvent::Registered { expires, .. } => {
                match std::mem::replace(&mut self.is_registered, true) {
                    true => Outcome::Same,
                    false => Outcome::Registered(News::Registered(expires.as_secs())),
                }
            }
            RegistrationEvent::Failed {
                failure,
                retry_in,
                is_still_bound,
            } => {
                self.is_registered = *is_still_bound;
                Outcome::Failed(reason(failure, *retry_in))
            }
            RegistrationEvent::Ended => Outcome::Left,
        }
    }
}

fn reason(failure: &RegistrationFailure, retry_in: Duration) -> String {
    let why = match failure {
        RegistrationFailure::Refused(status @ (401 | 407)) => {
            format!("{status}: user or password is wrong")
        }
        RegistrationFailure::Refused(status) => format!("refused with {status}"),
        RegistrationFailure::NotBound => "the registrar does not list this phone".to_owned(),
        RegistrationFailure::NoAnswer => "nothing answered".to_owned(),
        RegistrationFailure::TransportLost(why) => why.clone(),
    };
    format!("{why}; again in {} s", retry_in.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phones_address_ends_in_the_domain_or_the_registrars_host() {
        let registrar = Registrar::new("sip:127.0.0.1:5060", None).unwrap();
        assert_eq!(registrar.address_of("alice"), "<sip:alice@127.0.0.1>");
        let registrar = Registrar::new("sip:127.0.0.1:5060", Some("voice.example.com")).unwrap();
        assert_eq!(registrar.address_of("a b"), "<sip:a%20b@voice.example.com>");
    }

    #[test]
    fn what_the_phone_cannot_register_with_is_refused() {
        for uri in [
            "127.0.0.1",
            "sips:h",
            "sip:h;transport=tcp",
            "sip:u@h",
            "sip:h?a=b",
            "tel:1",
        ] {
            assert!(Registrar::new(uri, None).is_err(), "{uri}");
        }
        for domain in ["", "a b", "h:5060", "u@h"] {
            assert!(Registrar::new("sip:h", Some(domain)).is_err(), "{domain}");
        }
    }
}
