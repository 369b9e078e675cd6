//! One stream, from its handshake to its last message.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_audio::{Law, g711};
use hookflash_dialects::{FetchError, Flowing, Frame, Moment, StreamEvent, StreamOrder};
use hookflash_media::{FeedMark, KeyToSend, MediaEvent};
use hookflash_program::{StreamEncoding, StreamEnd};
use tokio::sync::Notify;

use super::backlog::Backlog;
use super::encoder::{Encoder, Line};
use super::ending::Ending;
use super::piece::{Piece, decode, linear};
use crate::background::Tapped;
use crate::call::{Call, until};
use crate::journal::What;
use crate::sounds::Keys;
use crate::{Host, Socket};

/// How soon the session is offered again what it had no room for.
const HAND_ON_AGAIN: Duration = Duration::from_millis(100);

/// How many marks may wait to be reached, and how many bytes of names.
const MOST_MARKS: usize = 1_000;
const MOST_NAMED: usize = 64 * 1024;

/// One stream of a call.
pub(crate) struct Stream<H: Host> {
    order: hookflash_program::Stream,
    sid: String,
    number: u32,
    /// What the API wants to become of it.
    flowing: Rc<Cell<Flowing>>,
    /// What relative URLs of its hooks stand relative to, whatever document runs meanwhile.
    base: Rc<str>,
    open: RefCell<Option<Open<H>>>,
    /// The key that ended it.
    finished_by: Cell<Option<char>>,
    ended: RefCell<Option<StreamEnd>>,
    over: Notify,
}

/// What a stream has while its socket is open.
struct Open<H: Host> {
    line: Rc<Line<H::Socket>>,
    since: Instant,
    backlog: Backlog,
    /// Something was played. The feed of the session is that of all streams: who never played
    /// anything clears nothing.
    plays: bool,
    /// What is to be told of the marks in the session, in their order.
    due: VecDeque<Due>,
    marks: u64,
    /// Remarks that are made once.
    noted: Vec<&'static str>,
    _tapped: Option<Tapped<H>>,
}

impl<H: Host> Open<H> {
    /// Whether one more mark may wait. An application can send names as long as its messages.
    fn has_room_for(&self, mark: &Told) -> bool {
        let named: usize = self.due.iter().map(|due| due.what.name().len()).sum();
        self.due.len() < MOST_MARKS && named + mark.name().len() <= MOST_NAMED
    }
}

struct Due {
    number: u64,
    what: Told,
}

/// What a mark of the session stands for.
enum Told {
    Mark(String),
    Piece(String),
}

impl Told {
    fn name(&self) -> &str {
        match self {
            Told::Mark(name) | Told::Piece(name) => name,
        }
    }
}

/// Whether the application's next message is to be read.
enum Go {
    On,
    Ended,
}

impl<H: Host> Stream<H> {
    pub(super) fn new(
        call: &Call<H>,
        number: u32,
        sid: String,
        order: hookflash_program::Stream,
    ) -> Stream<H> {
        Stream {
            order,
            sid,
            number,
            flowing: Rc::new(Cell::new(Flowing::Resumed)),
            base: Rc::clone(&call.base.borrow()),
            open: RefCell::new(None),
            finished_by: Cell::default(),
            ended: RefCell::new(None),
            over: Notify::new(),
        }
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.order.name.as_deref() == Some(name) || self.sid == name
    }

    /// Sends nothing, or silence, or what is said again.
    pub(super) fn flow(&self, flowing: Flowing) {
        self.flowing.set(flowing);
    }

    pub(crate) fn sid(&self) -> &str {
        &self.sid
    }

    /// Waits for the end of the stream.
    pub(crate) async fn over(&self) -> StreamEnd {
        loop {
            if let Some(end) = &*self.ended.borrow() {
                return end.clone();
            }
            self.over.notified().await;
        }
    }

