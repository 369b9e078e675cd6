//! What holds for every request: bodies, methods, rates, connections.

use std::io::{BufRead, BufReader};

use serde_json::json;

use super::*;

const PAUSE: &str = "<Response><Pause length=\"60\"/></Response>";

/// Where each vendor takes orders.
const PLACES: [(usize, &str); 4] = [
    (0, "/2010-04-01/Accounts/{}/Calls.json"),
    (2, "/api/laml/2010-04-01/Accounts/{}/Calls"),
    (4, "/api/v2/accounts/{}/calls"),
    (6, "/v1/Accounts/{}/Calls"),
];

fn places(stage: &Stage) -> impl Iterator<Item = (Api, String)> + '_ {
    PLACES.into_iter().map(|(account, path)| {
        let api = stage.api(account);
        let path = path.replace("{}", api.sid);
        (api, path)
    })
}

#[test]
fn bodies_that_cannot_be_read_are_refused_with_the_vendors_error() {
    let stage = Stage::new(PAUSE);
    for (api, path) in places(&stage) {
        let is_laml = path.contains("2010");
        let (own, other) = if is_laml { (FORM, JSON) } else { (JSON, FORM) };
        let own_malformed = if is_laml { "To=%ff" } else { "{" };
        for (kind, body, status) in [
            (own, own_malformed, 400),
            (own, "", 400),
            (other, "{}", 415),
            ("multipart/form-data; boundary=x", "x", 415),
            ("text/plain", "x", 415),
            ("application/json", "[1]", if is_laml { 415 } else { 400 }),
        ] {
            let refused = api.send("POST", &path, kind, body);
            assert_eq!(refused.status, status, "{path}: {kind} {body}");
            let error = refused.json();
            let told = ["message", "description", "msg"]
                .iter()
                .find_map(|name| error[name].as_str());
            assert!(told.is_some_and(|told| !told.is_empty()), "{error}");
        }
        let wide = "{".repeat(100_000);
        assert_eq!(api.send("POST", &path, own, &wide).status, 400, "{path}");
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let stage = Stage::new(PAUSE);
    let large = vec![b'x'; 600 * 1024];
    for (api, path) in places(&stage) {
        let kind = if path.contains("2010") { FORM } else { JSON };
        let head = format!(
            "Authorization: {}\r\nContent-Type: {kind}\r\n",
            api.authorization
        );
        assert_eq!(
            send(api.http, "POST", &path, &head, &large).status,
            413,
            "{path}"
        );
        // One that does not say how long it is.
        let mut stream = TcpStream::connect(api.http).unwrap();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: h\r\n{head}Transfer-Encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = [b"10000\r\n".as_slice(), &[b'x'; 65_536], b"\r\n"].concat();
        for _ in 0..10 {
            let _ = stream.write_all(&chunk);
        }
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 413"), "{path}: {line}");
        // Who may not ask is not listened to.
        let nobody = send(api.http, "POST", &path, "Content-Type: x\r\n", &large);
        assert_eq!(nobody.status, 401);
    }
}

#[test]
fn methods_that_a_path_does_not_know_are_refused_and_those_it_knows_are_told() {
    let stage = Stage::new(PAUSE);
    for (api, path) in places(&stage) {
        let refused = api.send("PATCH", &path, "", "");
        assert_eq!(refused.status, 405, "{path}");
        let allowed = refused.header("Allow").unwrap().to_owned();
        assert!(
            allowed.contains("GET") && allowed.contains("POST"),
            "{allowed}"
        );
        let error = refused.json();
        let told = ["message", "description", "msg"]
            .iter()
            .find_map(|name| error[name].as_str());
        assert!(told.is_some(), "{error}");
        let options = send(api.http, "OPTIONS", &path, "", b"");
        assert_eq!(
            (options.status, options.header("Allow")),
            (204, Some(&*allowed))
        );
        let head = api.send("HEAD", &path, "", "");
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(send(api.http, "HEAD", &path, "", b"").status, 401);
        assert_eq!(send(api.http, "PATCH", &path, "", b"").status, 401);
    }
}

#[test]
fn an_account_that_asks_too_often_is_told_when_to_come_back_and_others_are_served() {
    let stage = Stage::with("[http]\nrequests_per_second = 5\n", PAUSE);
    let (api, other) = (stage.twilio(), stage.api(1));
    let list = |api: &Api| api.get(&format!("/2010-04-01/Accounts/{}/Calls.json", api.sid));
    // However slow the machine: more than five in a second are many in a thousand.
    let refused = (0..1_000)
        .map(|_| list(&api))
        .find(|reply| reply.status != 200);
    let refused = refused.expect("nothing was refused");
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (429, json!(20429))
    );
    assert_eq!(refused.header("Retry-After"), Some("1"));
    assert_eq!(list(&other).status, 200);
}

