//! Session descriptions (RFC 8866) and the agreement on one audio stream (RFC 3264).
//!
//! Peers' descriptions are parsed by the sdp-types crate. Here stands what is ours: which of them are
//! still legible, which stream of an offer we take, and what we say back.

mod error;
mod formats;
mod offer_answer;
mod reading;
mod writing;

pub use error::{AnswerError, OfferError};
pub use formats::{Format, Formats, OpusWish};
pub use offer_answer::{LocalMedia, NegotiatedStream, OfferAnswer};
