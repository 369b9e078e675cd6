//! The shard as the machine that its calls run on.

use std::cell::RefMut;
use std::future::Future;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use hookflash_audio::Clip;
use hookflash_call::{CallKey, CallRecord, ClipError, Host, MediaError, SpeechError, Turn, Way};
use hookflash_dialects::{FetchError, HttpRequest, RecordingFacts, Reply};
use hookflash_program::{Heard, Recognizer, RecordingFormat, SpeechText, Voice};
use hookflash_sip::{Endpoint, LegEnd};

use super::Shard;
use crate::media::Port;
use crate::recordings::Recording;
use crate::speech::Listener;
use crate::websocket::{self, WebSocket};

impl Host for Shard {
    type Media = Port;
    type Recognition = Listener;
    type Recording = Recording;
    type Socket = WebSocket;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> u128 {
        rand::random()
    }

    fn endpoint<R>(&self, work: impl FnOnce(&mut Endpoint, Instant) -> R) -> R {
        let mut endpoint: RefMut<'_, Endpoint> = self.endpoint.borrow_mut();
        let result = work(&mut endpoint, Instant::now());
        drop(endpoint);
        if let Some(this) = self.this() {
            this.flush();
        }
        result
    }

    fn fetch(
        &self,
        call: CallKey,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Reply, FetchError>> + 'static {
        let board = self.board();
        let webhooks = Rc::clone(self.webhooks());
        async move {
            match board.document(&request) {
                Some(document) => document,
                None => webhooks.fetch(call, &request).await,
            }
        }
    }

    fn tell(
        &self,
        call: CallKey,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    ) {
        self.webhooks().tell(call, request, done);
    }

    fn owe(
        &self,
        record: &Arc<CallRecord>,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    ) {
        let records = &self.common.records;
        records.owe(self.webhooks(), record, request, done);
    }

    fn call_changed(&self, record: &Arc<CallRecord>, turn: Turn) {
        self.common.records.call_changed(record, turn);
    }

    fn way_ended(&self, way: &Way, end: &LegEnd, has_rung: bool) {
        self.board().ways.ended(way, end, has_rung);
    }

    fn written_down(&self, record: &Arc<CallRecord>) -> impl Future<Output = ()> + 'static {
        self.common.records.written_down(record)
    }

    fn clip(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Arc<Clip>, ClipError>> + 'static {
        let prompts = Arc::clone(&self.common.prompts);
        prompts.clip(Rc::clone(self.webhooks()), request)
    }

    fn speak(
        &self,
        text: SpeechText,
        voice: Voice,
    ) -> impl Future<Output = Result<Arc<Clip>, SpeechError>> + 'static {
        let speech = Arc::clone(&self.common.speech);
        async move { speech.speak(text, voice).await }
    }

    fn recognize(&self, recognizer: &Recognizer, rate: u32) -> Result<Listener, SpeechError> {
        self.common.speech.recognize(recognizer, rate)
    }

    fn transcribe(
        &self,
        recording: &RecordingFacts,
        recognizer: &Recognizer,
    ) -> impl Future<Output = Result<Heard, SpeechError>> + 'static {
        let speech = Arc::clone(&self.common.speech);
        let file = self.common.recordings.sound(recording);
        let wish = recognizer.clone();
        let kind = match recording.format {
            RecordingFormat::Wav => "audio/wav",
            RecordingFormat::Mp3 => "audio/mpeg",
        };
        async move { speech.transcribe(wish, file, kind).await }
    }

    fn record(&self, recording: &RecordingFacts) -> Result<Recording, String> {
        self.common.recordings.record(recording)
    }

    fn keep_recording(&self, recording: &RecordingFacts) {
        self.common.recordings.keep(recording);
    }

    fn connect(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<WebSocket, FetchError>> + 'static {
        let webhooks = Rc::clone(self.webhooks());
        let open = self.websockets.clone();
        async move { websocket::connect(&webhooks, &request, &open).await }
    }

    fn open_media(&self, towards: IpAddr) -> Result<Port, MediaError> {
        self.media.open(towards)
    }
}
