//! What shards and other threads send each other.

use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hookflash_sip::{ConnectionId, Flow, Message, TransmitId};
use tokio::sync::mpsc;

use super::Shard;

/// How much may wait for one shard.
const MOST_WAITING: usize = 8_192;

/// Work that another thread wants done on a shard.
pub(crate) type Job = Box<dyn FnOnce(&Rc<Shard>) + Send>;

/// Something for a shard to deal with.
pub(crate) enum Input {
    /// A datagram that another shard read.
    Datagram {
        flow: Flow,
        bytes: Bytes,
        at: Instant,
    },
    /// A message from a connection of another shard.
    Message { flow: Flow, message: Box<Message> },
    /// A connection for this shard to serve.
    Accepted {
        stream: TcpStream,
        local: SocketAddr,
    },
    /// A connection is gone.
    Closed(ConnectionId),
    /// A message of this shard could not be sent.
    SendFailed(TransmitId, String),
    /// Work that another thread wants done here.
    Do(Job),
}

/// The receiving end of a shard's queue.
pub(crate) type Post = mpsc::Receiver<Input>;

/// The queues of all shards.
#[derive(Clone)]
pub(crate) struct Mail(Arc<Vec<mpsc::Sender<Input>>>);

impl Mail {
    /// As many queues as there are shards.
    pub(crate) fn new(count: usize) -> (Mail, Vec<Post>) {
        let (senders, receivers) = (0..count).map(|_| mpsc::channel(MOST_WAITING)).unzip();
        (Mail(Arc::new(senders)), receivers)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether every shard still takes what it is given.
    pub(crate) fn all_run(&self) -> bool {
        self.0.iter().all(|queue| !queue.is_closed())
    }

    /// Gives a shard something that may be lost when it is too busy.
    pub(crate) fn post(&self, index: usize, input: Input) {
        if self.try_post(index, input).is_err() {
            tracing::debug!(shard = index, "a full queue lost a message");
        }
    }

    /// Gives a shard something, or gives it back.
    pub(crate) fn try_post(&self, index: usize, input: Input) -> Result<(), Box<Input>> {
        match self.0.get(index) {
            Some(queue) => queue.try_send(input).map_err(|error| match error {
                mpsc::error::TrySendError::Full(input)
                | mpsc::error::TrySendError::Closed(input) => Box::new(input),
            }),
            None => Err(Box::new(input)),
        }
    }

    /// Gives a shard something, waiting for room. A shard that has ended needs nothing.
    pub(crate) async fn deliver(&self, index: usize, input: Input) {
        if let Some(queue) = self.0.get(index) {
            let _ = queue.send(input).await;
        }
    }

    /// Has work done on a shard, and waits for what it gives; `None` when the shard has ended.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        index: usize,
        work: impl FnOnce(&Rc<Shard>) -> R + Send + 'static,
    ) -> Option<R> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let work = Box::new(move |shard: &Rc<Shard>| {
            // Who asked may have given up.
            let _ = answer.send(work(shard));
        });
        self.deliver(index, Input::Do(work)).await;
        answered.await.ok()
    }
}
