//! One WebSocket, from its first connection to its end, across all connections that it takes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use hookflash_dialects::{
    Body, FetchError, FetchErrorKind, Frame, FromApplication, HttpRequest, Reply, SocketMessage,
    TalkPart,
};
use tokio::sync::Notify;

use super::commands;
use super::expected::{Late, Replies, Waiter};
use crate::call::{Call, Phase, until};
use crate::inbox::Input;
use crate::{Host, Socket, SocketClosed};

/// How many messages wait while there is no connection.
const MOST_WAITING: usize = 256;

/// How many times in a row a connection is made again after it was lost.
const MOST_DROPS: u8 = 5;

/// A connection that held for so long is not one of a row.
const HOLDS: Duration = Duration::from_secs(60);

/// How often what cannot be read is noted.
const MOST_NOTES: u8 = 20;

/// The code of a farewell by which an application says that it has nothing more to say
/// (RFC 6455 §7.4.1, "normal closure").
const FINISHED: u16 = 1000;

/// A message, and who waits for its reply.
type Waiting = (SocketMessage, Waiter);

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Messages are sent as they come.
    Open,
    /// Only what opens the talk again is sent, until it was acknowledged.
    Reopening,
    /// Nothing can be said any more.
    Over,
}

/// The talk with an application over one WebSocket.
pub(super) struct Session<H: Host> {
    handshake: HttpRequest,
    /// The message that opened the talk, once it was sent.
    opening: RefCell<Option<SocketMessage>>,
    /// That message was acknowledged.
    is_agreed: Cell<bool>,
    stage: Cell<Stage>,
    /// Nothing more comes from the call.
    is_closing: Cell<bool>,
    outbox: RefCell<VecDeque<Waiting>>,
    replies: RefCell<Replies>,
    wake: Notify,
    notes: Cell<u8>,
    host: std::marker::PhantomData<H>,
}

/// How a connection ended.
enum Parted {
    /// By us: everything was said.
    Closed,
    /// By the application, which has nothing more to say.
    Finished,
    /// By accident, or by an application that did not mean the talk.
    Dropped(String),
    /// The application does not answer as it has to.
    Failed(FetchError),
}

impl<H: Host> Session<H> {
    /// Begins a session on the WebSocket that this request describes.
    pub(super) fn begin(call: &Rc<Call<H>>, request: &HttpRequest) -> Rc<Session<H>> {
        let session = Rc::new(Session {
            handshake: HttpRequest {
                body: Body::None,
                ..request.clone()
            },
            opening: RefCell::default(),
            is_agreed: Cell::new(false),
            stage: Cell::new(Stage::Open),
            is_closing: Cell::new(false),
            outbox: RefCell::default(),
            replies: RefCell::default(),
            wake: Notify::new(),
            notes: Cell::new(0),
            host: std::marker::PhantomData,
        });
        let life = Rc::clone(&session).live(Rc::clone(call));
        call.background.spawn(call, life);
        session
    }

    /// Whether nothing can be said any more.
    pub(super) fn is_over(&self) -> bool {
        self.stage.get() == Stage::Over || self.is_closing.get()
    }

    /// Whether this is the WebSocket at that URL.
    pub(super) fn is_at(&self, url: &str) -> bool {
        self.handshake.url == url
    }

    /// Whether commands may still come.
    pub(super) fn may_command(&self) -> bool {
        !self.is_over()
    }

    /// Whether the message that opens the talk can be said here: nothing has opened it yet.
    pub(super) fn takes_opening(&self) -> bool {
        !self.is_over() && self.opening.borrow().is_none()
    }

    /// Sends a message as soon as it can be.
    pub(super) fn send(&self, call: &Rc<Call<H>>, request: HttpRequest, waiter: Waiter) {
        let Body::Message(message) = request.body else {
            return;
        };
        let opens = message.part != TalkPart::Within;
        self.put(call, *message, waiter);
        if opens {
            for (request, number) in call.application.early.take() {
                if let Body::Message(message) = request.body {
                    self.put(call, *message, Waiter::Tells(number));
                }
            }
        }
    }

    /// Sends a message of which the journal has no entry.
    pub(super) fn say(&self, call: &Rc<Call<H>>, message: SocketMessage) {
        if !self.is_over() {
            self.put(call, message, Waiter::Nobody);
        }
    }

    fn put(&self, call: &Rc<Call<H>>, message: SocketMessage, waiter: Waiter) {
        let mut outbox = self.outbox.borrow_mut();
        if outbox.len() >= MOST_WAITING {
            drop(outbox);
            let why = "too many messages wait for the application's WebSocket";
            return waiter.fail(call, &self.error(FetchErrorKind::Protocol, why));
        }
        outbox.push_back((message, waiter));
        drop(outbox);
        self.wake.notify_one();
    }

    /// Nothing more is to be said: the session ends once everything has been sent.
    pub(super) fn close(&self) {
        self.is_closing.set(true);
        self.wake.notify_one();
    }

