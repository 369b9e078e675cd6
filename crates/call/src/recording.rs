//! A recording under way: a tap that writes what the parties say to a file, and the facts of it.
//!
//! Shared by the verb that records until silence or a key and by the recording that runs beside
//! other verbs. A recording is never lost: dropping a [`Recording`] completes and announces it just
//! as [`Recording::finish`] does, only that nobody waits for it.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use hookflash_audio::{Tap, TapFrame, measure};
use hookflash_dialects::{CallFacts, Direction, Moment, Party, RecordingFacts};
use hookflash_dialects::{RecordingSource, RecordingState};
use hookflash_program::{Announce, RecordTranscription, RecordingFormat, Tracks};
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;

use crate::background::Tapped;
use crate::call::Call;
use crate::journal::What;
use crate::key_tail::KeyTail;
use crate::trimming::Trimming;
use crate::{Host, RecordingFile};

/// What is to be recorded, and who is told.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) source: RecordingSource,
    pub(crate) tracks: Tracks,
    /// One channel per direction, when both are recorded.
    pub(crate) dual: bool,
    pub(crate) trim: bool,
    pub(crate) format: RecordingFormat,
    pub(crate) name: Option<String>,
    /// A recording without any sound is as good as none.
    pub(crate) silence_is_nothing: bool,
    pub(crate) announce: Announce,
    pub(crate) transcribe: Option<RecordTranscription>,
}

/// What is written while a recording is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhilePaused {
    /// What comes later follows at once.
    Nothing,
    /// As much as what is left out.
    Silence,
}

/// A recording that runs.
pub(crate) struct Recording<H: Host> {
    call: Weak<Call<H>>,
    running: Option<Running<H>>,
    failed: Rc<Notify>,
}

struct Running<H: Host> {
    tapped: Tapped<H>,
    writer: Rc<RefCell<Writer<H::Recording>>>,
    order: Order,
    /// What relative URLs of its hooks stand relative to, whatever document runs meanwhile.
    base: Rc<str>,
    facts: RecordingFacts,
}

impl<H: Host> Recording<H> {
    /// Opens the file and begins to write. Tells that it began to whom it concerns.
    ///
    /// # Errors
    /// What is known of a recording that cannot be made, with a sentence on why not; it is in the
    /// journal and has been announced.
    pub(crate) fn begin(
        call: &Rc<Call<H>>,
        order: Order,
    ) -> Result<Recording<H>, Box<RecordingFacts>> {
        let mut facts = new_facts(call, &order);
        let base = Rc::clone(&call.base.borrow());
        let begun = call.host.record(&facts).and_then(|file| {
            let failed = Rc::new(Notify::new());
            let writer = Rc::new(RefCell::new(Writer {
                file: Some(file),
                tracks: order.tracks,
                dual: facts.channels == 2,
                tail: (order.source == RecordingSource::Verb).then(KeyTail::default),
                trimming: order.trim.then(Trimming::default),
                paused: None,
                heard_sound: false,
                failure: None,
                failed: Rc::clone(&failed),
                mixed: Vec::new(),
            }));
            let tap = Box::new(WriterTap(Rc::clone(&writer)));
            let tapped = Tapped::new(call, tap).ok_or("the call has no audio")?;
            Ok((tapped, writer, failed))
        });
        match begun {
            Ok((tapped, writer, failed)) => {
                call.host.keep_recording(&facts);
                note(call, &facts.sid, "began");
                announce(call, &base, &order.announce, &facts);
                let call = Rc::downgrade(call);
                let running = Some(Running {
                    tapped,
                    writer,
                    order,
                    base,
                    facts,
                });
                Ok(Recording {
                    call,
                    running,
                    failed,
                })
            }
            Err(why) => {
                fail(call, &mut facts, &why);
                announce(call, &base, &order.announce, &facts);
                Err(Box::new(facts))
            }
        }
    }

    /// Its identifier.
    pub(crate) fn sid(&self) -> &str {
        let running = self.running.as_ref();
        running.map_or("", |running| running.facts.sid.as_str())
    }

