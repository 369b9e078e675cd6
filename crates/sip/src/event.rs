//! What the endpoint tells the application about a leg. One enum, so that the order of events is
//! the order in which they happened.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::transport::Flow;
use crate::{Method, Request, Response, reason_phrase};

/// One leg: an INVITE and the dialog that grows from it. Unique within an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId(pub u64);

/// A REFER of ours within a leg. After a digest challenge the same `ReferId` stands for the
/// request that was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferId(pub u32);

/// A REFER that the peer sent to us within a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IncomingReferId(pub u32);

/// A request of ours within a leg other than INVITE, BYE and REFER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// A registration of ours. Unique within an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationId(pub u32);

/// A REGISTER of somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegisterId(pub u64);

/// A REGISTER that waits for its answer.
#[derive(Clone, Debug)]
pub struct IncomingRegister {
    /// For `answer_register`.
    pub id: RegisterId,
    /// The request as received.
    pub request: Arc<Request>,
    /// The way it came: calls to the phone go back on it.
    pub flow: Flow,
}

/// News of a registration of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationEvent {
    /// The registrar has our binding; after a refresh again.
    Registered {
        /// How long the binding lives without refresh.
        expires: Duration,
        /// The way the REGISTER took; calls may come on it.
        flow: Flow,
        /// How many bindings the address of record has, ours included.
        bindings: usize,
    },
    /// An attempt failed; another follows.
    Failed {
        /// Why.
        failure: RegistrationFailure,
        /// When the next attempt is made.
        retry_in: Duration,
        /// The binding of an earlier attempt has not expired yet.
        is_still_bound: bool,
    },
    /// It is over, as `unregister` asked. Nothing follows.
    Ended,
}

/// Why a registration failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationFailure {
    /// The registrar's final answer: with 401 and 407 the credentials are wrong or missing.
    Refused(u16),
    /// A 2xx came, but our Contact is not among the bindings.
    NotBound,
    /// No answer came.
    NoAnswer,
    /// Nothing could be sent; the text is the operating system's or the resolver's.
    TransportLost(String),
}

/// Why a leg is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEnd {
    /// The peer sent BYE; already answered with 200. The text is its Reason header, if any.
    PeerBye(Option<String>),
    /// We ended it: BYE (answered or given up), CANCEL, or a final answer that refuses.
    Local,
    /// The peer cancelled its INVITE before we answered; already answered with 487.
    Canceled(Option<String>),
    /// Our INVITE got a final answer that is no 2xx.
    Refused(u16),
    /// No ACK came for our 2xx within 64·T1 (RFC 3261 §13.3.1.4); BYE was sent.
    NoAck,
    /// The session interval passed without a refresh (RFC 4028 §10); BYE was sent.
    SessionExpired,
    /// The peer answered 481: it no longer knows the dialog (RFC 3261 §12.2.1.2).
    DialogGone,
    /// No final answer to our INVITE in time (408 made here): nothing came at all, or the ring
    /// timeout passed. Whether it rang, `Event::Progress` has told.
    NoAnswer,
    /// Nothing could be sent to the peer any more.
    TransportLost(String),
}

/// The final answer to a REFER of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferAnswer {
    /// The status code; 408 when nothing answered, 503 when nothing could be sent.
    pub code: u16,
    /// The reason phrase as received.
    pub reason: String,
    /// `Refer-Sub: false` stood in a 2xx (RFC 4488 §4).
    pub refer_sub_false: bool,
    /// `Retry-After`, if any.
    pub retry_after: Option<Duration>,
    /// The code was made here: nothing came from the peer.
    pub local: bool,
}

/// A NOTIFY of the refer package, already answered with 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The Content-Type header, if any.
    pub content_type: Option<String>,
    /// The body as received.
    pub body: Bytes,
    /// The Subscription-State header, if any.
    pub subscription: Option<SubscriptionNews>,
}

/// Subscription-State as a NOTIFY carried it (RFC 6665 §8.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionNews {
    /// `active`, `pending`, `terminated` or whatever else was written, in lower case.
    pub state: String,
    /// The `reason` parameter.
    pub reason: Option<String>,
    /// The `expires` parameter.
    pub expires: Option<Duration>,
}

/// A message that crossed the wire on behalf of a leg, for the journal.
#[derive(Clone, Debug)]
pub struct WireEvent {
    /// We sent it (true) or received it (false). Retransmissions are not reported.
    pub sent: bool,
    /// Status code of a response; 0 for a request.
    pub status: u16,
    /// Reason phrase of a response, where it is not the usual one of its status.
    pub reason: Option<Box<str>>,
    /// The method, for a response that of its CSeq.
    pub method: Method,
    /// The number of its CSeq; 0 when it has none that can be read.
    pub cseq: u32,
    /// Where it went or came from.
    pub flow: Flow,
    /// For NOTIFY the sipfrag's first line, for REFER its Refer-To, for BYE its Reason.
    pub note: Option<String>,
}

impl WireEvent {
    /// `INVITE`, `200 OK`, …: method, or code and reason phrase.
    pub fn summary(&self) -> String {
        if self.status == 0 {
            return self.method.as_str().to_owned();
        }
        let usual = || reason_phrase(self.status);
        let reason = self.reason.as_deref().unwrap_or_else(usual);
        format!("{} {reason}", self.status).trim_end().to_owned()
    }
}

/// What happened on a leg.
#[derive(Clone, Debug)]
pub enum Event {
    /// A new call came in. Nothing but 100 Trying has been answered yet.
    Incoming {
        /// The INVITE as received.
        invite: Arc<Request>,
        /// The way it came.
        flow: Flow,
    },
    /// The ACK for our 2xx arrived; its body is the SDP answer when we made the offer.
    Confirmed {
        /// SDP answer, if any.
        body: Option<Bytes>,
    },
    /// A provisional answer to our INVITE.
    Progress(Arc<Response>),
    /// A 2xx to our INVITE, already acknowledged. Our side of the dialog is confirmed.
    Answered(Arc<Response>),
    /// The peer offers new SDP by re-INVITE or UPDATE; to be settled with `answer_offer`.
    /// `None`: a re-INVITE without SDP, which asks us for an offer.
    Reoffer(Option<Bytes>),
    /// The peer's answer to an offer of ours (in ACK, in the 2xx to our re-INVITE or UPDATE).
    OfferSettled(Result<Bytes, u16>),
    /// INFO, MESSAGE and the like, already answered.
    Request(Arc<Request>),
    /// The final answer to a request sent with `request`.
    RequestAnswer(RequestId, u16),
    /// The final answer to a REFER of ours.
    ReferAnswer(ReferId, ReferAnswer),
    /// News of a REFER of ours. May come before its `ReferAnswer`, and after the leg's end.
    Notify(ReferId, Notification),
    /// The peer asks us to place a call; to be settled with `accept_refer` or `reject_refer`.
    Refer(IncomingReferId, Arc<Request>),
    /// A REFER was answered with 401: it showed no password, or a wrong one.
    ReferChallenged,
    /// A NOTIFY of ours got its final answer (408 when none came).
    NotifyAnswer(IncomingReferId, u16),
    /// A message crossed the wire.
    Wire(WireEvent),
    /// The leg is over. `Notify` events may still follow until `Released`.
    Ended(LegEnd),
    /// Nothing of the leg is left in the endpoint; its id will not be used again.
    Released,
}
