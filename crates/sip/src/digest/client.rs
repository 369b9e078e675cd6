//! Answering challenges (RFC 3261 sections 8.1.3.5 and 22.1 to 22.3, RFC 8760 section 2.4).

use std::fmt;

use hmac::digest::Digest;
use sha2::Sha256;

use super::algorithm::{Proof, hex};
use super::{Algorithm, Challenge, DigestResponse, Qop};
use crate::Method;
use crate::header::Name;
use crate::headers::Headers;

/// A user's name and password. Never shown in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name for authentication.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Why a challenge was not answered. To blame is the operator's configuration in the first two
/// cases, the peer in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The credentials were sent for this request and refused.
    Rejected,
    /// The server called fresh nonces stale again and again.
    AlwaysStale,
    /// No challenge in the response, or none that is understood.
    NothingUsable,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoAnswer::Rejected => "the far end refused the credentials; check name and password",
            NoAnswer::AlwaysStale => "the far end calls every nonce stale",
            NoAnswer::NothingUsable => "the far end asks for a kind of authentication not known",
        })
    }
}

impl std::error::Error for NoAnswer {}

/// How often a stale nonce is replaced within one request.
const MAX_STALE: u8 = 3;

/// The client side of digest authentication for one peer: remembers nonces and their use.
///
/// For each new request call [`DigestClient::begin`]; on 401 or 407 call
/// [`DigestClient::answer`], put the headers it returns in place of any credentials in the
/// request, and send it again with a new CSeq and branch.
#[derive(Clone)]
pub struct DigestClient {
    seed: [u8; 16],
    drawn: u32,
    spaces: Vec<Space>,
}

/// What is known of one protection domain.
#[derive(Clone)]
struct Space {
    header: Name<'static>,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    qop: Option<Qop>,
    cnonce: String,
    uses: u32,
    /// A fingerprint of the credentials that were sent in answer to a challenge of this request.
    answered: Option<[u8; 32]>,
    stale: u8,
}

/// The request that is to be authenticated.
struct Target<'a> {
    method: &'a Method,
    uri: &'a str,
    body: &'a [u8],
    credentials: &'a Credentials,
}

impl DigestClient {
    /// A client without memory. `seed` makes its client nonces unguessable; it must be random and
    /// not used twice.
    pub fn new(seed: [u8; 16]) -> DigestClient {
        DigestClient {
            seed,
            drawn: 0,
            spaces: Vec::new(),
        }
    }

    /// Notes that a new request begins: credentials may be tried again.
    pub fn begin(&mut self) {
        for space in &mut self.spaces {
            space.answered = None;
            space.stale = 0;
        }
    }

    /// Credentials for a new request, sent before being asked because an earlier request was.
    /// Begins the request. Empty when no challenge is known.
    pub fn authorize(
        &mut self,
        method: &Method,
        uri: &str,
        body: &[u8],
        credentials: &Credentials,
    ) -> Vec<(Name<'static>, String)> {
        self.begin();
        let target = Target {
            method,
            uri,
            body,
            credentials,
        };
        self.spaces
            .iter_mut()
            .map(|space| space.header(&target))
            .collect()
    }

    /// The Authorization and Proxy-Authorization headers that answer the challenges in a 401 or
    /// 407.
    ///
    /// The topmost WWW-Authenticate that can be answered counts, and for Proxy-Authenticate the
    /// topmost of each realm. Credentials for proxies that were satisfied earlier in this request
    /// are included again.
    ///
    /// # Errors
    ///
    /// Credentials that were just refused are not sent again, unless the challenge says that only
    /// the nonce was stale.
    pub fn answer(
        &mut self,
        challenges: &Headers,
        method: &Method,
        uri: &str,
        body: &[u8],
        credentials: &Credentials,
    ) -> Result<Vec<(Name<'static>, String)>, NoAnswer> {
        let mut chosen: Vec<Challenge<'_>> = Vec::new();
        chosen.extend(
            Challenge::all_in(challenges, Name::WwwAuthenticate)
                .into_iter()
                .next(),
        );
        for challenge in Challenge::all_in(challenges, Name::ProxyAuthenticate) {
            let is_same =
                |c: &Challenge<'_>| c.header == challenge.header && c.realm == challenge.realm;
            if !chosen.iter().any(is_same) {
                chosen.push(challenge);
            }
        }
        if chosen.is_empty() {
            return Err(NoAnswer::NothingUsable);
        }
        let fingerprint = fingerprint(credentials);
        for challenge in &chosen {
            self.check(challenge, fingerprint)?;
        }
        for challenge in &chosen {
            self.learn(challenge, fingerprint);
        }
        let target = Target {
            method,
            uri,
            body,
            credentials,
        };
        let answered = self
            .spaces
            .iter_mut()
            .filter(|space| space.answered.is_some());
        Ok(answered.map(|space| space.header(&target)).collect())
    }