    /// Ends the stream, once: its last messages leave, the socket closes, the application is told.
    pub(crate) fn end(&self, call: &Rc<Call<H>>, why: Ending) {
        if self.ended.borrow().is_some() {
            return;
        }
        let open = self.open.take();
        let failure = match &why {
            Ending::Failed(why) => Some(why.clone()),
            _ => None,
        };
        let now = call.host.now();
        let since = open.as_ref().map_or(now, |open| open.since);
        *self.ended.borrow_mut() = Some(StreamEnd {
            duration: now.saturating_duration_since(since),
            keys: self.finished_by.get().into_iter().collect(),
            failure,
        });
        let was_open = open.is_some();
        if let Some(open) = open {
            let Open {
                line,
                plays,
                _tapped,
                ..
            } = open;
            drop(_tapped);
            line.send(|protocol| protocol.closing());
            line.socket.close();
            if plays {
                let _ = call.session(|session| session.clear_feed());
            }
            let dropped = line.dropped.get();
            if dropped > 0 {
                self.note(call, &format!("{dropped} messages were not taken in time"));
            }
        }
        self.note(call, &format!("is over: {}", why.text()));
        call.background.streams.forget(self);
        match &why {
            Ending::Failed(why) => self.tell(call, StreamEvent::Failed(why)),
            why if was_open => self.tell(call, StreamEvent::Stopped(why.text())),
            _ => {}
        }
        self.over.notify_waiters();
    }

    /// The caller pressed a key.
    fn key(&self, call: &Rc<Call<H>>, key: char) {
        {
            let open = self.open.borrow();
            let Some(open) = &*open else { return };
            if self.order.pass_keys {
                let at = call.host.now().saturating_duration_since(open.since);
                open.line
                    .send(|protocol| protocol.key(key, at).into_iter().collect());
            }
        }
        if self.order.finish.contains(&key) {
            self.finished_by.set(Some(key));
            self.end(call, Ending::Key);
        }
    }

    /// Playing has reached a mark, which may be another stream's.
    fn marked(&self, mark: &FeedMark) {
        let Some(number) = self.number_of(&mark.name) else {
            return;
        };
        let Some(open) = &mut *self.open.borrow_mut() else {
            return;
        };
        let at = open.due.iter().position(|due| due.number == number);
        if let Some(due) = at.and_then(|at| open.due.remove(at)) {
            tell_mark(&open.line, &due.what, mark.cleared);
        }
    }

    /// The life of the stream.
    pub(super) async fn run(self: Rc<Self>, call: Rc<Call<H>>) {
        let opened = tokio::select! {
            biased;
            _ = self.over() => return,
            opened = self.connect(&call) => opened,
        };
        match opened {
            Ok(line) => self.listen(&call, &line).await,
            Err(error) => self.end(&call, Ending::Failed(error.to_string())),
        }
    }

    async fn connect(&self, call: &Rc<Call<H>>) -> Result<Rc<Line<H::Socket>>, FetchError> {
        let dialect = call.dialect();
        let request = call
            .record
            .facts(|facts| dialect.stream_request(facts, &self.base, &self.order))?;
        let url = request.url.clone();
        let socket = call.host.connect(request).await?;
        let protocol = call
            .record
            .facts(|facts| dialect.stream_protocol(facts, &self.order, &self.sid));
        let mixes = protocol.mixes();
        let line = Rc::new(Line::new(socket, protocol));
        line.send(|protocol| protocol.opening());
        let (format, tracks) = (self.order.format, self.order.tracks);
        let flowing = Rc::clone(&self.flowing);
        let encoder = Encoder::new(Rc::clone(&line), format, tracks, mixes, flowing);
        let tapped = Tapped::new(call, Box::new(encoder));
        *self.open.borrow_mut() = Some(Open {
            line: Rc::clone(&line),
            since: call.host.now(),
            backlog: Backlog::default(),
            plays: false,
            due: VecDeque::new(),
            marks: 0,
            noted: Vec::new(),
            _tapped: tapped,
        });
        self.note(call, &format!("is open to {url}"));
        self.tell(call, StreamEvent::Started);
        Ok(line)
    }

