//! When two URIs name the same resource.

use super::{Scheme, UriRef, unescape};

pub(super) fn equivalent(one: UriRef<'_>, two: UriRef<'_>) -> bool {
    if one.scheme() != two.scheme() {
        return false;
    }
    match one.scheme() {
        Scheme::Sip | Scheme::Sips => sip(one, two),
        Scheme::Tel => tel(one, two),
        Scheme::Other => {
            let opaque = |uri: &str| uri.split_once(':').map(|(_, rest)| rest.to_owned());
            one.scheme_text().eq_ignore_ascii_case(two.scheme_text())
                && opaque(one.as_str()) == opaque(two.as_str())
        }
    }
}

fn sip(one: UriRef<'_>, two: UriRef<'_>) -> bool {
    one.user_text() == two.user_text()
        && one.password().map(unescape) == two.password().map(unescape)
        && same_host(one, two)
        && one.port() == two.port()
        && params_agree(one, two)
        && params_agree(two, one)
        && headers_agree(one, two)
        && headers_agree(two, one)
}

fn same_host(one: UriRef<'_>, two: UriRef<'_>) -> bool {
    match (one.host_ip(), two.host_ip()) {
        (Some(a), Some(b)) => a == b,
        _ => one.host().eq_ignore_ascii_case(two.host()),
    }
}

/// Parameters in both must agree; these may not stand in one only, others may. `transport` is
/// among them because the RFC's own examples want it so.
fn params_agree(one: UriRef<'_>, two: UriRef<'_>) -> bool {
    const DECISIVE: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
    one.all_params().all(|param| {
        let name = unescape(param.name);
        let value = unescape(param.value.unwrap_or(""));
        let others = || {
            two.all_params()
                .filter(|other| unescape(other.name).eq_ignore_ascii_case(&name))
        };
        if others().next().is_none() {
            return !DECISIVE.iter().any(|d| d.eq_ignore_ascii_case(&name));
        }
        others().any(|other| value.eq_ignore_ascii_case(&unescape(other.value.unwrap_or(""))))
    })
}

fn headers_agree(one: UriRef<'_>, two: UriRef<'_>) -> bool {
    one.headers().all(|(name, value)| {
        let name = unescape(name);
        two.headers()
            .any(|(n, v)| unescape(n).eq_ignore_ascii_case(&name) && unescape(v) == unescape(value))
    })
}

fn tel(one: UriRef<'_>, two: UriRef<'_>) -> bool {
    let number = |uri: UriRef<'_>| -> String {
        let digits = uri.user().unwrap_or("").chars();
        digits
            .filter(|c| !"-.()".contains(*c))
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    let subset = |a: UriRef<'_>, b: UriRef<'_>| {
        a.all_params().all(|param| {
            let value = unescape(param.value.unwrap_or(""));
            b.all_params().any(|other| {
                other.name.eq_ignore_ascii_case(param.name)
                    && unescape(other.value.unwrap_or("")).eq_ignore_ascii_case(&value)
            })
        })
    };
    number(one) == number(two) && subset(one, two) && subset(two, one)
}
