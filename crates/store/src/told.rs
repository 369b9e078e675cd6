//! Who waits until something is safe, and how they learn of it.
//!
//! To wake a task of another thread takes system calls, and the other thread runs before the next
//! is woken when both share a core. What the writer makes safe at a time is therefore told to each
//! thread at a time, by [`told_together`].

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::error::StoreError;

/// Whether something is safe.
pub(crate) type Told = Result<(), StoreError>;

thread_local! {
    /// By which those on this thread are told.
    static HERE: RefCell<Option<Arc<Bell>>> = const { RefCell::new(None) };
}

/// Somebody who waits, and what to tell them.
type Telling = (oneshot::Sender<Told>, Told);

/// Where results lie that a thread has not taken yet.
#[derive(Debug)]
struct Bell {
    /// None when nobody takes them any more.
    results: Mutex<Option<Vec<Telling>>>,
    rings: Notify,
}

/// Who waits until something is safe.
#[derive(Debug)]
pub(crate) struct Waiter {
    sender: oneshot::Sender<Told>,
    bell: Option<Arc<Bell>>,
}

impl Waiter {
    /// Somebody on this thread.
    pub(crate) fn new() -> (Waiter, oneshot::Receiver<Told>) {
        let (sender, receiver) = oneshot::channel();
        let bell = HERE.with_borrow(Option::clone);
        (Waiter { sender, bell }, receiver)
    }

    /// Tells this one alone. Who no longer waits has gone on.
    pub(crate) fn tell(self, told: Told) {
        let _ = self.sender.send(told);
    }
}

/// Tells everybody who waits the same.
pub(crate) fn tell_all(waiters: impl IntoIterator<Item = Waiter>, told: &Told) {
    let mut bells: Vec<Arc<Bell>> = Vec::new();
    for Waiter { sender, bell } in waiters {
        let Some(bell) = bell else {
            let _ = sender.send(told.clone());
            continue;
        };
        bell.keep(sender, told.clone());
        if !bells.iter().any(|other| Arc::ptr_eq(other, &bell)) {
            bells.push(bell);
        }
    }
    for bell in bells {
        bell.rings.notify_one();
    }
}

impl Bell {
    fn keep(&self, sender: oneshot::Sender<Told>, told: Told) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        match results.as_mut() {
            Some(results) => results.push((sender, told)),
            None => {
                let _ = sender.send(told);
            }
        }
    }

    fn take(&self, next: Option<Vec<Telling>>) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::replace(&mut *results, next);
        drop(results);
        for (sender, told) in taken.into_iter().flatten() {
            let _ = sender.send(told);
        }
    }
}

/// For ever, tells those who wait on this thread, from then on, what is safe: all at a time for
/// which the store made it so at a time. When it is dropped, the rest is told at once.
pub async fn told_together() {
    let bell = Here::begin();
    loop {
        bell.0.rings.notified().await;
        bell.0.take(Some(Vec::new()));
    }
}

/// As long as this lives, those who wait on its thread are told by its bell.
struct Here(Arc<Bell>);

impl Here {
    fn begin() -> Here {
        let bell = Arc::new(Bell {
            results: Mutex::new(Some(Vec::new())),
            rings: Notify::new(),
        });
        HERE.set(Some(Arc::clone(&bell)));
        Here(bell)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        // Of a thread that ends there may be nothing left to clear.
        let _ = HERE.try_with(RefCell::take);
        self.0.take(None);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll(work: &mut (impl Future<Output = ()> + Unpin)) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        std::pin::Pin::new(work).poll(&mut context) == Poll::Ready(())
    }

    #[test]
    fn those_of_a_thread_are_told_when_it_takes_what_is_safe() {
        let mut together = Box::pin(told_together());
        assert!(!poll(&mut together));
        let (one, mut heard_by_one) = Waiter::new();
        let (other, mut heard_by_other) = Waiter::new();
        let elsewhere = std::thread::spawn(Waiter::new).join().unwrap();
        let (of_another_thread, mut heard_elsewhere) = elsewhere;
        tell_all([one, of_another_thread, other], &Ok(()));
        assert_eq!(heard_elsewhere.try_recv(), Ok(Ok(())));
        assert!(heard_by_one.try_recv().is_err());
        assert!(!poll(&mut together));
        assert_eq!(heard_by_one.try_recv(), Ok(Ok(())));
        assert_eq!(heard_by_other.try_recv(), Ok(Ok(())));
    }

    #[test]
    fn nobody_waits_for_a_thread_that_has_ended() {
        let mut together = Box::pin(told_together());
        assert!(!poll(&mut together));
        let (early, mut heard_early) = Waiter::new();
        let (late, mut heard_late) = Waiter::new();
        tell_all([early], &Ok(()));
        drop(together);
        assert_eq!(heard_early.try_recv(), Ok(Ok(())));
        tell_all([late], &Err(StoreError::closed()));
        assert_eq!(heard_late.try_recv(), Ok(Err(StoreError::closed())));
        let (direct, mut heard_directly) = Waiter::new();
        tell_all([direct], &Ok(()));
        assert_eq!(heard_directly.try_recv(), Ok(Ok(())));
    }
}
