//! What the official libraries send is taken as it is.

use std::time::Duration;

use hookflash_dialects::rest::ApiBody;
use hookflash_dialects::{CallAction, Dialect, StatusEvent};
use hookflash_program::{HookMethod, KeyOrPause, Verb};
use serde_json::json;

use crate::example::{Desk, fields, form_order, form_update, json_order, json_update};

const EVENTS: [(&str, &str); 4] = [
    ("StatusCallbackEvent", "initiated"),
    ("StatusCallbackEvent", "ringing"),
    ("StatusCallbackEvent", "answered"),
    ("StatusCallbackEvent", "completed"),
];

#[test]
fn twilio_python_places_a_call_with_everything() {
    let mut pairs = vec![
        ("To", "sip:bob@127.0.0.1"),
        ("From", "+15550001111"),
        ("Method", "POST"),
        ("StatusCallback", "http://127.0.0.1:9/st"),
    ];
    pairs.extend(EVENTS);
    pairs.extend([
        ("StatusCallbackMethod", "POST"),
        ("SendDigits", "1234#"),
        ("Timeout", "25"),
        ("Record", "true"),
        ("MachineDetection", "Enable"),
        ("Url", "http://127.0.0.1:9/v.xml"),
    ]);
    let order = form_order(Dialect::Twiml, &pairs);
    assert_eq!(order.to, "sip:bob@127.0.0.1");
    assert_eq!(order.from.value, "+15550001111");
    let first = order.hooks.first.unwrap();
    assert_eq!(first.url, "http://127.0.0.1:9/v.xml");
    assert_eq!(first.method, HookMethod::Post);
    assert_eq!(order.hooks.status.unwrap().url, "http://127.0.0.1:9/st");
    let events = order.hooks.status_events.unwrap();
    assert!(events.has(StatusEvent::Initiated) && events.has(StatusEvent::Completed));
    let keys = order.keys.unwrap().keys;
    assert_eq!(keys.first(), Some(&KeyOrPause::Key('1')));
    assert_eq!(keys.last(), Some(&KeyOrPause::Key('#')));
    assert_eq!(order.ring_timeout, Duration::from_secs(25));
    assert!(order.record.unwrap().trim);
    // "If send_digits is provided, this parameter is ignored."
    assert_eq!(order.machine_detection, None);
    assert_eq!(order.document, None);
}

#[test]
fn the_libraries_of_signalwire_place_a_call() {
    let mut pairs = vec![
        ("To", "sip:bob@127.0.0.1"),
        ("From", "+15550001111"),
        ("Url", "http://127.0.0.1:9/v.xml"),
        ("StatusCallback", "http://127.0.0.1:9/st"),
    ];
    pairs.extend(EVENTS);
    let order = form_order(Dialect::Cxml, &pairs);
    assert_eq!(order.ring_timeout, Duration::from_secs(60));
    assert!(order.hooks.status_events.unwrap().has(StatusEvent::Ringing));
}

#[test]
fn a_call_is_placed_with_a_document() {
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        let document = "<Response><Say>hi</Say></Response>";
        let pairs = [
            ("To", "sip:bob@127.0.0.1"),
            ("From", "+15550001111"),
            ("Twiml", document),
        ];
        let order = form_order(dialect, &pairs);
        assert_eq!(order.document.as_deref(), Some(document.as_bytes()));
        assert_eq!(order.hooks.first, None);
        assert_eq!(order.application.url, "");
    }
}

#[test]
fn the_libraries_of_twilio_and_signalwire_change_a_call() {
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        let action = |pairs: &[(&str, &str)]| {
            let mut updates = form_update(dialect, pairs).unwrap();
            assert_eq!(updates.len(), 1);
            updates.remove(0).action.unwrap()
        };
        let redirect = [("Url", "http://127.0.0.1:9/new.xml"), ("Method", "POST")];
        assert!(
            matches!(action(&redirect), CallAction::Redirect(hook) if hook.url == redirect[0].1)
        );
        let document = [("Twiml", "<Response><Hangup/></Response>")];
        assert!(
            matches!(action(&document), CallAction::Document(body) if body == document[0].1.as_bytes())
        );
        assert_eq!(action(&[("Status", "completed")]), CallAction::HangUp);
        assert_eq!(action(&[("Status", "canceled")]), CallAction::Cancel);
    }
}

