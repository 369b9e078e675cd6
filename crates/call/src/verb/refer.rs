//! Transfers the caller by SIP REFER and goes on with the true outcome.

use std::rc::Rc;

use hookflash_dialects::{Direction, Moment, Party};
use hookflash_program::{Continuation, Refer, ReferTiming, ReferredBy, TargetRule};
use hookflash_sip::{LegEnd, OutgoingRefer};
use hookflash_transfer::refer_to::BareTarget;
use hookflash_transfer::referred_by::ReferredBy as By;
use hookflash_transfer::{
    End, Limits, NotApplicable, Outcome, ReferTo, Transfer, TransferResult, owned_headers,
};
use tokio::time::Instant;

use crate::Host;
use crate::call::{Call, Finish, Phase, Reason};
use crate::invite;
use crate::journal::{VerbEnd, What};
use crate::program::Then;
use crate::transfers::Unreported;
use crate::verb::tag::set_text;

/// Runs the verb, from the check of its target to what comes after its result.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, refer: Box<Refer>) -> Then {
    if let Some(failure) = call.transfers.limit_reached(call) {
        return Then::Finish(call.no_document(failure));
    }
    let refer = Rc::new(*refer);
    if let Some(tag) = &refer.tag {
        set_text(call, tag.clone());
    }
    match check(call, &refer) {
        Ok(outgoing) => {
            call.confirmed().await;
            if let Err(gone) = send(call, &refer, outgoing) {
                return gone.heard().await;
            }
        }
        Err(why) => not_applicable(call, &refer, &why),
    }
    call.transfers.all_ended(call).await;
    call.transfers.progress_told().await;
    if call.transfers.is_call_gone() {
        // Reported once the call is over, as for one that was hung up.
        return Then::Finish(Finish::Gone(LegEnd::DialogGone));
    }
    match call.transfers.take_unreported() {
        Some(ended) => go_on(call, ended).await,
        None => Then::Next,
    }
}

/// Goes on after a transfer that has ended, as its verb says.
async fn go_on<H: Host>(call: &Rc<Call<H>>, Unreported { verb, result }: Unreported) -> Then {
    let result_at = Instant::now();
    if result.end != End::NotApplicable {
        call.documents.set(0);
    }
    if result.end == End::Rejected && call.options.transfer.bridge_when_refused {
        call.note(What::VerbNote(
            "this release cannot bridge: the refusal is reported".into(),
        ));
    }
    let succeeded = result.outcome == Outcome::Succeeded;
    let next = if succeeded {
        verb.on_success
    } else {
        verb.on_failure
    };
    match next {
        Continuation::Reply {
            empty_reply_goes_on,
        } => {
            let grace = call.options.transfer.grace_after_success;
            // The referred party hangs up by itself, as a rule; what follows is for one that does
            // not.
            let not_before = succeeded.then(|| result_at + grace);
            ask_what_next(call, &verb, &result, not_before, empty_reply_goes_on).await
        }
        Continuation::HangUp => {
            report(call, &verb, &result);
            Then::Finish(Finish::HangUp {
                headers: Vec::new(),
                why: Reason::Document,
            })
        }
    }
}

/// Reports a transfer and does what the reply says, but nothing before `not_before`.
async fn ask_what_next<H: Host>(
    call: &Rc<Call<H>>,
    verb: &Refer,
    result: &TransferResult,
    not_before: Option<Instant>,
    empty_reply_goes_on: bool,
) -> Then {
    call.tell_transfer_event(result);
    let done = Moment::ReferDone { verb, result };
    let reply = match call.request_for(&done) {
        Ok(None) => None,
        Ok(Some(request)) => Some(call.ask(request).await),
        Err(error) => {
            call.note_fetch_error(None, &error);
            Some(Err(error))
        }
    };
    if let Some(not_before) = not_before {
        tokio::time::sleep_until(not_before).await;
    }
    let document = match reply {
        None => return Then::Next,
        Some(Ok(reply)) => call.read_reply(&reply, false),
        Some(Err(error)) => Err(call.fetch_failure(&error)),
    };
    call.run_reply(&done, document, empty_reply_goes_on).await
}

