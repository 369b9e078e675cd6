//! What the phone tells about itself: one line per event, or one JSON object.

use std::fmt;

use serde_json::{Value, json};

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It can be called there.
    Listening(String),
    /// It is registered, for so many seconds unless it stays so.
    Registered(u64),
    /// It could not register, and why.
    NotRegistered(String),
    /// It calls.
    Calling(String),
    /// The other side sent a provisional status.
    Progress(u16),
    /// The call it placed was answered.
    Answered,
    /// Somebody calls.
    Incoming(String),
    /// It took the call, or refused it, with this status.
    Took(u16),
    /// It was asked to call this target.
    Referred(String),
    /// It answered that request with this status.
    ReferAnswered(u16),
    /// It asked whoever sent the REFER for a password, with 401.
    ReferChallenged,
    /// It left the REFER unanswered.
    ReferIgnored,
    /// It calls the target.
    Following(String),
    /// It cannot call the target, and why.
    CannotFollow(String),
    /// It reported this status to whoever asked.
    Notified(u16),
    /// A call is over, and why.
    Ended(String),
    /// A call could not be placed, and why.
    CannotCall(String),
    /// It presses these keys.
    Pressing(String),
    /// It hears a key of the other side, and how it came.
    Key(char, &'static str),
    /// It hears something after quiet.
    Sound,
    /// It has heard nothing for half a second after a sound.
    Quiet,
    /// It hears a plain tone of so many hertz.
    Tone(u32),
    /// What it hears can no longer be recorded, and why.
    CannotRecord(String),
}

impl News {
    fn name(&self) -> &'static str {
        match self {
            News::Listening(_) => "listening",
            News::Registered(_) => "registered",
            News::NotRegistered(_) => "not_registered",
            News::Calling(_) => "calling",
            News::Progress(_) => "progress",
            News::Answered => "answered",
            News::Incoming(_) => "incoming",
            News::Took(_) => "took",
            News::Referred(_) => "referred",
            News::ReferAnswered(_) => "refer_answered",
            News::ReferChallenged => "refer_challenged",
            News::ReferIgnored => "refer_ignored",
            News::Following(_) => "following",
            News::CannotFollow(_) => "cannot_follow",
            News::Notified(_) => "notified",
            News::Ended(_) => "ended",
            News::CannotCall(_) => "cannot_call",
            News::Pressing(_) => "pressing",
            News::Key(..) => "key",
            News::Sound => "sound",
            News::Quiet => "quiet",
            News::Tone(_) => "tone",
            News::CannotRecord(_) => "cannot_record",
        }
    }

    /// The event as a JSON object: `event`, and `status`, `detail`, `seconds` or `hertz` where there
    /// is one.
    pub fn to_json(&self) -> Value {
        let name = self.name();
        match self {
            News::Listening(text)
            | News::NotRegistered(text)
            | News::Calling(text)
            | News::Incoming(text)
            | News::Referred(text)
            | News::Following(text)
            | News::CannotFollow(text)
            | News::Ended(text)
            | News::CannotCall(text)
            | News::Pressing(text)
            | News::CannotRecord(text) => json!({ "event": name, "detail": text }),
            News::Progress(status)
            | News::Took(status)
            | News::ReferAnswered(status)
            | News::Notified(status) => json!({ "event": name, "status": status }),
            News::ReferChallenged => json!({ "event": name, "status": 401 }),
            News::Registered(seconds) => json!({ "event": name, "seconds": seconds }),
            News::Key(key, how) => json!({ "event": name, "detail": key.to_string(), "how": how }),
            News::Tone(hertz) => json!({ "event": name, "hertz": hertz }),
            News::Answered | News::ReferIgnored | News::Sound | News::Quiet => {
                json!({ "event": name })
            }
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            News::Listening(address) => write!(f, "listening on {address}"),
            News::Registered(seconds) => write!(f, "registered for {seconds} s"),
            News::NotRegistered(why) => write!(f, "not registered: {why}"),
            News::Calling(uri) => write!(f, "calling {uri}"),
            News::Progress(status) => write!(f, "the other side says {status}"),
            News::Answered => f.write_str("answered"),
            News::Incoming(from) => write!(f, "call from {from}"),
            News::Took(200) => f.write_str("took the call"),
            News::Took(status) => write!(f, "refused the call with {status}"),
            News::Referred(target) => write!(f, "asked to call {target}"),
            News::ReferAnswered(status) => write!(f, "answered the REFER with {status}"),
            News::ReferChallenged => f.write_str("asked for a password before the REFER (401)"),
            News::ReferIgnored => f.write_str("left the REFER unanswered"),
            News::Following(target) => write!(f, "calling {target} as asked"),
            News::CannotFollow(why) => write!(f, "cannot follow: {why}"),
            News::Notified(status) => write!(f, "reported {status}"),
            News::Ended(why) => write!(f, "call over: {why}"),
            News::CannotCall(why) => write!(f, "cannot call: {why}"),
            News::Pressing(keys) => write!(f, "pressing {keys}"),
            News::Key(key, how) => write!(f, "heard the key {key} {how}"),
            News::Sound => f.write_str("hears something"),
            News::Quiet => f.write_str("hears nothing any more"),
            News::Tone(hertz) => write!(f, "hears a tone of {hertz} Hz"),
            News::CannotRecord(why) => write!(f, "cannot record: {why}"),
        }
    }
}
