//! What is said, turned into text while the call goes on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::{Resampler, Tap, TapFrame};
use hookflash_dialects::{
    Flowing, Frame, Moment, Track, TranscriptionEvent, TranscriptionProtocol,
};
use hookflash_program::{Tracks, Transcription as Order, Which};
use tokio::sync::Notify;

use super::Tapped;
use crate::call::Call;
use crate::fault;
use crate::journal::What;
use crate::speech_input::with_settings;
use crate::{Host, Recognition, Socket};

/// How long the last results may take once nothing more is said.
const LAST_RESULTS: Duration = Duration::from_secs(10);

/// How many transcriptions a call may have at a time.
const MOST_TRANSCRIPTIONS: usize = 4;

/// The transcriptions of one call, oldest first.
pub(crate) struct Transcriptions<H: Host> {
    running: RefCell<Vec<Rc<Transcription<H>>>>,
}

impl<H: Host> Default for Transcriptions<H> {
    fn default() -> Transcriptions<H> {
        Transcriptions {
            running: RefCell::default(),
        }
    }
}

impl<H: Host> Transcriptions<H> {
    /// Begins a transcription. `None` when it cannot: that is in the journal and was told.
    pub(crate) fn start(&self, call: &Rc<Call<H>>, order: Order) -> Option<Rc<Transcription<H>>> {
        let transcription = Rc::new(Transcription::new(call, order));
        let begun = match self.refusal(&transcription.order) {
            Some(why) => Err(why),
            None => transcription.begin(call),
        };
        match begun {
            Ok(()) => {
                self.running.borrow_mut().push(Rc::clone(&transcription));
                Some(transcription)
            }
            Err(why) => {
                transcription.note(call, &format!("cannot begin: {why}"));
                transcription.tell(call, TranscriptionEvent::Failed(&why));
                None
            }
        }
    }

    /// Whether one runs.
    pub(crate) fn any(&self) -> bool {
        !self.running.borrow().is_empty()
    }

    /// All transcriptions hear like this from now on.
    pub(crate) fn flow(&self, call: &Rc<Call<H>>, flowing: Flowing) {
        match flowing {
            Flowing::Stopped => {
                self.stop(call, &Which::All);
            }
            flowing => {
                for transcription in &*self.running.borrow() {
                    transcription.flowing.set(flowing);
                }
            }
        }
    }

    /// Stops the transcriptions that are meant; false when there is none.
    pub(crate) fn stop(&self, call: &Rc<Call<H>>, which: &Which) -> bool {
        let running = self.running.borrow().clone();
        let meant = running.into_iter().filter(|one| match which {
            Which::All => true,
            Which::Named(name) => one.is_called(name),
        });
        let mut any = false;
        for transcription in meant {
            transcription.stop();
            transcription.note(call, "stops");
            any = true;
        }
        any
    }

    fn refusal(&self, order: &Order) -> Option<String> {
        let running = self.running.borrow();
        if running.len() >= MOST_TRANSCRIPTIONS {
            return Some(format!("the call has {MOST_TRANSCRIPTIONS} already"));
        }
        let name = order.name.as_deref()?;
        let taken = running.iter().any(|one| one.is_called(name));
        taken.then(|| format!("the call has one by the name of `{name}` already"))
    }
}

/// One transcription of a call.
pub(crate) struct Transcription<H: Host> {
    order: Order,
    sid: String,
    base: Rc<str>,
    /// What hears the call, until it is stopped.
    tapped: RefCell<Option<Tapped<H>>>,
    recognitions: RefCell<Vec<Rc<H::Recognition>>>,
    stopped: Cell<bool>,
    /// What the API wants it to hear.
    flowing: Rc<Cell<Flowing>>,
    sequence: Cell<u32>,
    /// Tracks of which results may still come.
    open: Cell<usize>,
    /// The WebSocket that is told results too, while it is open.
    line: RefCell<Option<Rc<Line<H::Socket>>>>,
    news: Notify,
}

