//! The verbs of TwiML and the parts of them that are no nouns of Dial or Connect.
//!
//! Source: Twilio's pages per verb; codes and levels from its error dictionary.

use crate::laml::attributes::{
    ACTION, ACTION_AND_METHOD, METHOD, RECORDING_STATUS_CALLBACK, RECORDING_STATUS_CALLBACK_EVENT,
    TRACKS, TRIM, URL_AND_METHOD,
};
use crate::laml::schema::{Element, Kind, Text, attribute};
use crate::laml::ssml::SPEECH;
use crate::laml::verbs::{LEAVE, PAUSE, REFER, SPOKEN};
use crate::twiml::{connect, dial, pay};

/// The root and, as its children, every verb.
pub(super) static RESPONSE: Element = Element::new("Response").children(&[
    &REFER,
    &PAUSE,
    &HANGUP,
    &REJECT,
    &REDIRECT,
    &SAY,
    &PLAY,
    &GATHER,
    &RECORD,
    &dial::DIAL,
    &ENQUEUE,
    &LEAVE,
    &QUEUE,
    &connect::CONNECT,
    &connect::START,
    &connect::STOP,
    &pay::PAY,
    &pay::PROMPT,
    &SMS,
    &ECHO,
    &TRANSCRIBE,
]);

static HANGUP: Element = Element::new("Hangup").children(&[&connect::PARAMETER]);

static REJECT: Element = Element::new("Reject")
    .attributes(&[&[attribute("reason", Kind::OneOf(&["rejected", "busy"]))
        .default("rejected")
        .code("13810")]])
    .children(&[&connect::PARAMETER]);

static REDIRECT: Element = Element::new("Redirect")
    .attributes(&[&[METHOD.code("13710")]])
    .text(Text::Url);

pub(super) static SAY: Element = Element::new("Say")
    .attributes(&[&[
        attribute("voice", Kind::Any).code("13511"),
        attribute("language", Kind::Any).code("13512"),
        attribute("loop", Kind::Whole(0, u32::MAX))
            .default("1")
            .code("13510"),
    ]])
    .text(SPOKEN)
    .children(&SPEECH)
    .needs_content("13520");

static GATHER_SAY: Element = Element::new("Say")
    .attributes(&[&[
        attribute("voice", Kind::Any).code("13321"),
        attribute("language", Kind::Any).code("13512"),
        attribute("loop", Kind::Whole(0, u32::MAX))
            .default("1")
            .code("13322"),
    ]])
    .text(SPOKEN)
    .children(&SPEECH)
    .needs_content("13520");

pub(super) static PLAY: Element = Element::new("Play")
    .attributes(&[&[
        attribute("loop", Kind::Whole(0, u32::MAX))
            .default("1")
            .code("13410"),
        attribute("digits", Kind::KeysToSend).code("13430"),
    ]])
    .text(Text::Url)
    .needs_content("12200")
    .content_or("digits");

static GATHER: Element = Element::new("Gather")
    .attributes(&[&[
        ACTION,
        METHOD.code("13312"),
        attribute("input", Kind::Words(&["dtmf", "speech"]))
            .default("dtmf")
            .code("13326"),
        attribute("finishOnKey", Kind::Key)
            .default("#")
            .code("13310"),
        attribute("numDigits", Kind::Whole(1, u32::MAX)).code("13314"),
        attribute("timeout", Kind::Whole(0, u32::MAX))
            .default("5")
            .code("13313"),
        attribute("speechTimeout", Kind::WholeOr(1, u32::MAX, &["auto"])).code("13327"),
        attribute("maxSpeechTime", Kind::Whole(1, u32::MAX)).code("13328"),
        attribute("language", Kind::Any)
            .default("en-US")
            .code("13331"),
        attribute("hints", Kind::Any).code("13330"),
        attribute("speechModel", Kind::Any)
            .default("default")
            .code("13334"),
        attribute("enhanced", Kind::Bool).default("false"),
        attribute("profanityFilter", Kind::Bool)
            .default("true")
            .code("13333"),
        attribute("bargeIn", Kind::Bool)
            .default("true")
            .code("13332"),
        attribute("actionOnEmptyResult", Kind::Bool)
            .default("false")
            .code("13338"),
        attribute("partialResultCallback", Kind::Url),
        attribute("partialResultCallbackMethod", Kind::Method)
            .default("POST")
            .code("13329"),
        attribute("debug", Kind::Bool),
    ]])
    .children(&[&GATHER_SAY, &PLAY, &PAUSE])
    .bad_child("13320");

static RECORD: Element = Element::new("Record").attributes(&[
    &[
        ACTION,
        METHOD.code("13610"),
        attribute("timeout", Kind::Whole(0, u32::MAX))
            .default("5")
            .code("13611"),
        attribute("finishOnKey", Kind::Keys)
            .default("1234567890*#")
            .code("13613"),
        attribute("maxLength", Kind::Whole(1, u32::MAX))
            .default("3600")
            .code("13612"),
        attribute("playBeep", Kind::Bool)
            .default("true")
            .code("13616"),
        attribute("trim", Kind::OneOf(TRIM))
            .default("trim-silence")
            .code("13699"),
        attribute("recordingTrack", Kind::OneOf(TRACKS))
            .default("both")
            .code("13622"),
        attribute("transcribe", Kind::Bool)
            .default("false")
            .code("13614"),
        attribute("transcribeCallback", Kind::Url).code("13257"),
        attribute("recordingConfigurationId", Kind::Any),
    ],
    RECORDING_STATUS_CALLBACK,
    &[RECORDING_STATUS_CALLBACK_EVENT],
]);

static ENQUEUE: Element = Element::new("Enqueue")
    .attributes(&[
        ACTION_AND_METHOD,
        &[
            attribute("waitUrl", Kind::UrlOrEmpty),
            attribute("waitUrlMethod", Kind::Method).default("POST"),
            attribute("maxQueueSize", Kind::Whole(1, u32::MAX)),
            attribute("workflowSid", Kind::Any),
        ],
    ])
    .text(Text::Words)
    .children(&[&TASK]);

static TASK: Element = Element::new("Task")
    .attributes(&[&[
        attribute("priority", Kind::Whole(0, u32::MAX)),
        attribute("timeout", Kind::Whole(0, u32::MAX)),
    ]])
    .text(Text::Words);

static QUEUE: Element = Element::new("Queue")
    .attributes(&[
        URL_AND_METHOD,
        &[
            attribute("reservationSid", Kind::Any),
            attribute("postWorkActivitySid", Kind::Any),
        ],
    ])
    .text(Text::Words);

static SMS: Element = Element::new("Sms")
    .attributes(&[
        ACTION_AND_METHOD,
        &[
            attribute("to", Kind::Any),
            attribute("from", Kind::Any),
            attribute("statusCallback", Kind::Url),
        ],
    ])
    .text(Text::Words)
    .needs_content("12200");

static ECHO: Element = Element::new("Echo");

static TRANSCRIBE: Element = Element::new("Transcribe");
