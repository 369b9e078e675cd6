//! Every property that jambonz publishes, and what becomes of it.

use crate::rest::{Operation, Parameter, refused, runs, without_effect};

const BRIDGE: &str = "there is no second leg in this release";
const AGENT: &str = "no verb of this release talks to a language model";
const CONFERENCE: &str = "there are no conferences in this release";

const CREATE: &[Parameter] = &[
    runs("from", "required; a number, a user or a SIP URI"),
    runs(
        "to",
        "required; an object of the type `phone`, `sip` or `user`; `teams` and `confirmHook` are refused",
    ),
    runs(
        "application_sid",
        "identifier or name of an application of the configuration; goes before `call_hook`",
    ),
    runs("call_hook", "absolute; required without `application_sid`"),
    runs(
        "call_status_hook",
        "absolute; that of the application goes before it; audio before the answer (183) is `early-media`",
    ),
    runs("tag", "an object: `customerData` of every request"),
    runs("timeout", "60; 1 to 600 seconds"),
    runs("timeLimit", "seconds, up to a day"),
    runs("headers", "fields of the INVITE"),
    runs("fromHost", "host of From"),
    runs("callerName", "display name of From"),
    runs("trunk", "name of a trunk of the configuration"),
    runs(
        "amd",
        "beside the verbs; verbs in the reply to its hook take the place of those that run; \
         `thresholdWordCount`, `digitCount` and `recognizer` have no effect",
    ),
    runs("speech_synthesis_vendor", "may be left out"),
    runs("speech_synthesis_language", "may be left out"),
    runs("speech_synthesis_voice", "may be left out"),
    runs("speech_recognizer_vendor", "may be left out"),
    runs("speech_recognizer_language", "may be left out"),
    without_effect("answerOnBridge", "concerns a verb that dials"),
    without_effect("dual_streams", "both directions are always at hand"),
    without_effect(
        "notifyUrl",
        "Cognigy's own; events go to `events_url` of the application",
    ),
    refused("referHook", "set it with `config` in the first verbs"),
    refused(
        "sipRequestWithinDialogHook",
        "the server answers the requests of the other party",
    ),
];

const UPDATE: &[Parameter] = &[
    runs(
        "call_hook",
        "a URL, an object, or an array of verbs; the running verb is interrupted. A URL is absolute or begins with `/`, where the application is not on a WebSocket",
    ),
    runs(
        "call_status",
        "`completed` after the answer, `no-answer` before",
    ),
    runs("listen_status", "`pause`, `silence`, `resume` or `stop`"),
    runs("stream_status", "the same under its other name"),
    runs(
        "transcribe_status",
        "`pause`, `silence`, `resume` or `stop`",
    ),
    runs("mute_status", "`mute` or `unmute`"),
    runs(
        "sip_request",
        "INFO, MESSAGE, NOTIFY or OPTIONS; replied with the peer's status",
    ),
    runs(
        "record",
        "`action` and `recordingID`; `siprecServerURL` is refused",
    ),
    runs("tag", "an object"),
    runs("dtmf", "`digit`, up to 32 keys, and `duration`"),
    runs("dub", "as the verb"),
    runs(
        "transfer",
        "blind, by REFER, to one target; other modes are refused",
    ),
    runs("whisper", "`say` and `play`; alone or after another action"),
    refused("child_call_hook", BRIDGE),
    refused("conf_mute_status", CONFERENCE),
    refused("conf_hold_status", CONFERENCE),
    refused("conferenceParticipantAction", CONFERENCE),
    refused("conferenceParticipantState", CONFERENCE),
    refused("room_say", CONFERENCE),
    refused("room_play", CONFERENCE),
    refused("noise_isolation_status", "noise is not taken out"),
    refused("agent_update", AGENT),
    refused("llm_status", AGENT),
    refused(
        "boostAudioSignal",
        "the level of the call cannot be changed",
    ),
    refused("media_path", "audio always goes through this server"),
];

const LIST: &[Parameter] = &[
    runs("direction", "`inbound` or `outbound`"),
    runs("from", "as applications are told it"),
    runs("to", "as applications are told it"),
    runs("callStatus", ""),
];

/// See [`crate::Dialect::parameters`].
pub(crate) fn parameters(operation: Operation) -> &'static [Parameter] {
    match operation {
        Operation::Create => CREATE,
        Operation::Update => UPDATE,
        Operation::List => LIST,
        // `record` of a change begins and changes them; their list takes no parameters.
        Operation::ListRecordings | Operation::Record | Operation::ChangeRecording => &[],
    }
}
