//! The WebSocket of an application that has one per call instead of HTTP requests.
//!
//! The dialect says which requests are messages ([`Body::Message`]); here they find the session
//! that carries them. A call has one session at a time. A message that opens or moves the talk
//! begins a new one and ends the one before.

mod commands;
mod expected;
mod session;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hookflash_dialects::{
    Body, Direction, FetchError, FetchErrorKind, HttpRequest, Reply, SocketMessage, TalkPart,
    VerbNews,
};
use hookflash_program::{Hook, Step};
use tokio::sync::{Notify, oneshot};

use crate::Host;
use crate::call::{Call, Phase};
use expected::Waiter;
use session::Session;

/// How many messages wait until the first one has opened the talk.
const MOST_EARLY: usize = 16;

/// What a call has to do with the WebSocket of its application.
pub(crate) struct ApplicationSocket<H: Host> {
    session: RefCell<Option<Rc<Session<H>>>>,
    /// What was told before anything opened the talk.
    early: RefCell<Vec<(Box<HttpRequest>, u16)>>,
    /// A session ended, or the application has nothing more to say on it.
    changed: Notify,
    /// The application wants to know how far its document has come.
    tells_verbs: Cell<bool>,
    /// The verb that the application was told of last.
    told_verb: Cell<Option<Box<ToldVerb>>>,
}

/// A verb as the application knows it.
struct ToldVerb {
    /// As its document spells it.
    name: String,
    /// The application's own name for it.
    id: Option<String>,
}

impl<H: Host> Default for ApplicationSocket<H> {
    fn default() -> ApplicationSocket<H> {
        ApplicationSocket {
            session: RefCell::default(),
            early: RefCell::default(),
            changed: Notify::new(),
            tells_verbs: Cell::new(false),
            told_verb: Cell::default(),
        }
    }
}

impl<H: Host> ApplicationSocket<H> {
    fn session(&self) -> Option<Rc<Session<H>>> {
        self.session.borrow().clone()
    }

    /// Whether the application may still tell the call what to do, asked or not.
    pub(crate) fn may_command(&self) -> bool {
        self.session().is_some_and(|session| session.may_command())
    }

    /// Waits until it may no more.
    pub(crate) async fn silent(&self) {
        while self.may_command() {
            self.changed.notified().await;
        }
    }
}

/// The message of a request that is one.
pub(crate) fn message(request: &HttpRequest) -> Option<&SocketMessage> {
    match &request.body {
        Body::Message(message) => Some(message),
        Body::None | Body::Form(_) | Body::Json(_) => None,
    }
}

impl<H: Host> Call<H> {
    /// Sends a message whose reply matters.
    pub(crate) fn ask_over_socket(
        self: &Rc<Self>,
        request: HttpRequest,
    ) -> oneshot::Receiver<Result<Reply, FetchError>> {
        let (waiter, reply) = oneshot::channel();
        let waiter = Waiter::Asks(waiter);
        match self.session_for(&request) {
            Some(session) => session.send(self, request, waiter),
            None => waiter.fail(self, &closed(&request.url)),
        }
        reply
    }

    /// Sends a message whose reply does not matter; `number` is its own among the requests of the
    /// call.
    pub(crate) fn tell_over_socket(self: &Rc<Self>, request: HttpRequest, number: u16) {
        let waiter = Waiter::Tells(number);
        if self.waits_for_talk(&request) {
            let mut early = self.application.early.borrow_mut();
            if early.len() < MOST_EARLY && self.phase.get() != Phase::Over {
                early.push((Box::new(request), number));
                return;
            }
            drop(early);
            return waiter.fail(self, &closed(&request.url));
        }
        match self.session_for(&request) {
            Some(session) => session.send(self, request, waiter),
            None => waiter.fail(self, &closed(&request.url)),
        }
    }

    /// Whether a message has to wait for the one that opens the talk. A call that we place is told
    /// about from the beginning, since its first document may never be asked for.
    fn waits_for_talk(&self, request: &HttpRequest) -> bool {
        let is_within = message(request).is_some_and(|message| message.part == TalkPart::Within);
        is_within
            && self.application.session.borrow().is_none()
            && self
                .record
                .facts(|facts| facts.direction == Direction::Inbound)
    }

