//! Connect, Start and Stop with their nouns.

use hookflash_dialects::Dialect;
use hookflash_program::{
    Answering, Hook, HookMethod, Recognizer, Stream, StreamEncoding, StreamFormat, Tracks,
    Transcription, Verb, Which,
};

use crate::call::{BOTH, step, steps};

fn format(encoding: StreamEncoding, rate: u32) -> StreamFormat {
    StreamFormat {
        encoding,
        rate,
        channels: 1,
    }
}

fn plain(url: &str) -> Stream {
    Stream {
        url: url.to_owned(),
        name: None,
        tracks: Tracks::Inbound,
        bidirectional: false,
        format: format(StreamEncoding::Mulaw, 8000),
        bare_rate: None,
        parameters: Vec::new(),
        metadata: None,
        credentials: None,
        bearer: None,
        status: None,
        finish: Vec::new(),
        most: None,
        beep: false,
        pass_keys: false,
        result: None,
        empty_reply_goes_on: false,
        id: None,
    }
}

fn get(url: &str) -> Hook {
    Hook {
        method: HookMethod::Get,
        ..Hook::post(url)
    }
}

pub(crate) fn started(dialect: Dialect, inside: &str) -> Stream {
    let step = step(dialect, inside);
    assert_eq!(step.answering, Answering::Answer);
    match step.verb {
        Verb::StartStream(stream) => *stream,
        other => panic!("{inside}: {other:?}"),
    }
}

pub(crate) fn connected(dialect: Dialect, inside: &str) -> Stream {
    let step = step(dialect, inside);
    assert_eq!(step.answering, Answering::Answer);
    match step.verb {
        Verb::ConnectStream(stream) => *stream,
        other => panic!("{inside}: {other:?}"),
    }
}

#[test]
fn twiml_start_stream_goes_one_way_without_keys() {
    let text = "<Start><Stream url=\"wss://media.example.com/x\"/></Start>";
    assert_eq!(steps(Dialect::Twiml, text).len(), 1);
    assert_eq!(
        started(Dialect::Twiml, text),
        plain("wss://media.example.com/x")
    );
}

#[test]
fn cxml_start_stream_goes_one_way_with_keys() {
    let text = "<Start><Stream url=\"wss://media.example.com/x\"/></Start>";
    let expected = Stream {
        pass_keys: true,
        ..plain("wss://media.example.com/x")
    };
    assert_eq!(started(Dialect::Cxml, text), expected);
}

#[test]
fn twiml_start_stream_takes_every_attribute() {
    let text = "<Start action=\"/a\"><Stream url=\" wss://media.example.com/x \" name=\"n\" \
                track=\"both_tracks\" statusCallback=\"/s\" statusCallbackMethod=\"GET\">\
                <Parameter name=\"b\" value=\"2\"/><Parameter name=\"a\" value=\"1 &amp; 0\"/>\
                <Parameter value=\"no name\"/><Parameter name=\"c\"/></Stream></Start>";
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = Stream {
        name: Some("n".to_owned()),
        tracks: Tracks::Both,
        status: Some(get("/s")),
        parameters: vec![pair("b", "2"), pair("a", "1 & 0"), pair("c", "")],
        ..plain("wss://media.example.com/x")
    };
    assert_eq!(started(Dialect::Twiml, text), expected);
}

#[test]
fn cxml_start_stream_takes_every_attribute() {
    for (codec, wanted) in [
        ("PCMU@8000h", format(StreamEncoding::Mulaw, 8000)),
        ("L16@16000h", format(StreamEncoding::Linear, 16_000)),
        ("L16@24000h", format(StreamEncoding::Linear, 24_000)),
        ("OPUS@48000h", format(StreamEncoding::Mulaw, 8000)),
    ] {
        let text = format!(
            "<Start><Stream url=\"wss://m.example.com\" name=\"n\" track=\"outbound_track\" \
             codec=\"{codec}\" realtime=\"true\" authBearerToken=\"t\" statusCallback=\"/s\"/></Start>"
        );
        let stream = started(Dialect::Cxml, &text);
        assert_eq!(stream.format, wanted, "{codec}");
        assert_eq!(stream.tracks, Tracks::Outbound);
        assert_eq!(stream.bearer.as_deref(), Some("t"));
        assert_eq!(stream.status, Some(Hook::post("/s")));
    }
}

