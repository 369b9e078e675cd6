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
mod drain;
mod peer;
mod stage;
mod transports;
mod voice;
