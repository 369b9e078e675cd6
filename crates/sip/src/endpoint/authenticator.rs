//! Answering challenges to the requests of one peer (RFC 3261 section 22, RFC 8760).

use super::client::Attempts;
use super::config::Credentials;
use super::core::Core;
use crate::digest::{self, Challenge, DigestClient};
use crate::header::Name;
use crate::headers::Headers;
use crate::{Request, Response};

/// How many challenges one request answers: a few proxies, each with a stale nonce. A peer that
/// goes on inventing realms is not followed.
const MOST_CHALLENGES: u8 = 8;

/// The credentials for a peer, and what has come of them so far.
#[derive(Default)]
pub(super) struct Authenticator {
    credentials: Box<[Credentials]>,
    authenticated: Option<Box<Authenticated>>,
}

/// What the peer's challenges and our answers to them have been so far.
struct Authenticated {
    client: DigestClient,
    credentials: digest::Credentials,
}

impl Authenticator {
    pub(super) fn new(credentials: Vec<Credentials>) -> Authenticator {
        Authenticator {
            credentials: credentials.into(),
            authenticated: None,
        }
    }

    /// What comes next goes to a stranger, whose challenge could be a fishing rod: only credentials
    /// for a realm of their own are shown, and only to that realm.
    pub(super) fn face_stranger(&mut self) {
        let all = std::mem::take(&mut self.credentials).into_vec();
        let bound = all.into_iter().filter(|known| known.realm.is_some());
        self.credentials = bound.collect();
        self.authenticated = None;
    }

    /// Adds credentials to a request because an earlier one was challenged.
    pub(super) fn authorize(&mut self, request: &mut Request) {
        let Some(known) = self.authenticated.as_deref_mut() else {
            return;
        };
        let headers = known.client.authorize(
            request.method(),
            request.uri(),
            request.body(),
            &known.credentials,
        );
        for (name, value) in headers {
            request.headers_mut().push(name, &value);
        }
    }

    /// Puts the answer to a challenge into the request that was refused; `None` when that is no
    /// use. What is given back goes along with the request when it is sent again.
    pub(super) fn answer(
        &mut self,
        core: &mut Core,
        response: &Response,
        request: &mut Request,
        attempts: Option<Box<Attempts>>,
    ) -> Option<Box<Attempts>> {
        let credentials = self.credentials_for(response.headers())?;
        // Each request has its own memory of what was refused; nonces are shared by copying.
        let mut attempts = match attempts {
            Some(attempts) => attempts,
            None => Box::new(Attempts {
                client: self.fresh_client(core),
                count: 0,
            }),
        };
        attempts.count += 1;
        if attempts.count > MOST_CHALLENGES {
            return None;
        }
        let answer = attempts.client.answer(
            response.headers(),
            request.method(),
            request.uri(),
            request.body(),
            &credentials,
        );
        let headers = answer.ok()?;
        request.headers_mut().remove(Name::Authorization);
        request.headers_mut().remove(Name::ProxyAuthorization);
        for (name, value) in headers {
            request.headers_mut().push(name, &value);
        }
        let known = Authenticated {
            client: attempts.client.clone(),
            credentials,
        };
        self.authenticated = Some(Box::new(known));
        Some(attempts)
    }

    fn fresh_client(&self, core: &mut Core) -> DigestClient {
        match &self.authenticated {
            Some(known) => {
                let mut client = known.client.clone();
                client.begin();
                client
            }
            None => {
                let seed = (u128::from(core.random()) << 64) | u128::from(core.random());
                DigestClient::new(seed.to_be_bytes())
            }
        }
    }

    fn credentials_for(&self, headers: &Headers) -> Option<digest::Credentials> {
        let challenges: Vec<Challenge<'_>> = [Name::WwwAuthenticate, Name::ProxyAuthenticate]
            .into_iter()
            .flat_map(|name| Challenge::all_in(headers, name))
            .collect();
        let fits = |realm: &String| challenges.iter().any(|c| c.realm == realm.as_str());
        let found = self
            .credentials
            .iter()
            .find(|c| c.realm.as_ref().is_none_or(fits))?;
        Some(digest::Credentials {
            username: found.username.clone(),
            password: found.password.clone(),
        })
    }
}
