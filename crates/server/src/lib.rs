//! Everything of Hookflash that touches the world.

pub mod config;
mod static_document;
