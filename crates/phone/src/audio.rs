//! The audio side of one leg: what was agreed, what is sent and what is heard.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookflash_audio::{Item, Playlist, dtmf};
use hookflash_media::rtp::RtpStart;
use hookflash_media::{
    Codec, KeyToSend, LocalMedia, MediaEvent, OfferAnswer, OfferError, PlayId, Session,
    SessionConfig,
};

use crate::ear::{Ear, SharedEar};

/// Room for the longest packet that is sent.
const PACKET: usize = 1_500;

/// Offer and answer of a leg, and its session.
pub(crate) struct Audio {
    agreement: OfferAnswer,
    session: Session,
    ear: Rc<RefCell<Ear>>,
}

impl Audio {
    /// A leg whose RTP port is `address`. `random` is different for each leg.
    pub(crate) fn new(address: SocketAddr, codecs: &[Codec], random: u64) -> Audio {
        let [a, b, c, d, e, f, g, h] = random.to_be_bytes();
        let start = RtpStart::from_random([a, b, c, d, e, f, g, h, a ^ e, b ^ f]);
        let ear = Rc::new(RefCell::new(Ear::default()));
        let mut session = Session::new(SessionConfig {
            start,
            packet_timeout: None,
        });
        session.tap(Box::new(SharedEar(Rc::clone(&ear))));
        Audio {
            agreement: OfferAnswer::new(LocalMedia {
                address: address.ip(),
                port: address.port(),
                codecs: codecs.into(),
                session_id: random >> 1,
            }),
            session,
            ear,
        }
    }

    pub(crate) fn offer(&mut self) -> Bytes {
        self.agreement.offer()
    }

    /// Our answer, or the status that refuses the offer.
    pub(crate) fn answer(&mut self, now: Instant, offer: &[u8]) -> Result<Bytes, u16> {
        let answer = self.agreement.answer(offer).map_err(|error| match error {
            OfferError::Unreadable(_) => 400_u16,
            OfferError::NoAudio { .. } | OfferError::NoCommonCodec { .. } => 488,
        })?;
        self.agree(now);
        Ok(answer)
    }

    /// The peer's answer to our offer. One that gives no stream leaves the leg as it was.
    pub(crate) fn settled(&mut self, now: Instant, answer: &[u8]) {
        if self.agreement.accept_answer(answer).is_ok() {
            self.agree(now);
        }
    }

    fn agree(&mut self, now: Instant) {
        self.session.agree(now, self.agreement.stream().copied());
    }

    /// Whether this is where the peer said it sends from.
    pub(crate) fn expects(&self, from: SocketAddr) -> bool {
        self.agreement
            .stream()
            .is_some_and(|stream| stream.remote == Some(from))
    }

    pub(crate) fn receive(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        self.session.receive(now, from, packet);
    }

    /// The packets of this beat, and where they go.
    pub(crate) fn beat(&mut self, now: Instant) -> Vec<(Vec<u8>, SocketAddr)> {
        let mut room = [0; PACKET];
        let audio = self.session.beat(now, &mut room);
        let audio = audio.map(|(to, length)| packet(&room, to, length));
        let report = self.session.poll_rtcp(now, &mut room);
        let report = report.map(|(to, length)| packet(&room, to, length));
        audio.into_iter().chain(report).collect()
    }

    pub(crate) fn poll_event(&mut self) -> Option<MediaEvent> {
        self.session.poll_event()
    }

    pub(crate) fn ear(&mut self) -> std::cell::RefMut<'_, Ear> {
        self.ear.borrow_mut()
    }

    pub(crate) fn play(&mut self, playlist: Playlist) {
        self.session.play(playlist);
    }

    /// Sends keys as telephone-events where the other side takes them.
    pub(crate) fn send_keys(&mut self, keys: &[KeyToSend]) -> PlayId {
        self.session.send_keys(keys.to_vec())
    }

    /// Sends keys as tones.
    pub(crate) fn play_keys(&mut self, keys: &[KeyToSend]) -> PlayId {
        let items = keys.iter().map(|step| {
            let tone = step
                .key
                .and_then(|key| dtmf::tone(key, step.length, step.gap));
            tone.map_or(Item::Silence(step.length + step.gap), Item::Tone)
        });
        let items = items.collect();
        self.session.play(Playlist {
            items,
            times: Some(1),
        })
    }

    /// Takes a key that came by SIP INFO.
    pub(crate) fn hear_key(&mut self, key: char) {
        self.session.hear_key(key);
    }
}

fn packet(room: &[u8], to: SocketAddr, length: usize) -> (Vec<u8>, SocketAddr) {
    (room.get(..length).unwrap_or_default().to_vec(), to)
}

/// The body of a SIP INFO that tells a key.
pub(crate) fn key_body(key: char, length: Duration) -> String {
    format!("Signal={key}\r\nDuration={}\r\n", length.as_millis())
}

/// The key that a SIP INFO tells: `application/dtmf-relay`, or `application/dtmf` with nothing but
/// the key.
pub(crate) fn key_of(body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body).ok()?;
    let signal = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case("signal").then_some(value)
    });
    let mut characters = signal.unwrap_or(text).trim().chars();
    characters.next().filter(|_| characters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_told_by_info_is_read_in_either_form() {
        assert_eq!(
            key_of(key_body('#', Duration::from_millis(160)).as_bytes()),
            Some('#')
        );
        assert_eq!(key_of(b"Duration=160\nSIGNAL = 7\n"), Some('7'));
        assert_eq!(key_of(b"5"), Some('5'));
        assert_eq!(key_of(b"Signal=12"), None);
        assert_eq!(key_of(b"\xff"), None);
    }
}
