//! Where requests go, and what the fragment of a URL changes.

use std::time::Duration;

use hookflash_dialects::{
    CallFacts, Dialect, FetchError, FetchErrorKind, HttpRequest, Moment, RetryOn,
};

use crate::call::{BASE, BOTH, call, parse, redirect_to, request};

fn asked(dialect: Dialect, url: &str) -> HttpRequest {
    request(&call(dialect), &Moment::Redirected(&redirect_to(url)))
}

fn refused(dialect: Dialect, base: &str, url: &str) -> FetchError {
    match dialect.request(&call(dialect), base, &Moment::Redirected(&redirect_to(url))) {
        Err(error) => error,
        other => panic!("{url} was taken: {other:?}"),
    }
}

#[test]
fn relative_urls_resolve_against_the_document() {
    for (written, resolved) in [
        ("next", "https://app.example.com/voice/next"),
        ("/next?x=1", "https://app.example.com/next?x=1"),
        ("../up", "https://app.example.com/up"),
        ("?step=2", "https://app.example.com/voice/start?step=2"),
        ("//other.example.com/x", "https://other.example.com/x"),
        ("", "https://app.example.com/voice/start?tenant=7"),
        ("  next\n", "https://app.example.com/voice/next"),
        (
            "näxt stop",
            "https://app.example.com/voice/n%C3%A4xt%20stop",
        ),
    ] {
        assert_eq!(asked(Dialect::Twiml, written).url, resolved, "{written:?}");
    }
}

#[test]
fn an_absolute_url_keeps_its_bytes() {
    for url in [
        "https://app.example.com:443/Voice/%7euser/../x?b=2&a=%C3%a4",
        "http://APP.example.com:80/a//b?",
        "http://[::1]:3000/voice;v=1?x='y'",
    ] {
        assert_eq!(asked(Dialect::Twiml, url).url, url);
    }
    assert_eq!(
        asked(Dialect::Twiml, "https://app.example.com").url,
        "https://app.example.com/"
    );
    assert_eq!(
        asked(Dialect::Twiml, "https://app.example.com?x=1").url,
        "https://app.example.com/?x=1"
    );
    assert_eq!(
        asked(Dialect::Twiml, "https://app.example.com/a b\u{e4}").url,
        "https://app.example.com/a%20b%C3%A4"
    );
}

#[test]
fn user_information_becomes_credentials() {
    let request = asked(
        Dialect::Twiml,
        "https://us%40er:p:w%2f@app.example.com/x#rc=0",
    );
    assert_eq!(request.url, "https://app.example.com/x");
    assert_eq!(
        request.credentials,
        Some(("us@er".to_owned(), "p:w/".to_owned()))
    );
    assert_eq!(
        asked(Dialect::Twiml, "https://app.example.com/x").credentials,
        None
    );
}

#[test]
fn a_relative_url_keeps_the_credentials_of_its_application() {
    let mut facts = call(Dialect::Twiml);
    let mut application = (*facts.application).clone();
    application.url = "https://user:word@app.example.com/voice".to_owned();
    facts.application = application.into();
    let credentials = Some(("user".to_owned(), "word".to_owned()));
    let to = |facts: &CallFacts, url: &str| {
        request(facts, &Moment::Redirected(&redirect_to(url))).credentials
    };
    assert_eq!(to(&facts, "/next"), credentials);
    assert_eq!(
        to(&facts, "//other.example.com/next"),
        None,
        "another origin learns nothing"
    );
    assert_eq!(
        to(&facts, "https://app.example.com/next"),
        None,
        "written in full without"
    );
}

#[test]
fn what_is_no_http_url_is_refused() {
    for dialect in BOTH {
        for url in [
            "ftp://app.example.com/",
            "javascript:alert(1)",
            "https://",
            "http://a b/",
            "file:///etc",
        ] {
            let error = refused(dialect, BASE, url);
            assert_eq!(error.kind, FetchErrorKind::InvalidUrl, "{url}");
            assert_eq!(dialect.fetch_error_code(&error), "11100");
        }
        // A document that came through the API has no URL to resolve against.
        let error = refused(dialect, "", "/next");
        assert!(error.message.contains("relative"), "{}", error.message);
    }
}

#[test]
fn line_breaks_never_get_into_a_url() {
    for dialect in BOTH {
        for url in [
            "https://app.example.com/a\r\nHost: evil",
            "/a\r\nX: y",
            "https://a.example/\u{0}",
        ] {
            let asked = asked(dialect, url);
            assert!(
                asked.url.bytes().all(|byte| byte.is_ascii_graphic()),
                "{}",
                asked.url
            );
        }
    }
}

#[test]
fn the_limits_are_the_vendors() {
    let policy = asked(Dialect::Twiml, "/x").policy;
    let seconds = Duration::from_secs;
    assert_eq!(
        (policy.connect, policy.read, policy.total),
        (seconds(5), seconds(15), seconds(15))
    );
    assert_eq!((policy.retries, policy.redirects), (1, 10));
    assert_eq!(
        policy.retry_on,
        RetryOn {
            connect: true,
            ..RetryOn::default()
        }
    );
    assert!(policy.digest && policy.cookies);
    assert_eq!(policy.max_reply, 65_536);

    let policy = asked(Dialect::Cxml, "/x").policy;
    assert_eq!(
        (policy.connect, policy.read, policy.total),
        (seconds(2), seconds(5), seconds(15))
    );
    assert_eq!((policy.retries, policy.redirects), (0, 3));
}

