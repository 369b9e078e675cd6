//! A change of a call.

use hookflash_program::Hook;

use super::{HookNames, hook, invalid, object, tag};
use crate::rest::{ApiBody, ApiFault, Fields};
use crate::{CallAction, CallUpdate};

const REDIRECT: HookNames = HookNames {
    url: "redirectUrl",
    method: "redirectMethod",
    username: "username",
    password: "password",
};
const REDIRECT_FALLBACK: HookNames = HookNames {
    url: "redirectFallbackUrl",
    method: "redirectFallbackMethod",
    username: "fallbackUsername",
    password: "fallbackPassword",
};

/// Reads the request; see [`crate::Dialect::read_update`].
pub(crate) fn read_update(body: ApiBody<'_>) -> Result<Vec<CallUpdate>, ApiFault> {
    let object = object(body)?;
    update(&Fields::new(&object))
        .map(|update| vec![update])
        .map_err(invalid)
}

fn update(fields: &Fields<'_>) -> Result<CallUpdate, String> {
    let is_over = fields.word("state", &["active", "completed"])? == Some("completed");
    let redirect = hook(fields, &REDIRECT)?;
    let fallback = hook(fields, &REDIRECT_FALLBACK)?;
    let action = match (is_over, redirect) {
        (true, None) => CallAction::HangUp,
        (true, Some(_)) => {
            return Err(fields.wrong(
                "redirectUrl",
                "must not be given when the state is completed",
            ));
        }
        (false, Some(hook)) => CallAction::Redirect(Hook {
            fallback: fallback.map(Box::new),
            ..hook
        }),
        (false, None) => {
            return Err(fields.wrong("redirectUrl", "is required when the state is active"));
        }
    };
    Ok(CallUpdate {
        action: Some(action),
        tag: tag(fields)?,
        ..CallUpdate::default()
    })
}
