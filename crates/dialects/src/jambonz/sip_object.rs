//! The `sip` object of the first request: the INVITE in the shape that drachtio gives messages.

use serde_json::{Map, Value};

use crate::InviteFacts;

/// Builds the object.
pub(super) fn sip_object(invite: &InviteFacts) -> Value {
    let mut sip = Map::new();
    sip.insert("headers".to_owned(), Value::Object(headers(invite)));
    sip.insert("raw".to_owned(), Value::from(invite.raw.as_str()));
    sip.insert("body".to_owned(), Value::from(invite.body.as_str()));
    sip.insert("method".to_owned(), Value::from(invite.method.as_str()));
    sip.insert("version".to_owned(), Value::from(invite.version.as_str()));
    sip.insert("uri".to_owned(), Value::from(invite.uri.as_str()));
    sip.insert("payload".to_owned(), Value::Array(payload(invite)));
    Value::Object(sip)
}

/// Standard names in lower case and in full, `X-…` as received; lines of the same header joined
/// with commas.
fn headers(invite: &InviteFacts) -> Map<String, Value> {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in &invite.headers {
        let is_extension = name
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("x-"));
        let name = match is_extension {
            true => name.clone(),
            false => full_name(&name.to_ascii_lowercase()).to_owned(),
        };
        match headers.get_mut(&name) {
            Some(Value::String(joined)) => {
                joined.push_str(", ");
                joined.push_str(value);
            }
            _ => {
                headers.insert(name, Value::from(value.as_str()));
            }
        }
    }
    headers
}

/// What a compact form stands for (RFC 3261 §7.3.3 and the registry of header fields).
fn full_name(name: &str) -> &str {
    match name {
        "a" => "accept-contact",
        "b" => "referred-by",
        "c" => "content-type",
        "d" => "request-disposition",
        "e" => "content-encoding",
        "f" => "from",
        "i" => "call-id",
        "j" => "reject-contact",
        "k" => "supported",
        "l" => "content-length",
        "m" => "contact",
        "n" => "identity-info",
        "o" => "event",
        "r" => "refer-to",
        "s" => "subject",
        "t" => "to",
        "u" => "allow-events",
        "v" => "via",
        "x" => "session-expires",
        "y" => "identity",
        other => other,
    }
}

/// The body, part by part when it is a multipart one (RFC 2046 §5.1).
fn payload(invite: &InviteFacts) -> Vec<Value> {
    if invite.body.is_empty() {
        return Vec::new();
    }
    let content_type = invite.content_type.as_deref().unwrap_or_default();
    let parts = boundary(content_type).map(|boundary| parts(&invite.body, &boundary));
    match parts {
        Some(parts) if !parts.is_empty() => parts,
        _ => vec![part(content_type, &invite.body)],
    }
}

fn part(content_type: &str, content: &str) -> Value {
    let mut part = Map::new();
    part.insert("type".to_owned(), Value::from(content_type));
    part.insert("content".to_owned(), Value::from(content));
    Value::Object(part)
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let mut parameters = parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim().trim_matches('"');
    (!value.is_empty()).then(|| format!("--{value}"))
}

fn parts(body: &str, boundary: &str) -> Vec<Value> {
    let mut parts = Vec::new();
    // What stands before the first boundary is no part, nor is what follows the closing `--`.
    for piece in body.split(boundary).skip(1) {
        if piece.starts_with("--") {
            break;
        }
        let piece = piece
            .strip_prefix("\r\n")
            .or(piece.strip_prefix('\n'))
            .unwrap_or(piece);
        let (head, content) = match piece.split_once("\r\n\r\n").or(piece.split_once("\n\n")) {
            Some(split) => split,
            None => continue,
        };
        let end = content.strip_suffix("\r\n").or(content.strip_suffix('\n'));
        let content = end.unwrap_or(content);
        let kind = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| {
                let name = name.trim();
                name.eq_ignore_ascii_case("content-type") || name.eq_ignore_ascii_case("c")
            })
            .map_or("text/plain", |(_, value)| value.trim());
        parts.push(part(kind, content));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(headers: &[(&str, &str)], content_type: &str, body: &str) -> InviteFacts {
        InviteFacts {
            headers: headers
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            content_type: Some(content_type.to_owned()),
            body: body.to_owned(),
            ..InviteFacts::default()
        }
    }

    #[test]
    fn standard_names_are_lower_case_and_extensions_stay_as_received() {
        let invite = invite(
            &[
                ("v", "SIP/2.0/UDP a"),
                ("Via", "SIP/2.0/UDP b"),
                ("Call-ID", "1@x"),
                ("X-Customer-Id", "7"),
                ("x-lower", "8"),
                ("X", "1800"),
                ("é", "odd"),
            ],
            "",
            "",
        );
        let wanted = serde_json::json!({
            "via": "SIP/2.0/UDP a, SIP/2.0/UDP b",
            "call-id": "1@x",
            "X-Customer-Id": "7",
            "x-lower": "8",
            "session-expires": "1800",
            "é": "odd",
        });
        assert_eq!(Value::Object(headers(&invite)), wanted);
    }

    #[test]
    fn a_plain_body_is_one_part() {
        let invite = invite(&[], "application/sdp", "v=0\r\n");
        let wanted = serde_json::json!([{"type": "application/sdp", "content": "v=0\r\n"}]);
        assert_eq!(Value::Array(payload(&invite)), wanted);
    }

    #[test]
    fn a_multipart_body_is_taken_apart() {
        let body = "preamble\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n\
                    --b1\r\nc: application/isup;version=x\r\n\r\n01\r\n--b1--\r\nepilogue";
        let invite = invite(&[], "multipart/mixed; boundary=\"b1\"", body);
        let wanted = serde_json::json!([
            {"type": "application/sdp", "content": "v=0\r\n"},
            {"type": "application/isup;version=x", "content": "01"},
        ]);
        assert_eq!(Value::Array(payload(&invite)), wanted);
    }

    #[test]
    fn a_broken_multipart_body_is_passed_on_whole() {
        let invite = invite(&[], "multipart/mixed;boundary=b", "no parts here");
        let wanted =
            serde_json::json!([{"type": "multipart/mixed;boundary=b", "content": "no parts here"}]);
        assert_eq!(Value::Array(payload(&invite)), wanted);
    }
}
