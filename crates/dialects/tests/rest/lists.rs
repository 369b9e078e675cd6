//! Lists: what is asked for, and their pages.

use std::time::Duration;

use hookflash_dialects::rest::{ApiReply, Listing, PageMark};
use hookflash_dialects::{Dialect, Direction};
use serde_json::{Value, json};

use crate::example::{at, fields, placed};

const LAML: [Dialect; 2] = [Dialect::Twiml, Dialect::Cxml];

fn page(
    dialect: Dialect,
    path: &str,
    query: &[(&str, &str)],
    calls: usize,
    next: Option<PageMark>,
) -> ApiReply {
    let query = fields(query);
    let wanted = dialect.read_list(&query).unwrap();
    let calls = vec![placed(dialect); calls];
    let listing = Listing {
        path,
        query: &query,
        page: &wanted.page,
        next,
        public_url: "https://voice.example.com",
    };
    dialect.call_list(&calls, listing)
}

fn mark() -> PageMark {
    PageMark {
        created_at: at(0),
        sid: "CA7".to_owned(),
    }
}

#[test]
fn a_filter_whose_plus_was_not_escaped_means_the_number_with_it() {
    for dialect in LAML {
        let query = fields(&[("To", " 15551112222"), ("From", " 15550001111")]);
        let wanted = dialect.read_list(&query).unwrap().query;
        assert_eq!(wanted.to.as_deref(), Some("+15551112222"));
        assert_eq!(wanted.from.as_deref(), Some("+15550001111"));
    }
}

#[test]
fn a_twilio_page_has_one_key_beside_what_tells_of_the_page() {
    let path = "/2010-04-01/Accounts/AC1/Calls.json";
    let query = [
        ("To", "+1 555"),
        ("StartTime>", "2026-11-21"),
        ("PageSize", "2"),
        ("Page", "1"),
    ];
    let reply = page(Dialect::Twiml, path, &query, 2, Some(mark()));
    let Some(Value::Object(mut list)) = reply.body else {
        panic!("no list")
    };
    let calls = list.remove("calls").unwrap();
    assert_eq!(calls.as_array().unwrap().len(), 2);
    let filters = "To=%2B1+555&StartTime%3E=2026-11-21";
    let wanted = json!({
        "uri": format!("{path}?{filters}&PageSize=2&Page=1"),
        "first_page_uri": format!("{path}?{filters}&PageSize=2&Page=0"),
        "next_page_uri": format!("{path}?{filters}&PageSize=2&Page=2&PageToken={}", mark()),
        "previous_page_uri": format!("{path}?{filters}&PageSize=2&Page=0"),
        "page": 1,
        "page_size": 2,
        "start": 2,
        "end": 3,
    });
    assert_eq!(Value::Object(list), wanted);
}

#[test]
fn a_signalwire_page_has_no_start_and_end() {
    let reply = page(
        Dialect::Cxml,
        "/2010-04-01/Accounts/x/Calls.json",
        &[],
        0,
        None,
    );
    let list = reply.body.unwrap();
    let mut names: Vec<_> = list.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "calls",
            "first_page_uri",
            "next_page_uri",
            "page",
            "page_size",
            "previous_page_uri",
            "uri"
        ]
    );
    assert_eq!(list["page_size"], 50);
    assert_eq!(list["next_page_uri"], Value::Null);
}

#[test]
fn the_next_page_is_asked_for_with_what_the_page_before_told() {
    for dialect in LAML {
        let token = mark().to_string();
        let query = fields(&[("PageSize", "2"), ("Page", "1"), ("PageToken", &token)]);
        let page = dialect.read_list(&query).unwrap().page;
        assert_eq!(page.after, Some(mark()));
        assert_eq!(page.offset(), 0);
        assert_eq!(dialect.read_recording_list(&query).unwrap().page, page);
        let by_number = dialect
            .read_list(&fields(&[("PageSize", "2"), ("Page", "3")]))
            .unwrap()
            .page;
        assert_eq!((by_number.after.clone(), by_number.offset()), (None, 6));
    }
}

#[test]
fn a_page_past_the_end_is_empty_and_leads_nowhere() {
    let path = "/2010-04-01/Accounts/AC1/Calls.json";
    let list = page(Dialect::Twiml, path, &[("Page", "9")], 0, None)
        .body
        .unwrap();
    assert_eq!(list["calls"], json!([]));
    assert_eq!(list["next_page_uri"], Value::Null);
    assert_eq!((&list["start"], &list["end"]), (&json!(450), &json!(450)));
}