    /// Reads what the application sends until the stream is over.
    async fn listen(&self, call: &Rc<Call<H>>, line: &Line<H::Socket>) {
        let sounds = call.listen(Keys::OverhearsAll);
        let deadline = self.order.most.map(|most| call.host.now() + most);
        let mut hand_on = None;
        loop {
            tokio::select! {
                biased;
                _ = self.over() => return,
                () = line.slow.notified() => {
                    if line.is_stuck() {
                        let why = "the application takes no messages";
                        return self.end(call, Ending::Failed(why.to_owned()));
                    }
                    self.note(call, "the application takes messages too slowly: some are dropped");
                }
                event = sounds.next() => match event {
                    MediaEvent::Key { key, .. } => self.key(call, key),
                    MediaEvent::Mark(mark) => self.marked(&mark),
                    _ => {}
                },
                () = until(deadline) => return self.end(call, Ending::Longest),
                () = until(hand_on) => {
                    hand_on = self.hand_on(call).then(|| call.host.now() + HAND_ON_AGAIN);
                }
                frame = line.socket.next() => {
                    let frame = match frame {
                        Ok(frame) => frame,
                        Err(closed) => return self.end(call, Ending::Application(closed.why)),
                    };
                    if let Go::Ended = self.read(call, line, &frame).await {
                        return;
                    }
                    if hand_on.is_none() && self.hand_on(call) {
                        hand_on = Some(call.host.now() + HAND_ON_AGAIN);
                    }
                }
            }
        }
    }

    async fn read(&self, call: &Rc<Call<H>>, line: &Line<H::Socket>, frame: &Frame) -> Go {
        let orders = line.protocol.borrow_mut().read(frame);
        let orders = match orders {
            Ok(orders) => orders,
            Err(why) => {
                let text = format!("the application sent what cannot be read: {why}");
                self.note_once(call, "unreadable", &text);
                return Go::On;
            }
        };
        for order in orders {
            if let Go::Ended = self.carry_out(call, order).await {
                return Go::Ended;
            }
        }
        Go::On
    }

    async fn carry_out(&self, call: &Rc<Call<H>>, order: StreamOrder) -> Go {
        match order {
            StreamOrder::Disconnect => {
                let why = "the application asked for its end";
                self.end(call, Ending::Application(why.to_owned()));
                return Go::Ended;
            }
            _ if !self.order.bidirectional => {
                let text = "the application sends, and this stream only listens";
                self.note_once(call, "only listens", text);
            }
            StreamOrder::Play(bytes) => self.play(call, &bytes),
            StreamOrder::PlayPiece {
                bytes,
                rate,
                id,
                queue,
            } => {
                let clip = tokio::select! {
                    biased;
                    _ = self.over() => return Go::Ended,
                    clip = decode(bytes, rate) => clip,
                };
                self.play_piece(call, clip, id, queue);
            }
            StreamOrder::SendKey(key) => {
                call.session(|session| session.send_keys(vec![key_to_send(key)]));
            }
            StreamOrder::Mark(name) => self.mark(call, Told::Mark(name)),
            StreamOrder::Clear => self.clear(call),
            StreamOrder::ClearMarks => self.clear_marks(),
        }
        Go::On
    }

    fn play(&self, call: &Rc<Call<H>>, bytes: &[u8]) {
        let format = self.order.format;
        let mut samples = Vec::with_capacity(bytes.len());
        let rate = match (self.order.bare_rate, format.encoding) {
            (None, StreamEncoding::Mulaw) => {
                g711::decode_all(Law::Mu, bytes, &mut samples);
                format.rate
            }
            (bare_rate, _) => {
                samples.extend(linear(bytes));
                bare_rate.unwrap_or(format.rate)
            }
        };
        self.feed(call, rate, samples);
    }

    fn play_piece(
        &self,
        call: &Rc<Call<H>>,
        clip: Result<Piece, String>,
        id: Option<String>,
        queue: bool,
    ) {
        if !queue {
            self.clear(call);
        }
        match clip {
            Ok(clip) => self.feed(call, clip.rate, clip.samples),
            Err(why) => self.note(call, &format!("a piece cannot be played: {why}")),
        }
        if let Some(id) = id {
            self.mark(call, Told::Piece(id));
        }
    }

