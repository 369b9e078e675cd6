//! The verdict: for every way a transfer can end, words that a person can act on.

use hookflash_transfer::cause;
use hookflash_transfer::refer_to::{BareTarget, ReferTo};
use hookflash_transfer::{AllowList, End, NotApplicable, Outcome, TransferResult};

use crate::dialogue::{Dialogue, accepted, refer};

fn verdict(call: Dialogue) -> String {
    call.result().verdict.clone()
}

#[test]
fn each_ending_has_its_own_words() {
    let ringing = || accepted().notifies("SIP/2.0 180 Ringing", "active;expires=60");
    let golden = [
        (
            accepted().notifies("SIP/2.0 486 Busy Here", "terminated"),
            "The far end accepted the REFER (202) and called the target, which was busy (486 Busy \
             Here). The call is still up.",
        ),
        (
            accepted().notifies("SIP/2.0 200 OK", "terminated"),
            "The far end accepted the REFER (202) and called the target, which answered (200 OK). \
             The call is still up.",
        ),
        (
            refer().answers(405, "Method Not Allowed"),
            "The far end refused the REFER (405 Method Not Allowed): the far end does not allow \
             REFER; trunks often need it switched on. The call is still up.",
        ),
        (
            refer().answers(481, ""),
            "The far end refused the REFER (481 Call/Transaction Does Not Exist): it no longer \
             knows this call. The call is over, and no further verb runs.",
        ),
        (
            refer().never_answers(),
            "Nothing answered the REFER (408, made here): the far end or a proxy on the way drops \
             it; trunks that do not support REFER often do. The call is still up.",
        ),
        (
            accepted().after_secs(120),
            "The far end accepted the REFER (202), but never reported how the call to the target \
             went within the time limit. Whether the target answered is unknown. The call is \
             still up.",
        ),
        (
            ringing().notifies("", "terminated;reason=giveup"),
            "The far end accepted the REFER (202), but reported no end; its last word was 180 \
             Ringing, and then ended the subscription (reason giveup). Whether the target \
             answered is unknown. The call is still up.",
        ),
        (
            ringing().after_secs(60),
            "The far end accepted the REFER (202), but reported no end; its last word was 180 \
             Ringing, and then the subscription expired. Whether the target answered is unknown. \
             The call is still up.",
        ),
        (
            ringing().hangs_up().after_secs(1),
            "The far end accepted the REFER (202), but reported no end; its last word was 180 \
             Ringing; then it hung up. Many far ends hang up as soon as the target answers, \
             others when the caller has gone, so the transfer may or may not have worked. The \
             call is over.",
        ),
        (
            refer().hangs_up().after_secs(1),
            "The REFER had no answer yet; the far end hung up first. The call is over.",
        ),
        (
            ringing().we_hang_up(),
            "The far end accepted the REFER (202), but reported no end; its last word was 180 \
             Ringing; then this side hung up. The call is over.",
        ),
        (
            refer().answers_refer_sub_false(),
            "The far end accepted the REFER (202) but will not report on it (Refer-Sub: false). \
             Whether the target answers is unknown; a BYE from the far end soon after would \
             suggest that it did. The call is still up.",
        ),
        (
            refer().cannot_be_sent(),
            "The REFER could not be delivered: no transport reaches the far end, or its \
             connection broke before it answered. The call is still up.",
        ),
        (
            accepted().we_redirect(),
            "The far end accepted the REFER (202) when the application replaced the document. The \
             far end may still carry the transfer out. The call is still up.",
        ),
        (
            refer()
                .notifies("SIP/2.0 200 OK", "terminated")
                .never_answers(),
            "The far end never answered the REFER, but its NOTIFY says that it called the target, \
             which answered (200 OK). The call is still up.",
        ),
    ];
    for (call, expected) in golden {
        assert_eq!(verdict(call), expected);
    }
}

