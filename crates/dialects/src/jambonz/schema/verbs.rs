//! What each verb may hold: property names by type, after the public verb specifications.

use super::{FLAG, HOOK, Kind, LIST, NUMBER, OBJECT, Shape, TEXT, Type};

/// Every verb.
pub(super) const VERBS: &[Shape] = &[
    Shape {
        name: "answer",
        required: &[],
        properties: &[(TEXT, "id")],
    },
    Shape {
        name: "alert",
        required: &["message"],
        properties: &[(TEXT, "id message")],
    },
    Shape {
        name: "config",
        required: &[],
        properties: &[
            (TEXT, "id onHoldMusic"),
            (Kind::Shape("synthesizer"), "synthesizer"),
            (Kind::Shape("recognizer"), "recognizer"),
            (Kind::Shape("bargeIn"), "bargeIn"),
            (Kind::Shape("ttsStream"), "ttsStream"),
            (Kind::Shape("recordOptions"), "record"),
            (Kind::Shape("listenOptions"), "listen stream"),
            (Kind::Shape("transcribeOptions"), "transcribe"),
            (Kind::Shape("amd"), "amd"),
            (Kind::Shape("fillerNoise"), "fillerNoise"),
            (
                FLAG,
                "notifyEvents notifySttLatency earlyMedia autoStreamTts disableTtsCache \
                 trackTtsPlayout",
            ),
            (Kind::Any(&[Type::String, Type::Array]), "reset"),
            (
                Kind::Shape("actionHookDelayAction"),
                "actionHookDelayAction",
            ),
            (HOOK, "sipRequestWithinDialogHook referHook"),
            (Kind::Any(&[Type::Number, Type::String]), "boostAudioSignal"),
            (Kind::Shape("vad"), "vad"),
            (Kind::Shape("noiseIsolation"), "noiseIsolation"),
            (Kind::Shape("turnTaking"), "turnTaking"),
        ],
    },
    Shape {
        name: "say",
        required: &[],
        properties: &[
            (TEXT, "id instructions"),
            (Kind::Any(&[Type::String, Type::Array]), "text"),
            (FLAG, "stream earlyMedia disableTtsCache closeStreamOnEmpty"),
            (Kind::Any(&[Type::Number, Type::String]), "loop"),
            (Kind::Shape("synthesizer"), "synthesizer"),
        ],
    },
    Shape {
        name: "play",
        required: &["url"],
        properties: &[
            (TEXT, "id"),
            (Kind::Any(&[Type::String, Type::Array]), "url"),
            (
                Kind::Any(&[Type::Number, Type::String]),
                "loop seekOffset timeoutSecs",
            ),
            (FLAG, "earlyMedia"),
            (HOOK, "actionHook"),
        ],
    },
    Shape {
        name: "gather",
        required: &[],
        properties: &[
            (TEXT, "id finishOnKey"),
            (HOOK, "actionHook partialResultHook"),
            (LIST, "input"),
            (
                NUMBER,
                "numDigits minDigits maxDigits interDigitTimeout speechTimeout \
                 minBargeinWordCount timeout",
            ),
            (FLAG, "listenDuringPrompt dtmfBargein bargein"),
            (Kind::Shape("recognizer"), "recognizer"),
            (Kind::Shape("play"), "play"),
            (Kind::Shape("say"), "say"),
            (Kind::Shape("fillerNoise"), "fillerNoise"),
            (
                Kind::Shape("actionHookDelayAction"),
                "actionHookDelayAction",
            ),
        ],
    },
    Shape {
        name: "dial",
        required: &["target"],
        properties: &[
            (TEXT, "id callerId callerName dialMusic proxy"),
            (HOOK, "actionHook onHoldHook confirmHook referHook dtmfHook"),
            (FLAG, "answerOnBridge anchorMedia exitMediaPath forwardPAI"),
            (OBJECT, "dtmfCapture headers tag"),
            (Kind::Any(&[Type::Number, Type::String]), "boostAudioSignal"),
            (Kind::Shape("listen"), "listen stream"),
            (Kind::Shapes("target"), "target"),
            (NUMBER, "timeLimit timeout"),
            (Kind::Shape("transcribe"), "transcribe"),
            (Kind::Shape("amd"), "amd"),
            (Kind::Shapes("dub"), "dub"),
            (Kind::Word(&["sdes", "dtls"]), "srtpEncryption"),
            (LIST, "codecs"),
        ],
    },
    Shape {
        name: "sip:refer",
        required: &["referTo"],
        properties: &[
            (TEXT, "id referTo referredBy referredByDisplayName"),
            (OBJECT, "headers"),
            (HOOK, "actionHook eventHook"),
        ],
    },
    Shape {
        name: "sip:request",
        required: &["method"],
        properties: &[
            (TEXT, "id method body"),
            (OBJECT, "headers"),
            (HOOK, "actionHook"),
        ],
    },
    Shape {
        name: "sip:decline",
        required: &["status"],
        properties: &[(TEXT, "id reason"), (NUMBER, "status"), (OBJECT, "headers")],
    },
    Shape {
        name: "redirect",
        required: &["actionHook"],
        properties: &[(TEXT, "id"), (HOOK, "actionHook statusHook")],
    },
    Shape {
        name: "hangup",
        required: &[],
        properties: &[(TEXT, "id"), (OBJECT, "headers")],
    },
    Shape {
        name: "pause",
        required: &["length"],
        properties: &[(TEXT, "id"), (NUMBER, "length")],
    },
    Shape {
        name: "dtmf",
        required: &["dtmf"],
        properties: &[(TEXT, "id dtmf"), (NUMBER, "duration")],
    },
    Shape {
        name: "dub",
        required: &["action", "track"],
        properties: &[
            (TEXT, "id track play"),
            (
                Kind::Word(&[
                    "addTrack",
                    "removeTrack",
                    "silenceTrack",
                    "playOnTrack",
                    "sayOnTrack",
                ]),
                "action",
            ),
            (Kind::Any(&[Type::Object, Type::String]), "say"),
            (FLAG, "loop"),
            (Kind::Any(&[Type::Number, Type::String]), "gain"),
        ],
    },
    Shape {
        name: "listen",
        required: &["url"],
        properties: &[
            (TEXT, "id finishOnKey url"),
            (HOOK, "actionHook"),
            (Kind::Shape("auth"), "auth wsAuth"),
            (NUMBER, "maxLength sampleRate timeout channel"),
            (OBJECT, "metadata"),
            (Kind::Word(&["mono", "stereo", "mixed"]), "mixType"),
            (
                FLAG,
                "passDtmf playBeep disableBidirectionalAudio earlyMedia",
            ),
            (Kind::Shape("bidirectionalAudio"), "bidirectionalAudio"),
            (Kind::Shape("transcribe"), "transcribe"),
        ],
    },
    Shape {
        name: "transcribe",
        required: &[],
        properties: &[
            (TEXT, "id transcriptionHook translationHook"),
            (Kind::Shape("recognizer"), "recognizer"),
            (FLAG, "earlyMedia enable"),
            (NUMBER, "channel"),
        ],
    },
    Shape {
        name: "conference",
        required: &["name"],
        properties: &[
            (TEXT, "id name memberTag speakOnlyTo"),
            (
                FLAG,
                "beep startConferenceOnEnter endConferenceOnExit joinMuted \
                 distributeDtmf",
            ),
            (NUMBER, "endConferenceDuration maxParticipants"),
            (HOOK, "actionHook waitHook statusHook enterHook"),
            (LIST, "statusEvents"),
            (Kind::Shape("record"), "record"),
            (Kind::Shape("listen"), "listen stream"),
        ],
    },
    Shape {
        name: "enqueue",
        required: &["name"],
        properties: &[
            (TEXT, "id name"),
            (HOOK, "actionHook waitHook"),
            (NUMBER, "priority"),
        ],
    },
    Shape {
        name: "dequeue",
        required: &["name"],
        properties: &[
            (TEXT, "id name callSid"),
            (HOOK, "actionHook"),
            (NUMBER, "timeout"),
            (FLAG, "beep"),
        ],
    },
    Shape {
        name: "leave",
        required: &[],
        properties: &[(TEXT, "id")],
    },
    Shape {
        name: "message",
        required: &["to", "from"],
        properties: &[
            (TEXT, "id carrier account_sid message_sid to from text"),
            (Kind::Any(&[Type::String, Type::Array]), "media"),
            (HOOK, "actionHook"),
        ],
    },
    Shape {
        name: "tag",
        required: &["data"],
        properties: &[(TEXT, "id"), (OBJECT, "data")],
    },
    Shape {
        name: "transfer",
        required: &[],
        properties: &[
            (TEXT, "id callerId"),
            (Kind::Word(&["blind", "warm"]), "mode"),
            (Kind::Word(&["refer", "dial"]), "blindMethod"),
            (FLAG, "callerPresent"),
            (Kind::Shapes("target"), "target"),
            (HOOK, "onHoldHook actionHook eventHook"),
            (NUMBER, "timeout"),
            (OBJECT, "confirm disposition"),
            (Kind::Shape("amd"), "amd"),
            (Kind::Any(&[Type::Object, Type::String]), "brief"),
        ],
    },
    Shape {
        name: "dialogflow",
        required: &["project", "credentials", "lang"],
        properties: &[
            (
                TEXT,
                "id project agent environment region lang welcomeEvent noInputEvent \
                 thinkingMusic deployment sessionId",
            ),
            (Kind::Any(&[Type::Object, Type::String]), "credentials"),
            (Kind::Word(&["es", "cx", "ces"]), "model"),
            (HOOK, "actionHook eventHook toolHook"),
            (LIST, "events"),
            (OBJECT, "welcomeEventParams"),
            (NUMBER, "noInputTimeout"),
            (FLAG, "passDtmfAsTextInput bargein"),
            (Kind::Shape("synthesizer"), "tts"),
            (Kind::Shape("queryInput"), "queryInput"),
        ],
    },
    Shape {
        name: "llm",
        required: &["vendor", "llmOptions"],
        properties: &[
            (TEXT, "id vendor model"),
            (OBJECT, "auth connectOptions llmOptions handoff"),
            (Kind::Shapes("mcpServer"), "mcpServers"),
            (HOOK, "actionHook eventHook toolHook"),
            (LIST, "events"),
            (Kind::Any(&[Type::Object, Type::Boolean]), "hangup"),
            (NUMBER, "responseTimeoutMs"),
            (FLAG, "cancelOnResponseTimeout cancelOnBargeIn"),
        ],
    },
    Shape {
        name: "agent",
        required: &[],
        properties: &[
            (TEXT, "id"),
            (Kind::Shape("recognizer"), "stt"),
            (Kind::Shape("synthesizer"), "tts"),
            (
                Kind::Any(&[Type::Boolean, Type::String]),
                "autoLockLanguage",
            ),
            (OBJECT, "languageConfig bargeIn llm handoff hangup"),
            (
                Kind::Any(&[Type::Object, Type::String]),
                "turnDetection noiseIsolation",
            ),
            (NUMBER, "noResponseTimeout"),
            (HOOK, "actionHook eventHook toolHook"),
            (FLAG, "greeting earlyGeneration"),
            (LIST, "mcpServers"),
            (Kind::Any(&[Type::Boolean, Type::Object]), "toolFiller"),
        ],
    },
    Shape {
        name: "pipeline",
        required: &["llm"],
        properties: &[
            (TEXT, "id"),
            (Kind::Shape("recognizer"), "stt"),
            (Kind::Shape("synthesizer"), "tts"),
            (Kind::Shape("llm"), "llm"),
            (Kind::Any(&[Type::Object, Type::String]), "turnDetection"),
            (Kind::Shape("bargeInPipeline"), "bargeIn"),
            (HOOK, "actionHook eventHook toolHook"),
            (FLAG, "greeting earlyGeneration"),
            (
                Kind::ShapeOrText("noiseIsolationPipeline"),
                "noiseIsolation",
            ),
            (Kind::Shapes("mcpServer"), "mcpServers"),
            (NUMBER, "noResponseTimeout"),
        ],
    },
    Shape {
        name: "lex",
        required: &["botId", "botAlias", "region", "credentials"],
        properties: &[
            (TEXT, "id botId botAlias region locale welcomeMessage"),
            (OBJECT, "credentials metadata"),
            (Kind::Shape("lexIntent"), "intent"),
            (FLAG, "bargein passDtmf"),
            (HOOK, "actionHook eventHook"),
            (NUMBER, "noInputTimeout"),
            (Kind::Shape("synthesizer"), "tts"),
        ],
    },
    Shape {
        name: "rasa",
        required: &["url"],
        properties: &[
            (TEXT, "id url prompt"),
            (Kind::Shape("recognizer"), "recognizer"),
            (Kind::Shape("synthesizer"), "tts"),
            (HOOK, "actionHook eventHook"),
        ],
    },
    Shape {
        name: "rest:dial",
        required: &["call_hook", "from", "to"],
        properties: &[
            (
                TEXT,
                "id account_sid application_sid from callerName fromHost \
                 speech_synthesis_vendor speech_synthesis_voice \
                 speech_synthesis_language speech_recognizer_vendor \
                 speech_recognizer_language sipRequestWithinDialogHook",
            ),
            (HOOK, "call_hook call_status_hook referHook"),
            (OBJECT, "tag headers"),
            (Kind::Shape("target"), "to"),
            (NUMBER, "timeout timeLimit"),
            (Kind::Shape("amd"), "amd"),
            (FLAG, "dual_streams"),
        ],
    },
];
