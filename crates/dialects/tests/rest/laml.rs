//! Requests of Twilio's and SignalWire's APIs, beyond what the libraries were seen to send.

use std::time::Duration;

use hookflash_dialects::rest::ApiBody;
use hookflash_dialects::{CallAction, Dialect};
use hookflash_program::{BackgroundRecording, HookMethod, Tracks};

use crate::example::{fields, form, form_order, form_update};

const BOTH: [Dialect; 2] = [Dialect::Twiml, Dialect::Cxml];

const TO: (&str, &str) = ("To", "sip:bob@phones.example.com");
const FROM: (&str, &str) = ("From", "+15550001111");
const URL: (&str, &str) = ("Url", "https://app.example.com/v");

fn refused(dialect: Dialect, pairs: &[(&str, &str)]) -> String {
    match form(dialect, pairs) {
        Ok(new) => panic!("{pairs:?}: {:?}", new.order),
        Err(fault) => {
            assert_eq!(fault.status, 400, "{fault:?}");
            fault.code.into_owned()
        }
    }
}

#[test]
fn each_wrong_parameter_has_its_code() {
    let long = format!("<Response><Say>{}</Say></Response>", "a".repeat(4000));
    for (changed, twilio, signalwire) in [
        (("To", ""), "21201", "21201"),
        (("To", "bob"), "21211", "21211"),
        (("To", "client:bob"), "21211", "21211"),
        (("To", "sip:a@b?Via=1"), "21211", "21211"),
        (("From", " "), "21213", "21213"),
        (("From", "two words"), "21212", "21212"),
        (("CallerId", "<sip:x>"), "21212", "21212"),
        (("Url", ""), "21205", "21205"),
        (("Url", "/relative"), "21205", "21402"),
        (("Url", "ftp://app.example.com"), "21205", "21402"),
        (("Url", "ws://app.example.com"), "21205", "21402"),
        (("Url", "https://app.example.com#rt=1"), "21205", "21402"),
        (("FallbackUrl", "nowhere"), "21205", "21402"),
        (("StatusCallback", "nowhere"), "21205", "21402"),
        (("RecordingStatusCallback", "nowhere"), "21205", "21402"),
        (("Method", "PUT"), "21209", "21209"),
        (("FallbackMethod", "PUT"), "21209", "21209"),
        (("StatusCallbackMethod", "PUT"), "21209", "21209"),
        (("StatusCallbackEvent", "answered died"), "21626", "10000"),
        (("SendDigits", "12a"), "21206", "21206"),
        (
            ("SendDigits", "123456789012345678901234567890123"),
            "21206",
            "21206",
        ),
        (("Timeout", "601"), "21208", "21208"),
        (("Timeout", "0"), "21208", "21208"),
        (("Timeout", "soon"), "21208", "21208"),
        (("TimeLimit", "0"), "20001", "10000"),
        (("Record", "maybe"), "20001", "10000"),
        (("RecordingChannels", "quad"), "20001", "10000"),
        (("RecordingTrack", "left"), "20001", "10000"),
        (("RecordingStatusCallbackEvent", "done"), "20001", "10000"),
        (("Trim", "yes"), "20001", "10000"),
        (("MachineDetection", "maybe"), "20001", "10000"),
        (("MachineDetectionTimeout", "60"), "20001", "10000"),
        (("MachineDetectionSpeechThreshold", "999"), "20001", "10000"),
        (
            ("MachineDetectionSpeechEndThreshold", "5001"),
            "20001",
            "10000",
        ),
        (("MachineDetectionSilenceTimeout", "1"), "20001", "10000"),
        (("AsyncAmd", "1"), "20001", "10000"),
        (("ApplicationSid", "APnobody"), "21218", "21218"),
    ] {
        for (dialect, code) in [(Dialect::Twiml, twilio), (Dialect::Cxml, signalwire)] {
            let pairs = [TO, FROM, URL, changed];
            assert_eq!(refused(dialect, &pairs), code, "{dialect} {changed:?}");
        }
    }
    for dialect in BOTH {
        let argument = if dialect == Dialect::Twiml {
            "20001"
        } else {
            "10000"
        };
        assert_eq!(refused(dialect, &[TO, FROM, ("Twiml", &long)]), argument);
        assert_eq!(
            refused(dialect, &[TO, FROM, ("Twiml", "<Response>")]),
            "12100"
        );
        assert_eq!(refused(dialect, &[TO, FROM]), "21205");
    }
}

