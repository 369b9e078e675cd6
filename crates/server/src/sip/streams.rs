//! TCP: connections that peers open, connections that we open, and their reuse.
//!
//! A connection is named by a [`ConnectionId`] that every shard knows. Each has a task that reads
//! and one that writes; what is to be written waits in a bounded queue, and a message that cannot
//! be sent is reported to the endpoint that sent it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use hookflash_sip::stream::{Frame, Framer, PONG};
use hookflash_sip::{
    ConnectionId, Flow, Message, Transmit, TransmitId, Transport, shard_of_call_id,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::shard::{Input, Shard};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a peer may take for its first message, and for the rest of one that it began.
const SLOW_SENDER: Duration = Duration::from_secs(30);
/// How long nothing at all may come in: longer than any keep-alive and most calls.
const IDLE: Duration = Duration::from_secs(3_600);
/// How long a peer may refuse to read before its connection is given up.
const SLOW_READER: Duration = Duration::from_secs(20);
/// How many messages wait to be written to one peer.
const MOST_WAITING: usize = 512;
/// How many connections are kept; further ones are not accepted.
const MOST_CONNECTIONS: usize = 10_000;
/// How many bytes of messages that have not come whole are kept, of all connections together.
const MOST_UNFINISHED: usize = 64 * 1024 * 1024;
/// How many of them any connection may have, however many others have: an ordinary message.
const ORDINARY: usize = 16 * 1024;
/// How much is read at a time.
const READ: usize = 16 * 1024;

/// Something to write to a peer, and who wants to know if it fails.
#[derive(Debug)]
pub(crate) struct Outgoing {
    bytes: Bytes,
    report: Option<(usize, TransmitId)>,
}

/// Every connection of the process.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    last: AtomicU64,
    open: Mutex<Open>,
    unfinished: AtomicUsize,
}

#[derive(Debug, Default)]
struct Open {
    by_id: HashMap<ConnectionId, (SocketAddr, mpsc::Sender<Outgoing>)>,
    by_remote: HashMap<SocketAddr, ConnectionId>,
}

impl Connections {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open().by_id.len()
    }

    /// The queue of the connection that is asked for, or of another one to the same peer.
    fn find(&self, flow: &Flow) -> Option<mpsc::Sender<Outgoing>> {
        let open = self.open();
        let by_remote = || open.by_id.get(open.by_remote.get(&flow.remote)?);
        let (_, queue) = open.by_id.get(&flow.connection).or_else(by_remote)?;
        Some(queue.clone())
    }

    fn add(&self, remote: SocketAddr) -> (ConnectionId, mpsc::Receiver<Outgoing>) {
        let id = ConnectionId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        let mut open = self.open();
        open.by_id.insert(id, (remote, sender));
        open.by_remote.insert(remote, id);
        (id, receiver)
    }

    fn queue(&self, id: ConnectionId) -> Option<mpsc::Sender<Outgoing>> {
        self.open().by_id.get(&id).map(|(_, queue)| queue.clone())
    }

    fn remove(&self, id: ConnectionId) -> bool {
        let mut open = self.open();
        let Some((remote, _)) = open.by_id.remove(&id) else {
            return false;
        };
        if open.by_remote.get(&remote) == Some(&id) {
            open.by_remote.remove(&remote);
        }
        true
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one connection has of a message that has not come whole.
struct Unfinished<'a> {
    of_all: &'a AtomicUsize,
    bytes: usize,
    since: Option<Instant>,
}

