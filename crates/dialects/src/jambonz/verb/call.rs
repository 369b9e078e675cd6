//! Verbs that send SIP requests within the call: `sip:refer` and `sip:request`.

use hookflash_program::{
    Continuation, Refer, ReferTiming, ReferredBy, SipRequest, TargetRule, Unrunnable, Verb,
};
use serde_json::Value;

use crate::jambonz::reader::{Reader, is_token};
use crate::shown::shown;

/// Requests that change neither the dialog nor the session.
const METHODS: [&str; 4] = ["INFO", "MESSAGE", "NOTIFY", "OPTIONS"];

/// `sip:refer`: what runs next is the reply of the action hook, else the next verb. The referrer
/// is the calling party unless the document names another.
pub(super) fn refer(reader: &mut Reader<'_>) -> Verb {
    let display_name = reader.text("referredByDisplayName");
    let referred_by = match reader.text("referredBy") {
        Some(value) => ReferredBy::Given {
            value,
            display_name,
        },
        None => ReferredBy::Caller { display_name },
    };
    let reply = Continuation::Reply {
        empty_reply_goes_on: true,
    };
    Verb::Refer(Box::new(Refer {
        target: reader.text("referTo").unwrap_or_default(),
        target_rule: TargetRule::UriOrUser,
        defect: None,
        outbound_allowed: true,
        wrong_leg_code: None,
        result: reader.hook("actionHook"),
        progress: reader.hook("eventHook"),
        referred_by,
        headers: reader.headers(),
        timing: ReferTiming::FromLatestNews,
        on_success: reply,
        on_failure: reply,
        tag: None,
        id: reader.text("id"),
    }))
}

/// `sip:request`.
pub(super) fn sip_request(reader: &mut Reader<'_>) -> Verb {
    let method = reader
        .text("method")
        .unwrap_or_default()
        .to_ascii_uppercase();
    if !is_token(&method) {
        reader.note("method", "must be the name of a SIP method");
    }
    let headers = reader.headers();
    if !METHODS.contains(&method.as_str()) {
        return Verb::Unrunnable(Unrunnable {
            verb: "sip:request".to_owned(),
            reason: format!(
                "`sip:request` sends {}; {} would change the call behind its verbs",
                METHODS.join(", "),
                shown(&method)
            ),
            code: "unsupported-verb".to_owned(),
        });
    }
    let body = reader.value("body").and_then(Value::as_str);
    Verb::SipRequest(Box::new(SipRequest {
        method,
        body: body.filter(|body| !body.is_empty()).map(str::to_owned),
        headers,
        result: reader.hook("actionHook"),
        id: reader.text("id"),
    }))
}
