//! What the API of each vendor is asked to place, watch, change and end a call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookflash_dialects::Dialect;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::client::Ask;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const XML: &str = "application/xml";

/// The account that calls, and its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) dialect: Dialect,
    pub(crate) sid: String,
    pub(crate) user: String,
    pub(crate) token: String,
    /// An application of the account, for APIs that want one named.
    pub(crate) application: String,
}

/// Where the call finds its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// At the application.
    Url(String),
    /// Here.
    Text(String),
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The vendor's own word.
    pub(crate) word: String,
    pub(crate) is_answered: bool,
    pub(crate) is_over: bool,
    /// Whether it ended well: it had been answered.
    pub(crate) is_fine: bool,
}

impl Account {
    /// The value of the Authorization header.
    pub(crate) fn authorization(&self) -> String {
        match self.dialect {
            Dialect::Jambonz => format!("Bearer {}", self.token),
            Dialect::Twiml | Dialect::Cxml | Dialect::Bxml => {
                let both = format!("{}:{}", self.user, self.token);
                format!("Basic {}", STANDARD.encode(both))
            }
        }
    }

    /// Whether the API takes a document itself when a call is placed; otherwise it must be fetched
    /// from somewhere.
    pub(crate) fn takes_documents(&self) -> bool {
        matches!(self.dialect, Dialect::Twiml | Dialect::Cxml)
    }

    /// Whether the API takes a document itself for a call that runs.
    pub(crate) fn takes_new_documents(&self) -> bool {
        self.dialect != Dialect::Jambonz
    }

    fn calls(&self) -> String {
        let sid = &self.sid;
        match self.dialect {
            Dialect::Twiml => format!("/2010-04-01/Accounts/{sid}/Calls"),
            Dialect::Cxml => format!("/api/laml/2010-04-01/Accounts/{sid}/Calls"),
            Dialect::Bxml => format!("/api/v2/accounts/{sid}/calls"),
            Dialect::Jambonz => format!("/v1/Accounts/{sid}/Calls"),
        }
    }

    fn call(&self, sid: &str) -> String {
        match self.dialect {
            Dialect::Twiml => format!("{}/{sid}.json", self.calls()),
            _ => format!("{}/{sid}", self.calls()),
        }
    }

    /// Places a call. `seconds` is how long it may ring.
    pub(crate) fn place(&self, to: &str, from: &str, source: &Source, seconds: u64) -> Ask {
        let path = self.calls();
        let body = match (self.dialect, source) {
            (Dialect::Twiml | Dialect::Cxml, source) => {
                let (name, value) = laml(source);
                let seconds = seconds.to_string();
                form(&[
                    ("To", to),
                    ("From", from),
                    (name, value),
                    ("Timeout", &seconds),
                ])
            }
            (Dialect::Bxml, Source::Url(url) | Source::Text(url)) => json(&json!({
                "to": to, "from": from, "applicationId": self.application, "answerUrl": url,
                "callTimeout": seconds,
            })),
            (Dialect::Jambonz, Source::Url(url) | Source::Text(url)) => json(&json!({
                "from": from, "to": target(to), "call_hook": url, "timeout": seconds,
            })),
        };
        let path = match self.dialect {
            Dialect::Twiml => format!("{path}.json"),
            _ => path,
        };
        post(path, body)
    }

    /// The identifier in the answer to [`Account::place`].
    pub(crate) fn sid_of(&self, answer: &[u8]) -> Option<String> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let name = match self.dialect {
            Dialect::Bxml => "callId",
            Dialect::Twiml | Dialect::Cxml | Dialect::Jambonz => "sid",
        };
        answer.get(name)?.as_str().map(str::to_owned)
    }

    /// Asks where a call stands.
    pub(crate) fn look(&self, sid: &str) -> Ask {
        Ask {
            method: "GET",
            path: self.call(sid),
            body: None,
        }
    }

    /// The answer to [`Account::look`].
    pub(crate) fn standing(&self, answer: &[u8]) -> Option<Standing> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let text = |name: &str| Some(answer.get(name)?.as_str()?.to_owned());
        let standing = match self.dialect {
            Dialect::Twiml | Dialect::Cxml => laml_standing(text("status")?),
            Dialect::Jambonz => laml_standing(text("call_status")?),
            Dialect::Bxml => {
                let state = text("state")?;
                let is_over = state == "disconnected";
                let was_answered = text("answerTime").is_some();
                Standing {
                    is_answered: state == "answered",
                    is_over,
                    is_fine: is_over && was_answered,
                    word: match text("disconnectCause").filter(|_| is_over) {
                        Some(cause) => format!("{state} ({cause})"),
                        None => state,
                    },
                }
            }
        };
        Some(standing)
    }

    /// Gives a running call another document.
    pub(crate) fn redirect(&self, sid: &str, source: &Source) -> Ask {
        let path = self.call(sid);
        match (self.dialect, source) {
            (Dialect::Twiml | Dialect::Cxml, source) => {
                let (name, value) = laml(source);
                post(path, form(&[(name, value)]))
            }
            (Dialect::Bxml, Source::Url(url)) => post(
                path,
                json(&json!({ "state": "active", "redirectUrl": url })),
            ),
            (Dialect::Bxml, Source::Text(text)) => Ask {
                method: "PUT",
                path: format!("{path}/bxml"),
                body: Some((XML, text.clone())),
            },
            (Dialect::Jambonz, Source::Url(url) | Source::Text(url)) => Ask {
                method: "PUT",
                path,
                body: Some(json(&json!({ "call_hook": url }))),
            },
        }
    }

    /// Ends a call, answered or not.
    pub(crate) fn hang_up(&self, sid: &str) -> Ask {
        let path = self.call(sid);
        match self.dialect {
            Dialect::Twiml | Dialect::Cxml => post(path, form(&[("Status", "completed")])),
            Dialect::Bxml => post(path, json(&json!({ "state": "completed" }))),
            Dialect::Jambonz => Ask {
                method: "DELETE",
                path,
                body: None,
            },
        }
    }
}

