//! Where a request goes: RFC 3263 as a state machine that asks DNS questions and takes answers.
//!
//! A [`Locator`] looks for one place. It asks for NAPTR, SRV and addresses in that order, as far
//! as what is written in the URI leaves something open, and ends with [`Candidate`]s, the best
//! first. Nothing in an answer is trusted: every list is cut, every name is looked at, and a
//! question is asked once. No answer is kept beyond the request it was asked for, so a TTL has
//! nothing to say here.

mod dead_hosts;
mod not_found;
mod order;
mod record;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

pub use dead_hosts::DeadHosts;
pub use not_found::NotFound;
pub use record::{DnsAnswer, DnsQuestion, Naptr, Record, RecordKind, Srv};

use crate::transport::Transport;
use order::{Dice, alternate, by_priority};

/// Records of one answer that are looked at; a zone that names more than that is joking.
const MOST_RECORDS: usize = 64;
/// Transports that NAPTR may offer.
const MOST_SERVICES: usize = 4;
/// Hosts whose addresses are asked for.
const MOST_HOSTS: usize = 8;
/// Addresses of one host that are used, of each family.
const MOST_ADDRESSES: usize = 8;
/// Candidates in all: each costs the caller's patience once.
const MOST_CANDIDATES: usize = 8;

/// One place to try: a transport and an address.
pub type Candidate = (Transport, SocketAddr);

/// What is known of a place before anything is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The host name, or an address.
    pub host: String,
    /// The port, if one was written: then neither NAPTR nor SRV is asked.
    pub port: Option<u16>,
    /// The transport, if one was written: then NAPTR is not asked.
    pub transport: Option<Transport>,
    /// Whether only TLS will do (`sips:`).
    pub secure: bool,
}

/// The transports and address families that we can use: what we listen on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Means(Vec<(Transport, bool)>);

impl Means {
    /// From the bound addresses.
    pub fn new(listeners: impl IntoIterator<Item = (Transport, IpAddr)>) -> Means {
        let pairs = listeners.into_iter();
        Means(pairs.map(|(t, ip)| (t, ip.is_ipv4())).collect())
    }

    /// Whether we can use this transport with any family.
    pub fn has(&self, transport: Transport) -> bool {
        self.0.iter().any(|(known, _)| *known == transport)
    }

    fn has_family(&self, transport: Transport, ipv4: bool) -> bool {
        self.0.contains(&(transport, ipv4))
    }
}

/// One search.
#[derive(Debug)]
pub struct Locator {
    place: Place,
    means: Means,
    dice: Dice,
    stage: Stage,
    asked: Vec<DnsQuestion>,
    unsent: VecDeque<usize>,
    candidates: Vec<Candidate>,
    // What speaks against finding anything.
    is_denied: bool,
    is_unanswered: bool,
    has_addresses: bool,
}

#[derive(Debug)]
enum Stage {
    Naptr,
    /// One entry for each transport, the preferred one first.
    Services(Vec<Service>),
    Hosts(Vec<Host>),
    Done,
}

#[derive(Debug)]
struct Service {
    transport: Transport,
    question: usize,
    records: Option<Vec<Srv>>,
    // `.`: decidedly not offered (RFC 2782).
    is_denied: bool,
}

#[derive(Debug)]
struct Host {
    transport: Transport,
    port: u16,
    // Questions with their answers, IPv6 first (RFC 6724); a literal has been answered already.
    asked: Vec<(usize, Option<Vec<IpAddr>>)>,
    literal: Option<IpAddr>,
}

impl Locator {
    /// Begins a search. `seed` decides between records of equal priority.
    pub fn new(place: Place, means: Means, seed: u64) -> Locator {
        let mut locator = Locator {
            place,
            means,
            dice: Dice::new(seed),
            stage: Stage::Done,
            asked: Vec::new(),
            unsent: VecDeque::new(),
            candidates: Vec::new(),
            is_denied: false,
            is_unanswered: false,
            has_addresses: false,
        };
        locator.begin();
        locator
    }

    /// The next question. All that are given out may be asked at the same time.
    pub fn poll_question(&mut self) -> Option<DnsQuestion> {
        let at = self.unsent.pop_front()?;
        self.asked.get(at).cloned()
    }

