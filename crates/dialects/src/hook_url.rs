//! A hook's URL on its way to a request: made absolute, and taken apart into what is sent in the
//! request line and what is not.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::shown::{on_one_line, shown};
use crate::{FetchError, FetchErrorKind, RetryOn};

/// A URL that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HookUrl {
    /// Without fragment and user information.
    pub(crate) url: Url,
    /// User and password that stood in it, decoded.
    pub(crate) credentials: Option<(String, String)>,
    /// What stood behind `#`.
    pub(crate) fragment: Option<String>,
}

impl HookUrl {
    /// Takes an absolute http or https URL apart.
    ///
    /// # Errors
    /// When it is neither; the error names it as it was `written`.
    pub(crate) fn absolute(url: Url, written: &str) -> Result<HookUrl, FetchError> {
        match url.scheme() {
            "http" | "https" => HookUrl::take_apart(url, written),
            "ws" | "wss" => Err(unusable(
                written,
                "this cannot be asked over a WebSocket; give an http:// or https:// URL",
            )),
            other => Err(unusable(
                written,
                &format!("the scheme `{other}` cannot be asked; give an http:// or https:// URL"),
            )),
        }
    }

    /// Takes an absolute ws or wss URL apart.
    ///
    /// # Errors
    /// When it is neither; the error names it as it was `written`.
    pub(crate) fn socket(url: Url, written: &str) -> Result<HookUrl, FetchError> {
        match url.scheme() {
            "ws" | "wss" => HookUrl::take_apart(url, written),
            other => Err(unusable(
                written,
                &format!("the scheme `{other}` is no WebSocket; give a ws:// or wss:// URL"),
            )),
        }
    }

    fn take_apart(mut url: Url, written: &str) -> Result<HookUrl, FetchError> {
        let credentials = user_information(&url);
        let fragment = url.fragment().map(str::to_owned);
        url.set_fragment(None);
        // Both fail only for URLs that cannot have a host, which none of these is.
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| unusable(written, "the URL has no host"))?;
        Ok(HookUrl {
            url,
            credentials,
            fragment,
        })
    }

    /// Appends parameters to the query, behind those that the URL already has.
    pub(crate) fn with_query(mut self, fields: &[(String, String)]) -> HookUrl {
        if !fields.is_empty() {
            self.url.query_pairs_mut().extend_pairs(fields);
        }
        self
    }
}

/// The error of a URL that cannot be asked. It names the URL as it was written, but for a
/// password and line breaks: errors are logged, journalled and told to the application.
pub(crate) fn unusable(written: &str, why: &str) -> FetchError {
    FetchError {
        kind: FetchErrorKind::InvalidUrl,
        url: on_one_line(&without_user_information(written)),
        message: why.to_owned(),
        body: None,
    }
}

/// A URL of a document for a message about it: what [`shown`] makes of it, without its password.
pub(crate) fn shown_url(written: &str) -> String {
    shown(&without_user_information(written))
}

/// User and password of a URL, decoded.
pub(crate) fn user_information(url: &Url) -> Option<(String, String)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = url.password();
    (!url.username().is_empty() || password.is_some()).then(|| {
        (
            decoded(url.username()),
            decoded(password.unwrap_or_default()),
        )
    })
}

/// A text that was meant as a URL, without what stands before `@` in its authority.
fn without_user_information(written: &str) -> String {
    let authority = authority(written);
    let (before, rest) = written.split_at(authority);
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) if authority > 0 => {
            format!("{before}{}", rest.get(at + 1..).unwrap_or_default())
        }
        _ => written.to_owned(),
    }
}

/// Where the authority begins; 0 when there is none. Behind these schemes any number of slashes
/// will do, in either direction (URL Standard, "special scheme").
fn authority(written: &str) -> usize {
    let special = ["http", "https", "ws", "wss", "ftp"];
    let scheme = written.split(':').next().unwrap_or_default();
    let is_special = special
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme.trim()));
    match written.get(scheme.len() + 1..) {
        Some(rest) if is_special => written.len() - rest.trim_start_matches(['/', '\\']).len(),
        _ => written.find("//").map_or(0, |at| at + 2),
    }
}

/// Reads the override `rp`: the failures on which a request is tried again.
///
/// # Errors
/// The word that it does not know.
pub(crate) fn retry_on(list: &str) -> Result<RetryOn, &str> {
    let mut on = RetryOn::default();
    for word in list.split(',').map(str::trim) {
        match word {
            "ct" => on.connect = true,
            "rt" => on.read = true,
            "4xx" => on.client_errors = true,
            "5xx" => on.server_errors = true,
            "all" => on = RetryOn::ALL,
            other => return Err(other),
        }
    }
    Ok(on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_apart(text: &str) -> Result<HookUrl, FetchError> {
        HookUrl::absolute(Url::parse(text).unwrap(), text)
    }

    #[test]
    fn user_information_and_fragment_never_stay_in_the_url() {
        let hook = taken_apart("https://us%40er:p%3Aw@app.example.com/a?b=c#rc=2").unwrap();
        assert_eq!(hook.url.as_str(), "https://app.example.com/a?b=c");
        assert_eq!(
            hook.credentials,
            Some(("us@er".to_owned(), "p:w".to_owned()))
        );
        assert_eq!(hook.fragment.as_deref(), Some("rc=2"));
    }

    #[test]
    fn an_error_names_the_url_on_one_line_and_without_its_password() {
        for (written, named) in [
            ("ws://us:p@w@app/x?y=a@b#rc=1", "ws://app/x?y=a@b#rc=1"),
            ("ftp://app/u:p@x", "ftp://app/u:p@x"),
            ("mailto:bob@app", "mailto:bob@app"),
            ("//us:pw@", "//"),
            ("https:/us:p@app:x/y", "https:/app:x/y"),
            ("HTTP:us:p@app:x?y", "HTTP:app:x?y"),
            (r"https:\\us:p@app:x\y@z", r"https:\\app:x\y@z"),
            ("http", "http"),
            ("x\r\ny", r"x\r\ny"),
        ] {
            assert_eq!(unusable(written, "no").url, named);
        }
    }

    #[test]
    fn parameters_follow_those_of_the_url() {
        let fields = [("from".to_owned(), "+49 1&2".to_owned())];
        let hook = taken_apart("http://a/x?y=%20z")
            .unwrap()
            .with_query(&fields);
        assert_eq!(hook.url.as_str(), "http://a/x?y=%20z&from=%2B49+1%262");
    }

    #[test]
    fn only_http_can_be_asked() {
        assert!(
            taken_apart("wss://app/x")
                .unwrap_err()
                .message
                .contains("WebSocket")
        );
        assert_eq!(
            taken_apart("ftp://app/x").unwrap_err().kind,
            FetchErrorKind::InvalidUrl
        );
    }
}
