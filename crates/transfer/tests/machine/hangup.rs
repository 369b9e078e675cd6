//! The call ends, or its document is replaced, while a transfer is under way.

use std::time::Duration;

use hookflash_transfer::{End, EndedBy, Outcome};

use crate::dialogue::{accepted, patient, refer, refer_within};

#[test]
fn c81_bye_while_the_target_rings_cancels_with_the_last_code() {
    let call = accepted()
        .notifies("SIP/2.0 100 Trying", "active;expires=60")
        .notifies("SIP/2.0 180 Ringing", "active;expires=60")
        .hangs_up()
        .after_secs(1);
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::LegHangup, Outcome::Canceled)
    );
    assert_eq!(result.ended_by, EndedBy::PeerBye);
    assert_eq!(result.refer_code, Some(202));
    assert_eq!(result.last_notify_code, Some(180));
    assert_eq!(result.final_notify_code, None);
    assert!(!result.dialog_alive);
}

#[test]
fn c135_bye_at_once_after_the_202() {
    let call = accepted().hangs_up().after_secs(1);
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::LegHangup, Outcome::Canceled)
    );
    assert_eq!(result.refer_code, Some(202));
    assert_eq!(result.last_notify_code, None);
}

#[test]
fn c141_final_notify_and_bye_in_one_burst_succeed_in_either_order() {
    let notify_first = accepted()
        .notifies("SIP/2.0 200 OK", "terminated")
        .hangs_up();
    let bye_first = accepted()
        .hangs_up()
        .after_ms(3)
        .notifies("SIP/2.0 200 OK", "terminated");
    for call in [notify_first, bye_first] {
        let call = call.after_secs(10);
        assert_eq!(
            (call.result().end, call.result().outcome),
            (End::Final, Outcome::Succeeded)
        );
        assert!(call.amendment().is_none(), "nothing to add");
    }
}

#[test]
fn a_bye_that_overtakes_the_202_and_the_final_notify_succeeds() {
    let call = refer()
        .hangs_up()
        .notifies("SIP/2.0 200 OK", "terminated")
        .answers(202, "Accepted");
    assert_eq!(call.result().outcome, Outcome::Succeeded);
    assert_eq!(call.result().refer_code, Some(202));
    assert!(!call.result().dialog_alive);
}

#[test]
fn a_final_notify_and_a_bye_without_any_response_still_succeed() {
    let call = refer()
        .notifies("SIP/2.0 200 OK", "terminated")
        .hangs_up()
        .after_secs(1);
    assert_eq!(
        (call.result().end, call.result().outcome),
        (End::Final, Outcome::Succeeded)
    );
}

#[test]
fn c132_refer_and_bye_cross_and_the_call_has_ended_once() {
    let unanswered = refer().hangs_up().after_secs(1);
    assert_eq!(unanswered.result().refer_code, None);
    let refused = refer().hangs_up().answers(481, "Call Does Not Exist");
    assert_eq!(refused.result().refer_code, Some(481));
    for call in [unanswered, refused] {
        assert_eq!(
            (call.result().end, call.result().outcome),
            (End::LegHangup, Outcome::Canceled)
        );
        assert_eq!(call.result().ended_by, EndedBy::PeerBye);
    }
}

#[test]
fn a_refusal_that_the_bye_overtook_stays_a_refusal() {
    let call = refer().hangs_up().answers(603, "Decline");
    assert_eq!(
        (call.result().end, call.result().outcome),
        (End::Rejected, Outcome::Failed)
    );
    assert!(!call.result().dialog_alive);
}

#[test]
fn the_487_of_a_caller_who_hung_up_is_the_hangup_and_not_the_target() {
    let call = accepted()
        .notifies("SIP/2.0 180 Ringing", "active")
        .hangs_up()
        .notifies("SIP/2.0 487 Request Terminated", "terminated");
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::LegHangup, Outcome::Canceled)
    );
    assert_eq!(result.last_notify_code, Some(180));
}

#[test]
fn the_end_of_the_subscription_after_the_bye_is_part_of_the_hangup() {
    let call = accepted()
        .hangs_up()
        .notifies("", "terminated;reason=noresource");
    assert_eq!(
        (call.result().end, call.result().outcome),
        (End::LegHangup, Outcome::Canceled)
    );
}