    /// The answer to a question. Answers to what was not asked, and second answers, are ignored.
    pub fn handle_answer(&mut self, question: &DnsQuestion, answer: DnsAnswer) {
        let Some(at) = self.asked.iter().position(|known| known == question) else {
            return;
        };
        let records = match answer {
            DnsAnswer::Records(mut records) => {
                records.truncate(MOST_RECORDS);
                records
            }
            DnsAnswer::Nothing => Vec::new(),
            DnsAnswer::Failed => {
                self.is_unanswered = true;
                Vec::new()
            }
        };
        match &mut self.stage {
            Stage::Naptr if question.kind == RecordKind::Naptr => self.take_naptr(records),
            Stage::Services(services) => {
                let open = |s: &&mut Service| s.question == at && s.records.is_none();
                for service in services.iter_mut().filter(open) {
                    let found: Vec<Srv> = records.iter().filter_map(Record::srv).collect();
                    service.is_denied = !found.is_empty() && found.iter().all(Srv::is_denial);
                    let usable = found.into_iter().filter(Srv::is_usable);
                    service.records = Some(usable.collect());
                }
                self.after_services();
            }
            Stage::Hosts(hosts) => {
                let wanted = question.kind == RecordKind::A;
                let found: Vec<IpAddr> = records
                    .iter()
                    .filter_map(Record::address)
                    .filter(|ip| ip.is_ipv4() == wanted && is_callable(ip))
                    .take(MOST_ADDRESSES)
                    .collect();
                let open = hosts.iter_mut().flat_map(|host| &mut host.asked);
                for (_, slot) in open.filter(|(q, slot)| *q == at && slot.is_none()) {
                    *slot = Some(found.clone());
                }
                self.after_hosts();
            }
            Stage::Naptr | Stage::Done => {}
        }
    }

    /// No more waiting: what is not answered counts as empty. Nothing is asked any more, and
    /// [`Locator::candidates`] gives what has been found.
    pub fn give_up(&mut self) {
        if matches!(self.stage, Stage::Done) {
            return;
        }
        self.is_unanswered = true;
        if let Stage::Hosts(hosts) = std::mem::replace(&mut self.stage, Stage::Done) {
            self.settle(&hosts);
        }
        self.unsent.clear();
    }

    /// The places to try, best first; `None` while answers are missing. Empty when there is none.
    pub fn candidates(&self) -> Option<&[Candidate]> {
        matches!(self.stage, Stage::Done).then_some(&*self.candidates)
    }

    /// Why there is no place to try, once the search is over.
    pub fn not_found(&self) -> Option<NotFound> {
        let is_over = matches!(self.stage, Stage::Done) && self.candidates.is_empty();
        is_over.then_some(match () {
            () if self.has_addresses => NotFound::OutOfReach,
            () if self.is_unanswered => NotFound::Unanswered,
            () if self.is_denied => NotFound::Denied,
            () => NotFound::NoAddress,
        })
    }

    fn begin(&mut self) {
        let literal = self.place.host.trim_matches(['[', ']']).parse::<IpAddr>();
        if literal.is_ok() || self.place.port.is_some() {
            return self.ask_place();
        }
        match self.place.transport {
            Some(transport) => self.ask_services(vec![transport]),
            None => {
                self.stage = Stage::Naptr;
                let host = self.place.host.clone();
                if self.ask(&host, RecordKind::Naptr).is_none() {
                    self.stage = Stage::Done;
                }
            }
        }
    }

    /// RFC 3263 section 4.1: the transports that the domain offers, in its order.
    fn take_naptr(&mut self, records: Vec<Record>) {
        let mut offers: Vec<Naptr> = records.into_iter().filter_map(Record::into_naptr).collect();
        offers.retain(|offer| {
            let fits = offer.transport().is_some_and(|(transport, secure)| {
                self.means.has(transport) && (secure || !self.place.secure)
            });
            fits && offer.is_service()
        });
        offers.sort_by_key(|offer| (offer.order, offer.preference));
        let mut services = Vec::new();
        for offer in offers.into_iter().take(MOST_SERVICES) {
            if let Some((transport, _)) = offer.transport()
                && let Some(question) = self.ask(&offer.replacement, RecordKind::Srv)
            {
                services.push(Service {
                    transport,
                    question,
                    records: None,
                    is_denied: false,
                });
            }
        }
        if services.is_empty() {
            let all: &[Transport] = match self.place.secure {
                true => &[Transport::Tls],
                false => &[Transport::Udp, Transport::Tcp],
            };
            let ours = all.iter().copied().filter(|t| self.means.has(*t));
            return self.ask_services(ours.collect());
        }
        self.stage = Stage::Services(services);
    }

