//! Via (RFC 3261 section 20.42, rport from RFC 3581).

use std::fmt;
use std::net::IpAddr;

use super::{BadHeader, Name, Params, TypedHeader, with_params};
use crate::syntax::{cut, trim};
use crate::uri;

/// One hop that a message took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// The transport.
    pub transport: Transport<'a>,
    /// Host of sent-by as written, IPv6 in brackets.
    pub host: &'a str,
    /// Port of sent-by, if one is written.
    pub port: Option<u16>,
    /// All parameters.
    pub params: Params<'a>,
}

/// The transport named in a Via.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport<'a> {
    /// UDP
    Udp,
    /// TCP
    Tcp,
    /// TLS
    Tls,
    /// WebSocket (RFC 7118)
    Ws,
    /// WebSocket over TLS (RFC 7118)
    Wss,
    /// Any other.
    Other(&'a str),
}

impl<'a> Transport<'a> {
    fn parse(text: &'a str) -> Transport<'a> {
        [
            Transport::Udp,
            Transport::Tcp,
            Transport::Tls,
            Transport::Ws,
            Transport::Wss,
        ]
        .into_iter()
        .find(|t| t.as_str().eq_ignore_ascii_case(text))
        .unwrap_or(Transport::Other(text))
    }

    /// The transport as written in a Via.
    pub fn as_str(&self) -> &'a str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
            Transport::Other(text) => text,
        }
    }
}

impl<'a> Via<'a> {
    /// The branch: with the sent-by, what a transaction is known by.
    pub fn branch(&self) -> Option<&'a str> {
        self.params.get("branch").filter(|b| !b.is_empty())
    }

    /// The address the request really came from, as the next hop noted it.
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        text.parse().ok().or_else(|| uri::host_ip(text))
    }

    /// `Some(None)` when the sender asked for its port, `Some(Some(port))` when it was told.
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params.get("rport").map(|port| port.parse().ok())
    }

    /// The host of sent-by when it is an IP address.
    pub fn host_ip(&self) -> Option<IpAddr> {
        uri::host_ip(self.host)
    }
}

impl<'a> TypedHeader<'a> for Via<'a> {
    const NAME: Name<'static> = Name::Via;
    const LIST: bool = true;

    fn parse(value: &'a str) -> Result<Via<'a>, BadHeader> {
        let bad = |problem| BadHeader::new(Name::Via, problem, value);
        let (hop, params) = with_params(value);
        // Nearly all are written without blanks, the grammar allows them everywhere.
        let rest = match hop.strip_prefix("SIP/2.0/") {
            Some(rest) => rest,
            None => after_version(hop).ok_or_else(|| bad("does not begin with SIP/2.0"))?,
        };
        let blank = rest.bytes().position(|b| matches!(b, b' ' | b'\t'));
        let (transport, sent_by) = cut(rest, blank.ok_or_else(|| bad("names no sender"))?);
        let (host, port) = uri::host_port(trim(sent_by)).map_err(bad)?;
        Ok(Via {
            transport: Transport::parse(transport),
            host,
            port,
            params,
        })
    }
}

fn after_version(hop: &str) -> Option<&str> {
    let mut parts = hop.splitn(3, '/').map(trim);
    let (name, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
    (name.eq_ignore_ascii_case("SIP") && version == "2.0").then_some(rest)
}

impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport.as_str(), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(self.params.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_allowed_wherever_the_grammar_has_them() {
        let via = Via::parse("SIP / 2.0 / UDP   [2001:db8::9:1] : 5061 ; branch=z9hG4bK1 ;rport")
            .unwrap();
        assert_eq!(via.transport, Transport::Udp);
        assert_eq!((via.host, via.port), ("[2001:db8::9:1]", Some(5061)));
        assert_eq!(via.branch(), Some("z9hG4bK1"));
        assert_eq!(via.rport(), Some(None));
    }

    #[test]
    fn received_may_be_an_ipv6_address_with_or_without_brackets() {
        for text in ["2001:db8::1", "[2001:db8::1]"] {
            let value = format!("SIP/2.0/TLS h;received={text};rport=7");
            let via = Via::parse(&value).unwrap();
            assert_eq!(via.received(), "2001:db8::1".parse().ok());
            assert_eq!(via.rport(), Some(Some(7)));
        }
    }

    #[test]
    fn broken_ones_are_refused() {
        for value in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0 h",
            "SIP/3.0/UDP h",
            "SIP/2.0/UDP h:99999",
        ] {
            assert!(Via::parse(value).is_err(), "{value:?}");
        }
    }
}
