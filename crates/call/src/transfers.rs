//! The transfers of one call: what the wire says is told to each one's state machine, and what the
//! machine says goes into the record, at any time and in any state of the call.
//!
//! The verb that sent the REFER waits for its result here. Who reports that result to the
//! application takes it with [`Transfers::take_unreported`], which gives it out once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_dialects::{Moment, ReferNews};
use hookflash_program::Refer;
use hookflash_sip as sip;
use hookflash_transfer::{
    LocalFailure, NotApplicable, Notification, ReferAnswer, Subscription, SubscriptionState,
    Transfer, TransferResult,
};
use tokio::sync::Notify;

use crate::call::{Call, until};
use crate::document::Failure;
use crate::journal::What;
use crate::ledger::count;
use crate::{Host, Masked, Turn};

/// How long a result may wait for the delivery of the progress that came before it.
const LONGEST_WAIT_FOR_PROGRESS: Duration = Duration::from_secs(30);

/// How many transfers a call may have. Each is kept to the end of the call, and an application that
/// refers in a circle would otherwise fill the memory with those that the far end refuses at once.
const MOST_TRANSFERS: usize = 256;

/// The transfers of one call.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    watched: RefCell<Vec<Watched>>,
    /// A machine was told something, or a progress hook was delivered.
    news: Notify,
    /// Progress hooks on their way.
    progress_under_way: Cell<u16>,
}

#[derive(Debug)]
struct Watched {
    refer: Option<sip::ReferId>,
    number: u16,
    verb: Rc<Refer>,
    machine: Option<Box<Transfer>>,
    /// The result, until somebody takes it to report it.
    unreported: Option<Box<TransferResult>>,
    ended: bool,
}

/// How the call went away under its transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallOver {
    /// The peer hung up.
    PeerBye,
    /// We hung up.
    HungUp,
    /// The peer no longer knew the dialog, or the session ran out.
    DialogGone,
    /// The peer cannot be reached any more.
    TransportLost,
}

/// A result that is to be reported.
#[derive(Debug)]
pub(crate) struct Unreported {
    pub(crate) verb: Rc<Refer>,
    pub(crate) result: Box<TransferResult>,
}

impl Transfers {
    /// Follows a REFER that has just been sent.
    pub(crate) fn begin<H: Host>(
        &self,
        call: &Rc<Call<H>>,
        refer: sip::ReferId,
        verb: &Rc<Refer>,
        machine: Transfer,
        target: &str,
    ) -> u16 {
        let number = self.open(call, target);
        self.watched.borrow_mut().push(Watched {
            refer: Some(refer),
            number,
            verb: Rc::clone(verb),
            machine: Some(Box::new(machine)),
            unreported: None,
            ended: false,
        });
        number
    }

    /// Keeps a transfer for which no REFER is sent.
    pub(crate) fn not_applicable<H: Host>(
        &self,
        call: &Rc<Call<H>>,
        verb: &Rc<Refer>,
        why: &NotApplicable,
    ) -> u16 {
        let number = self.open(call, &verb.target);
        let result = TransferResult::not_applicable(call.host.now(), verb.target.as_str(), why);
        self.keep_result(call, number, &result);
        self.watched.borrow_mut().push(Watched {
            refer: None,
            number,
            verb: Rc::clone(verb),
            machine: None,
            unreported: Some(Box::new(result)),
            ended: true,
        });
        number
    }

    /// Why this call may not have another transfer, if it may not.
    pub(crate) fn limit_reached<H: Host>(&self, call: &Rc<Call<H>>) -> Option<Failure> {
        let is_full = call.record.transfers(<[_]>::len) >= MOST_TRANSFERS;
        is_full.then(|| Failure {
            url: call.base.borrow().to_string(),
            code: String::new(),
            message: format!("the call has had {MOST_TRANSFERS} transfers: they go in a circle"),
        })
    }

    /// Whether a REFER of this call has no result yet.
    pub(crate) fn is_one_open(&self) -> bool {
        self.watched.borrow().iter().any(|watched| !watched.ended)
    }

