//! What a call's host does beside SIP, HTTP and RTP: audio files, speech, recordings, sockets; all
//! scripted by the test, and open to its eyes.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hookflash_audio::Clip;
use hookflash_call::{ClipError, Recognition, RecordingFile, Socket, SocketClosed, SpeechError};
use hookflash_dialects::{
    FetchError, FetchErrorKind, Frame, HttpRequest, RecordingFacts, RecordingState,
};
use hookflash_program::{Heard, Recognizer, RecordingFormat, SpeechText, Voice};
use tokio::sync::Notify;

use super::rtp::tone;

/// How long an audio file or a spoken text takes to be there.
const MOMENT: Duration = Duration::from_millis(5);

/// An audio file, or why there is none, and how long it takes to come.
type Served = (Result<Arc<Clip>, ClipError>, Duration);

#[derive(Default)]
pub struct Services {
    clips: RefCell<HashMap<String, Served>>,
    /// The next file or socket that is to be opened makes whoever wants it panic.
    pub breaks: Cell<bool>,
    /// Audio files that were asked for, in order.
    pub clips_asked: RefCell<Vec<String>>,
    speech: RefCell<HashMap<String, (Arc<Clip>, Duration)>>,
    /// What was spoken, in order, and by whom.
    pub spoken: RefCell<Vec<(SpeechText, Voice)>>,
    /// There is no speech engine.
    pub mute: Cell<bool>,
    /// Recognizers that were ever begun.
    pub recognitions: RefCell<Vec<Rc<Listening>>>,
    /// There is no recognizer.
    pub deaf: Cell<bool>,
    /// Files that were ever opened.
    pub files: RefCell<Vec<Rc<RecordedFile>>>,
    /// No file can be opened.
    pub read_only: Cell<bool>,
    /// Completing a file meets a fault.
    pub faulty: Cell<bool>,
    /// After so many samples the disk is full.
    pub disk_full_after: Cell<Option<usize>>,
    /// Recordings as they were kept, every change of them.
    pub kept: RefCell<Vec<RecordingFacts>>,
    /// What a recording is turned into.
    pub transcript: RefCell<Option<Heard>>,
    /// Sockets that were ever opened.
    pub sockets: RefCell<Vec<Rc<Wire>>>,
    /// The application takes no socket.
    pub no_sockets: Cell<bool>,
    /// How the next sockets fail to open, one after the other.
    pub socket_failures: RefCell<VecDeque<FetchErrorKind>>,
    /// Handshakes that were ever asked for.
    pub handshakes: RefCell<Vec<HttpRequest>>,
}

impl Services {
    /// Puts an audio file at a URL.
    pub fn clip(&self, url: &str, clip: Arc<Clip>) {
        self.slow_clip(url, clip, MOMENT);
    }

    /// Puts an audio file at a URL that takes its time.
    pub fn slow_clip(&self, url: &str, clip: Arc<Clip>, after: Duration) {
        let mut clips = self.clips.borrow_mut();
        clips.insert(url.to_owned(), (Ok(clip), after));
    }

    /// Puts something at a URL that is no audio.
    pub fn broken_clip(&self, url: &str, error: ClipError) {
        let mut clips = self.clips.borrow_mut();
        clips.insert(url.to_owned(), (Err(error), MOMENT));
    }

    /// Says how a text sounds, and how long it takes to be spoken. Others sound for a second.
    pub fn speech(&self, text: &str, clip: Arc<Clip>, after: Duration) {
        let mut speech = self.speech.borrow_mut();
        speech.insert(text.to_owned(), (clip, after));
    }

    pub fn fetch_clip(
        &self,
        request: &HttpRequest,
    ) -> impl Future<Output = Result<Arc<Clip>, ClipError>> + use<> {
        self.clips_asked.borrow_mut().push(request.url.clone());
        let missing = || {
            let error = FetchError {
                kind: FetchErrorKind::Status(404),
                url: request.url.clone(),
                message: "404".to_owned(),
                body: None,
            };
            (Err(ClipError::Fetch(error)), MOMENT)
        };
        let found = self.clips.borrow().get(&request.url).cloned();
        let (clip, after) = found.unwrap_or_else(missing);
        async move {
            tokio::time::sleep(after).await;
            clip
        }
    }

    pub fn say(
        &self,
        text: SpeechText,
        voice: Voice,
    ) -> impl Future<Output = Result<Arc<Clip>, SpeechError>> + use<> {
        let (SpeechText::Plain(words) | SpeechText::Ssml(words)) = &text;
        let found = self.speech.borrow().get(words).cloned();
        let mute = self.mute.get();
        self.spoken.borrow_mut().push((text, voice));
        let (clip, after) = found.unwrap_or_else(|| (tone(600.0, Duration::from_secs(1)), MOMENT));
        async move {
            if mute {
                return Err(SpeechError::NoEngine);
            }
            tokio::time::sleep(after).await;
            Ok(clip)
        }
    }

