//! Cookies, kept per call as a browser would keep them per session.

use std::cell::RefCell;
use std::collections::BTreeMap;

use cookie_store::CookieStore;
use hookflash_call::CallKey;
use http::HeaderMap;
use http::header::{HeaderValue, SET_COOKIE};

/// How many calls have a jar at a time; the oldest call loses its own first.
const MOST_JARS: usize = 20_000;
/// How many cookies one reply may set.
const MOST_COOKIES: usize = 50;
/// How many cookies a call keeps; browsers keep some 180 per host (RFC 6265 section 6.1 asks for
/// 50).
const MOST_IN_A_JAR: usize = 200;
/// The longest cookie in bytes, attributes included; RFC 6265 section 6.1 asks for as many.
const LONGEST: usize = 4_096;

/// The jars of one shard. A call has one as soon as an application sets a cookie.
#[derive(Default)]
pub(crate) struct Jars(RefCell<BTreeMap<CallKey, CookieStore>>);

impl Jars {
    /// The Cookie header for a request, if there is anything to send.
    pub(crate) fn header(&self, call: CallKey, url: &str) -> Option<HeaderValue> {
        let jars = self.0.borrow();
        let jar = jars.get(&call)?;
        let url = url::Url::parse(url).ok()?;
        let pairs: Vec<String> = jar
            .get_request_values(&url)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if pairs.is_empty() {
            None
        } else {
            HeaderValue::from_str(&pairs.join("; ")).ok()
        }
    }

    /// Keeps what a reply sets.
    pub(crate) fn keep(&self, call: CallKey, url: &str, headers: &HeaderMap) {
        if !headers.contains_key(SET_COOKIE) {
            return;
        }
        let Ok(url) = url::Url::parse(url) else {
            return;
        };
        let mut jars = self.0.borrow_mut();
        let jar = jars.entry(call).or_default();
        for value in headers.get_all(SET_COOKIE).iter().take(MOST_COOKIES) {
            if jar.iter_any().count() >= MOST_IN_A_JAR {
                break;
            }
            // A cookie that the rules refuse is dropped, as a browser does.
            if let Ok(text) = value.to_str()
                && text.len() <= LONGEST
            {
                let _ = jar.parse(text, &url);
            }
        }
        while jars.len() > MOST_JARS {
            jars.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute() -> impl Strategy<Value = String> {
        let number = prop_oneof![
            Just("0".to_owned()),
            Just("-9223372036854775808".to_owned()),
            Just("9223372036854775807".to_owned()),
            Just("18446744073709551616".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
        ];
        let date = prop_oneof![
            Just("Fri, 31 Dec 9999 23:59:59 GMT"),
            Just("Fri, 31-Dec-99 23:59:59 GMT"),
            Just("Sat, 01 Jan 0000 00:00:00 GMT"),
            Just("Wed, 30 Feb 2028 25:61:61 GMT"),
            Just("Thu, 01 Jan 1970 00:00:00 +9999"),
        ];
        prop_oneof![
            number.prop_map(|number| format!("Max-Age={number}")),
            date.prop_map(|date| format!("Expires={date}")),
            "(Domain|Path|SameSite|Secure)=?[ -~]{0,12}",
            "[ -~]{0,20}",
        ]
    }

    proptest! {
        #[test]
        fn whatever_an_application_sets_as_a_cookie_is_kept_or_dropped(
            pair in "[a-z]{1,5}=[a-z0-9]{0,12}",
            noise in "[ -~]{0,20}",
            attributes in prop::collection::vec(attribute(), 0..5),
            host in prop_oneof![Just("h.example"), Just("127.0.0.1"), Just("[::1]:8080")],
        ) {
            let jars = Jars::default();
            let url = format!("http://{host}/voice?a=b");
            for (call, pair) in [(CallKey(1), &pair), (CallKey(2), &noise)] {
                let mut headers = HeaderMap::new();
                let cookie = format!("{pair}; {}", attributes.join("; "));
                headers.insert(SET_COOKIE, HeaderValue::from_str(&cookie).unwrap());
                jars.keep(call, &url, &headers);
            }
            let sent = jars.header(CallKey(1), &url);
            prop_assert!(sent.is_none_or(|sent| sent.to_str().unwrap() == pair));
            jars.header(CallKey(2), &url);
        }
    }

    #[test]
    fn an_application_that_sets_a_new_cookie_with_each_reply_fills_its_jar_and_no_more() {
        let jars = Jars::default();
        let call = CallKey(1);
        for number in 0..2 * MOST_IN_A_JAR {
            let mut headers = HeaderMap::new();
            let cookie = format!("c{number}=1");
            headers.insert(SET_COOKIE, HeaderValue::from_str(&cookie).unwrap());
            jars.keep(call, "http://h/", &headers);
        }
        let sent = jars.header(call, "http://h/").unwrap();
        assert_eq!(sent.to_str().unwrap().split("; ").count(), MOST_IN_A_JAR);
    }

    #[test]
    fn a_cookie_that_is_longer_than_browsers_keep_is_dropped() {
        let jars = Jars::default();
        let call = CallKey(1);
        for name in ["long", "short"] {
            let length = if name == "long" { LONGEST } else { 1_000 };
            let cookie = format!("{name}={}", "1".repeat(length));
            let mut headers = HeaderMap::new();
            headers.insert(SET_COOKIE, HeaderValue::from_str(&cookie).unwrap());
            jars.keep(call, "http://h/", &headers);
        }
        let sent = jars.header(call, "http://h/").unwrap();
        assert_eq!(
            sent.to_str().unwrap(),
            format!("short={}", "1".repeat(1_000))
        );
    }
}
