//! Connect, Start and Stop with their nouns.
//!
//! Source: attribute names and enumerations of the official libraries; Twilio "Stream", "Siprec",
//! "Real-Time Transcriptions", "ConversationRelay".

use crate::laml::attributes::{
    ACTION_AND_METHOD, DIAL_RECORD, NAME, RECORDING_STATUS_CALLBACK,
    RECORDING_STATUS_CALLBACK_EVENT, STATUS_CALLBACK, STREAM_TRACKS, TRACKS, TRIM, URL_AND_METHOD,
};
use crate::laml::schema::{Attribute, Element, Kind, Text, attribute};

pub(super) static CONNECT: Element = Element::new("Connect")
    .attributes(&[ACTION_AND_METHOD])
    .needs_content("12200")
    .children(&[
        &STREAM,
        &CONVERSATION_RELAY,
        &CONVERSATION_RELAY_SESSION,
        &CONVERSATION,
        &ROOM,
        &VIRTUAL_AGENT,
        &AUTOPILOT,
        &AI_SESSION,
    ]);

pub(super) static START: Element = Element::new("Start")
    .attributes(&[ACTION_AND_METHOD])
    .needs_content("12200")
    .children(&[&STREAM, &SIPREC, &TRANSCRIPTION, &RECORDING]);

pub(super) static STOP: Element = Element::new("Stop")
    .attributes(&[ACTION_AND_METHOD])
    .needs_content("12200")
    .children(&[&STREAM, &SIPREC, &TRANSCRIPTION, &RECORDING]);

const NAME_AND_VALUE: &[Attribute] = &[attribute("name", Kind::Any), attribute("value", Kind::Any)];

pub(super) static PARAMETER: Element = Element::new("Parameter").attributes(&[NAME_AND_VALUE]);

static CONFIG: Element = Element::new("Config").attributes(&[NAME_AND_VALUE]);

static HEADER: Element = Element::new("Header").attributes(&[NAME_AND_VALUE]);

static STREAM: Element = Element::new("Stream")
    .attributes(&[
        &[
            attribute("url", Kind::WebSocketUrl),
            NAME,
            attribute("track", Kind::OneOf(STREAM_TRACKS)).default("inbound_track"),
            attribute("connectorName", Kind::Any),
            attribute("audioFormat", Kind::Any),
            attribute("sampleRate", Kind::Any),
        ],
        STATUS_CALLBACK,
    ])
    .children(&[&PARAMETER]);

static SIPREC: Element = Element::new("Siprec")
    .attributes(&[
        &[
            NAME,
            attribute("connectorName", Kind::Any),
            attribute("track", Kind::OneOf(STREAM_TRACKS)),
        ],
        STATUS_CALLBACK,
    ])
    .children(&[&PARAMETER, &SIP_URI, &HEADER]);

static SIP_URI: Element = Element::new("SipUri")
    .attributes(&[&[
        attribute("username", Kind::Any),
        attribute("password", Kind::Any),
        attribute("priority", Kind::Whole(0, u32::MAX)),
        attribute("weight", Kind::Whole(0, u32::MAX)),
    ]])
    .text(Text::Words);

static TRANSCRIPTION: Element = Element::new("Transcription")
    .attributes(&[&[
        NAME,
        attribute("track", Kind::OneOf(STREAM_TRACKS)).default("both_tracks"),
        attribute("statusCallbackUrl", Kind::Url),
        attribute("statusCallbackMethod", Kind::Method).default("POST"),
        attribute("inboundTrackLabel", Kind::Any),
        attribute("outboundTrackLabel", Kind::Any),
        attribute("partialResults", Kind::Bool).default("false"),
        attribute("languageCode", Kind::Any).default("en-US"),
        attribute("transcriptionEngine", Kind::Any),
        attribute("profanityFilter", Kind::Bool).default("true"),
        attribute("speechModel", Kind::Any),
        attribute("hints", Kind::Any),
        attribute("enableAutomaticPunctuation", Kind::Bool),
        attribute("intelligenceService", Kind::Any),
    ]])
    .children(&[&CONFIG, &PARAMETER]);

