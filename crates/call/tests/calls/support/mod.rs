//! What the tests stand on.

pub mod application;
pub mod documents;
pub mod hearing;
pub mod net;
pub mod phone;
pub mod rtp;
pub mod services;
pub mod world;
