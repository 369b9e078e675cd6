//! JSON text as JavaScript writes it.
//!
//! The official verifiers of `Jambonz-Signature` do not sign the bytes that came: they parse the
//! body and sign what `JSON.stringify` makes of it. So what is sent has to be exactly that.
//! Rules: ECMA-262 `SerializeJSONProperty`, `QuoteJSONString`, `OrdinaryOwnPropertyKeys` and
//! `Number::toString`.

use std::fmt::Write;

use serde_json::{Map, Number, Value};

/// The text of a value, equal to `JSON.stringify(JSON.parse(text))`.
pub(super) fn stringify(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

/// A number as JavaScript shows it, which is how it travels in a query or a SIP header too.
pub(super) fn number(number: &Number) -> String {
    let mut text = String::new();
    write_number(&mut text, number);
    text
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => write_object(out, object),
    }
}

/// Keys that are array indices come first, in the order of their numbers; the others follow in
/// the order in which they were put in.
fn write_object(out: &mut String, object: &Map<String, Value>) {
    let mut indices: Vec<(u32, &String, &Value)> = object
        .iter()
        .filter_map(|(key, value)| Some((array_index(key)?, key, value)))
        .collect();
    indices.sort_unstable_by_key(|(index, _, _)| *index);
    let first = indices.iter().map(|(_, key, value)| (*key, *value));
    let rest = object
        .iter()
        .filter(|(key, _)| indices.is_empty() || array_index(key).is_none());
    out.push('{');
    for (at, (key, value)) in first.chain(rest).enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(out, key);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

/// The number that a key is, if it is one of 0 to 2³²−2 written without leading zeros.
fn array_index(key: &str) -> Option<u32> {
    let plain = key.bytes().all(|b| b.is_ascii_digit()) && (key == "0" || !key.starts_with('0'));
    key.parse().ok().filter(|index| plain && *index != u32::MAX)
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            b'\t' => "\\t",
            b'\n' => "\\n",
            0x0c => "\\f",
            b'\r' => "\\r",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(text.get(plain..at).unwrap_or_default());
        plain = at + 1;
        if escape.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

fn write_number(out: &mut String, number: &Number) {
    // Integers up to 2⁵³ are the same in both worlds; beyond, JavaScript rounds.
    match number.as_i64() {
        Some(integer) if integer.unsigned_abs() <= 1 << 53 => {
            let _ = write!(out, "{integer}");
        }
        _ => write_double(out, number.as_f64().unwrap_or_default()),
    }
}

/// `Number::toString` for base ten.
fn write_double(out: &mut String, value: f64) {
    if !value.is_finite() {
        return out.push_str("null");
    }
    if value == 0.0 {
        return out.push('0');
    }
    if value < 0.0 {
        out.push('-');
    }
    // Rust's exponent form has the shortest digits that read back as the same number, which is
    // what ECMA-262 asks for.
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = exponent + 1;
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or_default());
    if count <= point && point <= 21 {
        out.push_str(&digits);
        out.push_str(&zeros(point - count));
    } else if 0 < point && point <= 21 {
        let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or_default());
        let _ = write!(out, "{whole}.{rest}");
    } else if -6 < point && point <= 0 {
        let _ = write!(out, "0.{}{digits}", zeros(-point));
    } else {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{first}{point}{rest}e{sign}{}", exponent.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bodies and what Node.js 20 prints for `JSON.stringify(JSON.parse(body))`.
    const VECTORS: &str = include_str!("stringify/vectors.txt");

    #[test]
    fn every_vector_comes_out_as_javascript_writes_it() {
        let mut lines = VECTORS.lines().filter(|line| !line.starts_with('#'));
        let mut count = 0;
        while let (Some(body), Some(wanted)) = (lines.next(), lines.next()) {
            let value: Value = serde_json::from_str(body).expect(body);
            assert_eq!(stringify(&value), wanted, "{body}");
            count += 1;
        }
        assert!(count > 40);
    }

    #[test]
    fn what_was_written_once_is_written_the_same_again() {
        for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let once = stringify(&serde_json::from_str(line).expect(line));
            let again: Value = serde_json::from_str(&once).expect(line);
            assert_eq!(stringify(&again), once);
        }
    }

    #[test]
    fn all_control_characters_are_escaped_and_nothing_else_is() {
        let text: String = (0..=0x80).filter_map(char::from_u32).collect();
        let wanted = "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\
                      \\f\\r\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\
                      \\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f !\\\"#$%&'()*+,-./\
                      0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmnopqrstuvwxyz\
                      {|}~\u{7f}\u{80}\"";
        assert_eq!(stringify(&Value::from(text)), wanted);
    }
}
