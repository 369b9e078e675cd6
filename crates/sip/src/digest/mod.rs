//! Digest authentication for SIP (RFC 3261 section 22, RFC 7616, RFC 8760), both sides.
//!
//! [`DigestClient`] answers challenges, [`DigestServer`] makes and checks them. Neither reads a
//! clock or draws random numbers: seeds and times are handed in.

mod algorithm;
mod challenge;
mod client;
mod response;
mod server;

pub use algorithm::{Algorithm, Hash};
pub use challenge::{Challenge, Qop};
pub use client::{Credentials, DigestClient, NoAnswer};
pub use response::DigestResponse;
pub use server::{Denied, DigestServer};
