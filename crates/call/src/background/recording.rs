//! The recording that runs beside the verbs. A call has one at a time.

use std::cell::RefCell;
use std::rc::Rc;

use hookflash_dialects::RecordingSource;
use hookflash_program::{BackgroundRecording as Command, StartRecording};

use crate::Host;
use crate::call::Call;
use crate::journal::What;
use crate::recording::{Order, Recording, WhilePaused};

/// The background recording of one call.
pub(crate) struct BackgroundRecording<H: Host> {
    /// Boxed: most calls have none, and each would keep the room.
    running: RefCell<Option<Box<Recording<H>>>>,
}

impl<H: Host> Default for BackgroundRecording<H> {
    fn default() -> BackgroundRecording<H> {
        BackgroundRecording {
            running: RefCell::new(None),
        }
    }
}

impl<H: Host> BackgroundRecording<H> {
    /// Does what somebody ordered who does not wait for it. What cannot be done is noted, and the
    /// call goes on.
    pub(crate) fn order(&self, call: &Rc<Call<H>>, command: Command, by: RecordingSource) {
        if let Err(why) = self.carry_out(call, command, by) {
            call.note(What::VerbNote(why.into()));
        }
    }

    /// Does what a document or the API (`by`) says, and gives the identifier of the recording.
    ///
    /// # Errors
    /// A sentence on why it cannot be done.
    pub(crate) fn carry_out(
        &self,
        call: &Rc<Call<H>>,
        command: Command,
        by: RecordingSource,
    ) -> Result<String, String> {
        let change = match command {
            Command::Start(order) => return self.start(call, *order, by),
            Command::Stop => {
                let recording = self.running.take();
                let recording = recording.ok_or("no recording runs that could be stopped")?;
                return Ok(recording.sid().to_owned());
            }
            Command::Pause => Some(WhilePaused::Nothing),
            Command::Silence => Some(WhilePaused::Silence),
            Command::Resume => None,
        };
        match &mut *self.running.borrow_mut() {
            Some(recording) => {
                recording.pause(change);
                Ok(recording.sid().to_owned())
            }
            None => Err("no recording runs that could be paused or resumed".to_owned()),
        }
    }

    /// Ends the recording, if one runs: it is completed and announced.
    pub(crate) fn stop(&self) -> bool {
        let recording = self.running.take();
        recording.is_some()
    }

    fn start(
        &self,
        call: &Rc<Call<H>>,
        order: StartRecording,
        source: RecordingSource,
    ) -> Result<String, String> {
        if self.running.borrow().is_some() {
            return Err("not begun: a recording runs already".to_owned());
        }
        let order = Order {
            source,
            tracks: order.tracks,
            dual: order.dual,
            trim: order.trim,
            format: order.format,
            name: order.name,
            silence_is_nothing: order.announce.absent,
            announce: order.announce,
            transcribe: order.transcribe,
        };
        match Recording::begin(call, order) {
            Ok(recording) => {
                let failed = recording.failure_signal();
                let sid = recording.sid().to_owned();
                *self.running.borrow_mut() = Some(Box::new(recording));
                let call = Rc::clone(call);
                tokio::task::spawn_local(async move {
                    failed.notified().await;
                    call.background.recording.end_failed(&failed);
                });
                Ok(sid)
            }
            Err(facts) => {
                let why = facts.error.unwrap_or_default();
                Err(format!("not begun: {why}"))
            }
        }
    }

    fn end_failed(&self, failed: &Rc<tokio::sync::Notify>) {
        let running = self.running.borrow();
        let is_it = running
            .as_ref()
            .is_some_and(|recording| Rc::ptr_eq(&recording.failure_signal(), failed));
        drop(running);
        if is_it {
            self.stop();
        }
    }
}
