//! Names to addresses: records for SIP, which looks for its places itself (RFC 3263), and plain
//! addresses for HTTP.

use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hookflash_sip::locate::{DnsAnswer, DnsQuestion, Naptr, Record, RecordKind, Srv};

/// How long a name may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a name server may leave one question unanswered before it is asked again. A call has
/// to ask three after one another, so the resolver's usual five seconds would use up its time.
const SILENCE: Duration = Duration::from_millis(1_500);
/// How often it is asked again.
const REPETITIONS: usize = 1;

/// The names of one shard. Made when the first name is asked for, so that a machine without DNS
/// serves calls between addresses.
#[derive(Clone)]
pub(crate) struct Names(Rc<Asking>);

struct Asking {
    /// The name servers; those of the system when there are none.
    servers: Vec<SocketAddr>,
    silence: Duration,
    resolver: OnceCell<Option<TokioResolver>>,
}

impl Default for Names {
    fn default() -> Names {
        Names::asking(&[])
    }
}

impl Names {
    /// Asks these name servers, or the system's when the list is empty.
    pub(crate) fn asking(servers: &[SocketAddr]) -> Names {
        Names::with_silence(servers, SILENCE)
    }

    fn with_silence(servers: &[SocketAddr], silence: Duration) -> Names {
        Names(Rc::new(Asking {
            servers: servers.to_vec(),
            silence,
            resolver: OnceCell::new(),
        }))
    }

    /// The addresses of a host; empty when there are none. Addresses and `localhost` are never
    /// asked for.
    pub(crate) async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        if let Some(known) = without_asking(host) {
            return known;
        }
        let Some(resolver) = self.resolver() else {
            return Vec::new();
        };
        match tokio::time::timeout(PATIENCE, resolver.lookup_ip(host)).await {
            Ok(Ok(found)) => found.iter().collect(),
            Ok(Err(error)) => {
                tracing::debug!(host, %error, "no address");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    /// The records that a question asks for. That there are none is told apart from a name server
    /// that is silent, fails, or makes no sense.
    pub(crate) async fn records(&self, question: &DnsQuestion) -> DnsAnswer {
        if let Some(known) = without_asking(&question.name) {
            let wanted = |ip: &IpAddr| match question.kind {
                RecordKind::A => ip.is_ipv4(),
                RecordKind::Aaaa => ip.is_ipv6(),
                RecordKind::Naptr | RecordKind::Srv => false,
            };
            return answer(
                known
                    .into_iter()
                    .filter(wanted)
                    .map(Record::Address)
                    .collect(),
            );
        }
        let kind = match question.kind {
            RecordKind::Naptr => RecordType::NAPTR,
            RecordKind::Srv => RecordType::SRV,
            RecordKind::A => RecordType::A,
            RecordKind::Aaaa => RecordType::AAAA,
        };
        let Some(resolver) = self.resolver() else {
            return DnsAnswer::Failed;
        };
        // Absolute: no search list may lead a call elsewhere.
        match resolver.lookup(format!("{}.", question.name), kind).await {
            Ok(found) => {
                let records = found.answers().iter();
                answer(records.filter_map(|record| read(&record.data)).collect())
            }
            Err(error) if is_nothing(&error) => DnsAnswer::Nothing,
            Err(error) => {
                tracing::debug!(name = question.name, %kind, %error, "DNS failed");
                DnsAnswer::Failed
            }
        }
    }

    fn resolver(&self) -> Option<&TokioResolver> {
        let build = || match self.0.servers.as_slice() {
            [] => TokioResolver::builder_tokio(),
            servers => {
                let servers = servers.iter().map(|server| {
                    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
                    for connection in &mut connections {
                        connection.port = server.port();
                    }
                    NameServerConfig::new(server.ip(), true, connections)
                });
                let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
                let provider = TokioRuntimeProvider::default();
                Ok(TokioResolver::builder_with_config(config, provider))
            }
        };
        self.0
            .resolver
            .get_or_init(|| {
                let built = build().and_then(|mut builder| {
                    let options = builder.options_mut();
                    options.timeout = options.timeout.min(self.0.silence);
                    options.attempts = REPETITIONS;
                    builder.build()
                });
                built
                    .inspect_err(|error| tracing::error!(%error, "names cannot be resolved"))
                    .ok()
            })
            .as_ref()
    }
}

fn answer(records: Vec<Record>) -> DnsAnswer {
    match records.is_empty() {
        true => DnsAnswer::Nothing,
        false => DnsAnswer::Records(records),
    }
}

/// Whether the name server said that there is no such name or record.
fn is_nothing(error: &NetError) -> bool {
    matches!(
        error,
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError)
    )
}

fn read(data: &RData) -> Option<Record> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(match data {
        RData::A(ip) => Record::Address(ip.0.into()),
        RData::AAAA(ip) => Record::Address(ip.0.into()),
        RData::SRV(SRV {
            priority,
            weight,
            port,
            target,
            ..
        }) => Record::Srv(Srv {
            priority: *priority,
            weight: *weight,
            port: *port,
            target: plain(target),
        }),
        RData::NAPTR(NAPTR {
            order,
            preference,
            flags,
            services,
            regexp,
            replacement,
            ..
        }) => Record::Naptr(Naptr {
            order: *order,
            preference: *preference,
            flags: text(flags),
            service: text(services),
            regexp: text(regexp),
            replacement: plain(replacement),
        }),
        _ => return None,
    })
}

/// A name without the last dot; the root, which says "not offered", stays one.
fn plain(name: &Name) -> String {
    let text = name.to_ascii();
    match text.strip_suffix('.') {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => text,
    }
}

/// The answer that needs no question, if there is one.
fn without_asking(host: &str) -> Option<Vec<IpAddr>> {
    let bare = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(ip) = bare.parse() {
        return Some(vec![ip]);
    }
    let local = bare.trim_end_matches('.').to_ascii_lowercase();
    if local == "localhost" || local.ends_with(".localhost") {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    // RFC 6761 section 6.4: nobody knows these.
    (local == "invalid" || local.ends_with(".invalid")).then(Vec::new)
}

#[cfg(test)]
mod tests;
