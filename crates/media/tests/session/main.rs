//! Sessions in virtual time: two of them back to back, or one and a peer made of packets.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the message"
)]

mod codecs;
mod hold;
mod hostile;
mod keys;
mod network;
mod play;
mod reports;
mod source;
mod support;
