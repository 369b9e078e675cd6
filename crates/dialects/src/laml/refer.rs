//! What an application is told about a transfer.
//!
//! Source: Twilio `<Refer>`, SignalWire `<Refer>`. SignalWire publishes which code becomes which
//! word, and Twilio does not; its table serves both.

use hookflash_transfer::{End, TransferResult};

use crate::laml::parameters::{Fields, push};

/// Adds the fields of a finished transfer. Every value is a text; what is not known is left out.
/// The word is there whenever a result is known, also for a refused REFER.
pub(crate) fn result_fields(fields: &mut Fields, result: &TransferResult) {
    if let Some(code) = result.refer_code {
        push(fields, "ReferSipResponseCode", code.to_string());
    }
    let (word, notify_code) = match result.end {
        End::Final => {
            let code = result.final_notify_code.or(result.last_notify_code);
            (code.map(word_of_final), code)
        }
        End::Rejected | End::NotApplicable => (Some("failed"), None),
        End::LegHangup => (Some("canceled"), result.last_notify_code),
        End::TransportError if result.refer_code.is_none() => (Some("failed"), None),
        // Accepted, and then no word about the end: nobody knows, unless ringing was reported
        // and never led to anything.
        End::Timeout | End::SubscriptionEnded | End::NoSubscription | End::TransportError => (
            result.last_notify_code.map(|_| "failed"),
            result.last_notify_code,
        ),
        // The verb was replaced; no request is made.
        End::Superseded => (None, None),
    };
    if let Some(code) = notify_code {
        push(fields, "NotifySipResponseCode", code.to_string());
    }
    if let Some(word) = word {
        push(fields, "ReferCallStatus", word);
    }
}

fn word_of_final(code: u16) -> &'static str {
    match code {
        200..=299 => "in-progress",
        486 | 600 => "busy",
        487 => "no-answer",
        _ => "failed",
    }
}
