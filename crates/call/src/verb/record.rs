//! Records the caller until a key, silence or the limit.

use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::{Item, Tone};
use hookflash_dialects::{Moment, RecordingFacts, RecordingSource, RecordingState};
use hookflash_media::{KeySource, MediaEvent, VoiceWatch};
use hookflash_program::{Record, RecordEnd, Tracks};

use crate::Host;
use crate::call::{Call, until};
use crate::player::Sounding;
use crate::program::Then;
use crate::recording::{Order, Recording};
use crate::sounds::{Keys, Listener};
use crate::verb::tag::set_text;
use crate::voice_watch::Watching;

/// So much sound is speech.
const BEGINNING: Duration = Duration::from_millis(60);

/// Beeps, records, waits until the file is complete and asks what comes next.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, record: Box<Record>) -> Then {
    if let Some(tag) = &record.tag {
        set_text(call, tag.clone());
    }
    let began = call.host.now();
    let listener = call.listen(Keys::Ignores);
    // What was pressed before the beep answers something else.
    listener.take_keys(false);
    if record.beep {
        let beep = Sounding::begin(call, Item::Tone(Tone::BEEP));
        beep.heard(&listener).await;
    }
    let record: Rc<Record> = Rc::from(record);
    let (facts, end) = match Recording::begin(call, order(&record)) {
        Err(facts) => (Some(*facts), RecordEnd::Failed),
        Ok(recording) => {
            let mut running = Running {
                call,
                record: &record,
                recording: Some(recording),
            };
            let end = running.end(&listener).await;
            running.complete(end).await
        }
    };
    drop(listener);
    call.took_time_since(began);
    let Some(facts) = facts.filter(|_| record.result.is_some()) else {
        return Then::Next;
    };
    if record.empty_goes_on && facts.state == RecordingState::Absent {
        return Then::Next;
    }
    let done = Moment::RecordDone {
        verb: &record,
        recording: &facts,
        end,
    };
    call.ask_what_next(&done, record.empty_reply_goes_on).await
}

fn order(record: &Record) -> Order {
    Order {
        source: RecordingSource::Verb,
        tracks: Tracks::Inbound,
        dual: false,
        trim: record.trim,
        format: record.format,
        name: record.name.clone(),
        silence_is_nothing: record.empty_goes_on,
        announce: record.announce.clone(),
        transcribe: record.transcribe.clone(),
    }
}

/// A recording of this verb. When the verb is interrupted it is completed all the same, and who
/// hung up does not take away its result.
struct Running<'a, H: Host> {
    call: &'a Rc<Call<H>>,
    record: &'a Rc<Record>,
    recording: Option<Recording<H>>,
}

impl<H: Host> Running<'_, H> {
    /// Waits for what ends it.
    async fn end(&self, listener: &Listener<H>) -> RecordEnd {
        let Some(recording) = &self.recording else {
            return RecordEnd::Failed;
        };
        let began = self.call.host.now();
        let limit = began + self.record.most;
        let watching = self
            .record
            .silence
            .map(|end| VoiceWatch {
                begin: BEGINNING,
                end,
            })
            .map(|watch| Watching::begin(self.call, watch));
        // Who never speaks is silent from the beginning.
        let mut silent_at = self.record.silence.map(|silence| began + silence);
        loop {
            tokio::select! {
                biased;
                event = listener.next() => match event {
                    MediaEvent::Key { key, source } if self.record.finish.contains(&key) => {
                        if source == KeySource::Tones {
                            recording.leave_out_key();
                        }
                        return RecordEnd::Key(key);
                    }
                    MediaEvent::Voice(true) if watching.is_some() => silent_at = None,
                    MediaEvent::Voice(false) if watching.is_some() => return RecordEnd::Silence,
                    _ => {}
                },
                () = recording.failed() => return RecordEnd::Failed,
                () = until(Some(limit)) => return RecordEnd::Limit,
                () = until(silent_at) => return RecordEnd::Silence,
            }
        }
    }

    /// Completes the file.
    async fn complete(&mut self, end: RecordEnd) -> (Option<RecordingFacts>, RecordEnd) {
        let Some(recording) = self.recording.take() else {
            return (None, end);
        };
        let facts = recording.finish().await;
        let failed = facts
            .as_ref()
            .is_some_and(|facts| facts.state == RecordingState::Failed);
        (facts, if failed { RecordEnd::Failed } else { end })
    }
}

impl<H: Host> Drop for Running<'_, H> {
    fn drop(&mut self) {
        let Some(recording) = self.recording.take() else {
            return;
        };
        if self.call.is_superseded() || self.record.result.is_none() {
            // The application has said itself what comes next.
            return drop(recording);
        }
        let (call, record) = (Rc::clone(self.call), Rc::clone(self.record));
        self.call.background.spawn(self.call, async move {
            let facts = recording.finish().await;
            let is_nothing = |facts: &RecordingFacts| {
                record.empty_goes_on && facts.state == RecordingState::Absent
            };
            if let Some(facts) = facts.filter(|facts| !is_nothing(facts)) {
                call.tell_of(&Moment::RecordDone {
                    verb: &record,
                    recording: &facts,
                    end: RecordEnd::HangUp,
                });
            }
        });
    }
}
