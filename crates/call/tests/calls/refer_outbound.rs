//! Transfers of parties that we called.

use std::time::Duration;

use hookflash_dialects::{CallAction, Dialect};
use hookflash_program::Hook;

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::documents::{TARGET, V, document};
use crate::support::phone::{Phone, Read};
use crate::support::world::{World, in_virtual_time, way};

const OVER: &str = "terminated;reason=noresource";
const ACTIVE: &str = "active;expires=60";

/// Where transfers are allowed on legs that we called, also by BXML.
fn world(dialect: Dialect) -> World {
    let world = World::new(dialect);
    world.change_options(|options| options.transfer.any_direction = true);
    for path in ["/status", "/events", "/progress"] {
        world.application.page(path, Page::status(200));
    }
    world.then("/done", &document(dialect, &[V::Pause(1), V::Hangup]));
    world.begins_with(&document(dialect, &[V::Refer(TARGET, Some("/done"))]));
    world
}

async fn answered<'a>(world: &World, phone: &'a Phone) -> Callee<'a> {
    world.place(world.order(), &[&[phone]]);
    let callee = Callee::of(phone).await;
    callee.answers().await;
    callee
}

async fn accepted<'a>(world: &World, phone: &'a Phone) -> (Callee<'a>, Read) {
    let callee = answered(world, phone).await;
    let refer = phone.request("REFER").await;
    callee.respond_to(&refer, 202, "Accepted", &[], "");
    (callee, refer)
}

#[test]
fn the_called_party_is_transferred_with_its_true_outcome() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let phone = world.phone();
            let (callee, refer) = accepted(&world, &phone).await;
            assert_eq!(refer.header("Refer-To").unwrap(), format!("<{TARGET}>"));
            let by = refer.header("Referred-By").unwrap();
            let host = match dialect {
                // jambonz names the calling number at the host of the peer.
                Dialect::Jambonz => "127.0.0.1",
                _ => "voice.example",
            };
            let us = format!("\"Support\"<sip:+441632960011@{host}>");
            assert_eq!(by, us, "{dialect}");
            callee.notify(ACTIVE, "SIP/2.0 180 Ringing\r\n");
            callee.waits(Duration::from_secs(2)).await;
            assert!(world.application.asked_at("/done").is_empty());
            callee.notify(OVER, "SIP/2.0 486 Busy Here\r\n");
            phone.hung_up().await;
            world.settle().await;
            let done = world.asked_once("/done");
            let code = match dialect {
                Dialect::Twiml | Dialect::Cxml => done.field("NotifySipResponseCode"),
                Dialect::Bxml => done.field("notifySipResponseCode"),
                Dialect::Jambonz => done.field("final_referred_call_status"),
            };
            assert_eq!(code, "486", "{dialect}");
            assert_eq!(world.transfer()["outcome"], "failed");
        });
    }
}

#[test]
fn bxml_transfers_no_party_that_it_called_unless_the_operator_allows_it() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        world.change_options(|options| options.transfer.any_direction = false);
        let phone = world.phone();
        let _callee = answered(&world, &phone).await;
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(phone.count_heard("REFER"), 0);
        assert_eq!(
            world.asked_once("/done").field("referCallStatus"),
            "failure"
        );
        assert_eq!(world.transfer()["end"], "not_applicable");
    });
}

#[test]
fn a_bare_user_is_transferred_to_at_the_host_of_the_called_party() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        world.begins_with(&document(
            Dialect::Jambonz,
            &[V::Refer("1234", Some("/done"))],
        ));
        let phone = world.phone();
        let (callee, refer) = accepted(&world, &phone).await;
        assert_eq!(refer.header("Refer-To").unwrap(), "<sip:1234@127.0.0.1>");
        callee.notify(OVER, "SIP/2.0 200 OK\r\n");
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn a_challenge_of_the_refer_is_answered_with_the_credentials_of_the_way() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        let mut way = way("carrier", &phone);
        way.credentials = vec![hookflash_sip::Credentials {
            username: "trunk".to_owned(),
            password: "secret".to_owned(),
            realm: None,
        }];
        world.place_by(world.order(), vec![vec![way]]);
        let callee = Callee::of(&phone).await;
        callee.answers().await;
        let refer = phone.request("REFER").await;
        let challenge = "Digest realm=\"carrier\", nonce=\"n1\"";
        callee.respond_to(&refer, 401, "No", &[("WWW-Authenticate", challenge)], "");
        let refer = phone.request("REFER").await;
        let answer = refer.header("Authorization").unwrap();
        assert!(answer.contains("username=\"trunk\""), "{answer}");
        callee.respond_to(&refer, 202, "Accepted", &[], "");
        callee.notify(OVER, "SIP/2.0 200 OK\r\n");
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(world.transfer()["outcome"], "succeeded");
    });
}

#[test]
fn a_document_of_the_api_transfers_a_party_in_the_middle_of_a_call() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            world.begins_with(&document(dialect, &[V::Pause(600)]));
            let phone = world.phone();
            let callee = answered(&world, &phone).await;
            callee.waits(Duration::from_secs(1)).await;
            let refer = document(
                dialect,
                &[V::Refer(TARGET, Some("http://app.example/done"))],
            );
            world.tell(CallAction::Document(refer.into())).unwrap();
            let refer = phone.request("REFER").await;
            callee.respond_to(&refer, 202, "Accepted", &[], "");
            callee.notify(OVER, "SIP/2.0 200 OK\r\n");
            phone.hung_up().await;
            world.settle().await;
            world.asked_once("/done");
            assert_eq!(world.transfer()["outcome"], "succeeded", "{dialect}");
        });
    }
}

#[test]
fn a_redirect_supersedes_the_transfer_and_a_hang_up_cancels_it_with_its_callback() {
    for dialect in Dialect::ALL {
        for hang_up in [true, false] {
            in_virtual_time(async {
                let world = world(dialect);
                world.then("/other", &document(dialect, &[V::Pause(1), V::Hangup]));
                let phone = world.phone();
                let (callee, _) = accepted(&world, &phone).await;
                callee.notify(ACTIVE, "SIP/2.0 180 Ringing\r\n");
                callee.waits(Duration::from_millis(200)).await;
                world
                    .tell(match hang_up {
                        true => CallAction::Complete,
                        false => CallAction::Redirect(Hook::post("/other")),
                    })
                    .unwrap();
                phone.hung_up().await;
                world.settle().await;
                let (end, told) = match hang_up {
                    true => ("canceled", 1),
                    false => ("superseded", 0),
                };
                let transfer = world.transfer();
                assert!(
                    [&transfer["end"], &transfer["outcome"]]
                        .iter()
                        .any(|word| **word == end)
                );
                assert_eq!(world.application.asked_at("/done").len(), told, "{dialect}");
            });
        }
    }
}
