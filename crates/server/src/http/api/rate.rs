//! How many requests an account may make per second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What each account has left. A second's worth may come at once.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// 0 is no limit.
    per_second: u32,
    /// By account: requests left, and when that was so.
    left: Mutex<HashMap<String, (f64, Instant)>>,
}

impl Rates {
    pub(crate) fn new(per_second: u32) -> Rates {
        Rates {
            per_second,
            left: Mutex::default(),
        }
    }

    /// Whether an account may make a request now; if so it has made it.
    pub(crate) fn take(&self, account: &str, now: Instant) -> bool {
        let most = f64::from(self.per_second);
        if self.per_second == 0 {
            return true;
        }
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        // Only accounts of the configuration come here.
        let (left, since) = match all.get_mut(account) {
            Some(known) => known,
            None => all.entry(account.to_owned()).or_insert((most, now)),
        };
        let passed = now.saturating_duration_since(*since).as_secs_f64();
        *left = (*left + passed * most).min(most);
        *since = now;
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_account_has_a_seconds_worth_and_gets_it_back_in_a_second() {
        let (rates, start) = (Rates::new(10), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let taken = |account, now| (0..100).filter(|_| rates.take(account, now)).count();
        assert_eq!(taken("one", at(0)), 10);
        assert_eq!(taken("other", at(0)), 10, "each has its own");
        assert_eq!(taken("one", at(250)), 2);
        assert_eq!(taken("one", at(10_000)), 10, "no more is saved up");
        assert_eq!(
            taken("one", at(9_000)),
            0,
            "a clock that goes back gives nothing"
        );
    }

    #[test]
    fn without_a_limit_nobody_is_counted() {
        let rates = Rates::default();
        assert!((0..10_000).all(|_| rates.take("one", Instant::now())));
        assert!(rates.left.lock().unwrap().is_empty());
    }
}
