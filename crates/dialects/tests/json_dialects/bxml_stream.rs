//! The streams and the running transcriptions of BXML.

use hookflash_program::{
    Answering, Hook, HookMethod, Recognizer, Stream, StreamEncoding, StreamFormat, Tracks,
    Transcription, Verb, Which,
};

use crate::bxml_audio::{errors, step, with_credentials};

fn stream(verb: &str) -> Stream {
    match step(verb) {
        (Answering::Answer, Verb::StartStream(stream)) => *stream,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bxml_start_stream_sends_the_caller_as_mu_law_by_default() {
    let wanted = Stream {
        url: "wss://a/b".to_owned(),
        name: None,
        tracks: Tracks::Inbound,
        bidirectional: false,
        format: StreamFormat {
            encoding: StreamEncoding::Mulaw,
            rate: 8000,
            channels: 1,
        },
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
    };
    assert_eq!(stream("<StartStream destination='wss://a/b'/>"), wanted);
}

#[test]
fn bxml_start_stream_is_read_with_all_that_it_says() {
    let found = stream(
        "<StartStream destination='ws://a/b' name='s' tracks='both' mode='bidirectional' \
         streamEventUrl='/e' streamEventMethod='GET' username='u' password='p' \
         destinationUsername='du' destinationPassword='dp'><StreamParam name='a' value='1'/>\
         </StartStream>",
    );
    assert_eq!(found.name.as_deref(), Some("s"));
    assert_eq!(found.tracks, Tracks::Both);
    assert!(found.bidirectional);
    let status = Hook {
        method: HookMethod::Get,
        ..with_credentials("/e", "u", "p")
    };
    assert_eq!(found.status, Some(status));
    assert_eq!(found.credentials, Some(("du".to_owned(), "dp".to_owned())));
    assert_eq!(found.parameters, [("a".to_owned(), "1".to_owned())]);
}

#[test]
fn bxml_start_stream_takes_twelve_parameters_at_most() {
    let text = |count| {
        let parameters = "<StreamParam name='n' value='v'/>".repeat(count);
        format!("<StartStream destination='ws://a'>{parameters}</StartStream>")
    };
    assert_eq!(stream(&text(12)).parameters.len(), 12);
    assert_eq!(
        errors(&text(13)),
        ["1:11 <StartStream> needs at most 12 <StreamParam>, found 13"]
    );
}

#[test]
fn bxml_stop_stream_names_its_stream() {
    let wanted = Verb::StopStream(Which::Named("s".to_owned()));
    assert_eq!(
        step("<StopStream name='s' wait='true'/>"),
        (Answering::Leave, wanted)
    );
}

#[test]
fn bxml_start_transcription_waits_for_stable_english_by_default() {
    let transcription = |verb: &str| match step(verb) {
        (Answering::Answer, Verb::Transcribe(transcription)) => *transcription,
        other => panic!("{other:?}"),
    };
    let english = Recognizer {
        language: Some("en-US".to_owned()),
        ..Recognizer::default()
    };
    let wanted = Transcription {
        name: None,
        tracks: Tracks::Inbound,
        recognizer: english,
        hook: None,
        destination: None,
        parameters: Vec::new(),
        waits: false,
        id: None,
    };
    assert_eq!(transcription("<StartTranscription/>"), wanted);
    let found = transcription(
        "<StartTranscription name='t' tracks='outbound' transcriptionEventUrl='/e' username='u' \
         password='p' destination='wss://a' stabilized='false' preferredLanguages='es-US, en-US'>\
         <CustomParam name='n' value='v'/></StartTranscription>",
    );
    assert_eq!(found.name.as_deref(), Some("t"));
    assert_eq!(found.tracks, Tracks::Outbound);
    assert_eq!(found.hook, Some(with_credentials("/e", "u", "p")));
    assert_eq!(found.destination.as_deref(), Some("wss://a"));
    assert_eq!(found.parameters, [("n".to_owned(), "v".to_owned())]);
    assert_eq!(found.recognizer.language.as_deref(), Some("es-US"));
    assert!(found.recognizer.interim);
    let detected = transcription("<StartTranscription detectLanguage='true'/>");
    assert_eq!(detected.recognizer.language, None);
}

#[test]
fn bxml_stop_transcription_stops_one_or_all() {
    let one = Verb::StopTranscription(Which::Named("t".to_owned()));
    assert_eq!(
        step("<StopTranscription name='t'/>"),
        (Answering::Leave, one)
    );
    let all = Verb::StopTranscription(Which::All);
    assert_eq!(step("<StopTranscription/>"), (Answering::Leave, all));
}
