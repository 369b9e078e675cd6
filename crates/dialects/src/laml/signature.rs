//! The signature that both LaML vendors put on their requests.
//!
//! Source: Twilio "Webhooks security"; SignalWire "Webhook security". Left out: the body digest
//! for JSON bodies, because every body here is a form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Base64 of HMAC-SHA1 over `url` followed by each form field's name and value.
///
/// `url` is the URL as requested: with its query, without fragment and user information. `form`
/// holds the fields of a POST, not encoded, and is empty for a GET. Names are taken in byte
/// order; the values of a repeated name are sorted and said once each.
pub fn signature(key: &str, url: &str, form: &[(String, String)]) -> String {
    let mut fields: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.sort_unstable();
    fields.dedup();

    // HMAC takes keys of every length, so the error cannot occur; an unsigned request would be
    // refused by the application, which is the safe side.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else {
        return String::new();
    };
    mac.update(url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
