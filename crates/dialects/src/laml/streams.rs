//! The Stream and Transcription nouns of Connect, Start and Stop, and what the application is
//! told about them.
//!
//! Source: Twilio "Stream", "Connect", "Real-Time Transcriptions"; SignalWire "Stream" and
//! "Connect". Without effect here are `connectorName`, `audioFormat` and `sampleRate`, which
//! Twilio's libraries write and no page describes, `realtime` (audio is always played as it
//! comes), the labels, the engine and the punctuation of a transcription.

use std::collections::HashSet;

use hookflash_program::{
    Hook, Recognizer, Stream, StreamEncoding, StreamEnd, StreamFormat, Tracks, Transcription, Which,
};
use roxmltree::Node;
use serde_json::json;

use crate::confidence::confidence;
use crate::laml::gather::{hints, share};
use crate::laml::given::Given;
use crate::laml::parameters::{Fields, push};
use crate::laml::status::rfc_3339;
use crate::laml::vendor::Vendor;
use crate::{CallFacts, Dialect, StreamEvent, Track, TranscriptionEvent};

/// Reads a Stream. `waits` is the action of the Connect that waits for it; a stream that is
/// waited for plays what comes back.
pub(crate) fn stream(given: &Given<'_, '_>, waits: Option<Option<Hook>>) -> Stream {
    let bidirectional = waits.is_some();
    let encoding = |rate| StreamFormat {
        encoding: StreamEncoding::Linear,
        rate,
        channels: 1,
    };
    // Twilio tells keys over two-way streams alone, SignalWire over all. cXML is known by its
    // codec.
    let has_codec = given.element.attribute("codec").is_some();
    Stream {
        // As written also when it is wrong: opening the stream then fails with the reason.
        url: given
            .node
            .attribute("url")
            .map(str::trim)
            .unwrap_or_default()
            .to_owned(),
        name: given.words("name"),
        tracks: match bidirectional {
            // "The only available" one for both vendors.
            true => Tracks::Inbound,
            false => tracks(given, Tracks::Inbound),
        },
        bidirectional,
        format: match given.text("codec") {
            Some("L16@16000h") => encoding(16_000),
            Some("L16@24000h") => encoding(24_000),
            _ => StreamFormat {
                encoding: StreamEncoding::Mulaw,
                ..encoding(8_000)
            },
        },
        bare_rate: None,
        parameters: parameters(given),
        metadata: None,
        credentials: None,
        bearer: given.words("authBearerToken"),
        status: given.hook("statusCallback", "statusCallbackMethod"),
        finish: Vec::new(),
        most: None,
        beep: false,
        pass_keys: bidirectional || has_codec,
        result: waits.flatten(),
        empty_reply_goes_on: false,
        id: None,
    }
}

/// Reads a Transcription.
pub(crate) fn transcription(given: &Given<'_, '_>) -> Transcription {
    Transcription {
        name: given.words("name"),
        tracks: tracks(given, Tracks::Both),
        recognizer: Recognizer {
            vendor: None,
            language: given.words("languageCode"),
            model: given.words("speechModel"),
            hints: hints(given),
            profanity_filter: given.is_true("profanityFilter"),
            interim: given.is_true("partialResults"),
        },
        hook: given.hook("statusCallbackUrl", "statusCallbackMethod"),
        destination: None,
        parameters: parameters(given),
        waits: false,
        id: None,
    }
}

/// What a noun of Stop means.
pub(crate) fn which(given: &Given<'_, '_>) -> Which {
    given.words("name").map_or(Which::All, Which::Named)
}

fn tracks(given: &Given<'_, '_>, otherwise: Tracks) -> Tracks {
    match given.text("track") {
        Some("inbound_track") => Tracks::Inbound,
        Some("outbound_track") => Tracks::Outbound,
        Some("both_tracks") => Tracks::Both,
        _ => otherwise,
    }
}

