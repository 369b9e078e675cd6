//! RTCP, and the numbers for call records.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hookflash_media::{Codec, NegotiatedStream};
use rtcp_types::{Compound, Packet, RtcpPacketParserExt, SdesItem};
use rtp_types::RtpPacket;

use crate::support::*;

const MS: Duration = Duration::from_millis(1);

fn reports_port(of: SocketAddr) -> SocketAddr {
    SocketAddr::new(of.ip(), of.port() + 1)
}

/// Runs a line with loss on Ann's way to Bob and reports both ways, each with a delay of `way`.
/// Gives Bob's reports with their times.
fn run(
    line: &mut Line,
    time: Duration,
    way: Duration,
    loses: impl Fn(u32) -> bool,
) -> Vec<(Instant, Vec<u8>)> {
    let mut under_way: Vec<(Instant, bool, Vec<u8>)> = Vec::new();
    let mut of_bob = Vec::new();
    for beat in 0..(time.as_millis() / 20) as u32 {
        let now = line.now;
        line.beat_through(|packet| if loses(beat) { vec![] } else { vec![packet] });
        let mut buf = [0; 1_500];
        if let Some((to, length)) = line.ann.poll_rtcp(now, &mut buf) {
            assert_eq!(to, reports_port(bob()));
            under_way.push((now + way, true, buf[..length].to_vec()));
        }
        if let Some((to, length)) = line.bob.poll_rtcp(now, &mut buf) {
            assert_eq!(to, reports_port(ann()));
            under_way.push((now + way, false, buf[..length].to_vec()));
            of_bob.push((now, buf[..length].to_vec()));
        }
        under_way.retain(|(at, from_ann, packet)| {
            let arrived = *at <= now;
            match (arrived, from_ann) {
                (true, true) => line.bob.receive_rtcp(*at, reports_port(ann()), packet),
                (true, false) => line.ann.receive_rtcp(*at, reports_port(bob()), packet),
                _ => {}
            }
            !arrived
        });
    }
    of_bob
}

#[test]
fn reports_say_what_was_sent_what_was_lost_and_how_far_away_the_peer_is() {
    let mut line = Line::with(Codec::Pcmu);
    let began = line.now;
    let reports = run(&mut line, Duration::from_secs(60), 30 * MS, |beat| {
        beat > 100 && beat % 10 == 0
    });
    let (at, last) = reports.last().expect("a report");
    let mut parts = Compound::parse(last).expect("a compound packet");
    let Some(Ok(Packet::Sr(report))) = parts.next() else {
        panic!("a sender report is first")
    };
    assert_eq!(report.ssrc(), 0xB);
    let sent = (*at - began).as_millis() as u32 / 20 + 1;
    assert_eq!(
        (report.packet_count(), report.octet_count()),
        (sent, sent * 160)
    );
    let block = report.report_blocks().next().expect("a block");
    assert_eq!(block.ssrc(), 0xA);
    // A tenth of 256, whatever the interval begins and ends with.
    assert!((23..=29).contains(&block.fraction_lost()), "{block:?}");
    let lost = (sent - 101) / 10;
    assert!(block.cumulative_lost().abs_diff(lost) <= 1, "{block:?}");
    let since_report = block.delay_since_last_sender_report_timestamp();
    assert!(block.last_sender_report_timestamp() != 0 && since_report < 8 << 16);
    let Some(Ok(Packet::Sdes(sdes))) = parts.next() else {
        panic!("a name is second")
    };
    let chunk = sdes.chunks().next().expect("a chunk");
    let item = chunk.items().next().expect("an item");
    assert_eq!((chunk.ssrc(), item.type_()), (0xB, SdesItem::CNAME));
    assert_eq!(item.value().len(), 16);
    assert!(parts.next().is_none());

    let statistics = line.ann.statistics();
    let round_trip = statistics.round_trip.expect("a round trip");
    assert!(round_trip.abs_diff(60 * MS) <= 25 * MS, "{round_trip:?}");
    assert!(statistics.peer_lost.expect("a loss") >= 270);
    assert!(line.bob.statistics().packets_lost >= 280);
    assert_eq!(line.ann.statistics().packets_sent, 3_000);
}

#[test]
fn reports_come_every_few_seconds_and_not_in_step() {
    let mut line = Line::with(Codec::Pcma);
    let began = line.now;
    let times: Vec<Duration> = run(&mut line, Duration::from_secs(300), 10 * MS, |_| false)
        .into_iter()
        .map(|(at, _)| at - began)
        .collect();
    assert!(times[0] <= 3_100 * MS, "{times:?}");
    let mut gaps: Vec<Duration> = times.windows(2).map(|w| w[1] - w[0]).collect();
    let in_range = |gap: &Duration| (2_000 * MS..6_300 * MS).contains(gap);
    assert!(gaps.iter().all(in_range), "{gaps:?}");
    gaps.dedup();
    assert!(gaps.len() > 40, "{gaps:?}");
}

#[test]
fn the_last_report_is_a_farewell() {
    let mut line = Line::with(Codec::Pcmu);
    line.run(1_000 * MS);
    let mut buf = [0; 1_500];
    let (to, length) = line.ann.end(line.now, &mut buf).expect("a packet");
    assert_eq!(to, reports_port(bob()));
    let parts: Vec<_> = Compound::parse(&buf[..length])
        .expect("a compound packet")
        .map(|part| part.expect("a packet"))
        .collect();
    let kinds: Vec<u8> = parts.iter().map(RtcpPacketParserExt::type_).collect();
    assert_eq!(kinds, [200, 202, 203]);
}