#[test]
fn a_sentence_says_what_is_wrong_and_never_tells_a_password() {
    let fault = form(
        Dialect::Twiml,
        &[TO, FROM, ("Url", "ftp://us:secret@app.example.com/v")],
    );
    let message = fault.unwrap_err().message;
    assert!(message.starts_with("Url: "), "{message}");
    assert!(
        message.contains("ftp") && !message.contains("secret"),
        "{message}"
    );
}

#[test]
fn an_application_goes_before_a_url_and_a_url_before_a_document() {
    let document = ("Twiml", "<Response/>");
    for dialect in BOTH {
        let order = form_order(dialect, &[TO, FROM, URL, document]);
        assert_eq!(order.document, None);
        assert_eq!(order.application.url, URL.1);
        for named in ["support", "app-1"] {
            let status = ("StatusCallback", "https://elsewhere.example.com/");
            let order = form_order(
                dialect,
                &[TO, FROM, URL, document, status, ("ApplicationSid", named)],
            );
            assert_eq!(order.application.name, "support");
            assert_eq!(order.hooks, Default::default());
            assert_eq!(order.document, None);
        }
    }
}

#[test]
fn signalwire_calls_a_document_laml() {
    let order = form_order(Dialect::Cxml, &[TO, FROM, ("Laml", "<Response/>")]);
    assert_eq!(order.document.as_deref(), Some(b"<Response/>".as_slice()));
    assert_eq!(
        refused(Dialect::Twiml, &[TO, FROM, ("Laml", "<Response/>")]),
        "21205"
    );
}

#[test]
fn headers_of_the_called_uri_become_fields_of_the_invite() {
    let to = (
        "To",
        "sip:bob@b.example;transport=tcp?X-Account=47%2011&User-to-User=aa%3Bencoding%3Dhex",
    );
    let order = form_order(Dialect::Twiml, &[to, FROM, URL]);
    assert_eq!(order.to, "sip:bob@b.example;transport=tcp");
    let headers = [
        ("X-Account".to_owned(), "47 11".to_owned()),
        ("User-to-User".to_owned(), "aa;encoding=hex".to_owned()),
    ];
    assert_eq!(order.headers, headers);
}

#[test]
fn only_a_number_calls_a_number_and_a_name_may_call_a_uri() {
    for dialect in BOTH {
        let number = ("To", "+1 (555) 111-2222");
        assert_eq!(form_order(dialect, &[number, FROM, URL]).to, "+15551112222");
        assert_eq!(refused(dialect, &[number, ("From", "jack"), URL]), "21212");
        for (from, wanted) in [
            ("jack", "jack"),
            ("client:jack", "jack"),
            ("sip:jack@x", "sip:jack@x"),
        ] {
            assert_eq!(
                form_order(dialect, &[TO, ("From", from), URL]).from.value,
                wanted
            );
        }
        let order = form_order(dialect, &[TO, FROM, URL, ("CallerId", "+15559998888")]);
        assert_eq!(order.from.value, "+15559998888");
    }
}

#[test]
fn a_number_whose_plus_was_not_escaped_is_the_number_that_is_meant() {
    for dialect in BOTH {
        // What `To=+15551112222` comes to when a form is decoded.
        let order = form_order(
            dialect,
            &[("To", " 15551112222"), ("From", " 15550001111"), URL],
        );
        assert_eq!(order.to, "+15551112222");
        assert_eq!(order.from.value, "+15550001111");
        let order = form_order(dialect, &[TO, FROM, URL, ("CallerId", " 15559998888")]);
        assert_eq!(order.from.value, "+15559998888");
        // Nobody means a plus here.
        let order = form_order(dialect, &[("To", "15551112222 "), FROM, URL]);
        assert_eq!(order.to, "15551112222");
        assert_eq!(refused(dialect, &[("To", " "), FROM, URL]), "21201");
    }
}

#[test]
fn a_recording_is_ordered_with_its_callback() {
    let pairs = [
        TO,
        FROM,
        URL,
        ("Record", "true"),
        ("RecordingChannels", "dual"),
        ("RecordingTrack", "outbound"),
        ("Trim", "do-not-trim"),
        ("RecordingStatusCallback", "https://app.example.com/rec"),
        ("RecordingStatusCallbackMethod", "GET"),
        ("RecordingStatusCallbackEvent", "in-progress absent"),
    ];
    for dialect in BOTH {
        let record = form_order(dialect, &pairs).record.unwrap();
        assert!(record.dual && !record.trim);
        assert_eq!(record.tracks, Tracks::Outbound);
        assert_eq!(
            record.announce.hook.as_ref().unwrap().method,
            HookMethod::Get
        );
        let told = &record.announce;
        assert!(told.begun && told.absent && !told.completed);
    }
}

