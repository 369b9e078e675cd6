//! The table of results, cell by cell: which fields a completion callback carries, which it
//! leaves out, and of which type they are.

use hookflash_dialects::{Dialect, GatewayMoment, Moment, ReplyUse};
use hookflash_transfer::{End, Outcome, TransferResult};
use serde_json::{Map, Value, json};

use crate::example::{answered, json, only_refer, request, requested, result};

const BXML: &str =
    r#"<Response><Refer referCompleteUrl="/done"><SipUri>sip:a@b</SipUri></Refer></Response>"#;
const JAMBONZ: &str = r#"[{"verb":"sip:refer","referTo":"sip:a@b","actionHook":"/done"}]"#;

/// The fields about the transfer in the callback of a result.
fn told(dialect: Dialect, result: &TransferResult) -> Value {
    let document = if dialect == Dialect::Bxml {
        BXML
    } else {
        JAMBONZ
    };
    let verb = only_refer(dialect, document);
    let request = request(
        &answered(dialect),
        &Moment::ReferDone {
            verb: &verb,
            result,
        },
    );
    let about_the_transfer = |name: &str| {
        name.starts_with("refer") || name.starts_with("notify") || name.starts_with("final")
    };
    let body = json(&request);
    let fields = body
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| about_the_transfer(name));
    Value::Object(
        fields
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect::<Map<_, _>>(),
    )
}

fn assert_row(result: &TransferResult, bxml: Value, jambonz: Value) {
    assert_eq!(told(Dialect::Bxml, result), bxml, "bxml: {result:?}");
    assert_eq!(
        told(Dialect::Jambonz, result),
        jambonz,
        "jambonz: {result:?}"
    );
}

#[test]
fn c155_accepted_and_answered() {
    let row = result(End::Final, Outcome::Succeeded, Some(202), &[100, 180, 200]);
    assert_row(
        &row,
        json!({"referCallStatus": "success", "referSipResponseCode": 202,
               "notifySipResponseCode": 200}),
        json!({"refer_status": 202, "final_referred_call_status": 200}),
    );
}

#[test]
fn c155_accepted_and_failed_with_each_kind_of_final_status() {
    for code in [302, 404, 480, 486, 487, 503, 600, 603] {
        let row = result(End::Final, Outcome::Failed, Some(202), &[100, code]);
        assert_row(
            &row,
            json!({"referCallStatus": "failure", "referSipResponseCode": 202,
                   "notifySipResponseCode": code}),
            json!({"refer_status": 202, "final_referred_call_status": code}),
        );
    }
}

#[test]
fn c155_refused() {
    for code in [302, 405, 408, 481, 503, 603] {
        let row = result(End::Rejected, Outcome::Failed, Some(code), &[]);
        assert_row(
            &row,
            json!({"referCallStatus": "failure", "referSipResponseCode": code}),
            json!({"refer_status": code}),
        );
    }
}

#[test]
fn c155_the_caller_hangs_up_before_the_end() {
    let row = result(End::LegHangup, Outcome::Canceled, Some(202), &[100, 180]);
    assert_row(
        &row,
        json!({"referCallStatus": "failure", "referSipResponseCode": 202}),
        json!({"refer_status": 202}),
    );
}

#[test]
fn a_final_status_that_a_hang_up_overtook_is_no_success() {
    let row = result(End::LegHangup, Outcome::Canceled, Some(202), &[200]);
    assert_row(
        &row,
        json!({"referCallStatus": "failure", "referSipResponseCode": 202}),
        json!({"refer_status": 202, "final_referred_call_status": 200}),
    );
}

#[test]
fn c155_accepted_and_then_nothing_or_nothing_final() {
    for end in [
        End::Timeout,
        End::SubscriptionEnded,
        End::NoSubscription,
        End::TransportError,
    ] {
        for notified in [&[][..], &[100, 180]] {
            let row = result(end, Outcome::Unknown, Some(202), notified);
            assert_row(
                &row,
                json!({"referCallStatus": "failure", "referSipResponseCode": 202}),
                json!({"refer_status": 202}),
            );
        }
    }
}

