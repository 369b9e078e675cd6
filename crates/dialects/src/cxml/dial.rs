//! Dial and its nouns.
//!
//! Source: SignalWire "Dial", "Number", "Sip", "Conference", "Queue", "Verto"; codes 13210–13699,
//! 16002.

use crate::laml::attributes::{
    ACTION, BEEP, CONFERENCE_EVENTS, CONFERENCE_RECORD, DIAL_RECORD, DIAL_STATUS_CALLBACK, METHOD,
    RECORDING_STATUS_CALLBACK, RECORDING_STATUS_CALLBACK_EVENT, TRACKS, TRIM, URL_AND_METHOD,
};
use crate::laml::schema::{Element, Kind, Text, attribute};

/// SignalWire's code for the attributes of a conference.
const CONFERENCE_ATTRIBUTE: &str = "16002";

pub(super) static DIAL: Element = Element::new("Dial")
    .attributes(&[
        &[
            ACTION,
            METHOD,
            attribute("answerOnBridge", Kind::Bool)
                .default("false")
                .code("13219"),
            attribute("callerId", Kind::Any).code("13214"),
            attribute("callerName", Kind::AtMost(70)),
            attribute("hangupOnStar", Kind::Bool)
                .default("false")
                .code("13213"),
            attribute("record", Kind::OneOf(DIAL_RECORD))
                .default("do-not-record")
                .code("13217"),
            attribute("recordingStorageUrl", Kind::Url),
            attribute("recordingStorageUrlMethod", Kind::OneOf(&["POST", "PUT"])),
            attribute("recordingTrack", Kind::OneOf(TRACKS))
                .default("both")
                .code("13622"),
            attribute("ringTone", Kind::Any).code("13220"),
            attribute("timeLimit", Kind::Whole(1, u32::MAX))
                .default("14400")
                .code("13216"),
            attribute("timeout", Kind::Whole(5, 600))
                .default("30")
                .code("13212"),
            attribute("trim", Kind::OneOf(TRIM))
                .default("do-not-trim")
                .code("13699"),
        ],
        RECORDING_STATUS_CALLBACK,
        &[RECORDING_STATUS_CALLBACK_EVENT],
    ])
    .text(Text::Words)
    .children(&[&NUMBER, &SIP, &CONFERENCE, &QUEUE, &VERTO])
    .bad_child("13215")
    .most_children(10, "13250")
    .needs_content("13223");

static NUMBER: Element = Element::new("Number")
    .attributes(&[
        &[attribute("sendDigits", Kind::KeysToSend).code("13222")],
        URL_AND_METHOD,
        DIAL_STATUS_CALLBACK,
    ])
    .text(Text::Words)
    .needs_content("13223");

static SIP: Element = Element::new("Sip")
    .attributes(&[
        &[
            attribute("codecs", Kind::Any).default("PCMU,PCMA"),
            attribute("username", Kind::Any),
            attribute("password", Kind::Any),
            attribute("sessionTimeout", Kind::Whole(1, u32::MAX)),
        ],
        URL_AND_METHOD,
        DIAL_STATUS_CALLBACK,
    ])
    .text(Text::DialledUri)
    .needs_content("13243");

static CONFERENCE: Element = Element::new("Conference")
    .attributes(&[
        &[
            attribute("beep", Kind::OneOf(BEEP))
                .default("true")
                .code(CONFERENCE_ATTRIBUTE),
            attribute("coach", Kind::Any).code("13240"),
            attribute("endConferenceOnExit", Kind::Bool)
                .default("false")
                .code(CONFERENCE_ATTRIBUTE),
            attribute("eventCallbackUrl", Kind::Url).code(CONFERENCE_ATTRIBUTE),
            attribute("maxParticipants", Kind::Whole(1, u32::MAX)).code(CONFERENCE_ATTRIBUTE),
            attribute("muted", Kind::Bool)
                .default("false")
                .code(CONFERENCE_ATTRIBUTE),
            attribute("record", Kind::OneOf(CONFERENCE_RECORD))
                .default("do-not-record")
                .code(CONFERENCE_ATTRIBUTE),
            attribute("startConferenceOnEnter", Kind::Bool)
                .default("true")
                .code(CONFERENCE_ATTRIBUTE),
            attribute("statusCallback", Kind::Url).code(CONFERENCE_ATTRIBUTE),
            attribute("statusCallbackMethod", Kind::Method).default("POST"),
            attribute("statusCallbackEvent", Kind::Words(CONFERENCE_EVENTS))
                .code(CONFERENCE_ATTRIBUTE),
            attribute("trim", Kind::OneOf(TRIM))
                .default("trim-silence")
                .code("13699"),
            attribute("waitMethod", Kind::Method).default("POST"),
            attribute("waitUrl", Kind::UrlOrEmpty).code(CONFERENCE_ATTRIBUTE),
        ],
        RECORDING_STATUS_CALLBACK,
        &[RECORDING_STATUS_CALLBACK_EVENT.default("completed failed")],
    ])
    .text(Text::Words)
    .needs_content("13237");

static QUEUE: Element = Element::new("Queue")
    .attributes(&[URL_AND_METHOD])
    .text(Text::Words)
    .needs_content("20422");

static VERTO: Element = Element::new("Verto")
    .text(Text::Words)
    .needs_content("20422");
