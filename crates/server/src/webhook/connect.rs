//! New connections: the name, the policy on private networks, TCP, TLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use hookflash_dialects::{FetchError, FetchErrorKind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::failure;
use super::location::Location;
use super::private::is_private;
use crate::resolver::Names;

/// TCP or TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// Opens a connection before `deadline`.
pub(crate) async fn connect(
    names: &Names,
    location: &Location,
    allow_private: bool,
    deadline: Instant,
) -> Result<Box<dyn Stream>, FetchError> {
    let late = || {
        failure::new(
            FetchErrorKind::ConnectTimeout,
            &location.url,
            "the connection was not made in time; is the application running and reachable?",
        )
    };
    let lookup = names.addresses(&location.origin.host);
    let found = timeout_at(deadline, lookup).await.map_err(|_| late())?;
    let addresses = allowed(found, location, allow_private)?;
    let mut refused = None;
    let count = addresses.len();
    for (tried, ip) in addresses.into_iter().enumerate() {
        // Each address gets its share of what is left, so that a silent one leaves time for others.
        let shares = u32::try_from(count - tried).unwrap_or(1);
        let now = Instant::now();
        let share = now + deadline.saturating_duration_since(now) / shares;
        let address = SocketAddr::new(ip, location.origin.port);
        match timeout_at(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return secured(location, stream, deadline).await,
            Ok(Err(error)) => refused = Some((address, error)),
            Err(_) => {}
        }
    }
    Err(match refused {
        Some((address, error)) => failure::new(
            FetchErrorKind::Refused,
            &location.url,
            format!("{address} cannot be connected: {error}; is the application running?"),
        ),
        None => late(),
    })
}

/// The addresses that may be connected to.
fn allowed(
    mut addresses: Vec<IpAddr>,
    location: &Location,
    allow_private: bool,
) -> Result<Vec<IpAddr>, FetchError> {
    if addresses.is_empty() {
        let message = format!("the host {} has no address", location.origin.host);
        return Err(failure::new(FetchErrorKind::Dns, &location.url, message));
    }
    addresses.retain(|ip| allow_private || !is_private(*ip));
    if addresses.is_empty() {
        return Err(failure::new(
            FetchErrorKind::PrivateAddress,
            &location.url,
            "the host has a private address and webhook.allow_private_networks is false",
        ));
    }
    Ok(addresses)
}

/// The connection as its URL wants it: with TLS, shaken before `deadline`, or without.
async fn secured(
    location: &Location,
    stream: TcpStream,
    deadline: Instant,
) -> Result<Box<dyn Stream>, FetchError> {
    // A request goes out in one piece; waiting for more only costs time.
    let _ = stream.set_nodelay(true);
    if !location.origin.secure {
        return Ok(Box::new(stream));
    }
    let shaken = timeout_at(deadline, encrypt(location, stream)).await;
    shaken.map_err(|_| {
        failure::new(
            FetchErrorKind::Tls,
            &location.url,
            "the TLS handshake was not finished in time; does the port speak TLS?",
        )
    })?
}

async fn encrypt(location: &Location, stream: TcpStream) -> Result<Box<dyn Stream>, FetchError> {
    let failed = |why: String| failure::new(FetchErrorKind::Tls, &location.url, why);
    let host = location
        .origin
        .host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let name = ServerName::try_from(host)
        .map_err(|_| failed("the host is no name that a certificate could be for".to_owned()))?;
    let settings = TLS.as_ref().map_err(|why| failed(why.clone()))?;
    match TlsConnector::from(Arc::clone(settings))
        .connect(name, stream)
        .await
    {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(failed(format!(
            "TLS failed: {error}; is the certificate valid for this host?"
        ))),
    }
}

/// Trusts what the machine trusts, or Mozilla's list on a machine that has none.
static TLS: LazyLock<Result<Arc<ClientConfig>, String>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
});
