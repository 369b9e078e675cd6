//! Who sends a request: a user that proves to be one, with a digest.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use hookflash_sip::digest::{Denied, DigestServer, Hash};
use hookflash_sip::{Flow, Name, Request};

use super::Shard;
use crate::switchboard::Switchboard;

const TOO_MANY: &str = "an address has tried too many wrong passwords and is not listened to for \
                        a minute";

/// What the digest challenges of all shards have in common, so that an answer to one is
/// understood by each.
#[derive(Clone)]
pub(crate) struct Realms {
    secret: [u8; 32],
    epoch: Instant,
    hashes: Arc<[Hash]>,
}

impl Realms {
    /// Challenges with these hash functions, the preferred one first.
    pub(crate) fn new(hashes: &[Hash]) -> Realms {
        Realms {
            secret: rand::random(),
            epoch: Instant::now(),
            hashes: hashes.into(),
        }
    }
}

/// A user that has proved to be one.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) realm: String,
}

/// Why a sender is nobody that we know.
#[derive(Debug)]
pub(super) enum Unknown {
    /// It has to answer these challenges first.
    Challenged(Vec<(String, String)>),
    /// Its address has tried too many wrong passwords.
    ShutOut,
}

impl Shard {
    /// Whether a request comes from one of the users of a domain, or, when the domain is none of
    /// theirs, of the first.
    pub(super) fn identify(
        &self,
        board: &Switchboard,
        request: &Request,
        flow: &Flow,
        domain: &str,
    ) -> Result<Known, Unknown> {
        let now = Instant::now();
        let peer = flow.remote.ip();
        if self.common.guard.shuts_out(now, peer) {
            return Err(Unknown::ShutOut);
        }
        let realm = board.realm(domain).unwrap_or_default().to_owned();
        let mut digests = self.digests.borrow_mut();
        let digest = self.digest(&mut digests, &realm);
        let (mut stale, mut wrong) = (false, false);
        for authorization in request.headers().get_all(Name::Authorization) {
            let password = |user: &str| board.password(&realm, user).map(str::to_owned);
            let (method, uri) = (request.method(), request.uri());
            match digest.verify(now, authorization, method, uri, password) {
                Ok(name) => return Ok(Known { name, realm }),
                Err(Denied::Stale) => stale = true,
                Err(Denied::WrongCredentials) => wrong = true,
                Err(Denied::Unanswered) => {}
            }
        }
        if wrong && self.common.guard.wrong_password(now, peer) {
            tracing::warn!(%peer, "{TOO_MANY}");
        }
        let challenges = digest.challenge(now, stale).into_iter();
        let headers = challenges.map(|value| ("WWW-Authenticate".to_owned(), value));
        Err(Unknown::Challenged(headers.collect()))
    }

    fn digest<'a>(
        &self,
        digests: &'a mut HashMap<String, DigestServer>,
        realm: &str,
    ) -> &'a mut DigestServer {
        let Realms {
            secret,
            epoch,
            hashes,
        } = &self.common.realms;
        digests
            .entry(realm.to_owned())
            .or_insert_with(|| DigestServer::new(realm, *secret, *epoch).with_algorithms(hashes))
    }
}
