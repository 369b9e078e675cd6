//! A beat of 20 ms: what came in is heard, what plays moves on, and one packet goes out.

use std::net::SocketAddr;
use std::time::Instant;

use hookflash_audio::{Frame, Law, Tap, TapFrame, Want, g711};

use super::play::Step;
use super::{Session, TapId};
use crate::NegotiatedStream;
use crate::codec::{Codec, MAX_FRAME};
use crate::encoder::Encoder;
use crate::rtp::{HEADER, Outgoing};

/// Beats for which what is to be played waits for the first agreement: an answer that comes with
/// the ACK is a moment late. After that its time passes unheard: no call hangs on it.
const WAIT_FOR_AGREEMENT: u32 = 100;

impl Session {
    /// Lets 20 ms pass: plays out what came in, writes the packet that is due and says where it
    /// goes and how long it is. `buf` has room for 1,500 bytes. `None` when nothing is sent in this
    /// beat.
    pub fn beat(&mut self, now: Instant, buf: &mut [u8]) -> Option<(SocketAddr, usize)> {
        self.watch_packets(now);
        let codec = self.stream.map_or(Codec::Pcmu, |stream| stream.codec);
        let mut caller = [0; MAX_FRAME];
        let caller = caller.get_mut(..codec.frame_samples())?;
        let heard = self.hear(caller);
        let caller = &*caller;
        let step = self.advance();
        let played = match step {
            Step::Wait => Frame::Silence,
            _ => {
                let playing = self.player.next(want(codec));
                self.queue.aside_tones(want(codec)).unwrap_or(playing)
            }
        };
        let ours = match step {
            _ if self.echo => Frame::Samples(caller),
            Step::Packet { .. } => Frame::Silence,
            _ => played,
        };
        if !self.taps.is_empty() {
            let_hear(&mut self.taps, codec, caller, heard, ours);
        }
        let sent = self
            .stream
            .filter(|stream| stream.direction.sends())
            .zip(self.latch.remote())
            .and_then(|(stream, remote)| {
                let length = match step {
                    Step::Packet {
                        payload,
                        since,
                        marker,
                    } => {
                        let began = self.outgoing.timestamp().wrapping_sub(since);
                        let event = stream.telephone_event?;
                        self.outgoing.event(buf, event, marker, began, payload)
                    }
                    _ => write_audio(&mut self.outgoing, &mut self.encoder, &stream, ours, buf),
                };
                Some((remote, length?))
            });
        if sent.is_none() {
            self.outgoing.pause();
        }
        self.outgoing.advance(codec.packet_ticks());
        self.tell_played();
        sent
    }

    /// Moves on in what is to be played.
    fn advance(&mut self) -> Step {
        if self.stream.is_none() && self.waited < WAIT_FOR_AGREEMENT {
            self.waited += 1;
            return Step::Wait;
        }
        self.advance_queue();
        let step = self.queue.step();
        if step == Step::Done {
            self.tell_keys_sent();
            self.advance_queue();
        }
        step
    }
}

/// Lets the taps hear both sides.
fn let_hear(
    taps: &mut [(TapId, Box<dyn Tap>)],
    codec: Codec,
    caller: &[i16],
    heard: bool,
    ours: Frame<'_>,
) {
    let mut samples = [0; MAX_FRAME];
    let samples = samples.get_mut(..caller.len()).unwrap_or_default();
    copy_samples(codec, ours, samples);
    let frame = TapFrame {
        caller,
        ours: samples,
        rate: codec.sample_rate(),
        heard,
    };
    for (_, tap) in taps {
        tap.hear(&frame);
    }
}

/// Writes the packet of audio that begins now. `None` when it does not fit.
fn write_audio(
    outgoing: &mut Outgoing,
    encoder: &mut Encoder,
    stream: &NegotiatedStream,
    frame: Frame<'_>,
    buf: &mut [u8],
) -> Option<usize> {
    let payload_type = stream.payload_type;
    match frame {
        Frame::Samples(samples) => {
            let length = encoder.encode(stream.codec, samples, buf.get_mut(HEADER..)?)?;
            outgoing.header(buf, payload_type, length)
        }
        Frame::Encoded(bytes) => outgoing.audio(buf, payload_type, bytes),
        Frame::Silence => outgoing.audio(buf, payload_type, stream.codec.silence()),
    }
}

/// In what form a codec sends.
fn want(codec: Codec) -> Want {
    match codec {
        Codec::Pcmu => Want::G711(Law::Mu),
        Codec::Pcma => Want::G711(Law::A),
        _ => Want::Samples(codec.sample_rate()),
    }
}

/// Writes what we send, as samples, over silence.
fn copy_samples(codec: Codec, frame: Frame<'_>, out: &mut [i16]) {
    match frame {
        Frame::Silence => {}
        Frame::Samples(samples) => {
            for (slot, sample) in out.iter_mut().zip(samples) {
                *slot = *sample;
            }
        }
        Frame::Encoded(bytes) => {
            if let Some(law) = want(codec).law() {
                for (slot, byte) in out.iter_mut().zip(bytes) {
                    *slot = g711::decode(law, *byte);
                }
            }
        }
    }
}