    fn check(&self, challenge: &Challenge<'_>, fingerprint: [u8; 32]) -> Result<(), NoAnswer> {
        let Some(space) = self.spaces.iter().find(|s| s.is_for(challenge)) else {
            return Ok(());
        };
        match space.answered {
            Some(sent) if sent == fingerprint && !challenge.stale => Err(NoAnswer::Rejected),
            Some(_) if challenge.stale && space.stale >= MAX_STALE => Err(NoAnswer::AlwaysStale),
            _ => Ok(()),
        }
    }

    fn learn(&mut self, challenge: &Challenge<'_>, fingerprint: [u8; 32]) {
        let cnonce = self.draw();
        let mut space = Space {
            header: challenge.header,
            realm: challenge.realm.clone().into_owned(),
            nonce: challenge.nonce.clone().into_owned(),
            opaque: challenge.opaque.clone().map(|opaque| opaque.into_owned()),
            algorithm: challenge.algorithm,
            qop: challenge.qop,
            cnonce,
            uses: 0,
            answered: Some(fingerprint),
            stale: 0,
        };
        let old = self.spaces.iter_mut().find(|s| s.is_for(challenge));
        match old {
            None => self.spaces.push(space),
            Some(old) => {
                space.stale = old.stale + u8::from(old.answered.is_some() && challenge.stale);
                if old.nonce == space.nonce {
                    // The count belongs to the nonce, whoever hands it out again.
                    space.uses = old.uses;
                }
                *old = space;
            }
        }
    }

    fn draw(&mut self) -> String {
        self.drawn = self.drawn.wrapping_add(1);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.drawn.to_be_bytes());
        hex(hash.finalize().get(..12).unwrap_or_default())
    }
}

impl fmt::Debug for DigestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestClient")
            .field("realms", &self.spaces.len())
            .finish_non_exhaustive()
    }
}

impl Space {
    fn is_for(&self, challenge: &Challenge<'_>) -> bool {
        // A server may name a new realm with every challenge, and its credentials replace the old.
        self.header == challenge.header
            && (self.header == Name::WwwAuthenticate || self.realm == challenge.realm)
    }

    fn header(&mut self, target: &Target<'_>) -> (Name<'static>, String) {
        self.uses = self.uses.saturating_add(1);
        let count = format!("{:08x}", self.uses);
        let proof = Proof {
            algorithm: self.algorithm,
            username: &target.credentials.username,
            password: &target.credentials.password,
            realm: &self.realm,
            nonce: &self.nonce,
            qop: self.qop.map(|qop| (qop, count.as_str())),
            cnonce: &self.cnonce,
            method: target.method.as_str(),
            uri: target.uri,
            body: target.body,
        };
        let needs_cnonce = self.qop.is_some() || self.algorithm.session;
        let value = DigestResponse {
            username: target.credentials.username.as_str().into(),
            realm: self.realm.as_str().into(),
            nonce: self.nonce.as_str().into(),
            uri: target.uri.into(),
            response: proof.response().into(),
            algorithm: self.algorithm,
            qop: self.qop.map(|qop| (qop, count.as_str().into())),
            cnonce: needs_cnonce.then(|| self.cnonce.as_str().into()),
            opaque: self.opaque.as_deref().map(Into::into),
        };
        let name = match self.header {
            Name::ProxyAuthenticate => Name::ProxyAuthorization,
            _ => Name::Authorization,
        };
        (name, value.to_header())
    }
}

fn fingerprint(credentials: &Credentials) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(credentials.username.len().to_be_bytes());
    hash.update(&credentials.username);
    hash.update(&credentials.password);
    hash.finalize().into()
}
