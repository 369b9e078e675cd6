//! The server as a whole: starts, reloads, drains.

use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use hookflash_call::{CallRecord, Ledger};
use hookflash_dialects::{CallOrder, CallUpdate};
use hookflash_sip::{EndpointConfig, Method, Shard as Place, Transport};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::oneshot;

use crate::PRODUCT;
use crate::config::{Config, Listen};
use crate::guard::Guard;
use crate::http::api::Meter;
use crate::http::{self, Desk};
use crate::media::{Advertise, Media};
use crate::open_files;
use crate::placing::{self, NotPlaced, NotUpdated, Updated};
use crate::prompts::{Limits, Prompts};
use crate::recordings::Recordings;
use crate::records::{self, Records};
use crate::shard::{Common, Input, Mail, Post, Realms, Shard, run as run_shard};
use crate::sip::datagrams::UdpSockets;
use crate::sip::{Bound, bind, listener};
use crate::speech::{self, Speech};
use crate::switchboard::Switchboard;
use crate::webhook::Times;

/// How long a call may look for the place that it goes to: time for three questions after one
/// another of which each is repeated.
const DNS_PATIENCE: Duration = Duration::from_secs(8);

/// Why the server did not start.
#[derive(Debug)]
pub enum StartError {
    /// An address cannot be listened on.
    Bind {
        /// The address, as a URL.
        address: String,
        /// The key and option that set it.
        setting: &'static str,
        /// The operating system's word for it.
        error: std::io::Error,
    },
    /// The advertised host has no address.
    Advertise(String),
    /// A static document cannot be read (any more).
    Document(String),
    /// The store cannot be opened.
    Store(String),
    /// The operating system gave no thread or event queue.
    Machine(std::io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Bind {
                address,
                setting,
                error,
            } => {
                let remedy = match error.kind() {
                    std::io::ErrorKind::AddrInUse => {
                        "another process has it; stop that one or choose another port"
                    }
                    std::io::ErrorKind::AddrNotAvailable => {
                        "no interface of this machine has this address"
                    }
                    std::io::ErrorKind::PermissionDenied => {
                        "ports below 1024 need a privilege; choose a higher one"
                    }
                    _ => "choose another address",
                };
                write!(
                    f,
                    "cannot listen on {address}: {error}; {remedy} ({setting})"
                )
            }
            StartError::Advertise(host) => write!(
                f,
                "sip.advertise: the host {host} has no address; write one that resolves, or an \
                 IP address"
            ),
            StartError::Document(why) => write!(f, "applications: {why}"),
            StartError::Store(why) => write!(f, "the store cannot be opened (store.url): {why}"),
            StartError::Machine(error) => write!(f, "the operating system refused: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// The server.
#[derive(Debug)]
pub struct Server;

/// A server that runs on its own threads. Dropping it stops them at once; [`Running::drain`]
/// lets calls finish first.
pub struct Running {
    /// Every address that SIP is spoken on, in the order of the configuration.
    pub sip_addrs: Vec<(Transport, SocketAddr)>,
    /// The address of the HTTP listener.
    pub http_addr: SocketAddr,
    /// What listeners and threads were made from; a reload does not change them.
    started: Config,
    grace: Duration,
    desk: Arc<Desk>,
    haste: Haste,
    stops: Vec<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// Ends the patience of [`Running::drain`].
#[derive(Clone, Debug, Default)]
pub struct Haste(Arc<AtomicBool>);

impl Haste {
    /// From now on calls are not waited for: those that are left get BYE, and their applications
    /// hear of it.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Server {
    /// Binds every listener and begins to take calls.
    ///
    /// # Errors
    /// When an address cannot be bound or the configuration cannot be carried out; nothing runs
    /// then.
    pub fn start(config: Config) -> Result<Running, StartError> {
        open_files::allow_most();
        let Sockets { sip, http } = Sockets::bind(&config)?;
        if wants_events(&config) {
            // The first number would otherwise pay for reading them, in the middle of a call.
            hookflash_dialects::jambonz::load_numbering_plans();
        }
        let http_addr = http.local_addr().map_err(StartError::Machine)?;
        let sip_addrs: Vec<(Transport, SocketAddr)> = sip
            .iter()
            .map(|(transport, (_, address))| (*transport, *address))
            .collect();
        let media = Advertise {
            configured: media_address(&config)?,
            listeners: sip_addrs.iter().map(|(_, address)| address.ip()).collect(),
        };
        let public_url = public_url(&config, http_addr);
        let board = Switchboard::new(&config, &public_url, &addresses(&sip_addrs))
            .map(Arc::new)
            .map_err(StartError::Document)?;
        let (udp, shares) = share_out(sip, config.shards)?;
        let (mail, posts) = Mail::new(config.shards);
        let (speech, jobs) = Speech::new(&config.speech);
        let common = common(&config, UdpSockets::new(udp), mail, speech)?;
        let settings = http::Settings::new(&config, public_url);
        let desk = desk(&common, settings, Arc::clone(&board))?;
        let mut running = Running {
            sip_addrs,
            http_addr,
            desk: Arc::clone(&desk),
            haste: Haste::default(),
            stops: Vec::new(),
            threads: Vec::new(),
            grace: config.shutdown.grace,
            started: config,
        };
        for (index, (share, post)) in shares.into_iter().zip(posts).enumerate() {
            let part = Part {
                common: common.clone(),
                settings: running.endpoint_config(index),
                board: Arc::clone(&board),
                ports: running.started.media.ports,
                media: media.clone(),
                share,
                post,
            };
            running.spawn(format!("shard-{index}"), move |stop| part.run(stop))?;
        }
        running.spawn_helpers(common.records, jobs, http)?;
        running.announce();
        Ok(running)
    }
}

/// Every listener, bound.
struct Sockets {
    sip: Vec<(Transport, (Bound, SocketAddr))>,
    http: TcpListener,
}

impl Sockets {
    fn bind(config: &Config) -> Result<Sockets, StartError> {
        let mut sip = Vec::with_capacity(config.sip.listen.len());
        for listen in &config.sip.listen {
            sip.push((listen.transport, bind_sip(*listen)?));
        }
        Ok(Sockets {
            sip,
            http: bind_http(config.http.listen)?,
        })
    }
}

fn wants_events(config: &Config) -> bool {
    let mut applications = config.applications.iter();
    applications.any(|application| application.events_url.is_some())
}

/// The sockets that a shard reads.
type Share = Vec<(Bound, SocketAddr)>;
/// The sockets that every shard sends by.
type Senders = Vec<(SocketAddr, std::net::UdpSocket)>;

/// Gives each socket to a shard that reads it; those of UDP to all of them, for sending.
fn share_out(
    sip: Vec<(Transport, (Bound, SocketAddr))>,
    shards: usize,
) -> Result<(Senders, Vec<Share>), StartError> {
    let mut udp = Vec::new();
    let mut shares: Vec<Share> = Vec::new();
    shares.resize_with(shards, Vec::new);
    for (number, (_, (socket, address))) in sip.into_iter().enumerate() {
        if let Bound::Udp(socket) = &socket {
            udp.push((address, socket.try_clone().map_err(StartError::Machine)?));
        }
        if let Some(share) = shares.get_mut(number % shards) {
            share.push((socket, address));
        }
    }
    Ok((udp, shares))
}

/// What all shards share.
fn common(
    config: &Config,
    sockets: UdpSockets,
    mail: Mail,
    speech: Arc<Speech>,
) -> Result<Common, StartError> {
    let records = Records::open(config).map_err(|error| StartError::Store(error.to_string()))?;
    Ok(Common {
        sockets,
        connections: Arc::default(),
        ledger: Ledger::new(usize::try_from(config.records.max).unwrap_or(usize::MAX)),
        mail,
        prompts: Prompts::new(Limits::from(&config.media)),
        recordings: Recordings::open(&config.recordings.folder, &records),
        records,
        speech,
        realms: Realms::new(&config.sip.digest),
        entrance: Arc::default(),
        guard: Arc::default(),
        bindings: Arc::default(),
        registrations: Arc::default(),
        dns: config.sip.dns.as_slice().into(),
        personal_data: config.logs.personal_data,
        webhook_times: Times::new().map_err(unusable)?,
    })
}

/// What the HTTP listener shows and changes of it.
fn desk(
    common: &Common,
    settings: Arc<http::Settings>,
    board: Arc<Switchboard>,
) -> Result<Arc<Desk>, StartError> {
    let common = common.clone();
    Ok(Arc::new(Desk {
        ledger: common.ledger,
        mail: common.mail,
        connections: common.connections,
        guard: common.guard,
        client_guard: Guard::default(),
        meter: Meter::new().map_err(unusable)?,
        webhook_times: common.webhook_times,
        bindings: common.bindings,
        registrations: common.registrations,
        prompts: common.prompts,
        recordings: common.recordings,
        records: common.records,
        speech: common.speech,
        settings: RwLock::new(settings),
        board: RwLock::new(board),
        next_shard: AtomicUsize::new(0),
        draining: AtomicBool::new(false),
    }))
}

fn unusable(error: prometheus::Error) -> StartError {
    StartError::Machine(std::io::Error::other(error))
}

/// What a shard's thread is made from.
struct Part {
    common: Common,
    settings: EndpointConfig,
    board: Arc<Switchboard>,
    ports: crate::config::Ports,
    media: Advertise,
    share: Vec<(Bound, SocketAddr)>,
    post: Post,
}

type Work = std::pin::Pin<Box<dyn Future<Output = ()>>>;

impl Part {
    fn run(self, stop: oneshot::Receiver<()>) -> Work {
        Box::pin(async move {
            let Place { index, count } = self.settings.shard;
            let media = Media::new(self.ports, index, count, self.media);
            let shard = Shard::new(self.common, self.settings, self.board, media);
            run_shard(shard, self.share, self.post, ended(stop)).await;
        })
    }
}

async fn ended(stop: oneshot::Receiver<()>) {
    // A sender that was dropped says the same as one that spoke.
    let _ = stop.await;
}

impl Running {
    fn spawn(
        &mut self,
        name: String,
        work: impl FnOnce(oneshot::Receiver<()>) -> Work + Send + 'static,
    ) -> Result<(), StartError> {
        let (stop, stopped) = oneshot::channel();
        let (built, is_built) = std::sync::mpsc::sync_channel(1);
        // A runtime whose tasks are local by themselves: those of a `LocalSet` are woken through
        // the kernel each time.
        let run = move || match Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
        {
            Ok(runtime) => {
                let _ = built.send(Ok(()));
                runtime.block_on(work(stopped));
            }
            Err(error) => {
                let _ = built.send(Err(error));
            }
        };
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(run)
            .map_err(StartError::Machine)?;
        is_built
            .recv()
            .unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()))
            .map_err(StartError::Machine)?;
        self.stops.push(stop);
        self.threads.push(thread);
        Ok(())
    }

    /// What the endpoint of a shard is made from.
    fn endpoint_config(&self, index: usize) -> EndpointConfig {
        let sip = &self.started.sip;
        let mut allow = EndpointConfig::default().allow;
        allow.push(Method::Register);
        let listeners = self.sip_addrs.iter();
        EndpointConfig {
            allow,
            t1: sip.t1,
            t2: sip.t2,
            t4: sip.t4,
            user_agent: PRODUCT.to_owned(),
            contact_user: Some("hookflash".to_owned()),
            listeners: listeners
                .map(|(transport, local)| listener(*transport, *local, sip.advertise.as_deref()))
                .collect(),
            shard: Place {
                index,
                count: self.started.shards,
            },
            session_expires: Some(sip.session_expires).filter(|time| !time.is_zero()),
            min_se: sip.min_se,
            asks_dns: true,
            dns_patience: DNS_PATIENCE,
            ..EndpointConfig::default()
        }
    }

    /// Begins the threads that are no shards.
    fn spawn_helpers(
        &mut self,
        records: Records,
        jobs: speech::Jobs,
        http: TcpListener,
    ) -> Result<(), StartError> {
        let setup = records::Setup::from(&self.started);
        self.spawn("records".to_owned(), move |stop| {
            Box::pin(records::run(records, setup, ended(stop)))
        })?;
        let setup = speech::Setup::from(&self.started);
        self.spawn("speech".to_owned(), move |stop| {
            Box::pin(speech::run(setup, jobs, ended(stop)))
        })?;
        let desk = Arc::clone(&self.desk);
        self.spawn("http".to_owned(), move |stop| {
            Box::pin(async move {
                if let Err(error) = http::serve(http, desk, ended(stop)).await {
                    tracing::error!(%error, "the HTTP listener broke");
                }
            })
        })
    }

    fn announce(&self) {
        for (transport, address) in &self.sip_addrs {
            tracing::info!("listening for SIP on {transport} {address}");
        }
        tracing::info!("listening for HTTP on {}", self.http_addr);
        warn(&self.started);
    }

    /// How long calls may go on when the server stops, as configured.
    pub fn shutdown_grace(&self) -> Duration {
        self.grace
    }

    /// What cuts the grace of [`Running::drain`] short.
    pub fn haste(&self) -> Haste {
        self.haste.clone()
    }

    /// The records of all calls.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.desk.ledger
    }

    /// Places a call. Its record is given back when a crash can no longer make it be forgotten.
    ///
    /// # Errors
    /// When it may not be placed, or the called party cannot be reached.
    pub async fn place(&self, order: CallOrder) -> Result<Arc<CallRecord>, NotPlaced> {
        placing::place(&self.desk, order).await
    }

    /// Changes a call of an account, or has it do something.
    ///
    /// # Errors
    /// When the account has no such call, or the call cannot do that as it stands.
    pub async fn update(
        &self,
        account: &str,
        sid: &str,
        update: CallUpdate,
    ) -> Result<Updated, NotUpdated> {
        placing::update(&self.desk, account, sid, update).await
    }

    /// Takes over a changed configuration for new calls; calls that run keep theirs. Returns the
    /// keys whose change needs a restart.
    ///
    /// # Errors
    /// When the configuration cannot be carried out; the old one stays.
    pub async fn reload(&mut self, config: Config) -> Result<Vec<&'static str>, StartError> {
        let public_url = public_url(&config, self.http_addr);
        let board = Switchboard::new(&config, &public_url, &addresses(&self.sip_addrs))
            .map(Arc::new)
            .map_err(StartError::Document)?;
        for index in 0..self.desk.mail.count() {
            let board = Arc::clone(&board);
            let (done, is_done) = oneshot::channel::<()>();
            let work = Box::new(move |shard: &std::rc::Rc<Shard>| {
                shard.reload(board);
                drop(done);
            });
            self.desk.mail.deliver(index, Input::Do(work)).await;
            // A call that comes from now on is a new one. Dropped or not, the shard has seen it.
            let _ = is_done.await;
        }
        let settings = http::Settings::new(&config, public_url);
        self.desk.set(settings, board);
        self.desk.records.reload(&config);
        self.desk.prompts.set_limits(Limits::from(&config.media));
        self.desk.speech.reload((&config).into()).await;
        self.grace = config.shutdown.grace;
        tracing::info!("the configuration was read again");
        warn(&config);
        Ok(needs_restart(&self.started, &config))
    }