#[test]
fn every_code_has_a_cause_and_the_verdict_names_it() {
    for code in 300..=699 {
        let rejected = verdict(refer().answers(code, ""));
        assert!(rejected.contains(&code.to_string()), "{rejected}");
        assert!(rejected.contains(cause::of_rejection(code)), "{rejected}");
        let failed = verdict(accepted().notifies(&format!("SIP/2.0 {code}"), "terminated"));
        assert!(failed.contains(&code.to_string()), "{failed}");
        assert!(failed.contains(cause::of_notify(code)), "{failed}");
        assert!(failed.ends_with("The call is still up."), "{failed}");
    }
}

#[test]
fn the_codes_met_most_have_causes_of_their_own() {
    let most_met = [
        400, 401, 403, 404, 405, 408, 415, 420, 429, 480, 481, 486, 487, 488, 491, 500, 501, 503,
        603,
    ];
    for (index, code) in most_met.iter().enumerate() {
        for other in &most_met[..index] {
            let (a, b) = (cause::of_rejection(*code), cause::of_rejection(*other));
            assert_ne!(a, b, "{code} and {other}");
        }
    }
}

#[test]
fn a_reason_phrase_from_the_wire_cannot_break_the_verdict_into_lines() {
    let call = refer().answers(403, "No\r\nWay\u{0}");
    assert!(verdict(call).contains("(403 NoWay)"));
}

#[test]
fn the_verdict_names_no_party() {
    let call = accepted().notifies("SIP/2.0 404 Not Found", "terminated");
    assert!(!call.result().verdict.contains("alice"));
}

#[test]
fn a_transfer_that_never_reached_the_wire_says_why() {
    let now = std::time::Instant::now();
    let bad = ReferTo::parse("http://example.com/", BareTarget::Refuse).expect_err("no SIP");
    let good = ReferTo::parse("sip:bob@elsewhere.example", BareTarget::Refuse).expect("a target");
    let refusal = AllowList::new(["*.example.com"])
        .check(&good)
        .expect_err("not listed");
    let cases = [
        (NotApplicable::NotAnswered, "not been answered"),
        (NotApplicable::WrongDirection, "direction"),
        (NotApplicable::TransferInProgress, "another transfer"),
        (NotApplicable::BadTarget(bad), "\"http\""),
        (NotApplicable::TargetRefused(refusal), "allow_targets"),
        (
            NotApplicable::Unsendable("no trunk takes it".to_owned()),
            "no trunk takes it",
        ),
    ];
    for (why, words) in cases {
        let result = TransferResult::not_applicable(now, "x", &why);
        assert_eq!(
            (result.end, result.outcome),
            (End::NotApplicable, Outcome::Failed)
        );
        assert_eq!((result.refer_code, result.last_notify_code), (None, None));
        assert!(
            result.verdict.starts_with("No REFER was sent: "),
            "{}",
            result.verdict
        );
        assert!(result.verdict.contains(words), "{}", result.verdict);
        assert!(result.dialog_alive && result.owes_callback());
    }
    let ending = TransferResult::not_applicable(now, "x", &NotApplicable::CallEnding);
    assert!(!ending.dialog_alive);
    assert!(ending.verdict.ends_with("The call is not up any more."));
}

#[test]
fn words_of_our_own_view() {
    let ends = [
        (End::Final, "final"),
        (End::Rejected, "rejected"),
        (End::Timeout, "timeout"),
        (End::SubscriptionEnded, "subscription_ended"),
        (End::LegHangup, "leg_hangup"),
        (End::NoSubscription, "no_subscription"),
        (End::NotApplicable, "not_applicable"),
        (End::TransportError, "transport_error"),
        (End::Superseded, "superseded"),
    ];
    for (end, word) in ends {
        assert_eq!(end.as_str(), word);
    }
    let outcomes = [
        (Outcome::Succeeded, "succeeded"),
        (Outcome::Failed, "failed"),
        (Outcome::Unknown, "unknown"),
        (Outcome::Canceled, "canceled"),
    ];
    for (outcome, word) in outcomes {
        assert_eq!(outcome.as_str(), word);
    }
}
