//! Finds the Call-ID of a datagram without parsing it, to choose its shard.

use hookflash_sip::shard_of_call_id;

/// The shard that a datagram belongs to. What has no readable Call-ID goes to the first.
pub(crate) fn shard_of_datagram(datagram: &[u8], count: usize) -> usize {
    if count <= 1 {
        return 0;
    }
    find(datagram).map_or(0, |call_id| shard_of_call_id(call_id, count))
}

fn find(datagram: &[u8]) -> Option<&str> {
    // The first line is the request or status line; an empty line ends the head.
    for line in datagram.split(|byte| *byte == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return None;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii_end();
        if name.eq_ignore_ascii_case(b"Call-ID") || name.eq_ignore_ascii_case(b"i") {
            return std::str::from_utf8(value.get(1..)?.trim_ascii()).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_id_is_found_in_every_spelling() {
        for head in [
            "INVITE sip:a SIP/2.0\r\nVia: x\r\nCall-ID: abc@h\r\n\r\n",
            "INVITE sip:a SIP/2.0\r\nI:abc@h\r\n\r\n",
            "SIP/2.0 200 OK\ncall-id \t:  abc@h  \nX: y\n\n",
        ] {
            assert_eq!(find(head.as_bytes()), Some("abc@h"), "{head}");
        }
    }

    #[test]
    fn a_body_that_looks_like_a_header_is_not_looked_at() {
        for head in [
            "INVITE sip:a SIP/2.0\r\nVia: x\r\n\r\nCall-ID: abc\r\n",
            "",
            "\r\n\r\n",
        ] {
            assert_eq!(find(head.as_bytes()), None);
        }
        assert_eq!(shard_of_datagram(b"garbage", 4), 0);
    }

    #[test]
    fn all_messages_of_a_call_find_the_same_shard() {
        let invite = b"INVITE sip:a SIP/2.0\r\nCall-ID: one\r\n\r\n";
        let bye = b"BYE sip:a SIP/2.0\r\nFrom: x\r\ni: one\r\n\r\n";
        for count in 1..9 {
            assert_eq!(
                shard_of_datagram(invite, count),
                shard_of_datagram(bye, count)
            );
            assert_eq!(
                shard_of_datagram(bye, count),
                shard_of_call_id("one", count)
            );
        }
    }
}
