//! Time.

use std::time::Duration;

use hookflash_transfer::{End, EndedBy, Limits, Outcome};

use crate::dialogue::{TOTAL, accepted, refer, refer_within, strict};

#[test]
fn c136_silence_after_the_202_is_a_timeout_and_the_call_lives() {
    let call = accepted().after_secs(119);
    assert!(call.is_open());
    let call = call.after_secs(1);
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::Timeout, Outcome::Unknown)
    );
    assert_eq!(result.ended_by, EndedBy::Timer);
    assert_eq!(
        (result.refer_code, result.last_notify_code),
        (Some(202), None)
    );
    assert!(result.dialog_alive);
}

#[test]
fn c72_thirty_seconds_are_honoured_exactly() {
    let on_time = || {
        refer_within(strict())
            .answers(202, "Accepted")
            .after_ms(29_900)
    };
    let call = on_time().notifies("SIP/2.0 200 OK", "terminated");
    assert_eq!(call.result().outcome, Outcome::Succeeded);
    let call = on_time()
        .after_ms(200)
        .notifies("SIP/2.0 200 OK", "terminated");
    assert_eq!(
        (call.result().end, call.result().outcome),
        (End::Timeout, Outcome::Unknown)
    );
}

#[test]
fn c72_news_do_not_extend_a_limit_counted_from_acceptance() {
    let call = refer_within(strict())
        .answers(202, "Accepted")
        .after_secs(25)
        .notifies("SIP/2.0 180 Ringing", "active;expires=60")
        .after_secs(5);
    assert_eq!(call.result().end, End::Timeout);
    assert_eq!(call.result().last_notify_code, Some(180));
}

#[test]
fn c71_news_extend_a_limit_counted_from_the_latest() {
    let limits = Limits::from_latest_news(Duration::from_secs(15), TOTAL);
    let mut call = refer_within(limits).answers(202, "Accepted");
    for _ in 0..6 {
        call = call
            .after_secs(10)
            .notifies("SIP/2.0 180 Ringing", "active;expires=600");
    }
    let call = call.notifies("SIP/2.0 200 OK", "terminated");
    assert_eq!(
        call.result().outcome,
        Outcome::Succeeded,
        "it rang for a minute"
    );
}

#[test]
fn c71_a_gap_in_the_news_ends_the_wait() {
    let limits = Limits::from_latest_news(Duration::from_secs(15), TOTAL);
    let call = refer_within(limits)
        .answers(202, "Accepted")
        .after_secs(10)
        .notifies("SIP/2.0 180 Ringing", "active;expires=600")
        .after_secs(15);
    assert_eq!(call.result().end, End::Timeout);
    assert_eq!(call.result().outcome, Outcome::Unknown);
}

#[test]
fn c71_news_never_extend_the_whole() {
    let mut call = accepted();
    for _ in 0..40 {
        call = call
            .after_secs(10)
            .notifies("SIP/2.0 180 Ringing", "active;expires=600");
    }
    assert_eq!(call.result().end, End::Timeout);
    assert_eq!(call.result().ended, call.start + TOTAL);
}

#[test]
fn an_unanswered_refer_ends_with_the_whole_at_the_latest() {
    let call = refer().after(TOTAL);
    assert_eq!(call.result().end, End::Rejected);
    assert_eq!(call.result().refer_code, Some(408));
    let call = refer()
        .notifies("SIP/2.0 180 Ringing", "active")
        .after(TOTAL);
    assert_eq!(
        (call.result().end, call.result().outcome),
        (End::Timeout, Outcome::Unknown)
    );
    let call = refer()
        .notifies("SIP/2.0 200 OK", "terminated")
        .after(TOTAL);
    assert_eq!(
        (call.result().end, call.result().outcome),
        (End::Final, Outcome::Succeeded)
    );
}

#[test]
fn c73_a_subscription_that_expires_leaves_the_outcome_unknown() {
    let call = accepted()
        .notifies("SIP/2.0 180 Ringing", "active;expires=5")
        .after_secs(4);
    assert!(call.is_open());
    let call = call.after_secs(1);
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::SubscriptionEnded, Outcome::Unknown)
    );
    assert_eq!(result.ended_by, EndedBy::Timer);
}

#[test]
fn c73_a_later_expires_replaces_the_earlier_and_a_missing_one_keeps_it() {
    let call = accepted()
        .notifies("SIP/2.0 100 Trying", "active;expires=5")
        .after_secs(4)
        .notifies("SIP/2.0 180 Ringing", "active;expires=60")
        .after_secs(30)
        .notifies("SIP/2.0 183 Session Progress", "active")
        .after_secs(29);
    assert!(call.is_open());
    assert_eq!(call.after_secs(1).result().end, End::SubscriptionEnded);
}

#[test]
fn a_notify_after_the_limit_is_late_even_when_our_timer_is_later() {
    let mut call = refer_within(strict())
        .answers(202, "Accepted")
        .after_without_timers(Duration::from_secs(31));
    assert!(call.notify("SIP/2.0 200 OK", "terminated").late);
    assert_eq!(call.result().end, End::Timeout);
    assert_eq!(
        call.amendment().expect("the late status").late_notify_codes,
        [200]
    );
}

#[test]
fn c82_a_bye_after_the_limit_suggests_success_in_the_verdict_only() {
    let call = accepted().after_secs(120).hangs_up();
    assert_eq!(call.result().outcome, Outcome::Unknown);
    assert!(
        call.amendment()
            .expect("the BYE says something")
            .verdict
            .contains("suggests")
    );
}

#[test]
fn absurd_limits_are_no_harm() {
    let limits =
        Limits::from_latest_news(Duration::MAX, Duration::MAX).with_after_bye(Duration::MAX);
    let call = refer_within(limits)
        .answers(202, "Accepted")
        .notifies("SIP/2.0 180 Ringing", "active;expires=4294967295")
        .hangs_up();
    assert!(call.is_open());
    assert!(call.we_hang_up().result().owes_callback());
}
