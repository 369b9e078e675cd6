//! Objects that stand inside verbs: targets, options of config, media and bot parts.

use super::{FLAG, HOOK, Kind, LIST, NUMBER, OBJECT, Shape, TEXT, Type};

/// Every part that is no verb and has nothing to do with speech vendors.
pub(super) const PARTS: &[Shape] = &[
    Shape {
        name: "fillerNoise",
        required: &["enable"],
        properties: &[(FLAG, "enable"), (TEXT, "url"), (NUMBER, "startDelaySecs")],
    },
    Shape {
        name: "listenOptions",
        required: &["enable"],
        properties: &[
            (FLAG, "enable passDtmf playBeep disableBidirectionalAudio"),
            (TEXT, "url"),
            (NUMBER, "sampleRate maxLength timeout"),
            (Kind::Shape("auth"), "wsAuth"),
            (Kind::Word(&["mono", "stereo", "mixed"]), "mixType"),
            (OBJECT, "metadata"),
            (Kind::Shape("bidirectionalAudio"), "bidirectionalAudio"),
        ],
    },
    Shape {
        name: "ttsStream",
        required: &["enable"],
        properties: &[
            (FLAG, "enable"),
            (Kind::Shape("synthesizer"), "synthesizer"),
        ],
    },
    Shape {
        name: "bargeIn",
        required: &["enable"],
        properties: &[
            (FLAG, "enable sticky dtmfBargein"),
            (HOOK, "actionHook partialResultHook"),
            (LIST, "input"),
            (TEXT, "finishOnKey"),
            (
                NUMBER,
                "numDigits minDigits maxDigits interDigitTimeout minBargeinWordCount",
            ),
        ],
    },
    Shape {
        name: "transcribeOptions",
        required: &["enable"],
        properties: &[
            (FLAG, "enable"),
            (TEXT, "transcriptionHook"),
            (Kind::Shape("recognizer"), "recognizer"),
        ],
    },
    Shape {
        name: "queryInput",
        required: &[],
        properties: &[(TEXT, "text intent event dtmf")],
    },
    Shape {
        name: "mcpServer",
        required: &["url"],
        properties: &[
            (TEXT, "url"),
            (OBJECT, "auth"),
            // The schema names this shape and has no table for it: any objects will do.
            (Kind::Shapes("root"), "roots"),
        ],
    },
    Shape {
        name: "record",
        required: &["path"],
        properties: &[(TEXT, "path")],
    },
    Shape {
        name: "recordOptions",
        required: &["action"],
        properties: &[
            (
                Kind::Word(&[
                    "startCallRecording",
                    "stopCallRecording",
                    "pauseCallRecording",
                    "resumeCallRecording",
                ]),
                "action",
            ),
            (Kind::Word(&["cloud", "siprec"]), "type"),
            (TEXT, "recordingID"),
            (Kind::Any(&[Type::String, Type::Array]), "siprecServerURL"),
            (OBJECT, "headers"),
        ],
    },
    Shape {
        name: "target",
        required: &["type"],
        properties: &[
            (Kind::Word(&["phone", "sip", "user", "teams"]), "type"),
            (HOOK, "confirmHook"),
            (Kind::Word(&["GET", "POST"]), "method"),
            (OBJECT, "headers"),
            (Kind::Shape("dialFrom"), "from"),
            (TEXT, "name number sipUri tenant trunk overrideTo proxy"),
            (Kind::Shape("auth"), "auth"),
            (FLAG, "vmail"),
        ],
    },
    Shape {
        name: "dialFrom",
        required: &[],
        properties: &[(TEXT, "user host")],
    },
    Shape {
        name: "auth",
        required: &["username", "password"],
        properties: &[(TEXT, "username password")],
    },
    Shape {
        name: "lexIntent",
        required: &["name"],
        properties: &[(TEXT, "name"), (OBJECT, "slots")],
    },
    Shape {
        name: "amd",
        required: &["actionHook"],
        properties: &[
            (HOOK, "actionHook"),
            (NUMBER, "thresholdWordCount digitCount"),
            (Kind::Shape("amdTimers"), "timers"),
            (Kind::Shape("recognizer"), "recognizer"),
        ],
    },
    Shape {
        name: "amdTimers",
        required: &[],
        properties: &[(
            NUMBER,
            "noSpeechTimeoutMs decisionTimeoutMs toneTimeoutMs \
                 greetingCompletionTimeoutMs",
        )],
    },
    Shape {
        name: "actionHookDelayAction",
        required: &[],
        properties: &[
            (FLAG, "enabled"),
            (NUMBER, "noResponseTimeout noResponseGiveUpTimeout retries"),
            (LIST, "actions giveUpActions"),
        ],
    },
    Shape {
        name: "bidirectionalAudio",
        required: &[],
        properties: &[(FLAG, "enabled streaming"), (NUMBER, "sampleRate")],
    },
    Shape {
        name: "bargeInPipeline",
        required: &[],
        properties: &[(FLAG, "enable sticky"), (NUMBER, "minSpeechDuration")],
    },
    Shape {
        name: "noiseIsolationPipeline",
        required: &[],
        properties: &[
            (TEXT, "mode model"),
            (NUMBER, "level"),
            (Kind::Word(&["read", "write"]), "direction"),
        ],
    },
    Shape {
        name: "noiseIsolation",
        required: &[],
        properties: &[(FLAG, "enable"), (TEXT, "vendor model"), (NUMBER, "level")],
    },
    Shape {
        name: "turnTaking",
        required: &[],
        properties: &[
            (FLAG, "enable"),
            (TEXT, "vendor model"),
            (NUMBER, "threshold"),
        ],
    },
];
