//! Our addresses as others see them, and the way to theirs (RFC 3261 sections 8.1.2, 18.1 and
//! 18.2.2, RFC 3263 as far as no name has to be asked for).

use std::net::{IpAddr, SocketAddr};

use super::command::{Resolve, ResolveId, Target};
use super::config::EndpointConfig;
use crate::header::{NameAddr, Via};
use crate::locate::Means;
use crate::transport::{ConnectionId, Flow, Transport};
use crate::uri::{Scheme, UriRef};

/// The listeners with the texts that stand for them.
pub(crate) struct Addresses {
    listeners: Vec<Named>,
    contact_user: Option<String>,
}

struct Named {
    transport: Transport,
    local: SocketAddr,
    sent_by: Option<String>,
}

/// Where a request goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NextHop {
    /// To an address that is known.
    Address {
        transport: Transport,
        remote: SocketAddr,
        /// The URI names the transport; otherwise it is the usual one.
        is_named: bool,
    },
    /// To a name that has to be resolved.
    Name(Resolve),
    /// Back along the connection that the peer opened: its own address cannot be called.
    Connection,
}

impl Addresses {
    pub(crate) fn new(config: &EndpointConfig) -> Addresses {
        let listeners = config.listeners.iter().map(|listener| Named {
            transport: listener.transport,
            local: listener.local,
            sent_by: sent_by(&listener.advertise, listener.local),
        });
        Addresses {
            listeners: listeners.collect(),
            contact_user: config.contact_user.clone(),
        }
    }

    /// What we can use to call somebody.
    pub(crate) fn means(&self) -> Means {
        Means::new(self.listeners.iter().map(|l| (l.transport, l.local.ip())))
    }

    /// Whether we listen on a transport for the family of an address.
    pub(crate) fn has(&self, transport: Transport, family: IpAddr) -> bool {
        self.local(transport, family).is_some()
    }

    fn local(&self, transport: Transport, family: IpAddr) -> Option<SocketAddr> {
        let fits = |l: &&Named| l.transport == transport && l.local.is_ipv4() == family.is_ipv4();
        self.listeners
            .iter()
            .find(fits)
            .map(|listener| listener.local)
    }

    /// The flow to an address: the one in use when it leads there, else one from the listener in
    /// use, else from the first that fits.
    pub(crate) fn flow_to(
        &self,
        transport: Transport,
        remote: SocketAddr,
        used: Option<&Flow>,
    ) -> Option<Flow> {
        let used = used.filter(|flow| flow.transport == transport);
        if let Some(flow) = used.filter(|flow| flow.remote == remote) {
            return Some(*flow);
        }
        let used = used
            .map(|flow| flow.local)
            .filter(|l| l.is_ipv4() == remote.is_ipv4());
        let local = used.or_else(|| self.local(transport, remote.ip()))?;
        Some(Flow {
            transport,
            local,
            remote,
            connection: ConnectionId::default(),
        })
    }

    fn sent_by(&self, flow: &Flow) -> String {
        let is_bound = |l: &&Named| {
            l.transport == flow.transport
                && l.local.port() == flow.local.port()
                && (l.local.ip() == flow.local.ip() || l.local.ip().is_unspecified())
        };
        // A stream that we opened has a local port of its own; others reach us at the listener.
        let is_near =
            |l: &&Named| l.transport == flow.transport && l.local.is_ipv4() == flow.local.is_ipv4();
        let named = self.listeners.iter().find(is_bound);
        let named = named.or_else(|| self.listeners.iter().find(is_near));
        match named {
            Some(Named {
                sent_by: Some(text),
                ..
            }) => text.clone(),
            Some(Named { local, .. }) => SocketAddr::new(flow.local.ip(), local.port()).to_string(),
            None => flow.local.to_string(),
        }
    }

    /// The Via of a request of ours.
    pub(crate) fn via(&self, flow: &Flow, branch: &str) -> String {
        let (transport, sent_by) = (flow.transport.via_token(), self.sent_by(flow));
        format!("SIP/2.0/{transport} {sent_by};branch={branch};rport")
    }

    /// The Contact that leads to us on that flow.
    pub(crate) fn contact(&self, flow: &Flow) -> String {
        self.contact_of(self.contact_user.as_deref().unwrap_or_default(), flow)
    }

    /// The Contact of a REGISTER: user and parameters as they are, the address that of the flow.
    pub(crate) fn registered_contact(&self, contact: &str, flow: &Flow) -> String {
        let Ok(contact) = NameAddr::parse(contact) else {
            return self.contact(flow);
        };
        let uri = contact.parsed_uri().ok();
        let user = uri.as_ref().and_then(|uri| uri.user()).unwrap_or_default();
        format!("{}{}", self.contact_of(user, flow), contact.params.as_str())
    }

