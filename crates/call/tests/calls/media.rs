//! Offers and answers in every state of a call.

use std::time::Duration;

use hookflash_dialects::Dialect;

use crate::support::application::Page;
use crate::support::documents::{V, answered, document};
use crate::support::phone::OFFER;
use crate::support::world::{World, in_virtual_time};

const SDP: &[(&str, &str)] = &[("Content-Type", "application/sdp")];

/// A beat of the sender and a bit.
const BEAT: Duration = Duration::from_millis(30);

/// The port that the first call sends its audio to, and the payload type.
fn sends(world: &World) -> Option<(u16, u8)> {
    let (to, payload_type) = world.host.rtp.sends(30_001)?;
    Some((to.port(), payload_type))
}

fn world() -> World {
    let world = World::new(Dialect::Twiml);
    let pause = answered(Dialect::Twiml, &[V::Pause(30)]);
    world.application.page("/start", Page::document(pause));
    world
}

#[test]
fn an_offer_is_answered_with_a_codec_of_both_and_silence_flows() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let answer = phone.call().await;
        assert!(
            answer.body.contains("m=audio 30001 RTP/AVP 0 101"),
            "{}",
            answer.body
        );
        phone.listen(BEAT).await;
        assert_eq!(sends(&world), Some((40_000, 0)));
        assert_eq!(world.view()["legs"][0]["codec"], "PCMU");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn an_offer_without_a_common_codec_gets_488() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let video = OFFER.replace("RTP/AVP 0 8 101", "RTP/AVP 18");
        assert_eq!(phone.call_with(SDP, &video).await.status(), 488);
        world.settle().await;
        assert_eq!(world.application.asked_at("/status").len(), 1);
    });
}

#[test]
fn a_body_that_may_be_ignored_is_no_offer_so_the_200_makes_one() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let note: &[(&str, &str)] = &[
            ("Content-Type", "text/plain"),
            ("Content-Disposition", "render;handling=optional"),
        ];
        let answer = phone.call_with(note, "hello").await;
        assert_eq!(answer.status(), 200);
        assert!(answer.body.contains("RTP/AVP 0 8 101"), "{}", answer.body);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn an_offer_that_cannot_be_read_gets_400() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        assert_eq!(phone.call_with(SDP, "what?").await.status(), 400);
        world.settle().await;
    });
}

#[test]
fn an_invite_without_offer_gets_ours_and_its_ack_settles_it() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        phone.send("INVITE", &[], "");
        let answer = phone.response("INVITE").await;
        assert!(
            answer.body.contains("m=audio 30001 RTP/AVP 0 8 101"),
            "{}",
            answer.body
        );
        phone.take_dialog(&answer);
        phone.send("ACK", SDP, &OFFER.replace(" 0 8 101", " 8 101"));
        phone.listen(Duration::from_secs(1)).await;
        assert_eq!(world.view()["legs"][0]["codec"], "PCMA");
        assert_eq!(sends(&world), Some((40_000, 8)));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn hold_pauses_what_is_sent_and_resume_starts_it_again() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        phone.call().await;
        let held = OFFER.replace("\r\na=rtpmap", "\r\na=sendonly\r\na=rtpmap");
        phone.send("INVITE", SDP, &held.replace("o=- 1 1", "o=- 1 2"));
        let answer = phone.response("INVITE").await;
        phone.send("ACK", &[], "");
        assert!(answer.body.contains("a=recvonly"), "{}", answer.body);
        phone.listen(BEAT).await;
        assert_eq!(sends(&world), None);
        phone.send("INVITE", SDP, &OFFER.replace("o=- 1 1", "o=- 1 3"));
        let answer = phone.response("INVITE").await;
        phone.send("ACK", &[], "");
        assert!(answer.body.contains("a=sendrecv"), "{}", answer.body);
        phone.listen(BEAT).await;
        assert_eq!(sends(&world), Some((40_000, 0)));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn an_offer_in_update_is_answered_and_a_bad_one_leaves_the_session_alone() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        phone.call().await;
        phone.send("UPDATE", SDP, &OFFER.replace("40000", "40002"));
        assert_eq!(phone.response("UPDATE").await.status(), 200);
        phone.listen(BEAT).await;
        assert_eq!(sends(&world), Some((40_002, 0)));
        phone.send("UPDATE", SDP, &OFFER.replace("0 8 101", "18"));
        assert_eq!(phone.response("UPDATE").await.status(), 488);
        assert_eq!(sends(&world), Some((40_002, 0)));
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn an_offer_before_the_answer_has_to_wait() {
    in_virtual_time(async {
        let world = world();
        let pause = document(Dialect::Twiml, &[V::Pause(30)]);
        world.application.page("/start", Page::document(pause));
        let phone = world.phone();
        phone.send("INVITE", SDP, OFFER);
        phone.listen(Duration::from_secs(1)).await;
        let ringing = phone.provisional(180).expect("180");
        phone.take_dialog(&ringing);
        phone.send("UPDATE", SDP, &OFFER.replace("40000", "40002"));
        assert_eq!(phone.response("UPDATE").await.status(), 500);
        phone.listen(Duration::from_secs(40)).await;
        world.settle().await;
    });
}

#[test]
fn a_reinvite_without_offer_gets_ours() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        phone.call().await;
        phone.send("INVITE", &[], "");
        let answer = phone.response("INVITE").await;
        assert_eq!(answer.status(), 200);
        assert!(answer.body.contains("m=audio 30001"), "{}", answer.body);
        phone.send("ACK", SDP, &OFFER.replace("40000", "40004"));
        phone.listen(Duration::from_secs(1)).await;
        assert_eq!(sends(&world), Some((40_004, 0)));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn the_port_is_free_as_soon_as_the_call_is_over() {
    in_virtual_time(async {
        let world = world();
        let refer = document(Dialect::Twiml, &[V::Refer("sip:bob@target.example", None)]);
        world.application.page("/start", Page::document(refer));
        let phone = world.phone();
        phone.call().await;
        let refer = phone.request("REFER").await;
        phone.answer(&refer, 202, "Accepted", &[]);
        assert_eq!(world.host.open_ports.get(), 1);
        phone.send("BYE", &[], "");
        phone.response("BYE").await;
        phone.listen(Duration::from_millis(100)).await;
        assert_eq!(world.host.open_ports.get(), 0);
        assert_eq!(world.desk.held(), 1, "NOTIFYs may still come");
        world.settle().await;
    });
}

#[test]
fn a_call_without_a_free_port_is_refused_with_503() {
    in_virtual_time(async {
        let world = world();
        world.host.ports_left.set(0);
        let phone = world.phone();
        assert_eq!(phone.call().await.status(), 503);
        world.settle().await;
        assert_eq!(world.view()["endedBy"], "server");
        assert_eq!(world.application.asked_at("/status").len(), 1);
    });
}
