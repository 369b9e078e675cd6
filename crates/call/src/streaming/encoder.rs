//! The tap of a stream: every beat becomes messages on the socket.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::{Law, Resampler, Tap, TapFrame, g711};
use hookflash_dialects::{Flowing, StreamProtocol, Track};
use hookflash_program::{StreamEncoding, StreamFormat, Tracks};
use tokio::sync::Notify;

use crate::Socket;
use crate::recording::mix;

/// How long each frame of a tap sounds.
const BEAT: Duration = Duration::from_millis(20);

/// Messages that the application may fail to take in a row before the stream is given up: ten
/// seconds of one track.
const MOST_IN_A_ROW: u32 = 500;

/// A socket and the vendor's messages on it.
pub(crate) struct Line<S> {
    pub(crate) socket: S,
    pub(crate) protocol: RefCell<Box<dyn StreamProtocol>>,
    /// Messages that the application took too slowly to get them.
    pub(crate) dropped: Cell<u64>,
    in_a_row: Cell<u32>,
    /// The first message was dropped, or too many were in a row.
    pub(crate) slow: Notify,
}

impl<S: Socket> Line<S> {
    pub(crate) fn new(socket: S, protocol: Box<dyn StreamProtocol>) -> Line<S> {
        Line {
            socket,
            protocol: RefCell::new(protocol),
            dropped: Cell::new(0),
            in_a_row: Cell::new(0),
            slow: Notify::new(),
        }
    }

    /// Whether the application has taken nothing for so long that the stream is of no use.
    pub(crate) fn is_stuck(&self) -> bool {
        self.in_a_row.get() >= MOST_IN_A_ROW
    }

    /// Sends what the protocol says, without waiting.
    pub(crate) fn send(
        &self,
        words: impl FnOnce(&mut dyn StreamProtocol) -> Vec<hookflash_dialects::Frame>,
    ) {
        let frames = words(&mut **self.protocol.borrow_mut());
        for frame in frames {
            self.put(frame);
        }
    }

    fn put(&self, frame: hookflash_dialects::Frame) {
        if self.socket.send(frame) {
            self.in_a_row.set(0);
            return;
        }
        self.dropped.set(self.dropped.get() + 1);
        self.in_a_row.set(self.in_a_row.get().saturating_add(1));
        if self.dropped.get() == 1 || self.in_a_row.get() == MOST_IN_A_ROW {
            self.slow.notify_one();
        }
    }
}

/// Encodes and sends what the parties say.
pub(crate) struct Encoder<S> {
    line: Rc<Line<S>>,
    format: StreamFormat,
    tracks: Tracks,
    /// Both tracks go into one channel.
    mixes: bool,
    /// For the caller's audio and for ours, while the call has another rate than the stream.
    resamplers: Option<(u32, [Resampler; 2])>,
    /// What the API wants to become of it.
    flowing: Rc<Cell<Flowing>>,
    at: Duration,
}

impl<S: Socket> Encoder<S> {
    pub(crate) fn new(
        line: Rc<Line<S>>,
        format: StreamFormat,
        tracks: Tracks,
        mixes: bool,
        flowing: Rc<Cell<Flowing>>,
    ) -> Encoder<S> {
        Encoder {
            line,
            format,
            tracks,
            mixes,
            resamplers: None,
            flowing,
            at: Duration::ZERO,
        }
    }

    fn at_rate(&mut self, side: usize, samples: &[i16], rate: u32) -> Vec<i16> {
        if rate == self.format.rate {
            self.resamplers = None;
            return samples.to_vec();
        }
        let to = self.format.rate;
        let fresh = || (rate, [Resampler::new(rate, to), Resampler::new(rate, to)]);
        if self
            .resamplers
            .as_ref()
            .is_none_or(|(from, _)| *from != rate)
        {
            self.resamplers = Some(fresh());
        }
        let mut converted = Vec::with_capacity(samples.len());
        if let Some((_, resamplers)) = &mut self.resamplers
            && let Some(resampler) = resamplers.get_mut(side)
        {
            resampler.push(samples, &mut converted);
        }
        converted
    }

    fn say(&self, track: Track, samples: &[i16]) {
        if samples.is_empty() {
            return;
        }
        let mut payload = Vec::with_capacity(2 * samples.len());
        match self.format.encoding {
            StreamEncoding::Mulaw => g711::encode_all(Law::Mu, samples, &mut payload),
            StreamEncoding::Linear => {
                payload.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
            }
        }
        let at = self.at;
        self.line
            .send(|protocol| vec![protocol.audio(track, at, &payload)]);
    }
}

impl<S: Socket> Tap for Encoder<S> {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        match self.flowing.get() {
            Flowing::Resumed => self.pass_on(frame),
            Flowing::Silenced => {
                let silence = vec![0; frame.caller.len().max(frame.ours.len())];
                let silent = |samples: &[i16]| silence.get(..samples.len()).unwrap_or_default();
                self.pass_on(&TapFrame {
                    caller: silent(frame.caller),
                    ours: silent(frame.ours),
                    ..*frame
                });
            }
            Flowing::Paused | Flowing::Stopped => {}
        }
        self.at += BEAT;
    }
}

impl<S: Socket> Encoder<S> {
    fn pass_on(&mut self, frame: &TapFrame<'_>) {
        let inbound = match self.tracks {
            Tracks::Inbound | Tracks::Both => Some(self.at_rate(0, frame.caller, frame.rate)),
            Tracks::Outbound => None,
        };
        let outbound = match self.tracks {
            Tracks::Outbound | Tracks::Both => Some(self.at_rate(1, frame.ours, frame.rate)),
            Tracks::Inbound => None,
        };
        match (inbound, outbound) {
            (Some(inbound), Some(outbound)) if self.format.channels == 2 => {
                let pairs = inbound.iter().zip(&outbound);
                let woven: Vec<i16> = pairs.flat_map(|(&caller, &ours)| [caller, ours]).collect();
                self.say(Track::Mixed, &woven);
            }
            (Some(inbound), Some(outbound)) if self.mixes => {
                let mut mixed = Vec::with_capacity(inbound.len());
                mix(&inbound, &outbound, &mut mixed);
                self.say(Track::Mixed, &mixed);
            }
            (inbound, outbound) => {
                if let Some(inbound) = inbound {
                    self.say(Track::Inbound, &inbound);
                }
                if let Some(outbound) = outbound {
                    self.say(Track::Outbound, &outbound);
                }
            }
        }
    }
}
