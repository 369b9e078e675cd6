//! The elements, in the order of Bandwidth's list of verbs.

use super::background::{
    PAUSE_RECORDING, RESUME_RECORDING, START_RECORDING, START_STREAM, START_TRANSCRIPTION,
    STOP_RECORDING, STOP_STREAM, STOP_TRANSCRIPTION,
};
use super::{Attribute, Content, Element, Kind, State, TextRule, optional, required};

/// The attributes of a URL that answers with BXML: with fallback and credentials for both.
macro_rules! callback {
    ($url:ident, $name:literal) => {
        &[
            $url(concat!($name, "Url"), Kind::Url),
            optional(concat!($name, "Method"), Kind::Method, "POST"),
            optional(concat!($name, "FallbackUrl"), Kind::Url, ""),
            optional(concat!($name, "FallbackMethod"), Kind::Method, "POST"),
        ]
    };
}

pub(super) const fn maybe(name: &'static str, kind: Kind) -> Attribute {
    optional(name, kind, "")
}

pub(super) const TAG: &[Attribute] = &[maybe("tag", Kind::Text(256))];
pub(super) const CREDENTIALS: &[Attribute] = &[
    maybe("username", Kind::Text(1024)),
    maybe("password", Kind::Text(1024)),
];
const FALLBACK_CREDENTIALS: &[Attribute] = &[
    maybe("fallbackUsername", Kind::Text(1024)),
    maybe("fallbackPassword", Kind::Text(1024)),
];
const TRANSFER_ANSWER: &[Attribute] = callback!(maybe, "transferAnswer");
const TRANSFER_DISCONNECT: &[Attribute] = &[
    maybe("transferDisconnectUrl", Kind::Url),
    optional("transferDisconnectMethod", Kind::Method, "POST"),
];
/// User-to-User headers, with parameters and separators (Bandwidth's libraries).
const UUI: &[Attribute] = &[maybe("uui", Kind::Text(350))];
const CALL_TIMEOUT: &[Attribute] = &[optional("callTimeout", Kind::Seconds(1.0, 300.0), "30")];
const DIVERSION: &[Attribute] = &[
    optional(
        "diversionTreatment",
        Kind::Word(&["none", "propagate", "stack"]),
        "none",
    ),
    optional(
        "diversionReason",
        Kind::Word(&[
            "unknown",
            "user-busy",
            "no-answer",
            "unavailable",
            "unconditional",
            "time-of-day",
            "do-not-disturb",
            "deflection",
            "follow-me",
            "out-of-service",
            "away",
        ]),
        "unknown",
    ),
];
pub(super) const RECORDING_AVAILABLE: &[Attribute] = &[
    maybe("recordingAvailableUrl", Kind::Url),
    optional("recordingAvailableMethod", Kind::Method, "POST"),
];
pub(super) const TRANSCRIPTION_AVAILABLE: &[Attribute] = &[
    optional("transcribe", Kind::Flag, "false"),
    optional("detectLanguage", Kind::Flag, "false"),
    maybe("transcriptionAvailableUrl", Kind::Url),
    optional("transcriptionAvailableMethod", Kind::Method, "POST"),
];
pub(super) const FILE: &[Attribute] = &[
    optional("fileFormat", Kind::Word(&["wav", "mp3"]), "wav"),
    maybe("recordingName", Kind::Text(256)),
];
const DURATION_RANGE: Kind = Kind::Seconds(0.1, 86_400.0);

const NEEDS_SECOND_LEG: State =
    State::Refused("joining a call with another one is not part of this release");

/// The root under its usual name; `Bxml` is the same.
pub(in crate::bxml) static DOCUMENT: Element = Element {
    name: "Response",
    attributes: &[],
    content: Content::Children {
        of: VERBS,
        at_least: 0,
        at_most: usize::MAX,
    },
    state: State::Inside,
};

static VERBS: &[&Element] = &[
    &REFER,
    &TRANSFER,
    &FORWARD,
    &BRIDGE,
    &REDIRECT,
    &HANGUP,
    &PAUSE,
    &RING,
    &SPEAK_SENTENCE,
    &PLAY_AUDIO,
    &GATHER,
    &START_GATHER,
    &STOP_GATHER,
    &RECORD,
    &START_RECORDING,
    &PAUSE_RECORDING,
    &RESUME_RECORDING,
    &STOP_RECORDING,
    &START_STREAM,
    &STOP_STREAM,
    &START_TRANSCRIPTION,
    &STOP_TRANSCRIPTION,
    &CONFERENCE,
    &SEND_DTMF,
    &SET_TAG,
    &CONNECT,
];