static RECORDING: Element = Element::new("Recording").attributes(&[
    &[
        NAME,
        attribute("channels", Kind::OneOf(&["mono", "dual"])).default("dual"),
        attribute("track", Kind::OneOf(TRACKS)).default("both"),
        attribute("trim", Kind::OneOf(TRIM))
            .default("trim-silence")
            .code("13699"),
        attribute(
            "recordingStatusCallbackEvent",
            Kind::Words(&["in-progress", "completed", "absent"]),
        )
        .default("completed")
        .code("13621"),
        attribute("recordingConfigurationId", Kind::Any),
    ],
    RECORDING_STATUS_CALLBACK,
]);

static CONVERSATION_RELAY: Element = Element::new("ConversationRelay")
    .attributes(&[&[
        attribute("url", Kind::WebSocketUrl),
        attribute("language", Kind::Any),
        attribute("ttsLanguage", Kind::Any),
        attribute("ttsProvider", Kind::Any),
        attribute("voice", Kind::Any),
        attribute("transcriptionLanguage", Kind::Any),
        attribute("transcriptionProvider", Kind::Any),
        attribute("speechModel", Kind::Any),
        attribute("welcomeGreeting", Kind::Any),
        attribute("welcomeGreetingInterruptible", Kind::Any),
        attribute("interruptible", Kind::Any),
        attribute("interruptSensitivity", Kind::Any),
        attribute("preemptible", Kind::Bool),
        attribute("dtmfDetection", Kind::Bool),
        attribute("reportInputDuringAgentSpeech", Kind::Any),
        attribute("partialPrompts", Kind::Bool),
        attribute("profanityFilter", Kind::Bool),
        attribute("hints", Kind::Any),
        attribute("intelligenceService", Kind::Any),
        attribute("events", Kind::Any),
        attribute("debug", Kind::Any),
        attribute("elevenlabsTextNormalization", Kind::Any),
        attribute("deepgramsmartformat", Kind::Any),
        attribute("speechtimeout", Kind::Any),
        attribute("ignorebackchannel", Kind::Any),
        attribute("backgroundnoisereduction", Kind::Any),
    ]])
    .children(&[&LANGUAGE, &PARAMETER]);

static LANGUAGE: Element = Element::new("Language").attributes(&[&[
    attribute("code", Kind::Any),
    attribute("ttsProvider", Kind::Any),
    attribute("voice", Kind::Any),
    attribute("transcriptionProvider", Kind::Any),
    attribute("speechModel", Kind::Any),
]]);

static CONVERSATION_RELAY_SESSION: Element =
    Element::new("ConversationRelaySession").attributes(&[&[
        attribute("connector", Kind::Any),
        attribute("sessionConfiguration", Kind::Any),
    ]]);

static AI_SESSION: Element = Element::new("AiSession").attributes(&[&[
    attribute("aiConnector", Kind::Any),
    attribute("aiSessionConfiguration", Kind::Any),
]]);

static CONVERSATION: Element = Element::new("Conversation").attributes(&[
    URL_AND_METHOD,
    &[
        attribute("serviceInstanceSid", Kind::Any),
        attribute("inboundAutocreation", Kind::Bool),
        attribute("routingAssignmentTimeout", Kind::Whole(0, u32::MAX)),
        attribute("inboundTimeout", Kind::Whole(0, u32::MAX)),
        attribute("record", Kind::OneOf(DIAL_RECORD)),
        attribute("trim", Kind::OneOf(TRIM)).code("13699"),
        attribute("statusCallback", Kind::Url),
        attribute("statusCallbackMethod", Kind::Method).default("POST"),
        attribute(
            "statusCallbackEvent",
            Kind::Words(&[
                "call-initiated",
                "call-ringing",
                "call-answered",
                "call-completed",
            ]),
        ),
    ],
    RECORDING_STATUS_CALLBACK,
    &[RECORDING_STATUS_CALLBACK_EVENT],
]);

static VIRTUAL_AGENT: Element = Element::new("VirtualAgent")
    .attributes(&[
        &[
            attribute("connectorName", Kind::Any),
            attribute("language", Kind::Any),
            attribute("sentimentAnalysis", Kind::Bool),
        ],
        STATUS_CALLBACK,
    ])
    .children(&[&CONFIG, &PARAMETER]);

static ROOM: Element = Element::new("Room")
    .attributes(&[&[attribute("participantIdentity", Kind::Any)]])
    .text(Text::Words)
    .needs_content("12200");

static AUTOPILOT: Element = Element::new("Autopilot").text(Text::Words);
