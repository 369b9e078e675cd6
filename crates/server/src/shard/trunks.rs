//! Our registrations with trunks. Each is one shard's: its answers come back there because their
//! Call-ID leads there.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use hookflash_sip::{RegistrationEvent, RegistrationId};

use super::Shard;
use crate::registrations::{Wanted, reason};

/// A registration that this shard has begun.
#[derive(Debug)]
pub(super) struct Held {
    id: RegistrationId,
    wanted: Wanted,
    is_leaving: bool,
}

impl Shard {
    /// Registers where the configuration wants it and leaves where it does not any more. To be
    /// followed by [`Shard::flush`].
    pub(super) fn register_with_trunks(&self) {
        let board = self.board();
        let wanted = |held: &Held| board.registrations.contains(&held.wanted);
        self.leave_trunks(|held| !wanted(held));
        let now = Instant::now();
        for wanted in &board.registrations {
            // A trunk that is still being left gets its new registration afterwards.
            let is_known = |held: &Held| held.wanted.trunk == wanted.trunk;
            if self.shard_of(&wanted.trunk) != self.index || self.held.borrow().iter().any(is_known)
            {
                continue;
            }
            let registered = self.endpoint.borrow_mut().register(now, wanted.order());
            match registered {
                Ok(id) => {
                    self.common.registrations.begun(wanted);
                    self.held.borrow_mut().push(Held {
                        id,
                        wanted: wanted.clone(),
                        is_leaving: false,
                    });
                }
                Err(error) => {
                    tracing::error!(trunk = wanted.trunk, %error, "cannot register with a trunk");
                }
            }
        }
    }

    /// Takes back the registrations that `which` names. To be followed by [`Shard::flush`].
    pub(super) fn leave_trunks(&self, which: impl Fn(&Held) -> bool) {
        let now = Instant::now();
        let mut held = self.held.borrow_mut();
        for one in held
            .iter_mut()
            .filter(|held| !held.is_leaving && which(held))
        {
            one.is_leaving = true;
            self.endpoint.borrow_mut().unregister(now, one.id);
        }
    }

    /// Whether a registration has not been taken back yet.
    pub(super) fn holds_registrations(&self) -> bool {
        !self.held.borrow().is_empty()
    }

    /// News of a registration of ours.
    pub(super) fn registration_news(self: &Rc<Self>, id: RegistrationId, event: RegistrationEvent) {
        let held = self.held.borrow();
        let Some(at) = held.iter().position(|held| held.id == id) else {
            return;
        };
        let Some(trunk) = held.get(at).map(|held| held.wanted.trunk.clone()) else {
            return;
        };
        drop(held);
        let registrations = &self.common.registrations;
        let in_time = |time: Duration| SystemTime::now() + time;
        match event {
            RegistrationEvent::Registered {
                expires,
                flow,
                bindings,
            } => {
                let peer = flow.remote;
                if registrations.registered(&trunk, peer, in_time(expires)) {
                    tracing::info!(trunk, %peer, ?expires, bindings, "registered with a trunk");
                }
            }
            RegistrationEvent::Failed {
                failure,
                retry_in,
                is_still_bound,
            } => {
                let why = reason(&failure);
                let retry_at = in_time(retry_in);
                if registrations.failed(&trunk, why.clone(), retry_at, is_still_bound) {
                    tracing::warn!(
                        trunk,
                        why,
                        ?retry_in,
                        is_still_bound,
                        "cannot register with a trunk"
                    );
                }
            }
            RegistrationEvent::Ended => {
                self.held.borrow_mut().remove(at);
                registrations.ended(&trunk);
                tracing::info!(trunk, "no longer registered with a trunk");
                if !self.door.is_closed() {
                    self.register_with_trunks();
                }
            }
        }
    }

    fn shard_of(&self, trunk: &str) -> usize {
        let mut hasher = DefaultHasher::new();
        trunk.hash(&mut hasher);
        (hasher.finish() % self.count.max(1) as u64) as usize
    }
}
