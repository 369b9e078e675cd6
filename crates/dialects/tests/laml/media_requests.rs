//! How sounds are fetched, and how streams are opened.

use std::time::Duration;

use hookflash_dialects::laml::signature::signature;
use hookflash_dialects::{Body, Dialect, FetchError, FetchErrorKind, HttpRequest, Signing};
use hookflash_program::{Audio, HookMethod, Prompt, Stream, Verb};

use crate::call::{BASE, BOTH, call, step};

fn sound(dialect: Dialect, url: &str) -> Audio {
    let escaped = url.replace('&', "&amp;");
    let inside = format!("<Play>{escaped}</Play>");
    let Verb::Prompts(prompts) = step(dialect, &inside).verb else {
        panic!()
    };
    match prompts.items.into_iter().next() {
        Some(Prompt::Audio(audio)) => audio,
        other => panic!("{url}: {other:?}"),
    }
}

fn fetched(dialect: Dialect, base: &str, url: &str) -> Result<HttpRequest, FetchError> {
    dialect.audio_request(&call(dialect), base, &sound(dialect, url))
}

#[test]
fn a_sound_is_fetched_by_get_with_the_vendors_limits() {
    let request = fetched(Dialect::Twiml, BASE, "hello.mp3?v=1").unwrap();
    assert_eq!(request.purpose, "audio");
    assert_eq!(request.method, HookMethod::Get);
    assert_eq!(request.url, "https://app.example.com/voice/hello.mp3?v=1");
    assert_eq!((request.credentials, request.body), (None, Body::None));
    assert_eq!(request.policy.connect, Duration::from_secs(5));
    assert_eq!(request.policy.read, Duration::from_secs(15));
    assert_eq!(request.policy.total, Duration::from_secs(60));
    assert_eq!((request.policy.retries, request.policy.redirects), (1, 10));
    assert_eq!(request.policy.max_reply, 64 << 20);
    let request = fetched(Dialect::Cxml, BASE, "/hello.mp3").unwrap();
    assert_eq!(request.policy.connect, Duration::from_secs(2));
    assert_eq!(request.policy.read, Duration::from_secs(5));
    assert_eq!((request.policy.retries, request.policy.redirects), (0, 3));
}

#[test]
fn a_sound_keeps_its_bytes_and_gives_up_its_password_and_fragment() {
    for dialect in BOTH {
        let url = "https://us%40er:p:w@cdn.example.com:443/A%7e/b//c.wav?x=ä#rt=700&tt=9000";
        let request = fetched(dialect, BASE, url).unwrap();
        assert_eq!(
            request.url,
            "https://cdn.example.com/A%7e/b//c.wav?x=%C3%A4"
        );
        let credentials = ("us@er".to_owned(), "p:w".to_owned());
        assert_eq!(request.credentials, Some(credentials));
        assert_eq!(request.policy.read, Duration::from_millis(700));
        assert_eq!(request.policy.total, Duration::from_millis(9000));
        let url = "https://cdn.example.com:443/%7Euser/../a.wav";
        assert_eq!(fetched(dialect, BASE, url).unwrap().url, url);
    }
}

#[test]
fn a_sound_on_the_applications_own_host_gets_its_password() {
    for dialect in BOTH {
        let mut facts = call(dialect);
        let mut application = (*facts.application).clone();
        application.url = "https://me:secret@app.example.com/voice".to_owned();
        facts.application = application.into();
        let base = "https://app.example.com/voice";
        let request = dialect.audio_request(&facts, base, &sound(dialect, "/a.mp3"));
        let credentials = ("me".to_owned(), "secret".to_owned());
        assert_eq!(request.unwrap().credentials, Some(credentials));
        let other = sound(dialect, "https://cdn.example.com/a.mp3");
        let request = dialect.audio_request(&facts, base, &other).unwrap();
        assert_eq!(request.credentials, None);
    }
}

#[test]
fn a_file_is_left_as_it_is() {
    for dialect in BOTH {
        let url = "file:///srv/prompts/Hello%20you.wav#t=1";
        let request = fetched(dialect, BASE, url).unwrap();
        assert_eq!(request.url, url);
        assert_eq!(
            (request.signing, request.credentials),
            (Signing::None, None)
        );
    }
}

#[test]
fn a_document_on_disk_names_sounds_beside_it() {
    for dialect in BOTH {
        let request = fetched(dialect, "file:///srv/app/night.xml", "hello.wav").unwrap();
        assert_eq!(request.url, "file:///srv/app/hello.wav");
        let request = fetched(
            dialect,
            "file:///srv/app/night.xml",
            "https://a.example.com/b.wav",
        );
        assert_eq!(request.unwrap().url, "https://a.example.com/b.wav");
    }
}

