//! The whole server over real sockets on loopback, against peers that write their SIP by hand.
#![allow(clippy::unwrap_used, reason = "a test that cannot set its stage fails")]
#![allow(clippy::expect_used, reason = "a test that cannot set its stage fails")]
#![allow(
    clippy::indexing_slicing,
    reason = "a test that cannot set its stage fails"
)]

mod admission;
mod application;
mod calls;
#[allow(dead_code, reason = "the resolver's own tests use the rest of it")]
mod dns;
mod drain;
mod free_ports;
mod peer;
mod phones;
mod placing;
mod records;
mod registering;
mod rest;
mod stage;
mod store_trouble;
mod transports;
mod voice;
mod websocket_application;
