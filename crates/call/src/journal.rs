//! What happened on a call, in order: one append-only list of typed events.
//!
//! The ladder, the trace, the console and the call's own object are projections of this list, so
//! an entry holds facts and no sentences; those are made when somebody reads ([`crate::view`],
//! [`crate::ladder`]). A held call keeps its list in memory, which is why entries are small and
//! what is rare sits behind a box.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hookflash_dialects::{CallEnd, FetchError};
use hookflash_media::{Direction, KeySource, Statistics};
use hookflash_program::{Diagnostic, HookMethod, Position};
use hookflash_sip::{Flow, WireEvent};
use hookflash_transfer::{End, Outcome};

/// One event.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Milliseconds since the call began; a call longer than 49 days stops counting.
    pub at: u32,
    /// What happened.
    pub what: What,
}

impl Entry {
    /// Time since the call began.
    pub fn since_start(&self) -> Duration {
        Duration::from_millis(u64::from(self.at))
    }
}

/// What an entry tells.
#[derive(Clone, Debug)]
pub enum What {
    /// A SIP message crossed the wire.
    Sip(SipMessage),
    /// A request left for the application. `number` counts the call's requests from 0.
    Asked {
        /// Counts the requests of the call.
        number: u16,
        /// What it is for, as the dialect names it.
        purpose: &'static str,
        /// How.
        method: HookMethod,
        /// Where to.
        url: Box<str>,
    },
    /// The application answered.
    Replied {
        /// Which request.
        number: u16,
        /// HTTP status.
        status: u16,
        /// Bytes of the reply's body, when it was looked at.
        bytes: Option<u32>,
    },
    /// A request came to nothing.
    Unanswered {
        /// Which request; `None` when not even its URL could be used.
        number: Option<u16>,
        /// The vendor's code or word and what went wrong.
        failure: Box<(String, FetchError)>,
    },
    /// A document that will run: how many verbs it has, and where it came from.
    Document {
        /// Verbs.
        steps: u16,
        /// Its URL, or a word for a document without one.
        source: Box<str>,
    },
    /// A remark on a document.
    Remark(Box<(String, Diagnostic)>),
    /// A verb begins.
    Verb {
        /// As the document spells it.
        name: Box<str>,
        /// Where it stands.
        position: Position,
    },
    /// The running verb is over.
    VerbDone(VerbEnd),
    /// Something about the running verb that a person should know.
    VerbNote(Box<str>),
    /// The call rings.
    Ringing,
    /// The call was answered.
    Answered,
    /// The call is over.
    Ended(Box<CallEnd>),
    /// Something else about the call.
    CallNote(Box<str>),
    /// Something about its audio.
    Media(Box<str>),
    /// What is agreed about its audio.
    Agreed(Box<Agreed>),
    /// What has passed through the call's audio, when it ends.
    Statistics(Box<Statistics>),
    /// The caller is made to hear something.
    Prompt {
        /// Its URL, or the beginning of its words.
        what: Box<str>,
        /// How long it sounds, in milliseconds.
        millis: u32,
    },
    /// The caller pressed a key.
    Key {
        /// Which one, if the journal may say so.
        key: Option<char>,
        /// How it came.
        source: KeySource,
    },
    /// A transfer began, or was refused before it could. `transfer` counts the call's from 0.
    TransferBegan {
        /// Which one.
        transfer: u16,
    },
    /// A NOTIFY brought a status.
    TransferProgress {
        /// Which one.
        transfer: u16,
        /// The status.
        status: u16,
    },
    /// A transfer has its result.
    TransferEnded {
        /// Which one.
        transfer: u16,
        /// How.
        end: End,
        /// With what.
        outcome: Outcome,
    },
    /// Something about a transfer.
    TransferNote(Box<str>),
}

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerbEnd {
    /// It ran to its end.
    Done,
    /// It was not run.
    Skipped,
    /// It could not be carried out.
    Failed,
    /// Something else ended it.
    Interrupted,
}

impl VerbEnd {
    /// The word of our own view.
    pub fn as_str(self) -> &'static str {
        match self {
            VerbEnd::Done => "done",
            VerbEnd::Skipped => "skipped",
            VerbEnd::Failed => "failed",
            VerbEnd::Interrupted => "interrupted",
        }
    }
}

/// How audio flows between us and the peer.
#[derive(Clone, Copy, Debug)]
pub struct Agreed {
    /// The codec, as SDP names it.
    pub codec: &'static str,
    /// Which way it flows, seen from us.
    pub direction: Direction,
    /// Our address.
    pub local: SocketAddr,
    /// Where our packets go; `None` while the peer takes none.
    pub remote: Option<SocketAddr>,
}