    async fn live(self: Rc<Self>, call: Rc<Call<H>>) {
        let how = self.connections(&call).await;
        self.stage.set(Stage::Over);
        let error = match &how {
            Parted::Failed(error) => error.clone(),
            Parted::Closed => self.error(
                FetchErrorKind::Protocol,
                "the call ended before the application replied",
            ),
            Parted::Finished | Parted::Dropped(_) => self.error(
                FetchErrorKind::Protocol,
                "the application closed the WebSocket",
            ),
        };
        self.give_up(&call, &how, &error);
        match how {
            Parted::Failed(_) if self.is_agreed.get() && call.phase.get() != Phase::Over => {
                let failure = call.fetch_failure(&error);
                call.note_call("the application cannot be reached any more: the call ends");
                let finish = call.no_document(failure);
                call.inbox.put(Input::Finish(Box::new(finish)));
            }
            Parted::Finished => call.note_call("the application finished the WebSocket"),
            _ => {}
        }
        call.application.changed.notify_waiters();
    }

    /// Nobody's reply comes any more.
    fn give_up(&self, call: &Rc<Call<H>>, how: &Parted, error: &FetchError) {
        let mut replies = self.replies.take();
        let opening = replies.take_opening();
        for waiter in opening.into_iter().chain(replies.take_within()) {
            match (how, waiter) {
                // It was sent, and only its receipt is missing.
                (Parted::Closed, Waiter::Tells(_)) => {}
                (_, waiter) => waiter.fail(call, error),
            }
        }
        for (_, waiter) in self.outbox.take() {
            waiter.fail(call, error);
        }
    }

    /// One connection after the other, until there is no need or no hope for another.
    async fn connections(&self, call: &Rc<Call<H>>) -> Parted {
        let mut drops: u8 = 0;
        loop {
            let socket = match self.connect(call).await {
                Ok(socket) => socket,
                Err(error) => return Parted::Failed(error),
            };
            let since = call.host.now();
            let parted = self.talk(call, &socket).await;
            socket.close();
            let why = match parted {
                Parted::Dropped(why) => why,
                parted => return parted,
            };
            if call.host.now().saturating_duration_since(since) >= HOLDS {
                drops = 0;
            }
            drops += 1;
            call.note_call(&format!("the application's WebSocket was lost: {why}"));
            if drops > MOST_DROPS || self.has_nothing_to_say() {
                let why = format!("the WebSocket was lost: {why}");
                return Parted::Failed(self.error(FetchErrorKind::Protocol, &why));
            }
            let abandoned = self.error(
                FetchErrorKind::Protocol,
                "the WebSocket was lost before the application replied",
            );
            let within = self.replies.borrow_mut().take_within();
            for waiter in within {
                waiter.fail(call, &abandoned);
            }
            self.pause(drops - 1).await;
        }
    }

    /// Whether a new connection would be of no use: the call is over, and all was said.
    fn has_nothing_to_say(&self) -> bool {
        self.is_closing.get() && self.outbox.borrow().is_empty()
    }

    /// Waits before a connection is made again.
    async fn pause(&self, times: u8) {
        let pauses = &self.handshake.policy.backoff;
        let pause = pauses.get(usize::from(times)).or(pauses.last());
        tokio::time::sleep(pause.copied().unwrap_or_default()).await;
    }

    /// Makes a connection, with the retries of its policy.
    async fn connect(&self, call: &Rc<Call<H>>) -> Result<H::Socket, FetchError> {
        let policy = &self.handshake.policy;
        let mut retries = 0;
        loop {
            if self.has_nothing_to_say() {
                let why = "the call ended before the WebSocket was open";
                return Err(self.error(FetchErrorKind::Protocol, why));
            }
            let failed = match call.host.connect(self.handshake.clone()).await {
                Ok(socket) => return Ok(socket),
                Err(failed) => failed,
            };
            if retries >= policy.retries || !policy.retry_on.covers(failed.kind) {
                return Err(failed);
            }
            call.note_call(&format!(
                "the application's WebSocket cannot be opened, another attempt follows: {}",
                failed.message
            ));
            self.pause(retries).await;
            retries += 1;
        }
    }

