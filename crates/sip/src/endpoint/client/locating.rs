//! A request that waits until it is known where it goes (RFC 3263 section 4).

use super::{Machine, Resolving};
use crate::endpoint::command::{DnsId, DnsQuery, Resolve, ResolveId};
use crate::endpoint::core::{Core, Failure};
use crate::locate::{DnsAnswer, DnsQuestion, Locator, NotFound, Place};
use crate::transaction::{Timer, TransactionId};

/// A search with the questions that it has asked.
pub(crate) struct Search {
    locator: Locator,
    asked: Vec<DnsQuestion>,
}

impl Core {
    /// Asks where a name leads, in the way that the configuration wants.
    pub(super) fn resolve(&mut self, mut resolving: Resolving, resolve: Resolve) {
        let (id, transaction) = (resolve.id, resolving.transaction);
        let patience = match self.config.asks_dns {
            true => {
                let place = Place {
                    host: resolve.host,
                    port: resolve.port,
                    transport: resolve.transport,
                    secure: resolve.secure,
                };
                let locator = Locator::new(place, self.addresses.means(), self.random());
                let asked = Vec::new();
                resolving.search = Some(Box::new(Search { locator, asked }));
                self.config.dns_patience
            }
            false => {
                self.resolves.push_back(resolve);
                self.times.patience()
            }
        };
        self.set_ending(transaction, Timer::F, patience);
        self.resolving.insert(id, resolving);
        self.search_on(id);
    }

    /// DNS answered.
    pub(crate) fn dns_answered(&mut self, id: DnsId, answer: DnsAnswer) {
        let DnsId(question, at) = id;
        let resolving = self.resolving.get_mut(&question);
        let Some(search) = resolving.and_then(|resolving| resolving.search.as_deref_mut()) else {
            return;
        };
        if let Some(asked) = search.asked.get(usize::from(at)) {
            search.locator.handle_answer(asked, answer);
            self.search_on(question);
        }
    }

    fn search_on(&mut self, id: ResolveId) {
        let resolving = self.resolving.get_mut(&id);
        let Some(search) = resolving.and_then(|resolving| resolving.search.as_deref_mut()) else {
            return;
        };
        while let Some(question) = search.locator.poll_question() {
            let at = u16::try_from(search.asked.len()).unwrap_or(u16::MAX);
            search.asked.push(question.clone());
            let id = DnsId(id, at);
            self.dns.push_back(DnsQuery { id, question });
        }
        if let Some(why) = search.locator.not_found() {
            return self.not_located(id, why);
        }
        if let Some(candidates) = search.locator.candidates() {
            let candidates = candidates.to_vec();
            self.resolved(id, &candidates);
        }
    }

    /// A name took too long. What is known of it by now has to do.
    pub(super) fn stop_resolving(&mut self, id: TransactionId) {
        let question = ResolveId(id.0);
        let resolving = self.resolving.get_mut(&question);
        if let Some(search) = resolving.and_then(|resolving| resolving.search.as_deref_mut()) {
            search.locator.give_up();
            let found = search.locator.candidates().unwrap_or_default().to_vec();
            return match search.locator.not_found() {
                Some(why) => self.not_located(question, why),
                None => self.resolved(question, &found),
            };
        }
        let waits = |machine| machine == Machine::Waiting;
        if self.clients.get(&id).is_some_and(|t| waits(t.machine)) {
            let why = "the name was not resolved in time".to_owned();
            self.give_up(id, Failure::Lost(why));
        }
    }

    /// A name leads nowhere.
    fn not_located(&mut self, question: ResolveId, why: NotFound) {
        let Some(resolving) = self.resolving.remove(&question) else {
            return;
        };
        let id = resolving.transaction;
        if let Some(transaction) = self.clients.get(&id) {
            let host = transaction.host.as_deref().unwrap_or_default();
            let why = format!("{host} cannot be reached: {why}");
            self.give_up(id, Failure::Lost(why));
        }
    }
}
