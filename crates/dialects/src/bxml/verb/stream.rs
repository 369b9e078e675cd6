//! `StartStream` and `StartTranscription`, and the verbs that stop them.

use hookflash_program::{
    Recognizer, Stream, StreamEncoding, StreamFormat, Tracks, Transcription, Which,
};
use roxmltree::Node;

use crate::bxml::attribute::{credentials, flag, given, hook};

/// `StartStream`. `username` and `password` go with the events; the handshake has its own.
pub(in crate::bxml) fn start_stream(node: Node<'_, '_>) -> Stream {
    Stream {
        url: given(node, "destination").unwrap_or_default(),
        name: given(node, "name"),
        tracks: tracks(node),
        bidirectional: given(node, "mode").as_deref() == Some("bidirectional"),
        format: StreamFormat {
            encoding: StreamEncoding::Mulaw,
            rate: 8000,
            channels: 1,
        },
        bare_rate: None,
        parameters: parameters(node),
        metadata: None,
        credentials: credentials(node, "destinationUsername", "destinationPassword"),
        bearer: None,
        status: hook(node, "streamEvent"),
        finish: Vec::new(),
        most: None,
        beep: false,
        pass_keys: false,
        result: None,
        empty_reply_goes_on: false,
        id: None,
    }
}

/// `StartTranscription`. Unstable results are sent only when `stabilized` is false. Of several
/// preferred languages the first is taken.
pub(in crate::bxml) fn start_transcription(node: Node<'_, '_>) -> Transcription {
    let preferred = given(node, "preferredLanguages").unwrap_or_else(|| "en-US".to_owned());
    let language = preferred.split(',').next().map(|tag| tag.trim().to_owned());
    Transcription {
        name: given(node, "name"),
        tracks: tracks(node),
        recognizer: Recognizer {
            language: language.filter(|_| !flag(node, "detectLanguage", false)),
            interim: !flag(node, "stabilized", true),
            ..Recognizer::default()
        },
        hook: hook(node, "transcriptionEvent"),
        destination: given(node, "destination"),
        parameters: parameters(node),
        waits: false,
        id: None,
    }
}

/// `StopStream` and `StopTranscription`.
pub(in crate::bxml) fn which(node: Node<'_, '_>) -> Which {
    given(node, "name").map_or(Which::All, Which::Named)
}

fn tracks(node: Node<'_, '_>) -> Tracks {
    match given(node, "tracks").as_deref() {
        Some("outbound") => Tracks::Outbound,
        Some("both") => Tracks::Both,
        _ => Tracks::Inbound,
    }
}

fn parameters(node: Node<'_, '_>) -> Vec<(String, String)> {
    let parameters = node.children().filter(Node::is_element);
    parameters
        .map(|parameter| {
            let of = |name| parameter.attribute(name).unwrap_or_default().to_owned();
            (of("name"), of("value"))
        })
        .collect()
}
