//! Collecting keys: while prompts are heard and after, with every rule on when it ends.

use std::time::Duration;

use hookflash_dialects::Dialect;

use crate::support::hearing::{assert_about, largest_step, samples, sounds};
use crate::support::rtp::tone;
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn xml(verbs: &str) -> String {
    format!("<Response>{verbs}</Response>")
}

/// A world whose applications hang up when they were told what was gathered.
fn world(dialect: Dialect) -> World {
    let world = World::new(dialect);
    world.then("/done", &xml("<Hangup/>"));
    world
}

/// A gather in a dialect of XML: its attributes for a limit, a finish key and a prompt.
fn gather(dialect: Dialect, most: u32, finish: &str, prompt: &str) -> String {
    xml(&match dialect {
        Dialect::Bxml => format!(
            "<Gather gatherUrl=\"/done\" maxDigits=\"{most}\" terminatingDigits=\"{finish}\">\
             <SpeakSentence>{prompt}</SpeakSentence></Gather>"
        ),
        _ => format!(
            "<Gather action=\"/done\" numDigits=\"{most}\" finishOnKey=\"{finish}\">\
             <Say>{prompt}</Say></Gather>"
        ),
    })
}

fn digits(world: &World) -> String {
    let asked = world.asked_once("/done");
    match asked.field("Digits").as_str() {
        "-" => asked.field("digits"),
        digits => digits.to_owned(),
    }
}

#[test]
fn what_the_caller_typed_is_in_no_view_of_the_call() {
    for method in ["GET", "POST"] {
        in_virtual_time(async {
            let world = World::new(Dialect::Twiml);
            let broken = "<Response><Oops/></Response>";
            world.then("/done", broken);
            world.then("/fallback", &xml("<Hangup/>"));
            let document = xml(&format!(
                "<Gather action=\"/done\" method=\"{method}\" numDigits=\"8\"/>"
            ));
            let (phone, handset) = world.caller_of(&document).await;
            phone.listen(SECOND).await;
            handset.press("41129653");
            phone.hung_up().await;
            assert_eq!(world.asked_once("/done").field("Digits"), "41129653");
            world.settle().await;
            let record = world.record();
            let trace = hookflash_call::view::trace(&record).to_string();
            let shown = format!("{}{trace}{}", world.view(), hookflash_call::ladder(&record));
            assert!(!shown.contains("41129653"), "{method}: {shown}");
        });
    }
}

const XML: [Dialect; 3] = [Dialect::Twiml, Dialect::Cxml, Dialect::Bxml];

#[test]
fn gather_collects_keys_up_to_the_finish_key() {
    for dialect in XML {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, handset) = world.caller_of(&gather(dialect, 20, "#", "Number?")).await;
            phone.listen(2 * SECOND).await;
            handset.press("0447*9#");
            phone.hung_up().await;
            assert_eq!(digits(&world), "0447*9", "{dialect}");
            if dialect == Dialect::Bxml {
                assert_eq!(world.asked_once("/done").field("terminatingDigit"), "#");
            }
            world.settle().await;
        });
    }
}

#[test]
fn gather_is_complete_with_the_last_key_that_it_takes() {
    for dialect in XML {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, handset) = world.caller_of(&gather(dialect, 3, "#", "Number?")).await;
            phone.listen(2 * SECOND).await;
            handset.press("123456");
            phone.hung_up().await;
            assert_eq!(digits(&world), "123", "{dialect}");
            world.settle().await;
        });
    }
}

#[test]
fn gather_loses_no_key_of_the_fastest_typist() {
    for dialect in XML {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, handset) = world.caller_of(&gather(dialect, 40, "#", "Number?")).await;
            phone.listen(100 * MS).await;
            let typed = "11222333440000999900";
            handset.press_fast(&format!("{typed}#"), 40 * MS, 40 * MS);
            phone.hung_up().await;
            assert_eq!(digits(&world), typed, "{dialect}");
            world.settle().await;
        });
    }
}

#[test]
fn gather_loses_no_key_when_one_packet_in_five_is_lost() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let document = gather(Dialect::Twiml, 40, "#", "Number?");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(100 * MS).await;
        world.host.rtp.lose_every.set(5);
        handset.press("1122334455667788#");
        phone.hung_up().await;
        assert_eq!(digits(&world), "1122334455667788");
        world.settle().await;
    });
}

