//! Every field and query parameter that Bandwidth publishes, and what becomes of it.

use crate::rest::{Operation, Parameter, runs, without_effect};

const METHOD: &str = "`GET` or `POST`, which is the default";
const ABSOLUTE: &str = "absolute, up to 2048 characters";
const CREDENTIAL: &str = "up to 1024 characters; plain http is taken too";

const CREATE: &[Parameter] = &[
    runs(
        "to",
        "required; a number, or a SIP URI whose headers go into the INVITE",
    ),
    runs(
        "from",
        "required; a number, and for networks without numbers a user or SIP URI",
    ),
    runs(
        "applicationId",
        "required; identifier or name of an application of the configuration",
    ),
    runs("answerUrl", "required; absolute, up to 2048 characters"),
    runs("answerMethod", METHOD),
    runs("username", CREDENTIAL),
    runs("password", CREDENTIAL),
    runs("answerFallbackUrl", ABSOLUTE),
    runs("answerFallbackMethod", METHOD),
    runs("fallbackUsername", CREDENTIAL),
    runs("fallbackPassword", CREDENTIAL),
    runs("disconnectUrl", ABSOLUTE),
    runs("disconnectMethod", METHOD),
    runs("callTimeout", "30; 1 to 300 seconds, decimals too"),
    runs("callbackTimeout", "15; 1 to 25 seconds, decimals too"),
    runs("privacy", "the number is not shown (RFC 3323)"),
    runs(
        "displayName",
        "up to 256 characters; a word for a withheld name with `privacy`",
    ),
    runs(
        "uui",
        "up to 350 characters; each value is a `User-to-User` header",
    ),
    runs(
        "machineDetection",
        "its `machineSpeechEndThreshold` is accepted without effect",
    ),
    runs("tag", "up to 4096 characters"),
    without_effect("priority", "1 to 5; calls are placed at once"),
];

const UPDATE: &[Parameter] = &[
    runs("state", "`active`, which is the default, or `completed`"),
    runs(
        "redirectUrl",
        "required when `active`, forbidden when `completed`",
    ),
    runs("redirectMethod", METHOD),
    runs("redirectFallbackUrl", ABSOLUTE),
    runs("redirectFallbackMethod", METHOD),
    runs("username", CREDENTIAL),
    runs("password", CREDENTIAL),
    runs("fallbackUsername", CREDENTIAL),
    runs("fallbackPassword", CREDENTIAL),
    runs("tag", "up to 4096 characters; an empty one clears"),
];

const LIST: &[Parameter] = &[
    runs("to", "as applications are told it"),
    runs("from", "as applications are told it"),
    runs("minStartTime", "ISO 8601, in UTC without a zone"),
    runs("maxStartTime", "ISO 8601, in UTC without a zone"),
    runs("disconnectCause", ""),
    runs("pageSize", "1000; 1 to 10000"),
    runs("pageToken", "as the `Link` header has it"),
];

const RECORDINGS: &[Parameter] = &[
    runs("to", "as applications are told it"),
    runs("from", "as applications are told it"),
    runs("minStartTime", "ISO 8601, in UTC without a zone"),
    runs("maxStartTime", "ISO 8601, in UTC without a zone"),
];

const CHANGE_RECORDING: &[Parameter] = &[runs("state", "`paused` or `recording`")];

/// See [`crate::Dialect::parameters`].
pub(crate) fn parameters(operation: Operation) -> &'static [Parameter] {
    match operation {
        Operation::Create => CREATE,
        Operation::Update => UPDATE,
        Operation::List => LIST,
        Operation::ListRecordings => RECORDINGS,
        // Recordings begin with the verb `StartRecording`.
        Operation::Record => &[],
        Operation::ChangeRecording => CHANGE_RECORDING,
    }
}
