//! What the application is told about a transfer: every row of the result table, with the exact
//! fields, for both dialects (checklist 155, 157).

use hookflash_dialects::{Dialect, Moment, ReferNews};
use hookflash_program::HookMethod;
use hookflash_transfer::End;

use crate::call::{BOTH, call, field, form, refer, request, transferred};

/// What ended it, answer to REFER, NOTIFYs, and what is told: answer, NOTIFY code, word.
type Row = (
    End,
    Option<u16>,
    &'static [u16],
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
);

const ROWS: &[Row] = &[
    // 2xx, NOTIFY 2xx
    (
        End::Final,
        Some(202),
        &[100, 180, 200],
        Some("202"),
        Some("200"),
        Some("in-progress"),
    ),
    (
        End::Final,
        Some(202),
        &[200],
        Some("202"),
        Some("200"),
        Some("in-progress"),
    ),
    (
        End::Final,
        Some(200),
        &[100, 200],
        Some("200"),
        Some("200"),
        Some("in-progress"),
    ),
    (
        End::Final,
        Some(202),
        &[100, 202],
        Some("202"),
        Some("202"),
        Some("in-progress"),
    ),
    // 2xx, NOTIFY 486/600
    (
        End::Final,
        Some(202),
        &[100, 180, 486],
        Some("202"),
        Some("486"),
        Some("busy"),
    ),
    (
        End::Final,
        Some(202),
        &[100, 600],
        Some("202"),
        Some("600"),
        Some("busy"),
    ),
    // 2xx, NOTIFY 487
    (
        End::Final,
        Some(202),
        &[100, 180, 487],
        Some("202"),
        Some("487"),
        Some("no-answer"),
    ),
    // 2xx, other final
    (
        End::Final,
        Some(202),
        &[100, 404],
        Some("202"),
        Some("404"),
        Some("failed"),
    ),
    (
        End::Final,
        Some(202),
        &[100, 603],
        Some("202"),
        Some("603"),
        Some("failed"),
    ),
    (
        End::Final,
        Some(202),
        &[100, 302],
        Some("202"),
        Some("302"),
        Some("failed"),
    ),
    (
        End::Final,
        Some(202),
        &[503],
        Some("202"),
        Some("503"),
        Some("failed"),
    ),
    // REFER refused
    (
        End::Rejected,
        Some(405),
        &[],
        Some("405"),
        None,
        Some("failed"),
    ),
    (
        End::Rejected,
        Some(603),
        &[],
        Some("603"),
        None,
        Some("failed"),
    ),
    (
        End::Rejected,
        Some(302),
        &[],
        Some("302"),
        None,
        Some("failed"),
    ),
    (
        End::Rejected,
        Some(481),
        &[],
        Some("481"),
        None,
        Some("failed"),
    ),
    (
        End::Rejected,
        Some(503),
        &[],
        Some("503"),
        None,
        Some("failed"),
    ),
    // REFER never answered: the 408 is made locally
    (
        End::Rejected,
        Some(408),
        &[],
        Some("408"),
        None,
        Some("failed"),
    ),
    // the caller hangs up before the end
    (
        End::LegHangup,
        Some(202),
        &[100, 180],
        Some("202"),
        Some("180"),
        Some("canceled"),
    ),
    (
        End::LegHangup,
        Some(202),
        &[],
        Some("202"),
        None,
        Some("canceled"),
    ),
    (End::LegHangup, None, &[], None, None, Some("canceled")),
    // 2xx, no NOTIFY until the limit
    (End::Timeout, Some(202), &[], Some("202"), None, None),
    // only provisional NOTIFYs until the limit, or the subscription ends without an outcome
    (
        End::Timeout,
        Some(202),
        &[100, 180],
        Some("202"),
        Some("180"),
        Some("failed"),
    ),
    (
        End::SubscriptionEnded,
        Some(202),
        &[100],
        Some("202"),
        Some("100"),
        Some("failed"),
    ),
    (
        End::SubscriptionEnded,
        Some(202),
        &[],
        Some("202"),
        None,
        None,
    ),
    // Refer-Sub: false
    (End::NoSubscription, Some(202), &[], Some("202"), None, None),
    (End::NoSubscription, Some(200), &[], Some("200"), None, None),
    // no REFER was sent
    (End::NotApplicable, None, &[], None, None, Some("failed")),
    // the transport was lost before and after the 2xx
    (End::TransportError, None, &[], None, None, Some("failed")),
    (End::TransportError, Some(202), &[], Some("202"), None, None),
    (
        End::TransportError,
        Some(202),
        &[180],
        Some("202"),
        Some("180"),
        Some("failed"),
    ),
];

