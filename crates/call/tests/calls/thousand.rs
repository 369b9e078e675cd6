//! c154: a thousand transfers at the same time over a network that loses datagrams.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_sip::{
    Endpoint, EndpointConfig, Event, Listener, NotifyState, OutgoingInvite, Transport,
};

use crate::support::application::Page;
use crate::support::documents::{TARGET, V, document};
use crate::support::net::{Net, Weather};
use crate::support::phone::OFFER;
use crate::support::world::{World, in_virtual_time};

const CALLS: usize = 1_000;

const WEATHER: Weather = Weather {
    lost: 10,
    doubled: 10,
    jitter: Duration::from_millis(20),
};

/// A far end on our own stack that follows every REFER it gets: half of the targets answer, the
/// others are busy.
struct FarEnd {
    net: Rc<Net>,
    address: SocketAddr,
    endpoint: Rc<RefCell<Endpoint>>,
}

impl FarEnd {
    fn new(net: &Rc<Net>) -> FarEnd {
        let address: SocketAddr = ([127, 0, 0, 1], 5090).into();
        let listener = Listener {
            transport: Transport::Udp,
            local: address,
            advertise: String::new(),
        };
        let config = EndpointConfig {
            listeners: vec![listener],
            accept_refer: true,
            ..EndpointConfig::default()
        };
        let endpoint = Rc::new(RefCell::new(Endpoint::new(config, 99)));
        let referred = Rc::new(Cell::new(0_u32));
        let followed = Rc::downgrade(net);
        net.add_agent(
            address,
            Rc::clone(&endpoint),
            Rc::new(move |leg, event| {
                let Event::Refer(id, _) = event else { return };
                let net = followed.upgrade().expect("the network");
                referred.set(referred.get() + 1);
                let busy = referred.get().is_multiple_of(2);
                tokio::task::spawn_local(async move {
                    let report = |status: u16, last| {
                        let state = NotifyState {
                            status,
                            reason: String::new(),
                            last,
                        };
                        // The call may be over by now.
                        let _ = net.with(address, |e, now| e.notify(now, leg, id, state));
                    };
                    let _ = net.with(address, |e, now| e.accept_refer(now, leg, id, 202));
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    report(180, false);
                    tokio::time::sleep(Duration::from_secs(4)).await;
                    report(if busy { 486 } else { 200 }, true);
                });
            }),
        );
        FarEnd {
            net: Rc::clone(net),
            address,
            endpoint,
        }
    }

    fn call(&self, number: usize, server: SocketAddr) {
        let invite = OutgoingInvite {
            uri: format!("sip:support@{server}"),
            from: format!("<sip:caller{number}@far.example>"),
            to: format!("<sip:support@{server}>"),
            body: Some(OFFER.into()),
            ..OutgoingInvite::default()
        };
        self.net
            .with(self.address, |endpoint, now| endpoint.invite(now, invite))
            .expect("a leg");
    }
}

#[test]
fn c154_a_thousand_transfers_with_loss_give_a_thousand_results_and_leave_nothing() {
    in_virtual_time(async {
        let world = World::in_weather(Dialect::Bxml, WEATHER);
        world.host.rtp.beats.set(false);
        let refer = document(Dialect::Bxml, &[V::Refer(TARGET, Some("/done"))]);
        world.application.page("/start", Page::document(refer));
        let hangup = document(Dialect::Bxml, &[V::Hangup]);
        world.application.page("/done", Page::document(hangup));
        world.application.page("/status", Page::status(200));
        let far_end = FarEnd::new(&world.net);
        for number in 0..CALLS {
            far_end.call(number, world.server);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.settle().await;
        let census = far_end.endpoint.borrow().census();
        assert_eq!(census, Default::default(), "the far end's census");

        let told = world.application.asked_at("/done");
        let mut calls: Vec<String> = told.iter().map(|asked| asked.field("callId")).collect();
        calls.sort();
        calls.dedup();
        assert_eq!(
            (told.len(), calls.len()),
            (CALLS, CALLS),
            "each told exactly once"
        );
        let succeeded = told
            .iter()
            .filter(|t| t.field("referCallStatus") == "success")
            .count();
        let failed = told
            .iter()
            .filter(|t| t.field("referCallStatus") == "failure")
            .count();
        assert_eq!((succeeded, failed), (CALLS / 2, CALLS / 2));
        assert_eq!(world.application.asked_at("/status").len(), CALLS);
        let counters = &world.ledger.counters;
        assert_eq!(
            counters.transfers_started.load(Ordering::Relaxed),
            CALLS as u64
        );
        let succeeded: u64 = counters
            .transfers_ended()
            .into_iter()
            .filter(|((_, outcome), _)| outcome.as_str() == "succeeded")
            .map(|(_, count)| count)
            .sum();
        assert_eq!(succeeded, CALLS as u64 / 2);
        assert_eq!(counters.events_dropped.load(Ordering::Relaxed), 0);
    });
}