impl<'a> Unfinished<'a> {
    fn of(connections: &'a Connections) -> Unfinished<'a> {
        Unfinished {
            of_all: &connections.unfinished,
            bytes: 0,
            since: None,
        }
    }

    /// Takes what is kept now, after something came, and something whole or not. False when it is
    /// too much.
    fn keep(&mut self, framer: &Framer, has_come_whole: bool, now: Instant) -> bool {
        let since = self.since.filter(|_| !has_come_whole);
        self.since = framer.is_waiting().then(|| since.unwrap_or(now));
        let bytes = framer.buffered();
        let before = self.of_all.fetch_sub(self.bytes, Ordering::Relaxed) - self.bytes;
        self.of_all.fetch_add(bytes, Ordering::Relaxed);
        self.bytes = bytes;
        bytes <= ORDINARY || before + bytes <= MOST_UNFINISHED
    }

    /// How long its rest may still take.
    fn patience(&self, now: Instant) -> Option<Duration> {
        let since = self.since?;
        Some(SLOW_SENDER.saturating_sub(now.saturating_duration_since(since)))
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.of_all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Sends a message on the connection of its flow, on another one to the same peer, or on a new
/// one.
///
/// # Errors
/// Why it can not even be queued.
pub(crate) fn send(shard: &Rc<Shard>, transmit: &Transmit) -> Result<(), &'static str> {
    let connections = shard.connections();
    let mut outgoing = Outgoing {
        bytes: transmit.bytes.clone(),
        report: Some((shard.index(), transmit.id)),
    };
    if let Some(queue) = connections.find(&transmit.flow) {
        match queue.try_send(outgoing) {
            Ok(()) => return Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => return Err("the peer does not read"),
            // It is being closed right now.
            Err(mpsc::error::TrySendError::Closed(back)) => outgoing = back,
        }
    }
    if connections.len() >= MOST_CONNECTIONS {
        return Err("there are too many connections");
    }
    let (id, queue) = connections.add(transmit.flow.remote);
    if let Some(sender) = connections.queue(id) {
        // The queue is empty, so it has room.
        let _ = sender.try_send(outgoing);
    }
    let flow = Flow {
        connection: id,
        ..transmit.flow
    };
    tokio::task::spawn_local(dial(Rc::clone(shard), flow, queue));
    Ok(())
}

async fn dial(shard: Rc<Shard>, flow: Flow, queue: mpsc::Receiver<Outgoing>) {
    match timeout(CONNECT, TcpStream::connect(flow.remote)).await {
        Ok(Ok(stream)) => run(shard, stream, flow, queue, true).await,
        Ok(Err(error)) => give_up(&shard, flow.connection, queue, &error.to_string()),
        Err(_) => give_up(
            &shard,
            flow.connection,
            queue,
            "the connection was not made in time",
        ),
    }
}

/// Accepts connections and spreads them over the shards.
pub(crate) async fn accept(shard: Rc<Shard>, listener: TcpListener, local: SocketAddr) {
    let mut next = 0;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: those that close make room.
                tracing::warn!(%local, %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if shard.connections().len() >= MOST_CONNECTIONS {
            tracing::warn!(%local, "a connection was turned away: there are too many");
            continue;
        }
        next = (next + 1) % shard.count();
        if next == shard.index() {
            begin(&shard, stream, local);
        } else if let Ok(stream) = stream.into_std() {
            shard.mail().post(next, Input::Accepted { stream, local });
        }
    }
}

/// Takes over a connection that a peer opened to the listener at `local`.
pub(crate) fn begin(shard: &Rc<Shard>, stream: TcpStream, local: SocketAddr) {
    let Ok(remote) = stream.peer_addr() else {
        return;
    };
    let (connection, queue) = shard.connections().add(remote);
    let flow = Flow {
        transport: Transport::Tcp,
        local,
        remote,
        connection,
    };
    tokio::task::spawn_local(run(Rc::clone(shard), stream, flow, queue, false));
}

async fn run(
    shard: Rc<Shard>,
    stream: TcpStream,
    flow: Flow,
    queue: mpsc::Receiver<Outgoing>,
    ours: bool,
) {
    // A message goes out in one piece; waiting for more only costs time.
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    let mut writing = tokio::task::spawn_local(write(Rc::clone(&shard), writer, queue, flow));
    tokio::select! {
        why = read(&shard, reader, flow, ours) => {
            tracing::debug!(remote = %flow.remote, why, "a connection is over");
            // The writer sends what it has, such as the answer to a broken message, and ends
            // when nobody can give it more; its own limits end it should the peer not read.
            close(&shard, flow.connection);
            let _ = writing.await;
        }
        _ = &mut writing => {}
    }
}

/// Reads until the connection ends, and says why it did.
async fn read(
    shard: &Rc<Shard>,
    mut reader: OwnedReadHalf,
    flow: Flow,
    ours: bool,
) -> &'static str {
    let mut framer = Framer::new();
    let mut buffer = BytesMut::with_capacity(READ);
    let mut unfinished = Unfinished::of(shard.connections());
    let mut has_spoken = ours;
    loop {
        let patience = match unfinished.patience(Instant::now()) {
            Some(patience) => patience,
            None if has_spoken => IDLE,
            None => SLOW_SENDER,
        };
        buffer.clear();
        buffer.reserve(READ);
        match timeout(patience, reader.read_buf(&mut buffer)).await {
            Ok(Ok(0)) => return "the peer closed it",
            Ok(Ok(_)) => framer.push(&buffer),
            Ok(Err(_)) => return "it broke",
            Err(_) => return "the peer took too long",
        }
        shard.look_at_the_door(Instant::now());
        let mut has_come_whole = false;
        while let Some(frame) = framer.poll() {
            has_come_whole = true;
            match frame {
                Frame::Message(message) => {
                    has_spoken = true;
                    deliver(shard, flow, message).await;
                }
                Frame::Ping => {
                    has_spoken = true;
                    reply(shard, flow, Bytes::from_static(PONG));
                }
                Frame::Pong => {}
                Frame::Broken(error) => {
                    tracing::debug!(remote = %flow.remote, %error, "a stream makes no sense");
                    if let Some(response) = error.answer(None) {
                        reply(shard, flow, response.to_bytes());
                    }
                    shard.flush();
                    return "what came in is no SIP";
                }
            }
        }
        shard.flush();
        if !unfinished.keep(&framer, has_come_whole, Instant::now()) {
            tracing::warn!(
                limit = MOST_UNFINISHED,
                "connections are ended that begin long messages: too many wait for the rest of theirs"
            );
            return "too many messages are not finished";
        }
    }
}

async fn deliver(shard: &Rc<Shard>, flow: Flow, message: Message) {
    let call_id = message.headers().get("Call-ID").unwrap_or_default();
    let other = shard_of_call_id(call_id, shard.count());
    if other == shard.index() {
        shard.message(flow, message);
    } else {
        // Waiting here slows down the peer that sends faster than we work.
        shard
            .mail()
            .deliver(
                other,
                Input::Message {
                    flow,
                    message: Box::new(message),
                },
            )
            .await;
    }
}

fn reply(shard: &Rc<Shard>, flow: Flow, bytes: Bytes) {
    if let Some(queue) = shard.connections().queue(flow.connection) {
        // A peer that does not read gets no answers.
        let _ = queue.try_send(Outgoing {
            bytes,
            report: None,
        });
    }
}

async fn write(
    shard: Rc<Shard>,
    mut writer: OwnedWriteHalf,
    mut queue: mpsc::Receiver<Outgoing>,
    flow: Flow,
) {
    while let Some(outgoing) = queue.recv().await {
        let why = match timeout(SLOW_READER, writer.write_all(&outgoing.bytes)).await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the peer does not read".to_owned(),
        };
        report(&shard, outgoing, &why);
        give_up(&shard, flow.connection, queue, &why);
        return;
    }
    // The peer may have closed its side only; ours is closed with everything sent.
    let _ = writer.shutdown().await;
}

