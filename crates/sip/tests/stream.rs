//! Messages out of a byte stream.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use hookflash_sip::stream::{Frame, Framer};
use hookflash_sip::{Message, Problem};
use proptest::prelude::*;

const THREE: &[u8] = include_bytes!("corpus/stream/three_messages_and_a_ping.sip");
const ONE: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n\
    From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\
    Content-Length: 4\r\n\r\nbody";

fn shown(frame: &Frame) -> String {
    match frame {
        Frame::Message(Message::Request(r)) => format!("{} {}", r.method(), r.body().len()),
        Frame::Message(Message::Response(r)) => format!("{} {}", r.status(), r.body().len()),
        Frame::Ping => "ping".to_owned(),
        Frame::Pong => "pong".to_owned(),
        Frame::Broken(error) => format!("{:?}", error.problem),
    }
}

fn frames<'a>(framer: &mut Framer, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut shown_frames = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        while let Some(frame) = framer.poll() {
            shown_frames.push(shown(&frame));
        }
    }
    shown_frames
}

#[test]
fn messages_in_one_read_are_taken_apart() {
    let mut framer = Framer::new();
    assert_eq!(
        frames(&mut framer, [THREE]),
        ["INVITE 3", "ping", "OPTIONS 0", "200 1"]
    );
    assert!(!framer.is_waiting());
}

#[test]
fn a_message_that_comes_byte_by_byte_is_put_together() {
    let mut framer = Framer::new();
    assert_eq!(frames(&mut framer, ONE.chunks(1)), ["OPTIONS 4"]);
}

#[test]
fn a_slow_sender_can_be_told_from_an_idle_one() {
    let mut framer = Framer::new();
    assert!(!framer.is_waiting());
    assert!(frames(&mut framer, [&ONE[..50]]).is_empty());
    assert!(framer.is_waiting());
    assert!(frames(&mut framer, [&ONE[50..ONE.len() - 1]]).is_empty());
    assert!(framer.is_waiting());
    assert_eq!(frames(&mut framer, [&ONE[ONE.len() - 1..]]), ["OPTIONS 4"]);
    assert!(!framer.is_waiting());
}

#[test]
fn pings_are_told_from_pongs_even_when_cut() {
    let cut = |chunks: &[&'static str]| {
        frames(
            &mut Framer::new(),
            chunks.iter().map(|chunk| chunk.as_bytes()),
        )
    };
    assert_eq!(cut(&["\r\n"]), ["pong"]);
    assert_eq!(cut(&["\r\n\r\n"]), ["ping"]);
    assert_eq!(cut(&["\r", "\n\r", "\n"]), ["ping"]);
    assert_eq!(cut(&["\r\n", "\r\n"]), ["pong", "ping"]);
    assert_eq!(cut(&["\r\n\r", "\n\r\n"]), ["ping", "pong"]);
}

#[test]
fn without_content_length_the_stream_is_over_but_the_request_is_answered() {
    let text = String::from_utf8(ONE.to_vec())
        .unwrap()
        .replace("Content-Length: 4\r\n", "");
    let mut framer = Framer::new();
    framer.push(text.as_bytes());
    let Some(Frame::Broken(error)) = framer.poll() else {
        panic!("not broken")
    };
    assert_eq!(error.problem, Problem::NoContentLength);
    assert_eq!(error.answer(None).unwrap().status(), 400);
    assert!(
        frames(&mut framer, [ONE]).is_empty(),
        "nothing can be trusted any more"
    );
    assert_eq!(framer.buffered(), 0);
}

#[test]
fn garbage_ends_the_stream() {
    let broken = |bytes: &[u8]| frames(&mut Framer::new(), [bytes]);
    assert_eq!(broken(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ["StartLine"]);
    assert_eq!(
        broken(b"\x16\x03\x01\x02\x00\x01").len(),
        1,
        "a TLS hello is not waited for"
    );
    assert_eq!(
        broken(&[ONE, b"trailing\r\n\r\n"].concat()),
        ["OPTIONS 4", "StartLine"]
    );
}

#[test]
fn heads_and_bodies_have_limits() {
    let mut framer = Framer::new();
    framer.push(b"OPTIONS sip:a@b SIP/2.0\r\nX: ");
    let mut seen = Vec::new();
    for _ in 0..20 {
        seen.extend(frames(&mut framer, [&[b'x'; 5000][..]]));
    }
    assert_eq!(seen.len(), 1);
    assert_eq!(framer.buffered(), 0);

    let mut framer = Framer::new().with_max_body(3);
    assert_eq!(frames(&mut framer, [ONE]), ["BodyLength"]);
    let huge = String::from_utf8(ONE.to_vec())
        .unwrap()
        .replace(": 4", ": 4000000000");
    assert_eq!(
        frames(&mut Framer::new(), [huge.as_bytes()]),
        ["BodyLength"]
    );
}

proptest! {
    #[test]
    fn however_the_stream_is_cut_the_messages_are_the_same(
        cuts in proptest::collection::vec(1usize..80, 1..200)
    ) {
        let mut rest = THREE;
        let mut chunks = Vec::new();
        for cut in cuts {
            let (chunk, after) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        let mut seen = frames(&mut Framer::new(), chunks);
        // A ping that is cut in its middle is first taken for a pong.
        seen.retain(|frame| frame != "pong");
        prop_assert_eq!(seen, ["INVITE 3", "ping", "OPTIONS 0", "200 1"]);
    }
}