    /// Waits until it cannot be written any more; for ever, as a rule. Finish it then.
    pub(crate) async fn failed(&self) {
        self.failed.notified().await;
    }

    /// What wakes [`Recording::failed`], for those who cannot borrow the recording meanwhile.
    pub(crate) fn failure_signal(&self) -> Rc<Notify> {
        Rc::clone(&self.failed)
    }

    /// Goes on without sound, or (`None`) with sound again.
    pub(crate) fn pause(&mut self, paused: Option<WhilePaused>) {
        let (Some(running), Some(call)) = (&mut self.running, self.call.upgrade()) else {
            return;
        };
        running.writer.borrow_mut().paused = paused;
        running.facts.state = match paused {
            Some(_) => RecordingState::Paused,
            None => RecordingState::InProgress,
        };
        call.host.keep_recording(&running.facts);
        let what = match paused {
            Some(WhilePaused::Nothing) => "pauses",
            Some(WhilePaused::Silence) => "pauses, with silence in place of what is said",
            None => "goes on",
        };
        note(&call, &running.facts.sid, what);
    }

    /// Leaves out the tone that has just been heard and that ends the recording.
    pub(crate) fn leave_out_key(&self) {
        if let Some(running) = &self.running {
            running.writer.borrow_mut().tail = None;
        }
    }

    /// Completes the file, then tells those whom it concerns. The work goes on when nobody waits
    /// for it. `None` when the server stops before it is done.
    pub(crate) async fn finish(mut self) -> Option<RecordingFacts> {
        self.complete()?.await.ok()
    }

    fn complete(&mut self) -> Option<oneshot::Receiver<RecordingFacts>> {
        let Running {
            tapped,
            writer,
            order,
            base,
            mut facts,
        } = self.running.take()?;
        let Some(call) = self.call.upgrade() else {
            tracing::warn!(recording = facts.sid, "lost: its call has gone before it");
            return None;
        };
        drop(tapped);
        // Whoever waits for a failure waits in vain from now on.
        self.failed.notify_one();
        facts.ended_at = Some(call.host.wall_clock());
        let (hand_over, receive) = oneshot::channel();
        let finishing = writer.borrow_mut().finish();
        // Trimmed silence leaves a file without sound in it.
        let may_be_nothing = order.silence_is_nothing || order.trim;
        let is_nothing = may_be_nothing && !writer.borrow().heard_sound;
        let can_be_had = finishing.is_ok() && !is_nothing;
        ordered_ended(&call, &facts, can_be_had);
        let task = Rc::clone(&call);
        call.background.spawn(&call, async move {
            let call = task;
            match finishing {
                Ok(file) if is_nothing => {
                    drop(file);
                    absent(&call, &mut facts, "no sound was heard");
                }
                // By itself: a fault of ours must not take away how it ended.
                Ok(file) => match spawn_local(file.finish())
                    .await
                    .unwrap_or_else(|_| Err("completing it met a fault of this server".to_owned()))
                {
                    Ok((_, Duration::ZERO, _)) => came_to_nothing(&call, &mut facts),
                    Ok((bytes, duration, format)) => {
                        facts.bytes = bytes;
                        facts.duration = duration;
                        facts.format = format;
                        facts.state = RecordingState::Completed;
                        call.host.keep_recording(&facts);
                        note(&call, &facts.sid, &completed_text(duration, bytes));
                    }
                    Err(why) => fail(&call, &mut facts, &why),
                },
                Err(why) => fail(&call, &mut facts, &why),
            }
            // Nobody may be waiting any more.
            let _ = hand_over.send(facts.clone());
            announce(&call, &base, &order.announce, &facts);
            if facts.state == RecordingState::Completed
                && let Some(transcription) = &order.transcribe
            {
                write_down(&call, &base, transcription, &order.announce, &facts).await;
            }
        });
        Some(receive)
    }
}