    fn contact_of(&self, user: &str, flow: &Flow) -> String {
        let (scheme, param) = match flow.transport {
            Transport::Udp => ("sip", ""),
            Transport::Tcp => ("sip", ";transport=tcp"),
            Transport::Tls => ("sips", ""),
            Transport::Ws => ("sip", ";transport=ws"),
            Transport::Wss => ("sips", ";transport=ws"),
        };
        let at = if user.is_empty() { "" } else { "@" };
        let sent_by = self.sent_by(flow);
        ["<", scheme, ":", user, at, &sent_by, param, ">"].concat()
    }

    /// The host of Call-IDs made here.
    pub(crate) fn host(&self) -> String {
        let first = self.listeners.first();
        let text = first.and_then(|listener| listener.sent_by.as_deref());
        text.unwrap_or("hookflash.invalid")
            .replace(['[', ']'], "")
            .replace(':', "-")
    }

    /// The way to a URI.
    ///
    /// # Errors
    /// Why there is none, for a person.
    pub(crate) fn next_hop(
        &self,
        uri: &str,
        used: Option<&Flow>,
        id: ResolveId,
    ) -> Result<NextHop, &'static str> {
        let uri = UriRef::borrowed(uri).map_err(|bad| bad.problem)?;
        let secure = match uri.scheme() {
            Scheme::Sip => false,
            Scheme::Sips => true,
            Scheme::Tel => return Err("a telephone number needs a proxy to go to"),
            Scheme::Other => return Err("the scheme cannot be called"),
        };
        let named = uri.param("transport").and_then(Transport::from_token);
        let transport = named.map(|transport| match transport {
            Transport::Tcp if secure => Transport::Tls,
            Transport::Ws if secure => Transport::Wss,
            other => other,
        });
        // Browsers cannot be called back (RFC 7118 section 5), nor can invented host names.
        if used.is_some_and(|flow| {
            matches!(flow.transport, Transport::Ws | Transport::Wss)
                || (flow.transport.is_reliable() && uri.host().ends_with(".invalid"))
        }) {
            return Ok(NextHop::Connection);
        }
        let host = uri
            .param("maddr")
            .filter(|host| !host.is_empty())
            .unwrap_or(uri.host());
        if host.is_empty() {
            return Err("the URI names no host");
        }
        let ip = uri_ip(host).or_else(|| uri.host_ip().filter(|_| host == uri.host()));
        let Some(ip) = ip else {
            let host = host.to_owned();
            let port = uri.port();
            return Ok(NextHop::Name(Resolve {
                id,
                host,
                port,
                transport,
                secure,
            }));
        };
        let is_named = transport.is_some() || secure;
        let transport = match transport {
            Some(transport) => transport,
            None if secure => Transport::Tls,
            None => {
                let plain = [Transport::Udp, Transport::Tcp];
                plain
                    .into_iter()
                    .find(|t| self.has(*t, ip))
                    .unwrap_or(Transport::Udp)
            }
        };
        let port = uri.port().unwrap_or(transport.default_port());
        Ok(NextHop::Address {
            transport,
            remote: SocketAddr::new(ip, port),
            is_named,
        })
    }

    /// The flows to try, in this order. `used` is the one that the leg has been using.
    ///
    /// Whoever called over a connection and names no transport is reached by that connection, and
    /// by its transport when it is gone: a peer that speaks TCP need not listen for UDP. Who names
    /// a transport is called there; the connection is what remains for a peer behind address
    /// translation.
    pub(crate) fn ways(
        &self,
        targets: &[Target],
        is_named: bool,
        used: Option<&Flow>,
    ) -> Vec<Flow> {
        let connection = used.filter(|flow| flow.transport.is_reliable());
        let mut ways = Vec::with_capacity(1);
        let mut add = |flow: Option<Flow>| {
            if let Some(flow) = flow.filter(|flow| !ways.contains(flow)) {
                ways.push(flow);
            }
        };
        if let Some(flow) = connection.filter(|_| !is_named) {
            add(Some(*flow));
            for (_, remote) in targets.iter().filter(|_| flow.transport == Transport::Tcp) {
                add(self.flow_to(Transport::Tcp, *remote, used));
            }
        }
        for (transport, remote) in targets {
            add(self.flow_to(*transport, *remote, used));
        }
        let fits = |flow: &&Flow| targets.iter().any(|(t, _)| *t == flow.transport);
        add(connection.filter(fits).copied());
        ways
    }
}

fn uri_ip(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// `host:port` from what is to be advertised; `None` when that depends on the flow.
fn sent_by(advertise: &str, local: SocketAddr) -> Option<String> {
    if advertise.is_empty() {
        return None;
    }
    if let Ok(ip) = advertise.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, local.port()).to_string());
    }
    let has_port = advertise
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let bracketed = advertise.ends_with(']');
    match has_port && !bracketed {
        true => Some(advertise.to_owned()),
        false => Some(format!("{advertise}:{}", local.port())),
    }
}

