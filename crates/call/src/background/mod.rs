//! What a call does beside its running verb: streams, transcriptions, a recording, key events,
//! input that may come at any time.
//!
//! Each is one owned object that lives until it is stopped or the call ends, whatever documents
//! come and go meanwhile, and cleans up after itself when it is dropped. [`Background::end`] ends
//! them all, in order and at once: what they still owe the application is sent by tasks of their
//! own, for which the call's task waits at its very end.

mod gather;
mod key_events;
mod recording;
mod requests;
mod tapped;
mod transcription;

use std::cell::Cell;
use std::rc::Rc;

use hookflash_program::Which;
use tokio::sync::Notify;

use crate::Host;
use crate::call::Call;
use crate::detection::Beside;
use crate::fault;
use crate::streaming::Streams;
use key_events::KeyEvents;
use recording::BackgroundRecording;
use requests::Requests;
use transcription::Transcriptions;

pub(crate) use gather::BackgroundGather;
pub(crate) use tapped::Tapped;
pub(crate) use transcription::Transcription;

/// The background work of one call.
pub(crate) struct Background<H: Host> {
    pub(crate) streams: Streams<H>,
    pub(crate) transcriptions: Transcriptions<H>,
    pub(crate) recording: BackgroundRecording<H>,
    pub(crate) key_events: KeyEvents,
    pub(crate) gather: BackgroundGather,
    pub(crate) requests: Requests,
    detection: Cell<Option<Beside>>,
    tasks: Cell<u16>,
    task_ended: Notify,
}

/// A task that the call's end waits for, for as long as this lives.
struct Runs<H: Host>(Rc<Call<H>>);

impl<H: Host> Runs<H> {
    fn new(call: &Rc<Call<H>>) -> Runs<H> {
        let tasks = &call.background.tasks;
        tasks.set(tasks.get().saturating_add(1));
        Runs(Rc::clone(call))
    }
}

impl<H: Host> Drop for Runs<H> {
    fn drop(&mut self) {
        let background = &self.0.background;
        background
            .tasks
            .set(background.tasks.get().saturating_sub(1));
        background.task_ended.notify_waiters();
    }
}

impl<H: Host> Default for Background<H> {
    fn default() -> Background<H> {
        Background {
            streams: Streams::default(),
            transcriptions: Transcriptions::default(),
            recording: BackgroundRecording::default(),
            key_events: KeyEvents::default(),
            gather: BackgroundGather::default(),
            requests: Requests::default(),
            detection: Cell::new(None),
            tasks: Cell::new(0),
            task_ended: Notify::new(),
        }
    }
}

impl<H: Host> Background<H> {
    /// The call is over: everything ends, in this order, and nothing is waited for.
    pub(crate) fn end(&self, call: &Rc<Call<H>>) {
        self.detection.take();
        self.gather.stop();
        self.key_events.stop();
        self.streams.end(call);
        self.transcriptions.stop(call, &Which::All);
        self.recording.stop();
    }

    /// Finds out who picked up, whatever documents come and go meanwhile.
    pub(crate) fn detect(&self, detection: Beside) {
        self.detection.set(Some(detection));
    }

    /// Runs something that the call's end does not cut short.
    pub(crate) fn spawn(&self, call: &Rc<Call<H>>, work: impl Future<Output = ()> + 'static) {
        let runs = Runs::new(call);
        fault::spawn(call, async move {
            let _runs = runs;
            work.await;
        });
    }

    /// Waits until everything that was spawned is done.
    pub(crate) async fn all_done(&self) {
        while self.tasks.get() > 0 {
            self.task_ended.notified().await;
        }
    }
}
