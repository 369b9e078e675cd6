//! What all legs share: the clock reading of the moment, timers, transactions, queues to the
//! outside.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, Instant};

use super::address::Addresses;
use super::client::{Attempts, ClientTransaction, Purpose, Resolving};
use super::command::{DnsQuery, Resolve, ResolveId, Tally};
use super::config::EndpointConfig;
use super::leg::LegTimer;
use super::registration::NO_LEG;
use super::server::ServerTransaction;
use crate::by_id::ById;
use crate::event::{
    Event, IncomingRegister, LegId, RegisterId, RegistrationEvent, RegistrationId, WireEvent,
};
use crate::header::{CSeq, Name, RetryAfter};
use crate::locate::{Candidate, DeadHosts};
use crate::timer::{TimerId, Timers};
use crate::transaction::{Timer, Times, TransactionId, TransactionKeys};
use crate::transport::{Flow, Transmit, TransmitId};
use crate::usage::session_timer::Policy;
use crate::{Message, Method, Request, Response, reason_phrase};

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Transaction(TransactionId, Timer),
    Leg(LegId, LegTimer),
    Registration(RegistrationId),
    IncomingRegister(RegisterId),
}

/// What the transactions tell the legs.
pub(crate) enum Upcall {
    /// A response of ours to read. With a final one the request comes back.
    Response {
        leg: LegId,
        id: TransactionId,
        purpose: Purpose,
        flow: Flow,
        response: Response,
        request: Option<Box<Request>>,
        attempts: Option<Box<Attempts>>,
    },
    /// A request got no answer, or could not be sent.
    Failed {
        leg: LegId,
        id: TransactionId,
        purpose: Purpose,
        failure: Failure,
        /// The INVITE, which may be sent elsewhere.
        request: Option<Box<Request>>,
    },
}

/// Why a request of ours has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Timeout,
    Lost(String),
}

impl Failure {
    /// The status code that stands for it (RFC 3261 section 8.1.3.1).
    pub(crate) fn status(&self) -> u16 {
        match self {
            Failure::Timeout => 408,
            Failure::Lost(_) => 503,
        }
    }
}

/// Numbers that nobody outside can foresee, yet the same for the same seed.
struct Random {
    seed: u64,
    drawn: u64,
}

impl Random {
    fn next(&mut self) -> u64 {
        self.drawn += 1;
        let mut hash = DefaultHasher::new();
        hash.write_u64(self.seed);
        hash.write_u64(self.drawn);
        hash.finish()
    }
}

/// See the module's text.
pub(crate) struct Core {
    pub(crate) config: EndpointConfig,
    pub(crate) addresses: Addresses,
    pub(crate) times: Times,
    /// The moment of the call that is being worked on.
    pub(crate) now: Instant,
    pub(crate) keys: TransactionKeys,
    pub(crate) timers: Timers<Due>,
    pub(crate) clients: ById<TransactionId, ClientTransaction>,
    pub(crate) servers: ById<TransactionId, ServerTransaction>,
    pub(crate) merged: ById<u64, TransactionId>,
    pub(crate) resolving: HashMap<ResolveId, Resolving>,
    pub(crate) upcalls: VecDeque<Upcall>,
    pub(crate) transmits: VecDeque<Transmit>,
    pub(crate) events: VecDeque<(LegId, Event)>,
    pub(crate) resolves: VecDeque<Resolve>,
    pub(crate) dns: VecDeque<DnsQuery>,
    pub(crate) registers: VecDeque<IncomingRegister>,
    pub(crate) registration_events: VecDeque<(RegistrationId, RegistrationEvent)>,
    pub(crate) dead: DeadHosts<Candidate>,
    /// Legs whose requests keep to the flow that the call used, whatever the Contact says.
    pub(crate) kept: HashSet<LegId>,
    pub(crate) allow: String,
    pub(crate) tally: Tally,
    random: Random,
}

impl Core {
    pub(crate) fn new(config: EndpointConfig, seed: u64, start: Instant) -> Core {
        let times = Times {
            t1: config.t1,
            t2: config.t2,
            t4: config.t4,
        };
        // Timer A doubles from T1 to 32·T1; everything else is one of these, too.
        let doubling = (0..6).map(|power| config.t1 * (1 << power));
        let fixed = [config.t2, config.t4, times.patience(), config.refer_grace];
        let mut random = Random { seed, drawn: 0 };
        let allow: Vec<&str> = config.allow.iter().map(crate::Method::as_str).collect();
        Core {
            allow: allow.join(", "),
            addresses: Addresses::new(&config),
            times,
            now: start,
            keys: TransactionKeys::new(random.next()),
            timers: Timers::new(doubling.chain(fixed).chain([config.max_subscription])),
            clients: ById::default(),
            servers: ById::default(),
            merged: ById::default(),
            resolving: HashMap::new(),
            upcalls: VecDeque::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            resolves: VecDeque::new(),
            dns: VecDeque::new(),
            registers: VecDeque::new(),
            registration_events: VecDeque::new(),
            dead: DeadHosts::default(),
            kept: HashSet::new(),
            tally: Tally::default(),
            random,
            config,
        }
    }