impl fmt::Display for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (codec, direction) = (self.codec, self.direction.attribute());
        write!(f, "{codec}, {direction}, {}", self.local)?;
        match self.remote {
            Some(remote) => write!(f, " to {remote}"),
            None => f.write_str(", the peer takes no packets"),
        }
    }
}

/// A message as the journal keeps it.
#[derive(Clone, Debug)]
pub struct SipMessage {
    /// We sent it.
    pub sent: bool,
    /// The place of its leg among those of the call.
    pub leg: u8,
    /// Status code; 0 for a request.
    pub status: u16,
    /// Number of its CSeq.
    pub cseq: u32,
    /// Method, for a response that of its request; empty when `rare` has it.
    method: &'static str,
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Debug, Default)]
struct Rare {
    method: Option<Box<str>>,
    reason: Option<Box<str>>,
    note: Option<Box<str>>,
    flow: Option<Flow>,
}

impl SipMessage {
    /// Keeps of a message what a reader needs. `leg` is the place of its leg, `usual` the way that
    /// its messages take; only another one is kept.
    pub fn new(wire: WireEvent, leg: u8, usual: Option<Flow>) -> SipMessage {
        let known = wire.method.known_str();
        let rare = Rare {
            method: known.is_none().then(|| wire.method.as_str().into()),
            reason: wire.reason,
            note: wire.note.map(String::into_boxed_str),
            flow: Some(wire.flow).filter(|flow| Some(*flow) != usual),
        };
        let is_rare = rare.method.is_some()
            || rare.reason.is_some()
            || rare.note.is_some()
            || rare.flow.is_some();
        SipMessage {
            sent: wire.sent,
            leg,
            status: wire.status,
            cseq: wire.cseq,
            method: known.unwrap_or_default(),
            rare: is_rare.then(|| Box::new(rare)),
        }
    }

    /// The method, for a response that of its request.
    pub fn method(&self) -> &str {
        let unusual = self.rare.as_ref().and_then(|rare| rare.method.as_deref());
        unusual.unwrap_or(self.method)
    }

    /// What is said of the message beyond its first line, such as the target of a REFER.
    pub fn note(&self) -> Option<&str> {
        self.rare.as_ref().and_then(|rare| rare.note.as_deref())
    }

    /// The way it took, when that is not the call's usual one.
    pub fn flow(&self) -> Option<Flow> {
        self.rare.as_ref().and_then(|rare| rare.flow)
    }

    /// `INVITE`, `200 OK`.
    pub fn summary(&self) -> String {
        if self.status == 0 {
            return self.method().to_owned();
        }
        let unusual = self.rare.as_ref().and_then(|rare| rare.reason.as_deref());
        let reason = unusual.unwrap_or_else(|| hookflash_sip::reason_phrase(self.status));
        format!("{} {reason}", self.status).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookflash_sip::{ConnectionId, Method, Transport};

    fn flow(port: u16) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: ([127, 0, 0, 1], 5060).into(),
            remote: ([127, 0, 0, 1], port).into(),
            connection: ConnectionId(0),
        }
    }

    fn wire(status: u16, cseq: u32, method: &str) -> WireEvent {
        WireEvent {
            sent: true,
            status,
            reason: None,
            method: Method::from(method),
            cseq,
            flow: flow(5070),
            note: None,
        }
    }

    #[test]
    fn an_ordinary_message_needs_no_allocation_and_reads_back_as_it_was() {
        let message = SipMessage::new(wire(200, 7, "REFER"), 0, Some(flow(5070)));
        assert!(message.rare.is_none());
        assert_eq!(message.summary(), "200 OK");
        assert_eq!((message.cseq, message.method()), (7, "REFER"));
        let request = SipMessage::new(wire(0, 8, "BYE"), 0, Some(flow(5070)));
        assert_eq!(request.summary(), "BYE");
    }

    #[test]
    fn what_is_unusual_about_a_message_is_kept() {
        let mut odd = wire(202, 3, "FOO");
        odd.reason = Some("Sure thing".into());
        odd.note = Some("SIP/2.0 486 Busy Here".into());
        let message = SipMessage::new(odd, 0, Some(flow(6000)));
        assert_eq!(message.summary(), "202 Sure thing");
        assert_eq!(message.method(), "FOO");
        assert_eq!(message.note(), Some("SIP/2.0 486 Busy Here"));
        assert_eq!(message.flow(), Some(flow(5070)));
    }

    #[test]
    fn an_entry_stays_small() {
        assert!(
            std::mem::size_of::<Entry>() <= 64,
            "{}",
            std::mem::size_of::<Entry>()
        );
    }
}
