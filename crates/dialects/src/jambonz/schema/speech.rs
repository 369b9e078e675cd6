//! Speech settings, with the options of each vendor.

use super::{FLAG, Kind, LIST, NUMBER, OBJECT, Shape, TEXT, Type};

/// Synthesizer, recognizer and what their vendors add.
pub(super) const SPEECH: &[Shape] = &[
    Shape {
        name: "synthesizer",
        required: &["vendor"],
        properties: &[
            (
                TEXT,
                "vendor label language fallbackVendor fallbackLabel fallbackLanguage",
            ),
            (
                Kind::Any(&[Type::Object, Type::String]),
                "voice fallbackVoice",
            ),
            (
                Kind::Word(&["standard", "neural", "generative", "long-form"]),
                "engine",
            ),
            (Kind::Word(&["MALE", "FEMALE", "NEUTRAL"]), "gender"),
            (OBJECT, "options"),
        ],
    },
    Shape {
        name: "recognizer",
        required: &["vendor"],
        properties: &[
            (
                TEXT,
                "vendor label language fallbackVendor fallbackLabel fallbackLanguage \
                 vocabularyName vocabularyFilterName model azureServiceEndpoint \
                 azureSttEndpointId asrDtmfTerminationDigit",
            ),
            (Kind::Shape("vad"), "vad"),
            (
                FLAG,
                "autogeneratePrompt profanityFilter interim singleUtterance dualChannel \
                 separateRecognitionPerChannel punctuation enhancedModel words \
                 diarization identifyChannels requestSnr",
            ),
            (LIST, "hints altLanguages"),
            (
                NUMBER,
                "hintsBoost diarizationMinSpeakers diarizationMaxSpeakers naicsCode \
                 initialSpeechTimeoutMs asrTimeout fastRecognitionTimeout minConfidence",
            ),
            (
                Kind::Word(&[
                    "unspecified",
                    "discussion",
                    "presentation",
                    "phone_call",
                    "voicemail",
                    "voice_search",
                    "voice_command",
                    "dictation",
                ]),
                "interactionType",
            ),
            (Kind::Word(&["remove", "mask", "tag"]), "filterMethod"),
            (Kind::Word(&["simple", "detailed"]), "outputFormat"),
            (Kind::Word(&["masked", "removed", "raw"]), "profanityOption"),
            (Kind::Shape("nuanceOptions"), "nuanceOptions"),
            (Kind::Shape("deepgramOptions"), "deepgramOptions"),
            (Kind::Shape("ibmOptions"), "ibmOptions"),
            (Kind::Shape("nvidiaOptions"), "nvidiaOptions"),
            (Kind::Shape("sonioxOptions"), "sonioxOptions"),
            (Kind::Shape("cobaltOptions"), "cobaltOptions"),
            (Kind::Shape("awsOptions"), "awsOptions"),
            (Kind::Shape("azureOptions"), "azureOptions"),
            (Kind::Shape("assemblyAiOptions"), "assemblyAiOptions"),
            (Kind::Shape("googleOptions"), "googleOptions"),
            (Kind::Shape("customOptions"), "customOptions"),
            (Kind::Shape("verbioOptions"), "verbioOptions"),
            (Kind::Shape("speechmaticsOptions"), "speechmaticsOptions"),
            (Kind::Shape("openaiOptions"), "openaiOptions"),
            (Kind::Shape("houndifyOptions"), "houndifyOptions"),
            (OBJECT, "gladiaOptions"),
            (Kind::Shape("elevenlabsOptions"), "elevenlabsOptions"),
            (Kind::Shape("xaiOptions"), "xaiOptions"),
            (Kind::Shape("modulateOptions"), "modulateOptions"),
        ],
    },
    Shape {
        name: "vad",
        required: &[],
        properties: &[
            (FLAG, "enable"),
            (NUMBER, "voiceMs silenceMs mode threshold speechPadMs"),
            (TEXT, "strategy"),
            (Kind::Word(&["webrtc", "silero"]), "vendor"),
        ],
    },
    Shape {
        name: "formatting",
        required: &["scheme", "options"],
        properties: &[(TEXT, "scheme"), (OBJECT, "options")],
    },
    Shape {
        name: "customOptions",
        required: &[],
        properties: &[
            (TEXT, "authToken uri"),
            (NUMBER, "sampleRate"),
            (OBJECT, "options"),
        ],
    },
    Shape {
        name: "awsOptions",
        required: &[],
        properties: &[
            (
                TEXT,
                "accessKey secretKey securityToken region vocabularyName \
                 vocabularyFilterName languageModelName",
            ),
            (
                Kind::Word(&["remove", "mask", "tag"]),
                "vocabularyFilterMethod",
            ),
            (LIST, "piiEntityTypes"),
            (FLAG, "piiIdentifyEntities"),
        ],
    },
    Shape {
        name: "azureOptions",
        required: &[],
        properties: &[
            (NUMBER, "speechSegmentationSilenceTimeoutMs"),
            (TEXT, "postProcessing"),
            (FLAG, "audioLogging"),
            (Kind::Word(&["AtStart", "Continuous"]), "languageIdMode"),
            (
                Kind::Word(&["CONVERSATION", "DICTATION", "INTERACTIVE"]),
                "speechRecognitionMode",
            ),
        ],
    },
    Shape {
        name: "googleOptions",
        required: &[],
        properties: &[
            (Kind::Word(&["v1", "v2"]), "serviceVersion"),
            (TEXT, "recognizerId parentPath"),
            (NUMBER, "speechStartTimeoutMs speechEndTimeoutMs"),
            (FLAG, "enableVoiceActivityEvents"),
            (LIST, "transcriptNormalization customVocabulary"),
            (Kind::Word(&["VERBATIM", "SMART"]), "mode"),
        ],
    },
    Shape {
        name: "houndifyOptions",
        required: &[],
        properties: &[
            (OBJECT, "requestInfo"),
            (
                NUMBER,
                "sampleRate latitude longitude maxSilenceSeconds \
                 maxSilenceAfterFullQuerySeconds maxSilenceAfterPartialQuerySeconds \
                 vadSensitivity vadTimeout vadVoiceMs vadSilenceMs confidenceThreshold \
                 maxResults maxAlternatives partialTranscriptInterval sessionTimeout \
                 connectionTimeout audioQueryAbsoluteTimeout eoqThreshold \
                 vadStopThreshold",
            ),
            (
                TEXT,
                "city state country timeZone domain audioEndpoint vadMode audioFormat \
                 languageModel",
            ),
            (
                FLAG,
                "vadDebug enableNoiseReduction enableProfanityFilter enablePunctuation \
                 enableCapitalization enableDisfluencyFilter enableWordTimestamps",
            ),
            (LIST, "customVocabulary"),
        ],
    },
    Shape {
        name: "elevenlabsOptions",
        required: &[],
        properties: &[
            (FLAG, "includeTimestamps enableLogging"),
            (Kind::Word(&["manual", "vad"]), "commitStrategy"),
            (
                NUMBER,
                "vadSilenceThresholdSecs vadThreshold minSpeechDurationMs \
                 minSilenceDurationMs",
            ),
        ],
    },
    Shape {
        name: "cobaltOptions",
        required: &[],
        properties: &[
            (TEXT, "serverUri metadata compiledContextData contextToken"),
            (FLAG, "enableConfusionNetwork wordTimeOffsets"),
        ],
    },
    Shape {
        name: "nvidiaOptions",
        required: &[],
        properties: &[
            (TEXT, "rivaUri"),
            (NUMBER, "maxAlternatives"),
            (
                FLAG,
                "profanityFilter punctuation wordTimeOffsets verbatimTranscripts",
            ),
            (OBJECT, "customConfiguration"),
        ],
    },
    Shape {
        name: "ibmOptions",
        required: &[],
        properties: &[
            (
                TEXT,
                "sttApiKey sttRegion ttsApiKey ttsRegion instanceId model \
                 languageCustomizationId acousticCustomizationId baseModelVersion \
                 watsonMetadata",
            ),
            (FLAG, "watsonLearningOptOut"),
        ],
    },
    Shape {
        name: "deepgramOptions",
        required: &[],
        properties: &[
            (
                TEXT,
                "deepgramSttUri apiKey tier model customModel version diarizeVersion \
                 tag entityPrompt",
            ),
            (
                FLAG,
                "deepgramSttUseTls punctuate smartFormatting noDelay profanityFilter \
                 diarize ner multichannel numerals shortUtterance fillerWords mipOptOut",
            ),
            (Kind::Word(&["pci", "numbers", "true", "ssn"]), "redact"),
            (
                NUMBER,
                "alternatives utteranceEndMs vadTurnoff eotThreshold eotTimeoutMs \
                 eagerEotThreshold",
            ),
            (LIST, "search replace keywords keyterms languageHints"),
            (Kind::Any(&[Type::Boolean, Type::Number]), "endpointing"),
        ],
    },
    Shape {
        name: "sonioxOptions",
        required: &[],
        properties: &[
            (TEXT, "apiKey model speechContext clientRequestReference"),
            (
                FLAG,
                "endpointDetection profanityFilter enableLanguageIdentification \
                 enableSpeakerDiarization",
            ),
            (Kind::Shape("sonioxStorage"), "storage"),
            (LIST, "languageHints"),
            (
                NUMBER,
                "endpointSensitivity maxEndpointDelayMs maxNonFinalTokensDurationMs",
            ),
            (OBJECT, "context"),
        ],
    },
    Shape {
        name: "verbioOptions",
        required: &[],
        properties: &[
            (FLAG, "enable_formatting enable_diarization"),
            (
                NUMBER,
                "topic recognition_timeout speech_complete_timeout \
                 speech_incomplete_timeout",
            ),
            (TEXT, "inline_grammar grammar_uri label"),
        ],
    },
    Shape {
        name: "openaiOptions",
        required: &[],
        properties: &[
            (TEXT, "apiKey model prompt language"),
            (Kind::Shape("promptTemplates"), "promptTemplates"),
            (
                Kind::Word(&["near_field", "far_field"]),
                "input_audio_noise_reduction",
            ),
            (Kind::Shape("turnDetection"), "turn_detection"),
            (LIST, "languages keywords"),
            (
                Kind::Word(&["minimal", "low", "medium", "high", "xhigh"]),
                "delay",
            ),
            (NUMBER, "vadMode vadSilenceMs vadVoiceMs"),
        ],
    },
    Shape {
        name: "speechmaticsOptions",
        required: &[],
        properties: &[
            (TEXT, "host"),
            (
                Kind::Word(&["adaptive", "agile", "smart", "external"]),
                "profile",
            ),
            (
                Kind::Shape("sm_transcriptionConfig"),
                "transcription_config",
            ),
            (Kind::Shape("sm_translationConfig"), "translation_config"),
            (
                Kind::Shape("sm_audioEventsConfig"),
                "audio_events_config_config",
            ),
            (OBJECT, "audio_events_config"),
        ],
    },
    Shape {
        name: "nuanceOptions",
        required: &[],
        properties: &[
            (
                TEXT,
                "clientId secret kryptonEndpoint topic speechDomain userId",
            ),
            (
                Kind::Word(&["single", "multiple", "disabled"]),
                "utteranceDetectionMode",
            ),
            (
                FLAG,
                "punctuation profanityFilter includeTokenization \
                 discardSpeakerAdaptation suppressCallRecording maskLoadFailures \
                 suppressInitialCapitalization allowZeroBaseLmWeight filterWakeupWord",
            ),
            (
                Kind::Word(&["final", "partial", "immutable_partial"]),
                "resultType",
            ),
            (
                NUMBER,
                "noInputTimeoutMs recognitionTimeoutMs utteranceEndSilenceMs \
                 maxHypotheses speechDetectionSensitivity",
            ),
            (Kind::Shape("formatting"), "formatting"),
            (OBJECT, "clientData"),
            (Kind::Shapes("resource"), "resources"),
        ],
    },
    Shape {
        name: "assemblyAiOptions",
        required: &[],
        properties: &[
            (TEXT, "apiKey speechModel prompt"),
            (Kind::Word(&["v2", "v3"]), "serviceVersion"),
            (FLAG, "formatTurns languageDetection"),
            (
                NUMBER,
                "endOfTurnConfidenceThreshold minEndOfTurnSilenceWhenConfident \
                 maxTurnSilence minTurnSilence vadThreshold inactivityTimeout",
            ),
            (LIST, "keyterms"),
        ],
    },
    Shape {
        name: "xaiOptions",
        required: &[],
        properties: &[
            (TEXT, "apiKey"),
            (NUMBER, "endpointing smartTurn smartTurnTimeout"),
            (FLAG, "diarize fillerWords"),
            (LIST, "keyterms"),
        ],
    },
    Shape {
        name: "modulateOptions",
        required: &[],
        properties: &[
            (TEXT, "apiKey modulateSttUri"),
            (
                FLAG,
                "endpointing emotionSignal accentSignal deepfakeSignal piiPhiTagging \
                 modulateSttUseTls",
            ),
        ],
    },
    Shape {
        name: "sm_transcriptionConfig",
        required: &[],
        properties: &[
            (
                TEXT,
                "language domain diarization output_locale operating_point",
            ),
            (LIST, "additional_vocab"),
            (
                Kind::Shape("sm_speakerDiarizationConfig"),
                "speaker_diarization_config",
            ),
            (Kind::Shape("sm_conversationConfig"), "conversation_config"),
            (FLAG, "enable_partials enable_entities"),
            (NUMBER, "max_delay"),
            (Kind::Word(&["fixed", "flexible"]), "max_delay_mode"),
            (
                Kind::Shape("sm_puctuationOverrides"),
                "punctuation_overrides",
            ),
            (
                Kind::Shape("sm_audioFilteringConfig"),
                "audio_filtering_config",
            ),
            (
                Kind::Shape("sm_transcriptFilteringConfig"),
                "transcript_filtering_config",
            ),
        ],
    },
    Shape {
        name: "sm_speakerDiarizationConfig",
        required: &[],
        properties: &[(NUMBER, "speaker_sensitivity max_speakers")],
    },
    Shape {
        name: "sm_conversationConfig",
        required: &[],
        properties: &[(NUMBER, "end_of_utterance_silence_trigger")],
    },
    Shape {
        name: "sm_puctuationOverrides",
        required: &[],
        properties: &[(LIST, "permitted_marks"), (NUMBER, "sensitivity")],
    },
    Shape {
        name: "sm_audioFilteringConfig",
        required: &["volume_threshold"],
        properties: &[(NUMBER, "volume_threshold")],
    },
    Shape {
        name: "sm_transcriptFilteringConfig",
        required: &["remove_disfluencies"],
        properties: &[(FLAG, "remove_disfluencies")],
    },
    Shape {
        name: "sm_translationConfig",
        required: &["target_languages"],
        properties: &[(LIST, "target_languages"), (FLAG, "enable_partials")],
    },
    Shape {
        name: "sm_audioEventsConfig",
        required: &[],
        properties: &[(LIST, "types")],
    },
    Shape {
        name: "promptTemplates",
        required: &[],
        properties: &[(TEXT, "hintsTemplate conversationHistoryTemplate")],
    },
    Shape {
        name: "turnDetection",
        required: &["type"],
        properties: &[
            (Kind::Word(&["none", "server_vad", "semantic_vad"]), "type"),
            (Kind::Word(&["low", "medium", "high", "auto"]), "eagerness"),
            (NUMBER, "threshold prefix_padding_ms silence_duration_ms"),
        ],
    },
    Shape {
        name: "sonioxStorage",
        required: &[],
        properties: &[
            (TEXT, "id title"),
            (
                FLAG,
                "disableStoreAudio disableStoreTranscript disableSearch",
            ),
            (OBJECT, "metadata"),
        ],
    },
    Shape {
        name: "resource",
        required: &[],
        properties: &[
            (Kind::Shape("resourceReference"), "externalReference"),
            (TEXT, "inlineWordset builtin inlineGrammar"),
            (LIST, "wakeupWord"),
            (
                Kind::Word(&[
                    "defaultWeight",
                    "lowest",
                    "low",
                    "medium",
                    "high",
                    "highest",
                ]),
                "weightName",
            ),
            (NUMBER, "weightValue"),
            (
                Kind::Word(&["undefined_reuse", "low_reuse", "high_reuse"]),
                "reuse",
            ),
        ],
    },
    Shape {
        name: "resourceReference",
        required: &[],
        properties: &[
            (
                Kind::Word(&[
                    "undefined_resource_type",
                    "wordset",
                    "compiled_wordset",
                    "domain_lm",
                    "speaker_profile",
                    "grammar",
                    "settings",
                ]),
                "type",
            ),
            (TEXT, "uri"),
            (FLAG, "maxLoadFailures"),
            (NUMBER, "requestTimeoutMs"),
            (OBJECT, "headers"),
        ],
    },
];
