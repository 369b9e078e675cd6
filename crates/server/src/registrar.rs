//! Phones of `[[users]]` that have registered, known to all shards.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hookflash_sip::registrar::{Binding, RegisterAnswer, Registrar, RegistrarLimits};
use hookflash_sip::{ConnectionId, Flow, Request};

/// The bindings of all users. A lock is held only for as long as one request takes.
#[derive(Debug)]
pub(crate) struct Bindings(Mutex<Registrar>);

impl Default for Bindings {
    fn default() -> Bindings {
        Bindings(Mutex::new(Registrar::new(RegistrarLimits::default())))
    }
}

impl Bindings {
    /// Serves a REGISTER whose sender has proved to be that user.
    pub(crate) fn register(
        &self,
        now: Instant,
        aor: &str,
        request: &Request,
        flow: Flow,
    ) -> RegisterAnswer {
        self.registrar().register(now, aor, request, flow)
    }

    /// Where a user can be called, the preferred phone first.
    pub(crate) fn of(&self, now: Instant, aor: &str) -> Vec<Binding> {
        let registrar = self.registrar();
        registrar.lookup(now, aor).into_iter().cloned().collect()
    }

    /// All of them with their users.
    pub(crate) fn list(&self, now: Instant) -> Vec<(String, Binding)> {
        let registrar = self.registrar();
        let all = registrar.bindings(now);
        all.map(|(aor, binding)| (aor.to_owned(), binding.clone()))
            .collect()
    }

    /// A connection is gone.
    pub(crate) fn connection_closed(&self, connection: ConnectionId) {
        self.registrar().connection_closed(connection);
    }

    /// Forgets what has expired, and users that are no longer configured.
    pub(crate) fn sweep(&self, now: Instant, is_user: impl Fn(&str) -> bool) {
        let mut registrar = self.registrar();
        registrar.expire(now);
        registrar.retain(is_user);
    }

    /// How many there are, with those that have expired and were not swept yet.
    pub(crate) fn len(&self) -> usize {
        self.registrar().len()
    }

    fn registrar(&self) -> MutexGuard<'_, Registrar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
