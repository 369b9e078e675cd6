//! What kind of file it is, and what stands before its audio.

use crate::Law;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Wav,
    Mp3,
    Ogg,
    /// Bytes of G.711 at 8 kHz and nothing else.
    G711(Law),
}

impl Kind {
    /// The type says it, or the extension, or the first bytes. A file that begins like another
    /// container than it is said to be is that: servers say `audio/mpeg` of much.
    pub(super) fn of(content_type: Option<&str>, name: &str, bytes: &[u8]) -> Kind {
        let said = content_type
            .and_then(of_type)
            .or_else(|| of_extension(name));
        match said {
            Some(raw @ Kind::G711(_)) => raw,
            said => of_content(bytes).or(said).unwrap_or(Kind::Wav),
        }
    }
}

fn of_type(content_type: &str) -> Option<Kind> {
    let essence = content_type.split(';').next().unwrap_or_default();
    let kind = match essence.trim().to_ascii_lowercase().as_str() {
        "audio/wav" | "audio/wave" | "audio/x-wav" | "audio/vnd.wave" => Kind::Wav,
        "audio/mpeg" | "audio/mp3" | "audio/mpeg3" | "audio/x-mpeg" | "audio/x-mp3" => Kind::Mp3,
        "audio/ogg" | "audio/vorbis" | "application/ogg" => Kind::Ogg,
        "audio/basic" | "audio/pcmu" | "audio/ulaw" | "audio/x-ulaw" | "audio/mulaw"
        | "audio/x-mulaw" => Kind::G711(Law::Mu),
        "audio/pcma" | "audio/alaw" | "audio/x-alaw" => Kind::G711(Law::A),
        _ => return None,
    };
    Some(kind)
}

fn of_extension(name: &str) -> Option<Kind> {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    let (_, extension) = path.rsplit(['/', '\\']).next()?.rsplit_once('.')?;
    let kind = match extension.to_ascii_lowercase().as_str() {
        "wav" | "wave" => Kind::Wav,
        "mp3" | "mpga" => Kind::Mp3,
        "ogg" | "oga" => Kind::Ogg,
        "ulaw" | "mulaw" | "ul" | "pcmu" | "raw" | "pcm" => Kind::G711(Law::Mu),
        "alaw" | "al" | "pcma" => Kind::G711(Law::A),
        _ => return None,
    };
    Some(kind)
}

fn of_content(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => Some(Kind::Wav),
        [b'O', b'g', b'g', b'S', ..] => Some(Kind::Ogg),
        [b'I', b'D', b'3', ..] => Some(Kind::Mp3),
        // A frame of layer III: eleven bits of sync, any version but the reserved one.
        [0xff, second, ..] if second & 0xe6 == 0xe2 && second & 0x18 != 0x08 => Some(Kind::Mp3),
        _ => None,
    }
}

/// What follows the tags that some MP3 files begin with (ID3v2, whose length is four times seven
/// bits).
pub(super) fn without_id3(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [b'I', b'D', b'3', _, _, flags, a, b, c, d, after @ ..] = rest {
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        let sevens = [a, b, c, d].into_iter();
        let length = sevens.fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
        rest = after.get(length + footer..).unwrap_or_default();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_comes_before_the_extension_and_that_before_the_content() {
        let mu = Kind::G711(Law::Mu);
        assert_eq!(Kind::of(Some("audio/basic"), "a.mp3", b"RIFF"), mu);
        assert_eq!(
            Kind::of(Some("Audio/MPEG; x=1"), "a.wav", b"..."),
            Kind::Mp3
        );
        assert_eq!(
            Kind::of(Some("application/octet-stream"), "a.alaw", b""),
            Kind::G711(Law::A)
        );
        assert_eq!(Kind::of(None, "http://h/v1.2/a.OGG?x=.mp3", b""), Kind::Ogg);
        assert_eq!(Kind::of(None, "http://h/v1.2/a", b"ID3\x03"), Kind::Mp3);
        assert_eq!(Kind::of(None, "", b"\xff\xfb\x90\x00"), Kind::Mp3);
        assert_eq!(Kind::of(None, "", b"what is this"), Kind::Wav);
    }

    #[test]
    fn a_container_is_known_by_its_first_bytes_whatever_it_is_called() {
        let wav = b"RIFF\x24\0\0\0WAVEfmt ";
        assert_eq!(Kind::of(Some("audio/mpeg"), "a.mp3", wav), Kind::Wav);
        assert_eq!(Kind::of(Some("audio/wav"), "a.wav", b"OggS\0"), Kind::Ogg);
    }

    #[test]
    fn tags_before_an_mp3_are_passed_over() {
        assert_eq!(without_id3(b"ID3\x04\0\0\0\0\0\x02xxAUDIO"), b"AUDIO");
        assert_eq!(
            without_id3(b"ID3\x04\0\x10\0\0\0\x02xx0123456789AUDIO"),
            b"AUDIO"
        );
        assert_eq!(without_id3(b"ID3\x04\0\0\x7f\x7f\x7f\x7fAUDIO"), b"");
        assert_eq!(without_id3(b"AUDIO"), b"AUDIO");
    }
}
