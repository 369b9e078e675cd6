//! Offer and answer as a dialogue between the peer's description and ours.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the message"
)]

use std::net::{IpAddr, SocketAddr};

use hookflash_media::{
    AnswerError, Codec, Direction, Format, LocalMedia, NegotiatedStream, OfferAnswer, OfferError,
    OpusWish,
};
use proptest::prelude::*;

const TRUNK: &str = "v=0\r\no=gw 77 1 IN IP4 192.0.2.10\r\ns=call\r\nc=IN IP4 192.0.2.10\r\n\
    t=0 0\r\nm=audio 40000 RTP/AVP 8 0 18 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

fn local(address: &str, codecs: &[Codec]) -> LocalMedia {
    LocalMedia {
        address: address.parse().expect("an address"),
        port: 30_000,
        codecs: codecs.into(),
        session_id: 4711,
    }
}

fn leg() -> OfferAnswer {
    OfferAnswer::new(local("198.51.100.1", &[Codec::Pcmu, Codec::Pcma]))
}

fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).expect("our descriptions are ASCII")
}

fn answer(leg: &mut OfferAnswer, offer: &str) -> (String, NegotiatedStream) {
    let body = leg
        .answer(offer.as_bytes())
        .unwrap_or_else(|error| panic!("{error}\n{offer}"));
    (text(&body).to_owned(), *leg.stream().expect("a stream"))
}

fn version(description: &str) -> u64 {
    let origin = description
        .lines()
        .find(|line| line.starts_with("o="))
        .expect("an o= line");
    origin
        .split(' ')
        .nth(2)
        .and_then(|version| version.parse().ok())
        .expect("a version")
}

fn has(description: &str, line: &str) -> bool {
    description.lines().any(|found| found == line)
}

fn address(text: &str) -> Option<SocketAddr> {
    Some(text.parse().expect("an address"))
}

