//! The proxies that a dialog's requests visit (RFC 3261 sections 12.1 and 12.2.1.1).

use crate::header::{Name, NameAddr};
use crate::headers::Headers;
use crate::uri::UriRef;
use crate::{Method, Request};

/// Route values, the next hop first, each as it was recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteSet(Box<[Box<str>]>);

impl RouteSet {
    /// As called party: in the order of the request's Record-Route.
    pub(crate) fn of_request(headers: &Headers) -> RouteSet {
        RouteSet(headers.get_list(Name::RecordRoute).map(Box::from).collect())
    }

    /// As caller: in reverse order of the response's Record-Route.
    pub(crate) fn of_response(headers: &Headers) -> RouteSet {
        let mut routes: Box<[Box<str>]> =
            headers.get_list(Name::RecordRoute).map(Box::from).collect();
        routes.reverse();
        RouteSet(routes)
    }

    /// Whether the first proxy wants to be in the Request-URI.
    pub(crate) fn is_strict(&self) -> bool {
        let first = self.0.first().and_then(|first| NameAddr::parse(first).ok());
        let uri = first.and_then(|first| first.parsed_uri().ok());
        uri.is_some_and(|uri| !uri.params().contains("lr"))
    }

    /// A request with Request-URI and Route, and whether its first hop routes strictly.
    pub(crate) fn request(&self, method: Method, target: &str) -> (Request, bool) {
        let strict = self
            .0
            .split_first()
            .filter(|_| self.is_strict())
            .and_then(|(first, rest)| {
                let uri = UriRef::borrowed(NameAddr::parse(first).ok()?.uri).ok()?;
                Some((uri, rest))
            });
        let Some((uri, rest)) = strict else {
            let mut request = Request::new(method, target);
            for route in &self.0 {
                request.headers_mut().push(Name::Route, route);
            }
            return (request, false);
        };
        let mut request = Request::new(method, uri.without_headers());
        for route in rest {
            request.headers_mut().push(Name::Route, route);
        }
        request
            .headers_mut()
            .push(Name::Route, &format!("<{target}>"));
        (request, true)
    }
}
