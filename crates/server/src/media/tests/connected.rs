//! A leg whose call lasts: its port is connected to the peer, and hears all others as before.

use super::*;

/// For so long the port is not connected.
const UNCONNECTED: Duration = Duration::from_secs(5);

/// A peer at the address of which ours go, and a leg that has sent there for long enough to be
/// connected.
async fn connected(media: &Media) -> (UdpSocket, Port) {
    let (peer, remote) = peer();
    let port = open(media, remote);
    pass(UNCONNECTED + Duration::from_millis(100)).await;
    assert!(port.leg.wire().leads_to(remote));
    received(&peer);
    (peer, port)
}

/// Lets a source speak for so many beats.
async fn speak(from: &UdpSocket, port: &Port, numbers: std::ops::Range<u16>) {
    for sequence in numbers {
        from.send_to(&packet(sequence), port.address()).unwrap();
        pass(Duration::from_millis(20)).await;
    }
}

fn ignored(port: &Port) -> u64 {
    port.session(|session, _| session.statistics().ignored.stranger)
}

fn taken(port: &Port) -> u64 {
    port.session(|session, _| session.statistics().packets_received)
}

#[test]
fn a_port_is_connected_once_its_call_lasts_and_loses_nothing_on_the_way() {
    run(async {
        let media = media(2);
        let (peer, remote) = peer();
        let port = open(&media, remote);
        let mut numbers = Vec::new();
        for sequence in 0..500 {
            peer.send_to(&packet(sequence), port.address()).unwrap();
            pass(Duration::from_millis(20)).await;
            for (packet, from) in received(&peer) {
                assert_eq!(from, port.address());
                numbers.push(u16::from_be_bytes([packet[2], packet[3]]));
            }
            let is_connected = port.leg.wire().leads_to(remote);
            assert_eq!(is_connected, sequence >= 250, "beat {sequence}");
        }
        assert!(
            numbers
                .windows(2)
                .all(|two| two[0].wrapping_add(1) == two[1]),
            "{numbers:?}"
        );
        assert_eq!((numbers.len(), taken(&port)), (500, 500));
        drop(port);
        assert!(UdpSocket::bind(("127.0.0.1", media.ports.first)).is_ok());
    });
}

#[test]
fn a_stranger_is_counted_and_not_heard_by_a_connected_port() {
    run(async {
        let media = media(2);
        let (peer, port) = connected(&media).await;
        let (stranger, _) = super::peer();
        // The peer speaks; from then on nobody else is looked at.
        speak(&peer, &port, 0..10).await;
        for sequence in 100..120 {
            stranger.send_to(&packet(sequence), port.address()).unwrap();
            speak(&peer, &port, sequence..sequence + 1).await;
        }
        pass(Duration::from_millis(200)).await;
        assert_eq!((ignored(&port), taken(&port)), (20, 30));
        assert!(received(&stranger).is_empty());
        drop(port);
    });
}

#[test]
fn a_silent_peer_that_begins_to_speak_from_another_port_is_found_by_a_connected_port() {
    run(async {
        let media = media(2);
        let (described, port) = connected(&media).await;
        let (real, whereabouts) = peer();
        speak(&real, &port, 0..20).await;
        assert_eq!(port.event().await, MediaEvent::Latched(whereabouts));
        assert!(port.leg.wire().leads_to(whereabouts));
        received(&described);
        received(&real);
        speak(&real, &port, 20..40).await;
        assert!(received(&described).is_empty());
        assert_eq!(received(&real).len(), 20);
        // Should the described address begin to send after all, it is gone back to.
        speak(&described, &port, 1_000..1_020).await;
        assert!(received(&described).len() > 10);
        received(&real);
        pass(Duration::from_millis(100)).await;
        assert!(received(&real).is_empty());
        drop(port);
    });
}

