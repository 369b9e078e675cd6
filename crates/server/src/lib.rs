//! Everything of Hookflash that touches the world: sockets, names, HTTP, files, threads.
//!
//! [`Config`](config::Config) is what an operator wrote, each error with its place.
//! [`Server::start`] binds the listeners and runs calls on shards: threads without locks between
//! them, each with its own SIP endpoint, calls, connections to applications and timers. A message
//! goes to the shard that its Call-ID names. [`Running`] reloads and drains.
//!
//! Every queue is bounded, bad input harms nothing but itself, and what applications are owed is
//! told before the server stops. Left out: TLS and WebSocket for SIP, the web console; where they
//! are asked for, the answer says so.

mod caller_id;
pub mod config;
mod guard;
mod http;
mod logs;
mod media;
mod open_files;
mod placing;
mod prompts;
mod recordings;
mod records;
mod registrar;
mod registrations;
mod resolver;
mod run;
mod shard;
mod sip;
mod speech;
mod static_document;
mod switchboard;
mod ways;
mod webhook;
mod websocket;

pub use logs::{LogFormat, start_logs};
pub use placing::{NotPlaced, NotUpdated, Updated};
pub use run::{Haste, Running, Server, StartError};
pub use ways::NoWay;

/// Written into User-Agent and Server headers.
pub const PRODUCT: &str = concat!("hookflash/", env!("CARGO_PKG_VERSION"));