    /// The final answer to a REFER.
    pub(crate) fn answered<H: Host>(
        &self,
        call: &Rc<Call<H>>,
        refer: sip::ReferId,
        answer: sip::ReferAnswer,
    ) {
        let answer = ReferAnswer {
            code: answer.code,
            reason: answer.reason,
            refer_sub_false: answer.refer_sub_false,
            local: match (answer.local, answer.code) {
                (false, _) => None,
                (true, 408) => Some(LocalFailure::Timeout),
                (true, _) => Some(LocalFailure::Transport),
            },
        };
        self.feed(
            call,
            |watched| watched.refer == Some(refer),
            |machine, now| {
                machine.handle_response(now, answer.clone());
            },
        );
    }

    /// A NOTIFY of a REFER.
    pub(crate) fn notified<H: Host>(
        &self,
        call: &Rc<Call<H>>,
        refer: sip::ReferId,
        notification: &sip::Notification,
    ) {
        let effect = Cell::new(None);
        self.feed_and_tell(
            call,
            |watched| watched.refer == Some(refer),
            |machine, now| {
                effect.set(Some(machine.handle_notify(now, reading(notification))));
            },
            // What the far end reported comes before what it meant.
            || {
                let Some(effect) = effect.take() else { return };
                if let Some(warning) = effect.warning {
                    call.note(What::TransferNote(warning.to_string().into()));
                }
                if let Some(status) = effect.progress {
                    self.tell_progress(call, refer, status);
                }
            },
        );
    }

    /// The application replaced the document: open transfers are over for it, without a callback.
    pub(crate) fn supersede<H: Host>(&self, call: &Rc<Call<H>>) {
        self.feed(
            call,
            |_| true,
            |machine, now| machine.handle_superseded(now),
        );
    }

    /// The call is over: open transfers end with it, at once or within a moment.
    pub(crate) fn call_over<H: Host>(&self, call: &Rc<Call<H>>, how: CallOver) {
        self.feed(
            call,
            |_| true,
            |machine, now| match how {
                CallOver::PeerBye => machine.handle_peer_bye(now),
                CallOver::HungUp => machine.handle_local_hangup(now),
                CallOver::DialogGone => machine.handle_dialog_gone(now),
                CallOver::TransportLost => machine.handle_transport_lost(now),
            },
        );
    }

    /// Waits until every transfer has its result.
    pub(crate) async fn all_ended<H: Host>(&self, call: &Rc<Call<H>>) {
        while self.is_one_open() {
            let due = self.next_due();
            tokio::select! {
                () = self.news.notified() => {}
                () = until(due) => self.feed(call, |_| true, |machine, now| machine.handle_timeout(now)),
            }
        }
    }

    /// Waits until progress that was told before has been delivered or given up, so that a result
    /// does not overtake it; but not for ever, because the caller is waiting.
    pub(crate) async fn progress_told(&self) {
        let all_told = async {
            while self.progress_under_way.get() > 0 {
                self.news.notified().await;
            }
        };
        // Too late is too late: the result matters more than the order.
        let _ = tokio::time::timeout(LONGEST_WAIT_FOR_PROGRESS, all_told).await;
    }

    /// Whether a result that nobody has taken yet says that the call is gone.
    pub(crate) fn is_call_gone(&self) -> bool {
        let watched = self.watched.borrow();
        watched
            .iter()
            .filter_map(|w| w.unreported.as_ref())
            .any(|result| !result.dialog_alive)
    }

    /// A result that nobody has taken yet. Whoever takes it reports it.
    pub(crate) fn take_unreported(&self) -> Option<Unreported> {
        self.watched.borrow_mut().iter_mut().find_map(|watched| {
            let result = watched.unreported.take()?;
            Some(Unreported {
                verb: Rc::clone(&watched.verb),
                result,
            })
        })
    }

    /// Lets go of everything; nothing more will be heard of the leg.
    pub(crate) fn clear(&self) {
        self.watched.take();
    }

    fn open<H: Host>(&self, call: &Rc<Call<H>>, target: &str) -> u16 {
        count(&call.ledger.counters.transfers_started);
        let number = call.record.begin_transfer(call.host.now(), target);
        call.note(What::TransferBegan { transfer: number });
        number
    }

    fn next_due(&self) -> Option<Instant> {
        let watched = self.watched.borrow();
        watched
            .iter()
            .filter_map(|w| w.machine.as_ref()?.poll_timeout())
            .min()
    }

    /// Tells machines something and keeps what they say to it.
    fn feed<H: Host>(
        &self,
        call: &Rc<Call<H>>,
        which: impl Fn(&Watched) -> bool,
        tell: impl FnMut(&mut Transfer, Instant),
    ) {
        self.feed_and_tell(call, which, tell, || {});
    }

