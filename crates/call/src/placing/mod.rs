//! A call that we place: the ways to the called party, the legs that ring, the one that answers.
//!
//! Ways come in groups. All ways of a group ring at once, and whoever answers first has the call:
//! the others are cancelled, and one that answers in the same moment is hung up at once. When a
//! group came to nothing for reasons that are the servers' and not the called party's, the next
//! one is tried. One ring timeout counts over all of them. Nothing of a losing leg is waited for:
//! what still comes of it is heard by the call until the endpoint has released it.

mod facts;
mod failure;
mod ringing;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use hookflash_dialects::{CallAction, CallEnd, CallOrder, CallState, EndedBy, StatusEvent};
use hookflash_sip::{Event, LegEnd, LegId, Response, reason_phrase, session_description};
use hookflash_transfer::owned_headers;

use crate::at_answer::{AtAnswer, Opening};
use crate::call::{Call, Finish, Phase, until};
use crate::command::Command;
use crate::control;
use crate::desk::Legs;
use crate::inbox::Input;
use crate::journal::What;
use crate::way::{Placement, Way};
use crate::{Host, Turn};
pub(crate) use facts::facts;
pub(crate) use failure::of_ours;
use failure::{Failure, Failures, is_global};
use ringing::Ringing;

/// Calls until somebody answers. Otherwise says how the call ended.
pub(crate) async fn place<H: Host>(
    call: &Rc<Call<H>>,
    legs: &Legs<H>,
    placement: Placement,
) -> Result<Box<AtAnswer<H>>, Finish> {
    let Placement { order, ways, .. } = placement;
    let mut placing = Placing {
        call,
        legs,
        headers: fit_for_the_wire(call, &order.headers),
        order: &order,
        give_up_at: None,
        ringing: Vec::new(),
        failures: Failures::default(),
        ordered: None,
    };
    placing.written_down().await?;
    let mut groups = ways
        .into_iter()
        .filter(|group| !group.is_empty())
        .peekable();
    while let Some(group) = groups.next() {
        placing.begin(group, groups.peek().is_some());
        if let Some((leg, response)) = placing.ring().await? {
            placing.won(leg, &response)?;
            let opening = placing.ordered.take();
            return Ok(AtAnswer::begin(call, order, opening));
        }
        if !placing.failures.may_be_helped() {
            break;
        }
    }
    Err(Finish::NotAnswered(Box::new(placing.failures.end())))
}

/// A call on its way to being answered.
struct Placing<'a, H: Host> {
    call: &'a Rc<Call<H>>,
    legs: &'a Legs<H>,
    order: &'a CallOrder,
    /// Header fields of every INVITE.
    headers: Vec<(String, String)>,
    /// When the ring timeout has passed, once the first INVITE has left.
    give_up_at: Option<Instant>,
    ringing: Vec<Ringing<H>>,
    failures: Failures,
    /// The document that the API ordered meanwhile.
    ordered: Option<Opening>,
}

/// A leg that answered, with its 2xx.
type Answered<H> = (Ringing<H>, Arc<Response>);