pub(in crate::bxml) static REFER: Element = Element {
    name: "Refer",
    attributes: &[
        &[
            maybe("referCompleteUrl", Kind::Url),
            optional("referCompleteMethod", Kind::Method, "POST"),
        ],
        TAG,
    ],
    content: Content::Children {
        of: &[&REFER_SIP_URI],
        at_least: 1,
        at_most: 1,
    },
    state: State::Runs("SIP REFER to the caller; inbound calls only"),
};

/// Bandwidth's libraries write the attributes of the `SipUri` of `Transfer` here too.
static REFER_SIP_URI: Element = Element {
    name: "SipUri",
    attributes: &[&[
        maybe("uui", Kind::Ignored),
        maybe("transferAnswerUrl", Kind::Ignored),
        maybe("transferAnswerMethod", Kind::Ignored),
        maybe("transferAnswerFallbackUrl", Kind::Ignored),
        maybe("transferAnswerFallbackMethod", Kind::Ignored),
        maybe("transferDisconnectUrl", Kind::Ignored),
        maybe("transferDisconnectMethod", Kind::Ignored),
        maybe("username", Kind::Ignored),
        maybe("password", Kind::Ignored),
        maybe("fallbackUsername", Kind::Ignored),
        maybe("fallbackPassword", Kind::Ignored),
        maybe("tag", Kind::Ignored),
    ]],
    content: Content::Text(TextRule::Needed("the SIP URI to transfer to")),
    state: State::Inside,
};

static TRANSFER: Element = Element {
    name: "Transfer",
    attributes: &[
        &[
            maybe("transferCallerId", Kind::CallerId),
            maybe("transferCallerDisplayName", Kind::Text(256)),
        ],
        CALL_TIMEOUT,
        callback!(maybe, "transferComplete"),
        CREDENTIALS,
        FALLBACK_CREDENTIALS,
        DIVERSION,
        TAG,
    ],
    content: Content::Children {
        of: &[&PHONE_NUMBER, &TRANSFER_SIP_URI],
        at_least: 1,
        at_most: 8,
    },
    state: NEEDS_SECOND_LEG,
};

static PHONE_NUMBER: Element = Element {
    name: "PhoneNumber",
    attributes: &[
        TRANSFER_ANSWER,
        TRANSFER_DISCONNECT,
        CREDENTIALS,
        FALLBACK_CREDENTIALS,
        UUI,
        TAG,
    ],
    content: Content::Text(TextRule::PhoneNumber),
    state: State::Inside,
};

static TRANSFER_SIP_URI: Element = Element {
    name: "SipUri",
    attributes: &[
        UUI,
        TRANSFER_ANSWER,
        TRANSFER_DISCONNECT,
        CREDENTIALS,
        FALLBACK_CREDENTIALS,
        TAG,
    ],
    content: Content::Text(TextRule::Needed("the SIP URI to call")),
    state: State::Inside,
};

static FORWARD: Element = Element {
    name: "Forward",
    attributes: &[
        &[
            required("to", Kind::Text(1024)),
            maybe("from", Kind::Text(1024)),
        ],
        CALL_TIMEOUT,
        DIVERSION,
        UUI,
    ],
    content: Content::Nothing,
    state: NEEDS_SECOND_LEG,
};

static BRIDGE: Element = Element {
    name: "Bridge",
    attributes: &[
        callback!(maybe, "bridgeComplete"),
        callback!(maybe, "bridgeTargetComplete"),
        CREDENTIALS,
        FALLBACK_CREDENTIALS,
        TAG,
    ],
    content: Content::Text(TextRule::Needed("the callId of the call to join with")),
    state: NEEDS_SECOND_LEG,
};

static REDIRECT: Element = Element {
    name: "Redirect",
    attributes: &[
        callback!(required, "redirect"),
        CREDENTIALS,
        FALLBACK_CREDENTIALS,
        TAG,
    ],
    content: Content::Nothing,
    state: State::Runs("with fallback URL and credentials"),
};

static HANGUP: Element = Element {
    name: "Hangup",
    attributes: &[],
    content: Content::Nothing,
    state: State::Runs("an unanswered call is refused with 603"),
};

static PAUSE: Element = Element {
    name: "Pause",
    attributes: &[&[optional("duration", DURATION_RANGE, "1")]],
    content: Content::Nothing,
    state: State::Runs("answers the call first"),
};

static RING: Element = Element {
    name: "Ring",
    attributes: &[&[
        optional("duration", DURATION_RANGE, "5"),
        optional("answerCall", Kind::Flag, "true"),
    ]],
    content: Content::Nothing,
    state: State::Runs("answers and plays ringing; `answerCall=\"false\"` sends 180 instead"),
};

static SPEAK_SENTENCE: Element = Element {
    name: "SpeakSentence",
    attributes: &[&[
        maybe("voice", Kind::Text(64)),
        optional("gender", Kind::Word(&["female", "male"]), "female"),
        optional("locale", Kind::Text(16), "en_US"),
    ]],
    content: Content::Speech,
    state: State::Runs("text or SSML, by voice, gender and locale"),
};

