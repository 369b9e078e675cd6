//! A thousand calls at the same time, each typing a number of its own.

use std::time::Duration;

use hookflash_dialects::Dialect;

use crate::support::phone::Phone;
use crate::support::rtp::Handset;
use crate::support::world::{World, in_virtual_time};

const CALLS: usize = 1_000;

#[test]
fn gather_on_a_thousand_calls_loses_no_digit_and_leaves_nothing() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        world.begins_with(
            "<Response><Gather action=\"/done\" numDigits=\"6\" timeout=\"20\"/></Response>",
        );
        world.then("/done", "<Response><Hangup/></Response>");
        world.host.rtp.beats.set(false);
        let mut callers: Vec<(Phone, Handset)> = Vec::new();
        for _ in 0..CALLS {
            callers.push(world.caller().await);
        }
        world.host.rtp.start();
        for (number, (_, handset)) in callers.iter().enumerate() {
            let ten = Duration::from_millis(10);
            handset.press_fast(&format!("{:06}", number * 997), 5 * ten, 5 * ten);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        for (phone, _) in &callers {
            phone.hung_up().await;
        }
        let mut told: Vec<String> = world
            .application
            .asked_at("/done")
            .iter()
            .map(|asked| asked.field("Digits"))
            .collect();
        told.sort();
        let expected: Vec<String> = (0..CALLS).map(|n| format!("{:06}", n * 997)).collect();
        assert_eq!(told, expected);
        world.settle().await;
    });
}