impl<H: Host> Transcription<H> {
    fn new(call: &Call<H>, mut order: Order) -> Transcription<H> {
        order.recognizer = with_settings(call, &order.recognizer);
        Transcription {
            order,
            sid: call.dialect().transcription_sid(call.host.random()),
            base: Rc::clone(&call.base.borrow()),
            tapped: RefCell::new(None),
            recognitions: RefCell::default(),
            stopped: Cell::new(false),
            flowing: Rc::new(Cell::new(Flowing::Resumed)),
            sequence: Cell::new(0),
            open: Cell::new(0),
            line: RefCell::new(None),
            news: Notify::new(),
        }
    }

    /// Waits until its last result was told.
    pub(crate) async fn over(&self) {
        while self.open.get() > 0 {
            self.news.notified().await;
        }
    }

    /// Nothing more is said; the last results still come, for a while.
    pub(crate) fn stop(&self) {
        if self.stopped.replace(true) {
            return;
        }
        drop(self.tapped.take());
        for recognition in self.recognitions.take() {
            recognition.finish();
        }
        self.news.notify_waiters();
    }

    fn is_called(&self, name: &str) -> bool {
        self.order.name.as_deref() == Some(name) || self.sid == name
    }

    fn begin(self: &Rc<Self>, call: &Rc<Call<H>>) -> Result<(), String> {
        let rate = call
            .session(|session| session.rate())
            .ok_or("the call has no audio")?;
        let tracks: &[Track] = match self.order.tracks {
            Tracks::Inbound => &[Track::Inbound],
            Tracks::Outbound => &[Track::Outbound],
            Tracks::Both => &[Track::Inbound, Track::Outbound],
        };
        let mut ears = Vec::with_capacity(tracks.len());
        for &track in tracks {
            let recognition = call.host.recognize(&self.order.recognizer, rate);
            let recognition = Rc::new(recognition.map_err(|error| error.to_string())?);
            ears.push((track, recognition));
        }
        let listening = Ears {
            rate,
            flowing: Rc::clone(&self.flowing),
            resamplers: None,
            ears: ears.clone(),
        };
        let tapped = Tapped::new(call, Box::new(listening)).ok_or("the call has no audio")?;
        *self.tapped.borrow_mut() = Some(tapped);
        self.open.set(ears.len());
        self.note(call, "begins");
        fault::spawn(call, Rc::clone(self).tell_over_socket(Rc::clone(call)));
        self.tell(call, TranscriptionEvent::Started);
        for (track, recognition) in ears {
            self.recognitions.borrow_mut().push(Rc::clone(&recognition));
            let (this, task) = (Rc::clone(self), Rc::clone(call));
            call.background.spawn(call, async move {
                this.read(&task, track, &recognition).await;
                this.one_is_over(&task);
            });
        }
        Ok(())
    }

    /// Tells the results of one track until there are no more.
    async fn read(&self, call: &Rc<Call<H>>, track: Track, recognition: &H::Recognition) {
        let mut begun = call.host.wall_clock();
        loop {
            let result = tokio::select! {
                biased;
                result = recognition.next() => result,
                () = self.too_late() => {
                    return self.note(call, "the last results took too long");
                }
            };
            match result {
                None => return,
                Some(Ok(heard)) if !heard.is_final && !self.order.recognizer.interim => {}
                Some(Ok(heard)) => {
                    self.tell(call, TranscriptionEvent::Heard(track, &heard));
                    let now = call.host.wall_clock();
                    if let Some(line) = &*self.line.borrow() {
                        line.send(|protocol| {
                            let frame = protocol.heard(track, begun, now, &heard);
                            frame.into_iter().collect()
                        });
                    }
                    if heard.is_final {
                        begun = now;
                    }
                }
                Some(Err(error)) => {
                    let why = error.to_string();
                    self.note(call, &format!("failed: {why}"));
                    return self.tell(call, TranscriptionEvent::Failed(&why));
                }
            }
        }
    }