impl<H: Host> Placing<'_, H> {
    /// Waits until a crash can no longer make the call be forgotten. The API may end it meanwhile.
    async fn written_down(&mut self) -> Result<(), Finish> {
        let call = self.call;
        let written = call.host.written_down(&call.record);
        tokio::pin!(written);
        loop {
            tokio::select! {
                biased;
                input = call.inbox.next() => match input {
                    Input::Command(command) => self.obey(*command)?,
                    Input::Finish(finish) => return Err(*finish),
                    Input::Leg(..) | Input::Document(_) => {}
                },
                () = &mut written => return Ok(()),
            }
        }
    }

    /// Calls every way of a group at once.
    fn begin(&mut self, group: Vec<Way>, has_alternative: bool) {
        let call = self.call;
        for way in group {
            let begun = Ringing::begin(
                call,
                self.legs,
                self.order,
                &self.headers,
                way,
                has_alternative,
            );
            match begun {
                Ok(ringing) => {
                    self.has_left(&ringing);
                    self.ringing.push(ringing);
                }
                Err(failure) => {
                    if let Failure::Here(_, why) = &failure {
                        call.note_call(why);
                    }
                    self.failures.add(failure, false);
                }
            }
        }
    }

    /// An INVITE has left. The application learns of the first.
    fn has_left(&mut self, ringing: &Ringing<H>) {
        let call = self.call;
        let trunk = ringing.way.trunk.as_deref().map(str::to_owned);
        let call_id = call.endpoint(|endpoint, _| {
            let call_id = endpoint.call_id_of(ringing.leg);
            call_id.unwrap_or_default().to_owned()
        });
        let is_first = self.give_up_at.is_none();
        let now = call.host.wall_clock();
        call.record.change(|facts| {
            facts.trunk = trunk;
            facts.sip_call_id = call_id;
            if is_first {
                facts.started_at = now;
                facts.state = CallState::Trying;
            }
        });
        if is_first {
            self.give_up_at = Some(call.host.now() + self.order.ring_timeout);
            call.turned(Turn::Left);
            call.tell_status(StatusEvent::Initiated);
        }
    }

    /// Waits until a leg has answered, or none is left.
    async fn ring(&mut self) -> Result<Option<Answered<H>>, Finish> {
        while !self.ringing.is_empty() {
            let input = tokio::select! {
                biased;
                input = self.call.inbox.next() => input,
                () = until(self.give_up_at) => return Err(self.rang_out()),
            };
            match input {
                Input::Leg(leg, event) => {
                    if let Some(answered) = self.hear(leg, event) {
                        return Ok(Some(answered));
                    }
                }
                Input::Command(command) => self.obey(*command)?,
                // Nothing that brings one runs before the answer.
                Input::Document(_) => {}
                Input::Finish(finish) => {
                    self.cancel_all();
                    return Err(*finish);
                }
            }
        }
        Ok(None)
    }

    fn hear(&mut self, leg: LegId, event: Event) -> Option<Answered<H>> {
        let call = self.call;
        let Some(place) = self.ringing.iter().position(|ringing| ringing.leg == leg) else {
            call.hear(leg, event);
            return None;
        };
        match event {
            Event::Answered(response) => {
                return Some((self.ringing.swap_remove(place), response));
            }
            Event::Ended(end) => {
                let ringing = self.ringing.swap_remove(place);
                call.host.way_ended(&ringing.way, &end, ringing.has_rung);
                if is_global(&end) {
                    self.cancel_all();
                }
                self.failures
                    .add(Failure::Leg(end.clone()), ringing.has_rung);
                call.hear(leg, Event::Ended(end));
            }
            event => {
                if let Some(ringing) = self.ringing.get_mut(place) {
                    hear_ringing(call, ringing, event);
                }
            }
        }
        None
    }

    /// A leg has answered: the call is its, if it can be talked on.
    fn won(&mut self, won: Ringing<H>, response: &Response) -> Result<(), Finish> {
        let call = self.call;
        self.cancel_all();
        let Ringing {
            leg,
            way,
            mut audio,
            ..
        } = won;
        call.record
            .change_called(leg, |called| called.status = response.status());
        let answer = session_description(response.headers(), response.body())
            .or_else(|| call.endpoint(|endpoint, _| endpoint.early_answer(leg)));
        let agreed = match &answer {
            Some(answer) => audio.accept(answer).map_err(|why| why.to_string()),
            None => Err("it has no session description".to_owned()),
        };
        if let Err(why) = agreed {
            call.host.way_ended(&way, &LegEnd::Local, true);
            hang_up(call, leg);
            let why = format!("the called side's answer cannot be used: {why}");
            return Err(Finish::NotAnswered(Box::new(of_ours(488, why))));
        }
        let answered = call.record.millis(call.host.now());
        call.record
            .change_called(leg, |called| called.answered = Some(answered));
        seen(call, leg);
        if let Some(flow) = call.record.flow() {
            audio.trust(flow.remote.ip());
        }
        *call.way.borrow_mut() = Some(way);
        call.talks_on(leg);
        call.take_audio(audio);
        call.set_phase(Phase::Confirmed);
        call.was_answered();
        Ok(())
    }

    /// Nobody answered in time.
    fn rang_out(&mut self) -> Finish {
        let was_heard = self.ringing.iter().any(|ringing| ringing.was_heard);
        for ringing in self.ringing.iter().filter(|ringing| !ringing.was_heard) {
            let host = &self.call.host;
            host.way_ended(&ringing.way, &LegEnd::NoAnswer, false);
        }
        self.cancel_all();
        // The CANCEL makes the far end answer 487, if there is a far end.
        let status = if was_heard { 487 } else { 408 };
        let seconds = self.order.ring_timeout.as_secs_f32();
        let why = format!("nobody answered within {seconds} s");
        Finish::NotAnswered(Box::new(of_ours(status, why)))
    }

    /// Ends all legs that ring.
    fn cancel_all(&mut self) {
        for ringing in self.ringing.drain(..) {
            if ringing.was_heard {
                let host = &self.call.host;
                host.way_ended(&ringing.way, &LegEnd::Local, true);
            }
            hang_up(self.call, ringing.leg);
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), Finish> {
        match command.action {
            CallAction::HangUp | CallAction::Cancel | CallAction::Complete => {
                self.cancel_all();
                Err(Finish::NotAnswered(Box::new(CallEnd {
                    by: EndedBy::Api,
                    answered: false,
                    sip_status: 487,
                    sip_reason: reason_phrase(487).to_owned(),
                    cause: None,
                    message: None,
                })))
            }
            action => {
                match control::new_document(action) {
                    Ok(document) => {
                        let note = "another document was ordered through the API";
                        self.call.note_call(note);
                        self.call.appended.take();
                        self.ordered = Some(Opening::Ordered(document));
                    }
                    Err(CallAction::Append(program)) => {
                        self.call.append(program.steps);
                    }
                    Err(action) => control::beside(self.call, action, command.waiting),
                }
                Ok(())
            }
        }
    }
}

