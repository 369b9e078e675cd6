//! A scriptable SIP phone: calls or answers, and when it is asked to call somebody else (REFER) it
//! really does, or misbehaves as told.
//!
//! It is a user agent on our own stack, the mirror of the server: a transferee where the server is
//! a transferor. The demo and the tests use it as far end, people use it to try an application
//! without a carrier. `Agent` decides and knows no sockets; [`Phone`] gives it
//! some.
//!
//! Leaves out: registration, playing and hearing (silence is sent), transports other than UDP.

mod agent;
mod audio;
mod news;
mod run;
mod script;
mod triggered;

pub use news::News;
pub use run::{Phone, PhoneError};
pub use script::{Answer, OnRefer, Script, ScriptError};