    /// Takes no new calls (503), lets those that run finish for `grace` or until [`Haste`] is made,
    /// ends the rest with BYE, delivers the final callbacks, and stops.
    pub async fn drain(mut self, grace: Duration) {
        self.desk.draining.store(true, Ordering::Relaxed);
        let mut drained = Vec::new();
        for index in 0..self.desk.mail.count() {
            let (done, is_done) = oneshot::channel::<()>();
            let haste = self.haste();
            let work = Box::new(move |shard: &std::rc::Rc<Shard>| {
                let shard = std::rc::Rc::clone(shard);
                tokio::task::spawn_local(async move {
                    shard.drain(grace, haste).await;
                    drop(done);
                });
            });
            self.desk.mail.deliver(index, Input::Do(work)).await;
            drained.push(is_done);
        }
        for is_done in drained {
            ended(is_done).await;
        }
        self.desk.recordings.settle();
        self.stops.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread ended in a panic");
            }
        }
        // Last, when nobody has anything to keep any more.
        self.desk.records.close().await;
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("sip_addrs", &self.sip_addrs)
            .field("http_addr", &self.http_addr)
            .finish_non_exhaustive()
    }
}

fn addresses(sip: &[(Transport, SocketAddr)]) -> Vec<SocketAddr> {
    sip.iter().map(|(_, address)| *address).collect()
}

