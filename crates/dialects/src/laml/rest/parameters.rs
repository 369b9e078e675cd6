//! Every parameter that the two vendors publish, and what becomes of it.

use crate::Dialect;
use crate::laml::vendor::Vendor;
use crate::rest::{Operation, Parameter, runs, without_effect};

const OF_APPLICATION: &str = "not looked at where `ApplicationSid` is given";
const METHOD: &str = "`GET` or `POST`, which is the default";
const A_DAY: &str = "a day or a second, in UTC; midnight stands for its day";

/// What both take for a new call.
macro_rules! create {
    ($($own:expr,)*) => {
        &[
            runs("To", "a number, or a SIP URI whose headers go into the INVITE"),
            runs("From", "a number; a name or a SIP URI where a SIP URI is called"),
            runs("CallerId", "goes before `From`"),
            runs("Url", "absolute; not looked at where `ApplicationSid` is given"),
            runs("ApplicationSid", "identifier or name of an application of the configuration"),
            runs("Method", METHOD),
            runs("FallbackUrl", OF_APPLICATION),
            runs("FallbackMethod", METHOD),
            runs("StatusCallback", OF_APPLICATION),
            runs("StatusCallbackMethod", METHOD),
            runs("StatusCallbackEvent", "repeated, or several between blanks; `completed`"),
            runs("SendDigits", "up to 32 of `0-9 # * w W`"),
            runs("Timeout", "60; 1 to 600 seconds"),
            runs("TimeLimit", "seconds, up to a day"),
            runs("Record", "`true` or `false`; the final status callback has `RecordingUrl`, `RecordingSid` and `RecordingDuration`"),
            runs("RecordingChannels", "`mono` or `dual`"),
            runs("RecordingTrack", "`both`, `inbound` or `outbound`"),
            runs("RecordingStatusCallback", "absolute"),
            runs("RecordingStatusCallbackMethod", METHOD),
            runs("RecordingStatusCallbackEvent", "`completed`; `in-progress`, `absent`, `failed`"),
            runs("Trim", "`trim-silence`; `do-not-trim`"),
            runs("SipAuthUsername", "for digest challenges, in place of the trunk's"),
            runs("SipAuthPassword", "goes with it"),
            runs("MachineDetection", "`Enable` or `DetectMessageEnd`; not with `SendDigits`"),
            runs("MachineDetectionTimeout", "30; 3 to 59 seconds"),
            runs("MachineDetectionSpeechThreshold", "2400; 1000 to 6000 ms"),
            runs("MachineDetectionSpeechEndThreshold", "1200; 500 to 5000 ms"),
            runs("MachineDetectionSilenceTimeout", "5000; 2000 to 10000 ms"),
            runs("AsyncAmd", "without `AsyncAmdStatusCallback` the result is in the call's `answered_by`"),
            runs("AsyncAmdStatusCallback", "absolute"),
            runs("AsyncAmdStatusCallbackMethod", METHOD),
            $($own,)*
        ]
    };
}

const TWILIO_CREATE: &[Parameter] = create![
    runs(
        "Twiml",
        "up to 4000 characters, checked at once; not looked at where `Url` is given"
    ),
    without_effect("CallReason", "branded calls are Twilio's"),
    without_effect(
        "CallToken",
        "any caller can be shown that the trunk lets through"
    ),
    without_effect("Byoc", "trunks are chosen by the configuration"),
    without_effect("ClientNotificationUrl", "there are no clients to notify"),
    without_effect("RecordingConfigurationId", "recordings stay on this server"),
    without_effect("Passports", "calls are not signed (SHAKEN)"),
];

const SIGNALWIRE_CREATE: &[Parameter] = create![
    runs(
        "Laml",
        "up to 4000 characters, checked at once; not looked at where `Url` is given"
    ),
    runs("Twiml", "the same under its other name"),
    without_effect(
        "MachineWordsThreshold",
        "speech is not recognised to tell machines"
    ),
    without_effect("AsyncAmdPartialResults", "there is one result"),
    without_effect("MaxPricePerMinute", "calls have no price here"),
];

/// What both take for a change.
macro_rules! update {
    ($($own:expr,)*) => {
        &[
            runs("Url", "absolute; the running verb is interrupted"),
            runs("Method", METHOD),
            runs("Twiml", "up to 4000 characters, checked at once; excludes `Url`"),
            runs("Status", "`canceled` before the answer, `completed` at any time"),
            runs("FallbackUrl", "absolute"),
            runs("FallbackMethod", METHOD),
            runs("StatusCallback", "absolute"),
            runs("StatusCallbackMethod", METHOD),
            runs("TimeLimit", "seconds from the answer, up to a day"),
            $($own,)*
        ]
    };
}

const TWILIO_UPDATE: &[Parameter] = update![];

const SIGNALWIRE_UPDATE: &[Parameter] = update![runs("Laml", "the same as `Twiml`"),];

const LIST: &[Parameter] = &[
    runs("To", "as applications are told it"),
    runs("From", "as applications are told it"),
    runs("ParentCallSid", ""),
    runs("Status", "a word of the Call resource"),
    runs("StartTime", A_DAY),
    runs("StartTime<", "then or earlier"),
    runs("StartTime>", "then or later"),
    runs("EndTime", "as `StartTime`"),
    runs("EndTime<", "then or earlier"),
    runs("EndTime>", "then or later"),
    runs("PageSize", "50; more than 1000 is taken as 1000"),
    runs("Page", "from 0"),
    runs("PageToken", "as the URI of the page has it"),
];

const RECORDINGS: &[Parameter] = &[
    runs("DateCreated", A_DAY),
    runs("DateCreated<", "then or earlier"),
    runs("DateCreated>", "then or later"),
    runs("CallSid", ""),
    runs(
        "ConferenceSid",
        "fits none; there are no conferences in this release",
    ),
    runs("PageSize", "50; more than 1000 is taken as 1000"),
    runs("Page", "from 0"),
    runs("PageToken", "as the URI of the page has it"),
    without_effect("IncludeSoftDeleted", "what is deleted is gone"),
];

const RECORD: &[Parameter] = &[
    runs("RecordingChannels", "`mono` or `dual`"),
    runs("RecordingTrack", "`both`, `inbound` or `outbound`"),
    runs("RecordingStatusCallback", "absolute"),
    runs("RecordingStatusCallbackMethod", METHOD),
    runs(
        "RecordingStatusCallbackEvent",
        "`completed`; `in-progress`, `absent`, `failed`",
    ),
    runs("Trim", "`do-not-trim`; `trim-silence`"),
    without_effect("RecordingConfigurationId", "recordings stay on this server"),
];

const CHANGE_RECORDING: &[Parameter] = &[
    runs("Status", "`paused`, `in-progress` or `stopped`"),
    runs(
        "PauseBehavior",
        "`silence`, also when absent: written in place of what is said; `skip` leaves it out",
    ),
];

/// See [`Dialect::parameters`].
pub(crate) fn parameters(vendor: &Vendor, operation: Operation) -> &'static [Parameter] {
    match (operation, vendor.dialect) {
        (Operation::Create, Dialect::Cxml) => SIGNALWIRE_CREATE,
        (Operation::Create, _) => TWILIO_CREATE,
        (Operation::Update, Dialect::Cxml) => SIGNALWIRE_UPDATE,
        (Operation::Update, _) => TWILIO_UPDATE,
        (Operation::List, _) => LIST,
        (Operation::ListRecordings, _) => RECORDINGS,
        (Operation::Record, _) => RECORD,
        (Operation::ChangeRecording, _) => CHANGE_RECORDING,
    }
}
