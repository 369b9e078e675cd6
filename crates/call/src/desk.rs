//! Where the calls of one shard are taken in, and where news and commands find them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use hookflash_sip::{Event, Flow, LegId, Request};

use crate::Host;
use crate::call::{Call, Phase};
use crate::command::{Command, CommandRefused};
use crate::inbox::Input;
use crate::ledger::Ledger;
use crate::options::CallOptions;
use crate::record::CallRecord;

/// The calls of one shard.
///
/// Hand it every incoming call that may come in ([`Desk::incoming`]) and every other event of the
/// shard's endpoint ([`Desk::event`]). Calls run as local tasks, so all of this happens inside a
/// `LocalSet` or a local runtime.
pub struct Desk<H: Host> {
    host: Rc<H>,
    ledger: Arc<Ledger>,
    calls: Rc<RefCell<HashMap<LegId, Rc<Call<H>>>>>,
}

impl<H: Host> Desk<H> {
    /// A desk without calls.
    pub fn new(host: Rc<H>, ledger: Arc<Ledger>) -> Desk<H> {
        Desk {
            host,
            ledger,
            calls: Rc::default(),
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
        let record = Arc::clone(&call.record);
        self.ledger.open(&record);
        self.calls.borrow_mut().insert(leg, Rc::clone(&call));
        let calls = Rc::clone(&self.calls);
        tokio::task::spawn_local(async move {
            call.live(invite).await;
            calls.borrow_mut().remove(&leg);
        });
        record
    }

    /// Passes an event on to the call that it belongs to; says whether there is one.
    pub fn event(&self, leg: LegId, event: Event) -> bool {
        match self.calls.borrow().get(&leg) {
            Some(call) => {
                call.inbox.put(Input::Leg(event));
                true
            }
            None => false,
        }
    }

    /// Gives a running call a command.
    ///
    /// # Errors
    /// When there is no such call on this shard, or it is over.
    pub fn command(&self, sid: &str, command: Command) -> Result<(), CommandRefused> {
        let record = self.ledger.find(sid).ok_or(CommandRefused::Unknown)?;
        let calls = self.calls.borrow();
        let call = calls
            .get(&record.leg)
            .filter(|call| Arc::ptr_eq(&call.record, &record))
            .ok_or(CommandRefused::Unknown)?;
        if call.phase.get() == Phase::Over {
            return Err(CommandRefused::Over);
        }
        call.inbox.put(Input::Command(command));
        Ok(())
    }

    /// Ends every call. Each still gets its final callbacks.
    pub fn hang_up_all(&self) {
        for call in self.calls.borrow().values() {
            if call.phase.get() != Phase::Over {
                call.inbox.put(Input::Command(Command::HangUp));
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
