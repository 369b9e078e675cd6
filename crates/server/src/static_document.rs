//! Applications that are one fixed document: its placeholders are filled with what a web
//! application would have been told.

use std::borrow::Cow;
use std::collections::HashMap;

use hookflash_dialects::{Body, HttpRequest};

/// Where a placeholder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the query of an HTTP or WebSocket URL, which may be relative.
    Query,
    /// Anywhere else: in text, in a number, in a SIP URI.
    Text,
}

impl Place {
    /// The place behind the beginning of a word.
    fn behind(word: &str) -> Place {
        let word = word.strip_prefix("&lt;").unwrap_or(word);
        let Some((path, query)) = word.split_once('?') else {
            return Place::Text;
        };
        let scheme = path.split_once(':').map(|(scheme, _)| scheme);
        let is_url = match scheme.filter(|scheme| scheme.chars().all(is_of_scheme)) {
            Some(scheme) => {
                let ours = ["http", "https", "ws", "wss"];
                ours.iter().any(|ours| scheme.eq_ignore_ascii_case(ours))
            }
            // A question mark alone may as well be the end of a sentence.
            None => path.starts_with('/') || query.contains('='),
        };
        // Other than in a character reference of XML, a fragment follows.
        let has_ended = query.replace("&#", "").contains('#');
        match is_url && !has_ended {
            true => Place::Query,
            false => Place::Text,
        }
    }
}

/// RFC 3986 section 3.1.
fn is_of_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

/// What ends a word, in XML as in JSON.
fn is_between_words(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')
}

/// Replaces every `{{Name}}` by what `value` gives for the name and its place. Braces that enclose
/// no plain name stay as they are.
pub(crate) fn fill(document: &str, mut value: impl FnMut(&str, Place) -> String) -> String {
    let mut filled = String::with_capacity(document.len());
    // Where the word begins in it that is being written. A value does not end a word.
    let mut word = 0;
    let mut rest = document;
    while let Some((before, after)) = rest.split_once("{{") {
        if let Some((last, end)) = before.rmatch_indices(is_between_words).next() {
            word = filled.len() + last + end.len();
        }
        filled.push_str(before);
        match after.split_once("}}") {
            Some((name, further)) if is_name(name.trim()) => {
                let place = Place::behind(filled.get(word..).unwrap_or_default());
                filled.push_str(&value(name.trim(), place));
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
/// escaped for the kind of document, and in the query of a URL for that; a name without a value
/// becomes empty.
pub(crate) fn answer(document: &str, request: &HttpRequest) -> String {
    if !document.contains("{{") {
        return document.to_owned();
    }
    let values = parameters(request);
    let json = document.trim_start().starts_with(['[', '{']);
    fill(document, |name, place| {
        let key = normal(name);
        let value = values.get(&key).or_else(|| match key.as_str() {
            "callsid" => values.get("callid"),
            "callid" => values.get("callsid"),
            _ => None,
        });
        let value = value.map(|value| value.as_ref()).unwrap_or_default();
        match place {
            // Nothing of it means anything in XML or JSON.
            Place::Query => url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
            Place::Text if json => escape_json(value),
            Place::Text => escape_xml(value),
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

    fn filled(document: &str) -> String {
        let form = vec![
            ("From".into(), "+1 5&6".into()),
            ("To".into(), "sip:b@h".into()),
        ];
        answer(document, &request(Body::Form(form)))
    }

    #[test]
    fn in_the_query_of_a_url_a_value_stays_one_value() {
        for (document, wanted) in [
            (
                r#"<Dial action="https://h/a?x={{From}}&amp;to={{ To }}">{{From}}</Dial>"#,
                r#"<Dial action="https://h/a?x=%2B1+5%266&amp;to=sip%3Ab%40h">+1 5&amp;6</Dial>"#,
            ),
            (
                "<Redirect>\n/a/{{To}}?{{From}}</Redirect>",
                "<Redirect>\n/a/sip:b@h?%2B1+5%266</Redirect>",
            ),
            (
                "<Stream url='WSS://h?a=&#39;{{To}}'/>",
                "<Stream url='WSS://h?a=&#39;sip%3Ab%40h'/>",
            ),
            (
                r#"[{"verb":"redirect","actionHook":"next?from={{From}}"}]"#,
                r#"[{"verb":"redirect","actionHook":"next?from=%2B1+5%266"}]"#,
            ),
            (
                r#"<Redirect>{{Base}}next?from={{From}}#{{To}}</Redirect>"#,
                r#"<Redirect>next?from=%2B1+5%266#sip:b@h</Redirect>"#,
            ),
        ] {
            assert_eq!(filled(document), wanted);
        }
    }

    #[test]
    fn in_text_and_in_sip_uris_a_value_is_what_it_is() {
        for (document, wanted) in [
            (
                r#"<Say>Is it you?{{To}} Or /you? {{To}}</Say>"#,
                r#"<Say>Is it you?sip:b@h Or /you? sip:b@h</Say>"#,
            ),
            (
                "<Sip>sips:a@h?X-To={{To}}</Sip>",
                "<Sip>sips:a@h?X-To=sip:b@h</Sip>",
            ),
            (
                "<Sip>{{To}}?X-To={{To}}</Sip>",
                "<Sip>sip:b@h?X-To=sip:b@h</Sip>",
            ),
            (
                "<Sip>&lt;sip:a@h?X-To={{To}}&gt;</Sip>",
                "<Sip>&lt;sip:a@h?X-To=sip:b@h&gt;</Sip>",
            ),
            (
                r#"[{"verb":"say","text":"http://h/{{To}}?"}]"#,
                r#"[{"verb":"say","text":"http://h/sip:b@h?"}]"#,
            ),
        ] {
            assert_eq!(filled(document), wanted);
        }
    }
}
