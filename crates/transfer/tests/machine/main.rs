//! The transfer machine in virtual time: each test is a dialogue between us and the far end.

mod any_sequence;
mod dialogue;
mod early_notify;
mod hangup;
mod limits;
mod notify;
mod response;
mod verdict;
