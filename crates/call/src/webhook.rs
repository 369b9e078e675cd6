//! Requests to the application, with their entries in the journal.

use std::future::Future;
use std::rc::Rc;

use hookflash_dialects::{FetchError, FetchErrorKind, HttpRequest, Moment, Reply};
use tokio::sync::oneshot;

use crate::call::Call;
use crate::journal::What;
use crate::ledger::count;
use crate::masking::without_input;
use crate::{Host, Turn, application_socket};

/// A request on its way.
enum Sent<R> {
    Request(R),
    Message(oneshot::Receiver<Result<Reply, FetchError>>),
}

impl<H: Host> Call<H> {
    /// The request that this moment calls for, if the dialect makes one.
    pub(crate) fn request_for(
        &self,
        moment: &Moment<'_>,
    ) -> Result<Option<HttpRequest>, FetchError> {
        let base = Rc::clone(&self.base.borrow());
        self.request_at(&base, moment)
    }

    /// As [`Call::request_for`], for what an earlier document began: relative URLs stand relative
    /// to that one.
    pub(crate) fn request_at(
        &self,
        base: &str,
        moment: &Moment<'_>,
    ) -> Result<Option<HttpRequest>, FetchError> {
        let now = self.host.wall_clock();
        self.record.change(|facts| {
            facts.now = now;
            self.dialect().request(facts, base, moment)
        })
    }

    /// Sends a request at once and gives its reply. The request runs to its end and into the
    /// journal also when nobody waits for the reply any more, because a verb that was interrupted
    /// may not take back what the application was told.
    pub(crate) fn ask(
        self: &Rc<Self>,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Reply, FetchError>> + use<H> {
        let number = self.note_asked(&request);
        let url = request.url.clone();
        let url_asked = url.clone();
        let reply = match application_socket::message(&request) {
            Some(_) => Sent::Message(self.ask_over_socket(request)),
            None => Sent::Request(self.host.fetch(self.record.key, request)),
        };
        let (hand_over, receive) = oneshot::channel();
        let call = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let reply = match reply {
                Sent::Request(reply) => reply.await,
                Sent::Message(reply) => reply.await.unwrap_or_else(|_| Err(stopped(&url))),
            };
            match &reply {
                Ok(reply) => call.replied(number, reply.status, Some(reply.body.len())),
                Err(error) => call.unanswered(number, error),
            }
            // Nobody may be waiting any more.
            let _ = hand_over.send(reply);
        });
        async move {
            let at = url_asked;
            receive.await.unwrap_or_else(|_| Err(stopped(&at)))
        }
    }

    /// Tells the application something. What it replies does not matter.
    pub(crate) fn tell(self: &Rc<Self>, request: HttpRequest) {
        self.tell_then(request, || {});
    }

    /// As [`Call::tell`]; `then` runs when the request was delivered or given up.
    pub(crate) fn tell_then(self: &Rc<Self>, request: HttpRequest, then: impl FnOnce() + 'static) {
        let number = self.note_asked(&request);
        if application_socket::message(&request).is_some() {
            self.tell_over_socket(request, number);
            // What comes after it on the WebSocket stays after it.
            return then();
        }
        let call = Rc::clone(self);
        let done = Box::new(move |result: Result<u16, FetchError>| {
            match result {
                Ok(status) => call.replied(number, status, None),
                Err(error) => call.unanswered(number, &error),
            }
            then();
        });
        self.host.tell(self.record.key, request, done);
    }

    /// Tells the application something that it must learn whatever happens. The host keeps the
    /// record once more when it is known what came of it.
    pub(crate) fn owe(self: &Rc<Self>, request: HttpRequest) {
        let number = self.note_asked(&request);
        if application_socket::message(&request).is_some() {
            return self.tell_over_socket(request, number);
        }
        let call = Rc::clone(self);
        let done = Box::new(move |result: Result<u16, FetchError>| match result {
            Ok(status) => call.note_reply(number, status, None),
            Err(error) => call.note_fetch_error(Some(number), &error),
        });
        self.host.owe(&self.record, request, done);
    }

    /// Tells the application of this moment, if the dialect has a request for it.
    pub(crate) fn tell_of(self: &Rc<Self>, moment: &Moment<'_>) {
        let base = Rc::clone(&self.base.borrow());
        self.tell_of_at(&base, moment);
    }

    /// As [`Call::tell_of`], for what an earlier document began.
    pub(crate) fn tell_of_at(self: &Rc<Self>, base: &str, moment: &Moment<'_>) {
        match self.request_at(base, moment) {
            Ok(Some(request)) => self.tell(request),
            Ok(None) => {}
            Err(error) => self.note_fetch_error(None, &error),
        }
    }

    pub(crate) fn note_fetch_error(&self, number: Option<u16>, error: &FetchError) {
        count(&self.ledger.counters.webhooks_failed);
        let code = self.dialect().fetch_error_code(error);
        let error = FetchError {
            url: self.shown_url(&error.url),
            ..error.clone()
        };
        self.note(What::Unanswered {
            number,
            failure: Box::new((code, error)),
        });
    }

    /// A URL as the journal may show it.
    pub(crate) fn shown_url(&self, url: &str) -> String {
        match self.options.show_keys {
            true => url.to_owned(),
            false => without_input(url),
        }
    }

    /// Where a request goes, as the journal shows it: a message also names its hook.
    fn asked_at(&self, request: &HttpRequest) -> String {
        let url = self.shown_url(&request.url);
        let message = application_socket::message(request);
        match message.and_then(|message| message.hook.as_deref()) {
            Some(hook) => format!("{url} {}", self.shown_url(hook)),
            None => url,
        }
    }

    fn note_asked(&self, request: &HttpRequest) -> u16 {
        count(&self.ledger.counters.webhooks);
        let number = self.requests.get();
        self.requests.set(number.saturating_add(1));
        self.note(What::Asked {
            number,
            purpose: request.purpose,
            method: request.method,
            url: self.asked_at(request).into(),
        });
        number
    }

    fn note_reply(&self, number: u16, status: u16, bytes: Option<usize>) {
        let bytes = bytes.map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX));
        self.note(What::Replied {
            number,
            status,
            bytes,
        });
    }

    /// A request has its reply. That belongs to the record of a call that is over, too.
    pub(crate) fn replied(&self, number: u16, status: u16, bytes: Option<usize>) {
        self.note_reply(number, status, bytes);
        self.settled();
    }

    /// A request comes to nothing. That belongs to the record of a call that is over, too.
    pub(crate) fn unanswered(&self, number: u16, error: &FetchError) {
        self.note_fetch_error(Some(number), error);
        self.settled();
    }

    fn settled(&self) {
        if self.record.is_concluded() {
            self.turned(Turn::Settled);
        }
    }
}

fn stopped(url: &str) -> FetchError {
    FetchError {
        kind: FetchErrorKind::Protocol,
        url: url.to_owned(),
        message: "the server stopped before the reply came".to_owned(),
        body: None,
    }
}
