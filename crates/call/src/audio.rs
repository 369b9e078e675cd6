//! The audio side of a call: answering with SDP, and answering whatever the peer offers later, in
//! any state of the call.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use bytes::Bytes;
use hookflash_dialects::{CallState, StatusEvent};
use hookflash_media::{AnswerError, LocalMedia, OfferAnswer, OfferError};
use hookflash_sip::{LegEnd, Request, session_description};

use crate::call::{Call, Finish, Phase, Reason};
use crate::journal::{Agreed, What};
use crate::{Host, MediaError, MediaPort, Turn};

/// Where a peer is that was never heard of: the family that every host has decides.
pub(crate) const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// What a leg has of audio.
#[derive(Debug)]
pub(crate) struct Audio<M> {
    /// The offer of the INVITE, until it is answered.
    offer: Option<Bytes>,
    open: Option<Box<Open<M>>>,
}

/// A port of one leg and what is agreed about it.
#[derive(Debug)]
pub(crate) struct Open<M> {
    port: Rc<M>,
    session: OfferAnswer,
    /// The answer that went out in a 183, until it goes out in the 200.
    early: Option<Bytes>,
    /// An offer of ours has no answer yet.
    answer_due: bool,
}

impl<M> Default for Audio<M> {
    fn default() -> Audio<M> {
        Audio {
            offer: None,
            open: None,
        }
    }
}

impl<M: MediaPort> Open<M> {
    /// Vouches for the address that the peer's signalling comes from.
    pub(crate) fn trust(&self, signalling: IpAddr) {
        self.port.session(|session, _| session.trust(signalling));
    }

    /// An offer of ours, whose answer is due from now on.
    pub(crate) fn offer(&mut self) -> Bytes {
        self.answer_due = true;
        self.session.offer()
    }

    /// Takes the answer to it.
    pub(crate) fn accept(&mut self, answer: &[u8]) -> Result<(), AnswerError> {
        self.answer_due = false;
        self.session.accept_answer(answer).map(|_| ())
    }

    /// Takes an answer of a peer that has not answered the call yet (RFC 3960 §3): what it sends is
    /// taken from now on, and its network learns where we are. The answer to the call may be
    /// another.
    pub(crate) fn hear_early(&mut self, answer: &[u8]) -> Result<(), AnswerError> {
        let before = self.session.stream().copied();
        let stream = self.session.accept_answer(answer)?;
        // The same again, as a phone repeats it while it rings, begins nothing anew.
        if before != Some(stream) {
            self.follow();
        }
        Ok(())
    }

    /// Sends and takes as is agreed.
    fn follow(&self) {
        let stream = self.session.stream().copied();
        self.port.session(|session, now| session.agree(now, stream));
    }

    /// As [`Open::answer`], of a leg that has not answered the call yet.
    pub(crate) fn answer_early(&mut self, offer: Option<&[u8]>) -> Result<Bytes, (u16, String)> {
        let answer = self.answer(offer)?;
        self.follow();
        Ok(answer)
    }

    /// Answers an offer of the peer; otherwise gives the status that refuses it, and why.
    pub(crate) fn answer(&mut self, offer: Option<&[u8]>) -> Result<Bytes, (u16, String)> {
        match offer {
            Some(offer) => self
                .session
                .answer(offer)
                .map_err(|why| (status_of(&why), why.to_string())),
            None => Ok(self.offer()),
        }
    }
}

impl<H: Host> Call<H> {
    /// Keeps the offer of the INVITE for the time when the call is answered.
    pub(crate) fn keep_offer(&self, invite: &Request) {
        self.audio.borrow_mut().offer = session_description(invite.headers(), invite.body());
    }