    /// Opens the WebSocket that the document names, if it names one, and keeps it open until the
    /// transcription is over. Without it results still go to the hook.
    async fn tell_over_socket(self: Rc<Self>, call: Rc<Call<H>>) {
        let request = match call.dialect().transcription_request(&self.order) {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(error) => return self.note(&call, &format!("has no WebSocket: {error}")),
        };
        let opened = tokio::select! {
            biased;
            () = self.over() => return,
            opened = call.host.connect(request) => opened,
        };
        let protocol = call.record.facts(|facts| {
            call.dialect()
                .transcription_protocol(facts, &self.order, &self.sid)
        });
        let line = match (opened, protocol) {
            (Ok(socket), Some(protocol)) => Rc::new(Line {
                socket,
                protocol: RefCell::new(protocol),
            }),
            (Err(error), _) => return self.note(&call, &format!("has no WebSocket: {error}")),
            (Ok(_), None) => return,
        };
        line.send(|protocol| protocol.opening());
        *self.line.borrow_mut() = Some(Rc::clone(&line));
        loop {
            tokio::select! {
                biased;
                () = self.over() => return,
                // Nothing that the application says here means anything.
                frame = line.socket.next() => if let Err(why) = frame {
                    self.line.take();
                    return self.note(&call, &format!("lost its WebSocket: {why}"));
                },
            }
        }
    }

    async fn too_late(&self) {
        while !self.stopped.get() {
            self.news.notified().await;
        }
        tokio::time::sleep(LAST_RESULTS).await;
    }

    fn one_is_over(self: &Rc<Self>, call: &Rc<Call<H>>) {
        self.open.set(self.open.get().saturating_sub(1));
        if self.open.get() == 0 {
            self.stop();
            self.tell(call, TranscriptionEvent::Stopped);
            if let Some(line) = self.line.take() {
                line.send(|protocol| protocol.closing());
                line.socket.close();
            }
            let mut running = call.background.transcriptions.running.borrow_mut();
            running.retain(|one| !Rc::ptr_eq(one, self));
        }
        self.news.notify_waiters();
    }

    fn tell(&self, call: &Rc<Call<H>>, event: TranscriptionEvent<'_>) {
        let sequence = self.sequence.get();
        self.sequence.set(sequence.wrapping_add(1));
        call.tell_of_at(
            &self.base,
            &Moment::Transcription {
                verb: &self.order,
                sid: &self.sid,
                event,
                sequence,
            },
        );
    }

    fn note(&self, call: &Call<H>, what: &str) {
        let text = format!("transcription {} {what}", self.sid);
        call.note(What::Media(text.into()));
    }
}

/// A WebSocket and the vendor's messages on it.
struct Line<S> {
    socket: S,
    protocol: RefCell<Box<dyn TranscriptionProtocol>>,
}

impl<S: Socket> Line<S> {
    /// Sends what the protocol says. What the application takes too slowly is dropped.
    fn send(&self, words: impl FnOnce(&mut dyn TranscriptionProtocol) -> Vec<Frame>) {
        for frame in words(&mut **self.protocol.borrow_mut()) {
            let _ = self.socket.send(frame);
        }
    }
}

/// Passes what is said on to the recognizers, at the rate that they were begun with.
struct Ears<R> {
    rate: u32,
    flowing: Rc<Cell<Flowing>>,
    resamplers: Option<(u32, Vec<Resampler>)>,
    ears: Vec<(Track, Rc<R>)>,
}

impl<R: Recognition> Tap for Ears<R> {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        let silence;
        let mut frame = *frame;
        match self.flowing.get() {
            Flowing::Resumed => {}
            Flowing::Silenced => {
                silence = vec![0; frame.caller.len().max(frame.ours.len())];
                frame.caller = silence.get(..frame.caller.len()).unwrap_or_default();
                frame.ours = silence.get(..frame.ours.len()).unwrap_or_default();
            }
            Flowing::Paused | Flowing::Stopped => return,
        }
        let to = self.rate;
        if frame.rate == to {
            self.resamplers = None;
        } else if self
            .resamplers
            .as_ref()
            .is_none_or(|(from, _)| *from != frame.rate)
        {
            let fresh = || Resampler::new(frame.rate, to);
            let fresh = std::iter::repeat_with(fresh).take(self.ears.len());
            self.resamplers = Some((frame.rate, fresh.collect()));
        }
        for (at, (track, ear)) in self.ears.iter().enumerate() {
            let samples = match track {
                Track::Outbound => frame.ours,
                Track::Inbound | Track::Mixed => frame.caller,
            };
            let resampler = self
                .resamplers
                .as_mut()
                .and_then(|(_, all)| all.get_mut(at));
            match resampler {
                None => ear.hear(samples),
                Some(resampler) => {
                    let mut converted = Vec::new();
                    resampler.push(samples, &mut converted);
                    ear.hear(&converted);
                }
            }
        }
    }
}