#[test]
fn a_fragment_overrides_twilios_limits() {
    let request = asked(
        Dialect::Twiml,
        "/x?y=1#ct=250&rt=3000&tt=9000&rc=3&rp=4xx,5xx,rt&sni=n&e=ashburn",
    );
    assert_eq!(request.url, "https://app.example.com/x?y=1");
    let policy = request.policy;
    assert_eq!(policy.connect, Duration::from_millis(250));
    assert_eq!(policy.read, Duration::from_secs(3));
    assert_eq!(policy.total, Duration::from_secs(9));
    assert_eq!(policy.retries, 3);
    assert_eq!(
        policy.retry_on,
        RetryOn {
            connect: false,
            read: true,
            client_errors: true,
            server_errors: true
        }
    );
    let all = asked(Dialect::Twiml, "/x#rp=all").policy.retry_on;
    assert!(all.connect && all.read && all.client_errors && all.server_errors);
}

#[test]
fn a_fragment_overrides_signalwires_limits_but_not_retries() {
    let policy = asked(Dialect::Cxml, "/x#ot=250&rt=3000&tt=9000&rc=3&rp=all&ct=1").policy;
    assert_eq!(policy.connect, Duration::from_millis(250));
    assert_eq!(policy.read, Duration::from_secs(3));
    assert_eq!(policy.total, Duration::from_secs(9));
    assert_eq!(policy.retries, 0);
    assert_eq!(policy.retry_on, RetryOn::default());
}

#[test]
fn an_override_out_of_range_is_an_error() {
    for fragment in [
        "rc=6",
        "rc=-1",
        "rc=x",
        "rp=6xx",
        "rp=",
        "ct=99",
        "ct=10001",
        "rt=15001",
        "tt=0",
        "sni=maybe",
    ] {
        let error = refused(Dialect::Twiml, BASE, &format!("/x#{fragment}"));
        assert_eq!(error.kind, FetchErrorKind::BadOverride, "{fragment}");
        assert_eq!(Dialect::Twiml.fetch_error_code(&error), "11243");
        assert_eq!(error.url, "https://app.example.com/x");
    }
    assert_eq!(
        refused(Dialect::Cxml, BASE, "/x#ot=99").kind,
        FetchErrorKind::BadOverride
    );
}

#[test]
fn a_plain_anchor_changes_nothing() {
    let request = asked(Dialect::Twiml, "/x#top");
    assert_eq!(request.url, "https://app.example.com/x");
    assert_eq!(request.policy, asked(Dialect::Twiml, "/x").policy);
}

#[test]
fn each_failure_has_the_vendors_code() {
    use FetchErrorKind::*;
    for (kind, twilio, signalwire) in [
        (InvalidUrl, "11100", "11100"),
        (Dns, "11210", "11210"),
        (ConnectTimeout, "11201", "11200"),
        (Refused, "11202", "11200"),
        (Tls, "11220", "11220"),
        (ReadTimeout, "11200", "11200"),
        (TotalTimeout, "11203", "11200"),
        (Protocol, "11206", "11251"),
        (TooManyRedirects, "11215", "11215"),
        (BadRedirect, "11216", "11215"),
        (Status(503), "11200", "11217"),
        (TooLarge, "11750", "11750"),
        (PrivateAddress, "11205", "11200"),
        (BadOverride, "11243", "11200"),
    ] {
        let error = FetchError {
            kind,
            url: String::new(),
            message: String::new(),
            body: None,
        };
        assert_eq!(Dialect::Twiml.fetch_error_code(&error), twilio, "{kind:?}");
        assert_eq!(
            Dialect::Cxml.fetch_error_code(&error),
            signalwire,
            "{kind:?}"
        );
    }
}

#[test]
fn an_error_never_tells_the_password_of_a_url() {
    for dialect in BOTH {
        for wrong in [
            "https://ada:secret@app.example.com/x#rt=1",
            "wss://ada:secret@app.example.com/x",
            "https://ada:secret@app.example.com:port/x",
            "https:/ada:secret@app.example.com:port/x",
        ] {
            let error = refused(dialect, BASE, wrong);
            assert!(error.url.contains("app.example.com"), "{error}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
}

#[test]
fn a_remark_never_tells_the_password_of_a_url() {
    for dialect in BOTH {
        for wrong in [
            "<Gather action=\"ftp://ada:secret@app.example.com/x\"/>",
            "<Redirect>ftp://ada:secret@app.example.com/x</Redirect>",
            "<Start><Stream url=\"ws://ada:secret@app.example.com/x\"/></Start>",
        ] {
            let document = format!("<Response>{wrong}</Response>");
            let [remark] = parse(dialect, &document).warnings.try_into().expect(wrong);
            assert!(remark.message.contains("://app.example.com/x"), "{remark}");
            assert!(!format!("{remark:?}").contains("secret"), "{remark:?}");
        }
    }
}

#[test]
fn an_error_about_an_override_stays_short_and_on_one_line() {
    let long = "9".repeat(1000);
    for fragment in ["rc=%0a", "rp=%0a", "sni=%0d", "rt=%1b", "tt="] {
        let error = refused(Dialect::Twiml, BASE, &format!("/x#{fragment}{long}"));
        assert!(error.message.len() < 200, "{error}");
        assert!(!error.message.contains(char::is_control), "{error:?}");
    }
}

#[test]
fn a_password_behind_one_slash_is_no_part_of_the_url_either() {
    for dialect in BOTH {
        let asked = asked(dialect, "https:/ada:secret@app.example.com/x?next=a://b");
        assert_eq!(asked.url, "https://app.example.com/x?next=a://b");
        let ada = ("ada".to_owned(), "secret".to_owned());
        assert_eq!(asked.credentials, Some(ada));
    }
}
