//! The client of a request: whose wrong passwords are counted.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};

use super::Desk;

/// What the operator can do about a client that guesses.
const TOO_MANY: &str = "a client of the HTTP API tried too many wrong passwords and is not listened to \
     for a minute. If it is yours, give it the account's auth_user and auth_token; if not, have a \
     firewall keep it out";

/// The address of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client(IpAddr);

impl Client {
    pub(crate) fn new(extensions: &Extensions, headers: &HeaderMap) -> Client {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip());
        Client(match peer.to_canonical().is_loopback() {
            true => forwarded(headers).unwrap_or(peer),
            false => peer,
        })
    }
}

/// For whom a proxy on this machine speaks: it adds its own client at the end, behind what that has
/// said.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    let last = last.to_str().ok()?.rsplit(',').next()?.trim();
    let bare = last
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let with_port = || last.parse().ok().map(|address: SocketAddr| address.ip());
    bare.unwrap_or(last).parse().ok().or_else(with_port)
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Client, Infallible> {
        Ok(Client::new(&parts.extensions, &parts.headers))
    }
}

impl Desk {
    /// For how long nothing of a client is listened to, if so. Whoever is on this machine always is:
    /// a proxy that does not say for whom it speaks would have everybody shut out.
    pub(crate) fn shut_out(&self, client: Client) -> Option<Duration> {
        match client.0.to_canonical().is_loopback() {
            true => None,
            false => self.client_guard.shut_out(Instant::now(), client.0),
        }
    }

    /// A client showed a password, or a token, that nobody has.
    pub(crate) fn wrong_password(&self, client: Client) {
        let is_last = self.client_guard.wrong_password(Instant::now(), client.0);
        if is_last && self.shut_out(client).is_some() {
            tracing::warn!(client = %client.0, "{TOO_MANY}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&'static str]) -> String {
        let mut extensions = Extensions::new();
        let peer: SocketAddr = peer.parse().unwrap();
        extensions.insert(ConnectInfo(peer));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        Client::new(&extensions, &headers).0.to_string()
    }

    #[test]
    fn a_client_is_its_peer_or_for_whom_a_proxy_on_this_machine_speaks() {
        assert_eq!(client("192.0.2.1:5", &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1:5", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("127.0.0.1:5", &[]), "127.0.0.1");
        assert_eq!(client("127.0.0.1:5", &["198.51.100.7"]), "198.51.100.7");
        for made_up in ["1.2.3.4, 198.51.100.7", "?,198.51.100.7:80"] {
            assert_eq!(client("[::1]:5", &["5.6.7.8", made_up]), "198.51.100.7");
        }
        assert_eq!(client("127.0.0.1:5", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(client("127.0.0.1:5", &["unknown"]), "127.0.0.1");
    }
}
