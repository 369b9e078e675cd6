//! What a peer's session description says about its streams.
//!
//! Descriptions in the field have bare line feeds, blank lines, Latin-1 names, missing or broken
//! lines. Only the lines that matter for a call's audio are handed to the parser; the others
//! cannot make a description unreadable.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Connection, Media, Rtcp, RtpMap, Session};

use super::formats::OpusWish;
use crate::codec::Codec;
use crate::direction::Direction;

/// A stream, in the order of the description.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) media: String,
    pub(super) transport: String,
    /// The format list as written.
    pub(super) formats: String,
    /// Set when it is audio over plain RTP, and not refused.
    pub(super) audio: Option<Audio>,
}

/// An audio stream that could be ours.
#[derive(Debug)]
pub(super) struct Audio {
    /// Where it wants its media; `None` when held by address 0.0.0.0 or given by name.
    pub(super) remote: Option<SocketAddr>,
    pub(super) rtcp: Option<SocketAddr>,
    pub(super) rtcp_mux: bool,
    /// Our codecs in the peer's order of preference, with the peer's payload types.
    pub(super) codecs: Vec<(u8, Codec)>,
    /// Payload types and clock rates of telephone-events.
    pub(super) telephone_events: Vec<(u8, u32)>,
    /// How the peer wants Opus, if it is offered.
    pub(super) opus: OpusWish,
    /// All payload types of the stream, one bit each.
    pub(super) payload_types: u128,
    /// As the peer states it.
    pub(super) direction: Direction,
}

/// More streams than any peer has; an answer would have to repeat them all.
const MOST_STREAMS: usize = 32;

/// The field of an RTP packet has seven bits (RFC 3550 §5.1).
pub(super) const HIGHEST_PAYLOAD_TYPE: u8 = 127;

/// Reads the streams of a description, or says why it cannot be read.
pub(super) fn streams(body: &[u8]) -> Result<Vec<Stream>, String> {
    let text = String::from_utf8_lossy(body);
    // Some peers send the NUL that ends their string.
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
    if text.contains('\0') {
        return Err("it has a NUL inside".to_owned());
    }
    if !lines(text).any(|line| line.starts_with("v=") || line.starts_with("m=")) {
        return Err("it has neither a v= nor an m= line".to_owned());
    }
    let session = Session::parse(legible(text).as_bytes()).map_err(|error| error.to_string())?;
    if session.medias.len() > MOST_STREAMS {
        return Err(format!("it has more than {MOST_STREAMS} media streams"));
    }
    if let Some(media) = session.medias.iter().find(|media| !can_be_repeated(media)) {
        return Err(format!(
            "the line {:?} is no media line",
            format!(
                "m={} {} {} {}",
                media.media, media.port, media.proto, media.fmt
            )
        ));
    }
    Ok(session
        .medias
        .iter()
        .map(|media| stream(&session, media))
        .collect())
}

/// Whether our answer can have the line too, which every answer must (RFC 3264 §6).
fn can_be_repeated(media: &Media) -> bool {
    let format = media
        .fmt
        .split_ascii_whitespace()
        .next()
        .unwrap_or_default();
    [&media.media, &media.proto, format]
        .iter()
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// The description with unusable lines replaced by an unknown one, so that line numbers in errors
/// stay those of the peer's text.
fn legible(text: &str) -> String {
    let mut lines = lines(text).peekable();
    let mut clean = String::with_capacity(text.len() + 8);
    clean.push_str("v=0\n");
    lines.next_if(|line| line.starts_with("v="));
    let mut in_session = true;
    let mut seen_origin = false;
    let mut seen_connection = false;
    for line in lines {
        let key = line.get(..2).unwrap_or_default();
        let words = || line.split_ascii_whitespace();
        let usable = match key {
            "m=" | "a=" => true,
            // A second one for the session would be an error; the first one counts.
            "c=" => words().count() == 3 && !(in_session && seen_connection),
            "o=" => in_session && !seen_origin && is_origin(words()),
            _ => false,
        };
        in_session &= key != "m=";
        seen_origin |= usable && key == "o=";
        seen_connection |= usable && key == "c=";
        if !usable {
            clean.push_str("x=");
        } else if key == "m=" {
            // The parser takes one blank between fields.
            for (index, word) in words().enumerate() {
                clean.push_str(if index == 0 { "" } else { " " });
                clean.push_str(word);
            }
        } else {
            clean.push_str(line.trim());
        }
        clean.push('\n');
    }
    clean
}

/// Lines that end with CRLF, LF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|byte| matches!(byte, b'\r' | b'\n'));
        let Some((line, after)) = end.and_then(|end| text.split_at_checked(end)) else {
            rest = None;
            return Some(text);
        };
        let after = after.strip_prefix("\r\n").or_else(|| after.get(1..));
        rest = after;
        Some(line)
    })
}

/// An o= line that the parser takes: six fields, the third a number (RFC 8866 §5.2).
fn is_origin<'a>(mut words: impl Iterator<Item = &'a str> + Clone) -> bool {
    words.clone().count() == 6 && words.nth(2).is_some_and(|word| word.parse::<u64>().is_ok())
}

fn stream(session: &Session, media: &Media) -> Stream {
    let is_audio = media.media.eq_ignore_ascii_case("audio")
        && media.port != 0
        && ["RTP/AVP", "RTP/AVPF"]
            .iter()
            .any(|plain| media.proto.eq_ignore_ascii_case(plain));
    Stream {
        media: media.media.clone(),
        transport: media.proto.clone(),
        formats: media.fmt.clone(),
        audio: is_audio.then(|| audio(session, media)),
    }
}