#[test]
fn a_resource_that_is_not_there_is_named_with_what_to_do_instead() {
    let stage = Stage::new(PAUSE);
    let twilio = stage.twilio();
    let call = format!("/2010-04-01/Accounts/{}/Calls/CA1", twilio.sid);
    let absent = twilio.form(&format!("{call}/Streams.json"), &[("Url", "wss://a/")]);
    assert_eq!(
        (absent.status, absent.json()["code"].clone()),
        (404, json!(20404))
    );
    let message = absent.text("message");
    assert!(
        message.starts_with("there is no resource Streams here: "),
        "{message}"
    );
    let bandwidth = stage.bandwidth();
    let absent = bandwidth.get(&format!("/api/v2/accounts/{}/statistics", bandwidth.sid));
    assert_eq!(
        (absent.status, absent.text("type")),
        (404, "not-found".to_owned())
    );
    let description = absent.text("description");
    assert!(
        description.contains("no resource statistics"),
        "{description}"
    );
    // The account itself is no resource, and paths without one are nobody's.
    for (api, path) in [
        (&twilio, format!("/2010-04-01/Accounts/{}.json", twilio.sid)),
        (&twilio, "/2010-04-01/Accounts.json".to_owned()),
        (&bandwidth, format!("/api/v2/accounts/{}", bandwidth.sid)),
        (&stage.jambonz(), "/v1/Accounts".to_owned()),
        (
            &stage.jambonz(),
            "/v1/ServiceProviders/1/Accounts".to_owned(),
        ),
    ] {
        assert_eq!(api.get(&path).status, 404, "{path}");
        assert_eq!(send(api.http, "GET", &path, "", b"").status, 401, "{path}");
    }
    let foreign = format!("/2010-04-01/Accounts/{}.json", stage.api(1).sid);
    assert_eq!(twilio.get(&foreign).status, 401);
}

/// The series of a metric, without those that are named last.
fn series(stage: &Stage, metric: &str) -> Vec<String> {
    let metrics = crate::stage::get(stage.server.http_addr, "/metrics").1;
    let lines = metrics.lines().filter(|line| line.starts_with(metric));
    lines.map(|line| line[metric.len()..].to_owned()).collect()
}

#[test]
fn a_resource_that_is_not_there_is_not_found_by_whom_the_account_belongs_to() {
    let stage = Stage::new(PAUSE);
    let (api, other) = (stage.twilio(), stage.api(1));
    for path in [".json", "", "/Messages.json", "/Calls.xml"] {
        let path = format!("/2010-04-01/Accounts/{}{path}", api.sid);
        let missing = api.get(&path);
        assert_eq!(
            (missing.status, missing.json()["code"].clone()),
            (404, json!(20404)),
            "{path}"
        );
        assert_eq!(other.get(&path).status, 401, "{path}");
    }
}

#[test]
fn requests_are_counted_by_dialect_operation_and_class_of_status() {
    let stage = Stage::new(PAUSE);
    for (api, path) in places(&stage) {
        assert_eq!(api.get(&path).status, 200);
        assert_eq!(api.send("HEAD", &path, "", "").status, 200);
        assert_eq!(api.send("POST", &path, "text/plain", "x").status, 415);
        assert_eq!(api.send("PATCH", &path, "", "").status, 405);
        let base = path.trim_end_matches(".json");
        assert_eq!(api.get(&format!("{base}/none")).status, 404);
        for unknown in ["nowhere", "else"] {
            assert_eq!(api.get(&format!("{base}/a/{unknown}")).status, 404);
        }
    }
    for dialect in ["twiml", "cxml", "bxml", "jambonz"] {
        for (operation, status, count) in [
            ("list-calls", "2xx", 2),
            ("create-call", "4xx", 1),
            ("show-call", "4xx", 1),
            ("other", "4xx", 3),
        ] {
            let labels = format!(
                "{{dialect=\"{dialect}\",operation=\"{operation}\",status=\"{status}\"}} {count}"
            );
            let counted = series(&stage, "hookflash_api_requests_total");
            assert!(counted.contains(&labels), "{labels}: {counted:?}");
        }
        let took = format!("{{dialect=\"{dialect}\",operation=\"list-calls\"}} 2");
        let durations = series(&stage, "hookflash_api_request_duration_seconds_count");
        assert!(durations.contains(&took), "{durations:?}");
    }
    // Whatever is asked for, and by whomever: there are no more series.
    let before = series(&stage, "hookflash_api_request").len();
    for number in 0..10 {
        let path = format!("/v1/Accounts/{number}/{number}");
        send(stage.server.http_addr, "GET", &path, "", b"");
        send(
            stage.server.http_addr,
            "GET",
            &format!("/{number}"),
            "",
            b"",
        );
    }
    assert_eq!(series(&stage, "hookflash_api_request").len(), before);
}

