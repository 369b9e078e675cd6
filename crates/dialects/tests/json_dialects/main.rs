//! BXML and jambonz as their applications see them: documents in, requests out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod bxml_audio;
mod bxml_audio_event;
mod bxml_document;
mod bxml_event;
mod bxml_socket;
mod bxml_stream;
mod bxml_stream_event;
mod example;
mod gateway_event;
mod jambonz_audio;
mod jambonz_audio_request;
mod jambonz_config;
mod jambonz_document;
mod jambonz_listen;
mod jambonz_request;
mod jambonz_session;
mod jambonz_socket;
mod named_tests;
mod never_panics;
mod transfer_results;