/// The call knows how long the recording ran that was ordered with it, or that there is none.
fn ordered_ended<H: Host>(call: &Rc<Call<H>>, ended: &RecordingFacts, can_be_had: bool) {
    call.record.change(|facts| {
        let ordered = facts.recording.as_deref_mut();
        let Some(ordered) = ordered.filter(|ordered| ordered.sid == ended.sid) else {
            return;
        };
        match ended.ended_at.filter(|_| can_be_had) {
            Some(at) => ordered.lasted = at.duration_since(ended.started_at).ok(),
            None => facts.recording = None,
        }
    });
}

impl<H: Host> Drop for Recording<H> {
    fn drop(&mut self) {
        drop(self.complete());
    }
}

/// Tells of a recording, when that is wanted of its present state.
fn announce<H: Host>(
    call: &Rc<Call<H>>,
    base: &str,
    announce: &Announce,
    recording: &RecordingFacts,
) {
    let wanted = match recording.state {
        RecordingState::InProgress | RecordingState::Paused => announce.begun,
        RecordingState::Completed | RecordingState::Failed => announce.completed,
        RecordingState::Absent => announce.absent,
        RecordingState::Deleted => false,
    };
    if wanted && announce.hook.is_some() {
        let moment = Moment::Recording {
            announce,
            recording,
        };
        call.tell_of_at(base, &moment);
    }
}

/// Turns a recording into text and tells that.
async fn write_down<H: Host>(
    call: &Rc<Call<H>>,
    base: &str,
    transcription: &RecordTranscription,
    announce: &Announce,
    recording: &RecordingFacts,
) {
    let heard = call
        .host
        .transcribe(recording, &transcription.recognizer)
        .await;
    let failure = heard.as_ref().err().map(ToString::to_string);
    if let Some(why) = &failure {
        call.note(What::Media(
            format!("recording {} has no text: {why}", recording.sid).into(),
        ));
    }
    let sid = call.dialect().transcription_sid(call.host.random());
    let text = match (&heard, &failure) {
        (Ok(heard), _) => Ok(heard),
        (Err(_), why) => Err(why.as_deref().unwrap_or_default()),
    };
    let moment = Moment::RecordingText {
        transcription,
        recording,
        announce,
        sid: &sid,
        text,
    };
    call.tell_of_at(base, &moment);
}

/// Not one sample came: the call ended at once, or it was paused all along.
fn came_to_nothing<H: Host>(call: &Rc<Call<H>>, facts: &mut RecordingFacts) {
    let why = "it was over before any sound came";
    match call.dialect().has_absent_recordings() {
        true => absent(call, facts, why),
        false => fail(call, facts, why),
    }
}

fn absent<H: Host>(call: &Rc<Call<H>>, facts: &mut RecordingFacts, why: &str) {
    facts.state = RecordingState::Absent;
    call.host.keep_recording(facts);
    note(call, &facts.sid, &format!("came to nothing: {why}"));
}

fn fail<H: Host>(call: &Rc<Call<H>>, facts: &mut RecordingFacts, why: &str) {
    facts.state = RecordingState::Failed;
    facts.error = Some(why.to_owned());
    facts.ended_at = Some(call.host.wall_clock());
    call.host.keep_recording(facts);
    note(call, &facts.sid, &format!("failed: {why}"));
}

fn note<H: Host>(call: &Rc<Call<H>>, sid: &str, what: &str) {
    call.note(What::Media(format!("recording {sid} {what}").into()));
}

fn completed_text(duration: Duration, bytes: u64) -> String {
    format!(
        "is complete: {:.1} s, {bytes} bytes",
        duration.as_secs_f64()
    )
}

fn new_facts<H: Host>(call: &Rc<Call<H>>, order: &Order) -> RecordingFacts {
    let sid = call.dialect().recording_sid(call.host.random());
    let started_at = call.host.wall_clock();
    let dual = order.dual && order.tracks == Tracks::Both;
    call.record.facts(|call: &CallFacts| RecordingFacts {
        sid,
        call_sid: call.sid.clone(),
        account_sid: call.application.account.sid.clone(),
        application_sid: call.application.sid.clone(),
        from: told(&call.from),
        to: told(&call.to),
        inbound: call.direction == Direction::Inbound,
        parent_sid: call.parent_sid.clone(),
        source: order.source,
        started_at,
        ended_at: None,
        duration: Duration::ZERO,
        channels: if dual { 2 } else { 1 },
        tracks: order.tracks,
        format: order.format,
        bytes: 0,
        state: RecordingState::InProgress,
        error: None,
        name: order.name.clone(),
    })
}

