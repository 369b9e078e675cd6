//! What NOTIFYs mean.

use hookflash_transfer::sipfrag::NoStatus;
use hookflash_transfer::{End, EndedBy, Notification, NotifyWarning, Outcome};

use crate::dialogue::accepted;

#[test]
fn c65_any_2xx_means_that_the_target_answered() {
    for (line, code) in [
        ("SIP/2.0 200 OK", 200),
        ("SIP/2.0 202 Accepted", 202),
        ("SIP/2.0 204", 204),
    ] {
        for state in [
            "terminated;reason=noresource",
            "active;expires=30",
            "pending",
            "",
        ] {
            let call = accepted()
                .notifies("SIP/2.0 100 Trying", "active")
                .notifies(line, state);
            let result = call.result();
            assert_eq!(
                (result.end, result.outcome),
                (End::Final, Outcome::Succeeded),
                "{line}"
            );
            assert_eq!(result.final_notify_code, Some(code));
            assert_eq!(result.ended_by, EndedBy::Notify);
            assert!(
                result.dialog_alive,
                "success by itself does not end the call"
            );
        }
    }
}

#[test]
fn c66_every_other_final_status_is_a_failure_with_its_code() {
    for code in [
        300, 302, 401, 403, 404, 407, 408, 480, 486, 487, 488, 500, 503, 600, 603, 606, 699,
    ] {
        let line = format!("SIP/2.0 {code} Because");
        let call = accepted().notifies(&line, "terminated;reason=noresource");
        let result = call.result();
        assert_eq!(
            (result.end, result.outcome),
            (End::Final, Outcome::Failed),
            "{code}"
        );
        assert_eq!(result.final_notify_code, Some(code));
        assert_eq!(result.last_notify_code, Some(code));
        assert_eq!(result.notify_reason, "Because");
        assert!(result.dialog_alive, "a failed transfer never ends the call");
    }
}

#[test]
fn c67_a_final_status_in_an_active_subscription_is_final() {
    let call = accepted().notifies("SIP/2.0 486 Busy Here", "active;expires=3600");
    assert_eq!(call.result().end, End::Final);
    assert_eq!(call.result().final_notify_code, Some(486));
}

#[test]
fn only_a_final_notify_is_enough() {
    let call = accepted()
        .after_secs(4)
        .notifies("SIP/2.0 200 OK", "terminated;reason=noresource");
    assert_eq!(call.result().notify_codes, [200]);
}

#[test]
fn c64_terminated_with_a_provisional_status_is_no_success() {
    for line in ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing"] {
        let call = accepted().notifies(line, "terminated;reason=noresource");
        let result = call.result();
        assert_eq!(
            (result.end, result.outcome),
            (End::SubscriptionEnded, Outcome::Unknown)
        );
        assert_eq!(result.final_notify_code, None);
        assert!(result.last_notify_code.is_some());
    }
}

#[test]
fn c68_terminated_without_status_is_no_success_and_its_reason_is_kept() {
    let reasons = [
        "deactivated",
        "probation",
        "rejected",
        "timeout",
        "giveup",
        "noresource",
        "invariant",
        "weather",
    ];
    for reason in reasons {
        let call = accepted().notifies("", &format!("terminated;reason={reason}"));
        let result = call.result();
        assert_eq!(
            (result.end, result.outcome),
            (End::SubscriptionEnded, Outcome::Unknown)
        );
        assert_eq!(result.subscription_reason.as_deref(), Some(reason));
        assert_eq!(result.last_notify_code, None);
    }
}

#[test]
fn c55_without_subscription_state_the_status_decides() {
    let mut call = accepted();
    let effect = call.notify("SIP/2.0 180 Ringing", "");
    assert_eq!(effect.progress, Some(180));
    assert_eq!(effect.warning, Some(NotifyWarning::NoSubscriptionState));
    assert!(call.is_open());
    let call = call.notifies("SIP/2.0 486 Busy Here", "");
    assert_eq!(call.result().end, End::Final);
}

#[test]
fn c61_a_body_without_status_is_no_progress_and_never_success() {
    let mut call = accepted();
    for (body, why) in [
        ("SIP/2.0 99 Low", NoStatus::BadCode),
        ("To: <sip:alice@example.com>", NoStatus::HeadersOnly),
        ("INVITE sip:alice@example.com SIP/2.0", NoStatus::Request),
    ] {
        let effect = call.notify(body, "active;expires=60");
        assert_eq!(effect.progress, None);
        assert_eq!(effect.warning, Some(NotifyWarning::NoStatus(why)));
        assert!(call.is_open());
    }
    let call = call.notifies("SIP/2.0 2000 OK", "terminated");
    assert_eq!(call.result().outcome, Outcome::Unknown);
}

#[test]
fn c62_a_status_under_a_foreign_content_type_counts_with_a_warning() {
    let mut call = accepted();
    let notify = Notification {
        content_type: Some("text/plain"),
        body: b"SIP/2.0 180 Ringing",
        subscription: None,
    };
    let effect = call.transfer.handle_notify(call.now, notify);
    assert_eq!(effect.progress, Some(180));
    assert_eq!(
        effect.warning,
        Some(NotifyWarning::ContentType(Some("text/plain".to_owned())))
    );
}

#[test]
fn c138_the_first_final_status_wins() {
    let mut call = accepted().notifies("SIP/2.0 486 Busy Here", "active;expires=60");
    let effect = call.notify("SIP/2.0 200 OK", "terminated;reason=noresource");
    assert!(effect.late);
    assert_eq!(effect.progress, None, "progress is over");
    assert_eq!(call.result().outcome, Outcome::Failed);
    assert_eq!(
        call.amendment()
            .expect("shown in our own view")
            .late_notify_codes,
        [200]
    );
}

#[test]
fn c59_the_reason_header_of_the_fragment_is_passed_on() {
    let call = accepted().notifies(
        "SIP/2.0 503 Service Unavailable\r\nReason: Q.850;cause=34;text=\"No circuit\"",
        "terminated",
    );
    let result = call.result();
    assert_eq!(
        result.reason_header.as_deref(),
        Some("Q.850;cause=34;text=\"No circuit\"")
    );
    assert!(result.verdict.contains("No circuit"), "{}", result.verdict);
}

#[test]
fn c158_each_notify_is_reported_once_with_its_status() {
    let mut call = accepted();
    for (line, code) in [("SIP/2.0 100 Trying", 100), ("SIP/2.0 180 Ringing", 180)] {
        assert_eq!(call.notify(line, "active;expires=60").progress, Some(code));
    }
    assert_eq!(
        call.notify("SIP/2.0 200 OK", "terminated").progress,
        Some(200)
    );
    assert_eq!(call.notify("SIP/2.0 200 OK", "terminated").progress, None);
}

#[test]
fn a_peer_that_floods_us_with_notifies_costs_bounded_memory() {
    let mut call = accepted();
    for _ in 0..10_000 {
        call.notify("SIP/2.0 180 Ringing", "active");
    }
    let call = call.notifies("SIP/2.0 603 Decline", "terminated");
    assert!(call.result().notify_codes.len() <= 64);
    assert_eq!(call.result().notify_codes.last(), Some(&603));
}

#[test]
fn the_times_of_the_transfer_are_kept() {
    let call = accepted()
        .after_secs(7)
        .notifies("SIP/2.0 200 OK", "terminated");
    let result = call.result();
    assert_eq!(result.started, call.start);
    assert_eq!(result.accepted, Some(call.start));
    assert_eq!(result.ended, call.now);
}
