//! Making challenges and checking answers (RFC 3261 section 22.4, RFC 7616 sections 3.3, 5.4 and
//! 5.12).

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::algorithm::{Proof, hex};
use super::{Algorithm, DigestResponse, Hash};
use crate::Method;
use crate::syntax::quote;
use crate::uri::UriRef;

/// How many nonces in use are remembered; beyond, the oldest give way and count as stale.
const MAX_NONCES: usize = 10_000;

/// The server side of digest authentication for one realm.
///
/// A nonce carries the time of its making and a seal, so nothing is kept for challenges that
/// nobody answers. For nonces in use the highest count is kept, so that no answer counts twice.
pub struct DigestServer {
    realm: String,
    algorithms: Vec<Hash>,
    lifetime: Duration,
    secret: [u8; 32],
    epoch: Instant,
    /// Of the next nonce: two that are made in the same millisecond are two all the same.
    serial: u32,
    counts: HashMap<String, (u32, Duration)>,
}

/// Why an answer is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nothing to check, or for another realm: challenge.
    Unanswered,
    /// The nonce is too old or its count was used: challenge with `stale`.
    Stale,
    /// Unknown user or wrong password: challenge again or refuse.
    WrongCredentials,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Denied::Unanswered => "no credentials for this realm",
            Denied::Stale => "the nonce is stale",
            Denied::WrongCredentials => "unknown user or wrong password",
        })
    }
}

impl std::error::Error for Denied {}

impl DigestServer {
    /// A server that offers SHA-256 and MD5 with nonces that live five minutes. `secret` must be
    /// random; `epoch` is any moment not after the first use.
    pub fn new(realm: &str, secret: [u8; 32], epoch: Instant) -> DigestServer {
        DigestServer {
            realm: realm.to_owned(),
            algorithms: vec![Hash::Sha256, Hash::Md5],
            lifetime: Duration::from_secs(300),
            secret,
            epoch,
            serial: 0,
            counts: HashMap::new(),
        }
    }

    /// Changes the algorithms offered, the preferred one first.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: &[Hash]) -> DigestServer {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Changes how long a nonce lives.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> DigestServer {
        self.lifetime = lifetime;
        self
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The values of the WWW-Authenticate (or Proxy-Authenticate) lines of a challenge, one per
    /// algorithm.
    pub fn challenge(&mut self, now: Instant, stale: bool) -> Vec<String> {
        let nonce = self.nonce(self.age(now));
        let stale = if stale { ", stale=true" } else { "" };
        let realm = quote(&self.realm);
        self.algorithms
            .iter()
            .map(|hash| {
                let algorithm = Algorithm {
                    hash: *hash,
                    session: false,
                }
                .name();
                format!(
                    "Digest realm={realm}, nonce=\"{nonce}\", algorithm={algorithm}, \
                     qop=\"auth\"{stale}"
                )
            })
            .collect()
    }

    /// Checks the value of an Authorization header and returns the user's name.
    ///
    /// `password` gives the password of a user. `uri` is the Request-URI: an answer made for
    /// another user or host does not count.
    pub fn verify(
        &mut self,
        now: Instant,
        authorization: &str,
        method: &Method,
        uri: &str,
        password: impl FnOnce(&str) -> Option<String>,
    ) -> Result<String, Denied> {
        let answer = DigestResponse::parse(authorization).ok_or(Denied::Unanswered)?;
        if answer.realm != self.realm || !self.algorithms.contains(&answer.algorithm.hash) {
            return Err(Denied::Unanswered);
        }
        let (Some((qop, count)), Some(cnonce)) = (&answer.qop, &answer.cnonce) else {
            return Err(Denied::Unanswered);
        };
        let made = self.time_of(&answer.nonce).ok_or(Denied::Unanswered)?;
        let uses = u32::from_str_radix(count, 16).map_err(|_| Denied::Unanswered)?;
        if *qop != super::Qop::Auth || answer.algorithm.session || !same_place(&answer.uri, uri) {
            return Err(Denied::Unanswered);
        }
        // An unknown user takes the same path and time as a wrong password.
        let known = password(&answer.username);
        let expected = Proof {
            algorithm: answer.algorithm,
            username: &answer.username,
            password: known.as_deref().unwrap_or(""),
            realm: &answer.realm,
            nonce: &answer.nonce,
            qop: Some((*qop, count)),
            cnonce,
            method: method.as_str(),
            uri: &answer.uri,
            body: &[],
        }
        .response();
        let given = answer.response.to_ascii_lowercase();
        let agrees = bool::from(expected.as_bytes().ct_eq(given.as_bytes()));
        if !agrees || known.is_none() {
            return Err(Denied::WrongCredentials);
        }
        let age = self.age(now);
        if age.saturating_sub(made) > self.lifetime || !self.count(&answer.nonce, uses, made, age) {
            return Err(Denied::Stale);
        }
        Ok(answer.username.into_owned())
    }

    /// Notes the use of a nonce; false when this count or a higher one was used before.
    fn count(&mut self, nonce: &str, uses: u32, made: Duration, age: Duration) -> bool {
        if let Some((highest, _)) = self.counts.get_mut(nonce) {
            let fresh = uses > *highest;
            *highest = uses.max(*highest);
            return fresh;
        }
        if self.counts.len() >= MAX_NONCES {
            let lifetime = self.lifetime;
            self.counts
                .retain(|_, (_, made)| age.saturating_sub(*made) <= lifetime);
        }
        if self.counts.len() >= MAX_NONCES {
            // Nothing can be forgotten safely before it is too old.
            return false;
        }
        self.counts.insert(nonce.to_owned(), (uses, made));
        uses > 0
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.epoch)
    }

    fn nonce(&mut self, made: Duration) -> String {
        let named = format!("{:012x}{:08x}", made.as_millis(), self.serial);
        self.serial = self.serial.wrapping_add(1);
        let seal = self.seal(&named);
        named + &seal
    }

    fn time_of(&self, nonce: &str) -> Option<Duration> {
        let (named, seal) = nonce.split_at_checked(20)?;
        let (millis, _) = named.split_at_checked(12)?;
        let sealed = bool::from(self.seal(named).as_bytes().ct_eq(seal.as_bytes()));
        sealed.then(|| {
            u64::from_str_radix(millis, 16)
                .ok()
                .map(Duration::from_millis)
        })?
    }

    fn seal(&self, named: &str) -> String {
        // A key of any length is fine for HMAC, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else {
            return String::new();
        };
        mac.update(named.as_bytes());
        mac.update(self.realm.as_bytes());
        hex(mac.finalize().into_bytes().get(..16).unwrap_or_default())
    }
}

impl fmt::Debug for DigestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestServer")
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// Whether both URIs name the same user and host; parameters are changed by proxies on the way.
fn same_place(one: &str, two: &str) -> bool {
    match (UriRef::borrowed(one), UriRef::borrowed(two)) {
        (Ok(one), Ok(two)) => {
            one.user_text() == two.user_text() && one.host().eq_ignore_ascii_case(two.host())
        }
        _ => one == two,
    }
}
