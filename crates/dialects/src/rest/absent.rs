//! Resources that the vendors publish beside those that are served, and what to do instead.

use crate::Dialect;

/// A resource that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Its name in paths.
    pub name: &'static str,
    /// Why not, or what to do instead.
    pub instead: &'static str,
}

const fn absent(name: &'static str, instead: &'static str) -> Absent {
    Absent { name, instead }
}

const CONFERENCES: &str = "there are no conferences in this release";
const QUEUES: &str = "there are no queues in this release";
const APPLICATIONS: &str = "applications are kept in the configuration, as `[[applications]]`";
const MESSAGES: &str = "this server has calls alone";
const TRACE: &str =
    "the operator finds every request of a call at `/hookflash/v1/calls/{sid}/trace`";

/// What both of Twilio and SignalWire have.
macro_rules! laml {
    ($($own:expr,)*) => {
        &[
            absent("Applications", APPLICATIONS),
            absent("Conferences", CONFERENCES),
            absent("IncomingPhoneNumbers", "numbers are routed by the configuration, as `[[routes]]`"),
            absent("Messages", MESSAGES),
            absent("Queues", QUEUES),
            absent("Streams", "streams are begun and ended by documents: `Start`, `Connect` and `Stop` with `Stream`"),
            $($own,)*
        ]
    };
}

const TWILIO: &[Absent] = laml![
    absent("Events", TRACE),
    absent("Notifications", TRACE),
    absent("Payments", "a payment connector is needed"),
    absent("Siprec", "SIPREC is not spoken"),
    absent(
        "Transcriptions",
        "transcriptions are begun by documents, with `Start` or `Record`; their text is told and not kept"
    ),
    absent("UserDefinedMessages", "there are no clients to send any"),
    absent(
        "UserDefinedMessageSubscriptions",
        "there are no clients to send any"
    ),
];

const SIGNALWIRE: &[Absent] = laml![absent(
    "Transcriptions",
    "the text of a recording is told to `transcribeCallback` and not kept"
),];

const BANDWIDTH: &[Absent] = &[
    absent("conferences", CONFERENCES),
    absent(
        "statistics",
        "there is no queue: calls are placed at once; `/metrics` counts them",
    ),
    absent(
        "transcription",
        "recordings are transcribed by the attribute `transcribe`; their text is told and not kept",
    ),
    absent(
        "transcriptions",
        "`StartTranscription` tells its text to `destination`; none is kept",
    ),
];

const JAMBONZ: &[Absent] = &[
    absent("Alerts", "what went wrong stands in the log"),
    absent("Applications", APPLICATIONS),
    absent("Conferences", CONFERENCES),
    absent("Messages", MESSAGES),
    absent("Queues", QUEUES),
    absent("RecentCalls", "`Calls` lists calls that are over too"),
];

impl Dialect {
    /// What the vendor publishes and this server does not have.
    pub fn absent(self) -> &'static [Absent] {
        match self {
            Dialect::Twiml => TWILIO,
            Dialect::Cxml => SIGNALWIRE,
            Dialect::Bxml => BANDWIDTH,
            Dialect::Jambonz => JAMBONZ,
        }
    }

    /// A sentence on a path that is not there: the last resource that it names counts.
    pub fn nowhere(self, path: &str) -> String {
        let mut parts = path.rsplit('/');
        let named = parts.find_map(|part| {
            let name = part.strip_suffix(".json").unwrap_or(part);
            let mut absent = self.absent().iter();
            absent.find(|absent| absent.name == name)
        });
        match named {
            Some(Absent { name, instead }) => {
                format!("there is no resource {name} here: {instead}")
            }
            None => "there is no such resource here".to_owned(),
        }
    }
}