/// A party as applications know it: its number, else its URI.
fn told(party: &Party) -> String {
    let is_number = party.user.strip_prefix('+').is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    match is_number {
        true => party.user.clone(),
        false => party.uri.clone(),
    }
}

/// What stands between the tap and the file.
struct Writer<F> {
    file: Option<F>,
    tracks: Tracks,
    dual: bool,
    /// For a recording that a key may end.
    tail: Option<KeyTail>,
    trimming: Option<Trimming>,
    paused: Option<WhilePaused>,
    heard_sound: bool,
    failure: Option<String>,
    failed: Rc<Notify>,
    mixed: Vec<i16>,
}

impl<F: RecordingFile> Writer<F> {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        match self.paused {
            None => self.hear_sound(frame),
            Some(WhilePaused::Nothing) => {}
            Some(WhilePaused::Silence) => self.hear_sound(&TapFrame {
                caller: &vec![0; frame.caller.len()],
                ours: &vec![0; frame.ours.len()],
                rate: frame.rate,
                heard: false,
            }),
        }
    }

    fn hear_sound(&mut self, frame: &TapFrame<'_>) {
        match self.tail.take() {
            Some(mut tail) => {
                tail.pass(frame, |frame| self.write(frame));
                self.tail = Some(tail);
            }
            None => self.write(frame),
        }
    }

    fn write(&mut self, frame: &TapFrame<'_>) {
        if self.failure.is_some() {
            return;
        }
        let Some(file) = &mut self.file else { return };
        let is_sound = match self.tracks {
            Tracks::Inbound => has_sound(frame.caller),
            Tracks::Outbound => has_sound(frame.ours),
            Tracks::Both => has_sound(frame.caller) || has_sound(frame.ours),
        };
        self.heard_sound |= is_sound;
        let channels: &[&[i16]] = match (self.tracks, self.dual) {
            (Tracks::Inbound, _) => &[frame.caller],
            (Tracks::Outbound, _) => &[frame.ours],
            (Tracks::Both, true) => &[frame.caller, frame.ours],
            (Tracks::Both, false) => {
                mix(frame.caller, frame.ours, &mut self.mixed);
                &[&self.mixed]
            }
        };
        match &mut self.trimming {
            Some(trimming) => trimming.pass(channels, frame.rate, is_sound, |channels, rate| {
                file.write(channels, rate);
            }),
            None => file.write(channels, frame.rate),
        }
        if let Some(why) = file.failure() {
            self.failure = Some(why);
            self.failed.notify_one();
        }
    }

    /// Gives the file away to be completed, or says why it cannot be.
    fn finish(&mut self) -> Result<F, String> {
        if let Some(mut tail) = self.tail.take() {
            tail.flush(|frame| self.write(frame));
        }
        let file = self.file.take();
        if let Some(why) = self.failure.take() {
            return Err(why);
        }
        file.ok_or_else(|| "it was completed before".to_owned())
    }
}

/// Root mean square below which a frame counts as silence: about -48 dB of full scale, above the
/// noise of a quiet line and below the softest speech.
const SILENCE: f32 = 130.0;

/// Whether a frame is anything but silence. Noise, hum and held tones count as sound, which is why
/// this is no detector of speech: what somebody wants to keep is not cut.
fn has_sound(samples: &[i16]) -> bool {
    measure::rms(samples) > SILENCE
}

/// Adds two directions into one channel.
pub(crate) fn mix(caller: &[i16], ours: &[i16], mixed: &mut Vec<i16>) {
    mixed.clear();
    let pairs = caller.iter().zip(ours);
    mixed.extend(pairs.map(|(&caller, &ours)| caller.saturating_add(ours)));
}

struct WriterTap<F>(Rc<RefCell<Writer<F>>>);

impl<F: RecordingFile> Tap for WriterTap<F> {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        self.0.borrow_mut().hear(frame);
    }
}
