//! Text to speech and speech to text, through local programs and HTTP services.
pub mod ssml;
