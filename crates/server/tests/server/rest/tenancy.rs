//! Nobody sees or touches another account's calls.

use serde_json::json;

use super::*;

const PAUSE: &str = "<Response><Pause length=\"60\"/></Response>";

/// A call that runs, of the account that owns it, in each dialect: its list and its own path, and
/// what would change it.
struct Target {
    list: &'static str,
    call: String,
    changes: Vec<(&'static str, String, &'static str, String)>,
}

/// Places a call of each dialect, and gives it as its neighbour would ask for it.
fn targets(stage: &Stage, account: usize, bob: &mut Peer) -> (String, Target) {
    let api = stage.api(account);
    let to = uri_of(bob);
    let (list, body, kind) = match account {
        0 | 2 => {
            let mut text = url::form_urlencoded::Serializer::new(String::new());
            text.extend_pairs([("To", &*to), ("From", "+15550001111"), ("Twiml", PAUSE)]);
            ("/2010-04-01/Accounts/{}/Calls", text.finish(), FORM)
        }
        4 => {
            let order = json!({
                "to": to, "from": "+15550001111", "applicationId": "bxml-app",
                "answerUrl": stage.application.url("/hold"),
            });
            ("/api/v2/accounts/{}/calls", order.to_string(), JSON)
        }
        _ => {
            let order = json!({
                "to": {"type": "sip", "sipUri": to}, "from": "+15550001111",
                "call_hook": stage.application.url("/hold"),
            });
            ("/v1/Accounts/{}/Calls", order.to_string(), JSON)
        }
    };
    let created = api.send("POST", &list.replace("{}", api.sid), kind, &body);
    assert!((200..300).contains(&created.status), "{created:?}");
    let sid = match account {
        4 => created.text("callId"),
        _ => created.text("sid"),
    };
    let url = stage.application.url("/intruder");
    let changes = match account {
        0 | 2 => vec![
            ("POST", String::new(), FORM, "Status=completed".to_owned()),
            ("POST", String::new(), FORM, format!("Url={url}")),
            ("POST", "/Recordings".to_owned(), FORM, String::new()),
            (
                "POST",
                "/Recordings/Twilio.CURRENT".to_owned(),
                FORM,
                "Status=stopped".to_owned(),
            ),
            ("DELETE", String::new(), "", String::new()),
        ],
        4 => vec![
            (
                "POST",
                String::new(),
                JSON,
                json!({"state": "completed"}).to_string(),
            ),
            (
                "POST",
                String::new(),
                JSON,
                json!({"redirectUrl": url}).to_string(),
            ),
            (
                "PUT",
                "/bxml".to_owned(),
                "application/xml",
                "<Bxml><Hangup/></Bxml>".to_owned(),
            ),
            (
                "PUT",
                "/recording".to_owned(),
                JSON,
                json!({"state": "paused"}).to_string(),
            ),
        ],
        _ => vec![
            (
                "PUT",
                String::new(),
                JSON,
                json!({"call_status": "completed"}).to_string(),
            ),
            (
                "POST",
                String::new(),
                JSON,
                json!({"call_hook": url}).to_string(),
            ),
            ("DELETE", String::new(), "", String::new()),
        ],
    };
    let call = format!("{list}/{sid}");
    (
        sid,
        Target {
            list,
            call,
            changes,
        },
    )
}

