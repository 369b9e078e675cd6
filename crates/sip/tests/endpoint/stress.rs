//! Many calls over a bad network: every leg ends, every transfer has its answer, nothing is left.

use std::collections::HashMap;
use std::time::Duration;

use hookflash_sip::{Event, LegId, NotifyState, OutgoingRefer, ReferId};

use crate::pair::{Faults, Pair, sdp};
use crate::raw::seconds;

/// What both sides' applications know. A calls and transfers, B answers and follows.
#[derive(Default)]
struct Desk {
    refers: HashMap<(LegId, ReferId), u32>,
    last_notify: HashMap<LegId, String>,
    ended: HashMap<LegId, u32>,
    incoming: u32,
}

fn serve_a(pair: &mut Pair, desk: &mut Desk) {
    while let Some((leg, event)) = pair.a.events.pop_front() {
        let now = pair.now;
        match event {
            Event::Answered(_) => {
                let refer = OutgoingRefer {
                    refer_to: "<sip:t@example.com>".to_owned(),
                    ..OutgoingRefer::default()
                };
                if let Ok(id) = pair.a.endpoint.refer(now, leg, refer) {
                    desk.refers.insert((leg, id), 0);
                }
            }
            Event::ReferAnswer(id, answer) => {
                *desk.refers.get_mut(&(leg, id)).expect("asked before") += 1;
                if answer.code >= 300 {
                    // The call may be over already: then there is nothing to hang up.
                    let _ = pair.a.endpoint.hang_up(now, leg, &[]);
                }
            }
            Event::Notify(id, news) => {
                let body = String::from_utf8(news.body.to_vec()).unwrap();
                let is_final = body.starts_with("SIP/2.0 200");
                desk.last_notify.insert(leg, body);
                if is_final {
                    pair.a.endpoint.forget_refer(now, leg, id);
                    let _ = pair.a.endpoint.hang_up(now, leg, &[]);
                }
            }
            Event::Reoffer(_) => {
                let _ = pair.a.endpoint.answer_offer(now, leg, Ok(sdp()));
            }
            Event::Ended(_) => *desk.ended.entry(leg).or_default() += 1,
            Event::Released => assert_eq!(desk.ended.get(&leg), Some(&1), "ended, then released"),
            _ => {}
        }
    }
}

fn serve_b(pair: &mut Pair, desk: &mut Desk) {
    while let Some((leg, event)) = pair.b.events.pop_front() {
        let now = pair.now;
        match event {
            Event::Incoming { .. } => {
                desk.incoming += 1;
                let _ = pair.b.endpoint.progress(now, leg, 180, &[], None);
                let _ = pair.b.endpoint.answer(now, leg, &[], sdp());
            }
            Event::Confirmed { .. } if pair.draw(4) == 0 => {
                let _ = pair.b.endpoint.offer(now, leg, sdp());
            }
            Event::Refer(id, _) => {
                pair.b.endpoint.accept_refer(now, leg, id, 202).unwrap();
                let state = |status, last| NotifyState {
                    status,
                    reason: String::new(),
                    last,
                };
                pair.b
                    .endpoint
                    .notify(now, leg, id, state(180, false))
                    .unwrap();
                pair.b
                    .endpoint
                    .notify(now, leg, id, state(200, true))
                    .unwrap();
                if pair.draw(8) == 0 {
                    let _ = pair.b.endpoint.hang_up(now, leg, &[]);
                }
            }
            Event::Ended(_) => *desk.ended.entry(leg).or_default() += 1,
            _ => {}
        }
    }
}

fn run(seed: u64, calls: u32, faults: Faults) -> Desk {
    let mut pair = Pair::new(seed);
    pair.faults = faults;
    let mut desk = Desk::default();
    let legs: Vec<LegId> = (0..calls).map(|_| pair.invite(|_| {})).collect();
    let end = pair.now + seconds(900);
    while pair.now < end {
        serve_a(&mut pair, &mut desk);
        serve_b(&mut pair, &mut desk);
        if !pair.step() {
            break;
        }
    }
    // Whoever is still there is hung up: a peer may have lost its end of a call.
    for leg in legs {
        let _ = pair.a.endpoint.hang_up(pair.now, leg, &[]);
    }
    while pair.step() {
        serve_a(&mut pair, &mut desk);
        serve_b(&mut pair, &mut desk);
    }
    serve_a(&mut pair, &mut desk);
    pair.expect_nothing_left();
    assert!(
        desk.ended.values().all(|count| *count == 1),
        "each leg ends once (seed {seed})"
    );
    assert!(
        desk.refers.values().all(|count| *count == 1),
        "each REFER has one answer"
    );
    desk
}

#[test]
fn c154_a_thousand_transfers_with_one_percent_loss_have_a_thousand_results() {
    let faults = Faults {
        loss: 1,
        duplication: 1,
        delay: 10,
        jitter: 20,
        ..Faults::default()
    };
    let desk = run(7, 1000, faults);
    assert_eq!(desk.incoming, 1000);
    assert_eq!(desk.refers.len(), 1000);
    let mut outcomes: HashMap<String, u32> = HashMap::new();
    for body in desk.last_notify.values() {
        *outcomes.entry(body.clone()).or_default() += 1;
    }
    assert!(
        outcomes.get("SIP/2.0 200 OK\r\n") >= Some(&990),
        "{outcomes:?}"
    );
}

