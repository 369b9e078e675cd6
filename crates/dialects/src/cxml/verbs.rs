//! The verbs of cXML.
//!
//! Source: SignalWire's pages per verb; codes from its error list, which has Twilio's 13xxx.

use crate::cxml::dial;
use crate::laml::attributes::{
    ACTION, ACTION_AND_METHOD, CARD_TYPES, METHOD, PROMPT_ERRORS, PROMPT_FOR,
    RECORDING_STATUS_CALLBACK, RECORDING_STATUS_CALLBACK_EVENT, STATUS_CALLBACK, STREAM_TRACKS,
    TRIM,
};
use crate::laml::schema::{Attribute, Element, Kind, Text, attribute};
use crate::laml::ssml::SPEECH;
use crate::laml::verbs::{LEAVE, PAUSE, REFER, SPOKEN};

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
    &CONNECT,
    &START,
    &STOP,
    &DENOISE,
    &ECHO,
    &SMS,
    &PAY,
]);

static HANGUP: Element = Element::new("Hangup");

static REJECT: Element = Element::new("Reject").attributes(&[&[attribute(
    "reason",
    Kind::OneOf(&["rejected", "busy"]),
)
.default("rejected")
.code("13810")]]);

static REDIRECT: Element = Element::new("Redirect")
    .attributes(&[&[METHOD]])
    .text(Text::Url);

static SAY: Element = Element::new("Say")
    .attributes(&[&[
        attribute("voice", Kind::Any).default("woman").code("13511"),
        attribute("language", Kind::Any).code("13512"),
        attribute("loop", Kind::Whole(0, u32::MAX))
            .default("1")
            .code("13510"),
    ]])
    .text(SPOKEN)
    .children(&SPEECH)
    .needs_content("13520");

static PLAY: Element = Element::new("Play")
    .attributes(&[&[
        attribute("digits", Kind::KeysToSend).code("13430"),
        attribute("loop", Kind::Whole(0, u32::MAX))
            .default("1")
            .code("13410"),
    ]])
    .text(Text::MediaUrl)
    .needs_content("20422")
    .content_or("digits");

static GATHER: Element = Element::new("Gather")
    .attributes(&[&[
        ACTION,
        METHOD,
        attribute("actionOnEmptyResult", Kind::Bool)
            .default("false")
            .code("13338"),
        attribute("enhanced", Kind::Bool).default("false"),
        attribute("finishOnKey", Kind::Key)
            .default("#")
            .code("13310"),
        attribute("hints", Kind::Any).code("13330"),
        attribute("input", Kind::Words(&["dtmf", "speech"]))
            .default("dtmf")
            .code("13326"),
        attribute("language", Kind::Any)
            .default("en-US")
            .code("13331"),
        attribute("numDigits", Kind::Whole(1, u32::MAX)).code("13314"),
        attribute("partialResultCallback", Kind::Url),
        attribute("partialResultCallbackMethod", Kind::Method).default("POST"),
        attribute("profanityFilter", Kind::Bool)
            .default("true")
            .code("13333"),
        attribute("speechModel", Kind::Any).code("13334"),
        attribute("speechTimeout", Kind::WholeOr(1, u32::MAX, &["auto"])).code("13327"),
        attribute("timeout", Kind::Whole(0, u32::MAX))
            .default("5")
            .code("13313"),
    ]])
    .children(&[&SAY, &PLAY, &PAUSE])
    .bad_child("13320");

static RECORD: Element = Element::new("Record").attributes(&[
    &[
        ACTION,
        METHOD,
        attribute("finishOnKey", Kind::Keys)
            .default("1234567890*#")
            .code("13613"),
        attribute("maxLength", Kind::Whole(0, u32::MAX))
            .default("3600")
            .code("13612"),
        attribute("playBeep", Kind::Bool)
            .default("true")
            .code("13616"),
        attribute("storageUrl", Kind::Url),
        attribute("storageUrlMethod", Kind::OneOf(&["POST", "PUT"])).default("POST"),
        attribute("timeout", Kind::Whole(0, u32::MAX))
            .default("5")
            .code("13611"),
        attribute("transcribe", Kind::Bool)
            .default("false")
            .code("13614"),
        attribute("transcribeCallback", Kind::Url).code("13257"),
        attribute("trim", Kind::OneOf(TRIM))
            .default("trim-silence")
            .code("13699"),
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
        ],
    ])
    .text(Text::Words);

