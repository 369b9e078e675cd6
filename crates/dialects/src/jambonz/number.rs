//! `numberMetaData`: what is known about the caller's telephone number, in the JSON form of the
//! common libphonenumber ports.

use std::cell::RefCell;
use std::collections::VecDeque;

use phonenumber::{Mode, Type};
use serde_json::{Map, Value, json};

/// So many numbers are remembered per thread: a number costs tens of microseconds to describe and
/// comes back with every event of its call.
const REMEMBERED: usize = 128;

thread_local! {
    static LATEST: RefCell<VecDeque<(String, Value)>> = const { RefCell::new(VecDeque::new()) };
}

/// Reads the database of numbering plans, which otherwise happens at the first number and then
/// takes a tenth of a second.
pub fn load() {
    let _ = describe("+12125550123");
}

/// Describes a number in international form; `None` for anything else, such as an extension or a
/// number without country code, which could belong anywhere.
pub(super) fn number_meta_data(user: &str) -> Option<Value> {
    LATEST.with_borrow_mut(|latest| {
        let known = latest.iter().find(|(number, _)| number == user);
        if let Some((_, data)) = known {
            return Some(data.clone());
        }
        let data = describe(user)?;
        latest.truncate(REMEMBERED - 1);
        latest.push_front((user.to_owned(), data.clone()));
        Some(data)
    })
}

fn describe(user: &str) -> Option<Value> {
    let is_number = user.starts_with('+')
        && user.len() <= 32
        && user
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.() ".contains(&b));
    if !is_number {
        return None;
    }
    let number = phonenumber::parse(None, user).ok()?;
    let e164 = number.format().mode(Mode::E164).to_string();
    let mut data = Map::new();
    data.insert("number".to_owned(), Value::from(e164.as_str()));
    if let Some(country) = number.country().id() {
        data.insert("country".to_owned(), Value::from(country.as_ref()));
    }
    data.insert(
        "countryCallingCode".to_owned(),
        Value::from(number.country().code().to_string()),
    );
    data.insert(
        "nationalNumber".to_owned(),
        Value::from(number.national().to_string()),
    );
    data.insert("valid".to_owned(), json!(number.is_valid()));
    if let Some(kind) = kind(number.number_type(&phonenumber::metadata::DATABASE)) {
        data.insert("type".to_owned(), Value::from(kind));
    }
    data.insert("uri".to_owned(), Value::from(format!("tel:{e164}")));
    Some(Value::Object(data))
}

fn kind(kind: Type) -> Option<&'static str> {
    match kind {
        Type::FixedLine => Some("FIXED_LINE"),
        Type::Mobile => Some("MOBILE"),
        Type::FixedLineOrMobile => Some("FIXED_LINE_OR_MOBILE"),
        Type::TollFree => Some("TOLL_FREE"),
        Type::PremiumRate => Some("PREMIUM_RATE"),
        Type::SharedCost => Some("SHARED_COST"),
        Type::PersonalNumber => Some("PERSONAL_NUMBER"),
        Type::Voip => Some("VOIP"),
        Type::Pager => Some("PAGER"),
        Type::Uan => Some("UAN"),
        Type::Voicemail => Some("VOICEMAIL"),
        Type::Emergency
        | Type::ShortCode
        | Type::StandardRate
        | Type::Carrier
        | Type::NoInternational
        | Type::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_numbers_in_turn_keep_their_own_descriptions() {
        let number = |n: usize| format!("+4915112{n:06}");
        for _ in 0..2 {
            for n in 0..2 * REMEMBERED {
                let data = number_meta_data(&number(n)).expect("a number");
                assert_eq!(data["number"], number(n));
            }
        }
        assert_eq!(LATEST.with_borrow(VecDeque::len), REMEMBERED);
    }
}