#[test]
fn twiml_connect_stream_waits_and_goes_both_ways() {
    let text = "<Connect action=\"/done\" method=\"GET\"><Stream url=\"wss://m.example.com/\" \
                track=\"both_tracks\"/></Connect>";
    let expected = Stream {
        bidirectional: true,
        pass_keys: true,
        result: Some(get("/done")),
        ..plain("wss://m.example.com/")
    };
    assert_eq!(connected(Dialect::Twiml, text), expected);
    let text = "<Connect><Stream url=\"wss://m.example.com/\"/></Connect>";
    assert_eq!(connected(Dialect::Twiml, text).result, None);
}

#[test]
fn cxml_connect_stream_waits_and_goes_both_ways() {
    let text = "<Connect action=\"/done\"><Stream url=\"wss://m.example.com/\" \
                codec=\"L16@24000h\"/></Connect>";
    let expected = Stream {
        bidirectional: true,
        pass_keys: true,
        format: format(StreamEncoding::Linear, 24_000),
        result: Some(Hook::post("/done")),
        ..plain("wss://m.example.com/")
    };
    assert_eq!(connected(Dialect::Cxml, text), expected);
}

#[test]
fn a_bad_url_stays_with_its_stream_so_that_opening_it_says_why() {
    for dialect in BOTH {
        for url in ["", "/media", "https://m.example.com/", "ws://127.0.0.1:9/x"] {
            let text = format!("<Start><Stream url=\"{url}\"/></Start>");
            assert_eq!(started(dialect, &text).url, url);
        }
    }
}

fn stop_ends_one_stream_or_all(dialect: Dialect) {
    for (attributes, which) in [
        ("name=\"n\"", Which::Named("n".to_owned())),
        ("", Which::All),
    ] {
        let step = step(dialect, &format!("<Stop><Stream {attributes}/></Stop>"));
        assert_eq!(step.answering, Answering::Leave);
        assert_eq!(step.verb, Verb::StopStream(which));
    }
}

#[test]
fn twiml_stop_ends_one_stream_or_all() {
    stop_ends_one_stream_or_all(Dialect::Twiml);
}

#[test]
fn cxml_stop_ends_one_stream_or_all() {
    stop_ends_one_stream_or_all(Dialect::Cxml);
}

#[test]
fn twiml_stop_ends_one_transcription_or_all() {
    for (attributes, which) in [
        ("name=\"n\"", Which::Named("n".to_owned())),
        ("", Which::All),
    ] {
        let inside = format!("<Stop><Transcription {attributes}/></Stop>");
        let step = step(Dialect::Twiml, &inside);
        assert_eq!(step.verb, Verb::StopTranscription(which));
    }
}

#[test]
fn every_noun_of_start_and_stop_is_an_instruction_of_its_own() {
    let text = "<Start><Stream url=\"wss://m.example.com/\"/><Recording/></Start>\n\
                <Stop><Stream name=\"a\"/><Transcription name=\"b\"/><Siprec name=\"c\"/></Stop>";
    let steps = steps(Dialect::Twiml, text);
    let names: Vec<(&str, u32)> = steps
        .iter()
        .map(|step| (step.name.as_str(), step.position.line))
        .collect();
    assert_eq!(
        names,
        [
            ("Start", 1),
            ("Start", 1),
            ("Stop", 2),
            ("Stop", 2),
            ("Stop", 2)
        ]
    );
    assert!(matches!(steps[1].verb, Verb::Recording(_)));
    let named = Which::Named("b".to_owned());
    assert_eq!(steps[3].verb, Verb::StopTranscription(named));
    assert!(matches!(steps[4].verb, Verb::Noted(_)), "nothing to stop");
}

