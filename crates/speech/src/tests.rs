//! Engines against scripts that behave like programs and a server that speaks like the services.

mod listening;
mod programs;
mod scratch;
mod services;
mod speaking;
mod stage;

pub(crate) use scratch::Scratch;