static PLAY_AUDIO: Element = Element {
    name: "PlayAudio",
    attributes: &[CREDENTIALS],
    content: Content::Text(TextRule::Needed("the URL of the audio file")),
    state: State::Runs(
        "WAV or MP3 over http(s), with credentials; a file that cannot be had is skipped",
    ),
};

static GATHER: Element = Element {
    name: "Gather",
    attributes: &[
        callback!(maybe, "gather"),
        CREDENTIALS,
        FALLBACK_CREDENTIALS,
        TAG,
        &[
            maybe("terminatingDigits", Kind::Digits),
            optional("maxDigits", Kind::Whole(1, 50), "50"),
            optional("interDigitTimeout", Kind::Seconds(1.0, 60.0), "5"),
            optional("firstDigitTimeout", Kind::Seconds(0.0, 60.0), "5"),
            optional("repeatCount", Kind::Whole(1, 20), "1"),
        ],
        // Speech, as Bandwidth's libraries write it.
        &[
            optional(
                "input",
                Kind::Word(&["dtmf", "speech", "dtmf_speech"]),
                "dtmf",
            ),
            maybe("hints", Kind::Text(2048)),
            maybe("language", Kind::Text(16)),
            maybe("partialResultCallback", Kind::Url),
            optional("partialResultCallbackMethod", Kind::Method, "POST"),
            optional("profanityFilter", Kind::Flag, "true"),
            maybe("speechModel", Kind::Text(64)),
            optional("speechTimeout", Kind::Seconds(0.0, 60.0), "5"),
        ],
    ],
    content: Content::Children {
        of: &[&SPEAK_SENTENCE, &PLAY_AUDIO],
        at_least: 0,
        at_most: 20,
    },
    state: State::Runs("keys and speech, with nested prompts, repeats and fallback URL"),
};

static START_GATHER: Element = Element {
    name: "StartGather",
    attributes: &[
        &[
            required("dtmfUrl", Kind::Url),
            optional("dtmfMethod", Kind::Method, "POST"),
        ],
        CREDENTIALS,
        TAG,
    ],
    content: Content::Nothing,
    state: State::Runs("one `dtmf` event per key; silent during `Gather`"),
};

static STOP_GATHER: Element = Element {
    name: "StopGather",
    attributes: &[],
    content: Content::Nothing,
    state: State::Runs("ends `StartGather`"),
};

static RECORD: Element = Element {
    name: "Record",
    attributes: &[
        callback!(maybe, "recordComplete"),
        RECORDING_AVAILABLE,
        TRANSCRIPTION_AVAILABLE,
        CREDENTIALS,
        FALLBACK_CREDENTIALS,
        TAG,
        &[
            optional("terminatingDigits", Kind::Digits, "#"),
            optional("maxDuration", Kind::Seconds(0.0, 10_800.0), "60"),
            optional("silenceTimeout", Kind::Seconds(0.0, 10_800.0), "0"),
        ],
        FILE,
    ],
    content: Content::Nothing,
    state: State::Runs("with `recordComplete`, `recordingAvailable` and `transcriptionAvailable`"),
};

static CONFERENCE: Element = Element {
    name: "Conference",
    attributes: &[
        &[
            optional("mute", Kind::Flag, "false"),
            optional("hold", Kind::Flag, "false"),
            maybe("callIdsToCoach", Kind::Text(2048)),
        ],
        callback!(maybe, "conferenceEvent"),
        CREDENTIALS,
        FALLBACK_CREDENTIALS,
        TAG,
    ],
    content: Content::Text(TextRule::ConferenceName),
    state: NEEDS_SECOND_LEG,
};

static SEND_DTMF: Element = Element {
    name: "SendDtmf",
    attributes: &[&[
        optional("toneDuration", Kind::Milliseconds(50.0, 5000.0), "200"),
        optional("toneInterval", Kind::Milliseconds(50.0, 5000.0), "400"),
    ]],
    content: Content::Text(TextRule::Dtmf),
    state: State::Runs("as telephone-events, else as tones"),
};

static SET_TAG: Element = Element {
    name: "Tag",
    attributes: &[],
    content: Content::Text(TextRule::AtMost(256)),
    state: State::Runs("blank clears"),
};

static CONNECT: Element = Element {
    name: "Connect",
    attributes: &[&[
        maybe("eventCallbackUrl", Kind::Url),
        maybe("eventFallbackUrl", Kind::Url),
    ]],
    content: Content::Children {
        of: &[&ENDPOINT],
        at_least: 0,
        at_most: usize::MAX,
    },
    state: State::Refused("WebRTC endpoints are not part of this release"),
};

static ENDPOINT: Element = Element {
    name: "Endpoint",
    attributes: &[],
    content: Content::Text(TextRule::AtMost(1024)),
    state: State::Inside,
};
