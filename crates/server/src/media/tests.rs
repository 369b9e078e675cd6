//! Legs over real sockets, with a clock that only the tests move.

mod connected;
#[path = "../../tests/server/free_ports.rs"]
mod free_ports;

use std::ops::Deref;

use hookflash_media::{Codec, NegotiatedStream};
use rustix::time::{ClockId, clock_gettime};

use super::*;
use free_ports::FreePorts;

fn stream(remote: SocketAddr) -> NegotiatedStream {
    NegotiatedStream {
        rtcp_mux: true,
        ..NegotiatedStream::new(remote, Codec::Pcma)
    }
}

/// Media with ports of its own.
struct OwnMedia {
    media: Media,
    ports: FreePorts,
}

impl Deref for OwnMedia {
    type Target = Media;

    fn deref(&self) -> &Media {
        &self.media
    }
}

/// Media with so many ports.
fn media(ports: u16) -> OwnMedia {
    let listeners = vec!["127.0.0.1".parse().unwrap()];
    let ports = FreePorts::reserve(ports);
    let range = Ports {
        first: ports.first,
        last: ports.last,
    };
    let advertise = Advertise {
        configured: None,
        listeners,
    };
    OwnMedia {
        media: Media::new(range, 0, 1, advertise),
        ports,
    }
}

#[test]
fn ports_are_even_in_range_and_free_again_after_use() {
    let media = media(4);
    let towards = "127.0.0.1".parse().unwrap();
    let first = media.open(towards).unwrap();
    let second = media.open(towards).unwrap();
    assert!(
        media
            .open(towards)
            .is_err_and(|e| e == MediaError::NoPortLeft)
    );
    assert_eq!(first.address().ip(), towards);
    let mut ports = [first.address().port(), second.address().port()];
    ports.sort_unstable();
    let lowest = media.ports.first;
    assert_eq!(ports, [lowest, lowest + 2]);
    drop(first);
    assert_eq!(media.in_use(), 1);
    drop(second);
    assert!(media.open(towards).is_ok());
    assert_eq!(media.in_use(), 0);
}

/// The broadcast address is one that no socket is let out to.
#[test]
fn where_no_route_leads_a_listener_gives_its_address() {
    let media = media(2);
    let port = media.open("255.255.255.255".parse().unwrap()).unwrap();
    assert_eq!(port.address().ip(), Ipv4Addr::LOCALHOST);
    drop(port);
    media.advertise.borrow_mut().listeners = vec![Ipv4Addr::UNSPECIFIED.into()];
    let refused = media.open("255.255.255.255".parse().unwrap());
    assert!(refused.is_err_and(|why| why.to_string().contains("no route")));
}

#[test]
fn the_advertised_address_is_told_to_every_peer_of_its_family() {
    let media = media(4);
    let configured = "203.0.113.7".parse().unwrap();
    media.advertise.borrow_mut().configured = Some(configured);
    for peer in ["127.0.0.1", "198.51.100.1"] {
        let port = media.open(peer.parse().unwrap()).unwrap();
        assert_eq!(port.address().ip(), configured, "{peer}");
    }
}

#[test]
fn a_port_that_another_process_holds_is_passed_over() {
    let media = media(4);
    let lowest = media.ports.first;
    let taken = UdpSocket::bind(("127.0.0.1", lowest)).unwrap();
    let port = media.open("127.0.0.1".parse().unwrap()).unwrap();
    assert_eq!(port.address().port(), lowest + 2);
    drop(taken);
}

/// Runs `work` with a clock that jumps to the next timer whenever nobody has anything to do.
fn run<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

fn peer() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn open(media: &Media, remote: SocketAddr) -> Port {
    let port = media.open(remote.ip()).unwrap();
    port.session(|session, now| session.agree(now, Some(stream(remote))));
    port
}

