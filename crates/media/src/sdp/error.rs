//! Why no stream comes about. The peer is to blame for all of these.

use std::fmt;

/// Why an offer cannot be answered. A running stream is not touched by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferError {
    /// Not a session description; says what is wrong with it (a bad request).
    Unreadable(String),
    /// No audio stream over plain RTP; names what is offered (not acceptable here).
    NoAudio {
        /// Media and transport of each offered stream.
        offered: Vec<String>,
    },
    /// Audio, but in no codec that we are allowed to use; names what is offered (not acceptable
    /// here).
    NoCommonCodec {
        /// The format list of the audio stream.
        offered: String,
    },
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "the SDP offer cannot be read: {why}"),
            Self::NoAudio { offered } if offered.is_empty() => {
                f.write_str("the SDP offer has no media stream")
            }
            Self::NoAudio { offered } => write!(
                f,
                "the SDP offer has no audio stream over RTP/AVP; it offers {}",
                offered.join(", ")
            ),
            Self::NoCommonCodec { offered } => write!(
                f,
                "the SDP offer has no codec that this server may use; it offers the formats \
                 {offered}"
            ),
        }
    }
}

impl std::error::Error for OfferError {}

/// Why the answer to our offer gives no stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerError {
    /// Not a session description; says what is wrong with it.
    Unreadable(String),
    /// The audio stream is refused (port 0) or missing.
    Refused,
    /// The answer has none of the codecs that we offered.
    NoCommonCodec {
        /// The format list of the answered stream.
        answered: String,
    },
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "the SDP answer cannot be read: {why}"),
            Self::Refused => f.write_str("the SDP answer refuses the audio stream"),
            Self::NoCommonCodec { answered } => write!(
                f,
                "the SDP answer has none of the codecs that were offered; it has the formats \
                 {answered}"
            ),
        }
    }
}

impl std::error::Error for AnswerError {}
