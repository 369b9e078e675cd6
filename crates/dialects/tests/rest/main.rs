//! The REST APIs: requests in, orders and changes out; facts in, resources out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod bxml;
mod callbacks;
mod example;
mod faults;
mod hostile;
mod jambonz;
mod laml;
mod lists;
mod parameters;
mod recorded;
mod resources;
mod standings;
