//! What BXML events say about parties and about the INVITE that brought the call.

use serde_json::{Map, Value};

use super::value::is_e164;
use crate::{InviteFacts, Party};

/// The headers that the functions below look for.
const USER_TO_USER: &[&str] = &["User-to-User"];
const DIVERSION: &[&str] = &["Diversion"];
const ASSERTED: &[&str] = &["P-Asserted-Identity", "From"];
const ATTESTATION: &[&str] = &["P-Attestation-Indicator", "X-Attestation-Indicator"];
const ORIGINATION: &[&str] = &["P-Origination-Id", "X-Origination-Id"];

/// Whether an event may say something of this header of the INVITE.
pub(crate) fn tells_header(name: &str) -> bool {
    [USER_TO_USER, DIVERSION, ASSERTED, ATTESTATION, ORIGINATION]
        .into_iter()
        .flatten()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// `from` and `to`: a number in E.164 form, a word for a withheld number, or the URI.
pub(super) fn party(party: &Party) -> String {
    if is_e164(&party.user) {
        return party.user.clone();
    }
    let withheld = ["Anonymous", "Restricted", "Private", "Unavailable"]
        .into_iter()
        .find(|word| word.eq_ignore_ascii_case(&party.user));
    match withheld {
        Some(word) => word.to_owned(),
        None if party.host.eq_ignore_ascii_case("anonymous.invalid") => "Anonymous".to_owned(),
        None => party.uri.clone(),
    }
}

/// `uui`: the User-to-User header as received (RFC 7433).
pub(super) fn uui(invite: &InviteFacts) -> Option<&str> {
    header(invite, USER_TO_USER)
}

/// `diversion`: the latest diversion, which stands first (RFC 5806). Every parameter is passed
/// on, known or not.
pub(super) fn diversion(invite: &InviteFacts) -> Option<Map<String, Value>> {
    let value = split_outside_quotes(header(invite, DIVERSION)?, ',')
        .next()?
        .trim();
    let (uri, parameters) = match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>')?,
        None => value
            .split_once(';')
            .map_or((value, ""), |(uri, _)| (uri, parameters(value))),
    };
    let mut diversion = Map::new();
    for parameter in split_outside_quotes(parameters, ';') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = name.trim();
        if !name.is_empty() {
            let name = name.to_ascii_lowercase();
            diversion.insert(name, Value::from(unquoted(value.trim())));
        }
    }
    diversion.insert("origTo".to_owned(), Value::from(number_or_uri(uri.trim())));
    Some(diversion)
}

/// `stirShaken`: the verdict of the network that verified the caller's number. The headers are
/// those in which carriers hand it on (ATIS-1000074, 3GPP TS 24.229).
pub(super) fn stir_shaken(invite: &InviteFacts) -> Option<Map<String, Value>> {
    let mut verdict = Map::new();
    let asserted = ASSERTED
        .iter()
        .filter_map(|name| header(invite, &[name]))
        .find_map(verstat);
    let attestation = header(invite, ATTESTATION);
    let origination = header(invite, ORIGINATION);
    let fields = [
        ("verstat", asserted),
        ("attestationIndicator", attestation),
        ("originatingId", origination),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            verdict.insert(name.to_owned(), Value::from(value));
        }
    }
    (!verdict.is_empty()).then_some(verdict)
}

/// The first header of one of these names, which are never in their compact form here.
fn header<'a>(invite: &'a InviteFacts, names: &[&str]) -> Option<&'a str> {
    invite
        .headers
        .iter()
        .find(|(found, _)| names.iter().any(|name| name.eq_ignore_ascii_case(found)))
        .map(|(_, value)| value.trim())
}

fn parameters(value: &str) -> &str {
    value
        .split_once(';')
        .map_or("", |(_, parameters)| parameters)
}

/// The `verstat` parameter of the number in a header (3GPP TS 24.229 §7.2A.20).
fn verstat(value: &str) -> Option<&str> {
    let lower = value.to_ascii_lowercase();
    let at = lower.find(";verstat=")? + ";verstat=".len();
    let rest = value.get(at..)?;
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
        .unwrap_or(rest.len());
    rest.get(..end).filter(|word| !word.is_empty())
}

fn number_or_uri(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let user = rest.split(['@', ';']).next().unwrap_or_default();
    if is_e164(user) { user } else { uri }
}

fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value)
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut bracketed = false;
    text.split(move |c| {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            _ => {}
        }
        c == separator && !quoted && !bracketed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(headers: &[(&str, &str)]) -> InviteFacts {
        let headers = headers
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        InviteFacts {
            headers,
            ..InviteFacts::default()
        }
    }

    fn sip(user: &str, host: &str) -> Party {
        Party {
            uri: format!("sip:{user}@{host}"),
            user: user.to_owned(),
            host: host.to_owned(),
            display_name: String::new(),
        }
    }

    #[test]
    fn a_number_is_told_as_a_number_and_a_name_as_its_uri() {
        assert_eq!(party(&sip("+15551234567", "carrier")), "+15551234567");
        assert_eq!(party(&sip("2000", "pbx")), "sip:2000@pbx");
        assert_eq!(party(&sip("anonymous", "anonymous.invalid")), "Anonymous");
        assert_eq!(party(&sip("unavailable", "unknown.invalid")), "Unavailable");
    }

    #[test]
    fn the_first_diversion_is_told_with_all_its_parameters() {
        let invite = invite(&[(
            "Diversion",
            "\"a, b\" <sip:+15553334444@c;user=phone>;Reason=unavailable;counter=\"2\";odd=x, \
             <sip:+1@d>",
        )]);
        let told = Value::Object(diversion(&invite).unwrap());
        let wanted = serde_json::json!(
            {"reason": "unavailable", "counter": "2", "odd": "x", "origTo": "+15553334444"}
        );
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_diversion_without_brackets_is_read_too() {
        let invite = invite(&[("diversion", "tel:+15553334444;reason=user-busy")]);
        let told = Value::Object(diversion(&invite).unwrap());
        assert_eq!(
            told,
            serde_json::json!({"reason": "user-busy", "origTo": "+15553334444"})
        );
    }

    #[test]
    fn the_networks_verdict_on_the_number_is_handed_on() {
        let invite = invite(&[
            ("From", "<sip:+1555@c>;tag=1"),
            (
                "P-Asserted-Identity",
                "<tel:+1555;verstat=TN-Validation-Passed>",
            ),
            ("P-Attestation-Indicator", "A"),
            ("P-Origination-ID", "0e1a5c0e-0000-4000-8000-000000000000"),
        ]);
        let told = Value::Object(stir_shaken(&invite).unwrap());
        let wanted = serde_json::json!({
            "verstat": "TN-Validation-Passed",
            "attestationIndicator": "A",
            "originatingId": "0e1a5c0e-0000-4000-8000-000000000000",
        });
        assert_eq!(told, wanted);
    }

    #[test]
    fn nothing_is_made_up_when_the_network_says_nothing() {
        let invite = invite(&[("From", "<sip:+1555@c>;tag=1")]);
        assert_eq!(stir_shaken(&invite), None);
        assert_eq!(diversion(&invite), None);
        assert_eq!(uui(&invite), None);
    }
}