    /// Answers the call, if it is not answered yet: a port, an SDP answer (or our own offer when
    /// the INVITE had none), 200, silence. What early media has agreed on stays as it is.
    pub(crate) fn answer(self: &Rc<Self>) -> Result<(), Finish> {
        if self.is_answered() {
            return Ok(());
        }
        let early = self.take_early_answer();
        let is_early = early.is_some();
        let sdp = match early {
            Some(sdp) => sdp,
            None => self.open_audio()?,
        };
        let answered = self.on_leg(|endpoint, now, leg| endpoint.answer(now, leg, &[], sdp));
        if let Err(why) = answered {
            return Err(self.not_answered(why.to_string()));
        }
        if !is_early {
            self.stream_agreed();
        }
        self.set_phase(Phase::Answered);
        self.was_answered();
        Ok(())
    }

    /// The call is answered, by us or by the other side: the application learns of it.
    pub(crate) fn was_answered(self: &Rc<Self>) {
        let now = self.host.wall_clock();
        self.record.change(|facts| {
            facts.answered_at = Some(now);
            facts.state = CallState::InProgress;
        });
        self.answer_counts();
        self.note(What::Answered);
        self.turned(Turn::Answered);
        self.tell_status(StatusEvent::Answered);
    }

    /// Lets the caller hear audio before the call is answered: 183 with an SDP answer. Without an
    /// offer in the INVITE there is nothing to answer, and the call is answered itself.
    pub(crate) fn begin_early_media(self: &Rc<Self>) -> Result<(), Finish> {
        if self.is_answered() || self.audio_port().is_some() {
            return Ok(());
        }
        if self.audio.borrow().offer.is_none() {
            self.note(What::Media(
                "answered, because an INVITE without an offer allows no early media".into(),
            ));
            return self.answer();
        }
        let sdp = self.open_audio()?;
        if let Some(open) = &mut self.audio.borrow_mut().open {
            open.early = Some(sdp.clone());
        }
        let sent =
            self.on_leg(|endpoint, now, leg| endpoint.progress(now, leg, 183, &[], Some(sdp)));
        if let Err(why) = sent {
            return Err(self.not_answered(why.to_string()));
        }
        self.stream_agreed();
        let is_first = self.record.change(|facts| {
            let is_first = facts.state == CallState::Trying;
            facts.state = CallState::Ringing;
            is_first
        });
        if is_first {
            self.turned(Turn::Ringing);
            self.tell_status(StatusEvent::Ringing);
        }
        Ok(())
    }

    /// Opens a port and gives the SDP that goes out: the answer to the offer of the INVITE, or an
    /// offer of ours.
    fn open_audio(&self) -> Result<Bytes, Finish> {
        let offer = self.audio.borrow_mut().offer.take();
        let flow = self.record.flow();
        let signalling = flow.map_or(UNKNOWN, |flow| flow.remote.ip());
        let mut open = self.open_towards(signalling).map_err(no_port)?;
        open.trust(signalling);
        let sdp = match &offer {
            Some(offer) => open
                .session
                .answer(offer)
                .map_err(|why| not_acceptable(&why))?,
            None => open.offer(),
        };
        self.audio.borrow_mut().open = Some(open);
        self.audio_is_there();
        Ok(sdp)
    }

    /// Opens a port for a leg of the call, on the address family of `towards`.
    pub(crate) fn open_towards(&self, towards: IpAddr) -> Result<Box<Open<H::Media>>, MediaError> {
        let port = self.host.open_media(towards)?;
        let session = OfferAnswer::new(LocalMedia {
            address: port.address().ip(),
            port: port.address().port(),
            codecs: self.options.codecs.clone(),
            session_id: self.record.key.0,
        });
        Ok(Box::new(Open {
            port: Rc::new(port),
            session,
            early: None,
            answer_due: false,
        }))
    }

    /// The audio of the leg that answered becomes the call's. What happened on it before is of no
    /// interest, silence least of all.
    pub(crate) fn take_audio(&self, open: Box<Open<H::Media>>) {
        open.port
            .session(|session, _| while session.poll_event().is_some() {});
        self.audio.borrow_mut().open = Some(open);
        self.audio_is_there();
        self.stream_agreed();
    }

    /// The SDP answer that went out in a 183, for the 200.
    fn take_early_answer(&self) -> Option<Bytes> {
        self.audio.borrow_mut().open.as_mut()?.early.take()
    }