/// Ends a connection and reports all that could not be sent on it.
fn give_up(shard: &Rc<Shard>, id: ConnectionId, mut queue: mpsc::Receiver<Outgoing>, why: &str) {
    close(shard, id);
    queue.close();
    while let Ok(outgoing) = queue.try_recv() {
        report(shard, outgoing, why);
    }
}

fn close(shard: &Rc<Shard>, id: ConnectionId) {
    if !shard.connections().remove(id) {
        return;
    }
    shard.bindings().connection_closed(id);
    for index in 0..shard.count() {
        shard.tell(index, Input::Closed(id));
    }
}

fn report(shard: &Rc<Shard>, outgoing: Outgoing, why: &str) {
    if let Some((index, transmit)) = outgoing.report {
        shard.tell(index, Input::SendFailed(transmit, why.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A message whose body never comes whole.
    fn begun(length: usize) -> Framer {
        let mut framer = Framer::new();
        framer.push(b"OPTIONS sip:a@192.0.2.1 SIP/2.0\r\nContent-Length: 1000000\r\n\r\n");
        framer.push(&vec![b'x'; length]);
        assert!(framer.poll().is_none());
        framer
    }

    #[test]
    fn a_message_that_comes_in_drops_has_no_longer_than_one_that_stops() {
        let connections = Connections::default();
        let mut unfinished = Unfinished::of(&connections);
        let began = Instant::now();
        assert_eq!(unfinished.patience(began), None);
        let framer = begun(10);
        for second in 0..20 {
            assert!(unfinished.keep(&framer, false, began + second * SECOND));
        }
        assert_eq!(unfinished.patience(began + 20 * SECOND), Some(10 * SECOND));
        assert_eq!(
            unfinished.patience(began + 40 * SECOND),
            Some(Duration::ZERO)
        );
        // The next one begins in the same moment as this one ends.
        assert!(unfinished.keep(&framer, true, began + 29 * SECOND));
        assert_eq!(unfinished.patience(began + 29 * SECOND), Some(SLOW_SENDER));
        assert!(unfinished.keep(&Framer::new(), true, began + 30 * SECOND));
        assert_eq!(unfinished.patience(began + 30 * SECOND), None);
    }

    #[test]
    fn too_many_long_messages_that_are_not_finished_are_not_kept_but_ordinary_ones_are() {
        let connections = Connections::default();
        let now = Instant::now();
        let long = begun(900_000);
        let most = MOST_UNFINISHED / long.buffered();
        let mut kept: Vec<_> = (0..most)
            .map(|_| {
                let mut unfinished = Unfinished::of(&connections);
                assert!(unfinished.keep(&long, false, now));
                unfinished
            })
            .collect();
        assert!(!Unfinished::of(&connections).keep(&long, false, now));
        assert!(Unfinished::of(&connections).keep(&begun(1_000), false, now));
        kept.pop();
        assert!(Unfinished::of(&connections).keep(&long, false, now));
        drop(kept);
        assert_eq!(connections.unfinished.load(Ordering::Relaxed), 0);
    }
}