#[test]
fn c50_a_notify_long_after_the_bye_amends_the_verdict_only() {
    let mut call = accepted().hangs_up().after_secs(3);
    let effect = call.notify("SIP/2.0 200 OK", "terminated;reason=noresource");
    assert!(effect.late);
    assert_eq!(call.result().outcome, Outcome::Canceled);
    let amendment = call.amendment().expect("a late status");
    assert_eq!(amendment.late_notify_codes, [200]);
    assert!(
        amendment.verdict.contains("the target did answer"),
        "{}",
        amendment.verdict
    );
}

#[test]
fn a_hangup_after_a_known_outcome_suggests_nothing_about_the_target() {
    let mut call = accepted()
        .notifies("SIP/2.0 486 Busy Here", "active;expires=60")
        .after_secs(20)
        .hangs_up();
    call.notify("SIP/2.0 486 Busy Here", "terminated;reason=noresource");
    let verdict = &call.amendment().expect("a late status").verdict;
    assert!(verdict.contains("Too late to count"), "{verdict}");
    assert!(!verdict.contains("hung up"), "{verdict}");
}

#[test]
fn without_a_wait_after_bye_the_result_comes_with_it() {
    let call = refer_within(patient().with_after_bye(Duration::ZERO))
        .answers(202, "Accepted")
        .hangs_up();
    assert_eq!(call.result().end, End::LegHangup);
}

#[test]
fn c83_our_hangup_cancels_the_transfer_at_once() {
    for call in [
        refer(),
        accepted(),
        accepted().notifies("SIP/2.0 180 Ringing", "active"),
    ] {
        let call = call.we_hang_up();
        let result = call.result();
        assert_eq!(
            (result.end, result.outcome),
            (End::LegHangup, Outcome::Canceled)
        );
        assert_eq!(result.ended_by, EndedBy::LocalHangup);
        assert!(result.owes_callback());
        assert!(!result.dialog_alive);
    }
}

#[test]
fn our_hangup_does_not_wait_out_the_peers_bye() {
    let call = accepted().hangs_up().we_hang_up();
    assert_eq!(call.result().ended_by, EndedBy::PeerBye);
}

#[test]
fn our_hangup_after_a_final_notify_keeps_what_was_told() {
    let call = refer()
        .notifies("SIP/2.0 200 OK", "terminated")
        .we_hang_up();
    assert_eq!(
        (call.result().end, call.result().outcome),
        (End::Final, Outcome::Succeeded)
    );
    assert!(!call.result().dialog_alive);
}

#[test]
fn a_dialog_that_turns_out_to_be_gone_cancels_the_transfer() {
    let call = accepted().dialog_is_gone();
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::LegHangup, Outcome::Canceled)
    );
    assert_eq!(result.ended_by, EndedBy::Dialog);
    assert!(!result.dialog_alive);
}

#[test]
fn c143_a_redirect_supersedes_the_transfer_without_a_callback() {
    let call = accepted()
        .notifies("SIP/2.0 180 Ringing", "active")
        .we_redirect();
    let result = call.result();
    assert_eq!(
        (result.end, result.outcome),
        (End::Superseded, Outcome::Canceled)
    );
    assert_eq!(result.ended_by, EndedBy::Redirect);
    assert!(!result.owes_callback());
    assert!(result.dialog_alive, "the new document runs on this call");
    let call = call.after_secs(1).notifies("SIP/2.0 200 OK", "terminated");
    assert_eq!(
        call.amendment()
            .expect("shown in our own view")
            .late_notify_codes,
        [200]
    );
}

#[test]
fn nothing_after_the_result_makes_a_second_one() {
    let call = accepted().notifies("SIP/2.0 200 OK", "terminated");
    let call = call
        .hangs_up()
        .we_hang_up()
        .we_redirect()
        .transport_breaks()
        .dialog_is_gone()
        .answers(603, "Decline")
        .never_answers()
        .after_secs(1000);
    assert_eq!(call.result().outcome, Outcome::Succeeded);
}
