//! What every dialect does alike about audio, until it has its own.

use std::time::Duration;

use hookflash_program::{Audio, HookMethod, Stream};
use url::Url;

use crate::hook_url::{unusable, user_information};
use crate::uuid::uuid;
use crate::{
    Body, CallFacts, FetchError, Frame, HttpRequest, Policy, RecordingFacts, ReplyUse, RetryOn,
    Signing, StreamOrder, StreamProtocol, Success, Track,
};

pub(crate) fn recording_sid(random: u128) -> String {
    uuid(random, 4)
}

pub(crate) fn stream_sid(random: u128) -> String {
    uuid(random, 4)
}

pub(crate) fn transcription_sid(random: u128) -> String {
    uuid(random, 4)
}

pub(crate) fn audio_request(
    _facts: &CallFacts,
    base: &str,
    audio: &Audio,
) -> Result<HttpRequest, FetchError> {
    let mut request = get("audio", base, &audio.url)?;
    request.credentials = audio.credentials.clone().or(request.credentials);
    Ok(request)
}

pub(crate) fn stream_request(
    _facts: &CallFacts,
    base: &str,
    stream: &Stream,
) -> Result<HttpRequest, FetchError> {
    let mut request = get("stream", base, &stream.url)?;
    request.credentials = stream.credentials.clone().or(request.credentials);
    Ok(request)
}

pub(crate) fn recording_resource(
    recording: &RecordingFacts,
    _public_url: &str,
) -> serde_json::Value {
    serde_json::json!({ "sid": recording.sid })
}

pub(crate) fn stream_protocol(
    _facts: &CallFacts,
    _stream: &Stream,
    _sid: &str,
) -> Box<dyn StreamProtocol> {
    Box::new(Samples)
}

struct Samples;

impl StreamProtocol for Samples {
    fn opening(&mut self) -> Vec<Frame> {
        Vec::new()
    }

    fn audio(&mut self, _track: Track, _at: Duration, payload: &[u8]) -> Frame {
        Frame::Binary(payload.to_vec())
    }

    fn key(&mut self, _key: char, _at: Duration) -> Option<Frame> {
        None
    }

    fn mark(&mut self, _name: &str, _cleared: bool) -> Option<Frame> {
        None
    }

    fn piece_done(&mut self, _id: Option<&str>) -> Option<Frame> {
        None
    }

    fn closing(&mut self) -> Vec<Frame> {
        Vec::new()
    }

    fn read(&mut self, frame: &Frame) -> Result<Vec<StreamOrder>, String> {
        match frame {
            Frame::Binary(bytes) => Ok(vec![StreamOrder::Play(bytes.clone())]),
            Frame::Text(_) => Ok(Vec::new()),
        }
    }
}

fn get(purpose: &'static str, base: &str, written: &str) -> Result<HttpRequest, FetchError> {
    let url = match Url::parse(base) {
        Ok(base) => base.join(written),
        Err(_) => Url::parse(written),
    };
    let mut url = url.map_err(|error| unusable(written, &error.to_string()))?;
    let credentials = user_information(&url);
    url.set_fragment(None);
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    Ok(HttpRequest {
        purpose,
        method: HookMethod::Get,
        url: url.into(),
        credentials,
        headers: Vec::new(),
        body: Body::None,
        signing: Signing::None,
        policy: Policy {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(10),
            total: Duration::from_secs(30),
            retries: 0,
            retry_on: RetryOn::default(),
            backoff: Vec::new(),
            redirects: 5,
            max_reply: 32 << 20,
            success: Success::Any2xx,
            cookies: false,
            digest: false,
        },
        reply_use: ReplyUse::Document,
    })
}
