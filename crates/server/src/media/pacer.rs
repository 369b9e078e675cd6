//! The beat of 20 ms at which legs receive and send, one for all legs of a shard.
//!
//! Legs are spread over the slots of a wheel, so that a thousand calls do not send in the same
//! instant. The wheel turns only while there are legs, and sleeps through slots without any. It
//! keeps to the clock: a turn that comes late is made up for, so that as many packets leave as
//! beats have passed.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::leg::{LARGEST_PACKET, Leg, Tally};
use super::readable::Readable;
use super::standstill::Standstills;
use super::waiting;

/// A packet of every leg each 20 ms.
const BEAT: Duration = Duration::from_millis(20);
/// How many slots the wheel has: 2 ms each.
const SLOTS: usize = 10;
/// The order in which slots are filled, so that a few legs are spread over the turn.
const FILLED: [usize; SLOTS] = [0, 5, 2, 7, 4, 9, 1, 6, 3, 8];
/// How many legs a slot holds before another one is woken up for.
const CROWD: usize = 100;
/// How far behind the wheel may be and still make up for it. Beyond (a machine that was
/// suspended) peers would throw the burst away; they are left with a gap.
const MOST_BEHIND: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Wheel {
    slots: [Vec<Rc<Leg>>; SLOTS],
    turning: bool,
}

/// The legs of one shard.
#[derive(Clone)]
pub(crate) struct Pacer {
    wheel: Rc<RefCell<Wheel>>,
    tally: Rc<Tally>,
    readable: Rc<Readable>,
}

impl Pacer {
    pub(super) fn new() -> Pacer {
        Pacer {
            wheel: Rc::default(),
            tally: Rc::default(),
            readable: Readable::new(),
        }
    }

    /// What the legs have done.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Begins to let a leg beat and, if it is the first, starts the wheel. Called within a
    /// local runtime. Returns the leg's slot.
    pub(crate) fn add(&self, leg: Rc<Leg>) -> usize {
        let mut wheel = self.wheel.borrow_mut();
        let size = |slot: usize| wheel.slots.get(slot).map_or(usize::MAX, Vec::len);
        let roomy = FILLED.into_iter().find(|slot| size(*slot) < CROWD);
        let fewest = || FILLED.into_iter().min_by_key(|slot| size(*slot));
        let slot = roomy.or_else(fewest).unwrap_or_default();
        if let Some(legs) = wheel.slots.get_mut(slot) {
            legs.push(leg);
        }
        if !wheel.turning {
            wheel.turning = true;
            tokio::task::spawn_local(turn(self.clone()));
        }
        slot
    }

    /// Ends the beat of a leg.
    pub(crate) fn remove(&self, slot: usize, leg: &Rc<Leg>) {
        leg.stop();
        let mut wheel = self.wheel.borrow_mut();
        if let Some(legs) = wheel.slots.get_mut(slot)
            && let Some(at) = legs.iter().position(|other| Rc::ptr_eq(other, leg))
        {
            legs.swap_remove(at);
        }
    }

    /// How many legs there are.
    pub(crate) fn legs(&self) -> usize {
        self.wheel.borrow().slots.iter().map(Vec::len).sum()
    }
}

/// Turns the wheel until no leg is left.
async fn turn(pacer: Pacer) {
    let Pacer {
        wheel,
        tally,
        readable,
    } = pacer;
    let step = BEAT / SLOTS as u32;
    let mut packet = [0; LARGEST_PACKET];
    let mut legs = Vec::new();
    let mut due = Instant::now();
    let mut standstills = Standstills::new();
    loop {
        for slot in 0..SLOTS {
            let crowd = wheel.borrow().slots.get(slot).map_or(0, Vec::len);
            if crowd > 0 {
                if Instant::now() < due {
                    standstills.rest(due);
                    sleep_until(due).await;
                } else {
                    // Making up must not keep messages waiting.
                    tokio::task::yield_now().await;
                }
                let now = Instant::now();
                let behind = now.saturating_duration_since(due);
                standstills.look(now, behind, &tally);
                if behind > MOST_BEHIND {
                    due += skipped(behind, &tally, &wheel);
                } else if behind >= BEAT {
                    Tally::count(&tally.late_beats, crowd as u64);
                }
                readable.refresh();
                // Whoever listens in on a leg may end another one, so the wheel is not held.
                if let Some(those) = wheel.borrow().slots.get(slot) {
                    legs.clone_from(those);
                }
                if beat(&legs, &mut packet, &readable, &tally) {
                    forget(&wheel, slot);
                }
                legs.clear();
            }
            due += step;
        }
        let mut wheel = wheel.borrow_mut();
        if wheel.slots.iter().all(Vec::is_empty) {
            wheel.turning = false;
            return;
        }
    }
}

/// The whole turns that are given up.
fn skipped(behind: Duration, tally: &Tally, wheel: &RefCell<Wheel>) -> Duration {
    let turns = u32::try_from(behind.as_millis() / BEAT.as_millis()).unwrap_or(u32::MAX);
    let legs: usize = wheel.borrow().slots.iter().map(Vec::len).sum();
    Tally::count(&tally.late_beats, u64::from(turns) * legs as u64);
    BEAT * turns
}

/// Lets these legs receive and send. True when one of them has stopped by a fault of ours.
fn beat(
    legs: &[Rc<Leg>],
    packet: &mut [u8; LARGEST_PACKET],
    readable: &Rc<Readable>,
    tally: &Tally,
) -> bool {
    let now = std::time::Instant::now();
    let mut fault = false;
    let mut spare_others = |leg: &Leg, work: &mut dyn FnMut()| {
        // A fault of ours in one leg's audio must not silence all others.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            tracing::error!("the audio of a call has stopped by a fault of this server");
            leg.stop();
            fault = true;
        }
    };
    waiting::each(legs, |leg, socket| {
        spare_others(leg, &mut || leg.take(socket, now, packet, tally));
    });
    for leg in legs.iter().filter(|leg| !leg.is_over()) {
        spare_others(leg, &mut || leg.beat(now, packet, readable, tally));
    }
    fault
}

/// Takes away the legs of a slot that have stopped.
fn forget(wheel: &RefCell<Wheel>, slot: usize) {
    if let Some(legs) = wheel.borrow_mut().slots.get_mut(slot) {
        legs.retain(|leg| !leg.is_over());
    }
}