#[test]
fn gather_fades_its_prompt_out_at_the_first_key() {
    for dialect in XML {
        in_virtual_time(async {
            let world = world(dialect);
            let long = tone(600.0, 20 * SECOND);
            world.host.services.speech("Number?", long, 5 * MS);
            let (phone, handset) = world.caller_of(&gather(dialect, 2, "#", "Number?")).await;
            phone.listen(3_007 * MS).await;
            let before = handset.heard().len();
            handset.press("1");
            phone.listen(SECOND).await;
            let heard = handset.heard();
            let said = sounds(&heard, 20 * MS);
            assert_eq!(said.len(), 1, "{dialect}: {said:?}");
            let after = said[0].end.saturating_sub(before);
            // The key goes out, two frames and what the handset buffers come back.
            assert!(after < samples(160 * MS), "{dialect}: {after} samples more");
            let own = largest_step(&heard[said[0].start + 800..before - 800]);
            let then = largest_step(&heard[before - 800..]);
            assert!(
                then <= own + own / 10,
                "{dialect}: a click, {then} after {own}"
            );
            handset.press("2");
            phone.hung_up().await;
            assert_eq!(digits(&world), "12", "{dialect}");
            world.settle().await;
        });
    }
}

#[test]
fn gather_without_input_goes_on_when_its_time_is_up_to_the_tenth_of_a_second() {
    for (attribute, seconds) in [
        ("", 5_000),
        (" timeout=\"2\"", 2_000),
        (" timeout=\"9\"", 9_000),
    ] {
        in_virtual_time(async {
            let world = world(Dialect::Twiml);
            world
                .host
                .services
                .speech("Number?", tone(600.0, 1_500 * MS), 5 * MS);
            let document = xml(&format!(
                "<Gather action=\"/done\"{attribute}><Say>Number?</Say></Gather>\
                 <Redirect>/none</Redirect>"
            ));
            world.then("/none", &xml("<Hangup/>"));
            let (phone, _handset) = world.caller_of(&document).await;
            let answered = tokio::time::Instant::now().into_std();
            phone.hung_up().await;
            let asked = world.asked_once("/none").at;
            assert_about(asked - answered, 1_500 * MS + seconds * MS);
            assert!(world.application.asked_at("/done").is_empty());
            world.settle().await;
        });
    }
}

#[test]
fn gather_without_input_asks_where_the_document_wants_that() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let document = xml("<Gather action=\"/done\" actionOnEmptyResult=\"true\" timeout=\"1\"/>");
        let (phone, _handset) = world.caller_of(&document).await;
        phone.hung_up().await;
        assert_eq!(digits(&world), "");
        world.settle().await;
    });
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let document = xml("<Gather gatherUrl=\"/done\" firstDigitTimeout=\"1\"/>");
        let (phone, _handset) = world.caller_of(&document).await;
        phone.hung_up().await;
        let asked = world.asked_once("/done");
        assert_eq!(
            (asked.field("digits"), asked.field("terminatingDigit")),
            ("".into(), "".into())
        );
        world.settle().await;
    });
}

#[test]
fn gather_waits_for_each_further_key_as_long_as_the_document_says() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let document =
            xml("<Gather gatherUrl=\"/done\" firstDigitTimeout=\"8\" interDigitTimeout=\"3\"/>");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(6 * SECOND).await;
        handset.press("1");
        phone.listen(2_500 * MS).await;
        handset.press("2");
        let pressed = tokio::time::Instant::now().into_std();
        phone.hung_up().await;
        let asked = world.asked_once("/done");
        assert_eq!(asked.field("digits"), "12");
        assert_about(asked.at - pressed, 3 * SECOND);
        world.settle().await;
    });
}

