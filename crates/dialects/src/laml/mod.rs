//! What TwiML and cXML have in common, which is nearly everything.
//!
//! Documents are XML with one `Response`; requests are forms or queries with the same names.
//! Where Twilio and SignalWire differ, `vendor` holds the difference as data and `twiml` and
//! `cxml` fill it in, together with the tables of their verbs. Promises: no document panics, no
//! document is read beyond 64 kB, and every remark has its line and column.

pub(crate) mod attributes;
pub(crate) mod content_type;
pub(crate) mod document;
pub(crate) mod fetch_error;
pub(crate) mod form;
pub(crate) mod gather;
pub(crate) mod given;
pub(crate) mod media_request;
pub(crate) mod media_stream;
pub(crate) mod parameters;
pub(crate) mod prompts;
pub(crate) mod record;
pub(crate) mod recordings;
pub(crate) mod refer;
pub(crate) mod request;
pub(crate) mod rest;
pub(crate) mod schema;
pub(crate) mod sid;
pub mod signature;
pub(crate) mod ssml;
pub(crate) mod status;
pub(crate) mod streams;
pub(crate) mod validate;
pub(crate) mod vendor;
pub(crate) mod verbs;
pub(crate) mod webhook_url;
pub(crate) mod xml;

/// Cap of a document in bytes (error 11750 beyond).
pub const MAX_DOCUMENT: usize = 64 * 1024;

/// A verb, whether it `runs` or is `refused` at run time, and a note for people; see
/// [`crate::twiml::support`] and [`crate::cxml::support`].
pub type VerbSupport = (&'static str, &'static str, &'static str);
