//! A new call: may its caller call, and who answers?

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookflash_call::{CallRecord, Host, Masked, Placement};
use hookflash_sip::{Flow, LegId, Name, Request, Transport, Uri};

use super::Shard;
use super::entrance::Reached;
use super::identity::{Known, Unknown};
use crate::switchboard::{Admission, Switchboard};

const NOT_KNOWN: &str = "a call was refused with 403: the peer is not known; add its address to \
                         `from` of a trunk, or a [[users]] entry, or set sip.accept to \"anyone\"";
const NOT_ITSELF: &str = "a call was refused with 403: the user may not call itself so; add what it \
                          may to its `identities`";
const NO_ROUTE: &str =
    "a call was refused with 404: no route leads to an application; add [[routes]]";

/// How often a refusal is logged.
const BETWEEN_REASONS: Duration = Duration::from_secs(1);

/// Why there is no room for a call that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// No new calls are taken any more.
    Draining,
    /// As many calls run as may, or the shard cannot keep up.
    Calls,
    /// As many began in this second as may.
    Rate,
}

/// How a call is turned away.
struct Turned {
    status: u16,
    reason: Option<&'static str>,
    headers: Vec<(String, String)>,
}

impl Turned {
    fn forbidden(reason: &'static str) -> Turned {
        Turned {
            status: 403,
            reason: Some(reason),
            headers: Vec::new(),
        }
    }
}

impl Shard {
    /// Takes a call in, or refuses it with the reason.
    pub(super) fn incoming(self: &Rc<Self>, leg: LegId, invite: Arc<Request>, flow: Flow) {
        let board = self.board();
        let registered = |ip| self.common.registrations.trunk_at(ip);
        let mut user = None;
        let trunk = match board.admit(&flow, registered) {
            Admission::Welcome(trunk) => trunk,
            Admission::Challenge => match self.user(&board, &invite, &flow) {
                Ok(known) => {
                    user = Some(known);
                    None
                }
                Err(Turned {
                    status,
                    reason,
                    headers,
                }) => {
                    return self.refuse(leg, status, reason, &headers);
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
        if user.is_some() && flow.transport == Transport::Udp {
            // A phone behind address translation: its Contact leads nowhere.
            self.endpoint.borrow_mut().keep_flow(leg);
        }
        let Ok(entering) = self.enter() else {
            return self.turn_away(leg);
        };
        let record = desk.incoming(leg, Arc::clone(&invite), flow, Arc::clone(options));
        entering.begun();
        tracing::debug!(
            call = %record.facts(|facts| facts.sid.clone()),
            to = %self.shown(invite.uri()),
            from = %self.shown(invite.headers().get(Name::From).unwrap_or_default()),
            peer = %flow.remote,
            application = %options.application.name,
            trunk = trunk.and_then(|trunk| board.trunk(trunk)),
            user = user.map(|user| self.shown(&user.name)),
            "a call came in"
        );
    }

    /// The user that calls, when it proves to be one and does not pretend to be another.
    fn user(&self, board: &Switchboard, invite: &Request, flow: &Flow) -> Result<Known, Turned> {
        let from = invite.headers().get(Name::From).unwrap_or_default();
        let user = self
            .identify(board, invite, flow, &domain_of(from))
            .map_err(|unknown| match unknown {
                Unknown::Challenged(headers) => Turned {
                    status: 401,
                    reason: None,
                    headers,
                },
                Unknown::ShutOut => Turned::forbidden("Too Many Wrong Passwords"),
            })?;
        if board.may_show(&user.realm, &user.name, from) {
            return Ok(user);
        }
        self.say_why(|| {
            let (from, user) = (self.shown(from), self.shown(&user.name));
            tracing::info!(%from, %user, "{NOT_ITSELF}");
        });
        Err(Turned::forbidden("From Is Not The Authenticated User"))
    }

    /// Begins a call that somebody asked for, if there is room for it; otherwise gives it back.
    pub(crate) fn place(
        self: &Rc<Self>,
        placement: Placement,
    ) -> Result<Arc<CallRecord>, (Full, Box<Placement>)> {
        let now = Instant::now();
        let full = match self.desk() {
            _ if self.door.is_closed() => Full::Draining,
            None => Full::Draining,
            Some(_) if self.door.lags(now) => Full::Calls,
            Some(desk) => match self.enter() {
                Err(Reached::Calls) => Full::Calls,
                Err(Reached::PerSecond) => Full::Rate,
                Ok(entering) => {
                    let record = desk.place(placement);
                    entering.begun();
                    self.look_at_the_door(now);
                    record.facts(|facts| {
                        tracing::debug!(
                            call = %facts.sid,
                            to = %self.shown(&facts.to.uri),
                            from = %self.shown(&facts.from.uri),
                            application = %facts.application.name,
                            "a call is placed"
                        );
                    });
                    return Ok(record);
                }
            },
        };
        Err((full, Box::new(placement)))
    }

    /// Refuses a call for which there is no room, as the endpoint does when the door is closed.
    pub(super) fn turn_away(&self, leg: LegId) {
        let seconds = self.retry_after.as_secs().max(1);
        let headers = [("Retry-After".to_owned(), seconds.to_string())];
        self.refuse(leg, 503, None, &headers);
    }

    pub(super) fn refuse(
        &self,
        leg: LegId,
        status: u16,
        reason: Option<&str>,
        headers: &[(String, String)],
    ) {
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
    pub(super) fn say_why(&self, say: impl FnOnce()) {
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
    pub(super) fn shown(&self, uri: &str) -> String {
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
