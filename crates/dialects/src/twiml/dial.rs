//! Dial and its nouns.
//!
//! Source: Twilio "Dial", "Number", "Sip", "Client", "Conference", "Queue"; codes 13210–13256.

use crate::laml::attributes::{
    ACTION, BEEP, CONFERENCE_EVENTS, CONFERENCE_RECORD, DIAL_RECORD, DIAL_STATUS_CALLBACK, METHOD,
    RECORDING_STATUS_CALLBACK, RECORDING_STATUS_CALLBACK_EVENT, RING_TONES, TRACKS, TRIM, URL,
    URL_AND_METHOD,
};
use crate::laml::schema::{Attribute, Element, Kind, Text, attribute};
use crate::twiml::connect::PARAMETER;

pub(super) static DIAL: Element = Element::new("Dial")
    .attributes(&[
        &[
            ACTION,
            METHOD.code("13210"),
            attribute("answerOnBridge", Kind::Bool)
                .default("false")
                .code("13219"),
            attribute("callerId", Kind::Any).code("13214"),
            attribute("callReason", Kind::AtMost(50)),
            attribute("hangupOnStar", Kind::Bool)
                .default("false")
                .code("13213"),
            attribute("record", Kind::OneOf(DIAL_RECORD))
                .default("do-not-record")
                .code("13217"),
            attribute("recordingTrack", Kind::OneOf(TRACKS))
                .default("both")
                .code("13622"),
            attribute("recordingConfigurationId", Kind::Any),
            attribute("referUrl", Kind::Url),
            attribute("referMethod", Kind::Method).default("POST"),
            attribute("ringTone", Kind::OneOf(RING_TONES)).code("13220"),
            attribute("timeLimit", Kind::Whole(1, 86_400))
                .default("14400")
                .code("13216"),
            attribute("timeout", Kind::Whole(5, 600))
                .default("30")
                .code("13212"),
            attribute("trim", Kind::OneOf(TRIM))
                .default("do-not-trim")
                .code("13699"),
            attribute("sequential", Kind::Bool)
                .default("false")
                .code("13218"),
            attribute("events", Kind::Any),
            attribute("passports", Kind::Any),
        ],
        RECORDING_STATUS_CALLBACK,
        &[RECORDING_STATUS_CALLBACK_EVENT],
    ])
    .text(Text::Words)
    .children(&[
        &NUMBER,
        &SIP,
        &CLIENT,
        &CONFERENCE,
        &QUEUE,
        &APPLICATION,
        &WHATSAPP,
        &SIM,
    ])
    .bad_child("13215")
    .most_children(10, "13250")
    .needs_content("13223");

/// Answering machine detection of a called leg.
const MACHINE_DETECTION: &[Attribute] = &[
    attribute(
        "machineDetection",
        Kind::OneOf(&["Enable", "DetectMessageEnd"]),
    ),
    attribute("machineDetectionTimeout", Kind::Whole(1, u32::MAX)).default("30"),
    attribute("machineDetectionSpeechThreshold", Kind::Whole(1, u32::MAX)).default("2400"),
    attribute(
        "machineDetectionSpeechEndThreshold",
        Kind::Whole(1, u32::MAX),
    )
    .default("1200"),
    attribute("machineDetectionSilenceTimeout", Kind::Whole(1, u32::MAX)).default("5000"),
    attribute("amdStatusCallback", Kind::Url),
    attribute("amdStatusCallbackMethod", Kind::Method).default("POST"),
];

static NUMBER: Element = Element::new("Number")
    .attributes(&[
        &[
            attribute("sendDigits", Kind::KeysToSend).code("13222"),
            URL,
            METHOD.code("13221"),
            attribute("byoc", Kind::Any),
        ],
        DIAL_STATUS_CALLBACK,
        MACHINE_DETECTION,
    ])
    .text(Text::Words)
    .needs_content("13223");

static SIP: Element = Element::new("Sip")
    .attributes(&[
        &[
            attribute("username", Kind::Any).code("13249"),
            attribute("password", Kind::Any).code("13249"),
            URL,
            METHOD.code("13241"),
        ],
        DIAL_STATUS_CALLBACK,
        MACHINE_DETECTION,
    ])
    .text(Text::DialledUri)
    .needs_content("13243");

static CLIENT: Element = Element::new("Client")
    .attributes(&[
        URL_AND_METHOD,
        DIAL_STATUS_CALLBACK,
        &[attribute("clientNotificationUrl", Kind::Url)],
    ])
    .text(Text::Words)
    .children(&[&IDENTITY, &PARAMETER])
    .needs_content("12200");

static IDENTITY: Element = Element::new("Identity")
    .text(Text::Words)
    .needs_content("12200");

static CONFERENCE: Element = Element::new("Conference")
    .attributes(&[
        &[
            attribute("muted", Kind::Bool)
                .default("false")
                .code("13230"),
            attribute("beep", Kind::OneOf(BEEP))
                .default("true")
                .code("13235"),
            attribute("startConferenceOnEnter", Kind::Bool)
                .default("true")
                .code("13232"),
            attribute("endConferenceOnExit", Kind::Bool)
                .default("false")
                .code("13231"),
            attribute("waitUrl", Kind::UrlOrEmpty).code("13233"),
            attribute("waitMethod", Kind::Method)
                .default("POST")
                .code("13234"),
            attribute("maxParticipants", Kind::Whole(2, 250)).default("250"),
            attribute("record", Kind::OneOf(CONFERENCE_RECORD)).default("do-not-record"),
            attribute("region", Kind::Any),
            attribute("coach", Kind::Any).code("13240"),
            attribute("trim", Kind::OneOf(TRIM))
                .default("trim-silence")
                .code("13239"),
            attribute("participantLabel", Kind::AtMost(128)),
            attribute(
                "jitterBufferSize",
                Kind::OneOf(&["off", "small", "medium", "large"]),
            ),
            attribute("statusCallback", Kind::Url),
            attribute("statusCallbackMethod", Kind::Method).default("POST"),
            attribute("statusCallbackEvent", Kind::Words(CONFERENCE_EVENTS)),
            attribute("eventCallbackUrl", Kind::Url),
        ],
        RECORDING_STATUS_CALLBACK,
        &[RECORDING_STATUS_CALLBACK_EVENT],
    ])
    .text(Text::Words)
    .needs_content("13237");

static QUEUE: Element = Element::new("Queue")
    .attributes(&[
        URL_AND_METHOD,
        &[
            attribute("reservationSid", Kind::Any),
            attribute("postWorkActivitySid", Kind::Any),
        ],
    ])
    .text(Text::Words);

static APPLICATION: Element = Element::new("Application")
    .attributes(&[
        URL_AND_METHOD,
        DIAL_STATUS_CALLBACK,
        &[
            attribute("customerId", Kind::Any),
            attribute("copyParentTo", Kind::Bool),
        ],
    ])
    .text(Text::Words)
    .children(&[&APPLICATION_SID, &PARAMETER]);

static APPLICATION_SID: Element = Element::new("ApplicationSid").text(Text::Words);

static WHATSAPP: Element = Element::new("WhatsApp")
    .attributes(&[URL_AND_METHOD, DIAL_STATUS_CALLBACK])
    .text(Text::Words)
    .needs_content("12200");

static SIM: Element = Element::new("Sim").text(Text::Words).needs_content("12200");