#[test]
fn c155_every_ending_has_its_exact_fields() {
    for dialect in BOTH {
        for (end, refer_code, notify, answer, notify_code, word) in ROWS {
            let verb = refer(dialect, "action=\"/done\"");
            let result = transferred(*end, *refer_code, notify);
            let told = request(
                &call(dialect),
                &Moment::ReferDone {
                    verb: &verb,
                    result: &result,
                },
            );
            let row = format!("{dialect} {end:?} {refer_code:?} {notify:?}");
            assert_eq!(field(&told, "ReferSipResponseCode"), *answer, "{row}");
            assert_eq!(field(&told, "NotifySipResponseCode"), *notify_code, "{row}");
            assert_eq!(field(&told, "ReferCallStatus"), *word, "{row}");
            let about_refer = form(&told)
                .iter()
                .filter(|(name, _)| name.contains("Refer") || name.contains("Notify"));
            let expected = [answer, notify_code, word]
                .iter()
                .filter(|value| value.is_some())
                .count();
            assert_eq!(
                about_refer.count(),
                expected,
                "{row}: another field crept in"
            );
        }
    }
}

#[test]
fn the_result_comes_with_everything_about_the_call() {
    let verb = refer(Dialect::Twiml, "action=\"/done\"");
    let result = transferred(End::Final, Some(202), &[100, 180, 486]);
    let told = request(
        &call(Dialect::Twiml),
        &Moment::ReferDone {
            verb: &verb,
            result: &result,
        },
    );
    assert_eq!(told.purpose, "action");
    assert_eq!(told.url, "https://app.example.com/done");
    assert_eq!(
        field(&told, "CallSid"),
        Some("CA00000000000000000000000000000001")
    );
    assert_eq!(field(&told, "CallStatus"), Some("in-progress"));
    assert_eq!(field(&told, "From"), Some("sip:alice@phones.example.com"));
}

#[test]
fn a_get_action_carries_the_result_in_its_query_behind_its_own() {
    for dialect in BOTH {
        let verb = refer(dialect, "action=\"/done?id=5\" method=\"GET\"");
        let result = transferred(End::Final, Some(202), &[200]);
        let told = request(
            &call(dialect),
            &Moment::ReferDone {
                verb: &verb,
                result: &result,
            },
        );
        assert_eq!(told.method, HookMethod::Get);
        assert!(
            told.url
                .starts_with("https://app.example.com/done?id=5&CallSid="),
            "{}",
            told.url
        );
        assert!(told.url.ends_with(
            "&ReferSipResponseCode=202&NotifySipResponseCode=200&ReferCallStatus=in-progress"
        ));
        assert_eq!(told.encoded_body(), None);
    }
}

#[test]
fn without_an_action_nobody_is_asked() {
    for dialect in BOTH {
        let verb = refer(dialect, "");
        let result = transferred(End::Final, Some(202), &[200]);
        let moment = Moment::ReferDone {
            verb: &verb,
            result: &result,
        };
        assert_eq!(dialect.request(&call(dialect), "", &moment), Ok(None));
    }
}

#[test]
fn a_transfer_that_was_superseded_is_not_reported() {
    for dialect in BOTH {
        let verb = refer(dialect, "action=\"/done\"");
        let result = transferred(End::Superseded, Some(202), &[180]);
        let moment = Moment::ReferDone {
            verb: &verb,
            result: &result,
        };
        assert_eq!(
            dialect.request(&call(dialect), "https://app.example.com/", &moment),
            Ok(None)
        );
    }
}

#[test]
fn steps_of_a_transfer_are_not_reported() {
    for dialect in BOTH {
        let verb = refer(dialect, "action=\"/done\"");
        let moment = Moment::ReferProgress {
            verb: &verb,
            news: &ReferNews { status: 180 },
        };
        assert_eq!(
            dialect.request(&call(dialect), "https://app.example.com/", &moment),
            Ok(None)
        );
    }
}
