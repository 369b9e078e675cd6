//! Names to addresses: for SIP as RFC 3263 says, for HTTP plainly.

use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{RData, RecordType};
use hookflash_sip::{Resolve, Transport};

/// How long a name may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The names of one shard. Made when the first name is asked for, so that a machine without DNS
/// serves calls between addresses.
#[derive(Clone, Default)]
pub(crate) struct Names(Rc<OnceCell<Option<TokioResolver>>>);

impl Names {
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

    /// Where a request goes, best first (RFC 3263 section 4). A written port skips SRV, a written
    /// transport decides among its records. NAPTR is not asked: without it the choice of
    /// transport is ours (section 4.1), and that is UDP, then TCP.
    pub(crate) async fn targets(&self, question: &Resolve) -> Vec<(Transport, SocketAddr)> {
        let preferred = match (question.transport, question.secure) {
            (Some(transport), _) => transport,
            (None, true) => Transport::Tls,
            (None, false) => Transport::Udp,
        };
        if question.port.is_none() && without_asking(&question.host).is_none() {
            let transports = match question.transport {
                Some(transport) => vec![transport],
                None if question.secure => vec![Transport::Tls],
                None => vec![Transport::Udp, Transport::Tcp],
            };
            for transport in transports {
                let targets = self.services(&question.host, transport).await;
                if !targets.is_empty() {
                    return targets;
                }
            }
        }
        let port = question.port.unwrap_or_else(|| preferred.default_port());
        let addresses = self.addresses(&question.host).await;
        addresses
            .into_iter()
            .map(|ip| (preferred, SocketAddr::new(ip, port)))
            .collect()
    }

    async fn services(&self, host: &str, transport: Transport) -> Vec<(Transport, SocketAddr)> {
        let service = match transport {
            Transport::Udp => "_sip._udp",
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
            Transport::Ws | Transport::Wss => return Vec::new(),
        };
        let Some(resolver) = self.resolver() else {
            return Vec::new();
        };
        let name = format!("{service}.{}.", host.trim_end_matches('.'));
        let lookup = resolver.lookup(name, RecordType::SRV);
        let Ok(Ok(found)) = tokio::time::timeout(PATIENCE, lookup).await else {
            return Vec::new();
        };
        let mut records: Vec<SRV> = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(service) => Some(service.clone()),
                _ => None,
            })
            .collect();
        order(&mut records);
        let mut targets = Vec::new();
        for record in records {
            for ip in self.addresses(&record.target.to_utf8()).await {
                targets.push((transport, SocketAddr::new(ip, record.port)));
            }
        }
        targets
    }

    fn resolver(&self) -> Option<&TokioResolver> {
        self.0
            .get_or_init(|| {
                let built = TokioResolver::builder_tokio().and_then(|builder| builder.build());
                built
                    .inspect_err(|error| tracing::error!(%error, "names cannot be resolved"))
                    .ok()
            })
            .as_ref()
    }
}

/// Lowest priority first; within one priority a record's chance to be first grows with its
/// weight (RFC 2782).
fn order(records: &mut [SRV]) {
    records.sort_by_cached_key(|record| {
        let chance: f64 = rand::random();
        let weight = f64::from(record.weight) + 0.01;
        // The exponential race: the least of these keys falls to each with odds like its weight.
        let key = -(1.0 - chance).ln() / weight;
        (record.priority, (key * 1e9) as u64)
    });
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
    local.ends_with(".invalid").then(Vec::new)
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Name;
    use hookflash_sip::ResolveId;

    use super::*;

    fn question(host: &str, port: Option<u16>, transport: Option<Transport>) -> Resolve {
        Resolve {
            id: ResolveId(1),
            host: host.into(),
            port,
            transport,
            secure: false,
        }
    }

    #[tokio::test]
    async fn addresses_and_localhost_are_never_asked_for() {
        let names = Names::default();
        let targets = names
            .targets(&question("[::1]", None, Some(Transport::Tcp)))
            .await;
        assert_eq!(targets, [(Transport::Tcp, "[::1]:5060".parse().unwrap())]);
        let targets = names.targets(&question("localhost", Some(7), None)).await;
        assert_eq!(targets[0], (Transport::Udp, "127.0.0.1:7".parse().unwrap()));
        assert!(names.addresses("nobody.invalid").await.is_empty());
    }

    #[test]
    fn services_of_lower_priority_number_come_first() {
        let record = |priority, weight, port| SRV::new(priority, weight, port, Name::root());
        let mut records = vec![record(20, 100, 3), record(10, 0, 2), record(10, 60000, 1)];
        order(&mut records);
        assert_eq!(records[2].port, 3);
        assert!(records[0].priority == 10 && records[1].priority == 10);
    }
}