    pub(crate) fn random(&mut self) -> u64 {
        self.random.next()
    }

    /// A random duration between two bounds, in steps of 10 ms (RFC 3261 section 14.1).
    pub(crate) fn random_delay(&mut self, from: Duration, to: Duration) -> Duration {
        let steps = (to.saturating_sub(from).as_millis() / 10).max(1) as u64;
        from + Duration::from_millis(10 * (self.random() % (steps + 1)))
    }

    pub(crate) fn event(&mut self, leg: LegId, event: Event) {
        self.events.push_back((leg, event));
    }

    pub(crate) fn registration_event(&mut self, id: RegistrationId, event: RegistrationEvent) {
        self.registration_events.push_back((id, event));
    }

    /// What we want and accept of session timers.
    pub(crate) fn session_policy(&self) -> Policy {
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let minimum = seconds(self.config.min_se).max(90);
        let wanted = self
            .config
            .session_expires
            .map(|wanted| seconds(wanted).max(minimum));
        Policy { wanted, minimum }
    }

    /// Starts a timer of a leg.
    pub(crate) fn start(&mut self, leg: LegId, timer: LegTimer, after: Duration) -> TimerId {
        self.timers.start(self.now, after, Due::Leg(leg, timer))
    }

    /// Stops a timer if there is one.
    pub(crate) fn stop(&mut self, timer: &mut Option<TimerId>) {
        if let Some(timer) = timer.take() {
            self.timers.stop(timer);
        }
    }

    pub(crate) fn transmit(&mut self, id: TransmitId, flow: Flow, bytes: bytes::Bytes) {
        self.transmits.push_back(Transmit { id, flow, bytes });
    }

    /// Says who we are, unless the application has said it.
    pub(crate) fn sign_request(&self, request: &mut Request) {
        let headers = request.headers_mut();
        if !self.config.user_agent.is_empty() && !headers.contains(Name::UserAgent) {
            headers.push(Name::UserAgent, &self.config.user_agent);
        }
    }

    /// Notes a message for the journal.
    pub(crate) fn wire(&mut self, leg: LegId, sent: bool, flow: Flow, message: WireMessage<'_>) {
        if !self.config.wire_events || leg == NO_LEG {
            return;
        }
        let headers = match message {
            WireMessage::Request(request) => request.headers(),
            WireMessage::Response(response) => response.headers(),
        };
        let cseq = headers.typed_opt::<CSeq<'_>>().ok().flatten();
        let number = cseq.map_or(0, |cseq| cseq.number);
        let event = match message {
            WireMessage::Request(request) => WireEvent {
                sent,
                status: 0,
                reason: None,
                method: request.method().clone(),
                cseq: number,
                flow,
                note: note(request),
            },
            WireMessage::Response(response) => {
                let (status, reason) = (response.status(), response.reason());
                let is_usual = reason == reason_phrase(status);
                WireEvent {
                    sent,
                    status,
                    reason: (!is_usual).then(|| reason.into()),
                    method: Method::from(cseq.map_or("", |cseq| cseq.method)),
                    cseq: number,
                    flow,
                    note: None,
                }
            }
        };
        self.event(leg, Event::Wire(event));
    }
}

/// A message that is noted for the journal.
#[derive(Clone, Copy)]
pub(crate) enum WireMessage<'a> {
    Request(&'a Request),
    Response(&'a Response),
}

impl<'a> From<&'a Message> for WireMessage<'a> {
    fn from(message: &'a Message) -> WireMessage<'a> {
        match message {
            Message::Request(request) => WireMessage::Request(request),
            Message::Response(response) => WireMessage::Response(response),
        }
    }
}

fn note(request: &Request) -> Option<String> {
    let header = |name| request.headers().get(name).map(str::to_owned);
    match request.method() {
        crate::Method::Notify => {
            let line = request
                .body()
                .split(|b| matches!(b, b'\r' | b'\n'))
                .find(|l| !l.is_empty());
            line.map(|line| String::from_utf8_lossy(line).into_owned())
        }
        crate::Method::Refer => header(Name::ReferTo),
        crate::Method::Bye | crate::Method::Cancel => header(Name::Reason),
        _ => None,
    }
}

/// Retry-After of a response.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let header = response
        .headers()
        .typed_opt::<RetryAfter<'_>>()
        .ok()
        .flatten()?;
    Some(Duration::from_secs(u64::from(header.seconds)))
}
