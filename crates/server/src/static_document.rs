//! Applications that are one fixed document: its placeholders are filled with what a web
//! application would have been told.

use std::borrow::Cow;
use std::collections::HashMap;

use hookflash_dialects::{Body, HttpRequest};

/// Replaces every `{{Name}}` by what `value` gives for the name. Braces that enclose no plain
/// name stay as they are.
pub(crate) fn fill(document: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut filled = String::with_capacity(document.len());
    let mut rest = document;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        match after.split_once("}}") {
            Some((name, further)) if is_name(name.trim()) => {
                filled.push_str(&value(name.trim()));
                rest = further;
            }
            _ => {
                filled.push_str("{{");
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Fills a document with the parameters that the request carries. Names are the dialect's own;
/// case and underscores do not count, so that `{{CallSid}}` also finds `call_sid`. Values are
/// escaped for the kind of document; a name without a value becomes empty.
pub(crate) fn answer(document: &str, request: &HttpRequest) -> String {
    if !document.contains("{{") {
        return document.to_owned();
    }
    let values = parameters(request);
    let json = document.trim_start().starts_with(['[', '{']);
    fill(document, |name| {
        let key = normal(name);
        let value = values.get(&key).or_else(|| match key.as_str() {
            "callsid" => values.get("callid"),
            "callid" => values.get("callsid"),
            _ => None,
        });
        let value = value.map(|value| value.as_ref()).unwrap_or_default();
        if json {
            escape_json(value)
        } else {
            escape_xml(value)
        }
    })
}

fn normal(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn parameters(request: &HttpRequest) -> HashMap<String, Cow<'_, str>> {
    let mut values = HashMap::new();
    if let Some((_, query)) = request.url.split_once('?') {
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            values.insert(normal(&name), Cow::Owned(value.into_owned()));
        }
    }
    match &request.body {
        Body::None | Body::Message(_) => {}
        Body::Form(pairs) => {
            for (name, value) in pairs {
                values.insert(normal(name), Cow::Borrowed(value.as_str()));
            }
        }
        Body::Json(text) => {
            if let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) {
                for (name, value) in object {
                    let text = match value {
                        serde_json::Value::String(text) => text,
                        serde_json::Value::Number(number) => number.to_string(),
                        serde_json::Value::Bool(flag) => flag.to_string(),
                        _ => continue,
                    };
                    values.insert(normal(&name), Cow::Owned(text));
                }
            }
        }
    }
    values
}

fn escape_xml(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // XML 1.0 has no way to write these.
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

fn escape_json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: Body) -> HttpRequest {
        HttpRequest {
            purpose: "first",
            method: hookflash_program::HookMethod::Post,
            url: "http://documents.invalid/night?tenant=a%26b".into(),
            credentials: None,
            headers: Vec::new(),
            body,
            signing: hookflash_dialects::Signing::None,
            policy: crate::webhook::policy(),
            reply_use: hookflash_dialects::ReplyUse::Document,
        }
    }

    #[test]
    fn an_xml_document_gets_its_values_escaped() {
        let form = Body::Form(vec![("From".into(), "\"A\" <&>".into())]);
        let filled = answer(
            "<Say>{{From}} {{tenant}} {{Nothing}} {{ x y }}</Say>",
            &request(form),
        );
        assert_eq!(
            filled,
            "<Say>&quot;A&quot; &lt;&amp;&gt; a&amp;b  {{ x y }}</Say>"
        );
    }

    #[test]
    fn a_json_document_finds_the_call_by_either_spelling() {
        let body = Body::Json(r#"{"call_sid":"a\"b","n":7,"sip":{}}"#.into());
        let filled = answer(
            r#"[{"verb":"tag","data":{"a":"{{CallSid}}{{n}}"}}]"#,
            &request(body),
        );
        assert_eq!(
            filled,
            r#"[{"verb":"tag","data":{"a":"a\"b7"}}]"#.replace("a\"b", "a\\\"b")
        );
    }
}
