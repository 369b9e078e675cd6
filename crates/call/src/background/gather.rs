//! Input that is collected beside the verbs (jambonz `bargeIn` of `config`).
//!
//! As soon as the caller types or speaks, what is heard stops and the running document stands
//! still. It goes on when there was no input after all, or when the application has nothing to say
//! to it; otherwise the application's reply takes its place. A verb that collects input of its own
//! has it for itself.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use hookflash_dialects::Moment;
use hookflash_program::{BackgroundGather as Order, Gather, GatherEnd, Gathered};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::Host;
use crate::call::Call;
use crate::collecting::collect;
use crate::document::Loaded;
use crate::fault;
use crate::journal::What;
use crate::speech_input::add_settings;

/// How soon input is collected anew.
const AGAIN: Duration = Duration::from_millis(100);

/// The input that one call collects beside its verbs.
#[derive(Default)]
pub(crate) struct BackgroundGather {
    running: Cell<Option<Running>>,
    /// The document stands still, because the caller is answering.
    holds: Cell<bool>,
    reply: RefCell<Option<Box<Loaded>>>,
    changed: Notify,
    /// Verbs that collect input of their own.
    others: Cell<u16>,
    others_changed: Notify,
}

impl BackgroundGather {
    /// Collects input from now on.
    pub(crate) fn start<H: Host>(&self, call: &Rc<Call<H>>, order: Order) {
        let base = Rc::clone(&call.base.borrow());
        let task = fault::spawn(call, run(Rc::clone(call), order, base));
        self.running.set(Some(Running(task)));
    }

    /// Collects no more input.
    pub(crate) fn stop(&self) {
        self.running.take();
        self.go_on();
    }

    /// Whether the running document stands still.
    pub(crate) fn holds(&self) -> bool {
        self.holds.get()
    }

    /// The running document goes on, or another took its place.
    pub(crate) fn go_on(&self) {
        self.reply.take();
        self.holds.set(false);
        self.changed.notify_waiters();
    }

    /// Waits until the running document is to stand still or to go on, or until another one is to
    /// take its place.
    pub(crate) async fn changed(&self) -> Option<Loaded> {
        if self.reply.borrow().is_none() {
            self.changed.notified().await;
        }
        let reply = self.reply.take();
        if reply.is_some() {
            self.holds.set(false);
        }
        reply.map(|reply| *reply)
    }

    /// Leaves all input to a verb for as long as what this returns lives.
    pub(crate) fn stand_aside<H: Host>(call: &Rc<Call<H>>) -> Aside<H> {
        let gather = &call.background.gather;
        gather.others.set(gather.others.get().saturating_add(1));
        gather.others_changed.notify_waiters();
        Aside(Rc::clone(call))
    }

    fn hold<H: Host>(&self, call: &Rc<Call<H>>) {
        if !self.holds.replace(true) {
            call.session(|session| session.stop_playing());
            self.changed.notify_waiters();
        }
    }

    async fn others_begin(&self) {
        while self.others.get() == 0 {
            self.others_changed.notified().await;
        }
    }

    async fn others_are_over(&self) {
        while self.others.get() > 0 {
            self.others_changed.notified().await;
        }
    }
}

/// Input is collected for as long as this lives.
#[derive(Debug)]
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A verb that collects input of its own.
pub(crate) struct Aside<H: Host>(Rc<Call<H>>);

impl<H: Host> Drop for Aside<H> {
    fn drop(&mut self) {
        let gather = &self.0.background.gather;
        gather.others.set(gather.others.get().saturating_sub(1));
        gather.others_changed.notify_waiters();
    }
}

async fn run<H: Host>(call: Rc<Call<H>>, order: Order, base: Rc<str>) {
    let background = &call.background.gather;
    let hold = || background.hold(&call);
    loop {
        background.others_are_over().await;
        // What the call's settings are by now.
        let mut gather = order.gather.clone();
        add_settings(&call, &mut gather);
        let gathered = tokio::select! {
            biased;
            () = background.others_begin() => continue,
            gathered = collect(&call, &gather, Some(&hold)) => gathered,
        };
        match gathered.reason {
            GatherEnd::Keys | GatherEnd::Speech | GatherEnd::LowConfidence => {
                hold();
                call.tell_gather_event(&gather, &gathered);
                match reply(&call, &gather, &gathered, &base).await {
                    Some(loaded) => {
                        *background.reply.borrow_mut() = Some(Box::new(loaded));
                        background.changed.notify_waiters();
                    }
                    None => background.go_on(),
                }
                if !order.sticky {
                    return;
                }
            }
            GatherEnd::Timeout => background.go_on(),
            GatherEnd::Failed => return background.go_on(),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// What the application says to the input; `None` when the running document is to go on.
async fn reply<H: Host>(
    call: &Rc<Call<H>>,
    gather: &Gather,
    gathered: &Gathered,
    base: &str,
) -> Option<Loaded> {
    let moment = Moment::GatherDone {
        verb: gather,
        result: gathered,
    };
    let request = match call.request_at(base, &moment) {
        Ok(request) => request?,
        Err(error) => {
            call.note_fetch_error(None, &error);
            return None;
        }
    };
    match call.load(request, false).await {
        Ok(loaded) => Some(loaded).filter(|loaded| !loaded.program.steps.is_empty()),
        Err(failure) => {
            let text = format!("the document goes on: {}", failure.message);
            call.note(What::CallNote(text.into()));
            None
        }
    }
}