/// The Parameter children that have a name.
fn parameters(given: &Given<'_, '_>) -> Vec<(String, String)> {
    let children = given.node.children().filter(Node::is_element);
    children
        .filter(|child| child.tag_name().name() == "Parameter")
        .filter_map(|child| {
            let name = child.attribute("name").filter(|name| !name.is_empty())?;
            let value = child.attribute("value").unwrap_or_default();
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

fn track_word(tracks: Tracks) -> &'static str {
    match tracks {
        Tracks::Inbound => "inbound_track",
        Tracks::Outbound => "outbound_track",
        Tracks::Both => "both_tracks",
    }
}

fn about_the_call(facts: &CallFacts) -> Fields {
    let mut fields = Fields::with_capacity(12);
    push(&mut fields, "AccountSid", &facts.application.account.sid);
    push(&mut fields, "CallSid", &facts.sid);
    fields
}

/// The fields of a stream's status callback.
pub(crate) fn status_fields(
    vendor: &Vendor,
    facts: &CallFacts,
    stream: &Stream,
    sid: &str,
    event: StreamEvent<'_>,
) -> Fields {
    let mut fields = about_the_call(facts);
    push(&mut fields, "StreamSid", sid);
    push(
        &mut fields,
        "StreamName",
        stream.name.as_deref().unwrap_or(sid),
    );
    let (word, error) = match event {
        StreamEvent::Started => ("stream-started", None),
        StreamEvent::Stopped(_) => ("stream-stopped", None),
        StreamEvent::Failed(why) | StreamEvent::Rejected(why) => ("stream-error", Some(why)),
    };
    push(&mut fields, "StreamEvent", word);
    if let Some(error) = error {
        push(&mut fields, "StreamError", error);
    }
    if vendor.dialect == Dialect::Cxml {
        push(&mut fields, "StreamTrack", track_word(stream.tracks));
    }
    push(&mut fields, "Timestamp", rfc_3339(facts.now));
    fields
}

/// Adds what became of the stream that a Connect waited for. Neither vendor lists these fields.
pub(crate) fn end_fields(fields: &mut Fields, stream: &Stream, sid: &str, end: &StreamEnd) {
    push(fields, "StreamSid", sid);
    push(fields, "StreamName", stream.name.as_deref().unwrap_or(sid));
    if let Some(failure) = &end.failure {
        push(fields, "StreamError", failure);
    }
}

/// The fields of a running transcription's callback.
pub(crate) fn transcription_fields(
    facts: &CallFacts,
    verb: &Transcription,
    sid: &str,
    event: TranscriptionEvent<'_>,
    sequence: u32,
) -> Fields {
    let mut fields = about_the_call(facts);
    push(&mut fields, "TranscriptionSid", realtime_sid(sid));
    if let Some(name) = &verb.name {
        push(&mut fields, "Name", name);
    }
    push(&mut fields, "Timestamp", rfc_3339(facts.now));
    // Twilio counts from 1.
    let sequence = u64::from(sequence) + 1;
    push(&mut fields, "SequenceId", sequence.to_string());
    let language = verb.recognizer.language.as_deref();
    match event {
        TranscriptionEvent::Started => {
            push(&mut fields, "TranscriptionEvent", "transcription-started");
            push(&mut fields, "Track", track_word(verb.tracks));
            push(
                &mut fields,
                "PartialResults",
                verb.recognizer.interim.to_string(),
            );
            if let Some(language) = language {
                push(&mut fields, "LanguageCode", language);
            }
        }
        TranscriptionEvent::Heard(track, heard) => {
            push(&mut fields, "TranscriptionEvent", "transcription-content");
            let track = match track {
                Track::Inbound => Tracks::Inbound,
                Track::Outbound => Tracks::Outbound,
                Track::Mixed => Tracks::Both,
            };
            push(&mut fields, "Track", track_word(track));
            if let Some(language) = heard.language.as_deref().or(language) {
                push(&mut fields, "LanguageCode", language);
            }
            let share = share(heard.confidence);
            let data = json!({
                "transcript": heard.text,
                "confidence": confidence(heard.confidence),
            });
            push(&mut fields, "TranscriptionData", data.to_string());
            push(&mut fields, "Final", heard.is_final.to_string());
            if !heard.is_final {
                push(&mut fields, "Stability", share);
            }
        }
        TranscriptionEvent::Stopped => {
            push(&mut fields, "TranscriptionEvent", "transcription-stopped");
        }
        TranscriptionEvent::Failed(why) => {
            push(&mut fields, "TranscriptionEvent", "transcription-error");
            push(&mut fields, "TranscriptionError", why);
        }
    }
    // Each name once and none of our own: validators differ in how they sign repeated ones.
    let mut names: HashSet<String> = fields.iter().map(|(name, _)| name.clone()).collect();
    for (name, value) in &verb.parameters {
        if names.insert(name.clone()) {
            push(&mut fields, name, value);
        }
    }
    fields
}

/// Twilio names the text of a recording `TR…` and a running transcription `GT…`; identifiers are
/// made before it is known which of the two it will be.
fn realtime_sid(sid: &str) -> String {
    match sid.strip_prefix("TR") {
        Some(digits) => format!("GT{digits}"),
        None => sid.to_owned(),
    }
}
