//! What a held call costs in memory: leg, task, record and journal.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use hookflash_dialects::{Application, Dialect};

use crate::support::application::Page;
use crate::support::documents::{V, answered};
use crate::support::world::{World, virtual_time};

const CALLS: u16 = 200;

/// Bytes. A held call is granted 24 KB, audio included; some of that is left to the server.
const BUDGET: i64 = 22 * 1024;

#[test]
fn a_held_call_stays_within_its_memory() {
    // The other two have no verb that answers and does nothing else.
    for dialect in [Dialect::Bxml, Dialect::Jambonz] {
        let (runtime, tasks) = virtual_time();
        let (world, phones) = tasks.block_on(&runtime, async {
            let world = World::new(dialect);
            world.host.rtp.beats.set(false);
            world.change_options(|options| {
                // Voice Gateway events need the whole INVITE to the end; nothing else does.
                let application = Application::clone(&options.application);
                options.application = Arc::new(Application {
                    events_url: None,
                    status_callback: None,
                    ..application
                });
            });
            let pause = answered(dialect, &[V::Pause(600)]);
            world.application.page("/start", Page::document(pause));
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
                world.application.forget();
            });
        });
        assert_eq!(world.desk.live(), usize::from(CALLS) + 1);
        let per_call = held.bytes_current / i64::from(CALLS);
        println!("{dialect}: {per_call} bytes per held call");
        assert!(
            per_call <= BUDGET,
            "{dialect}: {per_call} bytes per held call"
        );
    }
}