    /// The port of the call's audio, once there is one. Not to be kept: the port is freed when the
    /// call ends.
    pub(crate) fn audio_port(&self) -> Option<Rc<H::Media>> {
        let audio = self.audio.borrow();
        audio.open.as_ref().map(|open| Rc::clone(&open.port))
    }

    /// Answers a re-INVITE or UPDATE.
    pub(crate) fn answer_reoffer(&self, offer: Option<Bytes>) {
        let answer = {
            let mut audio = self.audio.borrow_mut();
            match (&mut audio.open, offer) {
                // RFC 3311 §5.2: the first offer has no answer yet.
                (None, _) => Err((500, "there is no session to change".to_owned())),
                (Some(open), offer) => open.answer(offer.as_deref()),
            }
        };
        if let Err((status, why)) = &answer {
            let note = format!("a new offer was refused ({status}): {why}");
            self.note(What::Media(note.into()));
        } else {
            self.stream_agreed();
        }
        let answer = answer.map_err(|(status, _)| status);
        let sent = self.on_leg(|endpoint, now, leg| endpoint.answer_offer(now, leg, answer));
        self.note_refused_command(sent);
    }

    /// Takes the answer to an offer of ours.
    pub(crate) fn take_answer(&self, answer: Result<Bytes, u16>) {
        let trouble = {
            let mut audio = self.audio.borrow_mut();
            let Some(open) = audio.open.as_mut().filter(|open| open.answer_due) else {
                return;
            };
            open.answer_due = false;
            match answer {
                Ok(answer) => open
                    .session
                    .accept_answer(&answer)
                    .err()
                    .map(|e| e.to_string()),
                Err(status) => Some(format!("our offer was refused with {status}")),
            }
        };
        match trouble {
            Some(trouble) => self.note(What::Media(trouble.into())),
            None => self.stream_agreed(),
        }
    }

    /// Takes the body of the ACK, which is the answer when our 200 made the offer.
    pub(crate) fn take_answer_of_ack(&self, body: Option<Bytes>) {
        if let Some(body) = body {
            return self.take_answer(Ok(body));
        }
        let audio = self.audio.borrow();
        if audio.open.as_ref().is_some_and(|open| open.answer_due) {
            drop(audio);
            self.note(What::Media(
                "the ACK has no answer to our offer: no audio is sent".into(),
            ));
        }
    }

    /// Sends as was agreed, and keeps a line about it.
    fn stream_agreed(&self) {
        let audio = self.audio.borrow();
        let Some(open) = &audio.open else { return };
        let stream = open.session.stream().copied();
        open.port.session(|session, now| session.agree(now, stream));
        let local = open.port.address();
        drop(audio);
        let Some(stream) = stream else { return };
        self.record.set_codec(stream.codec.name());
        self.note(What::Agreed(Box::new(Agreed {
            codec: stream.codec.name(),
            direction: stream.direction,
            local,
            remote: stream.remote,
        })));
    }

    /// The endpoint would not answer: the caller gave up a moment ago, as a rule, and the news of
    /// that wait in the inbox.
    fn not_answered(&self, why: String) -> Finish {
        if !self.has_live_leg() {
            return Finish::Gone(LegEnd::Canceled(None));
        }
        refuse(500, format!("the call could not be answered: {why}"))
    }
}

fn no_port(why: MediaError) -> Finish {
    refuse(503, why.to_string())
}

fn not_acceptable(why: &OfferError) -> Finish {
    refuse(status_of(why), why.to_string())
}

fn status_of(why: &OfferError) -> u16 {
    match why {
        OfferError::Unreadable(_) => 400,
        OfferError::NoAudio { .. } | OfferError::NoCommonCodec { .. } => 488,
    }
}

fn refuse(status: u16, message: String) -> Finish {
    let why = Reason::failure(None, message);
    Finish::Refuse {
        status,
        reason: None,
        headers: Vec::new(),
        why,
    }
}
