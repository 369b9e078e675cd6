//! A refused request, as the vendor's clients are told.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookflash_call::CommandRefused;
use hookflash_dialects::Dialect;
use hookflash_dialects::rest::{ApiFault, ApiReason, ApiReply};

use crate::http::refusal::whole_seconds;
use crate::placing::{NotPlaced, NotUpdated};
use crate::ways::NoWay;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    dialect: Dialect,
    fault: ApiFault,
    retry_after: Option<Duration>,
}

impl Refused {
    pub(crate) fn new(dialect: Dialect, reason: ApiReason, message: impl Into<String>) -> Refused {
        Refused::of(dialect, dialect.fault(reason, message))
    }

    /// A refusal that the dialect has worded.
    pub(crate) fn of(dialect: Dialect, fault: ApiFault) -> Refused {
        Refused {
            dialect,
            fault,
            retry_after: None,
        }
    }

    /// There is no such thing.
    pub(crate) fn not_found(dialect: Dialect, what: &str) -> Refused {
        Refused::new(
            dialect,
            ApiReason::NotFound,
            format!("there is no {what} here"),
        )
    }

    /// It may be asked again after this time.
    pub(crate) fn after(self, retry_after: Duration) -> Refused {
        Refused {
            retry_after: Some(retry_after),
            ..self
        }
    }

    /// A call that is not placed.
    pub(crate) fn not_placed(dialect: Dialect, why: &NotPlaced) -> Refused {
        let (reason, retry_after) = match why {
            NotPlaced::NoWay(why) => (no_way(why), None),
            NotPlaced::Full { retry_after } => (ApiReason::Busy, Some(*retry_after)),
            NotPlaced::TooFast { retry_after } => (ApiReason::TooMany, Some(*retry_after)),
            NotPlaced::Draining => (ApiReason::Busy, None),
        };
        Refused {
            retry_after,
            ..Refused::new(dialect, reason, why.to_string())
        }
    }

    /// A call that does not do what it was told.
    pub(crate) fn not_updated(dialect: Dialect, why: &NotUpdated) -> Refused {
        let reason = match why {
            NotUpdated::Unknown | NotUpdated::Refused(CommandRefused::Unknown) => {
                return Refused::not_found(dialect, "such call");
            }
            NotUpdated::Refused(CommandRefused::Over) => ApiReason::CallOver,
            NotUpdated::Refused(CommandRefused::NotAnswered | CommandRefused::Answered) => {
                ApiReason::CallState
            }
            NotUpdated::Refused(CommandRefused::CannotBeDone(_)) => ApiReason::CannotBeDone,
        };
        Refused::new(dialect, reason, why.to_string())
    }
}

fn no_way(why: &NoWay) -> ApiReason {
    match why {
        NoWay::BadTarget(_) | NoWay::UnknownUser => ApiReason::Target,
        NoWay::BadCaller(_) => ApiReason::Caller,
        NoWay::NotAllowed(_) => ApiReason::TargetForbidden,
        NoWay::UnknownTrunk(_) => ApiReason::Invalid,
        NoWay::NoTrunk | NoWay::NotRegistered | NoWay::NeedsTls => ApiReason::NoRoute,
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = response(self.dialect.fault_reply(&self.fault));
        let headers = response.headers_mut();
        if self.fault.status == 401 {
            let challenge = match self.dialect {
                Dialect::Twiml | Dialect::Cxml | Dialect::Bxml => "Basic realm=\"hookflash\"",
                Dialect::Jambonz => "Bearer realm=\"hookflash\"",
            };
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, whole_seconds(after).into());
        }
        response
    }
}

/// A reply of the dialect as HTTP has it.
pub(crate) fn response(reply: ApiReply) -> Response {
    let ApiReply {
        status,
        headers,
        body,
    } = reply;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        // What is written into URLs and dates fits a header.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            map.insert(name, value);
        }
    }
    match body {
        Some(body) => (status, map, Json(body)).into_response(),
        None => (status, map).into_response(),
    }
}
