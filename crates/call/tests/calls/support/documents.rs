//! The same small documents in four dialects.

use hookflash_dialects::Dialect;
use serde_json::json;

/// A verb of a test document.
#[derive(Clone, Debug)]
pub enum V {
    /// Transfer to a target, with the result at a path.
    Refer(&'static str, Option<&'static str>),
    /// Fetch another document.
    Redirect(&'static str),
    Pause(u32),
    Hangup,
}

pub const TARGET: &str = "sip:bob@target.example;user=phone?X-Case=7%3A1";

/// A document that answers the call, whatever its verbs are.
///
/// Of the verbs that TwiML and cXML run in this release only `Refer` answers; one without a usable
/// target does nothing else.
pub fn answered(dialect: Dialect, verbs: &[V]) -> String {
    let answers = match dialect {
        Dialect::Twiml | Dialect::Cxml => vec![V::Refer("http:nowhere", None)],
        Dialect::Bxml | Dialect::Jambonz => Vec::new(),
    };
    document(dialect, &[answers.as_slice(), verbs].concat())
}

pub fn document(dialect: Dialect, verbs: &[V]) -> String {
    if dialect == Dialect::Jambonz {
        let verbs = verbs.iter().map(|verb| match verb {
            V::Refer(target, hook) => {
                let mut verb = json!({"verb": "sip:refer", "referTo": target});
                if let Some(hook) = hook {
                    verb["actionHook"] = json!(hook);
                    verb["eventHook"] = json!("/progress");
                }
                verb
            }
            V::Redirect(path) => json!({"verb": "redirect", "actionHook": path}),
            V::Pause(seconds) => json!({"verb": "pause", "length": seconds}),
            V::Hangup => json!({"verb": "hangup"}),
        });
        // A call is answered by nothing but a verb that says so.
        let answer = std::iter::once(json!({"verb": "answer"}));
        return serde_json::Value::from_iter(answer.chain(verbs)).to_string();
    }
    let bandwidth = dialect == Dialect::Bxml;
    let verbs: String = verbs
        .iter()
        .map(|verb| match verb {
            V::Refer(target, hook) => {
                let name = if bandwidth {
                    "referCompleteUrl"
                } else {
                    "action"
                };
                let noun = if bandwidth { "SipUri" } else { "Sip" };
                let hook = hook
                    .map(|hook| format!(" {name}=\"{hook}\""))
                    .unwrap_or_default();
                format!(
                    "<Refer{hook}><{noun}>{}</{noun}></Refer>",
                    target.replace('&', "&amp;")
                )
            }
            V::Redirect(path) if bandwidth => format!("<Redirect redirectUrl=\"{path}\"/>"),
            V::Redirect(path) => format!("<Redirect>{path}</Redirect>"),
            V::Pause(seconds) if bandwidth => format!("<Pause duration=\"{seconds}\"/>"),
            V::Pause(seconds) => format!("<Pause length=\"{seconds}\"/>"),
            V::Hangup => "<Hangup/>".to_owned(),
        })
        .collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{verbs}</Response>")
}
