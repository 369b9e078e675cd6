//! Basic and Digest authentication (RFC 7617, RFC 7616). Credentials go to the host that they
//! were given for and to no other.

use std::cell::RefCell;
use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookflash_sip::digest::{Credentials, DigestClient};
use hookflash_sip::{Headers, Method, Name};
use http::HeaderMap;
use http::header::{HeaderValue, WWW_AUTHENTICATE};

use super::location::Origin;

/// How many hosts are remembered at a time.
const MOST_HOSTS: usize = 1_000;

/// What a request says to be authenticated.
pub(crate) struct Question<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) credentials: &'a (String, String),
}

/// The nonces of hosts that asked for Digest, so that later requests are answered unasked.
#[derive(Default)]
pub(crate) struct Answers(RefCell<HashMap<(Origin, String), DigestClient>>);

impl Answers {
    /// The Authorization header of a first try: Digest where the host asked for it before, Basic
    /// otherwise.
    pub(crate) fn first(&self, question: &Question<'_>, digest: bool) -> Option<HeaderValue> {
        if digest {
            let mut clients = self.0.borrow_mut();
            if let Some(client) = clients.get_mut(&question.key()) {
                let headers = client.authorize(
                    &Method::from(question.method),
                    question.target,
                    question.body,
                    &question.credentials(),
                );
                return only(headers);
            }
        }
        let (user, password) = question.credentials;
        let mut value = HeaderValue::from_str(&basic(user, password)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The Authorization header that answers a 401, if it holds a Digest challenge that was not
    /// answered in vain already.
    pub(crate) fn second(&self, question: &Question<'_>, reply: &HeaderMap) -> Option<HeaderValue> {
        let mut challenges = Headers::default();
        for value in reply.get_all(WWW_AUTHENTICATE) {
            challenges.push(Name::WwwAuthenticate, value.to_str().ok()?);
        }
        let mut clients = self.0.borrow_mut();
        if clients.len() >= MOST_HOSTS {
            clients.clear();
        }
        let client = clients
            .entry(question.key())
            .or_insert_with(|| DigestClient::new(rand::random::<[u8; 16]>()));
        let answer = client.answer(
            &challenges,
            &Method::from(question.method),
            question.target,
            question.body,
            &question.credentials(),
        );
        match answer {
            Ok(headers) => only(headers),
            Err(_) => {
                clients.remove(&question.key());
                None
            }
        }
    }
}

/// The value of an Authorization header (RFC 7617).
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

impl Question<'_> {
    fn key(&self) -> (Origin, String) {
        (self.origin.clone(), self.credentials.0.clone())
    }

    fn credentials(&self) -> Credentials {
        let (username, password) = self.credentials.clone();
        Credentials { username, password }
    }
}

fn only(headers: Vec<(Name<'static>, String)>) -> Option<HeaderValue> {
    let (_, value) = headers.into_iter().next()?;
    let mut value = HeaderValue::from_str(&value).ok()?;
    value.set_sensitive(true);
    Some(value)
}
