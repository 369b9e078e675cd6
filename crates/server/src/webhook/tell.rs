//! What applications are owed: requests whose reply does not matter, in order per call.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use hookflash_call::CallKey;
use hookflash_dialects::{FetchError, FetchErrorKind, HttpRequest};
use tokio::sync::Notify;

use super::{Webhooks, failure};

/// How many requests may wait for all calls of a shard; those beyond are reported as failed.
const MOST_OWED: usize = 200_000;
/// How many may wait for one call.
const MOST_OWED_TO_ONE: usize = 1_000;

pub(crate) type Done = Box<dyn FnOnce(Result<u16, FetchError>)>;

/// Something that must be over before a request is sent.
pub(crate) type Before = Pin<Box<dyn Future<Output = ()>>>;

/// A request that waits for its turn.
struct Telling {
    before: Option<Before>,
    request: HttpRequest,
    done: Done,
}

/// The queues of one shard. A call has one while something of it is owed.
#[derive(Default)]
pub(crate) struct Queues {
    waiting: RefCell<HashMap<CallKey, VecDeque<Telling>>>,
    owed: Cell<usize>,
    empty: Notify,
}

impl Queues {
    pub(crate) fn owed(&self) -> usize {
        self.owed.get()
    }

    pub(crate) async fn settled(&self) {
        while self.owed.get() > 0 {
            self.empty.notified().await;
        }
    }

    fn paid(&self) {
        self.owed.set(self.owed.get().saturating_sub(1));
        if self.owed.get() == 0 {
            self.empty.notify_waiters();
            self.empty.notify_one();
        }
    }

    fn next(&self, call: CallKey) -> Option<Telling> {
        let mut waiting = self.waiting.borrow_mut();
        let next = waiting.get_mut(&call)?.pop_front();
        if next.is_none() {
            waiting.remove(&call);
        }
        next
    }
}

/// Puts a request behind those of its call that wait, and starts a worker when none runs.
pub(crate) fn enqueue(
    webhooks: &Rc<Webhooks>,
    call: CallKey,
    before: Option<Before>,
    request: HttpRequest,
    done: Done,
) {
    let queues = &webhooks.queues;
    let mut waiting = queues.waiting.borrow_mut();
    let is_full = queues.owed.get() >= MOST_OWED
        || waiting
            .get(&call)
            .is_some_and(|queue| queue.len() >= MOST_OWED_TO_ONE);
    if is_full {
        drop(waiting);
        let why = "too many requests wait already; the application does not keep up";
        done(Err(failure::new(
            FetchErrorKind::TotalTimeout,
            request.url,
            why,
        )));
        return;
    }
    queues.owed.set(queues.owed.get() + 1);
    let is_new = !waiting.contains_key(&call);
    waiting.entry(call).or_default().push_back(Telling {
        before,
        request,
        done,
    });
    drop(waiting);
    if is_new {
        tokio::task::spawn_local(work(Rc::clone(webhooks), call));
    }
}

async fn work(webhooks: Rc<Webhooks>, call: CallKey) {
    while let Some(telling) = webhooks.queues.next(call) {
        if let Some(before) = telling.before {
            before.await;
        }
        let outcome = webhooks.fetch(call, &telling.request).await;
        (telling.done)(outcome.map(|reply| reply.status));
        webhooks.queues.paid();
    }
}
