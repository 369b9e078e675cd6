//! `Jambonz-Signature`, by which an application knows that a request comes from its server.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header's value for a body sent at a time: `t=<seconds>,v1=<HMAC-SHA256 in hex>` over the
/// seconds, a point and the body.
///
/// The body is the JSON text as sent. A request without one (GET) is signed over `{}`: what an
/// Express application has as body then, and so what jambonz' verifiers compute over.
pub fn header(secret: &str, unix_seconds: u64, body: &str) -> String {
    let body = if body.is_empty() { "{}" } else { body };
    let mut value = format!("t={unix_seconds},v1=");
    // HMAC takes keys of every length, so this holds always.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(unix_seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body.as_bytes());
        for byte in mac.finalize().into_bytes() {
            let _ = write!(value, "{byte:02x}");
        }
    }
    value
}