static CONNECT: Element = Element::new("Connect")
    .attributes(&[ACTION_AND_METHOD])
    .needs_content("20422")
    .children(&[&ROOM, &STREAM, &VIRTUAL_AGENT, &AI]);

static START: Element = Element::new("Start")
    .attributes(&[ACTION_AND_METHOD])
    .needs_content("20422")
    .children(&[&STREAM]);

static STOP: Element = Element::new("Stop")
    .attributes(&[ACTION_AND_METHOD])
    .needs_content("20422")
    .children(&[&STREAM]);

const NAME_AND_VALUE: &[Attribute] = &[
    attribute("name", Kind::Any).required(),
    attribute("value", Kind::Any).required(),
];

static PARAMETER: Element = Element::new("Parameter").attributes(&[NAME_AND_VALUE]);

static STREAM: Element = Element::new("Stream")
    .attributes(&[
        &[
            attribute("url", Kind::WebSocketUrl),
            attribute("name", Kind::Any),
            attribute("track", Kind::OneOf(STREAM_TRACKS)).default("inbound_track"),
            attribute(
                "codec",
                Kind::OneOf(&["PCMU@8000h", "L16@16000h", "L16@24000h"]),
            ),
            attribute("realtime", Kind::Bool),
            attribute("authBearerToken", Kind::Any),
        ],
        STATUS_CALLBACK,
    ])
    .children(&[&PARAMETER]);

static ROOM: Element = Element::new("Room")
    .attributes(&[&[attribute("participantIdentity", Kind::Any)]])
    .text(Text::Words);

static VIRTUAL_AGENT: Element = Element::new("VirtualAgent")
    .attributes(&[
        &[
            attribute("connectorName", Kind::Any),
            attribute("language", Kind::Any),
            attribute("sentimentAnalysis", Kind::Bool),
        ],
        STATUS_CALLBACK,
    ])
    .children(&[&PARAMETER]);

/// SignalWire's library writes it and no page describes it: only its name and text are known.
static AI: Element = Element::new("AI").text(Text::Words);

static DENOISE: Element = Element::new("Denoise")
    .text(Text::Words)
    .needs_content("20422");

static ECHO: Element =
    Element::new("Echo").attributes(&[&[attribute("timeout", Kind::Whole(5, 120)).default("60")]]);

static SMS: Element = Element::new("Sms")
    .attributes(&[
        ACTION_AND_METHOD,
        &[
            attribute("to", Kind::Any),
            attribute("from", Kind::Any),
            attribute("statusCallback", Kind::Url),
        ],
    ])
    .text(Text::AtMost(1599, "20422"))
    .needs_content("20422");

static PAY: Element = Element::new("Pay")
    .attributes(&[&[
        attribute("paymentConnectorUrl", Kind::Url).required(),
        // Shown in an example in place of the one above.
        attribute("paymentConnector", Kind::Any),
        attribute("minPostalCodeLength", Kind::Whole(0, u32::MAX)).required(),
        ACTION,
        METHOD,
        attribute("securityCode", Kind::Bool).default("true"),
        attribute("postalCode", Kind::Any).default("true"),
        attribute("chargeAmount", Kind::Decimal(0, 1_000_000)).default("0"),
        attribute("currency", Kind::Any).default("usd"),
        attribute("description", Kind::Any),
        attribute("input", Kind::OneOf(&["dtmf"])).default("dtmf"),
        attribute("language", Kind::Any).default("en-us"),
        attribute("maxAttempts", Kind::Whole(1, 3)).default("1"),
        attribute("paymentMethod", Kind::OneOf(&["credit-card", "ach-debit"]))
            .default("credit-card"),
        attribute("statusCallback", Kind::Url),
        attribute("timeout", Kind::Whole(4, u32::MAX)).default("5"),
        attribute("tokenType", Kind::OneOf(&["reusable", "one-time"])).default("reusable"),
        attribute("validCardTypes", Kind::Words(CARD_TYPES)).default("visa mastercard amex"),
    ]])
    .children(&[&PROMPT, &PARAMETER]);

static PROMPT: Element = Element::new("Prompt")
    .attributes(&[&[
        attribute("for", Kind::OneOf(PROMPT_FOR)).required(),
        attribute("attempt", Kind::Words(&["1", "2", "3"])),
        attribute("cardType", Kind::Words(CARD_TYPES)),
        attribute("errorType", Kind::Words(PROMPT_ERRORS)),
    ]])
    .children(&[&SAY, &PLAY]);