#[test]
fn a_sound_that_cannot_be_fetched_says_why() {
    for dialect in BOTH {
        for (base, url, words) in [
            (BASE, "rtmp://media.example.com/a", "rtmp"),
            (BASE, "ftp://media.example.com/a", "ftp"),
            ("", "hello.mp3", "relative"),
            (BASE, "http://", "cannot be read"),
        ] {
            let error = fetched(dialect, base, url).unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::InvalidUrl);
            assert!(error.message.contains(words), "{url}: {error}");
        }
    }
}

#[test]
fn a_reply_that_was_a_sound_is_fetched_from_its_own_url() {
    for dialect in BOTH {
        let facts = call(dialect);
        let audio = Audio {
            url: String::new(),
            ..sound(dialect, "/x.mp3")
        };
        let asked = format!("{BASE}&CallSid={}&From=x", facts.sid);
        let request = dialect.audio_request(&facts, &asked, &audio).unwrap();
        assert_eq!(request.url, BASE);
    }
}

fn stream(dialect: Dialect, attributes: &str) -> Stream {
    let inside = format!("<Start><Stream {attributes}/></Start>");
    match step(dialect, &inside).verb {
        Verb::StartStream(stream) => *stream,
        other => panic!("{other:?}"),
    }
}

fn opened(dialect: Dialect, attributes: &str) -> Result<HttpRequest, FetchError> {
    dialect.stream_request(&call(dialect), BASE, &stream(dialect, attributes))
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = headers.iter().filter(|(known, _)| known == name);
    let first = found.next().map(|(_, value)| value.as_str());
    assert!(found.next().is_none(), "{name} is there twice");
    first
}

#[test]
fn a_handshake_is_signed_over_the_wss_url() {
    let url = "wss://media.example.com/audio?x=1";
    let attributes = format!("url=\"{url}#anchor\"");
    let request = opened(Dialect::Twiml, &attributes).unwrap();
    assert_eq!(request.purpose, "stream");
    assert_eq!(request.method, HookMethod::Get);
    assert_eq!(request.url, url);
    let headers = request.headers_for(&request.url, 0);
    let expected = signature("secret", url, &[]);
    assert_eq!(header(&headers, "X-Twilio-Signature"), Some(&*expected));
    assert_eq!(header(&headers, "X-SignalWire-Signature"), None);
    assert_eq!(header(&headers, "Authorization"), None);

    let request = opened(Dialect::Cxml, &attributes).unwrap();
    let headers = request.headers_for(&request.url, 0);
    assert_eq!(header(&headers, "X-Twilio-Signature"), Some(&*expected));
    assert_eq!(header(&headers, "X-SignalWire-Signature"), Some(&*expected));
}

#[test]
fn a_stream_takes_more_in_one_message_than_a_document_may_have() {
    for dialect in BOTH {
        let policy = opened(dialect, "url=\"wss://m.example.com/\"")
            .unwrap()
            .policy;
        assert!(policy.max_reply > 1 << 20, "{dialect:?}");
        assert_eq!(policy.redirects, 0);
    }
}

#[test]
fn a_handshake_carries_a_password_or_a_token() {
    for dialect in BOTH {
        let request = opened(dialect, "url=\"wss://us:p%20w@m.example.com\"").unwrap();
        assert_eq!(request.url, "wss://m.example.com/");
        let credentials = ("us".to_owned(), "p w".to_owned());
        assert_eq!(request.credentials, Some(credentials));
    }
    let attributes = "url=\"wss://us:pw@m.example.com/\" authBearerToken=\"abc.def\"";
    let request = opened(Dialect::Cxml, attributes).unwrap();
    assert_eq!(
        header(&request.headers, "Authorization"),
        Some("Bearer abc.def")
    );
    assert_eq!(request.credentials, None, "there is room for one");
}

#[test]
fn a_token_cannot_break_out_of_its_header() {
    let attributes = "url=\"wss://m.example.com/\" authBearerToken=\"a&#13;&#10;X: y\"";
    let error = opened(Dialect::Cxml, attributes).unwrap_err();
    assert!(error.message.contains("authBearerToken"), "{error}");
}

#[test]
fn only_an_absolute_websocket_url_can_be_opened() {
    for dialect in BOTH {
        for (url, words) in [
            ("", "no `url`"),
            ("/media", "relative"),
            ("media.example.com", "relative"),
            ("https://m.example.com/", "https"),
            ("wss://", "cannot be read"),
        ] {
            let error = opened(dialect, &format!("url=\"{url}\"")).unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::InvalidUrl, "{url}");
            assert!(error.message.contains(words), "{url}: {error}");
        }
        let request = opened(dialect, "url=\"ws://127.0.0.1:9000/x\"").unwrap();
        assert_eq!(request.url, "ws://127.0.0.1:9000/x");
    }
}

#[test]
fn a_url_that_cannot_go_out_as_it_is_is_escaped() {
    let request = opened(Dialect::Twiml, "url=\"wss://m.example.com/ä b\"").unwrap();
    assert_eq!(request.url, "wss://m.example.com/%C3%A4%20b");
}
