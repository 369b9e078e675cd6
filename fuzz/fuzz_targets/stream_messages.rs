//! Messages of an application on the WebSocket of an audio stream, in the words of each vendor:
//! what is read of them is sound that can be played, a key that can be sent, or a complaint.

#![no_main]

mod call;

use std::sync::LazyLock;

use hookflash_dialects::{CallFacts, CallState, Dialect, Document, Frame, StreamOrder};
use hookflash_program::{Stream, Verb};
use libfuzzer_sys::fuzz_target;

/// A stream in both directions of each vendor, and jambonz' one that takes bare samples.
static STREAMS: LazyLock<Vec<(CallFacts, Stream)>> = LazyLock::new(|| {
    let connect = r#"<Response><Connect><Stream url="wss://app.example/"/></Connect></Response>"#;
    let start = r#"<Response><StartStream destination="wss://app.example/" mode="bidirectional"
        destinationUsername="u" destinationPassword="p"/></Response>"#;
    let listen = |streaming| {
        format!(
            r#"[{{"verb": "listen", "url": "wss://app.example/", "bidirectionalAudio":
            {{"enabled": true, "streaming": {streaming}, "sampleRate": 8000}}}}]"#
        )
    };
    [
        (Dialect::Twiml, connect.to_owned()),
        (Dialect::Cxml, connect.to_owned()),
        (Dialect::Bxml, start.to_owned()),
        (Dialect::Jambonz, listen(false)),
        (Dialect::Jambonz, listen(true)),
    ]
    .map(|(dialect, document)| {
        let call = call::call(dialect, CallState::InProgress);
        (call, stream(dialect, &document))
    })
    .into()
});

fuzz_target!(|message: &[u8]| {
    let frame = match std::str::from_utf8(message) {
        Ok(text) => Frame::Text(text.to_owned()),
        Err(_) => Frame::Binary(message.to_vec()),
    };
    for (call, stream) in STREAMS.iter() {
        let dialect = call.application.account.dialect;
        let mut messages = dialect.stream_protocol(call, stream, "sid");
        match messages.read(&frame) {
            Ok(orders) => orders.iter().for_each(is_sound),
            Err(complaint) => assert!(!complaint.is_empty()),
        }
    }
});

fn is_sound(order: &StreamOrder) {
    match order {
        StreamOrder::PlayPiece {
            rate: Some(rate), ..
        } => assert!((8_000..=64_000).contains(rate)),
        StreamOrder::SendKey(key) => assert!("0123456789*#ABCD".contains(*key)),
        _ => {}
    }
}

fn stream(dialect: Dialect, document: &str) -> Stream {
    let program = dialect.parse(Document {
        body: document.as_bytes(),
        content_type: (dialect != Dialect::Jambonz).then_some("text/xml"),
        first: true,
    });
    let steps = program.expect("a document that can be read").steps;
    let mut streams = steps.into_iter().filter_map(|step| match step.verb {
        Verb::StartStream(stream) | Verb::ConnectStream(stream) => Some(*stream),
        _ => None,
    });
    streams.next().expect("a stream")
}