#[test]
fn the_libraries_of_twilio_and_signalwire_list_calls() {
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        let query = fields(&[
            ("To", "sip:bob@127.0.0.1"),
            ("Status", "in-progress"),
            ("PageSize", "20"),
        ]);
        let list = dialect.read_list(&query).unwrap();
        assert_eq!(list.query.to.as_deref(), Some("sip:bob@127.0.0.1"));
        assert_eq!(list.query.status.as_deref(), Some("in-progress"));
        assert_eq!((list.page.size, list.page.offset()), (20, 0));
    }
}

#[test]
fn the_libraries_of_bandwidth_place_a_call() {
    let filled_in = json!({
        "to": "+15551112222", "from": "+15552223333", "uui": "eyJ0;encoding=jwt",
        "applicationId": "app-1", "answerUrl": "http://127.0.0.1:9/a", "answerMethod": "POST",
        "answerFallbackMethod": "POST", "disconnectUrl": "http://127.0.0.1:9/d",
        "disconnectMethod": "POST", "callTimeout": 30, "callbackTimeout": 15, "priority": 5,
        "tag": "t1",
    });
    let order = json_order(Dialect::Bxml, &filled_in);
    assert_eq!(order.hooks.first.unwrap().url, "http://127.0.0.1:9/a");
    assert_eq!(order.hooks.status.unwrap().url, "http://127.0.0.1:9/d");
    assert_eq!(order.hooks.fallback, None);
    assert_eq!(order.hooks.reply_timeout, Some(Duration::from_secs(15)));
    assert_eq!(order.ring_timeout, Duration::from_secs(30));
    assert_eq!(order.tag.as_deref(), Some("t1"));
    let uui = ("User-to-User".to_owned(), "eyJ0;encoding=jwt".to_owned());
    assert_eq!(order.headers, [uui]);

    let plain = json!({
        "to": "+15551112222", "from": "+15552223333", "applicationId": "app-1",
        "answerUrl": "http://127.0.0.1:9/a", "disconnectUrl": "http://127.0.0.1:9/d",
    });
    json_order(Dialect::Bxml, &plain);
}

#[test]
fn the_libraries_of_bandwidth_change_a_call() {
    let redirect = json!({
        "state": "active", "redirectUrl": "http://127.0.0.1:9/r", "redirectMethod": "POST",
        "redirectFallbackMethod": "POST",
    });
    let updates = json_update(Dialect::Bxml, &redirect).unwrap();
    assert!(
        matches!(&updates[0].action, Some(CallAction::Redirect(hook)) if hook.fallback.is_none())
    );
    let completed = json!({
        "state": "completed", "redirectMethod": "POST", "redirectFallbackMethod": "POST",
    });
    let updates = json_update(Dialect::Bxml, &completed).unwrap();
    assert_eq!(updates[0].action, Some(CallAction::HangUp));

    let refer = "<?xml version='1.0' encoding='UTF-8'?>\n<Response><Refer \
                 referCompleteUrl=\"/refer-complete\" referCompleteMethod=\"POST\" tag=\"x\">\
                 <SipUri uui=\"YWJj;encoding=base64\">sip:alice@example.com</SipUri></Refer>\
                 </Response>";
    for document in [refer, "<Bxml><Hangup/></Bxml>"] {
        let update = Dialect::Bxml.read_document(document.as_bytes()).unwrap();
        assert!(
            matches!(update.action, Some(CallAction::Document(body)) if body == document.as_bytes())
        );
    }
}

