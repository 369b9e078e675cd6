//! A new call: may its caller call, and who answers?

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookflash_call::{Host, Masked};
use hookflash_sip::digest::{Denied, DigestServer};
use hookflash_sip::{Flow, LegId, Name, Request, Uri};

use super::Shard;
use crate::switchboard::{Admission, Switchboard};

const NOT_KNOWN: &str = "a call was refused with 403: the peer is not known; add its address to \
                         `from` of a trunk, or a [[users]] entry, or set sip.accept to \"anyone\"";
const NO_ROUTE: &str =
    "a call was refused with 404: no route leads to an application; add [[routes]]";

/// How often a refusal is logged.
const BETWEEN_REASONS: Duration = Duration::from_secs(1);

/// What the digest challenges of all shards have in common, so that an answer to one is
/// understood by each.
#[derive(Clone)]
pub(crate) struct Realms {
    secret: [u8; 32],
    epoch: Instant,
}

impl Realms {
    pub(crate) fn new() -> Realms {
        Realms {
            secret: rand::random(),
            epoch: Instant::now(),
        }
    }
}

impl Shard {
    /// Takes a call in, or refuses it with the reason.
    pub(super) fn incoming(self: &Rc<Self>, leg: LegId, invite: Arc<Request>, flow: Flow) {
        let board = self.board();
        let trunk = match board.admit(&flow) {
            Admission::Welcome(trunk) => trunk,
            Admission::Challenge => match self.recognise(&board, &invite) {
                Ok(()) => None,
                Err(challenge) => {
                    let headers: Vec<(String, String)> = challenge
                        .into_iter()
                        .map(|value| ("WWW-Authenticate".to_owned(), value))
                        .collect();
                    return self.refuse(leg, 401, None, &headers);
                }
            },
            Admission::Refused => {
                self.say_why(|| tracing::info!(peer = %flow.remote, "{NOT_KNOWN}"));
                return self.refuse(leg, 403, Some("Caller Not Known"), &[]);
            }
        };
        let Some(options) = board.route(invite.uri(), trunk) else {
            let to = self.shown(invite.uri());
            self.say_why(|| tracing::info!(%to, "{NO_ROUTE}"));
            return self.refuse(leg, 404, None, &[]);
        };
        let Some(desk) = self.desk() else { return };
        let record = desk.incoming(leg, Arc::clone(&invite), flow, Arc::clone(options));
        tracing::debug!(
            call = %record.facts(|facts| facts.sid.clone()),
            to = %self.shown(invite.uri()),
            from = %self.shown(invite.headers().get(Name::From).unwrap_or_default()),
            peer = %flow.remote,
            application = %options.application.name,
            trunk = trunk.and_then(|trunk| board.trunk(trunk)),
            "a call came in"
        );
    }

    /// Whether the caller proves to be one of the users; otherwise the challenges to send.
    fn recognise(&self, board: &Switchboard, invite: &Request) -> Result<(), Vec<String>> {
        let now = Instant::now();
        let from = invite.headers().get(Name::From).unwrap_or_default();
        let realm = board.realm(&domain_of(from)).unwrap_or_default().to_owned();
        let mut digests = self.digests.borrow_mut();
        let digest = self.digest(&mut digests, &realm);
        let mut stale = false;
        for authorization in invite.headers().get_all(Name::Authorization) {
            let password = |user: &str| board.password(&realm, user).map(str::to_owned);
            let (method, uri) = (invite.method(), invite.uri());
            match digest.verify(now, authorization, method, uri, password) {
                Ok(_) => return Ok(()),
                Err(Denied::Stale) => stale = true,
                Err(_) => {}
            }
        }
        Err(digest.challenge(now, stale))
    }

    fn digest<'a>(
        &self,
        digests: &'a mut HashMap<String, DigestServer>,
        realm: &str,
    ) -> &'a mut DigestServer {
        let Realms { secret, epoch } = self.common.realms.clone();
        digests
            .entry(realm.to_owned())
            .or_insert_with(|| DigestServer::new(realm, secret, epoch))
    }

    /// Refuses a call for which there is no room, as the endpoint does when the door is closed.
    pub(super) fn turn_away(&self, leg: LegId) {
        let seconds = self.retry_after.as_secs().max(1);
        let headers = [("Retry-After".to_owned(), seconds.to_string())];
        self.refuse(leg, 503, None, &headers);
    }

    fn refuse(&self, leg: LegId, status: u16, reason: Option<&str>, headers: &[(String, String)]) {
        // A challenge is a question; whoever answers it gets in.
        if status != 401 {
            self.refused.set(self.refused.get() + 1);
        }
        let refused =
            self.endpoint(|endpoint, now| endpoint.reject(now, leg, status, reason, headers));
        if let Err(error) = refused {
            // The caller gave up in the same moment.
            tracing::debug!(%error, "a refusal was not sent");
        }
    }

    /// Logs a refusal, at most once per second: whoever knocks must not fill the disk.
    fn say_why(&self, say: impl FnOnce()) {
        let now = Instant::now();
        let quiet = self
            .said_why
            .get()
            .is_some_and(|before| now < before + BETWEEN_REASONS);
        if !quiet {
            self.said_why.set(Some(now));
            say();
        }
    }

    /// A URI as logs may show it.
    fn shown(&self, uri: &str) -> String {
        if self.common.personal_data {
            uri.to_owned()
        } else {
            Masked(uri).to_string()
        }
    }
}

/// The host of the URI in a From header.
fn domain_of(from: &str) -> String {
    let uri = from.split_once('<').map_or(from, |(_, rest)| rest);
    let uri = uri.split(['>']).next().unwrap_or(uri);
    Uri::borrowed(uri.trim()).map_or_else(|_| String::new(), |uri| uri.host().to_owned())
}
