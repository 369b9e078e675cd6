//! Who may look: loopback clients, and from elsewhere those with the admin token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::client::Client;
use super::{Desk, Refusal};

pub(crate) async fn check(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    client: Client,
    request: Request,
    next: Next,
) -> Response {
    let settings = desk.settings();
    let token = settings.admin_token.as_ref().map(|token| token.reveal());
    let headers = request.headers();
    let shows_one = token.is_some() && bearer(headers).is_some();
    if let Some(left) = desk.shut_out(client).filter(|_| shows_one) {
        let message = "too many wrong passwords came from this address; come back later";
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, message);
        return refusal.after(left).into_response();
    }
    match judge(peer.ip(), headers, token) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            if shows_one {
                desk.wrong_password(client);
            }
            refusal.into_response()
        }
    }
}

fn judge(peer: IpAddr, headers: &HeaderMap, token: Option<&str>) -> Result<(), Refusal> {
    if let (Some(given), Some(token)) = (bearer(headers), token) {
        return if same(given.as_bytes(), token.as_bytes()) {
            Ok(())
        } else {
            Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "this is not the token http.admin_token",
            ))
        };
    }
    if peer.to_canonical().is_loopback() && is_direct(headers) {
        return Ok(());
    }
    Err(match token {
        Some(_) => Refusal::new(
            StatusCode::UNAUTHORIZED,
            "send Authorization: Bearer with the token http.admin_token",
        ),
        None => Refusal::new(
            StatusCode::FORBIDDEN,
            "this path answers clients on loopback only; set http.admin_token to open it",
        ),
    })
}

/// Whether the client itself is on loopback: not a proxy on this machine that speaks for others,
/// and not a web page whose name was made to point here (DNS rebinding).
fn is_direct(headers: &HeaderMap) -> bool {
    if ["forwarded", "x-forwarded-for", "x-real-ip"]
        .iter()
        .any(|name| headers.contains_key(*name))
    {
        return false;
    }
    let Some(host) = headers.get(header::HOST) else {
        return true;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ip, _)) => ip,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Compares without telling by its time how far it got.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    let differs = left
        .iter()
        .zip(right)
        .fold(0, |differs, (a, b)| differs | (a ^ b));
    left.len() == right.len() && differs == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(peer: &str, headers: &[(&'static str, &str)], token: Option<&str>) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        match judge(peer.parse().unwrap(), &map, token) {
            Ok(()) => 200,
            Err(refusal) => refusal.into_response().status().as_u16(),
        }
    }

    #[test]
    fn loopback_clients_need_no_token() {
        assert_eq!(
            verdict("127.0.0.1", &[("host", "127.0.0.1:8080")], None),
            200
        );
        assert_eq!(verdict("::1", &[("host", "localhost")], Some("t")), 200);
        assert_eq!(
            verdict("::ffff:127.0.0.1", &[("host", "[::1]:8080")], None),
            200
        );
    }

    #[test]
    fn clients_from_elsewhere_need_the_token_and_without_one_nobody_gets_in() {
        let wrong = [("authorization", "Bearer x")];
        let right = [("authorization", "bearer t")];
        assert_eq!(verdict("192.0.2.1", &[], None), 403);
        assert_eq!(verdict("192.0.2.1", &wrong, None), 403);
        assert_eq!(verdict("192.0.2.1", &[], Some("t")), 401);
        assert_eq!(verdict("192.0.2.1", &wrong, Some("t")), 401);
        assert_eq!(verdict("192.0.2.1", &right, Some("t")), 200);
        assert_eq!(
            verdict("192.0.2.1", &[("authorization", "Basic t")], Some("t")),
            401
        );
    }

    #[test]
    fn a_proxy_on_this_machine_and_a_rebound_name_are_not_loopback_clients() {
        assert_eq!(
            verdict("127.0.0.1", &[("x-forwarded-for", "192.0.2.1")], None),
            403
        );
        assert_eq!(
            verdict("127.0.0.1", &[("host", "evil.example:8080")], None),
            403
        );
        assert_eq!(
            verdict("127.0.0.1", &[("host", "voice.example.com")], Some("t")),
            401
        );
    }
}
