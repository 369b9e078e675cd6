//! Our own session descriptions: ten fixed lines, written directly. Building them with sdp-types
//! takes three times as long, and every call needs one.

use std::fmt::{self, Write};

use super::offer_answer::{AudioLine, LocalMedia, MediaLine};

/// Events 0–9, *, #, A–D and flash (RFC 4733 §3.2).
const EVENTS: &str = "0-16";

/// The description as it is sent.
pub(super) fn description(
    local: &LocalMedia,
    version: u64,
    lines: &[MediaLine],
    audio: &AudioLine,
) -> String {
    let mut text = String::with_capacity(384);
    // Writing into a string cannot fail.
    let _written = write_description(&mut text, local, version, lines, audio);
    text
}

fn write_description(
    text: &mut String,
    local: &LocalMedia,
    version: u64,
    lines: &[MediaLine],
    audio: &AudioLine,
) -> fmt::Result {
    let LocalMedia {
        address,
        port,
        session_id,
        ..
    } = local;
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    let address = &*address.to_string();
    write!(
        text,
        "v=0\r\no=- {session_id} {version} IN {family} {address}\r\ns=-\r\n\
         c=IN {family} {address}\r\nt=0 0\r\n"
    )?;
    for line in lines {
        match line {
            MediaLine::Audio { transport } => write_audio(text, *port, transport, audio)?,
            MediaLine::Refused {
                media,
                transport,
                format,
            } => {
                write!(text, "m={media} 0 {transport} {format}\r\n")?;
            }
        }
    }
    Ok(())
}

fn write_audio(text: &mut String, port: u16, transport: &str, audio: &AudioLine) -> fmt::Result {
    write!(text, "m=audio {port} {transport}")?;
    for (payload_type, _) in &audio.codecs {
        write!(text, " {payload_type}")?;
    }
    for (event, _) in &audio.telephone_events {
        write!(text, " {event}")?;
    }
    text.push_str("\r\n");
    for (payload_type, codec) in &audio.codecs {
        let (name, rate) = (codec.name(), codec.clock_rate());
        write!(text, "a=rtpmap:{payload_type} {name}/{rate}")?;
        if let Some(channels) = codec.stated_channels() {
            write!(text, "/{channels}")?;
        }
        text.push_str("\r\n");
        if let Some(parameters) = codec.format_parameters() {
            write!(text, "a=fmtp:{payload_type} {parameters}\r\n")?;
        }
    }
    for (event, rate) in &audio.telephone_events {
        write!(
            text,
            "a=rtpmap:{event} telephone-event/{rate}\r\na=fmtp:{event} {EVENTS}\r\n"
        )?;
    }
    text.push_str("a=ptime:20\r\n");
    if audio.rtcp_mux {
        text.push_str("a=rtcp-mux\r\n");
    }
    write!(text, "a={}\r\n", audio.direction.attribute())
}
