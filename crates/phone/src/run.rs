//! The phone with sockets: one for SIP, one for RTP.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hookflash_sip::endpoint::Target;
use hookflash_sip::{ConnectionId, Endpoint, EndpointConfig, Flow, Listener, Resolve, Transport};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};

use crate::agent::Agent;
use crate::news::News;
use crate::recording::Recording;
use crate::script::{OnRefer, Script};

/// How long the phone waits for answers after its last call is over.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long a phone that is told to stop waits for answers to its BYE or CANCEL, as a multiple of
/// the round-trip estimate: four seconds, in which a BYE goes out four times.
const GOODBYES: u32 = 8;

/// Why a phone cannot start.
#[derive(Debug)]
pub enum PhoneError {
    /// The address cannot be listened on.
    Bind {
        /// The address.
        address: SocketAddr,
        /// The operating system's word for it.
        error: io::Error,
    },
    /// `challenge` without a name and a password to demand.
    NoCredentials,
    /// The file to record into cannot be written.
    Record {
        /// The file.
        path: PathBuf,
        /// The operating system's word for it.
        error: io::Error,
    },
}

impl fmt::Display for PhoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PhoneError::Bind { address, error } => write!(
                f,
                "cannot listen on {address}: {error}; choose another port with --listen"
            ),
            PhoneError::NoCredentials => f.write_str(
                "to challenge REFER the phone needs --username and --password to ask for",
            ),
            PhoneError::Record { path, error } => {
                write!(f, "cannot record into {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for PhoneError {}

/// A phone that is bound and ready to run.
pub struct Phone {
    sip: UdpSocket,
    address: SocketAddr,
    endpoint: Endpoint,
    agent: Agent,
    goodbyes: Duration,
    rtp: UdpSocket,
    recording: Option<Recording>,
    heard: Vec<i16>,
}

impl Phone {
    /// Binds the phone. Port 0 takes any free one. `t1` is SIP's round-trip estimate; `None` is
    /// the standard's 500 ms.
    ///
    /// # Errors
    /// When an address cannot be bound, or the script lacks what it needs.
    pub async fn bind(
        listen: SocketAddr,
        script: Script,
        t1: Option<Duration>,
        seed: u64,
    ) -> Result<Phone, PhoneError> {
        let sip = bind(listen).await?;
        let address = sip.local_addr().unwrap_or(listen);
        let rtp = bind(SocketAddr::new(address.ip(), 0)).await?;
        let challenge_refer = match script.on_refer {
            OnRefer::Challenge => Some(
                script
                    .credentials
                    .clone()
                    .ok_or(PhoneError::NoCredentials)?,
            ),
            _ => None,
        };
        let recording = script.sound.record.as_deref().map(|path| {
            Recording::create(path).map_err(|error| PhoneError::Record {
                path: path.to_owned(),
                error,
            })
        });
        let host = routable(address);
        let mut config = EndpointConfig {
            user_agent: "hookflash phone".to_owned(),
            contact_user: Some(script.user.clone()),
            listeners: vec![Listener {
                transport: Transport::Udp,
                local: address,
                advertise: host.to_string(),
            }],
            accept_refer: true,
            challenge_refer,
            wire_events: false,
            ..EndpointConfig::default()
        };
        if let Some(t1) = t1 {
            config.t1 = t1;
        }
        let goodbyes = config.t1 * GOODBYES;
        let media = rtp.local_addr().unwrap_or(host);
        let own_address = match &script.register {
            Some(registrar) => registrar.address_of(&script.user),
            None => format!("<sip:{}@{host}>", script.user),
        };
        Ok(Phone {
            sip,
            address: host,
            endpoint: Endpoint::new(config, seed),
            agent: Agent::new(script, own_address, routable(media), seed),
            goodbyes,
            rtp,
            recording: recording.transpose()?,
            heard: Vec::new(),
        })
    }

    /// Where the phone can be called.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `stop` turns true and every call is over, or has been hung up for a few seconds
    /// without an answer, or, for a phone that only places a call (`until_idle`), until that call
    /// and all that came of it are over.
    ///
    /// Its sound keeps it on one thread: the future cannot be sent to another.
    pub async fn run(
        mut self,
        until_idle: bool,
        news: mpsc::UnboundedSender<News>,
        mut stop: watch::Receiver<bool>,
    ) {
        // Nobody may be listening to the news any more; the phone goes on all the same.
        let _ = news.send(News::Listening(self.address.to_string()));
        self.agent.start(Instant::now(), &mut self.endpoint);
        let mut course = Course::new(Instant::now());
        let mut packet = vec![0; 65_536];
        let mut rtp_packet = [0; 2_048];
        let mut pacer = tokio::time::interval(Duration::from_millis(20));
        // A beat that comes late is made up for: what is heard and said must not shrink.
        pacer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        loop {
            self.flush(&news).await;
            let now = Instant::now();
            let stopping = course.stopping_since.is_some();
            if course
                .stopping_since
                .is_some_and(|since| now - since >= self.goodbyes)
            {
                self.agent.give_up();
            }
            let calls = self.agent.live_legs() > 0;
            match course.follow(now, calls) {
                Turn::CallsBegan => pacer.reset(),
                Turn::CallsEnded => self.save_recording(&news),
                Turn::None => {}
            }
            if (stopping || until_idle) && self.is_idle(now, &course) {
                if self.has_left(now, &mut course) {
                    return;
                }
                // The REGISTER that takes it back.
                self.flush(&news).await;
            }
            let deadline = self.deadline(now);
            tokio::select! {
                received = self.sip.recv_from(&mut packet) => {
                    if let Ok((length, from)) = received {
                        let flow = self.flow(from);
                        let bytes = packet.get(..length).unwrap_or_default();
                        self.endpoint.handle_datagram(Instant::now(), flow, bytes);
                    }
                }
                received = self.rtp.recv_from(&mut rtp_packet) => {
                    if let Ok((length, from)) = received {
                        let bytes = rtp_packet.get(..length).unwrap_or_default();
                        self.agent.receive(Instant::now(), from, bytes);
                    }
                }
                _ = pacer.tick(), if calls => self.beat(&news).await,
                () = tokio::time::sleep_until(deadline.into()) => {}
                changed = stop.changed(), if !stopping => {
                    if changed.is_err() || *stop.borrow() {
                        course.stopping_since = Some(Instant::now());
                        self.agent.hang_up_all(Instant::now(), &mut self.endpoint);
                    }
                }
            }
            let now = Instant::now();
            self.endpoint.handle_timeout(now);
            self.agent.handle_timeout(now, &mut self.endpoint);
        }
    }

    /// Nothing goes on and nothing is about to begin.
    fn is_idle(&self, now: Instant, course: &Course) -> bool {
        // A transfer that the script gave up leaves a subscription behind in the endpoint; all
        // that the wait is for is the answer to the last BYE.
        let is_settled = self.endpoint.leg_count() == 0 || now - course.quiet_since >= LAST_WORDS;
        self.agent.live_legs() == 0
            && (course.stopping_since.is_some() || !self.agent.is_about_to_call())
            && is_settled
    }

    /// Takes back the phone's registration. True when there is none, or not any more, or it has
    /// been waited for long enough.
    fn has_left(&mut self, now: Instant, course: &mut Course) -> bool {
        let since = *course.leaving_since.get_or_insert(now);
        let leaves = self.agent.leave(now, &mut self.endpoint);
        !leaves || now - since >= LAST_WORDS
    }

    /// When to look again though nothing comes in.
    fn deadline(&self, now: Instant) -> Instant {
        let timeouts = [self.endpoint.poll_timeout(), self.agent.poll_timeout()];
        let latest = now + LAST_WORDS;
        timeouts.into_iter().flatten().fold(latest, Instant::min)
    }

    fn flow(&self, remote: SocketAddr) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: self.address,
            remote,
            connection: ConnectionId::default(),
        }
    }

    /// Passes on everything that the endpoint has to say, until nothing is left.
    async fn flush(&mut self, news: &mpsc::UnboundedSender<News>) {
        loop {
            let mut quiet = true;
            while let Some((leg, event)) = self.endpoint.poll_event() {
                quiet = false;
                self.agent
                    .handle_event(Instant::now(), &mut self.endpoint, leg, event);
            }
            while let Some((_, event)) = self.endpoint.poll_registration() {
                quiet = false;
                self.agent
                    .handle_registration(Instant::now(), &mut self.endpoint, &event);
            }
            while let Some(resolve) = self.endpoint.poll_resolve() {
                quiet = false;
                let targets = look_up(&resolve).await;
                self.endpoint
                    .handle_resolved(Instant::now(), resolve.id, targets);
            }
            while let Some(transmit) = self.endpoint.poll_transmit() {
                quiet = false;
                let sent = self
                    .sip
                    .send_to(&transmit.bytes, transmit.flow.remote)
                    .await;
                if let Err(error) = sent {
                    let why = error.to_string();
                    self.endpoint
                        .handle_send_error(Instant::now(), transmit.id, &why);
                }
            }
            while let Some(item) = self.agent.poll_news() {
                let _ = news.send(item);
            }
            if quiet {
                return;
            }
        }
    }

    async fn beat(&mut self, news: &mpsc::UnboundedSender<News>) {
        for (packet, to) in self.agent.beat(Instant::now(), &mut self.endpoint) {
            // A peer without an RTP port makes loopback answer with an error; that is its affair.
            let _ = self.rtp.send_to(&packet, to).await;
        }
        self.heard.clear();
        let rate = self.agent.take_heard(&mut self.heard);
        if let Some(recording) = &mut self.recording
            && !self.heard.is_empty()
            && let Err(error) = recording.write(rate, &self.heard)
        {
            self.give_up_recording(news, &error);
        }
    }

    /// A call is over, and whoever waits for that may look at the file now.
    fn save_recording(&mut self, news: &mpsc::UnboundedSender<News>) {
        if let Some(recording) = &mut self.recording
            && let Err(error) = recording.save()
        {
            self.give_up_recording(news, &error);
        }
    }

    fn give_up_recording(&mut self, news: &mpsc::UnboundedSender<News>, error: &io::Error) {
        self.recording = None;
        let _ = news.send(News::CannotRecord(error.to_string()));
    }
}

