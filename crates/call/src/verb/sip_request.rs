//! Sends a request of the document's choice within the dialog and waits for its answer.

use std::rc::Rc;

use hookflash_dialects::Moment;
use hookflash_program::SipRequest;
use hookflash_sip::{Method, RequestId};

use crate::Host;
use crate::call::{Call, Phase};
use crate::journal::{VerbEnd, What};
use crate::program::Then;
use crate::verb::refer::fit_for_the_wire;

/// How a body without a type is read (RFC 3261 §7.4.1 asks for a type).
const PLAIN_TEXT: &str = "text/plain";

pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, verb: Box<SipRequest>) -> Then {
    let answer = match ask(call, &verb).await {
        // The news of the call's end are on their way and end this verb too.
        Err(_) if !call.has_live_leg() => {
            return std::future::pending().await;
        }
        answer => answer,
    };
    match &answer {
        Ok(_) => call.documents.set(0),
        Err(why) => {
            call.note(What::VerbNote(format!("not sent: {why}").into()));
            call.verb_ended(VerbEnd::Failed);
        }
    }
    let answer = answer.as_ref().map(|status| *status);
    let done = Moment::SipRequestDone {
        verb: &verb,
        answer: answer.map_err(String::as_str),
    };
    let empty_reply_goes_on = call.dialect().empty_reply_goes_on();
    call.ask_what_next(&done, empty_reply_goes_on).await
}

/// Sends the request and gives the final status of its answer, or why it was not sent.
pub(crate) async fn ask<H: Host>(call: &Rc<Call<H>>, verb: &SipRequest) -> Result<u16, String> {
    call.confirmed().await;
    let request = send(call, verb)?;
    Ok(call.background.requests.answer_to(request).await)
}

fn send<H: Host>(call: &Rc<Call<H>>, verb: &SipRequest) -> Result<RequestId, String> {
    if call.phase.get() == Phase::Waiting {
        return Err("the call is not answered".to_owned());
    }
    let (types, headers): (Vec<_>, Vec<_>) = verb
        .headers
        .iter()
        .cloned()
        .partition(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    let headers = fit_for_the_wire(call, headers);
    let content_type = types.first().map(|(_, value)| value.as_str());
    let content_type = verb
        .body
        .as_ref()
        .map(|_| content_type.unwrap_or(PLAIN_TEXT));
    let body = verb.body.clone().unwrap_or_default().into();
    let method = Method::from(verb.method.as_str());
    call.on_leg(|endpoint, now, leg| {
        endpoint.request(now, leg, method, &headers, content_type, body)
    })
    .map_err(|why| why.to_string())
}
