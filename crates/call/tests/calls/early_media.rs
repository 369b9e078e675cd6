//! Audio before the answer.

use std::time::Duration;

use hookflash_dialects::Dialect;
use serde_json::json;

use crate::support::application::Page;
use crate::support::hearing::{is_tone, one_sound};
use crate::support::world::{World, in_virtual_time};

const SDP: &[(&str, &str)] = &[("Content-Type", "application/sdp")];

fn world() -> World {
    let world = World::new(Dialect::Jambonz);
    world.application.page("/events", Page::status(200));
    world
}

#[test]
fn early_media_is_heard_before_the_answer_which_keeps_port_and_description() {
    in_virtual_time(async {
        let world = world();
        let document = json!([
            {"verb": "say", "text": "Please hold the line", "earlyMedia": true},
            {"verb": "answer"},
            {"verb": "say", "text": "Hello"},
        ]);
        world.begins_with(&document.to_string());
        let (phone, handset) = (world.phone(), world.handset());
        phone.send("INVITE", SDP, &handset.offer());
        phone.listen(Duration::from_millis(100)).await;
        let early = phone.provisional(183).expect("183");
        handset.accept(&early.body);
        phone.listen(Duration::from_millis(600)).await;
        assert!(!phone.has_heard_status(200));
        let heard = handset.heard();
        assert!(is_tone(&heard[one_sound(&heard)], 600.0));
        let answer = phone.response("INVITE").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.body, early.body);
        phone.take_dialog(&answer);
        phone.send("ACK", &[], "");
        phone.hung_up().await;
        one_sound(&handset.heard());
        assert_eq!(world.host.open_ports.get(), 0);
        world.settle().await;
    });
}

#[test]
fn early_media_of_a_call_that_is_refused_then_leaves_nothing() {
    in_virtual_time(async {
        let world = world();
        let document = json!([
            {"verb": "say", "text": "We are closed", "earlyMedia": true},
            {"verb": "sip:decline", "status": 480},
        ]);
        world.begins_with(&document.to_string());
        let (phone, handset) = (world.phone(), world.handset());
        phone.send("INVITE", SDP, &handset.offer());
        let answer = phone.response("INVITE").await;
        assert_eq!(answer.status(), 480);
        phone.take_dialog(&answer);
        phone.send("ACK", &[], "");
        world.settle().await;
        assert_eq!(world.view()["answeredAt"], serde_json::Value::Null);
    });
}

#[test]
fn early_media_needs_an_offer_so_a_call_without_one_is_answered() {
    in_virtual_time(async {
        let world = world();
        let document = json!([{"verb": "say", "text": "Hello", "earlyMedia": true}]);
        world.begins_with(&document.to_string());
        let phone = world.phone();
        phone.send("INVITE", &[], "");
        let answer = phone.response("INVITE").await;
        assert_eq!(answer.status(), 200);
        phone.take_dialog(&answer);
        phone.send("ACK", SDP, &world.handset().offer());
        phone.hung_up().await;
        world.settle().await;
    });
}
