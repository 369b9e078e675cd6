//! Verbs that wait for the running document to come to its end.

use std::cell::RefCell;

use hookflash_program::Step;
use tokio::sync::Notify;

use crate::Host;
use crate::call::Call;

/// How many verbs may wait.
const MOST: usize = 1_000;

/// The verbs that were appended to what a call runs.
#[derive(Debug, Default)]
pub(crate) struct Appended {
    steps: RefCell<Vec<Step>>,
    more: Notify,
}

impl Appended {
    /// Appends verbs; says whether there was room.
    fn add(&self, steps: Vec<Step>) -> bool {
        let mut waiting = self.steps.borrow_mut();
        if waiting.len() + steps.len() > MOST {
            return false;
        }
        waiting.extend(steps);
        drop(waiting);
        self.more.notify_waiters();
        true
    }

    /// Takes all that wait.
    pub(crate) fn take(&self) -> Vec<Step> {
        self.steps.take()
    }

    /// Waits until there are some.
    pub(crate) async fn some(&self) {
        while self.steps.borrow().is_empty() {
            self.more.notified().await;
        }
    }
}

impl<H: Host> Call<H> {
    /// Appends verbs to what runs.
    pub(crate) fn append(&self, steps: Vec<Step>) {
        if !self.appended.add(steps) {
            self.note_call(&format!(
                "verbs were not appended: more than {MOST} would wait"
            ));
        }
    }
}