fn audio(session: &Session, media: &Media) -> Audio {
    let connection = media.connections.first().or(session.connection.as_ref());
    // Without any c= the origin's address is the best guess there is.
    let address = match connection {
        Some(connection) => ip_address(connection),
        None => session.origin.unicast_address.parse().ok(),
    };
    let held_by_address = address.is_some_and(|address| address.is_unspecified());
    let address = address.filter(|address| !address.is_unspecified());
    let stated = media
        .attributes
        .iter()
        .chain(&session.attributes)
        .find_map(|attribute| Direction::from_attribute(&attribute.attribute))
        .unwrap_or_default();
    let direction = match held_by_address {
        true => Direction::from_abilities(stated.sends(), false),
        false => stated,
    };
    let maps: Vec<RtpMap> = media
        .attributes_typed::<RtpMap>()
        .filter_map(Result::ok)
        .collect();
    let listed = payload_types(media);
    let codecs: Vec<(u8, Codec)> = listed
        .iter()
        .filter_map(|payload_type| Some((*payload_type, codec_of(*payload_type, &maps)?)))
        .collect();
    let telephone_events = listed
        .iter()
        .filter_map(|&payload_type| {
            let map = maps.iter().find(|map| map.payload_type == payload_type)?;
            map.encoding_name
                .eq_ignore_ascii_case("telephone-event")
                .then_some((payload_type, map.clock_rate))
        })
        .collect();
    let opus = codecs
        .iter()
        .find(|(_, codec)| *codec == Codec::Opus)
        .and_then(|(payload_type, _)| format_parameters(media, *payload_type))
        .map(OpusWish::read)
        .unwrap_or_default();
    Audio {
        remote: address.map(|address| SocketAddr::new(address, media.port)),
        rtcp: address.and_then(|address| rtcp_address(media, address)),
        rtcp_mux: media.has_attribute("rtcp-mux"),
        codecs,
        telephone_events,
        opus,
        payload_types: listed.iter().fold(0, |set, listed| set | 1 << listed),
        direction,
    }
}

/// The payload types of an m= line in the peer's order, each once: a line can name the same one
/// half a million times, and each is looked for in all rtpmaps.
fn payload_types(media: &Media) -> Vec<u8> {
    let mut seen = 0u128;
    let listed = media.fmt.split_ascii_whitespace();
    listed
        .filter_map(|format| format.parse().ok())
        .filter(|payload_type| *payload_type <= HIGHEST_PAYLOAD_TYPE)
        .filter(|payload_type| {
            let one = 1u128 << payload_type;
            let is_new = seen & one == 0;
            seen |= one;
            is_new
        })
        .collect()
}

fn ip_address(connection: &Connection) -> Option<IpAddr> {
    connection.try_address().ok().map(|address| address.ip)
}

/// Where RTCP goes: as `a=rtcp` says (RFC 3605), else to the next port.
fn rtcp_address(media: &Media, address: IpAddr) -> Option<SocketAddr> {
    match media.get_first_attribute_typed::<Rtcp>() {
        Some(Ok(rtcp)) => {
            let own = rtcp
                .connection_address
                .and_then(|address| address.parse().ok());
            Some(SocketAddr::new(own.unwrap_or(address), rtcp.port))
        }
        _ => Some(SocketAddr::new(address, media.port.checked_add(1)?)),
    }
}

/// The fmtp line of a payload type, after its number.
fn format_parameters(media: &Media, payload_type: u8) -> Option<&str> {
    media
        .attributes
        .iter()
        .filter(|attribute| attribute.attribute == "fmtp")
        .filter_map(|attribute| attribute.value.as_deref()?.trim().split_once(' '))
        .find(|(number, _)| number.parse() == Ok(payload_type))
        .map(|(_, parameters)| parameters)
}

/// The codec of a payload type: by its rtpmap, or by being static.
fn codec_of(payload_type: u8, maps: &[RtpMap]) -> Option<Codec> {
    match maps.iter().find(|map| map.payload_type == payload_type) {
        Some(map) => {
            let channels = map.encoding_params.as_ref().and_then(|p| p.parse().ok());
            Codec::from_rtpmap(&map.encoding_name, map.clock_rate, channels)
        }
        None => Codec::from_static_payload_type(payload_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_type_that_is_listed_by_the_hundred_thousand_counts_once() {
        let description = format!(
            "v=0\r\nc=IN IP4 192.0.2.10\r\nm=audio 40000 RTP/AVP 8 {}0 8 101\r\n{}\
             a=rtpmap:101 telephone-event/8000\r\n",
            "2 ".repeat(250_000),
            "a=rtpmap:1 a/1\r\n".repeat(25_000)
        );
        let streams = streams(description.as_bytes()).unwrap();
        let audio = streams.first().and_then(|stream| stream.audio.as_ref());
        let audio = audio.unwrap();
        assert_eq!(audio.codecs, [(8, Codec::Pcma), (0, Codec::Pcmu)]);
        assert_eq!(audio.telephone_events, [(101, 8_000)]);
        assert_eq!(audio.payload_types, 1 << 8 | 1 << 2 | 1 | 1 << 101);
    }
}
