//! What the tests stand on.

pub mod application;
pub mod callee;
pub mod documents;
pub mod hearing;
pub mod net;
pub mod phone;
pub mod rtp;
pub mod services;
pub mod talk;
pub mod world;
