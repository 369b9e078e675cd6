//! What a request brings along: its query and its body, within limits.

use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Uri, header};
use bytes::Bytes;
use hookflash_dialects::Dialect;
use hookflash_dialects::rest::{ApiBody, ApiReason, form_fields};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use super::refused::Refused;
use super::tenant::Vendor;
use crate::http::Desk;

/// The largest body, in bytes. The largest document is jambonz' list of verbs.
pub(crate) const MOST: usize = 512 * 1024;

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Sent {
    Form(Vec<(String, String)>),
    Json(Bytes),
}

impl Sent {
    pub(crate) fn as_body(&self) -> ApiBody<'_> {
        match self {
            Sent::Form(fields) => ApiBody::Form(fields),
            Sent::Json(bytes) => ApiBody::Json(bytes),
        }
    }
}

/// What Content-Type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Form,
    Json,
    Xml,
    /// It says nothing.
    Unsaid,
    Other,
}

fn kind(headers: &HeaderMap) -> Kind {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Kind::Unsaid;
    };
    let text = value.to_str().unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Kind::Form,
        "application/json" => Kind::Json,
        "application/xml" | "text/xml" => Kind::Xml,
        _ => Kind::Other,
    }
}

/// Reads a body of parameters, as a form or as JSON. Whether the vendor takes either is for the
/// dialect to say. It comes behind the [`super::tenant::Tenant`]: who may not ask is not listened
/// to, and refusals are worded for the account.
impl FromRequest<Arc<Desk>> for Sent {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &Arc<Desk>) -> Result<Sent, Refused> {
        let admitted = request.extensions().get().copied();
        let dialect = admitted.unwrap_or_else(|| Vendor::of(request.uri().path()).dialect());
        parameters(dialect, request).await
    }
}

async fn parameters(dialect: Dialect, request: Request) -> Result<Sent, Refused> {
    let kind = kind(request.headers());
    if matches!(kind, Kind::Xml | Kind::Other) {
        let wanted = usual(dialect);
        return Err(media_type(
            dialect,
            &format!("send the request as {wanted}"),
        ));
    }
    let bytes = bytes(dialect, request).await?;
    let is_json = match kind {
        Kind::Json => true,
        // A request without a body needs no type.
        Kind::Unsaid => matches!(dialect, Dialect::Bxml | Dialect::Jambonz),
        _ => false,
    };
    match is_json {
        true => Ok(Sent::Json(bytes)),
        false => fields(dialect, &bytes).map(Sent::Form),
    }
}

/// Reads a body that is a document.
pub(crate) async fn document(dialect: Dialect, request: Request) -> Result<Bytes, Refused> {
    match kind(request.headers()) {
        Kind::Xml | Kind::Unsaid => bytes(dialect, request).await,
        Kind::Form | Kind::Json | Kind::Other => {
            Err(media_type(dialect, "send the document as application/xml"))
        }
    }
}

/// The fields of a query.
pub(crate) fn query(dialect: Dialect, uri: &Uri) -> Result<Vec<(String, String)>, Refused> {
    fields(dialect, uri.query().unwrap_or_default().as_bytes())
}

fn usual(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Twiml | Dialect::Cxml => "application/x-www-form-urlencoded",
        Dialect::Bxml | Dialect::Jambonz => "application/json",
    }
}

fn media_type(dialect: Dialect, message: &str) -> Refused {
    Refused::new(dialect, ApiReason::MediaType, message)
}

fn fields(dialect: Dialect, text: &[u8]) -> Result<Vec<(String, String)>, Refused> {
    form_fields(text).map_err(|why| Refused::new(dialect, ApiReason::Malformed, why.to_string()))
}

async fn bytes(dialect: Dialect, request: Request) -> Result<Bytes, Refused> {
    let too_large = || {
        let message = format!("the body may have {MOST} bytes at most");
        Refused::new(dialect, ApiReason::TooLarge, message)
    };
    let malformed = |message: String| Refused::new(dialect, ApiReason::Malformed, message);
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // Nobody has to send what will not be read.
    if announced.is_some_and(|length| length > MOST as u64) {
        return Err(too_large());
    }
    match timeout(PATIENCE, to_bytes(request.into_body(), MOST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let error = error.into_inner();
            match error.is::<LengthLimitError>() {
                true => Err(too_large()),
                false => Err(malformed(format!("the body cannot be read: {error}"))),
            }
        }
        Err(_) => Err(malformed("the body does not come".to_owned())),
    }
}
