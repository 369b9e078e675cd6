//! A change of a call.

use super::form::Form;
use super::order::LONGEST_CALL;
use crate::laml::vendor::Vendor;
use crate::rest::{ApiBody, ApiFault};
use crate::{CallAction, CallHooks, CallUpdate};

/// Reads the request; see [`crate::Dialect::read_update`].
pub(crate) fn read_update(
    vendor: &'static Vendor,
    body: ApiBody<'_>,
) -> Result<Vec<CallUpdate>, ApiFault> {
    let form = &Form::of(vendor, body)?;
    let url = form.hook("Url", "Method")?;
    let document = form.document()?;
    let status = form.word("Status", &["canceled", "completed"])?;
    let action = match (status, url, document) {
        (Some("canceled"), None, None) => Some(CallAction::Cancel),
        (Some(_), None, None) => Some(CallAction::HangUp),
        (None, Some(hook), None) => Some(CallAction::Redirect(hook)),
        (None, None, Some(document)) => Some(CallAction::Document(document)),
        (None, None, None) => None,
        (None, Some(_), Some(_)) => {
            return Err(form.invalid("Url", "and a document exclude each other"));
        }
        (Some(_), _, _) => {
            return Err(form.invalid("Status", "ends the call; leave Url and documents out"));
        }
    };
    Ok(vec![CallUpdate {
        action,
        hooks: CallHooks {
            fallback: form.hook("FallbackUrl", "FallbackMethod")?,
            status: form.hook("StatusCallback", "StatusCallbackMethod")?,
            ..CallHooks::default()
        },
        max_duration: form.seconds("TimeLimit", 1, LONGEST_CALL)?,
        tag: None,
        tag_data: None,
    }])
}