#[test]
fn a_trunks_offer_is_answered_in_its_order_with_one_codec_and_events() {
    let (answer, stream) = answer(&mut leg(), TRUNK);
    assert_eq!(
        answer,
        "v=0\r\no=- 4711 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
         m=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(
        stream,
        NegotiatedStream {
            remote: address("192.0.2.10:40000"),
            rtcp: address("192.0.2.10:40001"),
            rtcp_mux: false,
            codec: Codec::Pcma,
            payload_type: 8,
            telephone_event: Some(101),
            direction: Direction::SendRecv,
            ..NegotiatedStream::new(address("192.0.2.10:40000").expect("one"), Codec::Pcma)
        }
    );
    assert_eq!(stream.sends_to(), address("192.0.2.10:40000"));
}

#[test]
fn only_allowed_codecs_are_taken() {
    let mut leg = OfferAnswer::new(local("198.51.100.1", &[Codec::Pcmu]));
    let (answer, stream) = answer(&mut leg, TRUNK);
    assert_eq!(stream.codec, Codec::Pcmu);
    assert!(has(&answer, "m=audio 30000 RTP/AVP 0 101"));
}

#[test]
fn no_common_codec_is_an_error_that_names_what_was_offered() {
    let offer =
        "v=0\r\nc=IN IP4 192.0.2.10\r\nm=audio 4 RTP/AVP 18 9 96\r\na=rtpmap:96 opus/48000/2\r\n";
    let error = leg()
        .answer(offer.as_bytes())
        .expect_err("nothing in common");
    assert_eq!(
        error,
        OfferError::NoCommonCodec {
            offered: "18 9 96".to_owned()
        }
    );
    assert!(error.to_string().contains("18 9 96"));
}

#[test]
fn without_plain_audio_there_is_nothing_to_answer() {
    for (offer, offered) in [
        (
            "v=0\r\nc=IN IP4 192.0.2.1\r\nm=video 4 RTP/AVP 0\r\n",
            vec!["video RTP/AVP"],
        ),
        (
            "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4 RTP/SAVP 0\r\n",
            vec!["audio RTP/SAVP"],
        ),
        (
            "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 0 RTP/AVP 0\r\n",
            vec!["audio RTP/AVP"],
        ),
        ("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n", vec![]),
    ] {
        let error = leg().answer(offer.as_bytes()).expect_err(offer);
        let offered = offered.into_iter().map(str::to_owned).collect();
        assert_eq!(error, OfferError::NoAudio { offered });
    }
}

#[test]
fn what_is_no_description_cannot_be_read() {
    for offer in [
        "",
        "hello",
        "\0\0\0",
        "v=0\r\nm=audio x RTP/AVP 0\r\n",
        "v=0\r\nm=audio\r\n",
    ] {
        let result = leg().answer(offer.as_bytes());
        assert!(
            matches!(result, Err(OfferError::Unreadable(_))),
            "{offer:?} {result:?}"
        );
    }
    for line in [
        "m= 4 RTP/AVP 0",
        "m=vid\u{e9}o 4 RTP/AVP 0",
        "m=\0\0 4 x y",
        "m=a 1 \u{7f} 0",
    ] {
        let offer = format!("{TRUNK}{line}\r\n");
        let result = leg().answer(offer.as_bytes());
        assert!(
            matches!(result, Err(OfferError::Unreadable(_))),
            "{line:?} {result:?}"
        );
    }
    let many = format!("v=0\r\n{}", "m=audio 4 RTP/AVP 0\r\n".repeat(1000));
    assert!(matches!(
        leg().answer(many.as_bytes()),
        Err(OfferError::Unreadable(_))
    ));
}

#[test]
fn descriptions_that_break_the_rules_are_still_understood() {
    let broken = [
        TRUNK.replace("\r\n", "\n"),
        TRUNK.replace("\r\n", "\r"),
        TRUNK.replace("\r\n", "\r\n\r\n"),
        TRUNK.replace("\r\n", " \r\n"),
        format!("\r\n{TRUNK}"),
        TRUNK.trim_end().to_owned(),
        TRUNK.replace("v=0\r\n", ""),
        TRUNK.replace("v=0", "v=0 "),
        TRUNK.replace("s=call\r\n", ""),
        TRUNK.replace("t=0 0\r\n", ""),
        TRUNK.replace("o=gw 77 1 IN IP4 192.0.2.10\r\n", ""),
        TRUNK.replace("o=gw 77 1 IN IP4 192.0.2.10", "o=gw nobody"),
        TRUNK.replace("t=0 0", "t=now\r\nb=AS\r\nk=\r\nz=x\r\nnonsense\r\nr=7d"),
        TRUNK.replace("m=audio 40000 RTP/AVP", "m=audio  40000  rtp/avp "),
        TRUNK.replace(
            "c=IN IP4 192.0.2.10",
            "c=IN IP4 192.0.2.10\r\nc=IN IP4 192.0.2.99",
        ),
        TRUNK.replace(
            "a=ptime:20",
            "a=ptime:\r\na=\r\na=rtpmap:\r\na=rtpmap:999 x/y",
        ),
        TRUNK.replace("c=IN IP4 192.0.2.10\r\n", ""),
        TRUNK.replace("c=IN IP4 192.0.2.10", "c=IN IP4 192.0.2.10/127"),
    ];
    for offer in broken {
        let (_, stream) = answer(&mut leg(), &offer);
        assert_eq!(stream.remote, address("192.0.2.10:40000"), "{offer}");
        assert_eq!(
            (stream.codec, stream.telephone_event),
            (Codec::Pcma, Some(101)),
            "{offer}"
        );
    }
    let mut latin = TRUNK.as_bytes().to_vec();
    latin.splice(7..7, *b"s=Caf\xe9\r\n");
    assert!(leg().answer(&latin).is_ok());
}

#[test]
fn static_payload_types_need_no_rtpmap_and_dynamic_ones_are_believed() {
    let (_, stream) = answer(
        &mut leg(),
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4 RTP/AVP 0\r\n",
    );
    assert_eq!((stream.codec, stream.payload_type), (Codec::Pcmu, 0));
    assert_eq!(stream.telephone_event, None);
    let (answer, stream) = answer(
        &mut leg(),
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4 RTP/AVP 0 97 96\r\na=rtpmap:0 G726-32/8000\r\n\
         a=rtpmap:96 Telephone-Event/8000\r\na=rtpmap:97 pcma/8000/1\r\n",
    );
    assert_eq!((stream.codec, stream.payload_type), (Codec::Pcma, 97));
    assert_eq!(stream.telephone_event, Some(96));
    assert!(has(&answer, "m=audio 30000 RTP/AVP 97 96"), "{answer}");
    assert!(has(&answer, "a=rtpmap:97 PCMA/8000"));
}

#[test]
fn telephone_events_at_another_clock_rate_are_passed_over() {
    let offer = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4 RTP/AVP 0 100 101\r\n\
        a=rtpmap:100 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\n";
    assert_eq!(answer(&mut leg(), offer).1.telephone_event, Some(101));
}

#[test]
fn other_streams_are_refused_in_their_place() {
    let offer = format!(
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=video 5 RTP/AVP 96 97\r\na=rtpmap:96 H264/90000\r\n\
         m=audio 6 RTP/SAVP 0\r\n{}m=image 7 udptl t38\r\nm=audio 8 RTP/AVP 0\r\n",
        &TRUNK[TRUNK.find("m=audio").expect("an m= line")..]
    );
    let mut leg = leg();
    let (first, stream) = answer(&mut leg, &offer);
    let lines = |description: &str| -> Vec<String> {
        description
            .lines()
            .filter(|line| line.starts_with("m="))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        lines(&first),
        [
            "m=video 0 RTP/AVP 96",
            "m=audio 0 RTP/SAVP 0",
            "m=audio 30000 RTP/AVP 8 101",
            "m=image 0 udptl t38",
            "m=audio 0 RTP/AVP 0",
        ]
    );
    assert_eq!(stream.remote, address("192.0.2.1:40000"));
    let ours = leg.offer();
    assert_eq!(
        lines(text(&ours)).len(),
        5,
        "a later offer keeps the lines and their order"
    );
    assert_eq!(lines(text(&ours))[2], "m=audio 30000 RTP/AVP 0 8 101");
}

#[test]
fn c87_hold_is_met_with_its_mirror_image() {
    for (offered, ours, sends) in [
        ("a=sendonly", Direction::RecvOnly, false),
        ("a=inactive", Direction::Inactive, false),
        ("a=recvonly", Direction::SendOnly, true),
        ("a=sendrecv", Direction::SendRecv, true),
        ("a=SendOnly", Direction::RecvOnly, false),
        ("a=x-nothing", Direction::SendRecv, true),
    ] {
        let (answer, stream) = answer(&mut leg(), &TRUNK.replace("a=sendrecv", offered));
        assert_eq!(stream.direction, ours);
        assert!(has(&answer, &format!("a={}", ours.attribute())), "{answer}");
        assert_eq!(stream.sends_to().is_some(), sends);
    }
    let session_level = TRUNK
        .replace("a=sendrecv\r\n", "")
        .replace("t=0 0", "t=0 0\r\na=sendonly");
    assert_eq!(
        answer(&mut leg(), &session_level).1.direction,
        Direction::RecvOnly
    );
}

#[test]
fn hold_by_address_zero_is_hold() {
    let (answer, stream) = answer(
        &mut leg(),
        &TRUNK.replace("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0"),
    );
    assert_eq!(stream.direction, Direction::RecvOnly);
    assert_eq!((stream.remote, stream.sends_to()), (None, None));
    assert!(has(&answer, "a=recvonly"));
}

#[test]
fn the_address_of_the_stream_goes_before_that_of_the_session() {
    let offer = TRUNK.replace(
        "a=ptime:20",
        "c=IN IP4 203.0.113.5\r\na=rtcp:41000\r\na=ptime:20",
    );
    let (_, stream) = answer(&mut leg(), &offer);
    assert_eq!(stream.remote, address("203.0.113.5:40000"));
    assert_eq!(stream.rtcp, address("203.0.113.5:41000"));
    let offer = TRUNK.replace("a=ptime:20", "a=rtcp:41000 IN IP4 203.0.113.6");
    assert_eq!(
        answer(&mut leg(), &offer).1.rtcp,
        address("203.0.113.6:41000")
    );
}

#[test]
fn a_host_name_for_an_address_leaves_us_without_a_place_to_send_to() {
    let offer = TRUNK.replace("c=IN IP4 192.0.2.10", "c=IN IP4 media.example.com");
    let (_, stream) = answer(&mut leg(), &offer);
    assert_eq!(
        (stream.remote, stream.direction),
        (None, Direction::SendRecv)
    );
}

#[test]
fn c152_ipv6_is_spoken_both_ways() {
    let mut leg = OfferAnswer::new(local("2001:db8::1", &[Codec::Pcmu]));
    let offer = "v=0\r\no=- 1 1 IN IP6 2001:db8::2\r\ns=-\r\nc=IN IP6 2001:db8::2\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0\r\n";
    let (answer, stream) = answer(&mut leg, offer);
    assert_eq!(stream.remote, address("[2001:db8::2]:4000"));
    assert!(has(&answer, "c=IN IP6 2001:db8::1"), "{answer}");
    assert!(has(&answer, "o=- 4711 1 IN IP6 2001:db8::1"), "{answer}");
}

#[test]
fn rtcp_mux_is_agreed_to_when_asked_for() {
    let (answer_with, stream) = answer(
        &mut leg(),
        &TRUNK.replace("a=ptime:20", "a=rtcp-mux\r\na=ptime:20"),
    );
    assert!(stream.rtcp_mux && has(&answer_with, "a=rtcp-mux"));
    assert!(!has(&answer(&mut leg(), TRUNK).0, "a=rtcp-mux"));
}

#[test]
fn c87_the_version_grows_with_changes_only() {
    let mut leg = leg();
    let (first, _) = answer(&mut leg, TRUNK);
    let (refreshed, _) = answer(&mut leg, TRUNK);
    assert_eq!(refreshed, first, "a session refresh changes nothing");
    let (held, stream) = answer(&mut leg, &TRUNK.replace("sendrecv", "sendonly"));
    assert_eq!(stream.direction, Direction::RecvOnly);
    assert_eq!(version(&held), version(&first) + 1);
    let (back, _) = answer(&mut leg, TRUNK);
    assert_eq!(version(&back), version(&first) + 2, "never a number again");
    assert_eq!(version(text(&leg.offer())), version(&first) + 3);
}

#[test]
fn a_later_offer_that_cannot_be_answered_leaves_the_stream() {
    let mut leg = leg();
    let (_, before) = answer(&mut leg, TRUNK);
    assert!(
        leg.answer(TRUNK.replace("8 0 18 101", "18").as_bytes())
            .is_err()
    );
    assert!(leg.answer(b"nonsense").is_err());
    assert_eq!(leg.stream(), Some(&before));
}

#[test]
fn an_invite_without_offer_gets_ours_and_the_ack_brings_the_answer() {
    let mut leg = leg();
    let offer = leg.offer();
    assert_eq!(
        text(&offer),
        "v=0\r\no=- 4711 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
         m=audio 30000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(leg.stream(), None);
    let stream = leg.accept_answer(TRUNK.as_bytes()).expect("an answer");
    assert_eq!((stream.codec, stream.payload_type), (Codec::Pcma, 8));
    assert_eq!(stream.remote, address("192.0.2.10:40000"));
    assert_eq!(leg.stream(), Some(&stream));
}

#[test]
fn two_legs_of_ours_agree_with_each_other() {
    let (mut a, mut b) = (leg(), OfferAnswer::new(local("192.0.2.7", &[Codec::Pcma])));
    let answer = b.answer(&a.offer()).expect("an answer");
    let of_a = a.accept_answer(&answer).expect("a stream");
    let of_b = *b.stream().expect("a stream");
    assert_eq!((of_a.codec, of_b.codec), (Codec::Pcma, Codec::Pcma));
    assert_eq!(of_a.remote, address("192.0.2.7:30000"));
    assert_eq!(of_b.remote, address("198.51.100.1:30000"));
    a.wish_direction(Direction::SendOnly);
    let hold = a.offer();
    assert!(has(text(&hold), "a=sendonly"));
    let answer = b.answer(&hold).expect("an answer");
    assert!(has(text(&answer), "a=recvonly"));
    assert_eq!(
        a.accept_answer(&answer).expect("a stream").direction,
        Direction::SendOnly
    );
    assert_eq!(b.stream().expect("a stream").direction, Direction::RecvOnly);
}

#[test]
fn an_answer_that_gives_no_stream_is_an_error() {
    let mut leg = leg();
    leg.offer();
    let refused = TRUNK.replace("m=audio 40000", "m=audio 0");
    assert_eq!(
        leg.accept_answer(refused.as_bytes()),
        Err(AnswerError::Refused)
    );
    assert_eq!(leg.accept_answer(b"v=0\r\n"), Err(AnswerError::Refused));
    let other = TRUNK.replace("8 0 18 101", "18");
    assert_eq!(
        leg.accept_answer(other.as_bytes()),
        Err(AnswerError::NoCommonCodec {
            answered: "18".to_owned()
        })
    );
    assert!(matches!(
        leg.accept_answer(b"?"),
        Err(AnswerError::Unreadable(_))
    ));
    assert_eq!(leg.stream(), None);
}

#[test]
fn codec_names_of_the_configuration_are_read_in_any_case() {
    assert_eq!("pcmu".parse(), Ok(Codec::Pcmu));
    assert_eq!("PCMA".parse(), Ok(Codec::Pcma));
    assert_eq!("L16".parse(), Ok(Codec::L16));
    assert_eq!("l16/16000".parse(), Ok(Codec::L16Wide));
    assert_eq!("Opus".parse(), Ok(Codec::Opus));
    assert_eq!("opus/48000/2".parse(), Ok(Codec::Opus));
    assert_eq!("pcmu/8000/1".parse(), Ok(Codec::Pcmu));
    for codec in Codec::ALL {
        assert_eq!(codec.to_string().parse(), Ok(codec));
    }
    for name in [
        "G729",
        "",
        "opus/8000",
        "L16/44100",
        "PCMU/",
        "PCMU/8000/1/1",
    ] {
        let error = name.parse::<Codec>().expect_err("not ours");
        let all = "opus, PCMU, PCMA, L16/16000 and L16/8000";
        assert!(error.to_string().contains(all), "{error}");
    }
}

#[test]
fn a_payload_type_that_no_packet_can_carry_is_not_taken() {
    let offer = TRUNK
        .replace("RTP/AVP 8 0 18 101", "RTP/AVP 200 0 201")
        .replace("a=rtpmap:8 ", "a=rtpmap:200 ")
        .replace("a=rtpmap:101 ", "a=rtpmap:201 ");
    let (answered, stream) = answer(&mut leg(), &offer);
    assert_eq!((stream.codec, stream.payload_type), (Codec::Pcmu, 0));
    assert_eq!(stream.telephone_event, None);
    assert!(
        !answered.contains("200") && !answered.contains("201"),
        "{answered}"
    );
}

const WEB_PHONE: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\n\
    t=0 0\r\nm=audio 40000 RTP/AVPF 111 97 0 126 110\r\na=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 minptime=10; useinbandfec=1;maxaveragebitrate=16000;cbr=1\r\n\
    a=rtpmap:97 L16/16000\r\na=rtpmap:126 telephone-event/8000\r\n\
    a=rtpmap:110 telephone-event/48000\r\na=maxptime:60\r\n";

fn modern() -> OfferAnswer {
    OfferAnswer::new(local("198.51.100.1", &Codec::ALL))
}

#[test]
fn opus_is_taken_as_the_peer_wants_it_with_events_of_its_clock() {
    let (answer, stream) = answer(&mut modern(), WEB_PHONE);
    assert_eq!((stream.codec, stream.payload_type), (Codec::Opus, 111));
    assert_eq!(stream.telephone_event, Some(110));
    assert_eq!(stream.telephone_event_rate, 48_000);
    let wish = OpusWish {
        fec: true,
        constant_rate: true,
        max_bitrate: Some(16_000),
    };
    assert_eq!(stream.opus, wish);
    for line in [
        "m=audio 30000 RTP/AVPF 111 110",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:110 telephone-event/48000",
        "a=fmtp:110 0-16",
        "a=ptime:20",
    ] {
        assert!(has(&answer, line), "{line}\n{answer}");
    }
    assert!(answer.contains("a=fmtp:111 ") && answer.contains("useinbandfec=1"));
}

#[test]
fn beside_opus_events_of_eight_thousand_are_better_than_none() {
    let offer = WEB_PHONE.replace(" 126 110", " 126");
    let stream = answer(&mut modern(), &offer).1;
    assert_eq!(stream.telephone_event, Some(126));
    assert_eq!(stream.telephone_event_rate, 8_000);
}

#[test]
fn linear_audio_is_taken_mono_and_at_the_rates_we_have() {
    let mut leg = OfferAnswer::new(local("198.51.100.1", &[Codec::L16Wide, Codec::L16]));
    let (answered, stream) = answer(&mut leg, WEB_PHONE);
    assert_eq!((stream.codec, stream.payload_type), (Codec::L16Wide, 97));
    assert_eq!(stream.telephone_event, None, "none of its clock is offered");
    assert!(has(&answered, "a=rtpmap:97 L16/16000"), "{answered}");
    for other in ["L16/44100", "L16/16000/2", "opus/48000"] {
        let offer = WEB_PHONE.replace("L16/16000", other);
        assert!(leg.answer(offer.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn our_offers_have_all_codecs_in_our_order_and_events_of_every_clock() {
    let offer = modern().offer();
    let offer = text(&offer);
    for line in [
        "m=audio 30000 RTP/AVP 96 0 8 97 98 102 101 103",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:97 L16/16000",
        "a=rtpmap:98 L16/8000",
        "a=rtpmap:102 telephone-event/48000",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:103 telephone-event/16000",
    ] {
        assert!(has(offer, line), "{line}\n{offer}");
    }
}

#[test]
fn numbers_that_the_peer_has_given_out_are_not_given_to_anything_else() {
    let mut leg = modern();
    answer(&mut leg, &TRUNK.replace("101", "96"));
    let offer = leg.offer();
    let offer = text(&offer);
    assert!(has(offer, "a=rtpmap:96 telephone-event/8000"), "{offer}");
    let numbers: Vec<&str> = offer
        .lines()
        .find_map(|line| line.strip_prefix("m=audio 30000 RTP/AVP "))
        .expect("our line")
        .split(' ')
        .collect();
    let mut once = numbers.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), numbers.len(), "{offer}");
}

#[test]
fn an_answer_with_several_codecs_leaves_the_choice_to_the_peer_at_any_time() {
    let mut leg = modern();
    leg.offer();
    let answer = TRUNK.replace("8 0 18 101", "8 0 96 101").replace(
        "a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no",
        "a=rtpmap:96 opus/48000/2",
    );
    let stream = leg.accept_answer(answer.as_bytes()).expect("a stream");
    assert_eq!((stream.codec, stream.payload_type), (Codec::Pcma, 8));
    for (payload_type, format) in [
        (8, Some(Format::Audio(Codec::Pcma))),
        (0, Some(Format::Audio(Codec::Pcmu))),
        (96, Some(Format::Audio(Codec::Opus))),
        (101, Some(Format::TelephoneEvent)),
        // As our own offer has it.
        (97, Some(Format::Audio(Codec::L16Wide))),
        (18, None),
    ] {
        assert_eq!(stream.format(payload_type), format, "{payload_type}");
    }
}

#[test]
fn a_new_offer_changes_the_codec() {
    let mut leg = modern();
    assert_eq!(answer(&mut leg, TRUNK).1.codec, Codec::Pcma);
    let (changed, stream) = answer(&mut leg, WEB_PHONE);
    assert_eq!(stream.codec, Codec::Opus);
    assert_eq!(version(&changed), 2);
    assert_eq!(answer(&mut leg, TRUNK).1.codec, Codec::Pcma);
}

proptest! {
    #[test]
    fn any_description_is_answered_or_refused_without_harm(
        lines in prop::collection::vec(
            "(v=0|c=IN IP[46] [0-9.:/a]{0,12}|m=(audio|video) [0-9]{1,5} RTP/AVP( [0-9]{1,3}){0,3}\
             |a=rtpmap:[0-9]{1,3} (PCMU|PCMA|L16|opus|telephone-event)/(8000|16000|48000/2|[0-9]{1,5})\
             |a=fmtp:[0-9]{1,3} .{0,30}|a=(sendonly|inactive)\
             |a=rtcp:[0-9]{1,6}( IN IP4 [0-9.]{0,9})?|[a-z]=.{0,20}|.{0,10})",
            0..12,
        ),
        junk in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut leg = modern();
        let mut offer = lines.join("\r\n").into_bytes();
        offer.extend(junk);
        if let Ok(body) = leg.answer(&offer) {
            let stream = *leg.stream().expect("a stream");
            prop_assert!(text(&body).ends_with("\r\n"));
            // Our own answer can be read, and mirrors what was agreed.
            let mut peer = OfferAnswer::new(local("192.0.2.10", &Codec::ALL));
            let again = peer.answer(&body);
            prop_assert!(again.is_ok(), "{:?}\n{}", again, text(&body));
            prop_assert_eq!(peer.stream().expect("a stream").codec, stream.codec);
        }
        let refused = leg.accept_answer(&offer);
        if refused.is_err() {
            prop_assert!(!refused.expect_err("an error").to_string().is_empty());
        }
    }
}

#[test]
fn a_leg_takes_a_few_hundred_bytes() {
    assert!(
        size_of::<OfferAnswer>() <= 256,
        "{}",
        size_of::<OfferAnswer>()
    );
    assert!("198.51.100.1".parse::<IpAddr>().is_ok());
}
