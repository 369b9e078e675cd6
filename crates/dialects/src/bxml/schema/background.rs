//! The verbs that begin and end what runs beside the others: recordings, streams, transcriptions.

use super::verbs::{CREDENTIALS, FILE, RECORDING_AVAILABLE, TAG, TRANSCRIPTION_AVAILABLE, maybe};
use super::{Attribute, Content, Element, Kind, State, optional, required};

const TRACKS: Attribute = optional(
    "tracks",
    Kind::Word(&["inbound", "outbound", "both"]),
    "inbound",
);

pub(super) static START_RECORDING: Element = Element {
    name: "StartRecording",
    attributes: &[
        RECORDING_AVAILABLE,
        TRANSCRIPTION_AVAILABLE,
        CREDENTIALS,
        TAG,
        FILE,
        &[optional("multiChannel", Kind::Flag, "false")],
    ],
    content: Content::Nothing,
    state: State::Runs("both directions, in one or two channels"),
};

pub(super) static PAUSE_RECORDING: Element = Element {
    name: "PauseRecording",
    attributes: &[],
    content: Content::Nothing,
    state: State::Runs("until `ResumeRecording`"),
};

pub(super) static RESUME_RECORDING: Element = Element {
    name: "ResumeRecording",
    attributes: &[],
    content: Content::Nothing,
    state: State::Runs("ends `PauseRecording`"),
};

pub(super) static STOP_RECORDING: Element = Element {
    name: "StopRecording",
    attributes: &[],
    content: Content::Nothing,
    state: State::Runs("ends `StartRecording`"),
};

pub(super) static START_STREAM: Element = Element {
    name: "StartStream",
    attributes: &[
        &[
            required("destination", Kind::SocketUrl),
            maybe("name", Kind::Text(256)),
            optional(
                "mode",
                Kind::Word(&["unidirectional", "bidirectional"]),
                "unidirectional",
            ),
            TRACKS,
            maybe("streamEventUrl", Kind::Url),
            optional("streamEventMethod", Kind::Method, "POST"),
            // The handshake's own credentials, newer than the page on the verb.
            maybe("destinationUsername", Kind::Text(1024)),
            maybe("destinationPassword", Kind::Text(1024)),
        ],
        CREDENTIALS,
    ],
    content: Content::Children {
        of: &[&STREAM_PARAM],
        at_least: 0,
        at_most: 12,
    },
    state: State::Runs("to a WebSocket, one way or both ways"),
};

static STREAM_PARAM: Element = Element {
    name: "StreamParam",
    attributes: PARAMETER,
    content: Content::Nothing,
    state: State::Inside,
};

const PARAMETER: &[&[Attribute]] = &[&[
    required("name", Kind::Text(256)),
    required("value", Kind::Text(2048)),
]];

pub(super) static STOP_STREAM: Element = Element {
    name: "StopStream",
    attributes: &[&[required("name", Kind::Text(256)), maybe("wait", Kind::Flag)]],
    content: Content::Nothing,
    state: State::Runs("by name"),
};

pub(super) static START_TRANSCRIPTION: Element = Element {
    name: "StartTranscription",
    attributes: &[
        &[
            maybe("name", Kind::Text(256)),
            TRACKS,
            maybe("transcriptionEventUrl", Kind::Url),
            optional("transcriptionEventMethod", Kind::Method, "POST"),
            maybe("destination", Kind::SocketUrl),
            optional("stabilized", Kind::Flag, "true"),
            optional("detectLanguage", Kind::Flag, "false"),
            maybe("preferredLanguages", Kind::Text(256)),
        ],
        CREDENTIALS,
    ],
    content: Content::Children {
        of: &[&CUSTOM_PARAM],
        at_least: 0,
        at_most: 12,
    },
    state: State::Runs("needs a speech recognizer; events and messages to `destination`"),
};

static CUSTOM_PARAM: Element = Element {
    name: "CustomParam",
    attributes: PARAMETER,
    content: Content::Nothing,
    state: State::Inside,
};

pub(super) static STOP_TRANSCRIPTION: Element = Element {
    name: "StopTranscription",
    attributes: &[&[maybe("name", Kind::Text(256))]],
    content: Content::Nothing,
    state: State::Runs("by name, or all"),
};
