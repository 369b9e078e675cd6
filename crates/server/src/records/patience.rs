//! Waiting for a call to be written down, for a while.
//!
//! A store that fails says so by itself. One that is slow does not, and makes every call wait for
//! nothing: whoever runs the server is to know.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// How long a call waits to be written down.
const PATIENCE: Duration = Duration::from_secs(1);
/// A store is slow until it has been in time for so long.
const CALM: Duration = Duration::from_secs(60);

/// What came of the waiting.
#[derive(Debug, Default)]
pub(super) struct Patience {
    given_up: AtomicU64,
    /// While the store is slow, when it was last.
    slow: Mutex<Option<Instant>>,
}

impl Patience {
    /// Waits until something is written down, or for long enough. Either way it is written as soon
    /// as that can be had; only the end of the process before that would make it be forgotten.
    pub(super) async fn wait_for<E>(&self, written: impl Future<Output = Result<(), E>>) {
        match timeout(PATIENCE, written).await {
            Ok(Ok(())) => self.was_in_time(),
            // The store has said in the log what is wrong with it.
            Ok(Err(_)) => {}
            Err(_) => self.was_late(),
        }
    }

    /// How often it took too long.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }

    fn was_late(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
        let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if slow.replace(Instant::now()).is_none() {
            tracing::error!(
                seconds = PATIENCE.as_secs(),
                "the store is slow: calls wait for it and then go on without being written down, \
                 and are forgotten if the server is killed now. Look at its disk or database"
            );
        }
    }

    fn was_in_time(&self) {
        let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if slow.is_some_and(|last| last.elapsed() >= CALM) {
            *slow = None;
            tracing::warn!("the store is no longer slow");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    impl Patience {
        fn is_slow(&self) -> bool {
            self.slow.lock().unwrap().is_some()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_late_is_slow_until_it_has_been_in_time_for_a_while() {
        let patience = Patience::default();
        let in_time = || patience.wait_for(ready(Ok::<(), ()>(())));
        let late = || patience.wait_for(pending::<Result<(), ()>>());
        in_time().await;
        assert_eq!((patience.is_slow(), patience.given_up()), (false, 0));
        late().await;
        late().await;
        in_time().await;
        assert_eq!((patience.is_slow(), patience.given_up()), (true, 2));

        tokio::time::advance(CALM).await;
        patience.wait_for(ready(Err(()))).await;
        assert!(patience.is_slow(), "one that fails is not in time");
        late().await;
        in_time().await;
        assert_eq!((patience.is_slow(), patience.given_up()), (true, 3));
        tokio::time::advance(CALM).await;
        in_time().await;
        assert_eq!((patience.is_slow(), patience.given_up()), (false, 3));
    }
}
