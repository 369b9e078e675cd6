//! What happens on a call: its legs, the program that it runs, its journal.
//!
//! One task per call. It asks the application for a document, runs it verb by verb, and stays
//! true to two promises: every transfer has exactly one result, and the caller is never left
//! hanging. Everything outside (sockets, HTTP, the clock) is reached through [`Host`], which the
//! server implements for the world and the tests implement in virtual time.

mod host;

pub use host::{CallKey, Host, MediaError, MediaPort};
