//! Whatever the far end does, in whatever order: at most one result, and one in the end.

use std::time::Duration;

use hookflash_transfer::{End, Limits, Outcome};
use proptest::prelude::*;

use crate::dialogue::{Dialogue, TOTAL, patient, refer_within, strict};

#[derive(Debug, Clone)]
enum Step {
    Answer(u16),
    AnswerRefuseSub,
    NeverAnswers,
    CannotBeSent,
    Notify(String, &'static str),
    Bye,
    HangUp,
    DialogGone,
    Redirect,
    TransportLost,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let state = prop::sample::select(vec![
        "active;expires=60",
        "active",
        "active;expires=0",
        "pending;expires=5",
        "terminated;reason=noresource",
        "terminated",
        "odd;x=1",
        "",
    ]);
    let line = prop_oneof![
        (100u16..700).prop_map(|code| format!("SIP/2.0 {code} Word")),
        Just(String::new()),
        Just("To: nobody".to_owned()),
        ".{0,40}",
    ];
    prop_oneof![
        3 => (100u16..700).prop_map(Step::Answer),
        3 => Just(Step::Answer(202)),
        1 => Just(Step::AnswerRefuseSub),
        1 => Just(Step::NeverAnswers),
        1 => Just(Step::CannotBeSent),
        8 => (line, state).prop_map(|(line, state)| Step::Notify(line, state)),
        2 => Just(Step::Bye),
        1 => Just(Step::HangUp),
        1 => Just(Step::DialogGone),
        1 => Just(Step::Redirect),
        1 => Just(Step::TransportLost),
        4 => (0u64..40_000).prop_map(Step::Wait),
    ]
}

fn take(call: Dialogue, step: &Step) -> Dialogue {
    match step {
        Step::Answer(code) => call.answers(*code, "Word"),
        Step::AnswerRefuseSub => call.answers_refer_sub_false(),
        Step::NeverAnswers => call.never_answers(),
        Step::CannotBeSent => call.cannot_be_sent(),
        Step::Notify(line, state) => call.notifies(line, state),
        Step::Bye => call.hangs_up(),
        Step::HangUp => call.we_hang_up(),
        Step::DialogGone => call.dialog_is_gone(),
        Step::Redirect => call.we_redirect(),
        Step::TransportLost => call.transport_breaks(),
        Step::Wait(ms) => call.after_ms(*ms),
    }
}

fn limits() -> impl Strategy<Value = Limits> {
    let jambonz = Limits::from_latest_news(Duration::from_secs(15), TOTAL);
    prop::sample::select(vec![
        patient(),
        strict(),
        jambonz,
        jambonz.with_after_bye(Duration::ZERO),
    ])
}

proptest! {
    #[test]
    fn exactly_one_result_and_success_only_with_a_2xx_in_a_notify(
        limits in limits(),
        steps in prop::collection::vec(step(), 0..24),
    ) {
        let mut call = refer_within(limits);
        for step in &steps {
            call = take(call, step);
        }
        let call = call.after(TOTAL);
        // Asserts that there is one result, no more and no less, and no timer left.
        let result = call.result();
        prop_assert!(result.ended >= result.started);
        prop_assert!(result.ended <= result.started + TOTAL);
        let success = result.outcome == Outcome::Succeeded;
        let told_2xx = result.final_notify_code.is_some_and(|code| (200..300).contains(&code));
        prop_assert!(!success || told_2xx);
        prop_assert!(!success || matches!(result.end, End::Final | End::Superseded));
        prop_assert_eq!(result.last_notify_code, result.notify_codes.last().copied());
        prop_assert!(!result.verdict.is_empty());
        prop_assert!(!result.verdict.contains(['\r', '\n', '\0']));
        let state = if result.dialog_alive { "still up" } else { "over" };
        prop_assert!(result.verdict.contains(state));
    }
}
