//! The transfer machine in virtual time: each test is a dialogue between us and the far end.

// In a test a panic is the message.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

mod any_sequence;
mod dialogue;
mod early_notify;
mod hangup;
mod limits;
mod notify;
mod response;
mod verdict;
