//! What the phone decides. No sockets, no clock: events and `now` go in, commands to the endpoint
//! and news come out.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookflash_sip::header::NameAddr;
use hookflash_sip::{
    Endpoint, Event, IncomingReferId, LegEnd, LegId, Method, Name, NotifyState, OutgoingInvite,
    RegistrationEvent, Request,
};

use crate::audio::{Audio, key_body, key_of};
use crate::news::News;
use crate::registering::{Outcome, Registering};
use crate::script::{OnRefer, Script};
use crate::talk::Talk;
use crate::triggered;

/// What is told of a call that was hung up and whose other side has not said that it knows.
const NO_FAREWELL: &str = "hung up; the other side did not answer that";

/// How a leg came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The script told us to call.
    Script,
    /// Somebody called us.
    Caller,
    /// A REFER on another leg asked for it.
    Refer { on: LegId, refer: IncomingReferId },
}

struct Leg {
    origin: Origin,
    talk: Talk,
    /// The calls that this one follows from, each by REFER.
    generation: u32,
    /// A call that it asked us to place is under way.
    transferring: bool,
    /// The INVITE, until it is answered or refused.
    invite: Option<Arc<Request>>,
    /// The status that the last NOTIFY about this call carried.
    reported: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Take(LegId),
    HangUp(LegId),
}

/// The phone without sockets.
pub(crate) struct Agent {
    script: Script,
    own_address: String,
    /// The one RTP port that all legs share.
    rtp: SocketAddr,
    seed: u64,
    legs: HashMap<LegId, Leg>,
    /// The leg that is listened to: the one that was answered last.
    current: Option<LegId>,
    due: Vec<(Instant, Due)>,
    registering: Option<Registering>,
    /// The call of the script waits until the phone is registered.
    call_waits: bool,
    news: VecDeque<News>,
}

impl Agent {
    /// A phone that calls itself `own_address` (a name-addr).
    pub(crate) fn new(script: Script, own_address: String, rtp: SocketAddr, seed: u64) -> Agent {
        Agent {
            script,
            own_address,
            rtp,
            seed,
            legs: HashMap::new(),
            current: None,
            due: Vec::new(),
            registering: None,
            call_waits: false,
            news: VecDeque::new(),
        }
    }

    /// Begins: registers, and places the call of the script, if there is one.
    pub(crate) fn start(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let Script {
            register,
            user,
            credentials,
            ..
        } = &self.script;
        let Some(registrar) = register else {
            return self.call(now, endpoint);
        };
        match Registering::begin(now, endpoint, registrar, user, credentials.as_ref()) {
            Ok(registering) => {
                self.registering = Some(registering);
                self.call_waits = self.script.call.is_some();
            }
            Err(error) => self.not_registered(error.to_string()),
        }
    }

    /// Something came of the registration.
    pub(crate) fn handle_registration(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        event: &RegistrationEvent,
    ) {
        let Some(registering) = &mut self.registering else {
            return;
        };
        match registering.hear(event) {
            Outcome::Registered(news) => {
                self.news.push_back(news);
                if std::mem::take(&mut self.call_waits) {
                    self.call(now, endpoint);
                }
            }
            Outcome::Failed(why) => self.not_registered(why),
            Outcome::Same => {}
            Outcome::Left => self.registering = None,
        }
    }

    fn not_registered(&mut self, why: String) {
        self.news.push_back(News::NotRegistered(why));
        if std::mem::take(&mut self.call_waits) {
            let why = "the phone is not registered".to_owned();
            self.news.push_back(News::CannotCall(why));
        }
    }

    /// Takes the registration back; whether that has not been answered yet.
    pub(crate) fn leave(&mut self, now: Instant, endpoint: &mut Endpoint) -> bool {
        if let Some(registering) = &mut self.registering {
            registering.leave(now, endpoint);
        }
        self.registering.is_some()
    }

    /// Whether the call of the script is still to be placed.
    pub(crate) fn is_about_to_call(&self) -> bool {
        self.call_waits
    }

