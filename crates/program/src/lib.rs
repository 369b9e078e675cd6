//! The vendor-neutral instruction set: what a call can be told to do, as data.
//!
//! A dialect parses a document into a [`Program`]; the call runs it verb by verb. Every rule in
//! which vendors differ (what runs after a transfer, whether a verb answers the call, how long a
//! NOTIFY may take) is a field here, filled in by the dialect, so that the code which runs a verb
//! never asks which vendor the document came from.
//!
//! Leaves out: parsing (see `hookflash-dialects`), running (see `hookflash-call`), and every
//! word of a vendor's vocabulary.

mod diagnostic;
mod hook;
mod verb;

pub use diagnostic::{Diagnostic, Position, Severity};
pub use hook::{Hook, HookMethod};
pub use verb::{
    Answering, Config, Continuation, Decline, EndOfProgram, Hangup, Pause, Program, Redirect,
    Refer, ReferTiming, ReferredBy, Reject, Step, Tag, TargetRule, Unrunnable, Verb,
};