    pub fn listen(
        &self,
        recognizer: &Recognizer,
        rate: u32,
    ) -> Result<TestRecognition, SpeechError> {
        if self.deaf.get() {
            return Err(SpeechError::NoEngine);
        }
        let listening = Rc::new(Listening {
            recognizer: recognizer.clone(),
            rate,
            ..Listening::default()
        });
        self.recognitions.borrow_mut().push(Rc::clone(&listening));
        Ok(TestRecognition(listening))
    }

    /// The recognizer that was begun last.
    pub fn recognition(&self) -> Rc<Listening> {
        let all = self.recognitions.borrow();
        Rc::clone(all.last().expect("a recognizer"))
    }

    pub fn transcribe(&self) -> Result<Heard, SpeechError> {
        self.transcript
            .borrow()
            .clone()
            .ok_or(SpeechError::NoEngine)
    }

    pub fn open_file(&self, recording: &RecordingFacts) -> Result<TestRecording, String> {
        assert!(!self.breaks.take(), "a fault of the test");
        if self.read_only.get() {
            return Err("the folder is read-only".to_owned());
        }
        let file = Rc::new(RecordedFile {
            sid: recording.sid.clone(),
            format: recording.format,
            room: self.disk_full_after.get(),
            faulty: self.faulty.get(),
            ..RecordedFile::default()
        });
        self.files.borrow_mut().push(Rc::clone(&file));
        Ok(TestRecording(file))
    }

    /// The file that was opened last.
    pub fn file(&self) -> Rc<RecordedFile> {
        Rc::clone(self.files.borrow().last().expect("a file"))
    }

    /// What is known of the recording that was kept last.
    pub fn recording(&self) -> RecordingFacts {
        self.kept.borrow().last().expect("a recording").clone()
    }

    pub fn open_socket(&self, request: HttpRequest) -> Result<TestSocket, FetchError> {
        assert!(!self.breaks.take(), "a fault of the test");
        self.handshakes.borrow_mut().push(request.clone());
        let failure = self.socket_failures.borrow_mut().pop_front();
        if self.no_sockets.get() || failure.is_some() {
            return Err(FetchError {
                kind: failure.unwrap_or(FetchErrorKind::Refused),
                url: request.url,
                message: "refused".to_owned(),
                body: None,
            });
        }
        let wire = Rc::new(Wire {
            url: request.url,
            headers: request.headers,
            ..Wire::default()
        });
        self.sockets.borrow_mut().push(Rc::clone(&wire));
        Ok(TestSocket(wire))
    }

    /// The socket that was opened last.
    pub fn socket(&self) -> Rc<Wire> {
        Rc::clone(self.sockets.borrow().last().expect("a socket"))
    }

    /// Nothing of the calls that are over is still open.
    pub fn assert_nothing_left(&self) {
        for listening in self.recognitions.borrow().iter() {
            assert!(listening.dropped.get(), "a recognizer is still open");
        }
        for file in self.files.borrow().iter() {
            assert!(file.closed.get(), "the file {} is still open", file.sid);
        }
        for wire in self.sockets.borrow().iter() {
            assert!(wire.dropped.get(), "a socket to {} is still open", wire.url);
        }
        let kept = self.kept.borrow();
        let mut last = HashMap::new();
        for recording in kept.iter() {
            last.insert(recording.sid.as_str(), recording.state);
        }
        for (sid, state) in last {
            let runs = [RecordingState::InProgress, RecordingState::Paused].contains(&state);
            assert!(!runs, "the recording {sid} is kept as {state:?}");
        }
    }
}

/// A recognizer, seen from its engine.
#[derive(Default)]
pub struct Listening {
    pub recognizer: Recognizer,
    pub rate: u32,
    /// Samples that came in.
    pub samples: Cell<usize>,
    /// The loudest of them.
    pub loudest: Cell<u16>,
    /// It never comes to an end.
    pub hangs: Cell<bool>,
    /// No more speech comes.
    pub finished: Cell<bool>,
    pub dropped: Cell<bool>,
    results: RefCell<VecDeque<Result<Heard, SpeechError>>>,
    last: RefCell<Option<Heard>>,
    changed: Notify,
}

impl Listening {
    /// Gives a result now.
    pub fn result(&self, text: &str, confidence: f32, is_final: bool) {
        self.results
            .borrow_mut()
            .push_back(Ok(heard(text, confidence, is_final)));
        self.changed.notify_one();
    }

    /// Gives a final result once no more speech comes.
    pub fn result_at_end(&self, text: &str, confidence: f32) {
        *self.last.borrow_mut() = Some(heard(text, confidence, true));
    }

    /// The engine crashes.
    pub fn fail(&self) {
        let failure = SpeechError::Failed("the engine crashed".to_owned());
        self.results.borrow_mut().push_back(Err(failure));
        self.changed.notify_one();
    }
}

pub fn heard(text: &str, confidence: f32, is_final: bool) -> Heard {
    Heard {
        text: text.to_owned(),
        confidence,
        language: None,
        is_final,
    }
}

pub struct TestRecognition(Rc<Listening>);

impl Recognition for TestRecognition {
    fn hear(&self, samples: &[i16]) {
        assert!(!self.0.finished.get(), "speech after the end of it");
        self.0.samples.set(self.0.samples.get() + samples.len());
        let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
        let loudest = loudest.unwrap_or(0).max(self.0.loudest.get());
        self.0.loudest.set(loudest);
    }

