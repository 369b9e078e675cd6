//! The HTTP client towards applications: one per shard, with its connections, cookies and
//! queues.
//!
//! It carries out a [`HttpRequest`] by its policy: time limits, retries, redirects (signed anew
//! for each URL), cookies, Basic and Digest, a cap on the reply. It never sends `Expect`. What
//! goes wrong comes back as the kind that the dialects have codes for.

mod authorization;
mod connect;
mod cookies;
mod exchange;
pub(crate) mod failure;
mod location;
mod pool;
mod post;
mod private;
mod tell;
mod times;

use std::cell::Cell;
use std::rc::Rc;
use std::time::SystemTime;

use hookflash_call::CallKey;
use hookflash_dialects::{FetchError, FetchErrorKind, HttpRequest, Reply};
use http::HeaderMap;
use tokio::time::{Instant, timeout_at};

use crate::resolver::Names;
use authorization::Answers;
pub(crate) use authorization::basic;
pub(crate) use connect::Stream;
use cookies::Jars;
pub(crate) use location::Location;
use pool::Pool;
use tell::Queues;
pub(crate) use times::Times;

/// The client of one shard.
pub(crate) struct Webhooks {
    pool: Pool,
    jars: Jars,
    answers: Answers,
    queues: Queues,
    allow_private: Cell<bool>,
    times: Option<Times>,
}

impl Webhooks {
    pub(crate) fn new(names: Names, allow_private: bool) -> Rc<Webhooks> {
        Webhooks::measured(names, allow_private, None)
    }

    /// As [`Webhooks::new`], with what takes down how long its requests take.
    pub(crate) fn measured(
        names: Names,
        allow_private: bool,
        times: Option<Times>,
    ) -> Rc<Webhooks> {
        Rc::new(Webhooks {
            times,
            pool: Pool::new(names),
            jars: Jars::default(),
            answers: Answers::default(),
            queues: Queues::default(),
            allow_private: Cell::new(allow_private),
        })
    }

    /// Takes over a changed configuration.
    pub(crate) fn set_allow_private(&self, allow: bool) {
        if self.allow_private.replace(allow) && !allow {
            // What is open may lead to where nobody may go any more.
            self.pool.close_idle();
        }
    }

    /// Sends a request whose reply matters.
    pub(crate) async fn fetch(
        &self,
        call: CallKey,
        request: &HttpRequest,
    ) -> Result<Reply, FetchError> {
        let (reply, _) = self.download(call, request).await?;
        Ok(reply)
    }

    /// Sends a request of whose reply the headers matter too.
    pub(crate) async fn download(
        &self,
        call: CallKey,
        request: &HttpRequest,
    ) -> Result<(Reply, HeaderMap), FetchError> {
        let began = Instant::now();
        let outcome = self.in_time(call, request, began).await;
        if let Some(times) = &self.times {
            times.took(began.elapsed(), &outcome);
        }
        outcome
    }

    async fn in_time(
        &self,
        call: CallKey,
        request: &HttpRequest,
        began: Instant,
    ) -> Result<(Reply, HeaderMap), FetchError> {
        let deadline = began + request.policy.total;
        match timeout_at(deadline, self.with_retries(call, request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(failure::new(
                FetchErrorKind::TotalTimeout,
                &request.url,
                format!(
                    "no complete reply within {} ms",
                    request.policy.total.as_millis()
                ),
            )),
        }
    }

    /// A connection for something else than requests.
    pub(crate) async fn open(
        &self,
        location: &Location,
        deadline: Instant,
    ) -> Result<Box<dyn Stream>, FetchError> {
        let allow_private = self.allow_private.get();
        self.pool.connect(location, allow_private, deadline).await
    }

    /// Sends a request whose reply does not matter, after those that the call sent before.
    pub(crate) fn tell(
        self: &Rc<Self>,
        call: CallKey,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    ) {
        tell::enqueue(self, call, None, request, done);
    }

    /// As [`Webhooks::tell`], once `before` is over.
    pub(crate) fn tell_after(
        self: &Rc<Self>,
        call: CallKey,
        before: tell::Before,
        request: HttpRequest,
        done: tell::Done,
    ) {
        tell::enqueue(self, call, Some(before), request, done);
    }

    /// How many requests are still owed.
    pub(crate) fn owed(&self) -> usize {
        self.queues.owed()
    }

    /// Resolves when nothing is owed any more.
    pub(crate) async fn settled(&self) {
        self.queues.settled().await;
    }

    async fn with_retries(
        &self,
        call: CallKey,
        request: &HttpRequest,
    ) -> Result<(Reply, HeaderMap), FetchError> {
        let policy = &request.policy;
        let mut hop = exchange::Hop::first(request)?;
        let mut redirects = 0;
        let mut retries = 0;
        loop {
            let failed = match self.exchange(call, request, &hop).await {
                Ok(exchange::Answer::Reply(reply, headers)) => return Ok((reply, headers)),
                Ok(exchange::Answer::Redirect { status, location }) => {
                    redirects += 1;
                    if redirects > policy.redirects {
                        failure::new(
                            FetchErrorKind::TooManyRedirects,
                            hop.url(),
                            format!("still redirected after {} redirects", policy.redirects),
                        )
                    } else {
                        hop = hop.redirected(status, &location)?;
                        continue;
                    }
                }
                Err(failed) => failed,
            };
            if retries >= policy.retries || !policy.retry_on.covers(failed.kind) {
                return Err(failed);
            }
            let pause = policy
                .backoff
                .get(usize::from(retries))
                .or(policy.backoff.last());
            if let Some(pause) = pause.filter(|pause| !pause.is_zero()) {
                tokio::time::sleep(*pause).await;
            }
            retries += 1;
        }
    }
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::policy;
