//! Text in and out: fragments, targets, referring parties and header names.

// In a test a panic is the message.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

mod allow_list;
mod owned_headers;
mod refer_to;
mod referred_by;
mod sipfrag;