/// Something happened on a leg that rings.
fn hear_ringing<H: Host>(call: &Rc<Call<H>>, ringing: &mut Ringing<H>, event: Event) {
    let leg = ringing.leg;
    match event {
        Event::Wire(wire) => {
            ringing.was_heard |= !wire.sent;
            call.hear(leg, Event::Wire(wire));
        }
        Event::Progress(response) => {
            let status = response.status();
            call.record
                .change_called(leg, |called| called.status = status);
            let early = session_description(response.headers(), response.body());
            let has_media = early.is_some();
            if let Some(early) = early {
                hear_early(call, ringing, &early);
            }
            // A call that is sent on or queued has reached the called side, too (RFC 3261 §21.1).
            ringing.has_rung |= has_media || (180..=183).contains(&status);
            if has_media || matches!(status, 180 | 183) {
                rings(call, leg, has_media && status == 183);
            }
        }
        // The peer changes the session before it has answered (RFC 3311 §5.1).
        Event::Reoffer(offer) => {
            let answer = ringing.audio.answer_early(offer.as_deref());
            let answer = answer.map_err(|(status, _)| status);
            let sent = call.endpoint(|endpoint, now| endpoint.answer_offer(now, leg, answer));
            call.note_refused_command(sent);
        }
        event => {
            call.hear(leg, event);
        }
    }
}

/// A session description comes before the answer. One that cannot be used harms nothing: the answer
/// has another, or fails for it.
fn hear_early<H: Host>(call: &Rc<Call<H>>, ringing: &mut Ringing<H>, early: &[u8]) {
    let flow = call.record.legs(|legs| {
        let leg = legs.iter().find(|known| known.id == ringing.leg);
        leg.and_then(|leg| leg.flow)
    });
    if let Some(flow) = flow {
        ringing.audio.trust(flow.remote.ip());
    }
    if let Err(why) = ringing.audio.hear_early(early) {
        let note = format!("early media of the called side cannot be used: {why}");
        call.note(What::Media(note.into()));
    }
}

