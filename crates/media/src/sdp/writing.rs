//! Our own session descriptions.

use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use super::offer_answer::{AudioLine, LocalMedia, MediaLine};
use crate::codec::Codec;

/// Milliseconds of audio per packet.
const PACKET_TIME: &str = "20";

/// Events 0–9, *, #, A–D and flash (RFC 4733 §3.2).
const EVENTS: &str = "0-16";

/// Our description with version 0.
pub(super) fn session(local: &LocalMedia, lines: &[MediaLine], audio: &AudioLine) -> Session {
    let mut session = Session::new(
        Origin::with_ip_addr(local.session_id, 0, local.address),
        "-",
    );
    session.connection = Some(Connection::from_ip_addr(local.address));
    session.times = vec![Time {
        start_time: 0,
        stop_time: 0,
        repeats: Vec::new(),
    }];
    session.medias = lines
        .iter()
        .map(|line| match line {
            MediaLine::Audio { transport } => audio_media(local.port, transport, audio),
            MediaLine::Refused {
                media,
                transport,
                format,
            } => plain_media(media, 0, transport, format.to_string()),
        })
        .collect();
    session
}

/// The description as it is sent.
pub(super) fn text(session: &Session) -> Vec<u8> {
    session.to_string().into_bytes()
}

fn audio_media(port: u16, transport: &str, audio: &AudioLine) -> Media {
    let mut formats: Vec<String> = audio.codecs.iter().map(|(pt, _)| pt.to_string()).collect();
    let mut attributes: Vec<Attribute> = audio
        .codecs
        .iter()
        .map(|(pt, codec)| rtpmap(*pt, codec.name()))
        .collect();
    if let Some(event) = audio.telephone_event {
        formats.push(event.to_string());
        attributes.push(rtpmap(event, "telephone-event"));
        attributes.push(Attribute::with_value("fmtp", format!("{event} {EVENTS}")));
    }
    attributes.push(Attribute::with_value("ptime", PACKET_TIME));
    if audio.rtcp_mux {
        attributes.push(Attribute::new("rtcp-mux"));
    }
    attributes.push(Attribute::new(audio.direction.attribute()));
    let mut media = plain_media("audio", port, transport, formats.join(" "));
    media.attributes = attributes;
    media
}

fn rtpmap(payload_type: u8, name: &str) -> Attribute {
    Attribute::with_value(
        "rtpmap",
        format!("{payload_type} {name}/{}", Codec::CLOCK_RATE),
    )
}

fn plain_media(media: &str, port: u16, transport: &str, formats: String) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: transport.to_owned(),
        fmt: formats,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}