    fn ask_services(&mut self, transports: Vec<Transport>) {
        let mut services = Vec::new();
        for transport in transports {
            let prefix = match transport {
                Transport::Udp => "_sip._udp",
                Transport::Tcp => "_sip._tcp",
                Transport::Tls => "_sips._tcp",
                // No service names are registered for these.
                Transport::Ws | Transport::Wss => continue,
            };
            let name = format!("{prefix}.{}", self.place.host);
            if let Some(question) = self.ask(&name, RecordKind::Srv) {
                services.push(Service {
                    transport,
                    question,
                    records: None,
                    is_denied: false,
                });
            }
        }
        self.stage = Stage::Services(services);
        self.after_services();
    }

    fn after_services(&mut self) {
        let Stage::Services(services) = &mut self.stage else {
            return;
        };
        if services.iter().any(|service| service.records.is_none()) {
            return;
        }
        let services = std::mem::take(services);
        self.is_denied = services.iter().any(|service| service.is_denied);
        let mut hosts = Vec::new();
        for service in services {
            for record in by_priority(service.records.unwrap_or_default(), &mut self.dice) {
                if hosts.len() < MOST_HOSTS {
                    hosts.extend(self.ask_host(service.transport, &record.target, record.port));
                }
            }
        }
        if !hosts.is_empty() {
            self.stage = Stage::Hosts(hosts);
            return self.after_hosts();
        }
        // A domain that says "not here" is not called at its address (RFC 2782).
        match self.is_denied {
            true => self.stage = Stage::Done,
            false => self.ask_place(),
        }
    }

    /// The addresses of the host itself (RFC 3263 section 4.2).
    fn ask_place(&mut self) {
        let transport = match self.place.transport {
            Some(transport) => transport,
            None if self.place.secure => Transport::Tls,
            None => {
                let plain = [Transport::Udp, Transport::Tcp];
                let ours = plain.into_iter().find(|t| self.means.has(*t));
                ours.unwrap_or(Transport::Udp)
            }
        };
        let port = self.place.port.unwrap_or(transport.default_port());
        let name = self.place.host.clone();
        let host = self.ask_host(transport, &name, port);
        self.stage = Stage::Hosts(host.into_iter().collect());
        self.after_hosts();
    }

    fn ask_host(&mut self, transport: Transport, name: &str, port: u16) -> Option<Host> {
        let mut host = Host {
            transport,
            port,
            asked: Vec::new(),
            literal: name.trim_matches(['[', ']']).parse().ok(),
        };
        if host.literal.is_none() {
            for (kind, ipv4) in [(RecordKind::Aaaa, false), (RecordKind::A, true)] {
                if self.means.has_family(transport, ipv4)
                    && let Some(question) = self.ask(name, kind)
                {
                    host.asked.push((question, None));
                }
            }
        }
        (host.literal.is_some() || !host.asked.is_empty()).then_some(host)
    }

    fn after_hosts(&mut self) {
        let Stage::Hosts(hosts) = &mut self.stage else {
            return;
        };
        let open = |host: &Host| host.asked.iter().any(|(_, found)| found.is_none());
        if hosts.iter().any(open) {
            return;
        }
        let hosts = std::mem::take(hosts);
        self.stage = Stage::Done;
        self.settle(&hosts);
    }

    fn settle(&mut self, hosts: &[Host]) {
        for host in hosts {
            let found = host.asked.iter().map(|(_, ips)| ips.as_deref());
            let lists: Vec<&[IpAddr]> = found.map(Option::unwrap_or_default).collect();
            let literal = host.literal.filter(is_callable);
            for ip in literal.into_iter().chain(alternate(&lists)) {
                let candidate = (host.transport, SocketAddr::new(ip, host.port));
                self.has_addresses = true;
                let usable = self.means.has_family(host.transport, ip.is_ipv4());
                if usable
                    && !self.candidates.contains(&candidate)
                    && self.candidates.len() < MOST_CANDIDATES
                {
                    self.candidates.push(candidate);
                }
            }
        }
    }

    /// Notes a question; the same question is asked once. `None` when the name cannot be asked.
    fn ask(&mut self, name: &str, kind: RecordKind) -> Option<usize> {
        let question = DnsQuestion::new(name, kind)?;
        if let Some(at) = self.asked.iter().position(|known| *known == question) {
            return Some(at);
        }
        self.asked.push(question);
        let at = self.asked.len() - 1;
        self.unsent.push_back(at);
        Some(at)
    }
}

/// Whether an address can be somebody's; what a resolver says need not make sense.
fn is_callable(ip: &IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast
}