fn bind_sip(listen: Listen) -> Result<(Bound, SocketAddr), StartError> {
    bind(listen).map_err(|error| StartError::Bind {
        address: listen.to_string(),
        setting: "sip.listen, --sip",
        error,
    })
}

fn bind_http(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| StartError::Bind {
        address: format!("http://{address}"),
        setting: "http.listen, --http",
        error,
    })
}

/// The address that SDP names instead of the bound one.
fn media_address(config: &Config) -> Result<Option<IpAddr>, StartError> {
    let Some(host) = &config.sip.advertise else {
        return Ok(None);
    };
    if let Ok(ip) = host.parse() {
        return Ok(Some(ip));
    }
    let name = host
        .rsplit_once(':')
        .map_or(host.as_str(), |(name, _)| name);
    let found = (name, 0)
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next());
    found
        .map(|address| Some(address.ip()))
        .ok_or_else(|| StartError::Advertise(host.clone()))
}

fn public_url(config: &Config, http: SocketAddr) -> String {
    config
        .http
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{http}"))
}

/// Tells the operator what is odd about a configuration that is valid.
fn warn(config: &Config) {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if config.applications.is_empty() {
        tracing::warn!(
            "no application is configured, so every call that comes in gets 404; give --webhook URL, or \
             [[accounts]] and [[applications]] in hookflash.toml"
        );
    }
}

