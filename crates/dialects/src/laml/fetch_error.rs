//! The vendors' codes for requests that failed.
//!
//! Source: Twilio error dictionary (11xxx); SignalWire "Common webhook errors".

use crate::FetchErrorKind;

/// Twilio's code. A reply with an error status is 11200 there, which is what customers see in
/// practice, although 11217 exists.
pub(crate) fn twilio(kind: FetchErrorKind) -> &'static str {
    match kind {
        FetchErrorKind::InvalidUrl => "11100",
        FetchErrorKind::Status(_) | FetchErrorKind::ReadTimeout => "11200",
        FetchErrorKind::ConnectTimeout => "11201",
        FetchErrorKind::Refused => "11202",
        FetchErrorKind::TotalTimeout => "11203",
        FetchErrorKind::PrivateAddress => "11205",
        FetchErrorKind::Protocol => "11206",
        FetchErrorKind::Dns => "11210",
        FetchErrorKind::TooManyRedirects => "11215",
        FetchErrorKind::BadRedirect => "11216",
        FetchErrorKind::Tls => "11220",
        FetchErrorKind::BadOverride => "11243",
        FetchErrorKind::TooLarge => "11750",
    }
}

/// SignalWire's code.
pub(crate) fn signalwire(kind: FetchErrorKind) -> &'static str {
    match kind {
        FetchErrorKind::InvalidUrl => "11100",
        FetchErrorKind::ConnectTimeout
        | FetchErrorKind::ReadTimeout
        | FetchErrorKind::TotalTimeout
        | FetchErrorKind::Refused
        | FetchErrorKind::PrivateAddress
        | FetchErrorKind::BadOverride => "11200",
        FetchErrorKind::Dns => "11210",
        FetchErrorKind::TooManyRedirects | FetchErrorKind::BadRedirect => "11215",
        FetchErrorKind::Status(_) => "11217",
        FetchErrorKind::Tls => "11220",
        FetchErrorKind::Protocol => "11251",
        FetchErrorKind::TooLarge => "11750",
    }
}