#[test]
fn whatever_the_network_does_every_leg_ends_and_nothing_is_left() {
    for seed in 0..60 {
        let faults = Faults {
            loss: seed % 6 * 8,
            duplication: seed % 4 * 10,
            delay: 5 + seed % 5 * 200,
            jitter: seed % 7 * 300,
            partitioned: false,
        };
        run(seed, 12, faults);
    }
}

#[test]
fn a_network_that_breaks_in_the_middle_of_calls_leaves_nothing_behind() {
    for moment in [0, 5, 15, 25, 35, 45, 60, 100] {
        let mut pair = Pair::new(moment);
        let mut desk = Desk::default();
        let legs: Vec<LegId> = (0..10).map(|_| pair.invite(|_| {})).collect();
        let start = pair.now;
        while pair.now < start + Duration::from_millis(moment) && pair.step() {
            serve_a(&mut pair, &mut desk);
            serve_b(&mut pair, &mut desk);
        }
        pair.faults.partitioned = true;
        for _ in 0..3 {
            while pair.step() {
                serve_a(&mut pair, &mut desk);
                serve_b(&mut pair, &mut desk);
            }
            for leg in &legs {
                let _ = pair.a.endpoint.hang_up(pair.now, *leg, &[]);
            }
        }
        // B would wait for its session timer, if it had one.
        let alive: Vec<LegId> = desk
            .ended
            .keys()
            .filter(|leg| pair.b.endpoint.is_alive(**leg))
            .copied()
            .collect();
        assert!(alive.is_empty());
        assert_eq!(
            pair.a.endpoint.census(),
            hookflash_sip::Census::default(),
            "{moment} ms"
        );
    }
}

#[test]
fn garbled_messages_break_nothing() {
    let mut raw = crate::raw::Raw::new();
    let leg = raw.call();
    let refer = OutgoingRefer {
        refer_to: "<sip:t@h>".to_owned(),
        ..OutgoingRefer::default()
    };
    raw.endpoint.refer(raw.now, leg, refer).unwrap();
    let hookflash_sip::Message::Request(refer) = raw.next_sent().message else {
        panic!()
    };
    let via = refer.headers().get("Via").unwrap();
    let in_dialog = |method: &str, extra: &str| {
        format!(
            "{method} sip:10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKq;rport\r\n\
             From: <sip:peer@10.0.0.9>;tag=far\r\nTo: <sip:us@10.0.0.1>;tag={}\r\n\
             Call-ID: call\r\nCSeq: 77 {method}\r\nContact: <sip:peer@10.0.0.9>\r\n\
             Max-Forwards: 70\r\n{extra}\r\n{}",
            raw.tag,
            crate::raw::SDP,
        )
    };
    let seeds = [
        in_dialog(
            "INVITE",
            "Content-Type: application/sdp\r\nSession-Expires: 90\r\n",
        ),
        in_dialog("UPDATE", "Supported: timer\r\nRecord-Route: <sip:p;lr>\r\n"),
        in_dialog(
            "NOTIFY",
            "Event: refer;id=1\r\nSubscription-State: active;expires=5\r\n",
        ),
        in_dialog("PRACK", "RAck: 1 1 INVITE\r\n"),
        in_dialog("REFER", "Refer-To: <sip:a@b?X=1>\r\nRefer-Sub: false\r\n"),
        in_dialog("ACK", ""),
        in_dialog("CANCEL", "Reason: SIP;cause=200\r\n"),
        format!(
            "SIP/2.0 401 No\r\nVia: {via}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: call\r\nCSeq: {}\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\nRetry-After: 3\r\n\r\n",
            refer.headers().get("From").unwrap(),
            refer.headers().get("To").unwrap(),
            refer.headers().get("CSeq").unwrap(),
        ),
    ];
    let mut random = 0x1234_5678_9abc_def1_u64;
    let mut draw = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    for round in 0..20_000 {
        let mut bytes = seeds[round % seeds.len()].clone().into_bytes();
        for _ in 0..1 + draw(4) {
            let at = draw(bytes.len());
            match draw(4) {
                0 => bytes[at] = u8::try_from(draw(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b";:,<>\"@\r\n =0"[draw(12)]),
                _ => {
                    let end = (at + draw(40)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    let to = draw(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
        }
        raw.receive_bytes(&bytes);
        while let Some((leg, event)) = raw.events.pop_front() {
            if let Event::Incoming { .. } = event {
                raw.endpoint.reject(raw.now, leg, 486, None, &[]).unwrap();
            }
        }
        if round % 50 == 0 {
            raw.wait(seconds(1));
            raw.sent.clear();
        }
    }
    // Whatever has become of the calls, they can be ended, and then nothing is left.
    let _ = raw.endpoint.hang_up(raw.now, leg, &[]);
    raw.wait(seconds(100));
    raw.expect_nothing_left();
}