/// What cannot change while listeners are bound and threads run.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let sip = |config: &Config| {
        let sip = &config.sip;
        (sip.t1, sip.t2, sip.t4, sip.session_expires, sip.min_se)
    };
    let mut keys = Vec::new();
    for (key, changed) in [
        ("shards", old.shards != new.shards),
        ("sip.listen", old.sip.listen != new.sip.listen),
        ("sip.advertise", old.sip.advertise != new.sip.advertise),
        ("sip.dns", old.sip.dns != new.sip.dns),
        ("sip.digest", old.sip.digest != new.sip.digest),
        ("sip timers", sip(old) != sip(new)),
        ("http.listen", old.http.listen != new.http.listen),
        ("media.ports", old.media.ports != new.media.ports),
        (
            "recordings.folder",
            old.recordings.folder != new.recordings.folder,
        ),
        ("store.url", old.store.url != new.store.url),
        ("store.node", old.store.node != new.store.node),
        ("records.max", old.records.max != new.records.max),
        (
            "logs.personal_data",
            old.logs.personal_data != new.logs.personal_data,
        ),
    ] {
        if changed {
            keys.push(key);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_order_that_breaks_takes_no_call_of_its_shard_along() {
        let config = "shards = 1\n[sip]\nlisten = [\"udp://127.0.0.1:0\"]\n[http]\n\
                      listen = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite::memory:\"";
        let here = std::path::Path::new(".");
        let config = Config::from_parts("t", config, here, &[], &Default::default()).unwrap();
        let running = Server::start(config).unwrap();
        let mail = &running.desk.mail;
        let broken = mail.ask(0, |shard| {
            shard.flush();
            assert!(shard.index() > 0, "a fault of the test");
        });
        assert_eq!(broken.await, None);
        assert_eq!(mail.ask(0, |shard| shard.index()).await, Some(0));
    }
}
