//! The Calls resource of jambonz' REST API, with live call control.
//!
//! Source: jambonz' API server (`accounts.js`), its feature server and its OpenAPI file; the
//! official libraries (0.4.11 and 0.10.1).

mod hooks;
mod list;
mod order;
mod parameters;
mod resource;
mod standing;
mod transfer;
mod update;

pub(crate) use list::{MOST_LISTED, read_list};
pub(crate) use order::read_order;
pub(crate) use parameters::parameters;
pub(crate) use resource::{call, created, parties, updated};
pub(crate) use standing::standings;
pub(super) use update::control;
pub(crate) use update::read_update;

use hookflash_program::Program;
use serde_json::{Map, Value};

use crate::rest::{ApiBody, ApiFault, ApiReason, Fields};
use crate::{Dialect, Document};

/// The object in a body.
fn object(body: ApiBody<'_>) -> Result<Map<String, Value>, ApiFault> {
    match body {
        ApiBody::Json(body) => {
            Fields::parse(body).map_err(|why| Dialect::Jambonz.fault(ApiReason::Malformed, why))
        }
        ApiBody::Form(_) => {
            Err(Dialect::Jambonz
                .fault(ApiReason::MediaType, "send the request as application/json"))
        }
    }
}

fn invalid(why: String) -> ApiFault {
    Dialect::Jambonz.fault(ApiReason::Invalid, why)
}

/// Verbs that a request brings: an array of them, or one.
fn program(verbs: Value) -> Result<Program, String> {
    let verbs = match verbs {
        Value::Array(verbs) => Value::Array(verbs),
        one => Value::Array(vec![one]),
    };
    let text = verbs.to_string();
    let document = Document {
        body: text.as_bytes(),
        content_type: None,
        first: true,
    };
    Dialect::Jambonz
        .parse(document)
        .map_err(|error| error.to_string())
}