    /// Talks over one connection until it ends.
    async fn talk(&self, call: &Rc<Call<H>>, socket: &H::Socket) -> Parted {
        self.stage.set(Stage::Open);
        let first = self.opening.borrow().clone();
        if let Some((first, protocol)) = first.zip(call.dialect().application_socket()) {
            self.stage.set(Stage::Reopening);
            let waiter = self.replies.borrow_mut().take_opening();
            let again = protocol.again(&first);
            if !self.write(call, socket, again, waiter.unwrap_or(Waiter::Nobody), true) {
                return stalled();
            }
        }
        loop {
            while self.stage.get() == Stage::Open {
                let Some((message, waiter)) = self.outbox.borrow_mut().pop_front() else {
                    break;
                };
                let opens = message.part != TalkPart::Within;
                if opens {
                    *self.opening.borrow_mut() = Some(message.clone());
                }
                if !self.write(call, socket, message, waiter, opens) {
                    return stalled();
                }
            }
            if self.stage.get() == Stage::Open && self.is_closing.get() {
                return Parted::Closed;
            }
            let deadline = self.replies.borrow().deadline();
            tokio::select! {
                biased;
                () = self.wake.notified() => {}
                frame = socket.next() => match frame {
                    Ok(frame) => self.read(call, &frame),
                    Err(SocketClosed { code: Some(FINISHED), .. }) => return Parted::Finished,
                    Err(closed) => return Parted::Dropped(closed.why),
                },
                () = until(deadline) => if let Some(failed) = self.time_is_up(call) {
                    return Parted::Failed(failed);
                },
            }
        }
    }

    /// Sends a message now; says whether the application takes it.
    fn write(
        &self,
        call: &Rc<Call<H>>,
        socket: &H::Socket,
        message: SocketMessage,
        waiter: Waiter,
        opens: bool,
    ) -> bool {
        let id = format!("{:032x}", call.host.random());
        let is_taken = socket.send(Frame::Text(message.text(&id)));
        if let Some(within) = message.reply_within {
            let until = call.host.now() + within;
            let kind = message.kind;
            let mut replies = self.replies.borrow_mut();
            replies.expect(id, kind, until, opens, waiter);
        } else if !is_taken {
            let why = "the application takes no messages";
            waiter.fail(call, &self.error(FetchErrorKind::Protocol, why));
        }
        is_taken
    }

    /// What did not come in time. An application that does not even acknowledge the talk has
    /// failed.
    fn time_is_up(&self, call: &Rc<Call<H>>) -> Option<FetchError> {
        let now = call.host.now();
        loop {
            let late = self.replies.borrow_mut().take_late(now);
            let (Late { kind, waiter }, opens) = late?;
            let why = format!("the application did not acknowledge {kind} in time");
            let error = self.error(FetchErrorKind::ReadTimeout, &why);
            waiter.fail(call, &error);
            if opens {
                return Some(error);
            }
        }
    }

    fn read(&self, call: &Rc<Call<H>>, frame: &Frame) {
        let Some(protocol) = call.dialect().application_socket() else {
            return;
        };
        let understood = call.record.facts(|facts| protocol.read(facts, frame));
        match understood {
            Ok(FromApplication::Reply { to, document }) => self.reply(call, &to, document),
            Ok(FromApplication::Command(command)) => {
                let content = match frame {
                    Frame::Text(text) => text.as_str(),
                    Frame::Binary(_) => "",
                };
                let answers = command.replies_to.clone();
                commands::take(call, self, *command, content);
                if let Some(to) = answers.filter(|to| !self.replies.borrow().is_opening(to)) {
                    self.answered_by_command(call, &to);
                }
            }
            Err(complaint) => {
                self.note(call, "the application sent what cannot be read");
                self.say(call, complaint);
            }
        }
    }

    /// A command that names a message answers it: the official library sends no other reply when
    /// its verbs are to wait for those that run.
    fn answered_by_command(&self, call: &Rc<Call<H>>, to: &str) {
        let taken = self.replies.borrow_mut().take(to);
        if let Some((waiter, _)) = taken {
            waiter.replied(call, self.as_reply(None));
        }
    }

    fn reply(&self, call: &Rc<Call<H>>, to: &str, document: Option<String>) {
        let taken = self.replies.borrow_mut().take(to);
        let Some((waiter, opens)) = taken else {
            return self.note(
                call,
                "the application acknowledged a message that waits for nothing",
            );
        };
        if opens {
            self.is_agreed.set(true);
            self.stage.set(Stage::Open);
            if matches!(waiter, Waiter::Nobody) && document.is_some() {
                self.note(
                    call,
                    "the verbs that came with the reply to a reconnection are not run: the call \
                     goes on where it is",
                );
            }
        }
        waiter.replied(call, self.as_reply(document));
    }

    /// A reply as if it had come by HTTP.
    fn as_reply(&self, document: Option<String>) -> Reply {
        Reply {
            status: 200,
            content_type: Some("application/json".to_owned()),
            body: document.unwrap_or_default().into_bytes(),
            url: self.handshake.url.clone(),
        }
    }

    pub(super) fn note(&self, call: &Rc<Call<H>>, text: &str) {
        let notes = self.notes.get();
        if notes < MOST_NOTES {
            self.notes.set(notes + 1);
            call.note_call(text);
        }
    }

    fn error(&self, kind: FetchErrorKind, message: &str) -> FetchError {
        FetchError {
            kind,
            url: self.handshake.url.clone(),
            message: message.to_owned(),
            body: None,
        }
    }
}

fn stalled() -> Parted {
    Parted::Dropped("the application takes no messages".to_owned())
}