#[test]
fn the_libraries_of_jambonz_place_a_call() {
    let with_speech = json!({
        "from": "+15550001111", "to": {"type": "sip", "sipUri": "sip:bob@127.0.0.1"},
        "call_hook": "http://127.0.0.1:9/hook", "call_status_hook": "http://127.0.0.1:9/st",
        "speech_synthesis_vendor": "google", "speech_synthesis_language": "en-US",
        "speech_synthesis_voice": "en-US-Standard-C", "speech_recognizer_vendor": "google",
        "speech_recognizer_language": "en-US",
    });
    let order = json_order(Dialect::Jambonz, &with_speech);
    assert_eq!(order.to, "sip:bob@127.0.0.1");
    assert_eq!(order.hooks.first.unwrap().url, "http://127.0.0.1:9/hook");
    assert_eq!(order.hooks.status.unwrap().url, "http://127.0.0.1:9/st");
    assert_eq!(
        order.voice.unwrap().name.as_deref(),
        Some("en-US-Standard-C")
    );
    assert_eq!(order.recognizer.unwrap().vendor.as_deref(), Some("google"));

    let without = json!({
        "from": "+15550001111", "to": {"type": "sip", "sipUri": "sip:bob@127.0.0.1"},
        "call_hook": "http://127.0.0.1:9/hook", "call_status_hook": "http://127.0.0.1:9/st",
    });
    assert_eq!(json_order(Dialect::Jambonz, &without).voice, None);
}

#[test]
fn the_libraries_of_jambonz_change_a_call() {
    let action = |value| {
        let mut updates = json_update(Dialect::Jambonz, &value).unwrap();
        assert_eq!(updates.len(), 1);
        updates.remove(0).action.unwrap()
    };
    let of_object = json!({"call_hook": {"url": "http://127.0.0.1:9/new", "method": "POST"}});
    let of_text = json!({"call_hook": "http://127.0.0.1:9/new"});
    for value in [of_object, of_text] {
        assert!(
            matches!(action(value), CallAction::Redirect(hook) if hook.url == "http://127.0.0.1:9/new")
        );
    }
    assert_eq!(
        action(json!({"call_status": "completed"})),
        CallAction::Complete
    );
    assert_eq!(
        action(json!({"mute_status": "mute"})),
        CallAction::Mute(true)
    );
    let info =
        json!({"sip_request": {"method": "INFO", "content_type": "text/plain", "content": "x"}});
    let CallAction::SipRequest(request) = action(info) else {
        panic!("no request")
    };
    assert_eq!(
        (request.method.as_str(), request.body.as_deref()),
        ("INFO", Some("x"))
    );
    let content_type = ("Content-Type".to_owned(), "text/plain".to_owned());
    assert_eq!(request.headers, [content_type]);

    let transfer = json!({"transfer": {
        "mode": "blind", "blindMethod": "refer",
        "target": [{"type": "sip", "sipUri": "sip:alice@example.com"}], "actionHook": "/t",
    }});
    let CallAction::Transfer(program) = action(transfer) else {
        panic!("no program")
    };
    let Verb::Refer(refer) = &program.steps[0].verb else {
        panic!("no transfer")
    };
    assert_eq!(refer.target, "sip:alice@example.com");
    assert_eq!(refer.result.as_ref().unwrap().url, "/t");
}

#[test]
fn a_body_of_the_wrong_type_is_refused_with_415() {
    for dialect in Dialect::ALL {
        let is_form = matches!(dialect, Dialect::Twiml | Dialect::Cxml);
        let wrong = if is_form {
            ApiBody::Json(b"{}")
        } else {
            ApiBody::Form(&[])
        };
        let fault = dialect.read_order(&Desk::of(dialect), wrong).unwrap_err();
        assert_eq!(fault.status, 415, "{dialect}");
        assert_eq!(dialect.read_update(wrong).unwrap_err().status, 415);
    }
}
