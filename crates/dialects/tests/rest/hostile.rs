//! Whatever is sent is read or refused, and nothing that a request gives can leave its line.

use hookflash_dialects::Dialect;
use hookflash_dialects::rest::{ApiBody, NewCall};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::example::{Desk, fields};

fn is_sound(new: &NewCall) {
    let order = &new.order;
    let unfit = |text: &str| text.contains(['\r', '\n', '\0']);
    assert!(!unfit(&order.to) && !unfit(&order.from.value));
    assert!(!order.from.display_name.as_deref().is_some_and(unfit));
    for (name, value) in &order.headers {
        assert!(!name.is_empty() && !name.contains([':', ' ']) && !unfit(name) && !unfit(value));
    }
}

fn read(dialect: Dialect, body: ApiBody<'_>) {
    match dialect.read_order(&Desk::of(dialect), body) {
        Ok(new) => is_sound(&new),
        Err(fault) => assert!((400..500).contains(&fault.status) && !fault.message.is_empty()),
    }
    if let Err(fault) = dialect.read_update(body) {
        assert!((400..500).contains(&fault.status) && !fault.message.is_empty());
    }
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "(sip|sips|tel|client|https?|ws):[ -~\r\n]{0,40}",
        "\\+?[0-9 ()#*wW.-]{0,40}",
        Just("true".to_owned()),
        Just("<Response><Refer><Sip>sip:a@b</Sip></Refer></Response>".to_owned()),
        Just("2026-11-21".to_owned()),
        Just("support".to_owned()),
    ]
}

fn hostile_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        hostile_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let keys = prop_oneof![
            Just("type".to_owned()),
            Just("url".to_owned()),
            Just("sipUri".to_owned()),
            Just("verb".to_owned()),
            Just("action".to_owned()),
            Just("target".to_owned()),
            ".{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(keys, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The names that readers look for.
fn name(dialect: Dialect) -> impl Strategy<Value = String> {
    use hookflash_dialects::rest::Operation;
    let all: Vec<&str> = [Operation::Create, Operation::Update]
        .into_iter()
        .flat_map(|operation| dialect.parameters(operation))
        .map(|parameter| parameter.name)
        .collect();
    prop::sample::select(all).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn no_form_is_too_strange(
        pairs in prop::collection::vec((name(Dialect::Cxml), hostile_text()), 0..12),
    ) {
        for dialect in [Dialect::Twiml, Dialect::Cxml] {
            read(dialect, ApiBody::Form(&pairs));
            let good = fields(&[
                ("To", "sip:a@b"), ("From", "1"), ("Url", "https://a/"),
            ]);
            let mut all = good;
            all.extend(pairs.iter().take(2).cloned());
            read(dialect, ApiBody::Form(&all));
        }
    }

    #[test]
    fn no_query_is_too_strange(
        pairs in prop::collection::vec((".{0,12}", hostile_text()), 0..4),
        name in prop::sample::select(vec![
            "PageToken", "pageToken", "StartTime", "EndTime<", "minStartTime", "PageSize", "Page",
            "pageSize", "Status", "callStatus", "direction",
        ]),
        value in hostile_text(),
    ) {
        let mut pairs = pairs;
        pairs.push((name.to_owned(), value));
        for dialect in Dialect::ALL {
            match dialect.read_list(&pairs) {
                Ok(list) => prop_assert!(list.page.size >= 1),
                Err(fault) => prop_assert_eq!(fault.status, 400),
            }
        }
    }

    #[test]
    fn no_bandwidth_object_is_too_strange(
        changes in prop::collection::vec((name(Dialect::Bxml), hostile_json()), 0..6),
    ) {
        let mut order = json!({
            "to": "sip:a@b", "from": "+15551112222", "applicationId": "app-1",
            "answerUrl": "https://a/",
        });
        order.as_object_mut().unwrap().extend(changes);
        read(Dialect::Bxml, ApiBody::Json(order.to_string().as_bytes()));
    }

    #[test]
    fn no_jambonz_object_is_too_strange(
        changes in prop::collection::vec((name(Dialect::Jambonz), hostile_json()), 0..6),
    ) {
        let mut order = json!({
            "from": "1", "to": {"type": "phone", "number": "1"}, "call_hook": "https://a/",
        });
        order.as_object_mut().unwrap().extend(changes.clone());
        read(Dialect::Jambonz, ApiBody::Json(order.to_string().as_bytes()));
        let update = Value::Object(changes.into_iter().collect());
        read(Dialect::Jambonz, ApiBody::Json(update.to_string().as_bytes()));
    }

    #[test]
    fn no_bytes_are_too_strange(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for dialect in Dialect::ALL {
            read(dialect, ApiBody::Json(&body));
            let _ = dialect.read_document(&body);
        }
    }
}
