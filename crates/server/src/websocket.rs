//! WebSockets towards applications: audio streams of calls, and talks about calls.
//!
//! The handshake goes the way of every other request (names, the policy on private networks, TLS,
//! limits), then two halves run beside the call: one writes what the call sends, from a queue
//! that holds a few seconds, one reads what comes. Neither ever holds up the call. An application
//! that takes nothing loses what does not fit; one that sends too much waits.

mod handshake;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hookflash_call::{Socket, SocketClosed};
use hookflash_dialects::{FetchError, Frame, HttpRequest};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::webhook::{Stream, Webhooks};

/// How many messages wait for an application: four seconds of both directions.
const MOST_WAITING: usize = 400;
/// How many messages wait for the call; beyond, the application waits.
const MOST_UNREAD: usize = 8;
/// The largest message that is ever taken: some minutes of audio in Base64.
const LARGEST: usize = 4 << 20;
/// How often an application is asked for a sign of life, and how many times in vain.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
const IN_VAIN: u8 = 3;
/// How long the last messages and the farewell may take.
const FAREWELL: Duration = Duration::from_secs(5);

type Connection = WebSocketStream<Box<dyn Stream>>;

/// How many WebSockets a shard has open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open(Rc<Cell<usize>>);

impl Open {
    pub(crate) fn count(&self) -> usize {
        self.0.get()
    }

    fn one(&self) -> Open {
        self.0.set(self.0.get() + 1);
        self.clone()
    }

    fn less(&self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// A WebSocket of an application. Dropping it closes it.
pub(crate) struct WebSocket {
    /// `None` once it is closed.
    out: RefCell<Option<mpsc::Sender<Message>>>,
    over: Rc<Notify>,
    inbox: RefCell<mpsc::Receiver<Result<Frame, SocketClosed>>>,
}

/// Opens a WebSocket. Called within a local runtime.
pub(crate) async fn connect(
    webhooks: &Webhooks,
    request: &HttpRequest,
    open: &Open,
) -> Result<WebSocket, FetchError> {
    let (stream, rest) = handshake::shake(webhooks, request).await?;
    let largest = request.policy.max_reply.min(LARGEST);
    let config = WebSocketConfig::default()
        .read_buffer_size(8 * 1_024)
        .write_buffer_size(0)
        .max_message_size(Some(largest))
        .max_frame_size(Some(largest));
    let connection =
        WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(config)).await;
    let (out, outbox) = mpsc::channel(MOST_WAITING);
    let (tell, inbox) = mpsc::channel(MOST_UNREAD);
    let over = Rc::<Notify>::default();
    let served = serve(connection, outbox, tell, Rc::clone(&over), open.one());
    tokio::task::spawn_local(served);
    Ok(WebSocket {
        out: RefCell::new(Some(out)),
        over,
        inbox: RefCell::new(inbox),
    })
}

impl Socket for WebSocket {
    fn send(&self, frame: Frame) -> bool {
        let message = match frame {
            Frame::Text(text) => Message::text(text),
            Frame::Binary(bytes) => Message::binary(bytes),
        };
        let out = self.out.borrow();
        out.as_ref()
            .is_some_and(|out| out.try_send(message).is_ok())
    }

    async fn next(&self) -> Result<Frame, SocketClosed> {
        let next = poll_fn(|context| self.inbox.borrow_mut().poll_recv(context)).await;
        next.unwrap_or_else(|| Err(closed("the WebSocket is closed")))
    }