#[test]
fn times_are_days_seconds_and_bounds() {
    let day = Duration::from_secs(86_400);
    let midnight = at(0) - Duration::from_secs(36_000);
    for dialect in LAML {
        let read = |query: &[(&str, &str)]| dialect.read_list(&fields(query)).unwrap().query;
        assert_eq!(
            read(&[("StartTime", "2026-11-21")]).started,
            (Some(midnight), Some(midnight + day))
        );
        // As the libraries write a day.
        assert_eq!(
            read(&[("EndTime", "2026-11-21T00:00:00Z")]).ended,
            (Some(midnight), Some(midnight + day))
        );
        assert_eq!(
            dialect
                .read_recording_list(&fields(&[("DateCreated", "2026-11-21")]))
                .unwrap()
                .query
                .started,
            (Some(midnight), Some(midnight + day))
        );
        let bounds = read(&[
            ("EndTime>", "2026-11-21T10:00:00Z"),
            ("EndTime<", "2026-11-22"),
        ]);
        assert_eq!(
            bounds.ended,
            (Some(at(0)), Some(midnight + day + Duration::from_micros(1)))
        );
        for wrong in ["today", "2026-11-31", "2026-11-21T10:00:00+2"] {
            let fault = dialect
                .read_list(&fields(&[("StartTime<", wrong)]))
                .unwrap_err();
            assert!(
                fault.message.starts_with("StartTime< must be like"),
                "{}",
                fault.message
            );
        }
    }
}

#[test]
fn sizes_are_taken_within_bounds_and_nonsense_is_refused() {
    for dialect in LAML {
        let size = |text| {
            dialect
                .read_list(&fields(&[("PageSize", text)]))
                .map(|list| list.page.size)
        };
        assert_eq!(size("5000"), Ok(1000));
        assert_eq!(size("0"), Ok(1));
        for (name, wrong) in [
            ("PageSize", "many"),
            ("Page", "-1"),
            ("PageToken", "PA1"),
            ("Status", "gone"),
        ] {
            assert_eq!(
                dialect
                    .read_list(&fields(&[(name, wrong)]))
                    .unwrap_err()
                    .status,
                400
            );
        }
        for (name, wrong) in [("PageSize", "many"), ("DateCreated>", "today")] {
            let refused = dialect.read_recording_list(&fields(&[(name, wrong)]));
            assert_eq!(refused.unwrap_err().status, 400);
        }
    }
}

#[test]
fn a_bandwidth_list_is_bare_and_leads_on_in_its_link() {
    let path = "/api/v2/accounts/9900000/calls";
    let query = [("to", "+15551112222"), ("pageSize", "1")];
    let reply = page(Dialect::Bxml, path, &query, 1, Some(mark()));
    assert!(reply.body.unwrap().is_array());
    let link = format!(
        "<https://voice.example.com{path}?to=%2B15551112222&pageSize=1&pageToken={}>; rel=\"next\"",
        mark()
    );
    assert_eq!(reply.headers, [("Link", link)]);
    assert!(
        page(Dialect::Bxml, path, &query, 1, None)
            .headers
            .is_empty()
    );
}

#[test]
fn a_bandwidth_list_is_filtered() {
    let query = fields(&[
        ("from", "+15551112222"),
        ("minStartTime", "2026-11-21T10:00:00.000Z"),
        ("maxStartTime", "2026-11-21T10:00:01Z"),
        ("disconnectCause", "busy"),
    ]);
    let list = Dialect::Bxml.read_list(&query).unwrap();
    assert!(list.oldest_first);
    assert_eq!(list.page.size, 1000);
    assert_eq!(list.query.cause.as_deref(), Some("busy"));
    assert_eq!(list.query.started, (Some(at(0)), Some(at(1001))));
    for (name, wrong) in [
        ("minStartTime", "x"),
        ("pageSize", "0"),
        ("pageSize", "10001"),
        ("pageToken", "x"),
    ] {
        let fault = Dialect::Bxml
            .read_list(&fields(&[(name, wrong)]))
            .unwrap_err();
        assert!(fault.message.starts_with(name), "{}", fault.message);
    }
}

#[test]
fn a_jambonz_list_is_bare_and_filtered() {
    let query = fields(&[
        ("direction", "outbound"),
        ("callStatus", "busy"),
        ("to", "bob"),
    ]);
    let list = Dialect::Jambonz.read_list(&query).unwrap();
    assert_eq!(list.query.direction, Some(Direction::OutboundApi));
    assert_eq!(list.query.status.as_deref(), Some("busy"));
    for (name, wrong) in [("direction", "up"), ("callStatus", "gone")] {
        let fault = Dialect::Jambonz
            .read_list(&fields(&[(name, wrong)]))
            .unwrap_err();
        assert_eq!(fault.status, 400);
    }
    assert!(
        page(Dialect::Jambonz, "/v1/Accounts/x/Calls", &[], 1, None)
            .body
            .unwrap()
            .is_array()
    );
}

#[test]
fn a_bandwidth_list_of_recordings_is_filtered() {
    let query = fields(&[
        ("to", "+15551113333"),
        ("from", "+15551112222"),
        ("minStartTime", "2026-11-21T10:00:00.000Z"),
        ("maxStartTime", "2026-11-21T10:00:01Z"),
    ]);
    let list = Dialect::Bxml.read_recording_list(&query).unwrap();
    assert_eq!(list.query.to.as_deref(), Some("+15551113333"));
    assert_eq!(list.query.from.as_deref(), Some("+15551112222"));
    assert_eq!(list.query.started, (Some(at(0)), Some(at(1001))));
    let wrong = fields(&[("maxStartTime", "x")]);
    let fault = Dialect::Bxml.read_recording_list(&wrong).unwrap_err();
    assert!(
        fault.message.starts_with("maxStartTime"),
        "{}",
        fault.message
    );
}
