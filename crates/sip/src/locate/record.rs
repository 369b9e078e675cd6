//! What is asked of DNS and what it says (RFC 1035, RFC 2782, RFC 3403), after decoding.

use std::net::IpAddr;

use crate::transport::Transport;

/// The longest name that DNS can hold (RFC 1035 section 2.3.4).
const LONGEST_NAME: usize = 253;

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Which transports a domain offers (RFC 3403).
    Naptr,
    /// Which hosts offer a service (RFC 2782).
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// A question. Names are absolute and written without the last dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsQuestion {
    /// The name, in lower case.
    pub name: String,
    /// What is asked for.
    pub kind: RecordKind,
}

impl DnsQuestion {
    /// `None` for what can be no name in DNS.
    pub(super) fn new(name: &str, kind: RecordKind) -> Option<DnsQuestion> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_label = |label: &str| {
            let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            (1..=63).contains(&label.len()) && label.bytes().all(fine)
        };
        (name.len() <= LONGEST_NAME && name.split('.').all(is_label)).then(|| DnsQuestion {
            name: name.to_ascii_lowercase(),
            kind,
        })
    }
}

/// The resolver's answer. Aliases (CNAME) are the resolver's to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsAnswer {
    /// Records of the kind that was asked for; others are ignored.
    Records(Vec<Record>),
    /// The name or the kind does not exist there.
    Nothing,
    /// Nobody answered, or the answer was an error.
    Failed,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// NAPTR
    Naptr(Naptr),
    /// SRV
    Srv(Srv),
    /// A or AAAA
    Address(IpAddr),
}

impl Record {
    pub(super) fn into_naptr(self) -> Option<Naptr> {
        match self {
            Record::Naptr(naptr) => Some(naptr),
            _ => None,
        }
    }

    pub(super) fn srv(&self) -> Option<Srv> {
        match self {
            Record::Srv(srv) => Some(srv.clone()),
            _ => None,
        }
    }

    pub(super) fn address(&self) -> Option<IpAddr> {
        match self {
            Record::Address(ip) => Some(*ip),
            _ => None,
        }
    }
}

/// A NAPTR record (RFC 3403 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Lower comes first, before preference is looked at.
    pub order: u16,
    /// Lower comes first.
    pub preference: u16,
    /// `s` when an SRV record is to be asked for.
    pub flags: String,
    /// Such as `SIP+D2U`.
    pub service: String,
    /// Empty for SIP (RFC 3263 section 4.1).
    pub regexp: String,
    /// The name of the SRV record.
    pub replacement: String,
}

impl Naptr {
    /// The transport that the service stands for, and whether it is one of `sips:`.
    pub(super) fn transport(&self) -> Option<(Transport, bool)> {
        const SERVICES: [(&str, Transport, bool); 5] = [
            ("SIP+D2U", Transport::Udp, false),
            ("SIP+D2T", Transport::Tcp, false),
            ("SIPS+D2T", Transport::Tls, true),
            ("SIP+D2W", Transport::Ws, false),
            ("SIPS+D2W", Transport::Wss, true),
        ];
        let known =
            |(name, ..): &&(&str, Transport, bool)| name.eq_ignore_ascii_case(&self.service);
        let found = SERVICES.iter().find(known)?;
        Some((found.1, found.2))
    }

    /// Whether it leads to an SRV record, the only use that RFC 3263 makes of it.
    pub(super) fn is_service(&self) -> bool {
        self.flags.eq_ignore_ascii_case("s") && self.regexp.is_empty()
    }
}

/// An SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lower comes first.
    pub priority: u16,
    /// The share of calls among records of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; `.` says that the service is not offered.
    pub target: String,
}

impl Srv {
    pub(super) fn is_denial(&self) -> bool {
        matches!(self.target.as_str(), "." | "")
    }

    pub(super) fn is_usable(&self) -> bool {
        !self.is_denial() && self.port != 0
    }
}
