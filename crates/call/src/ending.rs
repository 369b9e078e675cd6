//! The end of a call: exactly one, whoever brings it about, and what is still owed then.

use std::rc::Rc;

use hookflash_dialects::{CallEnd, CallState, EndedBy, StatusEvent};
use hookflash_sip::{LegEnd, reason_phrase};

use crate::Host;
use crate::call::{Call, Finish, Phase, Reason};
use crate::host::Turn;
use crate::journal::{VerbEnd, What};
use crate::transfers::CallOver;
use crate::verb::refer;

/// Ends the call: on the wire, in its facts, and towards the application.
pub(crate) async fn end<H: Host>(call: &Rc<Call<H>>, finish: Finish) {
    call.verb_ended(VerbEnd::Interrupted);
    let answered = call.is_answered();
    let (end, over) = match finish {
        Finish::Gone(leg_end) => {
            if call.has_live_leg() {
                hang_up(call, &[]);
            }
            (gone(answered, &leg_end), transfer_end(&leg_end))
        }
        Finish::HangUp { headers, why } => {
            hang_up(call, &headers);
            (
                ours(answered, if answered { 200 } else { 603 }, None, why),
                CallOver::HungUp,
            )
        }
        Finish::Refuse {
            status,
            reason,
            headers,
            why,
        } => {
            let refused = call.on_leg(|endpoint, now, leg| {
                endpoint.reject(now, leg, status, reason.as_deref(), &headers)
            });
            call.note_refused_command(refused);
            (ours(false, status, reason, why), CallOver::HungUp)
        }
        Finish::NotAnswered(end) => (*end, CallOver::HungUp),
    };
    let closing = end.clone();
    call.stop_alarm();
    call.background.end(call);
    if let Some(statistics) = call.session(|session| session.statistics()) {
        call.ledger.counters.heard(&statistics);
        call.note(What::Statistics(Box::new(statistics)));
    }
    call.audio.take();
    call.ahead.clear();
    call.set_ended(end);
    call.transfers.call_over(call, over);
    conclude(call, &closing).await;
}

/// Reports what is still to be reported of a call that is over, and closes its record.
pub(crate) async fn conclude<H: Host>(call: &Rc<Call<H>>, end: &CallEnd) {
    tokio::select! {
        never = call.go_on_hearing() => match never {},
        () = refer::report_open(call) => {}
    }
    call.tell_status(StatusEvent::Completed);
    call.record.conclude();
    call.turned(Turn::Ended);
    call.end_application_socket();
    call.ledger.close(&call.record, end);
}

/// Closes the record of a call that cannot be ended in order, or was not quite. Its application is
/// told nothing more.
pub(crate) fn give_up<H: Host>(call: &Rc<Call<H>>, why: &str) {
    let end = call.record.facts(|facts| match &facts.state {
        CallState::Ended(end) => Some(end.clone()),
        _ => None,
    });
    let end = end.unwrap_or_else(|| {
        let answered = call.is_answered();
        let end = ours(
            answered,
            if answered { 200 } else { 500 },
            None,
            Reason::failure(None, why),
        );
        call.set_ended(end.clone());
        end
    });
    call.record.conclude();
    call.ledger.close(&call.record, &end);
    call.turned(Turn::Ended);
}

fn hang_up<H: Host>(call: &Rc<Call<H>>, headers: &[(String, String)]) {
    if call.phase.get() == Phase::Over {
        return;
    }
    let hung_up = call.on_leg(|endpoint, now, leg| endpoint.hang_up(now, leg, headers));
    call.note_refused_command(hung_up);
}

fn ours(answered: bool, status: u16, reason: Option<String>, why: Reason) -> CallEnd {
    let (by, cause, message) = match why {
        Reason::Document => (EndedBy::Document, None, None),
        Reason::Api => (EndedBy::Api, None, None),
        Reason::Failure { code, message } => (EndedBy::Server, code, Some(message)),
    };
    CallEnd {
        by,
        answered,
        sip_status: status,
        sip_reason: reason.unwrap_or_else(|| reason_phrase(status).to_owned()),
        cause,
        message,
    }
}

pub(crate) fn gone(answered: bool, how: &LegEnd) -> CallEnd {
    let (by, status, message) = match how {
        LegEnd::PeerBye(_) => (EndedBy::Peer, 200, None),
        LegEnd::Canceled(_) => (EndedBy::Peer, 487, None),
        LegEnd::Refused(status) => (EndedBy::Peer, *status, None),
        LegEnd::Local => (EndedBy::Server, if answered { 200 } else { 603 }, None),
        LegEnd::NoAck => (
            EndedBy::Server,
            200,
            Some("the caller never acknowledged our answer (no ACK)"),
        ),
        LegEnd::SessionExpired => (
            EndedBy::Server,
            200,
            Some("the session was not refreshed in time (RFC 4028)"),
        ),
        LegEnd::DialogGone => (
            EndedBy::Peer,
            200,
            Some("the far end no longer knew the call (481)"),
        ),
        LegEnd::NoAnswer => (EndedBy::Server, 408, Some("nothing answered the INVITE")),
        LegEnd::TransportLost(_) => (EndedBy::Server, if answered { 200 } else { 503 }, None),
    };
    let message = match how {
        LegEnd::TransportLost(why) => Some(format!("the far end cannot be reached: {why}")),
        _ => message.map(str::to_owned),
    };
    CallEnd {
        by,
        answered,
        sip_status: status,
        sip_reason: reason_phrase(status).to_owned(),
        cause: None,
        message,
    }
}

fn transfer_end(how: &LegEnd) -> CallOver {
    match how {
        LegEnd::PeerBye(_) | LegEnd::Canceled(_) => CallOver::PeerBye,
        LegEnd::TransportLost(_) => CallOver::TransportLost,
        LegEnd::Local => CallOver::HungUp,
        _ => CallOver::DialogGone,
    }
}
