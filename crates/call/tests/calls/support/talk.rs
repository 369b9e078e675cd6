//! The application's side of a talk over a WebSocket.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hookflash_dialects::{Application, Dialect, Frame};
use serde_json::{Value, json};

use super::services::Wire;
use super::world::World;

/// Where the application is.
pub const URL: &str = "ws://app.example/start";

/// A world whose application has a WebSocket, and nothing else.
pub fn world() -> World {
    world_with(|_| {})
}

/// The same with something else about the application.
pub fn world_with(change: impl FnOnce(&mut Application)) -> World {
    let world = World::new(Dialect::Jambonz);
    world.change_options(|options| {
        let mut application = Application::clone(&options.application);
        application.url = URL.to_owned();
        application.fallback_url = None;
        application.status_callback = None;
        application.events_url = None;
        change(&mut application);
        options.application = Arc::new(application);
    });
    world
}

/// One connection, seen from the application.
pub struct Talk {
    pub wire: Rc<Wire>,
    read: Cell<usize>,
}

impl Talk {
    /// The connection of this place among all that were made; waits for it.
    pub async fn nth(world: &World, place: usize) -> Talk {
        let open = || world.host.services.sockets.borrow().get(place).cloned();
        for _ in 0..200_000 {
            if let Some(wire) = open() {
                let read = Cell::new(0);
                return Talk { wire, read };
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("no connection {place} was made");
    }

    /// The first connection, once its first message was acknowledged with these verbs.
    pub async fn begun(world: &World, verbs: Value) -> Talk {
        let talk = Talk::nth(world, 0).await;
        let first = talk.heard("session:new").await;
        talk.ack(&first, verbs);
        talk
    }

    /// The next message of this type; what comes before it is passed over.
    pub async fn heard(&self, kind: &str) -> Value {
        for _ in 0..200_000 {
            if let Some(message) = self.next() {
                if message["type"] == kind {
                    return message;
                }
                continue;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("no {kind} was heard; all: {:#?}", self.wire.texts());
    }

    /// The next message, if there is one.
    pub fn next(&self) -> Option<Value> {
        let message = self.wire.texts().get(self.read.get()).cloned();
        if message.is_some() {
            self.read.set(self.read.get() + 1);
        }
        message
    }

    /// The types of all messages so far.
    pub fn kinds(&self) -> Vec<String> {
        let texts = self.wire.texts();
        let kinds = texts.iter().map(|message| message["type"].as_str());
        kinds.map(|kind| kind.unwrap().to_owned()).collect()
    }

    /// Acknowledges a message, with verbs unless they are null.
    pub fn ack(&self, message: &Value, verbs: Value) {
        let mut ack = json!({"type": "ack", "msgid": message["msgid"]});
        if !verbs.is_null() {
            ack["data"] = verbs;
        }
        self.say(&ack);
    }

    pub fn command(&self, name: &str, data: Value) {
        self.say(&json!({"type": "command", "command": name, "data": data}));
    }

    pub fn say(&self, message: &Value) {
        self.wire.send(Frame::Text(message.to_string()));
    }

    /// The call parted from the application in good order: what it said last, then a farewell.
    pub async fn assert_parted(&self, last: &str) {
        assert!(self.wire.closed.get(), "still open");
        assert_eq!(self.kinds().last().map(String::as_str), Some(last));
    }
}