/// SignalWire's Node library says that it closes the connection and uses it again, unless the
/// server says so too.
#[test]
fn a_client_that_closes_its_connection_is_told_so_and_others_keep_theirs() {
    let stage = Stage::new(PAUSE);
    let api = stage.signalwire();
    let path = format!("/2010-04-01/Accounts/{}/Calls.json", api.sid);
    let closed = api.get(&path);
    assert_eq!(
        (closed.status, closed.header("Connection")),
        (200, Some("close"))
    );
    assert_eq!(api.get(&path).status, 200, "a second one works");
    let refused = api.send("POST", &path, JSON, "{}");
    assert_eq!(
        (refused.status, refused.header("Connection")),
        (415, Some("close"))
    );

    let mut stream = BufReader::new(TcpStream::connect(api.http).unwrap());
    for _ in 0..3 {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\n\r\n",
            api.authorization
        );
        stream.get_mut().write_all(head.as_bytes()).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(
                stream.read_line(&mut head).unwrap() > 0,
                "the connection was closed"
            );
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length = header(&head, "Content-Length").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
    }
}

#[test]
fn a_server_that_is_full_or_stops_says_so_in_the_vendors_way() {
    let stage = Stage::with("shards = 1\n[limits]\ncalls = 1\n", PAUSE);
    let bob = callee();
    let order = |api: &Api| {
        let order = [
            ("To", &*uri_of(&bob)),
            ("From", "+15550001111"),
            ("Twiml", PAUSE),
        ];
        api.form(
            &format!("/2010-04-01/Accounts/{}/Calls.json", api.sid),
            &order,
        )
    };
    assert_eq!(order(&stage.twilio()).status, 201);
    let full = order(&stage.twilio());
    assert_eq!(
        (full.status, full.json()["code"].clone()),
        (503, json!(20503))
    );
    assert_eq!(full.header("Retry-After"), Some("1"));
    let api = stage.jambonz();
    let order = json!({
        "from": "1", "to": {"type": "sip", "sipUri": uri_of(&bob)},
        "call_hook": stage.application.url("/"),
    });
    let full = api.json("POST", &format!("/v1/Accounts/{}/Calls", api.sid), &order);
    assert_eq!(full.status, 480, "as jambonz without a feature server");
}

#[test]
fn every_request_of_the_documentation_is_served() {
    let stage = Stage::new(PAUSE);
    let http = stage.server.http_addr;
    let pages = [
        include_str!("../../../../../docs/api/twilio.md"),
        include_str!("../../../../../docs/api/signalwire.md"),
        include_str!("../../../../../docs/api/bandwidth.md"),
        include_str!("../../../../../docs/api/jambonz.md"),
    ];
    let mut served = 0;
    for line in pages.iter().flat_map(|page| page.lines()) {
        let Some((request, _)) = line
            .strip_prefix("| `")
            .and_then(|rest| rest.split_once("` |"))
        else {
            continue;
        };
        let Some((method, path)) = request.split_once(" /") else {
            continue;
        };
        let allowed = send(http, "OPTIONS", &format!("/{path}"), "", b"");
        assert_eq!(allowed.status, 204, "{request}");
        let allow = allowed.header("Allow").unwrap();
        assert!(
            allow.split(',').any(|known| known.trim() == method),
            "{request}: {allow}"
        );
        served += 1;
        // A stranger's request is counted by what it asks for.
        send(http, method, &format!("/{path}"), "", b"");
    }
    let counted = series(&stage, "hookflash_api_requests_total");
    let is_unnamed = |line: &&String| line.contains("\"other\",status=\"4xx\"");
    assert_eq!(counted.iter().find(is_unnamed), None);
    assert!(served > 40, "{served}");
}
