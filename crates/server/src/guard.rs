//! Who guesses passwords has to wait: wrong ones are counted per address, those of phones for all
//! shards and those of HTTP clients apart from them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many wrong passwords an address may try in [`WINDOW`]. A phone with a wrong password tries
/// once or twice a minute; an office full of them may stand behind one address.
const MOST_WRONG: u32 = 30;
/// In which time, and for how long nothing is listened to afterwards.
const WINDOW: Duration = Duration::from_secs(60);
/// How many addresses are remembered; beyond, the oldest gives way.
const MOST_ADDRESSES: usize = 10_000;

/// Wrong passwords by address.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    wrong: Mutex<HashMap<IpAddr, (u32, Instant)>>,
    counted: AtomicU64,
}

impl Guard {
    /// Whether an address has tried too many.
    pub(crate) fn shuts_out(&self, now: Instant, ip: IpAddr) -> bool {
        self.shut_out(now, ip).is_some()
    }

    /// For how long an address that has tried too many is not listened to.
    pub(crate) fn shut_out(&self, now: Instant, ip: IpAddr) -> Option<Duration> {
        let wrong = self.wrong();
        let (count, until) = wrong.get(&network(ip))?;
        (*count >= MOST_WRONG && *until > now).then(|| *until - now)
    }

    /// An address tried a wrong one. True when that was one too many.
    pub(crate) fn wrong_password(&self, now: Instant, ip: IpAddr) -> bool {
        self.counted.fetch_add(1, Ordering::Relaxed);
        let ip = network(ip);
        let mut wrong = self.wrong();
        if wrong.len() >= MOST_ADDRESSES && !wrong.contains_key(&ip) {
            wrong.retain(|_, (_, until)| *until > now);
            let oldest = wrong.iter().min_by_key(|(_, (_, until))| *until);
            let oldest = oldest
                .map(|(ip, _)| *ip)
                .filter(|_| wrong.len() >= MOST_ADDRESSES);
            if let Some(oldest) = oldest {
                wrong.remove(&oldest);
            }
        }
        let (count, until) = wrong.entry(ip).or_insert((0, now + WINDOW));
        if *until <= now {
            (*count, *until) = (0, now + WINDOW);
        }
        *count += 1;
        if *count == MOST_WRONG {
            *until = now + WINDOW;
        }
        *count == MOST_WRONG
    }

    /// How many wrong ones there were in all.
    pub(crate) fn counted(&self) -> u64 {
        self.counted.load(Ordering::Relaxed)
    }

    fn wrong(&self) -> MutexGuard<'_, HashMap<IpAddr, (u32, Instant)>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who has one IPv6 address has 2^64 of them.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(guard: &Guard, now: Instant, ip: &str, times: u32) {
        for _ in 0..times {
            guard.wrong_password(now, ip.parse().unwrap());
        }
    }

    #[test]
    fn whoever_guesses_too_often_waits_a_minute_and_others_do_not() {
        let (guard, now) = (Guard::default(), Instant::now());
        let (eve, bob): (IpAddr, IpAddr) =
            ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        guess(&guard, now, "192.0.2.1", MOST_WRONG - 1);
        assert!(!guard.shuts_out(now, eve));
        assert!(guard.wrong_password(now, eve), "one too many");
        assert!(guard.shuts_out(now, eve) && !guard.shuts_out(now, bob));
        let later = now + Duration::from_secs(20);
        assert_eq!(guard.shut_out(later, eve), Some(Duration::from_secs(40)));
        assert!(!guard.shuts_out(now + WINDOW, eve));
        guess(&guard, now + WINDOW, "192.0.2.1", MOST_WRONG - 1);
        assert!(!guard.shuts_out(now + WINDOW, eve), "counted anew");
    }

    #[test]
    fn slow_mistakes_shut_nobody_out() {
        let (guard, mut now) = (Guard::default(), Instant::now());
        for _ in 0..MOST_WRONG * 3 {
            now += Duration::from_secs(5);
            assert!(!guard.wrong_password(now, "192.0.2.1".parse().unwrap()));
        }
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_together() {
        let (guard, now) = (Guard::default(), Instant::now());
        for last in 0..MOST_WRONG {
            guess(&guard, now, &format!("2001:db8:0:1::{last:x}"), 1);
        }
        assert!(guard.shuts_out(now, "2001:db8:0:1::ffff".parse().unwrap()));
        assert!(!guard.shuts_out(now, "2001:db8:0:2::1".parse().unwrap()));
    }

    #[test]
    fn ever_more_addresses_take_no_more_room() {
        let (guard, now) = (Guard::default(), Instant::now());
        for number in 0..12_000_u32 {
            let later = now + Duration::from_millis(u64::from(number));
            guard.wrong_password(later, IpAddr::from(number.to_be_bytes()));
        }
        assert_eq!(guard.wrong().len(), MOST_ADDRESSES);
        assert_eq!(guard.counted(), 12_000);
    }
}
