//! Status words and status callbacks.

use std::time::Duration;

use hookflash_dialects::{
    CallEnd, CallFacts, CallState, Dialect, Direction, EndedBy, Moment, ReplyUse, StatusEvent,
    Success,
};

use crate::call::{BOTH, call, ended, field, refused, request};

const COMPLETED: Moment<'static> = Moment::Status {
    event: StatusEvent::Completed,
    sequence: 0,
};

#[test]
fn an_inbound_call_goes_from_ringing_to_completed() {
    for dialect in BOTH {
        for (state, word) in [
            (CallState::Trying, "ringing"),
            (CallState::Ringing, "ringing"),
            (CallState::InProgress, "in-progress"),
        ] {
            assert_eq!(
                dialect.status_word(&CallFacts {
                    state,
                    ..call(dialect)
                }),
                word
            );
        }
        assert_eq!(
            dialect.status_word(&ended(dialect, EndedBy::Peer)),
            "completed"
        );
    }
}

#[test]
fn an_outbound_call_starts_queued_and_a_dialled_leg_initiated() {
    for dialect in BOTH {
        let state = CallState::Trying;
        let direction = Direction::OutboundApi;
        let facts = CallFacts {
            state: state.clone(),
            direction,
            ..call(dialect)
        };
        assert_eq!(dialect.status_word(&facts), "queued");
        let facts = CallFacts {
            state,
            direction: Direction::OutboundDial,
            ..call(dialect)
        };
        assert_eq!(dialect.status_word(&facts), "initiated");
    }
}

#[test]
fn an_unanswered_call_ends_by_what_the_wire_said() {
    for dialect in BOTH {
        for (by, direction, sip_status, word) in [
            (EndedBy::Peer, Direction::OutboundApi, 486, "busy"),
            (EndedBy::Peer, Direction::OutboundApi, 600, "busy"),
            (EndedBy::Peer, Direction::OutboundApi, 603, "busy"),
            (EndedBy::Peer, Direction::OutboundApi, 480, "no-answer"),
            (EndedBy::Server, Direction::OutboundApi, 408, "no-answer"),
            (EndedBy::Peer, Direction::OutboundApi, 404, "failed"),
            (EndedBy::Peer, Direction::OutboundApi, 503, "failed"),
            (EndedBy::Api, Direction::OutboundApi, 487, "canceled"),
            (EndedBy::Peer, Direction::Inbound, 487, "no-answer"),
            (EndedBy::Document, Direction::Inbound, 404, "no-answer"),
            (EndedBy::Document, Direction::Inbound, 486, "busy"),
            (EndedBy::Server, Direction::Inbound, 503, "failed"),
        ] {
            let facts = CallFacts {
                direction,
                ..refused(dialect, by, sip_status)
            };
            assert_eq!(
                dialect.status_word(&facts),
                word,
                "{dialect} {by:?} {sip_status}"
            );
        }
    }
}

#[test]
fn twilio_is_told_the_end_of_a_call() {
    let request = request(&ended(Dialect::Twiml, EndedBy::Peer), &COMPLETED);
    assert_eq!(request.purpose, "status");
    assert_eq!(request.url, "https://app.example.com/status");
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    for (name, value) in [
        ("CallStatus", "completed"),
        ("CallDuration", "65"),
        ("Duration", "2"),
        ("Timestamp", "Sat, 21 Nov 2026 10:01:07 +0000"),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", "0"),
        ("SipResponseCode", "200"),
        ("Direction", "inbound"),
        ("ApiVersion", "2010-04-01"),
    ] {
        assert_eq!(field(&request, name), Some(value), "{name}");
    }
    assert_eq!(field(&request, "HangupBy"), None);
}

#[test]
fn signalwire_is_told_the_end_of_a_call_in_its_own_fields() {
    let request = request(&ended(Dialect::Cxml, EndedBy::Peer), &COMPLETED);
    for (name, value) in [
        ("CallStatus", "completed"),
        ("CallDuration", "65"),
        ("Timestamp", "Sat, 21 Nov 2026 10:01:07 +0000"),
        ("SipResultCode", "200"),
        ("SipInviteResultPhrase", "OK"),
        ("HangupBy", "caller"),
        ("HangupDirection", "inbound"),
    ] {
        assert_eq!(field(&request, name), Some(value), "{name}");
    }
    assert_eq!(field(&request, "Duration"), None);
    assert_eq!(field(&request, "SipResponseCode"), None);
}

#[test]
fn a_call_that_we_hung_up_says_so() {
    let request = request(&ended(Dialect::Cxml, EndedBy::Document), &COMPLETED);
    assert_eq!(field(&request, "HangupBy"), Some("platform"));
    assert_eq!(field(&request, "HangupDirection"), Some("outbound"));
}

#[test]
fn a_call_that_nobody_answered_lasted_nothing() {
    let request = request(&refused(Dialect::Twiml, EndedBy::Document, 486), &COMPLETED);
    assert_eq!(field(&request, "CallStatus"), Some("busy"));
    assert_eq!(field(&request, "CallDuration"), Some("0"));
    assert_eq!(field(&request, "Duration"), Some("0"));
    assert_eq!(field(&request, "SipResponseCode"), Some("486"));
}

#[test]
fn signalwire_says_only_completed_or_failed_of_inbound_calls() {
    let facts = refused(Dialect::Cxml, EndedBy::Document, 486);
    assert_eq!(
        field(&request(&facts, &COMPLETED), "CallStatus"),
        Some("failed")
    );
    let facts = CallFacts {
        direction: Direction::OutboundApi,
        ..facts
    };
    assert_eq!(
        field(&request(&facts, &COMPLETED), "CallStatus"),
        Some("busy")
    );
}

#[test]
fn only_the_end_is_reported_unless_asked() {
    for dialect in BOTH {
        for event in [
            StatusEvent::Initiated,
            StatusEvent::Ringing,
            StatusEvent::Answered,
        ] {
            let moment = Moment::Status { event, sequence: 0 };
            assert_eq!(dialect.request(&call(dialect), "", &moment), Ok(None));
        }
    }
}

#[test]
fn without_a_status_callback_nobody_is_told() {
    for dialect in BOTH {
        let mut facts = ended(dialect, EndedBy::Peer);
        let mut application = (*facts.application).clone();
        application.status_callback = None;
        facts.application = application.into();
        assert_eq!(dialect.request(&facts, "", &COMPLETED), Ok(None));
    }
}

#[test]
fn signalwire_tries_a_status_callback_three_times_in_all() {
    let policy = request(&ended(Dialect::Cxml, EndedBy::Peer), &COMPLETED).policy;
    assert_eq!(policy.retries, 2);
    let on = policy.retry_on;
    assert!(on.connect && on.read && on.client_errors && on.server_errors);
    assert!(policy.success.covers(200) && policy.success.covers(204));
    assert!(!policy.success.covers(202));
    assert!(
        policy.total >= Duration::from_secs(45),
        "each try has its own 15 s"
    );

    let policy = request(&ended(Dialect::Twiml, EndedBy::Peer), &COMPLETED).policy;
    assert_eq!((policy.retries, policy.success), (1, Success::Any2xx));
}

#[test]
fn a_clock_that_jumped_back_makes_no_negative_duration() {
    let mut facts = ended(Dialect::Twiml, EndedBy::Peer);
    facts.answered_at = Some(crate::call::at(100));
    let request = request(&facts, &COMPLETED);
    assert_eq!(field(&request, "CallDuration"), Some("0"));
    let CallState::Ended(CallEnd { answered, .. }) = facts.state else {
        panic!()
    };
    assert!(answered);
}