    fn close(&self) {
        self.out.borrow_mut().take();
        self.over.notify_one();
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.close();
    }
}

/// Runs until either side is done.
async fn serve(
    connection: Connection,
    outbox: mpsc::Receiver<Message>,
    tell: mpsc::Sender<Result<Frame, SocketClosed>>,
    over: Rc<Notify>,
    open: Open,
) {
    let (sink, stream) = connection.split();
    let silent_for = Cell::new(0);
    let reading = read(stream, &tell, &silent_for);
    tokio::pin!(reading);
    let hurry = async {
        over.notified().await;
        tokio::time::sleep(FAREWELL).await;
    };
    let why = tokio::select! {
        why = &mut reading => why,
        ended = write(sink, outbox, &silent_for) => match ended {
            // The farewell was sent; the peer's own is waited for, but not for long.
            Ok(()) => match timeout(FAREWELL, &mut reading).await {
                Ok(why) => why,
                Err(_) => closed("the WebSocket was closed"),
            },
            Err(why) => closed(&why),
        },
        () = hurry => closed("the application did not take the last of what was sent"),
    };
    // The call may have stopped listening, or have more unread than it takes now.
    let _ = timeout(FAREWELL, tell.send(Err(why))).await;
    open.less();
}

/// Hands on what comes; says how it ended.
async fn read(
    mut stream: SplitStream<Connection>,
    tell: &mpsc::Sender<Result<Frame, SocketClosed>>,
    silent_for: &Cell<u8>,
) -> SocketClosed {
    loop {
        let message = stream.next().await;
        silent_for.set(0);
        let frame = match message {
            Some(Ok(Message::Text(text))) => Frame::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes.into()),
            Some(Ok(Message::Close(Some(farewell)))) => {
                let code = u16::from(farewell.code);
                let reason = farewell.reason.as_str();
                let why = if reason.is_empty() {
                    format!("the application closed the WebSocket ({code})")
                } else {
                    format!("the application closed the WebSocket ({code}, {reason})")
                };
                let code = Some(code);
                return SocketClosed { code, why };
            }
            Some(Ok(Message::Close(None))) => {
                return closed("the application closed the WebSocket without a code");
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(error)) => return closed(&broken(&error)),
            None => return closed("the application closed the connection"),
        };
        // A call that stopped listening is not told any more; its farewell goes on.
        let _ = tell.send(Ok(frame)).await;
        // Messages can be large, and a flood of them is always ready: the beat of every call on
        // this thread comes between two of them.
        tokio::task::yield_now().await;
    }
}

/// Writes until the call closes, then says farewell.
async fn write(
    mut sink: SplitSink<Connection, Message>,
    mut outbox: mpsc::Receiver<Message>,
    silent_for: &Cell<u8>,
) -> Result<(), String> {
    let mut sign = interval_at(Instant::now() + SIGN_OF_LIFE, SIGN_OF_LIFE);
    loop {
        let message = tokio::select! {
            message = outbox.recv() => message,
            _ = sign.tick() => {
                silent_for.set(silent_for.get().saturating_add(1));
                Some(Message::Ping(Bytes::new()))
            }
        };
        let Some(message) = message else {
            break;
        };
        let sending = sink.send(message);
        tokio::pin!(sending);
        loop {
            if silent_for.get() > IN_VAIN {
                return Err("the application gives no sign of life".to_owned());
            }
            tokio::select! {
                sent = &mut sending => {
                    sent.map_err(|error| broken(&error))?;
                    break;
                }
                // A peer that takes nothing is asked nothing either.
                _ = sign.tick() => silent_for.set(silent_for.get().saturating_add(1)),
            }
        }
    }
    let farewell = Message::Close(Some(CloseFrame {
        code: CloseCode::Normal,
        reason: Utf8Bytes::default(),
    }));
    // A farewell that cannot be said is as good as one.
    let said = async {
        sink.send(farewell).await?;
        sink.close().await
    };
    let _ = timeout(FAREWELL, said).await;
    Ok(())
}

/// An end without a farewell.
fn closed(why: &str) -> SocketClosed {
    SocketClosed {
        code: None,
        why: why.to_owned(),
    }
}

fn broken(error: &Error) -> String {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => "the WebSocket is closed".to_owned(),
        Error::Capacity(what) => format!("the application sent too much at once: {what}"),
        Error::Protocol(what) => format!("the application broke the WebSocket protocol: {what}"),
        other => format!("the connection broke: {other}"),
    }
}

#[cfg(test)]
mod tests;