    fn call(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let Some(uri) = self.script.call.clone() else {
            return;
        };
        let mut audio = self.audio();
        let invite = OutgoingInvite {
            to: format!("<{uri}>"),
            uri: uri.clone(),
            from: self.own_address.clone(),
            body: Some(audio.offer()),
            credentials: self.script.credentials.iter().cloned().collect(),
            ..OutgoingInvite::default()
        };
        match endpoint.invite(now, invite) {
            Ok(leg) => {
                self.legs.insert(leg, Leg::new(Origin::Script, audio, 0));
                self.news.push_back(News::Calling(uri));
            }
            Err(error) => self.news.push_back(News::CannotCall(error.to_string())),
        }
    }

    /// The next piece of news.
    pub(crate) fn poll_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// When `handle_timeout` wants to be called.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due.iter().map(|(at, _)| *at).min()
    }

    /// Legs that are not over.
    pub(crate) fn live_legs(&self) -> usize {
        self.legs.len()
    }

    /// Hangs up everything.
    pub(crate) fn hang_up_all(&mut self, now: Instant, endpoint: &mut Endpoint) {
        for leg in self.legs.keys() {
            // A leg that is ending already needs no second BYE.
            let _ = endpoint.hang_up(now, *leg, &[]);
        }
    }

    /// Waits no longer for what the other side says to the end of its calls.
    pub(crate) fn give_up(&mut self) {
        for _ in std::mem::take(&mut self.legs) {
            self.news.push_back(News::Ended(NO_FAREWELL.to_owned()));
        }
        self.current = None;
        self.due.clear();
    }

    /// Time passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let (due, later) = self.due.iter().partition(|(at, _)| *at <= now);
        self.due = later;
        let due: Vec<(Instant, Due)> = due;
        for (_, what) in due {
            match what {
                Due::Take(leg) => self.take(now, endpoint, leg),
                Due::HangUp(leg) => self.hang_up_unless_transferring(now, endpoint, leg),
            }
        }
    }

    /// Something happened on a leg.
    pub(crate) fn handle_event(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        leg: LegId,
        event: Event,
    ) {
        match event {
            Event::Incoming { invite, .. } => self.incoming(now, endpoint, leg, invite),
            Event::Progress(response) => {
                self.news.push_back(News::Progress(response.status()));
                if !response.body().is_empty() {
                    // Early media; the final answer says the same again.
                    self.settled(now, leg, response.body());
                    self.current.get_or_insert(leg);
                }
                self.report_provisional(now, endpoint, leg, response.status());
            }
            Event::Answered(response) => {
                self.settled(now, leg, response.body());
                self.answered(now, endpoint, leg);
            }
            Event::Confirmed { body } => {
                if let Some(answer) = body {
                    self.settled(now, leg, &answer);
                }
            }
            Event::OfferSettled(Ok(answer)) => self.settled(now, leg, &answer),
            Event::Request(request) => self.asked(leg, &request),
            Event::Reoffer(offer) => {
                let Some(state) = self.legs.get_mut(&leg) else {
                    return;
                };
                let answer = match offer {
                    Some(offer) => state.talk.audio.answer(now, &offer),
                    None => Ok(state.talk.audio.offer()),
                };
                // The endpoint refuses only when the peer gave up in the meantime.
                let _ = endpoint.answer_offer(now, leg, answer);
            }
            Event::Refer(refer, request) => self.referred(now, endpoint, leg, refer, &request),
            Event::ReferChallenged => self.news.push_back(News::ReferChallenged),
            Event::NotifyAnswer(refer, _) => self.reported(now, endpoint, leg, refer),
            Event::Ended(end) => self.ended(now, endpoint, leg, &end),
            Event::OfferSettled(Err(_))
            | Event::RequestAnswer(..)
            | Event::ReferAnswer(..)
            | Event::Notify(..)
            | Event::Wire(_)
            | Event::Released => {}
        }
    }

    /// Lets 20 ms of sound pass; returns the packets to send.
    pub(crate) fn beat(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
    ) -> Vec<(Vec<u8>, SocketAddr)> {
        let mut packets = Vec::new();
        for (leg, state) in &mut self.legs {
            let listens = self.current == Some(*leg);
            let beat = state.talk.beat(now, &self.script.sound, listens);
            packets.extend(beat.packets);
            self.news.extend(beat.news);
            if let Some((key, length)) = beat.info {
                let body = key_body(key, length).into();
                let content_type = Some("application/dtmf-relay");
                // A leg that is just ending needs no more keys.
                let _ = endpoint.request(now, *leg, Method::Info, &[], content_type, body);
            }
        }
        packets
    }

    /// Moves what the phone has heard behind `out` and says its rate; nothing while no call is
    /// listened to.
    pub(crate) fn take_heard(&mut self, out: &mut Vec<i16>) -> u32 {
        let mut unheard = Vec::new();
        let mut rate = 0;
        for (leg, state) in &mut self.legs {
            if self.current == Some(*leg) {
                rate = state.talk.audio.ear().take_samples(out);
            } else {
                state.talk.audio.ear().take_samples(&mut unheard);
            }
        }
        rate
    }

    /// A packet came to the RTP port.
    pub(crate) fn receive(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        let alone = self.legs.len() == 1;
        let mut legs = self.legs.values_mut();
        // Behind a translator it may come from elsewhere; that can be told with one leg only.
        if let Some(state) = legs.find(|state| alone || state.talk.audio.expects(from)) {
            state.talk.audio.receive(now, from, packet);
        }
    }

    /// INFO may bring a key.
    fn asked(&mut self, leg: LegId, request: &Request) {
        if *request.method() == Method::Info
            && let Some(key) = key_of(request.body())
            && let Some(state) = self.legs.get_mut(&leg)
        {
            state.talk.audio.hear_key(key);
        }
    }

    fn audio(&mut self) -> Audio {
        // Any odd constant does: legs only need numbers that differ.
        self.seed = self
            .seed
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(1);
        Audio::new(self.rtp, &self.script.sound.codecs, self.seed)
    }

    fn settled(&mut self, now: Instant, leg: LegId, answer: &[u8]) {
        if let Some(state) = self.legs.get_mut(&leg) {
            state.talk.audio.settled(now, answer);
        }
    }

    /// A leg is answered: it is the one that is listened to.
    fn begin(&mut self, now: Instant, leg: LegId) {
        self.current = Some(leg);
        if let Some(state) = self.legs.get_mut(&leg) {
            let asked_for = matches!(state.origin, Origin::Refer { .. });
            state.talk.begin(now, &self.script.sound, !asked_for);
        }
        self.schedule_hang_up(now, leg);
    }

    fn incoming(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        leg: LegId,
        invite: Arc<Request>,
    ) {
        let from = invite.headers().get(Name::From).unwrap_or_default();
        let caller = NameAddr::parse(from).map_or(from, |address| address.uri);
        self.news.push_back(News::Incoming(caller.to_owned()));
        let mut state = Leg::new(Origin::Caller, self.audio(), 0);
        state.invite = Some(invite);
        self.legs.insert(leg, state);
        if self.script.answer.ring.is_zero() {
            self.take(now, endpoint, leg);
        } else {
            let _ = endpoint.progress(now, leg, 180, &[], None);
            self.due
                .push((now + self.script.answer.ring, Due::Take(leg)));
        }
    }

    /// Answers or refuses a call that rings here.
    fn take(&mut self, now: Instant, endpoint: &mut Endpoint, leg: LegId) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let Some(invite) = state.invite.take() else {
            return;
        };
        let status = match self.script.answer.status {
            200 => {
                let description = match invite.body() {
                    offer if offer.is_empty() => Ok(state.talk.audio.offer()),
                    offer => state.talk.audio.answer(now, offer),
                };
                match description.map(|sdp| endpoint.answer(now, leg, &[], sdp)) {
                    Ok(Ok(())) => 200,
                    // The caller gave up in the meantime.
                    Ok(Err(_)) => return,
                    Err(status) => status,
                }
            }
            status => status,
        };
        if status == 200 {
            self.begin(now, leg);
        } else if endpoint.reject(now, leg, status, None, &[]).is_err() {
            return;
        }
        self.news.push_back(News::Took(status));
    }

    fn answered(&mut self, now: Instant, endpoint: &mut Endpoint, leg: LegId) {
        self.news.push_back(News::Answered);
        self.begin(now, leg);
        self.report_final(now, endpoint, leg, 200);
    }

    fn schedule_hang_up(&mut self, now: Instant, leg: LegId) {
        if let Some(after) = self.script.hang_up_after {
            self.due.push((now + after, Due::HangUp(leg)));
        }
    }

    fn hang_up_unless_transferring(&mut self, now: Instant, endpoint: &mut Endpoint, leg: LegId) {
        match self.legs.get(&leg) {
            Some(state) if state.transferring => {
                self.due
                    .push((now + Duration::from_millis(500), Due::HangUp(leg)));
            }
            Some(_) => {
                let _ = endpoint.hang_up(now, leg, &[]);
            }
            None => {}
        }
    }

    fn referred(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        leg: LegId,
        refer: IncomingReferId,
        request: &Request,
    ) {
        let target = match triggered::target(request) {
            Ok(target) => target,
            Err(unfollowable) => {
                let _ = endpoint.reject_refer(now, leg, refer, unfollowable.status);
                self.news.push_back(News::CannotFollow(unfollowable.why));
                self.news
                    .push_back(News::ReferAnswered(unfollowable.status));
                return;
            }
        };
        self.news.push_back(News::Referred(target));
        match self.script.on_refer {
            // With `Challenge` the endpoint has seen the digest before the REFER gets here.
            OnRefer::Accept | OnRefer::Challenge => {
                self.follow(now, endpoint, leg, refer, request);
            }
            OnRefer::Reject(status) => {
                let _ = endpoint.reject_refer(now, leg, refer, status);
                self.news.push_back(News::ReferAnswered(status));
            }
            OnRefer::Fail(status) => {
                if self.accept(now, endpoint, leg, refer) {
                    self.notify(now, endpoint, leg, refer, status, true);
                }
            }
            OnRefer::Silent => self.news.push_back(News::ReferIgnored),
            OnRefer::Bye => {
                if self.accept(now, endpoint, leg, refer) {
                    let _ = endpoint.hang_up(now, leg, &[]);
                }
            }
        }
    }

    fn accept(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        leg: LegId,
        refer: IncomingReferId,
    ) -> bool {
        // 202 and not RFC 7647's 200: deployed transferors wait for exactly that.
        let accepted = endpoint.accept_refer(now, leg, refer, 202).is_ok();
        if accepted {
            self.news.push_back(News::ReferAnswered(202));
        }
        accepted
    }

    fn follow(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        leg: LegId,
        refer: IncomingReferId,
        request: &Request,
    ) {
        let generation = self.legs.get(&leg).map_or(0, |state| state.generation) + 1;
        let mut audio = self.audio();
        let invite = if generation > self.script.max_transfers {
            Err(triggered::Unfollowable {
                status: 603,
                why: format!("already transferred {} times", self.script.max_transfers),
            })
        } else {
            triggered::invite(request, self.own_address.clone(), audio.offer())
        };
        let mut invite = match invite {
            Ok(invite) => invite,
            Err(unfollowable) => {
                let _ = endpoint.reject_refer(now, leg, refer, unfollowable.status);
                self.news.push_back(News::CannotFollow(unfollowable.why));
                self.news
                    .push_back(News::ReferAnswered(unfollowable.status));
                return;
            }
        };
        invite.credentials = self.script.credentials.iter().cloned().collect();
        if !self.accept(now, endpoint, leg, refer) {
            return;
        }
        let uri = invite.uri.clone();
        match endpoint.invite(now, invite) {
            Ok(triggered) => {
                let origin = Origin::Refer { on: leg, refer };
                self.legs
                    .insert(triggered, Leg::new(origin, audio, generation));
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.transferring = true;
                }
                self.news.push_back(News::Following(uri));
            }
            Err(error) => {
                self.news.push_back(News::CannotFollow(error.to_string()));
                self.notify(now, endpoint, leg, refer, 503, true);
            }
        }
    }

    fn notify(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        leg: LegId,
        refer: IncomingReferId,
        status: u16,
        last: bool,
    ) {
        let state = NotifyState {
            status,
            reason: String::new(),
            last,
        };
        if endpoint.notify(now, leg, refer, state).is_ok() {
            self.news.push_back(News::Notified(status));
        }
    }

    /// Tells the transferor of a new provisional status; the same one again is no news.
    fn report_provisional(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        leg: LegId,
        status: u16,
    ) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let Origin::Refer { on, refer } = state.origin else {
            return;
        };
        if status > 100 && status != state.reported {
            state.reported = status;
            self.notify(now, endpoint, on, refer, status, false);
        }
    }

    /// Tells the transferor how the call that it asked for came out; once.
    fn report_final(&mut self, now: Instant, endpoint: &mut Endpoint, leg: LegId, status: u16) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let Origin::Refer { on, refer } = state.origin else {
            return;
        };
        if state.reported >= 200 {
            return;
        }
        state.reported = status;
        self.notify(now, endpoint, on, refer, status, true);
        if status >= 300
            && let Some(original) = self.legs.get_mut(&on)
        {
            original.transferring = false;
        }
    }

    /// A NOTIFY of ours was answered. After the final one of a successful transfer the old call
    /// has served its purpose; hanging up before would race with the NOTIFY.
    fn reported(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        leg: LegId,
        refer: IncomingReferId,
    ) {
        let done = self
            .legs
            .values()
            .any(|state| state.origin == Origin::Refer { on: leg, refer } && state.reported == 200);
        if done && self.legs.contains_key(&leg) {
            let _ = endpoint.hang_up(now, leg, &[]);
        }
    }

    fn ended(&mut self, now: Instant, endpoint: &mut Endpoint, leg: LegId, end: &LegEnd) {
        self.news.push_back(News::Ended(describe(end)));
        let status = match end {
            LegEnd::Refused(status) => *status,
            LegEnd::NoAnswer => 408,
            LegEnd::TransportLost(_) => 503,
            _ => 487,
        };
        self.report_final(now, endpoint, leg, status);
        self.legs.remove(&leg);
        self.current = self.current.filter(|current| *current != leg);
        self.due
            .retain(|(_, due)| !matches!(due, Due::Take(l) | Due::HangUp(l) if *l == leg));
    }
}

impl Leg {
    fn new(origin: Origin, audio: Audio, generation: u32) -> Leg {
        Leg {
            origin,
            talk: Talk::new(audio),
            generation,
            transferring: false,
            invite: None,
            reported: 0,
        }
    }
}

fn describe(end: &LegEnd) -> String {
    match end {
        LegEnd::PeerBye(None) => "the other side hung up".to_owned(),
        LegEnd::PeerBye(Some(reason)) => format!("the other side hung up ({reason})"),
        LegEnd::Local => "hung up".to_owned(),
        LegEnd::Canceled(_) => "the caller gave up".to_owned(),
        LegEnd::Refused(status) => format!("refused with {status}"),
        LegEnd::NoAck => "the caller never acknowledged the answer".to_owned(),
        LegEnd::SessionExpired => "the session timer ran out".to_owned(),
        LegEnd::DialogGone => "the other side no longer knows the call".to_owned(),
        LegEnd::NoAnswer => "nothing answered".to_owned(),
        LegEnd::TransportLost(why) => format!("nothing can be sent any more: {why}"),
    }
}