/// The called side rings, or is heard already. The application learns it once.
fn rings<H: Host>(call: &Rc<Call<H>>, leg: LegId, is_heard: bool) {
    seen(call, leg);
    let is_first = call.record.change(|facts| {
        let is_first = facts.state == CallState::Trying;
        if is_first {
            facts.state = CallState::Ringing;
        }
        is_first
    });
    if is_first {
        call.note(What::Ringing);
        call.turned(Turn::Ringing);
    }
    if is_heard && call.dialect().tells_early_media() {
        if !call.told_early.replace(true) {
            call.tell_status(StatusEvent::EarlyMedia);
        }
    } else if is_first {
        call.tell_status(StatusEvent::Ringing);
    }
}

/// What is known of the call by now from the leg that it is most likely to be talked on.
fn seen<H: Host>(call: &Call<H>, leg: LegId) {
    let seen = call.record.legs(|legs| {
        let leg = legs.iter().find(|known| known.id == leg)?;
        let called = leg.called.as_deref()?;
        let trunk = called.trunk.as_deref().map(str::to_owned);
        Some((leg.flow, called.call_id.to_string(), trunk))
    });
    let Some((flow, call_id, trunk)) = seen else {
        return;
    };
    call.record.change(|facts| {
        facts.sip_call_id = call_id;
        facts.trunk = trunk;
        if let Some(flow) = flow {
            facts.local_address = flow.local.to_string();
        }
    });
}

/// What still comes of a leg that the call is not talked on: one that is being cancelled, or that
/// answered too late.
pub(crate) fn hear_aside<H: Host>(call: &Rc<Call<H>>, leg: LegId, event: Event) {
    match event {
        Event::Reoffer(_) => {
            let refused = call.endpoint(|endpoint, now| endpoint.answer_offer(now, leg, Err(488)));
            call.note_refused_command(refused);
        }
        Event::Refer(refer, _) => {
            let refused =
                call.endpoint(|endpoint, now| endpoint.reject_refer(now, leg, refer, 603));
            call.note_refused_command(refused);
        }
        // A leg that answers while it is cancelled is hung up by then.
        _ => {}
    }
}

/// A leg has ended: that goes into its record, and is told to who keeps an eye on the ways.
pub(crate) fn leg_ended<H: Host>(call: &Rc<Call<H>>, leg: LegId, end: &LegEnd) {
    let now = call.record.millis(call.host.now());
    call.record.change_called(leg, |called| {
        called.ended = Some(now);
        match end {
            LegEnd::Refused(status) => called.status = *status,
            LegEnd::NoAnswer if called.status == 0 => called.status = 408,
            LegEnd::TransportLost(_) if called.answered.is_none() => called.status = 503,
            LegEnd::Local if called.answered.is_none() => called.status = 487,
            _ => {}
        }
    });
    if call.leg() == Some(leg)
        && let Some(way) = &*call.way.borrow()
    {
        call.host.way_ended(way, end, true);
    }
}

fn hang_up<H: Host>(call: &Rc<Call<H>>, leg: LegId) {
    let hung_up = call.endpoint(|endpoint, now| endpoint.hang_up(now, leg, &[]));
    call.note_refused_command(hung_up);
}

/// The header fields of an order that may go to the wire; the others are named in the journal.
fn fit_for_the_wire<H: Host>(
    call: &Rc<Call<H>>,
    headers: &[(String, String)],
) -> Vec<(String, String)> {
    let mut fit = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match owned_headers::check(name, value) {
            Ok(()) => fit.push((name.clone(), value.clone())),
            Err(why) => call.note_call(&format!("header not sent: {why}")),
        }
    }
    fit
}
