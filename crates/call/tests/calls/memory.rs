//! What a held call costs in memory: leg, task, record and journal.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use hookflash_dialects::{Application, Dialect};

use crate::support::documents::{V, answered};
use crate::support::rtp::tone;
use crate::support::world::{World, virtual_time};

const CALLS: u16 = 200;

/// Bytes. A held call is granted 8 KB without audio, of which allocators round up to a tenth away;
/// with it 24 KB, of which the server's own part and recordings, streams and other codecs may take
/// the half.
const SILENT: i64 = 7_600;
const WITH_PROMPT: i64 = 11_500;

#[test]
fn a_held_call_stays_within_its_memory() {
    // The other two have no verb that answers and does nothing else.
    for dialect in [Dialect::Bxml, Dialect::Jambonz] {
        let pause = answered(dialect, &[V::Pause(600)]);
        let per_call = bytes_per_call(dialect, &pause, false);
        assert!(
            per_call <= SILENT,
            "{dialect}: {per_call} bytes per held call"
        );
    }
}

#[test]
fn a_call_that_hears_a_prompt_stays_within_its_memory() {
    let prompt = "<Response><Gather timeout=\"60\"><Say loop=\"0\">Hold</Say></Gather></Response>";
    let per_call = bytes_per_call(Dialect::Twiml, prompt, true);
    assert!(
        per_call <= WITH_PROMPT,
        "{per_call} bytes per call with a prompt"
    );
}

/// What each of many calls costs that run this document. `beats`: time passes for its audio.
fn bytes_per_call(dialect: Dialect, document: &str, beats: bool) -> i64 {
    let (runtime, tasks) = virtual_time();
    let (world, phones) = tasks.block_on(&runtime, async {
        let world = World::new(dialect);
        world.host.rtp.beats.set(false);
        let second = Duration::from_secs(1);
        let services = &world.host.services;
        services.speech("Hold", tone(600.0, second), Duration::ZERO);
        world.change_options(|options| {
            // Voice Gateway events need the whole INVITE to the end; nothing else does.
            let application = Application::clone(&options.application);
            options.application = Arc::new(Application {
                events_url: None,
                status_callback: None,
                ..application
            });
        });
        world.begins_with(document);
        world.phone().call().await;
        let phones: Vec<_> = (0..CALLS).map(|_| world.phone()).collect();
        (world, phones)
    });
    let held = measure(|| {
        tasks.block_on(&runtime, async {
            for phone in &phones {
                assert_eq!(phone.call().await.status(), 200);
                phone.listen(Duration::from_millis(50)).await;
                phone.forget();
            }
            // The transactions of the INVITEs are over by then.
            tokio::time::sleep(Duration::from_secs(60)).await;
            if beats {
                world.host.rtp.start();
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
            world.application.forget();
            world.host.services.spoken.take();
        });
    });
    assert_eq!(world.desk.live(), usize::from(CALLS) + 1);
    let per_call = held.bytes_current / i64::from(CALLS);
    println!("{dialect}: {per_call} bytes per call");
    per_call
}