/// Twilio's libraries say so of their `trim`, of both requests.
#[test]
fn silence_is_trimmed_of_a_call_that_is_recorded_but_of_no_recording_of_a_call_that_runs() {
    for dialect in BOTH {
        let trims = |pairs: &[(&str, &str)]| {
            let body = ApiBody::Form(&fields(pairs));
            dialect.read_recording(body).unwrap().trim
        };
        assert!(!trims(&[]) && !trims(&[("Trim", "do-not-trim")]));
        assert!(trims(&[("Trim", "trim-silence")]));
        let of_call = form_order(dialect, &[TO, FROM, URL, ("Record", "true")]);
        assert!(of_call.record.unwrap().trim);
    }
}

#[test]
fn a_paused_recording_has_silence_in_it_unless_it_is_to_be_skipped() {
    use BackgroundRecording::{Pause, Silence, Stop};
    let paused = ("Status", "paused");
    for dialect in BOTH {
        let change = |pairs: &[(&str, &str)]| {
            let body = ApiBody::Form(&fields(pairs));
            dialect.read_recording_change(body).unwrap()
        };
        assert_eq!(change(&[paused]), Silence);
        assert_eq!(change(&[paused, ("PauseBehavior", "silence")]), Silence);
        assert_eq!(change(&[paused, ("PauseBehavior", "skip")]), Pause);
        assert_eq!(
            change(&[("Status", "stopped"), ("PauseBehavior", "skip")]),
            Stop
        );
    }
}

#[test]
fn machines_are_detected_before_the_document_or_beside_it() {
    let detection = ("MachineDetection", "DetectMessageEnd");
    for dialect in BOTH {
        let order = form_order(dialect, &[TO, FROM, URL, detection]);
        let detection = order.machine_detection.unwrap();
        assert!(detection.until_greeting_ends && detection.told_to.is_none());
        assert!(!detection.beside);
        assert_eq!(detection.timeout, Duration::from_secs(30));
        assert_eq!(detection.silence_timeout, Duration::from_millis(5000));
    }
    let beside = [
        TO,
        FROM,
        URL,
        ("MachineDetection", "Enable"),
        ("AsyncAmd", "true"),
        ("AsyncAmdStatusCallback", "https://app.example.com/amd"),
    ];
    let detection = form_order(Dialect::Twiml, &beside)
        .machine_detection
        .unwrap();
    assert!(detection.beside);
    assert_eq!(
        detection.told_to.unwrap().url,
        "https://app.example.com/amd"
    );
    // Nobody is told then; the call's resource has the result.
    for dialect in BOTH {
        let order = form_order(dialect, &beside[..5]);
        let detection = order.machine_detection.unwrap();
        assert!(detection.beside && detection.told_to.is_none());
    }
    let none = form_order(
        Dialect::Cxml,
        &[TO, FROM, URL, ("MachineDetection", "none")],
    );
    assert_eq!(none.machine_detection, None);
}

#[test]
fn an_update_has_one_action_or_none() {
    for dialect in BOTH {
        let document = ("Twiml", "<Response/>");
        let status = ("Status", "completed");
        for pairs in [
            &[URL, document][..],
            &[URL, status],
            &[document, status],
            &[("Status", "busy")],
        ] {
            let fault = form_update(dialect, pairs).unwrap_err();
            assert_eq!(fault.status, 400, "{pairs:?}");
        }
        assert_eq!(
            form_update(dialect, &[("Twiml", "<Nothing/>")])
                .unwrap_err()
                .code,
            "12102"
        );
        let updates = form_update(
            dialect,
            &[
                ("StatusCallback", "https://app.example.com/s"),
                ("FallbackUrl", "https://app.example.com/f"),
                ("TimeLimit", "60"),
            ],
        );
        let update = updates.unwrap().remove(0);
        assert_eq!(update.action, None);
        assert_eq!(update.max_duration, Some(Duration::from_secs(60)));
        assert!(update.hooks.status.is_some() && update.hooks.fallback.is_some());
        assert_eq!(update.hooks.first, None);
    }
}

#[test]
fn a_redirect_keeps_its_method() {
    let updates = form_update(Dialect::Twiml, &[URL, ("Method", "get")]).unwrap();
    assert!(
        matches!(&updates[0].action, Some(CallAction::Redirect(hook)) if hook.method == HookMethod::Get)
    );
}
