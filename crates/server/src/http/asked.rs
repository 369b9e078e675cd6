//! What a request to our own view asks for. Refusals come in the view's own form.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Refusal;

/// The query.
pub(crate) struct Asked<T>(pub(crate) T);

/// What the path names.
pub(crate) struct Named(pub(crate) String);

impl<S: Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Asked<T>, Refusal> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Asked(asked)),
            Err(rejection) => Err(unreadable("query", &rejection.body_text())),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named, Refusal> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Named(name)),
            Err(rejection) => Err(unreadable("path", &rejection.body_text())),
        }
    }
}

/// `text` is the sentence of a library, which begins with what it tried to do.
pub(crate) fn unreadable(part: &str, text: &str) -> Refusal {
    let why = text.split_once(": ").map_or(text, |(_, why)| why);
    let message = format!("the {part} cannot be read: {why}");
    Refusal::new(StatusCode::BAD_REQUEST, message)
}
