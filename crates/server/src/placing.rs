//! Calls that somebody asks for: whether they may be placed, how the called party is reached, and
//! which shard has the call; and what calls are told while they run.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hookflash_call::{self as call, CallRecord, CommandRefused, Host, Placement};
use hookflash_dialects::{CallOrder, CallUpdate};
use hookflash_sip::shard_of_call_id;
use tokio::sync::oneshot;

use crate::http::Desk;
use crate::shard::{Full, Input, Shard};
use crate::ways::NoWay;

/// When a place may have become free, or a second has passed.
const COME_BACK: Duration = Duration::from_secs(1);

/// Why a call is not placed. There is no call then, and nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPlaced {
    /// The called party cannot be reached, or must not be.
    NoWay(NoWay),
    /// As many calls run as may (`limits.calls`), or the machine cannot keep up.
    Full {
        /// When it may be tried again.
        retry_after: Duration,
    },
    /// As many calls began in this second as may (`limits.calls_per_second`).
    TooFast {
        /// When it may be tried again.
        retry_after: Duration,
    },
    /// The server is about to stop.
    Draining,
}

impl fmt::Display for NotPlaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotPlaced::NoWay(why) => why.fmt(f),
            NotPlaced::Full { .. } => {
                f.write_str("there is no room for another call (limits.calls)")
            }
            NotPlaced::TooFast { .. } => {
                f.write_str("calls come too fast (limits.calls_per_second)")
            }
            NotPlaced::Draining => f.write_str("the server is about to stop"),
        }
    }
}

impl std::error::Error for NotPlaced {}

/// A call that was changed.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The call.
    pub call: Arc<CallRecord>,
    /// How the other party answered the request that the call was told to send.
    pub peer_status: Option<u16>,
    /// Identifier of the recording that began, or was changed.
    pub recording: Option<String>,
}

/// Why a call does not do what it was told. Nothing of it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotUpdated {
    /// The account has no such call, or none that runs or ended not long ago.
    Unknown,
    /// The call cannot do that as it stands.
    Refused(CommandRefused),
}

impl fmt::Display for NotUpdated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotUpdated::Unknown => f.write_str("there is no such call"),
            NotUpdated::Refused(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for NotUpdated {}

/// Places a call. Its record is given back when a crash can no longer make it be forgotten; what
/// becomes of it shows there.
///
/// # Errors
/// When it may not be placed, or the called party cannot be reached.
pub(crate) async fn place(desk: &Desk, order: CallOrder) -> Result<Arc<CallRecord>, NotPlaced> {
    if desk.draining.load(Ordering::Relaxed) {
        return Err(NotPlaced::Draining);
    }
    let board = desk.board();
    let ways = board
        .ways
        .to(&order, &desk.bindings, Instant::now())
        .map_err(NotPlaced::NoWay)?;
    let mut order = order;
    let options = board.options(&order);
    // A document of the configuration that needs nothing filled in is given along.
    if order.document.is_none() && order.hooks.first.is_none() {
        let given = options.document.as_ref();
        order.document = given.map(|document| document.body.clone());
    }
    let mut placement = Placement {
        order,
        options,
        ways,
    };
    let mut why = NotPlaced::Draining;
    for index in desk.shards_in_turn() {
        match on_shard(desk, index, placement).await {
            Some(Ok(call)) => return Ok(call),
            Some(Err((full, back))) => {
                placement = *back;
                why = match full {
                    Full::Draining => NotPlaced::Draining,
                    Full::Calls => NotPlaced::Full {
                        retry_after: COME_BACK,
                    },
                    Full::Rate => NotPlaced::TooFast {
                        retry_after: COME_BACK,
                    },
                };
            }
            None => return Err(NotPlaced::Draining),
        }
    }
    Err(why)
}

type Attempt = Result<Arc<CallRecord>, (Full, Box<Placement>)>;

/// Places a call on this shard, if it has room; `None` when the shard has ended.
async fn on_shard(desk: &Desk, index: usize, placement: Placement) -> Option<Attempt> {
    let (answer, answered) = oneshot::channel::<Attempt>();
    let work = Box::new(move |shard: &Rc<Shard>| match shard.place(placement) {
        Ok(call) => {
            let written = shard.written_down(&call);
            tokio::task::spawn_local(async move {
                written.await;
                // Who asked may have given up; the call goes on.
                let _ = answer.send(Ok(call));
            });
        }
        Err(full) => drop(answer.send(Err(full))),
    });
    desk.mail.deliver(index, Input::Do(work)).await;
    answered.await.ok()
}

/// Changes a call of an account, or has it do something.
///
/// # Errors
/// When the account has no such call, or the call cannot do that as it stands.
pub(crate) async fn update(
    desk: &Desk,
    account: &str,
    sid: &str,
    update: CallUpdate,
) -> Result<Updated, NotUpdated> {
    let call = desk.ledger.find(sid).ok_or(NotUpdated::Unknown)?;
    let (is_theirs, call_id) = call.facts(|facts| {
        let is_theirs = facts.application.account.sid == account;
        (is_theirs, facts.sip_call_id.clone())
    });
    if !is_theirs {
        return Err(NotUpdated::Unknown);
    }
    let mut updated = Updated {
        call,
        peer_status: None,
        recording: None,
    };
    match tell(desk, sid, &call_id, update).await? {
        call::Updated::Done => {}
        call::Updated::Recording(sid) => updated.recording = Some(sid),
        call::Updated::Asked(answer) => {
            let status = answer.status().await.map_err(NotUpdated::Refused)?;
            updated.peer_status = Some(status);
        }
    }
    Ok(updated)
}

/// Tells the shard that has the call: the one that its Call-ID names, or, before there is one, the
/// one that is found to have it.
async fn tell(
    desk: &Desk,
    sid: &str,
    call_id: &str,
    update: CallUpdate,
) -> Result<call::Updated, NotUpdated> {
    let count = desk.mail.count();
    let likely = shard_of_call_id(call_id, count);
    for index in (0..count).map(|step| (likely + step) % count) {
        let (sid, update) = (sid.to_owned(), update.clone());
        let told = desk.mail.ask(index, move |shard| match shard.desk() {
            Some(desk) => desk.update(&sid, update),
            None => Err(CommandRefused::Unknown),
        });
        match told.await {
            Some(Ok(answer)) => return Ok(answer),
            None | Some(Err(CommandRefused::Unknown)) => {}
            Some(Err(why)) => return Err(NotUpdated::Refused(why)),
        }
    }
    Err(NotUpdated::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::desk;
    use crate::ways::tests::order;

    #[tokio::test]
    async fn a_server_that_is_about_to_stop_places_no_call() {
        let desk = desk();
        desk.draining.store(true, Ordering::Relaxed);
        let refused = place(&desk, order("sip:bob@192.0.2.1")).await;
        assert_eq!(refused.unwrap_err(), NotPlaced::Draining);
        // As do its shards, should the flag come too late for a call.
        desk.draining.store(false, Ordering::Relaxed);
        let refused = place(&desk, order("sip:bob@192.0.2.1")).await;
        assert_eq!(refused.unwrap_err(), NotPlaced::Draining);
    }
}
