//! The response to REFER.

use hookflash_transfer::{End, EndedBy, Outcome};

use crate::dialogue::{accepted, refer};

#[test]
fn c29_a_provisional_response_is_no_result() {
    let call = refer().answers(100, "Trying").after_secs(10);
    assert!(call.is_open());
    let call = call
        .answers(202, "Accepted")
        .notifies("SIP/2.0 200 OK", "terminated");
    assert_eq!(call.result().refer_code, Some(202));
    assert_eq!(call.result().outcome, Outcome::Succeeded);
}

#[test]
fn c30_every_2xx_accepts_and_none_means_transferred() {
    for code in [200, 202, 204, 299] {
        let call = refer().answers(code, "");
        assert!(call.is_open(), "{code} is not the end");
        let call = call.notifies("SIP/2.0 486 Busy Here", "terminated;reason=noresource");
        assert_eq!(call.result().refer_code, Some(code), "as seen on the wire");
        assert_eq!(call.result().outcome, Outcome::Failed);
        assert_eq!(call.result().end, End::Final);
    }
}

#[test]
fn c36_a_rejection_fails_the_transfer_and_leaves_the_call() {
    let codes = [
        302, 400, 401, 403, 404, 405, 407, 408, 410, 416, 420, 429, 480, 482, 486, 488, 491, 500,
        501, 502, 503, 600, 603, 604, 606,
    ];
    for code in codes {
        let call = refer().answers(code, "No");
        let result = call.result();
        assert_eq!(
            (result.end, result.outcome),
            (End::Rejected, Outcome::Failed),
            "{code}"
        );
        assert_eq!(result.refer_code, Some(code));
        assert_eq!(result.refer_reason, "No");
        assert_eq!(result.ended_by, EndedBy::Response);
        assert!(result.answered);
        assert!(result.dialog_alive, "{code} ends the transfer only");
        assert_eq!(result.notify_codes, []);
        assert_eq!(result.accepted, None);
    }
}

#[test]
fn c36_481_means_that_the_call_is_gone() {
    let call = refer().answers(481, "Call Does Not Exist");
    assert_eq!(call.result().end, End::Rejected);
    assert_eq!(call.result().refer_code, Some(481));
    assert!(!call.result().dialog_alive);
}

#[test]
fn c28_a_refer_that_nobody_answers_gets_a_local_408() {
    let call = refer().after_secs(32).never_answers();
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::Rejected, Outcome::Failed)
    );
    assert_eq!(result.refer_code, Some(408));
    assert!(!result.answered);
    assert!(result.dialog_alive);
    assert!(
        result.verdict.contains("Nothing answered"),
        "{}",
        result.verdict
    );
}

#[test]
fn c36a_a_408_from_the_wire_is_told_from_the_local_one() {
    let call = refer().answers(408, "Request Timeout");
    assert!(call.result().answered);
    assert!(!call.result().verdict.contains("Nothing answered"));
}

#[test]
fn a_refer_that_cannot_be_sent_is_a_transport_error_without_code() {
    let call = refer().cannot_be_sent();
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::TransportError, Outcome::Failed)
    );
    assert_eq!(result.refer_code, None);
    assert_eq!(result.ended_by, EndedBy::Transport);
    assert!(result.dialog_alive);
}

#[test]
fn only_the_first_final_response_counts() {
    let call = refer().answers(202, "Accepted").answers(603, "Decline");
    assert!(call.is_open());
    let call = call
        .answers(202, "Accepted")
        .notifies("SIP/2.0 200 OK", "terminated");
    assert_eq!(call.result().refer_code, Some(202));
}

#[test]
fn c42_refer_sub_false_leaves_the_outcome_unknown() {
    let call = refer().answers_refer_sub_false();
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::NoSubscription, Outcome::Unknown)
    );
    assert_eq!(result.refer_code, Some(202));
    assert!(result.dialog_alive);
    let call = call.after_secs(2).hangs_up();
    let amended = &call.amendment().expect("the BYE says something").verdict;
    assert!(
        amended.contains("suggests that the target did answer"),
        "{amended}"
    );
}

#[test]
fn c41_refer_sub_false_is_not_believed_of_a_peer_that_notifies() {
    let call = refer()
        .notifies("SIP/2.0 100 Trying", "active;expires=60")
        .answers_refer_sub_false();
    assert!(call.is_open());
    let call = call.notifies("SIP/2.0 200 OK", "terminated;reason=noresource");
    assert_eq!(call.result().outcome, Outcome::Succeeded);
}

#[test]
fn a_lost_transport_after_acceptance_leaves_the_outcome_unknown() {
    let call = accepted()
        .notifies("SIP/2.0 180 Ringing", "active")
        .transport_breaks();
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::TransportError, Outcome::Unknown)
    );
    assert_eq!(result.last_notify_code, Some(180));
    assert_eq!(call.result().refer_code, Some(202));
}