/// How a run stands.
struct Course {
    /// When the phone was told to stop.
    stopping_since: Option<Instant>,
    /// There were calls at the last look.
    calls: bool,
    /// When the last call was over.
    quiet_since: Instant,
    /// When the phone began to take back its registration.
    leaving_since: Option<Instant>,
}

/// What has become of calls since the last look.
enum Turn {
    CallsBegan,
    CallsEnded,
    None,
}

impl Course {
    fn new(now: Instant) -> Course {
        Course {
            stopping_since: None,
            calls: false,
            quiet_since: now,
            leaving_since: None,
        }
    }

    fn follow(&mut self, now: Instant, calls: bool) -> Turn {
        if calls {
            self.quiet_since = now;
        }
        match (std::mem::replace(&mut self.calls, calls), calls) {
            (false, true) => Turn::CallsBegan,
            (true, false) => Turn::CallsEnded,
            _ => Turn::None,
        }
    }
}

async fn bind(address: SocketAddr) -> Result<UdpSocket, PhoneError> {
    UdpSocket::bind(address)
        .await
        .map_err(|error| PhoneError::Bind { address, error })
}

/// The address to write down for others: a wildcard cannot be called, loopback can.
fn routable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), address.port())
        }
        _ => address,
    }
}

async fn look_up(resolve: &Resolve) -> Vec<Target> {
    if resolve.secure || resolve.transport.is_some_and(|t| t != Transport::Udp) {
        return Vec::new();
    }
    let port = resolve.port.unwrap_or(Transport::Udp.default_port());
    match tokio::net::lookup_host((resolve.host.as_str(), port)).await {
        Ok(addresses) => addresses.map(|address| (Transport::Udp, address)).collect(),
        Err(_) => Vec::new(),
    }
}
