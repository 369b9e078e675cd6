//! The verbs, one module each. Each is one function that reads like the vendor's page on it.

pub(crate) mod alert;
pub(crate) mod answer;
pub(crate) mod config;
pub(crate) mod decline;
pub(crate) mod dub;
pub(crate) mod echo;
pub(crate) mod gather;
pub(crate) mod hangup;
pub(crate) mod key_events;
pub(crate) mod pause;
pub(crate) mod prompts;
pub(crate) mod record;
pub(crate) mod recording;
pub(crate) mod redirect;
pub(crate) mod refer;
pub(crate) mod reject;
pub(crate) mod ring;
pub(crate) mod send_keys;
pub(crate) mod sip_request;
pub(crate) mod stream;
pub(crate) mod tag;
pub(crate) mod transcribe;
pub(crate) mod unrunnable;
