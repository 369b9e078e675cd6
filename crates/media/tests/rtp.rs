//! Silence out.

// In a test a panic is the message.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use hookflash_media::Codec;
use hookflash_media::rtp::{BufferTooShort, PACKET_SIZE, RtpStart, SilenceSource};
use rtp_types::RtpPacket;

const START: RtpStart = RtpStart {
    ssrc: 0xDEAD_BEEF,
    sequence: 65_535,
    timestamp: u32::MAX - 100,
};

fn source(codec: Codec) -> SilenceSource {
    SilenceSource::new(codec, codec.payload_type(), START)
}

fn packet(source: &mut SilenceSource) -> Vec<u8> {
    let mut buf = [0; 1500];
    let length = source.next_packet(&mut buf).expect("room");
    buf[..length].to_vec()
}

#[test]
fn silence_is_twenty_milliseconds_of_the_codecs_zero() {
    for (codec, payload_type, zero) in [(Codec::Pcmu, 0, 0xFF), (Codec::Pcma, 8, 0xD5)] {
        let bytes = packet(&mut source(codec));
        assert_eq!(bytes.len(), PACKET_SIZE);
        let packet = RtpPacket::parse(&bytes).expect("an RTP packet");
        assert_eq!(packet.payload_type(), payload_type);
        assert_eq!(packet.payload(), [zero; 160]);
        assert_eq!(packet.ssrc(), START.ssrc);
    }
}

#[test]
fn sequence_and_timestamp_run_on_past_their_ends_and_only_the_first_is_marked() {
    let mut source = source(Codec::Pcmu);
    let expected = [
        (true, 65_535, u32::MAX - 100),
        (false, 0, 59),
        (false, 1, 219),
    ];
    for (marker, sequence, timestamp) in expected {
        let bytes = packet(&mut source);
        let packet = RtpPacket::parse(&bytes).expect("an RTP packet");
        assert_eq!(packet.marker_bit(), marker);
        assert_eq!(packet.sequence_number(), sequence);
        assert_eq!(packet.timestamp(), timestamp);
    }
}

#[test]
fn a_pause_moves_the_time_and_not_the_sequence() {
    let mut source = source(Codec::Pcmu);
    packet(&mut source);
    source.skip_packet();
    source.skip_packet();
    let bytes = packet(&mut source);
    let packet = RtpPacket::parse(&bytes).expect("an RTP packet");
    assert!(packet.marker_bit());
    assert_eq!(
        (packet.sequence_number(), packet.timestamp()),
        (0, 59 + 2 * 160)
    );
}

#[test]
fn another_codec_goes_on_in_the_same_stream() {
    let mut source = source(Codec::Pcmu);
    packet(&mut source);
    source.set_codec(Codec::Pcma, 97);
    let bytes = packet(&mut source);
    let packet = RtpPacket::parse(&bytes).expect("an RTP packet");
    assert_eq!((packet.payload_type(), packet.sequence_number()), (97, 0));
    assert_eq!(packet.payload(), [0xD5; 160]);
}

#[test]
fn a_short_buffer_costs_no_packet() {
    let mut source = source(Codec::Pcmu);
    assert_eq!(
        source.next_packet(&mut [0; PACKET_SIZE - 1]),
        Err(BufferTooShort)
    );
    let bytes = packet(&mut source);
    assert_eq!(
        RtpPacket::parse(&bytes)
            .expect("an RTP packet")
            .sequence_number(),
        65_535
    );
}

#[test]
fn a_start_takes_all_its_random_bytes() {
    let start = RtpStart::from_random([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(start.ssrc, 0x0102_0304);
    assert_eq!(start.sequence, 0x0506);
    assert_eq!(start.timestamp, 0x0708_090A);
}

#[test]
fn a_stream_takes_few_bytes() {
    assert!(size_of::<SilenceSource>() <= 32);
}