    /// The session that a message belongs to; `None` when it has none to be said in any more.
    fn session_for(self: &Rc<Self>, request: &HttpRequest) -> Option<Rc<Session<H>>> {
        let part = message(request)?.part;
        if part == TalkPart::Moves {
            self.move_to(request);
        }
        if let Some(session) = self.application.session() {
            match part {
                TalkPart::Within => return Some(session).filter(|session| !session.is_over()),
                TalkPart::Opens if session.takes_opening() => return Some(session),
                TalkPart::Opens | TalkPart::Moves => session.close(),
            }
        }
        let session = Session::begin(self, request);
        *self.application.session.borrow_mut() = Some(Rc::clone(&session));
        Some(session)
    }

    /// The application is another from here on.
    fn move_to(&self, request: &HttpRequest) {
        let root = Hook {
            credentials: request.credentials.clone(),
            ..Hook::post(&request.url)
        };
        self.record
            .change(|facts| facts.change_hooks().first = Some(root));
    }

    /// The call goes on with the document of this request. Where that is asked for by HTTP, the
    /// talk on the WebSocket is over.
    pub(crate) fn goes_on_with(self: &Rc<Self>, request: &HttpRequest) {
        if message(request).is_none()
            && let Some(session) = self.application.session.take()
        {
            self.note_call("the call goes on with an application that is asked by HTTP");
            session.close();
            self.move_to(request);
            self.application.changed.notify_waiters();
        }
    }

    /// The call is over and everything was told: the talk ends as soon as that has gone out.
    pub(crate) fn end_application_socket(self: &Rc<Self>) {
        let never_said = self.application.early.take();
        for (request, number) in never_said {
            Waiter::Tells(number).fail(self, &closed(&request.url));
        }
        if let Some(session) = self.application.session.borrow().as_ref() {
            session.close();
        }
    }

    /// Tells the application that a document it sent is not run, when it sent it over its
    /// WebSocket, which is at this URL.
    pub(crate) fn complain_of_document(self: &Rc<Self>, url: &str, why: &str, content: &[u8]) {
        let session = self.application.session();
        let session = session.filter(|session| session.is_at(url));
        if let Some((session, protocol)) = session.zip(self.dialect().application_socket()) {
            let content = String::from_utf8_lossy(content);
            let complaint = self
                .record
                .facts(|facts| protocol.complaint(facts, why, &content));
            session.say(self, complaint);
        }
    }

    /// Tells the application how far its documents come from now on, or no more. Says whether it
    /// can be told.
    pub(crate) fn tell_verbs(&self, wanted: bool) -> bool {
        self.application.tells_verbs.set(wanted);
        self.application.session.borrow().is_some()
    }

    pub(crate) fn tell_verb_began(self: &Rc<Self>, step: &Step) {
        if self.application.session.borrow().is_none() {
            return;
        }
        let verb = ToldVerb {
            name: step.name.clone(),
            id: step.verb.id().map(str::to_owned),
        };
        if self.application.tells_verbs.get() {
            self.tell_verb(&verb, VerbNews::Began);
        }
        self.application.told_verb.set(Some(Box::new(verb)));
    }

    pub(crate) fn tell_verb_ended(self: &Rc<Self>) {
        let verb = self.application.told_verb.take();
        if let Some(verb) = verb.filter(|_| self.application.tells_verbs.get()) {
            self.tell_verb(&verb, VerbNews::Ended);
        }
    }

    fn tell_verb(self: &Rc<Self>, verb: &ToldVerb, news: VerbNews) {
        let protocol = self.dialect().application_socket();
        if let (Some(protocol), Some(session)) = (protocol, self.application.session()) {
            let news = self
                .record
                .facts(|facts| protocol.verb_news(facts, &verb.name, verb.id.as_deref(), news));
            session.say(self, news);
        }
    }
}

/// The error of a message that nobody is there to take.
fn closed(url: &str) -> FetchError {
    FetchError {
        kind: FetchErrorKind::Protocol,
        url: url.to_owned(),
        message: "the WebSocket of the application is closed".to_owned(),
        body: None,
    }
}
