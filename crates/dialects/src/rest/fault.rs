//! Why an API refuses a request, in each vendor's shape.
//!
//! Source: Twilio's error dictionary; SignalWire "Error codes"; Bandwidth's OpenAPI file and its
//! page on errors; jambonz' API server.

use std::borrow::Cow;

use serde_json::json;

use crate::rest::ApiReply;
use crate::{Dialect, DocumentError};

/// Why a request is refused, in nobody's vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiReason {
    /// Nobody knows these credentials.
    Unauthenticated,
    /// These credentials are another account's.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The path does not have this method.
    Method,
    /// A parameter makes no sense.
    Invalid,
    /// The body cannot be read.
    Malformed,
    /// The body is too large.
    TooLarge,
    /// The body is of another type.
    MediaType,
    /// The called party is none that could be called.
    Target,
    /// The calling party is none that could call.
    Caller,
    /// Calls to this party are not allowed.
    TargetForbidden,
    /// No way leads to this party.
    NoRoute,
    /// The call is over.
    CallOver,
    /// The call, or what is to be deleted of it, is not over yet.
    CallRuns,
    /// The call stands where this cannot be done.
    CallState,
    /// This server cannot do it.
    CannotBeDone,
    /// Too many requests.
    TooMany,
    /// The server is full or is being stopped.
    Busy,
    /// The server failed.
    Broken,
}

/// A refused request, as the vendor's clients are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiFault {
    /// Status code.
    pub status: u16,
    /// The vendor's code or word; empty where it has none.
    pub code: Cow<'static, str>,
    /// A sentence for a person.
    pub message: String,
}

impl ApiFault {
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> ApiFault {
        ApiFault {
            status,
            code: code.into(),
            message: message.into(),
        }
    }
}

impl Dialect {
    /// A refusal for one of the reasons that all vendors know.
    pub fn fault(self, reason: ApiReason, message: impl Into<String>) -> ApiFault {
        let (status, code) = match self {
            Dialect::Twiml => laml(reason, "20001"),
            Dialect::Cxml => laml(reason, "10000"),
            Dialect::Bxml => bandwidth(reason),
            Dialect::Jambonz => (jambonz(reason), ""),
        };
        ApiFault::new(status, code, message)
    }

    /// The refusal of a document that the vendor would not run.
    pub(crate) fn bad_document(self, error: &DocumentError) -> ApiFault {
        let message = error.to_string();
        match self {
            Dialect::Twiml | Dialect::Cxml => ApiFault::new(400, error.code().to_owned(), message),
            Dialect::Bxml | Dialect::Jambonz => self.fault(ApiReason::Invalid, message),
        }
    }

    /// A refusal as a reply.
    pub fn fault_reply(self, fault: &ApiFault) -> ApiReply {
        let ApiFault {
            status,
            code,
            message,
        } = fault;
        let body = match self {
            Dialect::Twiml | Dialect::Cxml => {
                // SDKs take the code for a number. Never `type` and `title` beside it: with both,
                // twilio-python takes the body for one of RFC 9457.
                let number: u32 = code.parse().unwrap_or_default();
                json!({
                    "code": number,
                    "message": message,
                    "more_info": more_info(self, code),
                    "status": status,
                })
            }
            Dialect::Bxml => json!({ "type": code, "description": message, "id": null }),
            Dialect::Jambonz if *status == 404 => return ApiReply::empty(404),
            Dialect::Jambonz => json!({ "msg": message }),
        };
        ApiReply::with(*status, body)
    }
}

fn more_info(dialect: Dialect, code: &str) -> String {
    match dialect {
        Dialect::Cxml => {
            "https://developer.signalwire.com/compatibility-api/reference/error-codes".to_owned()
        }
        _ => format!("https://www.twilio.com/docs/errors/{code}"),
    }
}

fn laml(reason: ApiReason, argument: &'static str) -> (u16, &'static str) {
    match reason {
        // Twilio answers 401 whether the account is unknown or another's.
        ApiReason::Unauthenticated | ApiReason::Forbidden => (401, "20003"),
        ApiReason::NotFound => (404, "20404"),
        ApiReason::Method => (405, "20004"),
        ApiReason::Invalid | ApiReason::Malformed | ApiReason::CannotBeDone => (400, argument),
        ApiReason::TooLarge => (413, argument),
        ApiReason::MediaType => (415, argument),
        ApiReason::Target => (400, "21211"),
        ApiReason::Caller => (400, "21212"),
        ApiReason::TargetForbidden => (400, "21215"),
        ApiReason::NoRoute => (400, "21214"),
        ApiReason::CallOver | ApiReason::CallState => (400, "21220"),
        ApiReason::CallRuns => (409, "20009"),
        ApiReason::TooMany => (429, "20429"),
        ApiReason::Busy => (503, "20503"),
        ApiReason::Broken => (500, "20500"),
    }
}

/// `validation`, `authentication-error` and `authorization-error` are Bandwidth's; it publishes no
/// others, and these are ours.
fn bandwidth(reason: ApiReason) -> (u16, &'static str) {
    match reason {
        ApiReason::Unauthenticated => (401, "authentication-error"),
        ApiReason::Forbidden => (403, "authorization-error"),
        ApiReason::NotFound => (404, "not-found"),
        ApiReason::Method => (405, "method-not-allowed"),
        ApiReason::Invalid
        | ApiReason::Malformed
        | ApiReason::Target
        | ApiReason::Caller
        | ApiReason::NoRoute => (400, "validation"),
        ApiReason::TooLarge => (413, "validation"),
        ApiReason::MediaType => (415, "media-type-not-supported"),
        ApiReason::TargetForbidden => (403, "authorization-error"),
        ApiReason::CallOver | ApiReason::CallRuns | ApiReason::CallState => (409, "conflict"),
        ApiReason::CannotBeDone => (400, "validation"),
        ApiReason::TooMany => (429, "rate-limit-exceeded"),
        ApiReason::Busy => (503, "service-unavailable"),
        ApiReason::Broken => (500, "internal-error"),
    }
}

fn jambonz(reason: ApiReason) -> u16 {
    match reason {
        ApiReason::Unauthenticated => 401,
        ApiReason::Forbidden | ApiReason::TargetForbidden => 403,
        ApiReason::NotFound => 404,
        ApiReason::Method => 405,
        ApiReason::Invalid
        | ApiReason::Malformed
        | ApiReason::Target
        | ApiReason::Caller
        | ApiReason::NoRoute => 400,
        ApiReason::TooLarge => 413,
        ApiReason::MediaType => 415,
        ApiReason::CallOver | ApiReason::CallState | ApiReason::CannotBeDone => 422,
        ApiReason::CallRuns => 422,
        ApiReason::TooMany => 429,
        // What jambonz says when no feature server is free.
        ApiReason::Busy => 480,
        ApiReason::Broken => 500,
    }
}
