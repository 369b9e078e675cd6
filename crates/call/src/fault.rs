//! A fault of this server in one call: the task that it stops is caught, and the call ends as
//! truthfully as one that another party ended. No other call notices.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use hookflash_dialects::CallState;
use hookflash_sip::LegId;
use tokio::task::AbortHandle;

use crate::call::{Call, Finish, Phase, Reason};
use crate::inbox::Input;
use crate::ledger::count;
use crate::{Host, Masked, ending, placing};

/// What the journal and the application are told. What broke is for the log.
const BROKE: &str = "a fault of this server ended the call";

/// A panic that was caught.
#[derive(Debug)]
pub(crate) struct Fault(Box<dyn Any + Send>);

impl Fault {
    fn words(&self) -> &str {
        let text = self.0.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| self.0.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without words")
    }
}

/// Runs this to its end, or until it panics. What it had borrowed is free again by then.
pub(crate) async fn caught<T>(mut work: Pin<&mut impl Future<Output = T>>) -> Result<T, Fault> {
    // What it leaves half done is the call's alone, and the call ends.
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(Fault(panic))),
        },
    )
    .await
}

/// Runs something beside the call's own task. A fault in it ends the call.
pub(crate) fn spawn<H: Host>(
    call: &Rc<Call<H>>,
    work: impl Future<Output = ()> + 'static,
) -> AbortHandle {
    let call = Rc::clone(call);
    let mut work = Box::pin(work);
    let task = tokio::task::spawn_local(async move {
        if let Err(fault) = caught(work.as_mut()).await {
            break_down(&call, &fault);
        }
    });
    task.abort_handle()
}

/// Does something for a call outside of its tasks. A fault in it ends the call.
pub(crate) fn spared<H: Host, R>(call: &Rc<Call<H>>, work: impl FnOnce() -> R) -> Option<R> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.map_err(|panic| break_down(call, &Fault(panic))).ok()
}

/// Has a call end of which something broke down beside its own task.
fn break_down<H: Host>(call: &Rc<Call<H>>, fault: &Fault) {
    broke_down(call, fault);
    let finish = Box::new(finish(call));
    call.inbox.put(Input::Finish(finish));
}

/// Ends a call whose own task broke down, in whatever state that was.
pub(crate) async fn end_broken<H: Host>(call: &Rc<Call<H>>, fault: &Fault) {
    broke_down(call, fault);
    let ended = pin!(end(call));
    if let Err(fault) = caught(ended).await {
        tracing::error!(
            call = %call.sid(),
            fault = %Masked(fault.words()),
            "a call that broke down could not be ended in order"
        );
        // It is not tried again: what is left is what others count on.
        hang_up(call, |_| true);
        ending::give_up(call, BROKE);
    }
}

async fn end<H: Host>(call: &Rc<Call<H>>) {
    let talking = call.leg();
    // Those that still ring, and one that answered in the moment of the fault.
    hang_up(call, |leg| Some(leg) != talking);
    let state = call.record.facts(|facts| facts.state.clone());
    match state {
        CallState::Ended(_) if call.record.is_concluded() => ending::give_up(call, BROKE),
        CallState::Ended(end) => ending::conclude(call, &end).await,
        _ => ending::end(call, finish(call)).await,
    }
    call.released().await;
}

fn broke_down<H: Host>(call: &Rc<Call<H>>, fault: &Fault) {
    count(&call.ledger.counters.calls_broken);
    tracing::error!(
        call = %call.sid(),
        fault = %Masked(fault.words()),
        "a fault of this server ends a call; please report it"
    );
    call.note_call(BROKE);
}

/// How the call ends, by where it stands.
fn finish<H: Host>(call: &Rc<Call<H>>) -> Finish {
    let why = Reason::failure(None, BROKE);
    match (call.phase.get(), call.leg()) {
        (Phase::Waiting, Some(_)) => Finish::Refuse {
            status: 500,
            reason: None,
            headers: Vec::new(),
            why,
        },
        (Phase::Waiting, None) => Finish::NotAnswered(Box::new(placing::of_ours(500, BROKE))),
        (Phase::Answered | Phase::Confirmed | Phase::Over, _) => Finish::HangUp {
            headers: Vec::new(),
            why,
        },
    }
}

/// Ends these legs of the call.
fn hang_up<H: Host>(call: &Rc<Call<H>>, those: impl Fn(LegId) -> bool) {
    let legs: Vec<LegId> = call
        .record
        .legs(|legs| legs.iter().map(|leg| leg.id).collect());
    for leg in legs.into_iter().filter(|leg| those(*leg)) {
        // Most are over, or on their way to it.
        let _ = call.endpoint(|endpoint, now| endpoint.hang_up(now, leg, &[]));
    }
}
