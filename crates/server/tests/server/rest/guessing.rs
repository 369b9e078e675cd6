//! Whoever guesses passwords has to wait.

use serde_json::json;

use super::*;

const PAUSE: &str = "<Response><Pause length=\"60\"/></Response>";
/// How many wrong ones an address may try in a minute.
const MOST: usize = 30;

/// Where each vendor shows calls, and what its refusal of too many requests says.
const LISTS: [(usize, &str, &str, &str); 3] = [
    (0, "/2010-04-01/Accounts/{}/Calls.json", "code", "20429"),
    (
        4,
        "/api/v2/accounts/{}/calls",
        "type",
        "rate-limit-exceeded",
    ),
    (6, "/v1/Accounts/{}/Calls", "msg", ""),
];

/// A client at this address: a proxy on the server's machine speaks for it.
fn at(api: &Api, address: &str, authorization: &str, path: &str) -> Reply {
    let head = format!("Authorization: {authorization}\r\nX-Forwarded-For: {address}\r\n");
    send(api.http, "GET", path, &head, b"")
}

#[test]
fn an_address_that_guesses_is_not_listened_to_and_others_are() {
    let stage = Stage::new(PAUSE);
    for (account, path, name, word) in LISTS {
        let api = stage.api(account);
        let path = path.replace("{}", api.sid);
        let guess = match account {
            6 => "Bearer guess".to_owned(),
            _ => format!("Basic {}", STANDARD.encode(format!("{}:guess", api.sid))),
        };
        let eve = format!("192.0.2.{account}");
        for _ in 0..MOST {
            let refused = at(&api, &eve, &guess, &path);
            assert_eq!(refused.status, 401, "{path}");
        }
        // Not even the right one is told from the wrong ones.
        for authorization in [&guess, &api.authorization] {
            let refused = at(&api, &eve, authorization, &path);
            assert_eq!(refused.status, 429, "{path}");
            let after: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
            assert!((1..=60).contains(&after), "{after}");
            let told = refused.json()[name].to_string();
            assert!(told.contains(word), "{told}");
        }
        let bob = at(&api, "198.51.100.1", &api.authorization, &path);
        assert_eq!(bob.status, 200, "{path}");
        assert_eq!(api.get(&path).status, 200, "{path}");
    }
    let metrics = crate::stage::get(stage.server.http_addr, "/metrics").1;
    let counted = format!("hookflash_api_wrong_passwords_total {}", LISTS.len() * MOST);
    assert!(metrics.contains(&counted), "{metrics}");
}

#[test]
fn whoever_shows_nothing_and_whoever_asks_for_what_is_anothers_guesses_nothing() {
    let stage = Stage::new(PAUSE);
    let (api, other) = (stage.twilio(), stage.api(1));
    let theirs = format!("/2010-04-01/Accounts/{}/Calls.json", other.sid);
    for _ in 0..2 * MOST {
        assert_eq!(send(api.http, "GET", &theirs, "", b"").status, 401);
        assert_eq!(api.get(&theirs).status, 401);
    }
    assert_eq!(other.get(&theirs).status, 200);
}

#[test]
fn secrets_are_not_guessed_where_tokens_are_issued_either() {
    let stage = Stage::new(PAUSE);
    let api = stage.bandwidth();
    let eve = "192.0.2.1";
    let ask = |secret: &str| {
        let basic = STANDARD.encode(format!("{}:{secret}", api.sid));
        let head = format!(
            "Authorization: Basic {basic}\r\nContent-Type: {FORM}\r\nX-Forwarded-For: {eve}\r\n"
        );
        let body = b"grant_type=client_credentials";
        send(api.http, "POST", "/api/v1/oauth2/token", &head, body)
    };
    let right = format!("key-{}", api.sid);
    let token = ask(&right).text("access_token");
    for _ in 0..MOST {
        assert_eq!(ask("guess").status, 401);
    }
    let refused = ask(&right);
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["error"], json!("temporarily_unavailable"));
    assert!(refused.header("Retry-After").is_some());
    // The token itself was not guessed, but it comes from the same address.
    let bearer = format!("Bearer {token}");
    let path = format!("/api/v2/accounts/{}/calls", api.sid);
    assert_eq!(at(&api, eve, &bearer, &path).status, 429);
    assert_eq!(at(&api, "198.51.100.1", &bearer, &path).status, 200);
}

#[test]
fn whoever_is_on_the_machine_itself_is_always_listened_to() {
    let stage = Stage::new(PAUSE);
    let api = stage.twilio();
    let path = format!("/2010-04-01/Accounts/{}/Calls.json", api.sid);
    let basic = STANDARD.encode(format!("{}:guess", api.sid));
    let head = format!("Authorization: Basic {basic}\r\n");
    for _ in 0..2 * MOST {
        assert_eq!(send(api.http, "GET", &path, &head, b"").status, 401);
    }
    assert_eq!(api.get(&path).status, 200);
}

#[test]
fn the_operators_token_is_not_guessed_and_loopback_needs_none() {
    let stage = Stage::with("[http]\nadmin_token = \"open\"\n", PAUSE);
    let http = stage.server.http_addr;
    let ask = |token: &str| {
        let head = format!("Authorization: Bearer {token}\r\nX-Forwarded-For: 192.0.2.1\r\n");
        send(http, "GET", "/hookflash/v1/calls", &head, b"")
    };
    assert_eq!(ask("open").status, 200);
    for _ in 0..MOST {
        assert_eq!(ask("guess").status, 401);
    }
    let refused = ask("open");
    assert_eq!(refused.status, 429);
    assert!(refused.header("Retry-After").is_some());
    assert_eq!(crate::stage::get(http, "/hookflash/v1/calls").0, 200);
}
