//! Bandwidth's calls resource, and its tokens.

use serde_json::json;

use super::*;

const HOLD: &str = "<Response><Pause duration=\"60\"/></Response>";

fn calls(api: &Api) -> String {
    format!("/api/v2/accounts/{}/calls", api.sid)
}

fn order(stage: &Stage, bob: &Peer) -> Value {
    json!({
        "to": uri_of(bob), "from": "+15552223333", "applicationId": "bxml-app",
        "answerUrl": stage.application.url("/answer"),
        "disconnectUrl": stage.application.url("/disconnect"), "tag": "t1",
    })
}

#[test]
fn a_call_is_created_answered_given_documents_and_ended() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.bandwidth(), callee());
    let created = api.json("POST", &calls(&api), &order(&stage, &bob));
    assert_eq!(created.status, 201, "{created:?}");
    let call = created.json();
    let sid = created.text("callId");
    assert!(sid.starts_with("c-"), "{call}");
    assert_eq!(call["answerUrl"], stage.application.url("/answer"));
    assert_eq!(call["tag"], "t1");
    let url = format!("http://{}{}/{sid}", api.http, calls(&api));
    assert_eq!(call["callUrl"], url);
    assert_eq!(created.header("Location"), Some(&*url));
    let path = format!("{}/{sid}", calls(&api));
    takes(&mut bob);
    stands(&api, &path, "state", "answered");
    until("the answer is told", || {
        !heard(&stage.application, "/answer").is_empty()
    });
    assert!(heard(&stage.application, "/answer")[0].contains("\"eventType\":\"answer\""));

    let next = json!({"redirectUrl": stage.application.url("/next"), "state": "active"});
    let redirected = api.json("POST", &path, &next);
    assert_eq!((redirected.status, redirected.body.len()), (200, 0));
    until("the next document is asked for", || {
        !heard(&stage.application, "/next").is_empty()
    });

    // Bandwidth refers inbound calls alone; the result says so, and the call goes on.
    let document = format!(
        "<Bxml><Refer referCompleteUrl=\"{}\"><SipUri>sip:carol@example.com</SipUri></Refer></Bxml>",
        stage.application.url("/referred")
    );
    let given = api.send("PUT", &format!("{path}/bxml"), "application/xml", &document);
    assert_eq!((given.status, given.body.len()), (204, 0));
    until("the result is told", || {
        !heard(&stage.application, "/referred").is_empty()
    });
    let told = heard(&stage.application, "/referred");
    assert!(
        told[0].contains("\"referCallStatus\":\"failure\""),
        "{told:?}"
    );

    let ended = api.json("POST", &path, &json!({"state": "completed"}));
    assert_eq!(ended.status, 200);
    bob.take("BYE", "", "200 OK");
    stands(&api, &path, "state", "disconnected");
    assert_eq!(api.get(&path).text("disconnectCause"), "hangup");
    until("the end is told", || {
        !heard(&stage.application, "/disconnect").is_empty()
    });
    for late in [
        api.json("POST", &path, &next),
        api.json("POST", &path, &json!({"state": "completed"})),
        api.send("PUT", &format!("{path}/bxml"), "application/xml", HOLD),
    ] {
        assert_eq!(late.status, 409);
        assert_eq!(late.json()["id"], Value::Null);
        assert_eq!(late.text("type"), "conflict");
    }
    assert_eq!(
        api.send("DELETE", &path, "", "").status,
        405,
        "Bandwidth keeps its calls"
    );
}

#[test]
fn an_inbound_call_is_referred_by_a_document_of_the_api() {
    let top = "[[routes]]\nto = \"*\"\napplication = \"bxml-app\"\n";
    let stage = Stage::with(top, "<Response><Ring duration=\"60\"/></Response>");
    let api = stage.bandwidth();
    let mut alice = Peer::of(crate::stage::udp(&stage.server), "inbound");
    assert_eq!(crate::peer::status(&alice.invite("")), 200);
    let list = api.get(&calls(&api)).json();
    assert_eq!(list[0]["direction"], "inbound", "{list}");
    let path = format!("{}/{}", calls(&api), list[0]["callId"].as_str().unwrap());
    stands(&api, &path, "state", "answered");
    let document = "<Response><Refer><SipUri>sip:carol@example.com</SipUri></Refer></Response>";
    assert_eq!(
        api.send("PUT", &format!("{path}/bxml"), "text/xml", document)
            .status,
        204
    );
    let refer = alice.take("REFER", "", "603 Decline");
    assert_eq!(header(&refer, "Refer-To"), Some("<sip:carol@example.com>"));
    // Without a URL for the result the document is over, and so is the call.
    alice.take("BYE", &refer, "200 OK");
    stands(&api, &path, "state", "disconnected");
}

#[test]
fn a_call_is_ended_while_it_rings() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.bandwidth(), callee());
    let created = api.json("POST", &calls(&api), &order(&stage, &bob));
    let path = format!("{}/{}", calls(&api), created.text("callId"));
    let invite = bob.request("INVITE");
    bob.answer(&invite, "180 Ringing");
    stands(&api, &path, "state", "initiated");
    until("it rings", || {
        stage.server_view(&created.text("callId"))["legs"][0]["sipStatus"] == 180
    });
    let ended = api.json("POST", &path, &json!({"state": "completed"}));
    assert_eq!(ended.status, 200);
    bob.take("CANCEL", &invite, "200 OK");
    bob.answer(&invite, "487 Request Terminated");
    stands(&api, &path, "disconnectCause", "cancel");
    assert!(heard(&stage.application, "/answer").is_empty());
}

