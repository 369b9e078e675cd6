//! Engines that are HTTP services.

mod azure;
mod elevenlabs;
mod google;
mod openai;

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

pub use azure::Azure;
pub use elevenlabs::ElevenLabs;
pub use google::Google;
pub use openai::OpenAi;

use crate::client::{HttpClient, HttpReply, HttpRequest, accepted};
use crate::{EngineError, Gender};

/// Longest answer: ten minutes at 24,000 samples per second, in base64.
const MOST: usize = 40 * 1024 * 1024;

/// How a service is reached.
#[derive(Clone)]
pub struct Service {
    /// Its name in configuration and log.
    pub name: String,
    /// Base URL without trailing slash; each engine has a default.
    pub url: Option<String>,
    /// Key.
    pub key: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Voice that speaks when none is asked for.
    pub voice: Option<String>,
    /// How long an answer may take.
    pub time_limit: Duration,
    /// How to reach it.
    pub client: Rc<dyn HttpClient>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn base<'a>(&'a self, usual: &'a str) -> &'a str {
        self.url.as_deref().unwrap_or(usual).trim_end_matches('/')
    }

    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    pub(crate) fn bearer(&self) -> Option<(&'static str, String)> {
        let key = self.key.as_deref()?;
        Some(("Authorization", format!("Bearer {key}")))
    }

    /// Asks, and gives a good answer.
    pub(crate) async fn post(
        &self,
        url: String,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Result<HttpReply, EngineError> {
        let request = HttpRequest {
            url,
            headers,
            body,
            time_limit: self.time_limit,
            most: MOST,
        };
        // A client that forgets its limit holds up nothing here.
        let late = self.time_limit + Duration::from_secs(1);
        match tokio::time::timeout(late, self.client.send(request)).await {
            Ok(reply) => accepted(reply?, self.key()),
            Err(_) => Err(EngineError::Late),
        }
    }

    pub(crate) async fn post_json(
        &self,
        url: String,
        mut headers: Vec<(&'static str, String)>,
        body: &serde_json::Value,
    ) -> Result<HttpReply, EngineError> {
        headers.push(("Content-Type", "application/json".to_owned()));
        self.post(url, headers, body.to_string().into_bytes()).await
    }
}

/// What a reply says that it is, as far as that matters.
pub(crate) fn kind_of(reply: &HttpReply) -> Option<&'static str> {
    let written = reply.content_type.as_deref()?.to_ascii_lowercase();
    ["audio/wav", "audio/x-wav", "audio/mpeg", "audio/ogg"]
        .into_iter()
        .find(|kind| written.starts_with(kind))
}

pub(crate) fn is_female(gender: Gender) -> bool {
    gender == Gender::Female
}