    /// The same; `tell_first` comes before results are kept.
    fn feed_and_tell<H: Host>(
        &self,
        call: &Rc<Call<H>>,
        which: impl Fn(&Watched) -> bool,
        mut tell: impl FnMut(&mut Transfer, Instant),
        tell_first: impl FnOnce(),
    ) {
        let now = call.host.now();
        let mut forgotten = Vec::new();
        let mut kept = Vec::new();
        for watched in self
            .watched
            .borrow_mut()
            .iter_mut()
            .filter(|watched| which(watched))
        {
            let Some(machine) = &mut watched.machine else {
                continue;
            };
            tell(machine, now);
            if let Some(result) = machine.poll_result() {
                watched.ended = true;
                forgotten.extend(watched.refer);
                kept.push((watched.number, result.clone()));
                watched.unreported = Some(Box::new(result)).filter(|r| r.owes_callback());
            }
            if let Some(amendment) = machine.poll_amendment() {
                let amendment = Some(Box::new(amendment));
                call.record
                    .change_transfer(watched.number, |kept| kept.amendment = amendment);
                call.turned(Turn::Transfer);
            }
        }
        tell_first();
        for (number, result) in kept {
            self.keep_result(call, number, &result);
            if !result.owes_callback() {
                call.tell_transfer_event(&result);
            }
        }
        for refer in forgotten {
            // Without the leg nothing of it is left to forget.
            let _ = call.on_leg(|endpoint, now, leg| {
                endpoint.forget_refer(now, leg, refer);
                Ok(())
            });
        }
        self.news.notify_waiters();
    }

    fn keep_result<H: Host>(&self, call: &Rc<Call<H>>, number: u16, result: &TransferResult) {
        let ended = call.record.millis(result.ended);
        // The verdict quotes targets that could not be read, and words of the far end.
        tracing::info!(
            call = %call.sid(),
            end = result.end.as_str(),
            outcome = result.outcome.as_str(),
            refer_status = result.refer_code,
            final_notify_status = result.final_notify_code,
            "{}",
            Masked(&result.verdict)
        );
        call.record.change_transfer(number, |kept| {
            kept.result = Some(Box::new(result.clone()));
            kept.notify_codes = Vec::new();
            kept.ended = Some(ended);
        });
        call.ledger
            .counters
            .transfer_ended(result.end, result.outcome);
        call.note(What::TransferEnded {
            transfer: number,
            end: result.end,
            outcome: result.outcome,
        });
        call.turned(Turn::Transfer);
    }

    fn tell_progress<H: Host>(&self, call: &Rc<Call<H>>, refer: sip::ReferId, status: u16) {
        let found = self.watched.borrow().iter().find_map(|watched| {
            (watched.refer == Some(refer)).then(|| (watched.number, Rc::clone(&watched.verb)))
        });
        let Some((number, verb)) = found else { return };
        if !call.record.keep_status(number, status) && status < 200 {
            // A far end that reports without end is not passed on without end.
            return;
        }
        call.note(What::TransferProgress {
            transfer: number,
            status,
        });
        let news = ReferNews { status };
        match call.request_for(&Moment::ReferProgress {
            verb: &verb,
            news: &news,
        }) {
            Ok(Some(request)) => {
                self.progress_under_way
                    .set(self.progress_under_way.get().saturating_add(1));
                let teller = Rc::clone(call);
                call.tell_then(request, move || {
                    let under_way = &teller.transfers.progress_under_way;
                    under_way.set(under_way.get().saturating_sub(1));
                    teller.transfers.news.notify_waiters();
                });
            }
            Ok(None) => {}
            Err(error) => call.note_fetch_error(None, &error),
        }
    }
}

/// A NOTIFY of the endpoint in the words of the transfer layer.
fn reading(notification: &sip::Notification) -> Notification<'_> {
    Notification {
        content_type: notification.content_type.as_deref(),
        body: &notification.body,
        subscription: notification.subscription.as_ref().map(|news| Subscription {
            state: SubscriptionState::from_word(&news.state),
            reason: news.reason.as_deref(),
            expires: news
                .expires
                .map(|d| u32::try_from(d.as_secs()).unwrap_or(u32::MAX)),
        }),
    }
}