#[test]
fn a_connected_port_follows_a_new_agreement_and_falls_silent_on_hold() {
    run(async {
        let media = media(2);
        let (first, port) = connected(&media).await;
        let (second, elsewhere) = peer();
        port.session(|session, now| session.agree(now, Some(stream(elsewhere))));
        pass(Duration::from_millis(100)).await;
        assert!(received(&first).is_empty());
        assert_eq!(received(&second).len(), 5);
        speak(&second, &port, 0..10).await;
        assert_eq!(taken(&port), 10);
        received(&second);
        let held = NegotiatedStream {
            remote: None,
            direction: hookflash_media::Direction::Inactive,
            ..stream(elsewhere)
        };
        port.session(|session, now| session.agree(now, Some(held)));
        pass(Duration::from_millis(100)).await;
        assert!(received(&second).is_empty());
        let first_at = first.local_addr().unwrap();
        port.session(|session, now| session.agree(now, Some(stream(first_at))));
        pass(Duration::from_millis(100)).await;
        assert_eq!(received(&first).len(), 5);
        drop(port);
    });
}

#[test]
fn a_peer_that_is_gone_for_a_while_is_sent_to_again_without_a_hole() {
    run(async {
        let media = media(2);
        let (peer, port) = connected(&media).await;
        let at = peer.local_addr().unwrap();
        drop(peer);
        // The kernel says with each packet that nobody is there.
        pass(Duration::from_secs(1)).await;
        let back = UdpSocket::bind(at).unwrap();
        back.set_nonblocking(true).unwrap();
        pass(Duration::from_millis(200)).await;
        assert_eq!(received(&back).len(), 10);
        speak(&back, &port, 0..10).await;
        assert_eq!(taken(&port), 10);
        drop(port);
    });
}

#[test]
fn nobody_gets_into_a_port_that_two_sockets_share() {
    run(async {
        let media = media(2);
        let (_peer, port) = connected(&media).await;
        let third = unbound(port.address(), 8_192).unwrap();
        third.set_reuse_address(true).unwrap();
        let bound = third.bind(&port.address().into());
        assert_eq!(bound.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        drop(port);
    });
}

#[test]
fn who_does_not_send_from_where_the_port_is_connected_to_is_heard_at_every_beat() {
    run(async {
        let media = media(2);
        let (_peer, port) = connected(&media).await;
        let looked_at = || port.leg.wire().sockets().count();
        pass(Duration::from_secs(2)).await;
        assert_eq!(looked_at(), 1);
        let (other, _) = super::peer();
        for number in 0..6 {
            speak(&other, &port, number..number + 1).await;
            assert_eq!(media.tally().packets_in.get(), u64::from(number) + 1);
        }
        // The beat that finds nothing more is the last that looks.
        assert_eq!(looked_at(), 1);
        drop(port);
    });
}

#[test]
fn more_than_one_beat_takes_is_not_forgotten_at_a_port_that_is_connected() {
    run(async {
        let media = media(2);
        let (_peer, port) = connected(&media).await;
        let (other, _) = super::peer();
        for sequence in 0..50 {
            other.send_to(&packet(sequence), port.address()).unwrap();
        }
        pass(Duration::from_millis(20)).await;
        assert_eq!(media.tally().packets_in.get(), 32);
        pass(Duration::from_millis(20)).await;
        assert_eq!(media.tally().packets_in.get(), 50);
        drop(port);
    });
}

#[test]
fn a_port_on_every_address_of_ipv6_is_connected_as_well() {
    run(async {
        // Some machines have none.
        let Ok(peer) = UdpSocket::bind("[::1]:0") else {
            return;
        };
        peer.set_nonblocking(true).unwrap();
        let remote = peer.local_addr().unwrap();
        let media = media(2);
        let port = open(&media, remote);
        pass(UNCONNECTED + Duration::from_millis(100)).await;
        assert!(port.leg.wire().leads_to(remote));
        received(&peer);
        speak(&peer, &port, 0..10).await;
        assert_eq!((received(&peer).len(), taken(&port)), (10, 10));
        drop(port);
    });
}

#[test]
fn the_farewell_leaves_by_the_connected_port_that_it_shares() {
    run(async {
        let media = media(2);
        let (peer, port) = connected(&media).await;
        let address = port.address();
        drop(port);
        let farewells = received(&peer);
        assert_eq!(farewells.len(), 1);
        assert_eq!((farewells[0].0[1], farewells[0].1), (200, address));
    });
}
