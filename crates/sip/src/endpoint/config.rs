//! How an endpoint is set up.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Method;
use crate::transport::Transport;

/// An address that the process listens on. Legs keep to the listener they began on.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The transport.
    pub transport: Transport,
    /// The bound address.
    pub local: SocketAddr,
    /// `host` or `host:port` as written into Via and Contact; empty means the local address of
    /// the flow that a message leaves on.
    pub advertise: String,
}

/// Which of several endpoints of a process this one is. Messages go to the endpoint that
/// [`shard_of_call_id`] names, so an endpoint makes only Call-IDs that lead back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Counted from 0.
    pub index: usize,
    /// How many there are, at least 1.
    pub count: usize,
}

/// The shard that a Call-ID belongs to. FNV-1a over the bytes.
pub fn shard_of_call_id(call_id: &str, count: usize) -> usize {
    let hash = call_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    // The low bits of FNV alone are weak for short, similar texts.
    ((hash ^ (hash >> 32)) % count.max(1) as u64) as usize
}

/// Everything an endpoint needs to know beforehand.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// Round-trip estimate (RFC 3261 section 17.1.1.1).
    pub t1: Duration,
    /// Longest retransmission interval of non-INVITE requests and of 2xx.
    pub t2: Duration,
    /// How long a message stays in the network.
    pub t4: Duration,
    /// Written into User-Agent and Server.
    pub user_agent: String,
    /// User part of our Contact; `None` writes a Contact without one.
    pub contact_user: Option<String>,
    /// What we listen on. The first of a transport and address family is used for what does not
    /// belong to a listener yet.
    pub listeners: Vec<Listener>,
    /// Our place among the process's endpoints.
    pub shard: Shard,
    /// The session interval that we ask for (RFC 4028); `None` asks for none, and honours the
    /// peer's wish only.
    pub session_expires: Option<Duration>,
    /// The shortest session interval that we accept (RFC 4028, at least 90 s).
    pub min_se: Duration,
    /// Requests longer than this leave UDP for TCP when we listen there (RFC 3261 18.1.1), bytes.
    pub max_udp: usize,
    /// Written into Allow, and what is not in it is answered 405.
    pub allow: Vec<Method>,
    /// Whether REFER from a peer is reported; otherwise it is declined with 603.
    pub accept_refer: bool,
    /// Credentials that a peer must show before its REFER is reported; 401 otherwise.
    pub challenge_refer: Option<Credentials>,
    /// Incoming INVITEs beyond this many legs get 503.
    pub max_legs: usize,
    /// Retry-After of such a 503.
    pub retry_after: Duration,
    /// How long NOTIFYs of a finished transfer are still answered 200.
    pub refer_grace: Duration,
    /// How long a refer subscription may live at most when nobody ends it.
    pub max_subscription: Duration,
    /// Whether `Event::Wire` is reported.
    pub wire_events: bool,
    /// How names are resolved: with `poll_dns` and `handle_dns`, record by record as RFC 3263
    /// says, instead of with `poll_resolve`, which leaves all of it to the resolver.
    pub asks_dns: bool,
    /// How long one name may take with `asks_dns`. What has been found by then is used.
    pub dns_patience: Duration,
    /// How long an address that did not answer, or answered 503 without Retry-After, is tried
    /// last. Zero forgets at once.
    pub dead_for: Duration,
}

impl Default for EndpointConfig {
    fn default() -> EndpointConfig {
        EndpointConfig {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            user_agent: "hookflash".to_owned(),
            contact_user: None,
            listeners: Vec::new(),
            shard: Shard { index: 0, count: 1 },
            session_expires: Some(Duration::from_secs(1800)),
            min_se: Duration::from_secs(90),
            max_udp: 1300,
            allow: vec![
                Method::Invite,
                Method::Ack,
                Method::Cancel,
                Method::Bye,
                Method::Options,
                Method::Info,
                Method::Update,
                Method::Prack,
                Method::Message,
                Method::Refer,
                Method::Notify,
            ],
            accept_refer: false,
            challenge_refer: None,
            max_legs: usize::MAX,
            retry_after: Duration::from_secs(5),
            refer_grace: Duration::from_secs(32),
            max_subscription: Duration::from_secs(600),
            wire_events: true,
            asks_dns: false,
            dns_patience: Duration::from_secs(5),
            dead_for: Duration::from_secs(30),
        }
    }
}

/// A name and password for digest challenges.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
    /// The only realm they are for; `None` means any.
    pub realm: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out of logs.
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}