    fn feed(&self, call: &Rc<Call<H>>, rate: u32, samples: Vec<i16>) {
        let taken = match &mut *self.open.borrow_mut() {
            Some(open) => {
                open.plays = true;
                open.backlog.play(rate, samples)
            }
            None => true,
        };
        if !taken {
            let text = "the application sent far more than can be played: the rest is dropped";
            self.note_once(call, "flood", text);
        }
    }

    fn mark(&self, call: &Rc<Call<H>>, what: Told) {
        let taken = match &mut *self.open.borrow_mut() {
            Some(open) if !open.has_room_for(&what) => false,
            Some(open) => {
                let number = open.marks;
                open.marks += 1;
                open.backlog.mark(format!("{}:{number}", self.number));
                open.due.push_back(Due { number, what });
                true
            }
            None => true,
        };
        if !taken {
            self.note_once(call, "marks", "too many marks wait: the rest is dropped");
        }
    }

    /// Forgets what waits to be played; marks among it are told as cleared, in their order.
    fn clear(&self, call: &Rc<Call<H>>) {
        let Some(open) = &mut *self.open.borrow_mut() else {
            return;
        };
        if std::mem::take(&mut open.plays) {
            let _ = call.session(|session| session.clear_feed());
        }
        open.backlog.clear();
        for due in open.due.drain(..) {
            tell_mark(&open.line, &due.what, true);
        }
    }

    /// Forgets the marks that are due, and nothing else.
    fn clear_marks(&self) {
        let Some(open) = &mut *self.open.borrow_mut() else {
            return;
        };
        open.backlog.clear_marks();
        let (marks, pieces) = std::mem::take(&mut open.due)
            .into_iter()
            .partition(|due| matches!(due.what, Told::Mark(_)));
        open.due = pieces;
        let marks: VecDeque<Due> = marks;
        for due in marks {
            tell_mark(&open.line, &due.what, true);
        }
    }

    /// Gives the session what it has room for; says whether something still waits.
    fn hand_on(&self, call: &Rc<Call<H>>) -> bool {
        match &mut *self.open.borrow_mut() {
            Some(open) => call
                .session(|session| open.backlog.hand_on(session))
                .unwrap_or_default(),
            None => false,
        }
    }

    fn number_of(&self, mark: &str) -> Option<u64> {
        let (stream, number) = mark.split_once(':')?;
        (stream.parse() == Ok(self.number)).then(|| number.parse().ok())?
    }

    fn tell(&self, call: &Rc<Call<H>>, event: StreamEvent<'_>) {
        call.tell_of_at(
            &self.base,
            &Moment::StreamStatus {
                stream: &self.order,
                sid: &self.sid,
                event,
            },
        );
    }

    fn note(&self, call: &Call<H>, what: &str) {
        let text = format!("stream {}: {what}", self.sid);
        call.note(What::Media(text.into()));
    }

    fn note_once(&self, call: &Call<H>, remark: &'static str, text: &str) {
        let is_new = match &mut *self.open.borrow_mut() {
            Some(open) if !open.noted.contains(&remark) => {
                open.noted.push(remark);
                true
            }
            _ => false,
        };
        if is_new {
            self.note(call, text);
        }
    }
}

/// A key as an application sends it over a socket: as long as a short press.
fn key_to_send(key: char) -> KeyToSend {
    KeyToSend {
        key: Some(key),
        length: Duration::from_millis(100),
        gap: Duration::from_millis(100),
    }
}

fn tell_mark<S: Socket>(line: &Line<S>, what: &Told, cleared: bool) {
    line.send(|protocol| {
        let frame = match what {
            Told::Mark(name) => protocol.mark(name, cleared),
            Told::Piece(id) => protocol.piece_done(Some(id)),
        };
        frame.into_iter().collect()
    });
}
