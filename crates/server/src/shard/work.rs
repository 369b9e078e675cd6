//! The life of a shard's thread: its tasks, and how it ends.

use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_call::Desk;
use tokio::time::{sleep, sleep_until, timeout};

use super::{Post, Shard};
use crate::run::Haste;
use crate::sip::{Bound, datagrams, streams};

/// How many inputs are taken before calls get their turn.
const BATCH: usize = 64;
/// How long calls may take to end once they are hung up: a BYE that nobody answers takes 32 s.
const LAST_WORDS: Duration = Duration::from_secs(35);
/// How long applications may take to hear what they are owed when the shard ends.
const LAST_CALLBACKS: Duration = Duration::from_secs(30);
/// How long trunks may take to answer that we are no longer registered.
const LAST_REGISTERS: Duration = Duration::from_secs(3);
/// How long WebSockets may take to close.
const LAST_STREAMS: Duration = Duration::from_secs(12);
/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Serves until `stop` resolves. To be run within a local runtime.
pub(crate) async fn run(
    shard: Rc<Shard>,
    listeners: Vec<(Bound, SocketAddr)>,
    post: Post,
    stop: impl Future<Output = ()>,
) {
    for (socket, local) in listeners {
        match socket {
            Bound::Udp(socket) => match datagrams::readable(socket) {
                Ok(socket) => {
                    tokio::task::spawn_local(datagrams::receive(Rc::clone(&shard), socket, local));
                }
                Err(error) => tracing::error!(%local, %error, "cannot read"),
            },
            Bound::Tcp(listener) => match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => {
                    tokio::task::spawn_local(streams::accept(Rc::clone(&shard), listener, local));
                }
                Err(error) => tracing::error!(%local, %error, "cannot accept"),
            },
        }
    }
    shard.register_with_trunks();
    shard.flush();
    if shard.index() == 0 {
        tokio::task::spawn_local(Rc::clone(&shard).keep_bindings());
    }
    // Tasks of their own: to wake the future that the runtime blocks on takes two system calls.
    let told = tokio::task::spawn_local(hookflash_store::told_together());
    let mut time = tokio::task::spawn_local(keep_time(Rc::clone(&shard)));
    let mut mail = tokio::task::spawn_local(open_mail(Rc::clone(&shard), post));
    let ended = tokio::select! {
        ended = &mut time => ended,
        ended = &mut mail => ended,
        () = stop => Ok(()),
    };
    time.abort();
    mail.abort();
    told.abort();
    shard.dissolve();
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Wakes the endpoint when it wants to be woken.
async fn keep_time(shard: Rc<Shard>) {
    loop {
        let alarm = shard.alarm.get();
        let rings = async {
            match alarm {
                Some(at) => sleep_until(at.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = rings => {
                let now = Instant::now();
                shard.alarm.set(None);
                shard.look_at_the_door(now);
                shard.endpoint.borrow_mut().handle_timeout(now);
                shard.flush();
            }
            () = shard.alarm_moved.notified() => {}
        }
    }
}

async fn open_mail(shard: Rc<Shard>, mut post: Post) {
    let mut inputs = Vec::with_capacity(BATCH);
    while post.recv_many(&mut inputs, BATCH).await > 0 {
        for input in inputs.drain(..) {
            shard.take(input);
        }
        shard.flush();
        if post.is_empty() {
            shard.door().caught_up();
        }
        tokio::task::yield_now().await;
    }
}

impl Shard {
    /// Takes no new calls, lets those that run finish for `grace` or until there is haste, ends the
    /// rest, and waits until applications have heard what they are owed.
    pub(crate) async fn drain(self: Rc<Self>, grace: Duration, haste: Haste) {
        self.door.close();
        self.look_at_the_door(Instant::now());
        // Trunks may send their calls elsewhere from now on.
        self.leave_trunks(|_| true);
        self.flush();
        let Some(desk) = self.desk() else { return };
        end_calls(&desk, grace, haste).await;
        if !within(LAST_REGISTERS, || !self.holds_registrations()).await {
            tracing::warn!("a trunk did not answer that we are gone");
        }
        // A call that just ended tells its application right after.
        sleep(LOOK).await;
        if !within(LAST_STREAMS, || self.websockets.count() == 0).await {
            tracing::warn!("WebSockets of applications did not close in time");
        }
        let settled = timeout(LAST_CALLBACKS, self.webhooks.settled());
        if settled.await.is_err() {
            tracing::warn!(
                owed = self.webhooks.owed(),
                "applications did not hear everything"
            );
        }
    }
}

/// Lets calls finish for `grace` or until there is haste, then ends those that are left.
async fn end_calls(desk: &Desk<Shard>, grace: Duration, haste: Haste) {
    let is_over = || desk.live() == 0;
    // With haste the wait is over, though calls may not be.
    within(grace, || is_over() || haste.has_begun()).await;
    if is_over() {
        return;
    }
    tracing::info!(
        calls = desk.live(),
        "the time is up; the calls that are left end now"
    );
    desk.hang_up_all();
    if !within(LAST_WORDS, is_over).await {
        tracing::warn!(calls = desk.live(), "calls did not end in time");
    }
}

/// Waits until it is so, but no longer than `limit`. False when it never was.
async fn within(limit: Duration, is_so: impl Fn() -> bool) -> bool {
    let waited = timeout(limit, async {
        while !is_so() {
            sleep(LOOK).await;
        }
    });
    waited.await.is_ok()
}
