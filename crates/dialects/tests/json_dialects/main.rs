//! BXML and jambonz as their applications see them: documents in, requests out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod bxml_document;
mod bxml_event;
mod example;
mod gateway_event;
mod jambonz_document;
mod jambonz_request;
mod never_panics;
mod transfer_results;