#[test]
fn c155_nothing_was_sent() {
    let row = result(End::NotApplicable, Outcome::Failed, None, &[]);
    assert_row(&row, json!({"referCallStatus": "failure"}), json!({}));
}

#[test]
fn c157_a_200_to_refer_is_told_as_a_200() {
    let row = result(End::Final, Outcome::Succeeded, Some(200), &[200]);
    assert_row(
        &row,
        json!({"referCallStatus": "success", "referSipResponseCode": 200,
               "notifySipResponseCode": 200}),
        json!({"refer_status": 200, "final_referred_call_status": 200}),
    );
}

#[test]
fn the_final_notify_is_told_even_when_refer_was_never_answered() {
    let row = result(End::Final, Outcome::Succeeded, None, &[200]);
    assert_row(
        &row,
        json!({"referCallStatus": "success", "notifySipResponseCode": 200}),
        json!({"final_referred_call_status": 200}),
    );
}

#[test]
fn a_replaced_document_owes_no_callback() {
    let row = result(End::Superseded, Outcome::Canceled, Some(202), &[]);
    for (dialect, document) in [(Dialect::Bxml, BXML), (Dialect::Jambonz, JAMBONZ)] {
        let verb = only_refer(dialect, document);
        let moment = Moment::ReferDone {
            verb: &verb,
            result: &row,
        };
        assert_eq!(requested(&answered(dialect), &moment), None);
    }
}

#[test]
fn the_reply_counts_only_where_a_call_is_left_to_run_it() {
    let failed = result(End::Final, Outcome::Failed, Some(202), &[486]);
    let succeeded = result(End::Final, Outcome::Succeeded, Some(202), &[200]);
    let hung_up = result(End::LegHangup, Outcome::Canceled, Some(202), &[]);
    let reply_use = |dialect, document, result| {
        let verb = only_refer(dialect, document);
        request(
            &answered(dialect),
            &Moment::ReferDone {
                verb: &verb,
                result,
            },
        )
        .reply_use
    };
    assert_eq!(reply_use(Dialect::Bxml, BXML, &failed), ReplyUse::Document);
    assert_eq!(
        reply_use(Dialect::Bxml, BXML, &succeeded),
        ReplyUse::Ignored
    );
    assert_eq!(reply_use(Dialect::Bxml, BXML, &hung_up), ReplyUse::Ignored);
    assert_eq!(
        reply_use(Dialect::Jambonz, JAMBONZ, &failed),
        ReplyUse::Document
    );
    assert_eq!(
        reply_use(Dialect::Jambonz, JAMBONZ, &succeeded),
        ReplyUse::Document
    );
    assert_eq!(
        reply_use(Dialect::Jambonz, JAMBONZ, &hung_up),
        ReplyUse::Ignored
    );
}

#[test]
fn every_end_short_of_a_2xx_is_a_gateway_error() {
    let event = |result: &TransferResult| {
        let facts = answered(Dialect::Jambonz);
        let moment = GatewayMoment::ReferDone(result);
        let request = Dialect::Jambonz
            .gateway_event(&facts, moment)
            .unwrap()
            .unwrap();
        json(&request)["event"].clone()
    };
    let ends = [
        End::Final,
        End::Rejected,
        End::Timeout,
        End::SubscriptionEnded,
        End::LegHangup,
        End::NoSubscription,
        End::NotApplicable,
        End::TransportError,
        End::Superseded,
    ];
    for end in ends {
        for outcome in [Outcome::Failed, Outcome::Unknown, Outcome::Canceled] {
            let row = result(end, outcome, Some(202), &[]);
            assert_eq!(event(&row), "TRANSFER_REFER_ERROR", "{end:?} {outcome:?}");
        }
    }
    let row = result(End::Final, Outcome::Succeeded, Some(202), &[200]);
    assert_eq!(event(&row), "TRANSFER_REFER_SUCCESS");
}