#[test]
fn nouns_that_cannot_be_had_say_so_and_do_not_answer() {
    for (dialect, inside, noun) in [
        (Dialect::Twiml, "<Connect><Room>r</Room></Connect>", "Room"),
        (
            Dialect::Twiml,
            "<Connect><ConversationRelay url=\"wss://a.example.com\"/></Connect>",
            "ConversationRelay",
        ),
        (
            Dialect::Twiml,
            "<Connect><ConversationRelaySession connector=\"c\"/></Connect>",
            "ConversationRelaySession",
        ),
        (
            Dialect::Twiml,
            "<Connect><Conversation/></Connect>",
            "Conversation",
        ),
        (
            Dialect::Twiml,
            "<Connect><VirtualAgent connectorName=\"c\"/></Connect>",
            "VirtualAgent",
        ),
        (
            Dialect::Twiml,
            "<Connect><Autopilot>UA1</Autopilot></Connect>",
            "Autopilot",
        ),
        (
            Dialect::Twiml,
            "<Connect><AiSession aiConnector=\"c\"/></Connect>",
            "AiSession",
        ),
        (
            Dialect::Twiml,
            "<Start><Siprec name=\"n\"/></Start>",
            "Siprec",
        ),
        (Dialect::Cxml, "<Connect><Room>r</Room></Connect>", "Room"),
        (
            Dialect::Cxml,
            "<Connect><VirtualAgent connectorName=\"c\"/></Connect>",
            "VirtualAgent",
        ),
        (Dialect::Cxml, "<Connect><AI>x</AI></Connect>", "AI"),
    ] {
        let step = steps(dialect, inside).remove(0);
        assert_eq!(step.answering, Answering::Leave, "{inside}");
        let Verb::Unrunnable(verb) = &step.verb else {
            panic!("{inside}: {:?}", step.verb)
        };
        assert_eq!(verb.code, "13750");
        assert_eq!(verb.verb, step.name);
        let start = format!("`<{noun}>`: ");
        assert!(verb.reason.starts_with(&start), "{}", verb.reason);
        assert!(!verb.reason.contains("it is not part"), "{}", verb.reason);
    }
}

#[test]
fn an_empty_connect_start_or_stop_is_noted() {
    for dialect in BOTH {
        for verb in ["Connect", "Start", "Stop"] {
            let step = step(dialect, &format!("<{verb}/>"));
            assert!(matches!(step.verb, Verb::Noted(_)), "{:?}", step.verb);
            assert_eq!(step.answering, Answering::Leave);
        }
    }
}

pub(crate) fn transcription(inside: &str) -> Transcription {
    let step = step(Dialect::Twiml, inside);
    assert_eq!(step.answering, Answering::Answer);
    match step.verb {
        Verb::Transcribe(transcription) => *transcription,
        other => panic!("{inside}: {other:?}"),
    }
}

#[test]
fn twiml_start_transcription_has_the_vendors_defaults() {
    let expected = Transcription {
        name: None,
        tracks: Tracks::Both,
        recognizer: Recognizer {
            language: Some("en-US".to_owned()),
            profanity_filter: true,
            ..Recognizer::default()
        },
        hook: None,
        destination: None,
        parameters: Vec::new(),
        waits: false,
        id: None,
    };
    assert_eq!(transcription("<Start><Transcription/></Start>"), expected);
}

#[test]
fn twiml_start_transcription_takes_every_attribute() {
    let text = "<Start><Transcription name=\"n\" track=\"inbound_track\" statusCallbackUrl=\"/s\" \
                statusCallbackMethod=\"GET\" inboundTrackLabel=\"a\" outboundTrackLabel=\"b\" \
                partialResults=\"true\" languageCode=\"de-DE\" transcriptionEngine=\"google\" \
                profanityFilter=\"false\" speechModel=\"telephony\" hints=\"Alice, Bob\" \
                enableAutomaticPunctuation=\"true\"><Parameter name=\"p\" value=\"v\"/>\
                </Transcription></Start>";
    assert_eq!(steps(Dialect::Twiml, text).len(), 1);
    let expected = Transcription {
        name: Some("n".to_owned()),
        tracks: Tracks::Inbound,
        recognizer: Recognizer {
            vendor: None,
            language: Some("de-DE".to_owned()),
            model: Some("telephony".to_owned()),
            hints: vec!["Alice".to_owned(), "Bob".to_owned()],
            profanity_filter: false,
            interim: true,
        },
        hook: Some(get("/s")),
        destination: None,
        parameters: vec![("p".to_owned(), "v".to_owned())],
        waits: false,
        id: None,
    };
    assert_eq!(transcription(text), expected);
}