/// Where the response to a request goes that came with this top Via (RFC 3261 section 18.2.2,
/// RFC 3581 section 4), and where to try when the connection is gone.
pub(crate) fn reply_path(flow: Flow, via: Option<&Via<'_>>) -> (Flow, Option<SocketAddr>) {
    let Some(via) = via else { return (flow, None) };
    let default = flow.transport.default_port();
    let named = SocketAddr::new(flow.remote.ip(), via.port.unwrap_or(default));
    if flow.transport.is_reliable() {
        return (flow, Some(named));
    }
    let maddr = via.params.get("maddr").and_then(uri_ip);
    let remote = match maddr {
        Some(ip) if ip.is_ipv4() == flow.local.is_ipv4() => SocketAddr::new(ip, named.port()),
        _ if via.rport().is_some() => flow.remote,
        _ => named,
    };
    (Flow { remote, ..flow }, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Listener;
    use crate::header::TypedHeader;

    fn addresses(transport: Transport, local: &str, advertise: &str) -> Addresses {
        let local = local.parse().unwrap();
        let listener = Listener {
            transport,
            local,
            advertise: advertise.to_owned(),
        };
        Addresses::new(&EndpointConfig {
            listeners: vec![listener],
            ..EndpointConfig::default()
        })
    }

    fn flow(transport: Transport, local: &str, remote: &str) -> Flow {
        let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
        Flow {
            transport,
            local,
            remote,
            connection: ConnectionId::default(),
        }
    }

    #[test]
    fn c23_contact_and_via_name_the_advertised_address() {
        let flow = flow(Transport::Tcp, "0.0.0.0:5060", "10.0.0.9:40000");
        let fixed = addresses(Transport::Tcp, "0.0.0.0:5060", "203.0.113.7");
        assert_eq!(fixed.contact(&flow), "<sip:203.0.113.7:5060;transport=tcp>");
        assert_eq!(
            fixed.via(&flow, "b"),
            "SIP/2.0/TCP 203.0.113.7:5060;branch=b;rport"
        );
    }

    #[test]
    fn c152_ipv6_stands_in_brackets() {
        let flow = flow(Transport::Udp, "[::1]:5060", "[::1]:5070");
        let addresses = addresses(Transport::Udp, "[::]:5060", "");
        assert_eq!(addresses.contact(&flow), "<sip:[::1]:5060>");
        let hop = addresses.next_hop("sip:a@[2001:db8::1]:5080", None, ResolveId(1));
        let expected = NextHop::Address {
            transport: Transport::Udp,
            remote: "[2001:db8::1]:5080".parse().unwrap(),
            is_named: false,
        };
        assert_eq!(hop, Ok(expected));
    }

    #[test]
    fn a_stream_that_we_opened_is_still_advertised_as_the_listener() {
        let flow = flow(Transport::Tcp, "10.0.0.1:40000", "10.0.0.9:5060");
        let addresses = addresses(Transport::Tcp, "0.0.0.0:5060", "");
        assert_eq!(
            addresses.contact(&flow),
            "<sip:10.0.0.1:5060;transport=tcp>"
        );
    }

    #[test]
    fn names_are_resolved_and_secure_ones_only_over_tls() {
        let addresses = addresses(Transport::Udp, "0.0.0.0:5060", "");
        let hop = addresses.next_hop("sips:a@carrier.example;transport=tcp", None, ResolveId(4));
        let Ok(NextHop::Name(resolve)) = hop else {
            panic!("{hop:?}")
        };
        assert!(resolve.secure && resolve.transport == Some(Transport::Tls));
        assert!(addresses.next_hop("tel:+123", None, ResolveId(5)).is_err());
    }

    #[test]
    fn c149_a_reply_follows_rport_else_the_port_in_via() {
        let came = flow(Transport::Udp, "10.0.0.1:5060", "198.51.100.9:40001");
        let to = |via: &str| {
            reply_path(came, Some(&Via::parse(via).unwrap()))
                .0
                .remote
                .to_string()
        };
        assert_eq!(
            to("SIP/2.0/UDP 10.1.1.1:5080;rport;branch=x"),
            "198.51.100.9:40001"
        );
        assert_eq!(
            to("SIP/2.0/UDP 10.1.1.1:5080;branch=x"),
            "198.51.100.9:5080"
        );
        assert_eq!(to("SIP/2.0/UDP 10.1.1.1;branch=x"), "198.51.100.9:5060");
        assert_eq!(
            to("SIP/2.0/UDP h:5081;maddr=239.1.1.1;branch=x"),
            "239.1.1.1:5081"
        );
    }
}
