//! Addresses that SIP is spoken on, written as URLs: `udp://127.0.0.1:5060`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use hookflash_sip::Transport;
use serde::{Serialize, Serializer};

use super::fault::nearest;

/// One address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The transport.
    pub transport: Transport,
    /// The address; port 0 lets the system choose.
    pub address: SocketAddr,
}

impl Listen {
    /// Reads `SCHEME://HOST[:PORT]` with an IP address or `localhost` as host.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Listen, String> {
        const FORM: &str = "write SCHEME://ADDRESS:PORT, such as udp://127.0.0.1:5060";
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(format!("`{text}` is no listener; {FORM}"));
        };
        let Some(transport) = Transport::from_token(scheme) else {
            let hint = nearest(scheme, ["udp", "tcp", "tls", "ws", "wss"])
                .map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
            return Err(format!("`{scheme}` is no transport{hint}; {FORM}"));
        };
        if let Transport::Tls | Transport::Ws | Transport::Wss = transport {
            return Err(format!(
                "this release does not speak {transport}; use udp:// or tcp:// here and put a \
                 border element in front for {transport}"
            ));
        }
        let rest = rest.trim_end_matches('/');
        let address = rest
            .parse()
            .ok()
            .or_else(|| {
                let host = rest.strip_prefix('[').and_then(|r| r.strip_suffix(']'));
                let ip: IpAddr = host.unwrap_or(rest).parse().ok()?;
                Some(SocketAddr::new(ip, transport.default_port()))
            })
            .or_else(|| {
                let port = rest.strip_prefix("localhost")?;
                let port = match port.strip_prefix(':') {
                    Some(port) => port.parse().ok()?,
                    None if port.is_empty() => transport.default_port(),
                    None => return None,
                };
                Some(SocketAddr::from(([127, 0, 0, 1], port)))
            })
            .ok_or_else(|| {
                format!(
                    "`{rest}` is no IP address with port; {FORM}, or udp://[::1]:5060 for IPv6, \
                     or udp://0.0.0.0:5060 for every address of this machine"
                )
            })?;
        Ok(Listen { transport, address })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}",
            self.transport.via_token().to_ascii_lowercase(),
            self.address
        )
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families_are_understood_and_the_port_has_a_default() {
        for (text, shown) in [
            ("udp://127.0.0.1:5080", "udp://127.0.0.1:5080"),
            ("TCP://[::1]:0", "tcp://[::1]:0"),
            ("udp://[::]", "udp://[::]:5060"),
            ("udp://192.0.2.1", "udp://192.0.2.1:5060"),
            ("tcp://localhost:7", "tcp://127.0.0.1:7"),
        ] {
            assert_eq!(Listen::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_cannot_be_listened_on_is_refused_with_the_remedy() {
        for (text, part) in [
            ("127.0.0.1:5060", "SCHEME://"),
            ("upd://127.0.0.1", "did you mean `udp`"),
            ("tls://127.0.0.1", "does not speak TLS"),
            ("wss://127.0.0.1", "does not speak WSS"),
            ("udp://voice.example.com", "no IP address"),
            ("udp://127.0.0.1:99999", "no IP address"),
        ] {
            let error = Listen::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
