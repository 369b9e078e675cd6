//! NOTIFYs that overtake the response to REFER.

use hookflash_transfer::{End, Outcome};

use crate::dialogue::{refer, refer_within, strict};

#[test]
fn c45_a_notify_before_the_202_counts() {
    let mut call = refer();
    let effect = call.notify("SIP/2.0 100 Trying", "active;expires=60");
    assert_eq!(effect.progress, Some(100));
    assert!(!effect.late);
    let call = call
        .answers(202, "Accepted")
        .notifies("SIP/2.0 200 OK", "terminated;reason=noresource");
    assert_eq!(call.result().notify_codes, [100, 200]);
    assert_eq!(call.result().outcome, Outcome::Succeeded);
}

#[test]
fn c130_all_notifies_before_the_202_wait_for_it_and_succeed_once() {
    let call = refer()
        .notifies("SIP/2.0 100 Trying", "active;expires=60")
        .notifies("SIP/2.0 180 Ringing", "active;expires=60")
        .notifies("SIP/2.0 200 OK", "terminated;reason=noresource")
        .after_secs(1);
    assert!(call.is_open(), "the response may still be a refusal");
    let call = call.answers(202, "Accepted");
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::Final, Outcome::Succeeded)
    );
    assert_eq!(result.refer_code, Some(202));
    assert_eq!(result.notify_codes, [100, 180, 200]);
    assert_eq!(result.final_notify_code, Some(200));
}

#[test]
fn c130_a_final_notify_without_any_response_succeeds_when_the_refer_times_out() {
    let call = refer()
        .notifies("SIP/2.0 200 OK", "terminated")
        .after_secs(32)
        .never_answers();
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::Final, Outcome::Succeeded)
    );
    assert_eq!(
        result.refer_code, None,
        "no code was seen and none is made up"
    );
    assert!(!result.answered);
}

#[test]
fn a_progress_notify_proves_that_an_unanswered_refer_arrived() {
    let call = refer()
        .notifies("SIP/2.0 180 Ringing", "active;expires=60")
        .after_secs(32)
        .never_answers();
    assert!(call.is_open());
    let call = call.notifies("SIP/2.0 200 OK", "terminated");
    assert_eq!(call.result().outcome, Outcome::Succeeded);
}

#[test]
fn c46_a_rejection_after_an_early_notify_wins() {
    for early in [
        "SIP/2.0 100 Trying",
        "SIP/2.0 200 OK",
        "SIP/2.0 486 Busy Here",
    ] {
        let call = refer()
            .notifies(early, "active;expires=60")
            .answers(403, "Forbidden");
        let result = call.result();
        assert_eq!(
            (result.end, result.outcome),
            (End::Rejected, Outcome::Failed),
            "{early}"
        );
        assert_eq!(result.refer_code, Some(403));
        assert_eq!(
            result.final_notify_code, None,
            "what was told does not count"
        );
        assert_eq!(result.notify_codes.len(), 1, "but it was told");
        assert!(result.dialog_alive);
    }
}

#[test]
fn c177_a_terminated_notify_before_the_202_ends_the_subscription() {
    let call = refer().notifies("", "terminated;reason=noresource");
    assert!(call.is_open());
    let call = call.answers(202, "Accepted");
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::SubscriptionEnded, Outcome::Unknown)
    );
    assert_eq!(result.subscription_reason.as_deref(), Some("noresource"));
}

#[test]
fn c177_what_follows_an_early_terminated_is_late() {
    let mut call = refer().notifies("SIP/2.0 100 Trying", "terminated");
    assert!(call.notify("SIP/2.0 200 OK", "terminated").late);
    let call = call.answers(202, "Accepted");
    assert_eq!(call.result().outcome, Outcome::Unknown);
    assert_eq!(
        call.amendment().expect("the late status").late_notify_codes,
        [200]
    );
}

#[test]
fn news_before_the_2xx_do_not_shorten_the_wait_after_it() {
    let call = refer_within(strict())
        .notifies("SIP/2.0 100 Trying", "active")
        .after_secs(20)
        .answers(202, "Accepted")
        .after_secs(29);
    assert!(call.is_open());
    assert_eq!(call.after_secs(1).result().end, End::Timeout);
}

#[test]
fn news_before_the_2xx_do_not_shorten_the_wait_for_the_next_news_either() {
    let call = refer()
        .notifies("SIP/2.0 100 Trying", "active")
        .after_secs(20)
        .answers(202, "Accepted")
        .after_secs(119);
    assert!(call.is_open(), "the 2xx is the latest sign of life");
    assert_eq!(call.after_secs(1).result().end, End::Timeout);
}