#[test]
fn gather_repeats_prompt_and_wait_until_somebody_answers() {
    for keys in ["", "7#"] {
        in_virtual_time(async {
            let world = world(Dialect::Bxml);
            let document = xml(
                "<Gather gatherUrl=\"/done\" repeatCount=\"3\" firstDigitTimeout=\"2\" \
                 terminatingDigits=\"#\"><SpeakSentence>Number?</SpeakSentence></Gather>",
            );
            let (phone, handset) = world.caller_of(&document).await;
            if !keys.is_empty() {
                phone.listen(5 * SECOND).await;
                handset.press(keys);
            }
            phone.hung_up().await;
            let said = sounds(&handset.heard(), SECOND).len();
            match keys {
                "" => assert_eq!((digits(&world).as_str(), said), ("", 3)),
                _ => assert_eq!((digits(&world).as_str(), said), ("7", 2)),
            }
            world.settle().await;
        });
    }
}

#[test]
fn gather_does_not_count_what_was_typed_before_it_began() {
    for dialect in XML {
        in_virtual_time(async {
            let world = world(dialect);
            let pause = match dialect {
                Dialect::Bxml => "<Pause duration=\"2\"/>",
                _ => "<Say>Wait</Say><Pause length=\"1\"/>",
            };
            let document = gather(dialect, 2, "#", "Number?");
            let document = document.replace("<Gather", &format!("{pause}<Gather"));
            let document = match dialect {
                Dialect::Bxml => {
                    document.replace("<Pause", "<SpeakSentence>Hi</SpeakSentence><Pause")
                }
                _ => document,
            };
            let (phone, handset) = world.caller_of(&document).await;
            phone.listen(SECOND).await;
            handset.press("99");
            phone.listen(3 * SECOND).await;
            handset.press("12");
            phone.hung_up().await;
            assert_eq!(digits(&world), "12", "{dialect}");
            world.settle().await;
        });
    }
}

#[test]
fn gather_leaves_nothing_behind_when_the_caller_hangs_up() {
    for dialect in XML {
        for patience in [300 * MS, 1_500 * MS] {
            in_virtual_time(async {
                let world = world(dialect);
                let (phone, handset) = world.caller_of(&gather(dialect, 9, "#", "Number?")).await;
                phone.listen(patience).await;
                handset.press("12");
                phone.listen(500 * MS).await;
                phone.send("BYE", &[], "");
                world.settle().await;
                assert!(world.application.asked_at("/done").is_empty());
            });
        }
    }
}

#[test]
fn gather_gives_way_to_a_document_of_the_api() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world
            .host
            .services
            .speech("Number?", tone(600.0, 20 * SECOND), 5 * MS);
        world.then(
            "/other",
            &xml("<Gather numDigits=\"1\" action=\"/second\"/>"),
        );
        world.then("/second", &xml("<Hangup/>"));
        let document = gather(Dialect::Twiml, 9, "#", "Number?");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(SECOND).await;
        world.redirect("/other");
        phone.listen(SECOND).await;
        let quiet_from = handset.heard().len() - samples(700 * MS);
        assert!(sounds(&handset.heard()[quiet_from..], 20 * MS).is_empty());
        handset.press("5");
        phone.hung_up().await;
        assert_eq!(world.asked_once("/second").field("Digits"), "5");
        assert!(world.application.asked_at("/done").is_empty());
        world.settle().await;
    });
}

#[test]
fn gather_and_the_prompt_before_it_sound_as_one() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let services = &world.host.services;
        services.speech("Welcome.", tone(600.0, 700 * MS), 5 * MS);
        services.speech("Number?", tone(900.0, 700 * MS), 600 * MS);
        let document = xml("<Say>Welcome.</Say><Gather timeout=\"1\"><Say>Number?</Say></Gather>");
        let (phone, handset) = world.caller_of(&document).await;
        phone.hung_up().await;
        let said = sounds(&handset.heard(), 20 * MS);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(services.spoken.borrow().len(), 2);
        world.settle().await;
    });
}

#[test]
fn gather_whose_reply_cannot_be_had_asks_the_fallback() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.then("/fallback", &xml("<Hangup/>"));
        let document = xml("<Gather action=\"/nowhere\" numDigits=\"1\"/>");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(SECOND).await;
        handset.press("5");
        phone.hung_up().await;
        assert_eq!(world.application.asked_at("/fallback").len(), 1);
        world.settle().await;
    });
}
