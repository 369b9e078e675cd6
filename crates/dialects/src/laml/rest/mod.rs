//! The Calls resource of Twilio's and SignalWire's REST APIs.
//!
//! Source: Twilio "Call resource", "Making calls", the official libraries (9.13.0, 6.2.0);
//! SignalWire's OpenAPI file of the Compatibility API.

mod form;
mod list;
mod machine;
mod order;
mod parameters;
mod recording;
mod resource;
mod standing;
mod update;

pub(crate) use list::{list, read_list, read_recording_list};
pub(crate) use order::read_order;
pub(crate) use parameters::parameters;
pub(crate) use recording::{read_recording, read_recording_change, read_sound_channels};
pub(crate) use resource::{answered_by_word, call};
pub(crate) use standing::standings;
pub(crate) use update::read_update;
