//! What happens on a call: its legs, the program that it runs, its journal.
//!
//! One task per call ([`Desk`]). It asks the application for a document, runs it verb by verb, and
//! stays true to two promises: every transfer has exactly one result, and the caller is never left
//! hanging. All that happens is kept in the call's journal ([`CallRecord`]), of which the views
//! are projections ([`view`], [`ladder`]); [`Ledger`] has the records of all calls.
//!
//! Everything outside (sockets, HTTP, the clock) is reached through [`Host`], which the server
//! implements for the world and the tests implement in virtual time. Left out: packets and samples
//! (the session of `hookflash-media` has them), joining two calls, and every word of a vendor's
//! vocabulary.

mod appended;
mod application_socket;
mod asked;
mod at_answer;
mod audio;
mod background;
mod call;
mod collecting;
mod command;
mod control;
mod desk;
mod detection;
mod document;
mod ending;
mod fault;
mod host;
mod inbox;
mod info_digits;
mod invite;
pub mod journal;
mod key_tail;
mod ladder;
mod ledger;
mod line;
mod lookahead;
mod masking;
mod options;
mod placing;
mod player;
mod program;
mod record;
mod recording;
mod sounds;
mod speech_input;
mod status;
mod streaming;
mod time_text;
mod transfers;
mod trimming;
mod verb;
pub mod view;
mod voice_watch;
mod way;
mod webhook;

pub use asked::Asked;
pub use command::{CommandRefused, GivenDocument, PeerAnswer, Updated};
pub use desk::Desk;
pub use host::{
    CallKey, ClipError, Host, MediaError, MediaPort, Recognition, RecordingFile, Socket,
    SocketClosed, SpeechError, Turn,
};
pub use ladder::ladder;
pub use ledger::{CallCounts, Counters, Ledger, Published};
pub use masking::Masked;
pub use options::{CallOptions, TransferOptions};
pub use record::{CallRecord, CalledLeg, Keeping, LegRecord, Parts, TransferRecord};
pub use time_text::rfc3339;
pub use view::leg_name;
pub use way::{Placement, Way};
