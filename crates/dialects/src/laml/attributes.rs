//! Attributes and their values that many verbs and nouns share.

use crate::laml::schema::{Attribute, Kind, attribute};

pub(crate) const ACTION: Attribute = attribute("action", Kind::Url);
pub(crate) const METHOD: Attribute = attribute("method", Kind::Method).default("POST");
pub(crate) const URL: Attribute = attribute("url", Kind::Url);
pub(crate) const NAME: Attribute = attribute("name", Kind::Any);

/// `action` and `method` of a verb that has no codes of its own for them.
pub(crate) const ACTION_AND_METHOD: &[Attribute] = &[ACTION, METHOD];

/// `url` and `method` of a noun whose document the called party hears first.
pub(crate) const URL_AND_METHOD: &[Attribute] = &[URL, METHOD];

/// What a leg that Dial makes can be asked to report.
pub(crate) const DIAL_EVENTS: &[&str] = &["initiated", "ringing", "answered", "completed"];

/// Status callback of a noun of Dial.
pub(crate) const DIAL_STATUS_CALLBACK: &[Attribute] = &[
    attribute("statusCallback", Kind::Url),
    attribute("statusCallbackMethod", Kind::Method).default("POST"),
    attribute("statusCallbackEvent", Kind::Words(DIAL_EVENTS)).default("completed"),
];

/// Status callback without a choice of events.
pub(crate) const STATUS_CALLBACK: &[Attribute] = &[
    attribute("statusCallback", Kind::Url),
    attribute("statusCallbackMethod", Kind::Method).default("POST"),
];

/// What Dial can record.
pub(crate) const DIAL_RECORD: &[&str] = &[
    "do-not-record",
    "record-from-answer",
    "record-from-ringing",
    "record-from-answer-dual",
    "record-from-ringing-dual",
    "true",
    "false",
];

pub(crate) const TRACKS: &[&str] = &["inbound", "outbound", "both"];
pub(crate) const STREAM_TRACKS: &[&str] = &["inbound_track", "outbound_track", "both_tracks"];
pub(crate) const TRIM: &[&str] = &["trim-silence", "do-not-trim"];
pub(crate) const BEEP: &[&str] = &["true", "false", "onEnter", "onExit"];
pub(crate) const CONFERENCE_RECORD: &[&str] = &["do-not-record", "record-from-start"];

/// What a conference can be asked to report.
pub(crate) const CONFERENCE_EVENTS: &[&str] = &[
    "start",
    "end",
    "join",
    "leave",
    "mute",
    "hold",
    "modify",
    "speaker",
    "announcement",
];

/// What a recording can be asked to report.
const RECORDING_EVENTS: &[&str] = &["in-progress", "completed", "absent", "failed"];

/// Callback of a recording, without the events that it reports.
pub(crate) const RECORDING_STATUS_CALLBACK: &[Attribute] = &[
    attribute("recordingStatusCallback", Kind::Url).code("13256"),
    attribute("recordingStatusCallbackMethod", Kind::Method).default("POST"),
];

/// Events that the callback of a recording reports.
pub(crate) const RECORDING_STATUS_CALLBACK_EVENT: Attribute = attribute(
    "recordingStatusCallbackEvent",
    Kind::Words(RECORDING_EVENTS),
)
.default("completed")
.code("13621");

/// Countries whose ringing tone can be chosen.
pub(crate) const RING_TONES: &[&str] = &[
    "at", "au", "be", "bg", "br", "ch", "cl", "cn", "cz", "de", "dk", "ee", "es", "fi", "fr", "gr",
    "hu", "il", "in", "it", "jp", "lt", "mx", "my", "nl", "no", "nz", "ph", "pl", "pt", "ru", "se",
    "sg", "th", "tw", "uk", "us", "us-old", "ve", "za",
];

/// What a Prompt speaks for.
pub(crate) const PROMPT_FOR: &[&str] = &[
    "payment-card-number",
    "expiration-date",
    "security-code",
    "postal-code",
    "payment-processing",
    "bank-account-number",
    "bank-routing-number",
];

pub(crate) const CARD_TYPES: &[&str] = &[
    "visa",
    "mastercard",
    "amex",
    "maestro",
    "discover",
    "optima",
    "jcb",
    "diners-club",
    "enroute",
];

pub(crate) const PROMPT_ERRORS: &[&str] = &[
    "timeout",
    "invalid-card-number",
    "invalid-card-type",
    "invalid-date",
    "invalid-security-code",
    "internal-error",
    "input-matching-failed",
];

/// Which attempts a Prompt is for.
pub(crate) const ATTEMPTS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