#[test]
fn a_call_is_not_there_for_another_account_by_any_path_and_any_verb() {
    for account in [0, 2, 4, 6] {
        let stage = Stage::new(match account {
            4 => "<Response><Pause duration=\"60\"/></Response>",
            6 => r#"[{"verb":"pause","length":60}]"#,
            _ => PAUSE,
        });
        let mut bob = callee();
        let (owner, other) = (stage.api(account), stage.api(account + 1));
        let (sid, target) = targets(&stage, account, &mut bob);
        takes(&mut bob);
        let path = |template: &str, api: &Api| template.replace("{}", api.sid);
        let own_view = path(&target.call, &owner);
        until("it is answered", || {
            let text = api_text(&owner.get(&own_view));
            text.contains("in-progress") || text.contains("answered\"")
        });
        // By its own path the call does not exist.
        assert_eq!(other.get(&path(&target.call, &other)).status, 404);
        for (method, below, kind, body) in &target.changes {
            let tried = other.send(
                method,
                &format!("{}{below}", path(&target.call, &other)),
                kind,
                body,
            );
            assert_eq!(tried.status, 404, "{method} {below} {body}");
        }
        let list = other.get(&path(target.list, &other));
        assert_eq!(list.status, 200);
        assert!(!api_text(&list).contains(&sid), "{}", api_text(&list));
        for filter in ["From", "from"] {
            let list = other.get(&format!(
                "{}?{filter}=%2B15550001111",
                path(target.list, &other)
            ));
            assert!(!api_text(&list).contains(&sid));
        }
        // By the owner's path the credentials are somebody else's.
        let foreign = if account < 4 { 401 } else { 403 };
        for (method, below, kind, body) in target
            .changes
            .iter()
            .map(|(m, b, k, t)| (*m, b.as_str(), *k, t.as_str()))
            .chain([("GET", "", "", "")])
        {
            let tried = other.send(
                method,
                &format!("{}{below}", path(&target.call, &owner)),
                kind,
                body,
            );
            assert_eq!(tried.status, foreign, "{method} {below}");
        }
        assert_eq!(other.get(&path(target.list, &owner)).status, foreign);
        // The same with credentials that nobody has.
        let nobody = Api {
            authorization: "Basic bm9ib2R5OndoYXQ=".to_owned(),
            ..owner.clone()
        };
        let refused = nobody.get(&own_view);
        assert_eq!(refused.status, 401);
        assert!(refused.header("WWW-Authenticate").is_some());
        // Nothing has happened to the call.
        let text = api_text(&owner.get(&own_view));
        assert!(
            text.contains("in-progress") || text.contains("answered\""),
            "{text}"
        );
        assert!(heard(&stage.application, "/intruder").is_empty());
    }
}

fn api_text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

#[test]
fn accounts_of_one_vendor_are_unknown_to_the_others() {
    let stage = Stage::new(PAUSE);
    let paths = [
        (0, "/2010-04-01/Accounts/{}/Calls.json"),
        (4, "/api/v2/accounts/{}/calls"),
        (6, "/v1/Accounts/{}/Calls"),
    ];
    for (of, path) in paths {
        let path = path.replace("{}", stage.api(of).sid);
        for by in [0, 4, 6] {
            let status = stage.api(by).get(&path).status;
            assert_eq!(
                status,
                if by == of { 200 } else { 401 },
                "{by} asks for {path}"
            );
        }
    }
}

#[test]
fn unknown_calls_and_unknown_paths_are_not_found() {
    let stage = Stage::new(PAUSE);
    for (account, path) in [
        (
            0,
            "/2010-04-01/Accounts/{}/Calls/CA00000000000000000000000000000009.json",
        ),
        (0, "/2010-04-01/Accounts/{}/Messages.json"),
        (0, "/2010-04-01/Accounts/{}"),
        (2, "/api/laml/2010-04-01/Accounts/{}/Faxes"),
        (4, "/api/v2/accounts/{}/calls/c-1"),
        (4, "/api/v2/accounts/{}/conferences"),
        (6, "/v1/Accounts/{}/Calls/x"),
        (6, "/v1/Accounts/{}/Queues"),
    ] {
        let api = stage.api(account);
        let path = path.replace("{}", api.sid);
        let found = api.get(&path);
        assert_eq!(found.status, 404, "{path}");
        match account {
            0 | 2 => assert_eq!(found.json()["code"], 20404),
            4 => assert_eq!(found.text("type"), "not-found"),
            _ => assert!(found.body.is_empty()),
        }
        let nobody = send(api.http, "GET", &path, "", b"");
        assert_eq!(nobody.status, 401, "{path} says nothing to strangers");
    }
}