/// Every packet that waits at a socket, and where it came from.
fn received(socket: &UdpSocket) -> Vec<(Vec<u8>, SocketAddr)> {
    std::iter::from_fn(|| {
        let mut packet = [0; 1_500];
        let (length, from) = socket.recv_from(&mut packet).ok()?;
        Some((packet[..length].to_vec(), from))
    })
    .collect()
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Number `sequence` of a G.711 stream: 20 ms of silence.
fn packet(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    packet.extend_from_slice(&7_u32.to_be_bytes());
    packet.resize(172, 0xd5);
    packet
}

#[test]
fn silence_flows_until_it_is_paused_and_the_port_leaves_nothing_behind() {
    run(async {
        let media = media(2);
        let (peer, remote) = peer();
        let port = open(&media, remote);
        pass(Duration::from_millis(70)).await;
        let packets = received(&peer);
        assert!((3..=4).contains(&packets.len()), "{}", packets.len());
        for (index, (packet, from)) in packets.iter().enumerate() {
            assert_eq!((packet.len(), *from), (172, port.address()));
            assert_eq!(packet[1] & 0x7f, 8);
            let number = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
            let first = number(&packets[0].0);
            assert_eq!(number(packet), first.wrapping_add(index as u16));
        }
        port.session(|session, now| session.agree(now, None));
        pass(Duration::from_millis(100)).await;
        assert!(received(&peer).is_empty());
        assert_eq!(media.legs(), 1);
        drop(port);
        assert_eq!((media.legs(), media.in_use()), (0, 0));
    });
}

#[test]
fn ten_minutes_are_thirty_thousand_packets_for_every_leg() {
    run(async {
        let media = media(82);
        let (_peer, remote) = peer();
        let ports: Vec<Port> = (0..3).map(|_| open(&media, remote)).collect();
        pass(Duration::from_secs(600)).await;
        let sent = media.tally().packets_out.get();
        assert!(sent.abs_diff(90_000) <= 3, "{sent}");
        assert_eq!(media.tally().late_beats.get(), 0);
        drop(ports);
    });
}

#[test]
fn legs_are_spread_over_the_beat() {
    run(async {
        let media = media(800);
        let (peer, remote) = peer();
        let ports: Vec<Port> = (0..400).map(|_| open(&media, remote)).collect();
        pass(Duration::from_millis(40)).await;
        received(&peer);
        let mut most = 0;
        for _ in 0..10 {
            pass(Duration::from_millis(2)).await;
            most = most.max(received(&peer).len());
        }
        assert!(most <= 200, "{most} of 400 at once");
        drop(ports);
    });
}

#[test]
fn a_stall_is_made_up_for_and_a_long_one_leaves_a_gap() {
    run(async {
        let media = media(4);
        let (peer, remote) = peer();
        let port = open(&media, remote);
        pass(Duration::from_millis(100)).await;
        received(&peer);
        tokio::time::advance(Duration::from_millis(100)).await;
        pass(Duration::from_millis(100)).await;
        let after_short = received(&peer).len();
        assert!((9..=11).contains(&after_short), "{after_short}");
        tokio::time::advance(Duration::from_secs(10)).await;
        pass(Duration::from_millis(100)).await;
        let after_long = received(&peer).len();
        assert!((5..=7).contains(&after_long), "{after_long}");
        assert!(media.tally().late_beats.get() >= 499);
        drop(port);
    });
}

/// Lets the processor work for so long.
fn work(time: Duration) {
    let spent = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let end = spent() + time;
    while spent() < end {
        std::hint::spin_loop();
    }
}

#[test]
fn a_standstill_is_counted_once_with_who_held_it_up() {
    run(async {
        let media = media(400);
        let (_peer, remote) = peer();
        // More legs than one slot has.
        let ports: Vec<Port> = (0..150).map(|_| open(&media, remote)).collect();
        let counted = || {
            let tally = media.tally();
            (
                tally.standstills_busy.get(),
                tally.standstills_not_run.get(),
            )
        };
        pass(Duration::from_millis(100)).await;
        assert_eq!((counted(), media.tally().late_beats.get()), ((0, 0), 0));
        tokio::time::advance(Duration::from_millis(100)).await;
        pass(Duration::from_millis(100)).await;
        assert_eq!(counted(), (0, 1));
        work(Duration::from_millis(100));
        tokio::time::advance(Duration::from_millis(100)).await;
        pass(Duration::from_millis(100)).await;
        assert_eq!(counted(), (1, 1));
        let longest = media.tally().longest_delay.get();
        assert!(
            longest >= Duration::from_millis(80) && longest <= Duration::from_millis(101),
            "{longest:?}"
        );
        drop(ports);
    });
}

#[test]
fn packets_that_a_standstill_makes_late_are_counted_from_the_first_slot_on() {
    run(async {
        let media = media(2);
        let (_peer, remote) = peer();
        let port = open(&media, remote);
        pass(Duration::from_millis(100)).await;
        // The only slot sleeps for its next turn when the clock jumps.
        tokio::time::advance(Duration::from_millis(45)).await;
        pass(Duration::from_millis(100)).await;
        let late = media.tally().late_beats.get();
        assert!((1..=2).contains(&late), "{late}");
        drop(port);
    });
}

#[test]
fn media_goes_to_where_the_peers_comes_from() {
    run(async {
        let media = media(4);
        let (described, remote) = peer();
        let (real, whereabouts) = peer();
        let port = open(&media, remote);
        for sequence in 0..20 {
            real.send_to(&packet(sequence), port.address()).unwrap();
            pass(Duration::from_millis(20)).await;
        }
        assert_eq!(port.event().await, MediaEvent::Latched(whereabouts));
        received(&described);
        received(&real);
        pass(Duration::from_millis(100)).await;
        assert!(received(&described).is_empty());
        assert!(received(&real).len() >= 4);
        assert!(media.tally().packets_in.get() >= 20);
        drop(port);
    });
}

#[test]
fn a_flood_does_not_hold_up_the_beat() {
    run(async {
        let media = media(4);
        let (peer, remote) = peer();
        let port = open(&media, remote);
        for sequence in 0..2_000 {
            let _ = peer.send_to(&packet(sequence), port.address());
        }
        pass(Duration::from_millis(20)).await;
        let taken = media.tally().packets_in.get();
        assert!((1..=64).contains(&taken), "{taken}");
        drop(port);
    });
}

#[test]
fn what_one_beat_leaves_behind_is_taken_by_the_next_though_nothing_more_comes() {
    run(async {
        let media = media(2);
        let (peer, remote) = peer();
        let port = open(&media, remote);
        // Long enough for the port to be known as empty.
        pass(Duration::from_millis(100)).await;
        for sequence in 0..50 {
            peer.send_to(&packet(sequence), port.address()).unwrap();
        }
        pass(Duration::from_millis(20)).await;
        assert!(media.tally().packets_in.get() < 50);
        pass(Duration::from_millis(40)).await;
        assert_eq!(media.tally().packets_in.get(), 50);
        pass(Duration::from_secs(60)).await;
        peer.send_to(&packet(50), port.address()).unwrap();
        pass(Duration::from_millis(20)).await;
        assert_eq!(media.tally().packets_in.get(), 51);
        drop(port);
    });
}

#[test]
fn reports_leave_from_the_port_above_unless_they_are_multiplexed() {
    run(async {
        for multiplexed in [false, true] {
            let media = media(10);
            let (rtp, remote) = peer();
            let (reports, rtcp) = peer();
            let port = media.open("127.0.0.1".parse().unwrap()).unwrap();
            let agreed = NegotiatedStream {
                rtcp: Some(rtcp),
                rtcp_mux: multiplexed,
                ..stream(remote)
            };
            port.session(|session, now| session.agree(now, Some(agreed)));
            pass(Duration::from_millis(150)).await;
            received(&rtp);
            let mut address = port.address();
            drop(port);
            let farewells = received(if multiplexed { &rtp } else { &reports });
            assert_eq!(farewells.len(), 1);
            if !multiplexed {
                address.set_port(address.port() + 1);
            }
            assert_eq!(farewells[0].1, address);
        }
    });
}

#[test]
fn a_call_that_is_over_at_once_binds_no_port_for_reports() {
    run(async {
        let media = media(2);
        let (rtp, remote) = peer();
        let (reports, rtcp) = peer();
        let port = media.open("127.0.0.1".parse().unwrap()).unwrap();
        let agreed = NegotiatedStream {
            rtcp: Some(rtcp),
            rtcp_mux: false,
            ..stream(remote)
        };
        port.session(|session, now| session.agree(now, Some(agreed)));
        pass(Duration::from_millis(50)).await;
        let free = UdpSocket::bind(("127.0.0.1", media.ports.last));
        assert!(free.is_ok(), "{free:?}");
        drop(port);
        assert!(!received(&rtp).is_empty());
        assert!(received(&reports).is_empty());
    });
}

#[test]
fn thousands_of_legs_leave_no_port_and_no_socket() {
    run(async {
        let open_files = || std::fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
        let media = media(20);
        let (_peer, remote) = peer();
        let before = open_files();
        for _ in 0..10_000 {
            drop(open(&media, remote));
        }
        pass(Duration::from_millis(100)).await;
        assert_eq!((media.legs(), media.in_use()), (0, 0));
        // Other tests of this process open sockets too, but not thousands.
        if let (Some(before), Some(after)) = (before, open_files()) {
            assert!(after < before + 500, "{before} before, {after} after");
        }
    });
}

#[test]
fn an_event_that_nobody_waited_for_is_not_lost() {
    run(async {
        let media = media(2);
        let (_peer, remote) = peer();
        let port = open(&media, remote);
        port.session(|session, _| {
            session.hear_key('1');
            session.hear_key('2');
        });
        {
            let event = port.event();
            tokio::pin!(event);
            assert!(futures_util::poll!(&mut event).is_ready());
        }
        let second = port.event().await;
        assert!(
            matches!(second, MediaEvent::Key { key: '2', .. }),
            "{second:?}"
        );
        let third = tokio::time::timeout(Duration::from_secs(1), port.event());
        assert!(third.await.is_err());
    });
}

struct Faulty;

impl hookflash_audio::Tap for Faulty {
    fn hear(&mut self, _frame: &hookflash_audio::TapFrame<'_>) {
        panic!("a fault for the test");
    }
}

#[test]
fn a_fault_in_one_legs_audio_silences_that_leg_only() {
    run(async {
        let media = media(8);
        let (broken_peer, broken_at) = peer();
        let (sound_peer, sound_at) = peer();
        let broken = open(&media, broken_at);
        let sound = open(&media, sound_at);
        broken.session(|session, _| session.tap(Box::new(Faulty)));
        pass(Duration::from_millis(100)).await;
        received(&sound_peer);
        received(&broken_peer);
        pass(Duration::from_millis(100)).await;
        assert_eq!(received(&sound_peer).len(), 5);
        assert!(received(&broken_peer).is_empty());
        drop(broken);
        drop(sound);
        assert_eq!((media.legs(), media.in_use()), (0, 0));
    });
}
