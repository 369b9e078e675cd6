//! Answering challenges to any request of a leg (RFC 3261 section 22, RFC 8760).

use super::Leg;
use crate::dialog::Outgoing;
use crate::digest::{self, Challenge, DigestClient};
use crate::endpoint::client::{Attempts, Purpose};
use crate::endpoint::core::Core;
use crate::header::Name;
use crate::headers::Headers;
use crate::transaction::TransactionId;
use crate::{Request, Response};

/// How many challenges one request answers: a few proxies, each with a stale nonce. A peer that
/// goes on inventing realms is not followed.
const MOST_CHALLENGES: u8 = 8;

/// What the peer's challenges and our answers to them have been so far.
pub(super) struct Authenticated {
    client: DigestClient,
    credentials: digest::Credentials,
}

impl Leg {
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

    /// Sends a refused request again with credentials; gives it back when that is no use.
    pub(super) fn answer_challenge(
        &mut self,
        core: &mut Core,
        response: &Response,
        mut request: Box<Request>,
        attempts: Option<Box<Attempts>>,
        purpose: Purpose,
    ) -> Result<(), Box<Request>> {
        let Some(credentials) = self.credentials_for(response.headers()) else {
            return Err(request);
        };
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
            return Err(request);
        }
        let answer = attempts.client.answer(
            response.headers(),
            request.method(),
            request.uri(),
            request.body(),
            &credentials,
        );
        let Ok(headers) = answer else {
            return Err(request);
        };
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
        let again = self.send_again(core, request, purpose)?;
        core.attach_digest(again, attempts);
        Ok(())
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

    /// Sends a refused request again: a new number, a new branch, the same dialog.
    pub(super) fn send_again(
        &mut self,
        core: &mut Core,
        mut request: Box<Request>,
        purpose: Purpose,
    ) -> Result<TransactionId, Box<Request>> {
        if purpose == Purpose::Invite {
            return match self.is_wanted() {
                true => Ok(self.call_again(core, *request)),
                false => Err(request),
            };
        }
        let dialog = match (&mut self.dialog, &mut self.outgoing) {
            (Some(dialog), _) => Some(dialog),
            (None, Some(calling)) => calling
                .early_of(request.headers())
                .map(|early| &mut early.dialog),
            (None, None) => None,
        };
        let Some(dialog) = dialog.filter(|_| purpose != Purpose::StrayBye) else {
            return Err(request);
        };
        let sequence = dialog.renumber(&mut request);
        let strict = dialog.is_strict();
        request.headers_mut().remove(Name::Via);
        if let Purpose::Refer(refer) = purpose {
            self.subscriptions.renumber(refer, sequence);
        }
        self.open += 1;
        let outgoing = Outgoing {
            request: *request,
            strict,
        };
        let id = core.send(self.id, self.flow.as_ref(), outgoing, purpose);
        if let Purpose::Reinvite { .. } = purpose {
            self.offers.invite = Some(id);
        }
        Ok(id)
    }
}
