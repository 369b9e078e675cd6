//! Callers that send no audio, and what is left of a call's audio in its records.

use std::time::Duration;

use hookflash_dialects::Dialect;
use serde_json::Value;

use crate::support::hearing::{assert_about, length, one_sound, sounds};
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_caller_that_never_sends_audio_is_noted_and_hung_up_only_where_the_operator_wants_it() {
    for hangs_up in [false, true] {
        in_virtual_time(async {
            let world = World::new(Dialect::Twiml);
            world.host.packet_timeout.set(Some(10 * SECOND));
            world.change_options(|options| options.hang_up_without_packets = hangs_up);
            world.begins_with(
                "<Response><Say>Hello</Say><Pause length=\"30\"/><Hangup/></Response>",
            );
            let phone = world.phone();
            phone.call().await;
            let began = tokio::time::Instant::now();
            phone.hung_up().await;
            world.settle().await;
            let lasted = began.elapsed();
            let trace = hookflash_call::view::trace(&world.record()).to_string();
            assert!(trace.contains("no audio comes from the caller"), "{trace}");
            let by = world.view()["endedBy"].clone();
            assert_eq!(by, if hangs_up { "server" } else { "document" });
            assert!(lasted > 10 * SECOND);
        });
    }
}

#[test]
fn a_call_that_is_over_shows_what_passed_through_its_audio() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let document = "<Response><Say>Hello</Say><Pause length=\"3\"/><Hangup/></Response>";
        let (phone, _handset) = world.caller_of(document).await;
        world.host.rtp.lose_every.set(10);
        assert_eq!(world.view()["legs"][0]["media"], Value::Null);
        phone.hung_up().await;
        world.settle().await;
        let media = &world.view()["legs"][0]["media"];
        let count = |name: &str| media[name].as_u64().unwrap();
        assert!((190..=210).contains(&count("packetsSent")), "{media}");
        assert!((150..=200).contains(&count("packetsReceived")), "{media}");
        assert!((10..=30).contains(&count("packetsLost")), "{media}");
    });
}

#[test]
fn nothing_plays_while_the_caller_is_referred() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let document = "<Response><Say>One moment</Say><Refer action=\"/done\">\
            <Sip>sip:bob@target.example</Sip></Refer></Response>";
        world.then("/done", "<Response><Say>Nobody there</Say></Response>");
        let (phone, handset) = world.caller_of(document).await;
        let refer = phone.request("REFER").await;
        phone.answer(&refer, 202, "Accepted", &[]);
        handset.forget();
        phone.listen(5 * SECOND).await;
        let heard = sounds(&handset.heard(), SECOND);
        assert!(heard.iter().all(|sound| sound.len() < 800), "{heard:?}");
        handset.forget();
        phone.notify(
            "refer",
            "terminated;reason=noresource",
            "SIP/2.0 486 Busy Here\r\n",
        );
        phone.hung_up().await;
        let heard = one_sound(&handset.heard());
        assert_about(length(&heard), SECOND);
        world.settle().await;
    });
}
