//! Everything of Hookflash that touches the world.

pub mod config;
mod media;
mod resolver;
mod static_document;
mod webhook;

/// Written into User-Agent and Server headers.
pub const PRODUCT: &str = concat!("hookflash/", env!("CARGO_PKG_VERSION"));