/// Keeps a transfer of a verb that was skipped because the call is not answered. The application
/// is not called back for it.
pub(crate) fn skipped<H: Host>(call: &Rc<Call<H>>, refer: &Refer) {
    if call.transfers.limit_reached(call).is_some() {
        return;
    }
    let verb = Rc::new(refer.clone());
    call.transfers
        .not_applicable(call, &verb, &NotApplicable::NotAnswered);
    if let Some(skipped) = call.transfers.take_unreported() {
        call.tell_transfer_event(&skipped.result);
    }
}

/// Another document takes the place of the running one. Results that are there already are still
/// reported; a transfer that is under way is over for the application without a callback.
pub(crate) fn superseded<H: Host>(call: &Rc<Call<H>>) {
    while let Some(Unreported { verb, result }) = call.transfers.take_unreported() {
        report(call, &verb, &result);
    }
    call.transfers.supersede(call);
}

/// Reports what is still unreported once the call is over: who hangs up during a transfer does not
/// take away its one callback. The reply has nothing left to run on.
pub(crate) async fn report_open<H: Host>(call: &Rc<Call<H>>) {
    call.transfers.all_ended(call).await;
    while let Some(Unreported { verb, result }) = call.transfers.take_unreported() {
        report(call, &verb, &result);
    }
}

/// The header fields of a document that may go to the wire; the others are named in the journal.
pub(crate) fn fit_for_the_wire<H: Host>(
    call: &Rc<Call<H>>,
    headers: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let mut fit = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match owned_headers::check(&name, &value) {
            Ok(()) => fit.push((name, value)),
            Err(why) => call.note(What::VerbNote(format!("header not sent: {why}").into())),
        }
    }
    fit
}

/// A REFER that may be sent.
struct Outgoing {
    target: ReferTo,
    referred_by: Option<String>,
    headers: Vec<(String, String)>,
}

fn check<H: Host>(call: &Rc<Call<H>>, refer: &Refer) -> Result<Outgoing, NotApplicable> {
    let options = &call.options.transfer;
    if call.phase.get() == Phase::Waiting {
        return Err(NotApplicable::NotAnswered);
    }
    let inbound = call
        .record
        .facts(|facts| facts.direction == Direction::Inbound);
    if !inbound && !refer.outbound_allowed && !options.any_direction {
        return Err(NotApplicable::WrongDirection);
    }
    if call.transfers.is_one_open() {
        return Err(NotApplicable::TransferInProgress);
    }
    if let Some(defect) = &refer.defect {
        let source = call.base.borrow().to_string();
        call.note_remark(&source, defect);
        return Err(NotApplicable::Unsendable(defect.message.clone()));
    }
    let (local, remote) = parties(call);
    let mut peer_host = remote.host.clone();
    if let Some(flow) = call.record.flow().filter(|_| peer_host.is_empty()) {
        // Who calls under a tel URI names no host; the one that it calls from is the next best.
        peer_host = flow.remote.ip().to_canonical().to_string();
    }
    let bare = match refer.target_rule {
        TargetRule::Uri => BareTarget::Refuse,
        TargetRule::UriOrUser => BareTarget::AtPeerHost(&peer_host),
    };
    let target = ReferTo::parse(&refer.target, bare).map_err(NotApplicable::BadTarget)?;
    options
        .allow_targets
        .check(&target)
        .map_err(NotApplicable::TargetRefused)?;
    if let Some(method) = target.stripped_method() {
        let note = format!("method={method} was taken out of the target: only calls are placed");
        call.note(What::VerbNote(note.into()));
    }
    Ok(Outgoing {
        referred_by: referred_by_value(call, refer, local, remote, &peer_host),
        headers: fit_for_the_wire(call, refer.headers.clone()),
        target,
    })
}

/// Our end of the dialog and the other one, as they stand on the wire. The facts of a call that we
/// placed have them as the API named them.
fn parties<H: Host>(call: &Rc<Call<H>>) -> (Party, Party) {
    match &*call.way.borrow() {
        Some(way) => {
            let called = invite::party(&way.uri, String::new());
            (invite::calling_party(&way.from), called)
        }
        None => call
            .record
            .facts(|facts| (facts.to.clone(), facts.from.clone())),
    }
}

