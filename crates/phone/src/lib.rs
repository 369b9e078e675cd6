//! A scriptable SIP phone: calls or answers, and when it is asked to call somebody else (REFER) it
//! really does, or misbehaves as told. It plays a file, presses keys, and tells and records what it
//! hears.
//!
//! It is a user agent on our own stack, the mirror of the server: a transferee where the server is
//! a transferor. The demo and the tests use it as far end, people use it to try an application
//! without a carrier. `Agent` decides and knows no sockets; [`Phone`] gives it
//! some.
//!
//! Leaves out: transports other than UDP, microphones and loudspeakers.

mod agent;
mod audio;
mod ear;
mod news;
mod recording;
mod registering;
mod run;
mod script;
mod sound;
mod talk;
mod triggered;

pub use news::News;
pub use registering::{NoRegistrar, Registrar};
pub use run::{Phone, PhoneError};
pub use script::{Answer, OnRefer, Script, ScriptError};
pub use sound::{Keys, KeysBy, Moment, Sound};
