//! Where a request goes, taken apart once per URL.

use hookflash_dialects::{FetchError, FetchErrorKind};
use http::Uri;
use http::header::HeaderValue;

use super::failure;

/// Scheme, host and port: what a connection, a password and a cookie belong to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// An absolute URL, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    /// As signed and reported.
    pub(crate) url: String,
    pub(crate) origin: Origin,
    /// The `Host` header.
    pub(crate) host_header: HeaderValue,
    /// Path and query.
    pub(crate) target: Uri,
}

impl Location {
    pub(crate) fn parse(url: &str) -> Result<Location, FetchError> {
        let wrong = |why: &str| {
            failure::new(
                FetchErrorKind::InvalidUrl,
                url,
                format!("this is no usable URL: {why}"),
            )
        };
        // The strict reader is the quick one; what it refuses may still be a URL that needs its
        // odd characters escaped.
        let uri: Uri = match url.parse() {
            Ok(uri) => uri,
            Err(_) => {
                let escaped = url::Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
                escaped
                    .as_str()
                    .parse()
                    .map_err(|_| wrong("it cannot be escaped"))?
            }
        };
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) => return Err(wrong("only http and https are asked")),
            None => return Err(wrong("it is not absolute")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        let host = authority.host();
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let port = authority.port_u16();
        let after_host = authority.as_str().rsplit(host).next().unwrap_or_default();
        if port.is_none() && !matches!(after_host, "" | ":") {
            return Err(wrong("its port is no number from 0 to 65535"));
        }
        let host_header = match port {
            Some(port) => HeaderValue::from_str(&format!("{host}:{port}")),
            None => HeaderValue::from_str(host),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let target = if path.starts_with('/') {
            path.parse()
        } else {
            format!("/{path}").parse()
        };
        Ok(Location {
            url: url.to_owned(),
            origin: Origin {
                secure,
                host: host.to_ascii_lowercase(),
                port: port.unwrap_or(if secure { 443 } else { 80 }),
            },
            host_header: host_header.map_err(|_| wrong("its host cannot be written"))?,
            target: target.map_err(|_| wrong("its path cannot be written"))?,
        })
    }

    /// Resolves a Location header against this URL.
    pub(crate) fn follow(&self, location: &str) -> Result<Location, FetchError> {
        let bad = |why: String| failure::new(FetchErrorKind::BadRedirect, &self.url, why);
        let base = url::Url::parse(&self.url).map_err(|error| bad(error.to_string()))?;
        let mut next = base.join(location.trim()).map_err(|error| {
            bad(format!(
                "redirected to `{location}`, which is no URL: {error}"
            ))
        })?;
        next.set_fragment(None);
        Location::parse(next.as_str())
            .map_err(|_| bad(format!("redirected to `{location}`, which cannot be asked")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_port_is_not_written_and_a_bare_host_has_a_path() {
        let location = Location::parse("http://Example.com?a=b").unwrap();
        assert_eq!(location.host_header, "Example.com");
        assert_eq!(location.target, "/?a=b");
        assert_eq!(location.origin.port, 80);
        assert_eq!(location.origin.host, "example.com");
        let location = Location::parse("https://[::1]:8443/x").unwrap();
        assert_eq!(location.host_header, "[::1]:8443");
        assert!(location.origin.secure);
    }

    #[test]
    fn odd_characters_are_escaped_and_nonsense_is_named() {
        let location = Location::parse("http://h/a b?c=\u{e9}").unwrap();
        assert_eq!(location.target, "/a%20b?c=%C3%A9");
        assert_eq!(location.url, "http://h/a b?c=\u{e9}");
        for url in ["/relative", "ftp://h/", "http://", "", "http://h:99999/"] {
            let error = Location::parse(url).unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::InvalidUrl, "{url}");
        }
    }

    #[test]
    fn redirects_resolve_against_the_url_that_answered() {
        let base = Location::parse("http://h/a/b?c").unwrap();
        assert_eq!(base.follow("../d#frag").unwrap().url, "http://h/d");
        assert_eq!(base.follow("//other/x").unwrap().url, "http://other/x");
        assert_eq!(
            base.follow("mailto:a@b").unwrap_err().kind,
            FetchErrorKind::BadRedirect
        );
    }
}
