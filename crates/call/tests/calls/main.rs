//! Calls from end to end in virtual time: a far end written by hand or on our own stack, a network
//! with its own weather, this server's calls, and a scripted web application.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test may panic, and nothing outside uses this crate"
)]

mod api_transfer;
mod application_socket;
mod application_socket_lost;
mod background_recordings;
mod beside_verbs;
mod commands;
mod continuations;
mod control;
mod documents;
mod early_media;
mod far_ends;
mod fault;
mod gather;
mod hang_up_sweep;
mod in_dialog;
mod jambonz_voice;
mod keys;
mod machine_detection;
mod media;
mod memory;
mod placing;
mod races;
mod record;
mod recording_ends;
mod refer_outbound;
mod say;
mod silent_peers;
mod speech;
mod streams;
mod support;
mod thousand;
mod thousand_gathers;
mod views;