#[test]
fn who_only_listens_sends_receiver_reports() {
    let mut line = Line::with(Codec::Pcmu);
    let now = line.now;
    let held = in_direction(
        stream(bob(), Codec::Pcmu),
        hookflash_media::Direction::RecvOnly,
    );
    line.ann.agree(now, Some(held));
    line.run(8_000 * MS);
    let mut buf = [0; 1_500];
    let (_, length) = line.ann.poll_rtcp(line.now, &mut buf).expect("a report");
    let mut parts = Compound::parse(&buf[..length]).expect("a compound packet");
    assert!(matches!(parts.next(), Some(Ok(Packet::Rr(_)))));
}

#[test]
fn who_stops_sending_sends_one_more_sender_report() {
    let mut line = Line::with(Codec::Pcmu);
    line.run(100 * MS);
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let mut buf = [0; 1_500];
        line.ann.end(line.now, &mut buf).expect("a report");
        kinds.push(buf[1]);
    }
    assert_eq!(kinds, [200, 200, 201]);
}

#[test]
fn multiplexed_reports_go_and_come_on_the_media_port() {
    let mut line = Line::with(Codec::Pcmu);
    let now = line.now;
    let mux = |remote| NegotiatedStream {
        rtcp_mux: true,
        ..stream(remote, Codec::Pcmu)
    };
    line.ann.agree(now, Some(mux(bob())));
    line.bob.agree(now, Some(mux(ann())));
    line.run(8_000 * MS);
    let mut buf = [0; 1_500];
    let (to, length) = line.ann.poll_rtcp(line.now, &mut buf).expect("a report");
    assert_eq!(to, bob());
    let ignored = line.bob.statistics().ignored;
    line.bob.receive(line.now, ann(), &buf[..length]);
    assert_eq!(line.bob.statistics().ignored, ignored);
    let (_, length) = line.bob.poll_rtcp(line.now, &mut buf).expect("a report");
    line.ann.receive(line.now, bob(), &buf[..length]);
    assert_eq!(line.ann.statistics().peer_lost, Some(0));
}

#[test]
fn reports_of_strangers_and_broken_ones_change_nothing() {
    let mut line = Line::with(Codec::Pcmu);
    run(&mut line, Duration::from_secs(10), 10 * MS, |_| false);
    let before = line.ann.statistics();
    let mut buf = [0; 1_500];
    let (_, length) = line.bob.end(line.now, &mut buf).expect("a packet");
    let good = &buf[..length];
    let stranger = address("203.0.113.66:6667");
    line.ann.receive_rtcp(line.now, stranger, good);
    for cut in 0..length {
        line.ann
            .receive_rtcp(line.now, reports_port(bob()), &good[..cut]);
    }
    // A farewell cannot come first.
    let bye = &good[length - 8..];
    line.ann.receive_rtcp(line.now, reports_port(bob()), bye);
    let after = line.ann.statistics();
    assert_eq!(after.ignored.stranger, before.ignored.stranger + 1);
    // Cut between its parts it is whole.
    let broken = length as u64 - 2 + 1;
    assert_eq!(after.ignored.malformed, before.ignored.malformed + broken);
}

#[test]
fn a_source_that_the_peer_has_too_is_given_up_once() {
    let mut line = Line::with(Codec::Pcmu);
    let mut buf = [0; 1_500];
    let mut sources = Vec::new();
    let mut farewells = Vec::new();
    for sequence in 0..100 {
        let (_, length) = line.ann.beat(line.now, &mut buf).expect("a packet");
        let ours = RtpPacket::parse(&buf[..length]).expect("RTP").ssrc();
        sources.push(ours);
        // Bob has the number of Ann's source, whichever it is.
        let packet = rtp(
            0,
            false,
            ours,
            sequence,
            u32::from(sequence) * 160,
            &[0xFF; 160],
        );
        line.ann.receive(line.now, bob(), &packet);
        if let Some((_, length)) = line.ann.poll_rtcp(line.now, &mut buf) {
            for part in Compound::parse(&buf[..length]).expect("a compound packet") {
                if let Ok(Packet::Bye(bye)) = part {
                    farewells.extend(bye.ssrcs());
                }
            }
        }
        line.now += BEAT;
    }
    assert_eq!(farewells, [0xA]);
    sources.dedup();
    assert_eq!((sources.len(), sources[0]), (2, 0xA));
}

#[test]
fn a_delay_is_told_only_of_the_source_that_the_block_is_about() {
    let mut line = Line::with(Codec::Pcmu);
    line.run(100 * MS);
    let mut report = vec![0x80, 200, 0, 6];
    report.extend(0xC_u32.to_be_bytes());
    report.extend([7; 20]);
    line.ann
        .receive_rtcp(line.now, reports_port(bob()), &report);
    let about = |ann: &mut hookflash_media::Session, now| {
        let mut buf = [0; 1_500];
        let (_, length) = ann.end(now, &mut buf).expect("a packet");
        let mut parts = Compound::parse(&buf[..length]).expect("a compound packet");
        let Some(Ok(Packet::Sr(report))) = parts.next() else {
            panic!("a sender report is first")
        };
        let block = report.report_blocks().next().expect("a block");
        (block.ssrc(), block.last_sender_report_timestamp())
    };
    assert_eq!(about(&mut line.ann, line.now), (0xB, 0));
    report[7] = 0xB;
    line.ann
        .receive_rtcp(line.now, reports_port(bob()), &report);
    assert_eq!(about(&mut line.ann, line.now), (0xB, 0x0707_0707));
}