    fn finish(&self) {
        self.0.finished.set(true);
        self.0.changed.notify_one();
    }

    async fn next(&self) -> Option<Result<Heard, SpeechError>> {
        loop {
            let result = self.0.results.borrow_mut().pop_front();
            if result.is_some() {
                return result;
            }
            if self.0.finished.get() && !self.0.hangs.get() {
                return self.0.last.take().map(Ok);
            }
            self.0.changed.notified().await;
        }
    }
}

impl Drop for TestRecognition {
    fn drop(&mut self) {
        self.0.dropped.set(true);
    }
}

/// A recording's file, seen from the disk.
#[derive(Default)]
pub struct RecordedFile {
    pub sid: String,
    pub format: RecordingFormat,
    pub channels: RefCell<Vec<Vec<i16>>>,
    pub rate: Cell<u32>,
    pub complete: Cell<bool>,
    pub closed: Cell<bool>,
    room: Option<usize>,
    faulty: bool,
}

impl RecordedFile {
    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        let samples = self.channels.borrow().first().map_or(0, Vec::len);
        Duration::from_secs_f64(samples as f64 / f64::from(self.rate.get().max(1)))
    }

    fn is_full(&self) -> bool {
        let written = self.channels.borrow().first().map_or(0, Vec::len);
        self.room.is_some_and(|room| written >= room)
    }
}

pub struct TestRecording(Rc<RecordedFile>);

impl RecordingFile for TestRecording {
    fn write(&mut self, channels: &[&[i16]], rate: u32) {
        self.0.rate.set(rate);
        if self.0.is_full() {
            return;
        }
        let mut kept = self.0.channels.borrow_mut();
        kept.resize(channels.len(), Vec::new());
        for (kept, samples) in kept.iter_mut().zip(channels) {
            kept.extend_from_slice(samples);
        }
    }

    fn failure(&self) -> Option<String> {
        let full = self.0.is_full();
        full.then(|| "no space is left on the disk".to_owned())
    }

    async fn finish(self) -> Result<(u64, Duration, RecordingFormat), String> {
        tokio::time::sleep(MOMENT).await;
        assert!(!self.0.faulty, "a fault for the test");
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        self.0.complete.set(true);
        let duration = self.0.duration();
        let samples: usize = self.0.channels.borrow().iter().map(Vec::len).sum();
        Ok((44 + 2 * samples as u64, duration, self.0.format))
    }
}

impl Drop for TestRecording {
    fn drop(&mut self) {
        self.0.closed.set(true);
    }
}

/// A WebSocket, seen from the application.
#[derive(Default)]
pub struct Wire {
    pub url: String,
    /// Header fields of the handshake.
    pub headers: Vec<(String, String)>,
    /// What the call sent.
    pub sent: RefCell<Vec<Frame>>,
    /// The application takes nothing more.
    pub stalls: Cell<bool>,
    /// The call closed it.
    pub closed: Cell<bool>,
    pub dropped: Cell<bool>,
    waiting: RefCell<VecDeque<Result<Frame, SocketClosed>>>,
    changed: Notify,
}

impl Wire {
    /// The application sends this.
    pub fn send(&self, frame: Frame) {
        self.waiting.borrow_mut().push_back(Ok(frame));
        self.changed.notify_one();
    }

    /// The application closes the socket.
    pub fn close(&self, why: &str) {
        self.part(None, why);
    }

    /// The application says farewell with this code.
    pub fn close_with(&self, code: u16) {
        self.part(Some(code), "the application closed the WebSocket");
    }

    fn part(&self, code: Option<u16>, why: &str) {
        let why = why.to_owned();
        let closed = SocketClosed { code, why };
        self.waiting.borrow_mut().push_back(Err(closed));
        self.changed.notify_one();
    }

    /// The text messages that the call sent, as JSON.
    pub fn texts(&self) -> Vec<serde_json::Value> {
        let sent = self.sent.borrow();
        let texts = sent.iter().filter_map(|frame| match frame {
            Frame::Text(text) => Some(serde_json::from_str(text).expect("JSON")),
            Frame::Binary(_) => None,
        });
        texts.collect()
    }
}

pub struct TestSocket(Rc<Wire>);

impl Socket for TestSocket {
    fn send(&self, frame: Frame) -> bool {
        if self.0.stalls.get() || self.0.closed.get() {
            return false;
        }
        self.0.sent.borrow_mut().push(frame);
        true
    }

    async fn next(&self) -> Result<Frame, SocketClosed> {
        loop {
            let frame = self.0.waiting.borrow_mut().pop_front();
            match frame {
                Some(frame) => return frame,
                None if self.0.closed.get() => {
                    let why = "closed by the call".to_owned();
                    return Err(SocketClosed { code: None, why });
                }
                None => self.0.changed.notified().await,
            }
        }
    }

    fn close(&self) {
        self.0.closed.set(true);
        self.0.changed.notify_one();
    }
}

impl Drop for TestSocket {
    fn drop(&mut self) {
        self.0.dropped.set(true);
    }
}
