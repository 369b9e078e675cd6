//! Where the calls of one shard are taken in, and where news and commands find them.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use hookflash_dialects::{CallAction, CallState, CallUpdate};
use hookflash_sip::{ById, Event, Flow, LegId, Request};

use crate::call::{Call, Phase};
use crate::command::{Command, CommandRefused, Updated};
use crate::control;
use crate::fault;
use crate::inbox::Input;
use crate::ledger::Ledger;
use crate::options::CallOptions;
use crate::record::CallRecord;
use crate::way::Placement;
use crate::{CallKey, Host, Turn};

/// The calls of one shard.
///
/// Hand it every incoming call that may come in ([`Desk::incoming`]), every call that is to be
/// placed ([`Desk::place`]), and every other event of the shard's endpoint ([`Desk::event`]). Calls
/// run as local tasks, so all of this happens inside a `LocalSet` or a local runtime.
pub struct Desk<H: Host> {
    host: Rc<H>,
    ledger: Arc<Ledger>,
    calls: Calls<H>,
    legs: Rc<Legs<H>>,
}

type Calls<H> = Rc<RefCell<ById<CallKey, Rc<Call<H>>>>>;

/// The place of a call among those that something is left of, for as long as this lives.
struct Place<H: Host>(Calls<H>, CallKey);

impl<H: Host> Drop for Place<H> {
    fn drop(&mut self) {
        let Place(calls, key) = self;
        calls.borrow_mut().remove(key);
    }
}

/// Which call a leg belongs to.
pub(crate) struct Legs<H: Host>(RefCell<ById<LegId, Rc<Call<H>>>>);

impl<H: Host> Legs<H> {
    /// From now on, what happens on this leg is the call's business. A leg that we call has to be
    /// known before its first event, which comes as soon as the endpoint is left alone.
    pub(crate) fn add(&self, leg: LegId, call: &Rc<Call<H>>) {
        self.0.borrow_mut().insert(leg, Rc::clone(call));
    }
}

impl<H: Host> Desk<H> {
    /// A desk without calls.
    pub fn new(host: Rc<H>, ledger: Arc<Ledger>) -> Desk<H> {
        Desk {
            host,
            ledger,
            calls: Rc::default(),
            legs: Rc::new(Legs(RefCell::default())),
        }
    }

    /// Takes in a call: the INVITE of `Event::Incoming`, once it is known which application it is
    /// for. From now on everything of this leg is the call's business.
    pub fn incoming(
        &self,
        leg: LegId,
        invite: Arc<Request>,
        flow: Flow,
        options: Arc<CallOptions>,
    ) -> Arc<CallRecord> {
        let call = Call::incoming(
            Rc::clone(&self.host),
            Arc::clone(&self.ledger),
            options,
            leg,
            &invite,
            flow,
        );
        self.legs.add(leg, &call);
        self.begin(&call, |call| call.live(invite))
    }

    /// Places a call. It is in the ledger at once, as one that waits; its INVITE leaves as soon as
    /// the host has written it down.
    pub fn place(&self, placement: Placement) -> Arc<CallRecord> {
        let call = Call::placed(Rc::clone(&self.host), Arc::clone(&self.ledger), &placement);
        let legs = Rc::clone(&self.legs);
        self.begin(&call, |call| call.live_placed(legs, placement))
    }

    /// Begins a call. Its life is made within its task: one that were moved into it would take its
    /// room twice.
    fn begin<L: Future<Output = ()> + 'static>(
        &self,
        call: &Rc<Call<H>>,
        life: impl FnOnce(Rc<Call<H>>) -> L + 'static,
    ) -> Arc<CallRecord> {
        let record = Arc::clone(&call.record);
        self.ledger.open(&record);
        fault::spared(call, || call.turned(Turn::Begun));
        self.calls.borrow_mut().insert(record.key, Rc::clone(call));
        let place = Place(Rc::clone(&self.calls), record.key);
        let call = Rc::clone(call);
        tokio::task::spawn_local(async move {
            let _place = place;
            let life = pin!(life(Rc::clone(&call)));
            if let Err(fault) = fault::caught(life).await {
                Box::pin(fault::end_broken(&call, &fault)).await;
            }
        });
        record
    }

    /// Passes an event on to the call that it belongs to; says whether there is one.
    pub fn event(&self, leg: LegId, event: Event) -> bool {
        let mut legs = self.legs.0.borrow_mut();
        let call = match event {
            Event::Released => legs.remove(&leg),
            _ => legs.get(&leg).cloned(),
        };
        drop(legs);
        match call {
            Some(call) => {
                call.inbox.put(Input::Leg(leg, event));
                true
            }
            None => false,
        }
    }

    /// Changes a running call, or tells it what to do. Whether it can is decided now; what it does
    /// it does in the order of the updates, each of which interrupts whatever verb runs if it
    /// brings another document or the end. A request to the other party has an answer to wait
    /// for.
    ///
    /// # Errors
    /// When there is no such call on this shard, or it cannot do that as it stands. Nothing of the
    /// update is carried out then.
    pub fn update(&self, sid: &str, update: CallUpdate) -> Result<Updated, CommandRefused> {
        let record = self.ledger.find(sid).ok_or(CommandRefused::Unknown)?;
        let call = self.calls.borrow().get(&record.key).cloned();
        match call {
            Some(call) => fault::spared(&call, || control::update(&call, update))
                .unwrap_or(Err(CommandRefused::Over)),
            None => Err(
                match record.facts(|facts| matches!(facts.state, CallState::Ended(_))) {
                    true => CommandRefused::Over,
                    false => CommandRefused::Unknown,
                },
            ),
        }
    }

    /// Ends every call. Each still gets its final callbacks.
    pub fn hang_up_all(&self) {
        for call in self.calls.borrow().values() {
            if call.phase.get() != Phase::Over {
                let hang_up = Command::new(CallAction::HangUp);
                call.inbox.put(Input::Command(hang_up));
            }
        }
    }

    /// The calls that are not over.
    pub fn live(&self) -> usize {
        self.calls
            .borrow()
            .values()
            .filter(|call| call.phase.get() != Phase::Over)
            .count()
    }

    /// The calls of which anything is left, such as a refer subscription in its grace period.
    pub fn held(&self) -> usize {
        self.calls.borrow().len()
    }
}
