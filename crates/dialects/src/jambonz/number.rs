//! `numberMetaData`: what is known about the caller's telephone number, in the JSON form of the
//! common libphonenumber ports.

use phonenumber::{Mode, Type};
use serde_json::{Map, Value, json};

/// Describes a number in international form; `None` for anything else, such as an extension or a
/// number without country code, which could belong anywhere.
pub(super) fn number_meta_data(user: &str) -> Option<Value> {
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