fn referred_by_value<H: Host>(
    call: &Rc<Call<H>>,
    refer: &Refer,
    local: Party,
    remote: Party,
    peer_host: &str,
) -> Option<String> {
    let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
    let is_placed = call.way.borrow().is_some();
    let caller = if is_placed { local.clone() } else { remote };
    let (value, display_name) = match &refer.referred_by {
        ReferredBy::LocalParty => (local.uri, named(&local.display_name)),
        ReferredBy::Given {
            value,
            display_name,
        } => (value.clone(), display_name.clone()),
        ReferredBy::Caller { display_name } => (
            if caller.user.is_empty() {
                local.uri
            } else {
                caller.user
            },
            display_name.clone().or_else(|| named(&caller.display_name)),
        ),
    };
    let display_name = display_name.as_deref();
    let written = match &refer.referred_by {
        ReferredBy::LocalParty if !call.options.transfer.referred_by => By::Suppressed,
        ReferredBy::LocalParty => By::LocalParty {
            uri: &value,
            display_name,
        },
        _ => By::Given {
            value: &value,
            display_name,
            host: peer_host,
        },
    };
    match written.header_value() {
        Ok(value) => value,
        Err(why) => {
            call.note(What::VerbNote(
                format!("sent without Referred-By: {why}").into(),
            ));
            None
        }
    }
}

/// Sends the REFER and has its transfer followed.
fn send<H: Host>(call: &Rc<Call<H>>, refer: &Rc<Refer>, outgoing: Outgoing) -> Result<(), LegGone> {
    let options = &call.options.transfer;
    let limits = match refer.timing {
        ReferTiming::FromAcceptance => {
            Limits::from_acceptance(options.final_notify_timeout, options.max_duration)
        }
        ReferTiming::FromLatestNews => {
            Limits::from_latest_news(options.final_notify_timeout, options.max_duration)
        }
    };
    let sent = call.on_leg(|endpoint, now, leg| {
        endpoint.refer(
            now,
            leg,
            OutgoingRefer {
                refer_to: outgoing.target.header_value(),
                referred_by: outgoing.referred_by,
                headers: outgoing.headers,
                refer_sub: options.refer_sub,
            },
        )
    });
    match sent {
        Ok(id) => {
            let target = outgoing.target.uri();
            let machine = Transfer::begin(call.host.now(), target, limits);
            call.transfers.begin(call, id, refer, machine, target);
            Ok(())
        }
        Err(_) if !call.has_live_leg() => {
            not_applicable(call, refer, &NotApplicable::CallEnding);
            Err(LegGone)
        }
        Err(why) => {
            not_applicable(call, refer, &NotApplicable::Unsendable(why.to_string()));
            Ok(())
        }
    }
}

/// The leg has ended, and the news of that wait in the inbox.
struct LegGone;

impl LegGone {
    /// Waits for the news: they end the call, and this future with it.
    async fn heard(self) -> Then {
        std::future::pending().await
    }
}

fn not_applicable<H: Host>(call: &Rc<Call<H>>, refer: &Rc<Refer>, why: &NotApplicable) {
    let wrong_leg = matches!(
        why,
        NotApplicable::WrongDirection | NotApplicable::NotAnswered
    );
    let code = refer.wrong_leg_code.filter(|_| wrong_leg);
    let code = code
        .map(|code| format!(" (error {code})"))
        .unwrap_or_default();
    call.note(What::VerbNote(
        format!("no REFER was sent{code}: {why}").into(),
    ));
    call.transfers.not_applicable(call, refer, why);
    call.verb_ended(VerbEnd::Failed);
}

/// The callback of a transfer after which nothing runs.
fn report<H: Host>(call: &Rc<Call<H>>, verb: &Refer, result: &TransferResult) {
    call.tell_transfer_event(result);
    call.tell_of(&Moment::ReferDone { verb, result });
}