fn laml(source: &Source) -> (&'static str, &str) {
    match source {
        Source::Url(url) => ("Url", url),
        Source::Text(text) => ("Twiml", text),
    }
}

/// TwiML's, cXML's and jambonz' words.
fn laml_standing(word: String) -> Standing {
    let failures = ["busy", "failed", "no-answer", "canceled"];
    let is_fine = word == "completed";
    Standing {
        is_answered: word == "in-progress",
        is_over: is_fine || failures.contains(&word.as_str()),
        is_fine,
        word,
    }
}

/// jambonz wants to know what kind of target it is.
fn target(to: &str) -> Value {
    if to.starts_with("sip:") || to.starts_with("sips:") {
        return json!({ "type": "sip", "sipUri": to });
    }
    json!({ "type": "phone", "number": to.strip_prefix("tel:").unwrap_or(to) })
}

fn form(fields: &[(&str, &str)]) -> (&'static str, String) {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    (FORM, text.finish())
}

fn json(value: &Value) -> (&'static str, String) {
    (JSON, value.to_string())
}

fn post(path: String, body: (&'static str, String)) -> Ask {
    Ask {
        method: "POST",
        path,
        body: Some(body),
    }
}

/// What an answer that refuses says, in any vendor's form.
pub(crate) fn refusal(status: u16, body: &[u8]) -> String {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let said = value.as_ref().and_then(|value| {
        ["message", "description", "msg", "error"]
            .iter()
            .find_map(|name| value.get(name)?.as_str())
    });
    let code = value.as_ref().and_then(|value| value.get("code"));
    match (said, code) {
        (Some(said), Some(code)) => format!("{said} (status {status}, code {code})"),
        (Some(said), None) => format!("{said} (status {status})"),
        (None, _) => format!("status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(dialect: Dialect) -> Account {
        Account {
            dialect,
            sid: "A1".into(),
            user: "u".into(),
            token: "t".into(),
            application: "app".into(),
        }
    }

    #[test]
    fn each_vendor_is_asked_in_its_own_way() {
        let url = Source::Url("http://h/v?a=1&b=2".into());
        let ask = |dialect| account(dialect).place("sip:bob@h", "+441", &url, 30);
        let twiml = ask(Dialect::Twiml);
        assert_eq!(twiml.path, "/2010-04-01/Accounts/A1/Calls.json");
        assert_eq!(
            twiml.body.unwrap().1,
            "To=sip%3Abob%40h&From=%2B441&Url=http%3A%2F%2Fh%2Fv%3Fa%3D1%26b%3D2&Timeout=30"
        );
        let bxml: Value = serde_json::from_str(&ask(Dialect::Bxml).body.unwrap().1).unwrap();
        assert_eq!(bxml["applicationId"], "app");
        assert_eq!(bxml["answerUrl"], "http://h/v?a=1&b=2");
        let jambonz: Value = serde_json::from_str(&ask(Dialect::Jambonz).body.unwrap().1).unwrap();
        assert_eq!(
            jambonz["to"],
            json!({ "type": "sip", "sipUri": "sip:bob@h" })
        );
        assert_eq!(
            target("tel:+441"),
            json!({ "type": "phone", "number": "+441" })
        );
    }

    #[test]
    fn documents_travel_in_the_request_where_the_api_takes_them() {
        let text = Source::Text("<Response/>".into());
        let twiml = account(Dialect::Cxml).redirect("S1", &text);
        assert_eq!(
            twiml.body.unwrap().1,
            "Twiml=%3CResponse%2F%3E",
            "in a field"
        );
        let bxml = account(Dialect::Bxml).redirect("S1", &text);
        assert_eq!(
            (bxml.method, bxml.path.as_str()),
            ("PUT", "/api/v2/accounts/A1/calls/S1/bxml")
        );
        assert_eq!(bxml.body, Some((XML, "<Response/>".to_owned())));
    }

    #[test]
    fn where_a_call_stands_is_read_from_each_vendors_words() {
        let standing = |dialect, text: &str| account(dialect).standing(text.as_bytes());
        let rings = standing(Dialect::Twiml, r#"{"status":"ringing"}"#).unwrap();
        assert!(!rings.is_answered && !rings.is_over);
        let busy = standing(Dialect::Cxml, r#"{"status":"busy"}"#).unwrap();
        assert!(busy.is_over && !busy.is_fine);
        let over = r#"{"state":"disconnected","answerTime":"2026-01-01T00:00:00Z","disconnectCause":"hangup"}"#;
        let over = standing(Dialect::Bxml, over).unwrap();
        assert_eq!(over.word, "disconnected (hangup)");
        assert!(over.is_over && over.is_fine);
        let unanswered = r#"{"state":"disconnected","answerTime":null,"disconnectCause":"busy"}"#;
        assert!(!standing(Dialect::Bxml, unanswered).unwrap().is_fine);
        let up = standing(Dialect::Jambonz, r#"{"call_status":"in-progress"}"#).unwrap();
        assert!(up.is_answered && !up.is_over);
        assert_eq!(standing(Dialect::Twiml, "nonsense"), None);
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_api() {
        assert_eq!(
            refusal(
                400,
                br#"{"code":21211,"message":"no such number","status":400}"#
            ),
            "no such number (status 400, code 21211)"
        );
        assert_eq!(refusal(422, br#"{"msg":"no"}"#), "no (status 422)");
        assert_eq!(refusal(502, b"<html>"), "status 502");
    }
}
