//! What a call does beside its running verb: streams, transcriptions, a recording, key events,
//! input that may come at any time.
//!
//! Each is one owned object that lives until it is stopped or the call ends, whatever documents
//! come and go meanwhile, and cleans up after itself when it is dropped. [`Background::end`] ends
//! them all, in order and at once: what they still owe the application is sent by tasks of their
//! own, for which the call's task waits at its very end.

mod tapped;

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

use crate::Host;
use crate::call::Call;

pub(crate) use tapped::Tapped;

/// The background work of one call.
pub(crate) struct Background<H: Host> {
    tasks: Cell<u16>,
    task_ended: Notify,
    host: std::marker::PhantomData<H>,
}

impl<H: Host> Default for Background<H> {
    fn default() -> Background<H> {
        Background {
            tasks: Cell::new(0),
            task_ended: Notify::new(),
            host: std::marker::PhantomData,
        }
    }
}

impl<H: Host> Background<H> {
    /// Runs something that the call's end does not cut short.
    pub(crate) fn spawn(&self, call: &Rc<Call<H>>, work: impl Future<Output = ()> + 'static) {
        self.tasks.set(self.tasks.get().saturating_add(1));
        let call = Rc::clone(call);
        tokio::task::spawn_local(async move {
            work.await;
            let background = &call.background;
            background
                .tasks
                .set(background.tasks.get().saturating_sub(1));
            background.task_ended.notify_waiters();
        });
    }

    /// Waits until everything that was spawned is done.
    pub(crate) async fn all_done(&self) {
        while self.tasks.get() > 0 {
            self.task_ended.notified().await;
        }
    }
}