#[test]
fn pages_follow_the_link_header_oldest_first() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.bandwidth(), callee());
    let mut sids = Vec::new();
    for _ in 0..5 {
        let created = api.json("POST", &calls(&api), &order(&stage, &bob));
        let invite = bob.request("INVITE");
        bob.answer(&invite, "486 Busy Here");
        let sid = created.text("callId");
        stands(
            &api,
            &format!("{}/{sid}", calls(&api)),
            "state",
            "disconnected",
        );
        sids.push(sid);
    }
    let mut next = format!("{}?pageSize=2&disconnectCause=busy", calls(&api));
    let mut found: Vec<String> = Vec::new();
    loop {
        let page = api.get(&next);
        let calls = page.json();
        let calls = calls.as_array().unwrap().iter();
        found.extend(calls.map(|call| call["callId"].as_str().unwrap().to_owned()));
        let Some(link) = page.header("Link") else {
            break;
        };
        let url = link
            .strip_suffix(">; rel=\"next\"")
            .unwrap()
            .trim_start_matches('<');
        url.strip_prefix(&format!("http://{}", api.http))
            .unwrap()
            .clone_into(&mut next);
    }
    assert_eq!(found, sids);
    let none = api.get(&format!("{}?disconnectCause=hangup", calls(&api)));
    assert_eq!(none.json(), json!([]));
    for query in [
        "pageSize=0",
        "pageSize=10001",
        "minStartTime=x",
        "pageToken=x",
    ] {
        let refused = api.get(&format!("{}?{query}", calls(&api)));
        assert_eq!(
            (refused.status, refused.text("type")),
            (400, "validation".to_owned()),
            "{query}"
        );
    }
}

fn token(http: SocketAddr, authorization: &str, body: &str) -> Reply {
    let head = format!("Authorization: {authorization}\r\nContent-Type: {FORM}\r\n");
    send(http, "POST", "/api/v1/oauth2/token", &head, body.as_bytes())
}

#[test]
fn a_token_stands_for_the_account_that_got_it_and_no_other() {
    let stage = Stage::new(HOLD);
    let (api, other) = (stage.bandwidth(), stage.api(5));
    let grant = "grant_type=client_credentials";
    let got = token(api.http, &api.authorization, grant);
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(got.json()["expires_in"], 3600);
    assert_eq!(got.header("Cache-Control"), Some("no-store"));
    let bearer = Api {
        authorization: format!("Bearer {}", got.text("access_token")),
        ..api.clone()
    };
    assert_eq!(bearer.get(&calls(&bearer)).status, 200);
    assert_eq!(bearer.get(&calls(&other)).status, 403);
    let by_fields = format!("{grant}&client_id={BANDWIDTH}&client_secret=key-{BANDWIDTH}");
    assert_eq!(token(api.http, "none", &by_fields).status, 200);
    let wrong = format!("Basic {}", STANDARD.encode(format!("{BANDWIDTH}:wrong")));
    for (authorization, body, status, error) in [
        (&*wrong, grant, 401, "invalid_client"),
        ("none", grant, 401, "invalid_client"),
        (&*stage.twilio().authorization, grant, 401, "invalid_client"),
        (
            &*api.authorization,
            "grant_type=password",
            400,
            "unsupported_grant_type",
        ),
        (&*api.authorization, "", 400, "invalid_request"),
    ] {
        let refused = token(api.http, authorization, body);
        assert_eq!(
            (refused.status, refused.text("error")),
            (status, error.to_owned()),
            "{body}"
        );
    }
    for made_up in ["Bearer x", "Bearer ", &format!("Bearer key-{BANDWIDTH}")] {
        let api = Api {
            authorization: made_up.to_owned(),
            ..api.clone()
        };
        let refused = api.get(&calls(&api));
        let kind = "authentication-error".to_owned();
        assert_eq!((refused.status, refused.text("type")), (401, kind));
    }
}

#[test]
fn orders_that_make_no_sense_are_refused_with_a_description() {
    let stage = Stage::new(HOLD);
    let (api, bob) = (stage.bandwidth(), callee());
    for change in [
        json!({"answerUrl": "nonsense"}),
        json!({"callTimeout": 301}),
        json!({"applicationId": "00000000-0000-4000-8000-000000000000"}),
        json!({"applicationId": "jambonz-app"}),
        json!({"to": "nonsense"}),
        json!({"to": "+4420"}),
    ] {
        let mut order = order(&stage, &bob);
        let fields = order.as_object_mut().unwrap();
        fields.extend(change.as_object().unwrap().clone());
        let refused = api.json("POST", &calls(&api), &order);
        assert_eq!(refused.status, 400, "{change}");
        assert_eq!(refused.text("type"), "validation");
        assert!(!refused.text("description").is_empty());
    }
    assert_eq!(
        api.get(&format!("/accounts/{}/calls", api.sid)).json(),
        json!([])
    );
}
