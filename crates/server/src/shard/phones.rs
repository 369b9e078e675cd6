//! REGISTER: phones of our users say where they can be called (RFC 3261 section 10.3).

use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_sip::registrar::address_of_record;
use hookflash_sip::{Flow, IncomingRegister, Request};

use super::Shard;
use super::identity::Unknown;

const NO_USERS: &str = "a phone wanted to register and got 403: there are no [[users]]";
const NOT_ITSELF: &str = "a phone wanted to register another user than it is and got 403";

/// How often bindings that have run out are put away.
const SWEEP: Duration = Duration::from_secs(20);

impl Shard {
    /// Answers a REGISTER.
    pub(super) fn registering(self: &Rc<Self>, register: IncomingRegister) {
        let IncomingRegister { id, request, flow } = register;
        let (status, headers) = self.register(&request, flow);
        let mut endpoint = self.endpoint.borrow_mut();
        if let Err(error) = endpoint.answer_register(Instant::now(), id, status, &headers) {
            tracing::debug!(%error, "a REGISTER was not answered");
        }
    }

    fn register(&self, request: &Request, flow: Flow) -> (u16, Vec<(String, String)>) {
        let board = self.board();
        let Some(aor) = address_of_record(request) else {
            return (400, Vec::new());
        };
        let domain = aor.rsplit_once('@').map_or("", |(_, domain)| domain);
        if !board.has_users() {
            self.say_why(|| tracing::info!(peer = %flow.remote, "{NO_USERS}"));
            return (403, Vec::new());
        }
        let user = match self.identify(&board, request, &flow, domain) {
            Ok(user) => user,
            Err(Unknown::Challenged(challenges)) => return (401, challenges),
            Err(Unknown::ShutOut) => return (403, Vec::new()),
        };
        let own = format!("{}@{}", user.name, user.realm.to_ascii_lowercase());
        if own != aor {
            self.say_why(|| tracing::info!(peer = %flow.remote, "{NOT_ITSELF}"));
            return (403, Vec::new());
        }
        let bindings = &self.common.bindings;
        let answer = bindings.register(Instant::now(), &aor, request, flow);
        let change = answer.change;
        if change.added + change.removed > 0 {
            let phones = bindings.of(Instant::now(), &aor).len();
            tracing::info!(user = %self.shown(&format!("sip:{aor}")), phones, "the phones of a user changed");
        } else if answer.status != 200 {
            let (status, peer) = (answer.status, flow.remote);
            tracing::debug!(status, %peer, "a REGISTER was refused");
        }
        (answer.status, answer.headers)
    }

    /// Puts away bindings that have run out and those of users who are none any more.
    pub(super) fn sweep_bindings(&self) {
        let board = self.board();
        let is_user = |aor: &str| board.ways.is_user(aor);
        self.common.bindings.sweep(Instant::now(), is_user);
    }

    /// Does so for ever.
    pub(super) async fn keep_bindings(self: Rc<Self>) {
        loop {
            tokio::time::sleep(SWEEP).await;
            self.sweep_bindings();
        }
    }
}
