//! Keys as telephone-events (RFC 4733).

mod receive;
mod send;

pub(crate) use receive::EventReceiver;
pub(crate) use send::{EventSender, EventStep};

/// Keys by event code (RFC 4733 §3.2, table 3).
const KEYS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// The key of an event code; the other events are no keys.
fn key_of(code: u8) -> Option<char> {
    KEYS.get(usize::from(code)).copied()
}

/// The event code of a key, in either case.
pub(crate) fn code_of(key: char) -> Option<u8> {
    let key = key.to_ascii_uppercase();
    let code = KEYS.iter().position(|known| *known == key)?;
    u8::try_from(code).ok()
}

/// The longest duration that one event can state, in RTP ticks (RFC 4733 §2.3.5).
const LONGEST: u32 = 0xFFFF;

const END: u8 = 0x80;
