//! What records cost: a page of 50,000 calls, an owed request, and the processor time that all
//! records and the outbox take of one call.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench may panic")]

use std::collections::VecDeque;
use std::fs;
use std::time::{Duration, Instant, SystemTime};

use criterion::{Criterion, criterion_group, criterion_main};
use hookflash_store::{
    CallEnd, CallFilter, CallRow, CallState, Cursor, Direction, EndedBy, LegRow, Options, Order,
    Owed, Page, Scope, Span, Standing, Statuses, Store, TransferRow, WebhookAttempt, WebhooksRow,
    micros,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const CALLS: u64 = 50_000;
const SECOND: i64 = 1_000_000;

/// A number that looks random.
fn scramble(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

fn sid(number: u64) -> String {
    format!("CA{:016x}{:016x}", scramble(number), scramble(!number))
}

fn call(number: u64, created_at: i64) -> CallRow {
    CallRow {
        account: ACCOUNT.to_owned(),
        sid: sid(number),
        application: "AP00000000000000000000000000000001".to_owned(),
        parent: None,
        direction: Direction::Inbound,
        from: format!("+1555{:07}", scramble(number) % 5_000),
        to: format!("+1444{:07}", number % 20),
        from_uri: format!("sip:+1555{:07}@carrier.example", scramble(number) % 5_000),
        to_uri: format!("sip:+1444{:07}@voice.example.com", number % 20),
        from_name: "Caller".to_owned(),
        sip_call_id: format!("{:016x}@192.0.2.1", scramble(number)),
        trunk: Some("carrier".to_owned()),
        state: CallState::InProgress,
        end: None,
        created_at,
        started_at: Some(created_at),
        answered_at: Some(created_at + SECOND),
        ended_at: None,
        updated_at: created_at,
        details: Some(r#"{"statusCallback":"http://127.0.0.1:3000/status"}"#.to_owned()),
    }
}

fn ended(mut row: CallRow, number: u64, ended_at: i64) -> CallRow {
    let is_busy = number.is_multiple_of(100);
    row.state = CallState::Ended;
    row.ended_at = Some(ended_at);
    row.end = Some(CallEnd {
        by: EndedBy::Peer,
        answered: !is_busy,
        sip_status: if is_busy { 486 } else { 200 },
        sip_reason: "OK".to_owned(),
        cause: None,
        message: None,
    });
    row
}

fn leg(row: &CallRow) -> LegRow {
    LegRow {
        account: row.account.clone(),
        call: row.sid.clone(),
        id: "a".to_owned(),
        direction: row.direction,
        sip_call_id: row.sip_call_id.clone(),
        transport: "udp".to_owned(),
        local: "127.0.0.1:5060".to_owned(),
        remote: "127.0.0.1:5070".to_owned(),
        trunk: row.trunk.clone(),
        codec: Some("PCMU".to_owned()),
        sip_status: 200,
        started_at: row.created_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
    }
}

fn transfer(row: &CallRow) -> TransferRow {
    TransferRow {
        account: row.account.clone(),
        call: row.sid.clone(),
        id: format!("{}-transfer-1", row.sid),
        kind: "blind".to_owned(),
        target: "sip:alice@example.com".to_owned(),
        refer_status: Some(202),
        notify_statuses: vec![100, 180, 200],
        final_notify_status: Some(200),
        late_notify_statuses: Vec::new(),
        end: Some("final".to_owned()),
        outcome: Some("succeeded".to_owned()),
        ended_by: Some("notify".to_owned()),
        verdict: Some("The far end accepted the REFER (202) and reached the target.".to_owned()),
        started_at: row.created_at,
        ended_at: row.ended_at,
    }
}

fn webhooks(row: &CallRow) -> WebhooksRow {
    let attempt = |purpose: &str| WebhookAttempt {
        purpose: purpose.to_owned(),
        method: "POST".to_owned(),
        url: "http://127.0.0.1:3000/voice".to_owned(),
        status: Some(200),
        error: None,
        started_at: row.created_at,
        ended_at: row.ended_at,
    };
    WebhooksRow {
        account: row.account.clone(),
        call: row.sid.clone(),
        asked: 3,
        failed: 0,
        slowest: 2_000,
        requests: vec![attempt("first"), attempt("refer"), attempt("status")],
    }
}

fn owed(call: &str, now: i64) -> Owed {
    Owed {
        account: ACCOUNT.to_owned(),
        id: format!("{call}-completed"),
        call: call.to_owned(),
        place: 0,
        target: "http://127.0.0.1:3000/status".to_owned(),
        request: vec![b'x'; 900],
        owed_at: now,
        due_at: now,
        attempts: 0,
        last_error: None,
    }
}

fn now() -> i64 {
    micros(SystemTime::now())
}

async fn open(folder: &TempDir) -> Store {
    let path = folder.path().join("hookflash.db");
    Store::open(Options::new(format!("sqlite://{}", path.display())))
        .await
        .unwrap()
}

fn pages(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = TempDir::new().unwrap();
    let store = runtime.block_on(async {
        let store = open(&folder).await;
        for number in 0..CALLS {
            let created_at = i64::try_from(number).unwrap() * SECOND;
            let row = ended(call(number, created_at), number, created_at + 30 * SECOND);
            store.put_call(row);
            if number % 1_000 == 0 {
                store.flush().await.unwrap();
            }
        }
        store.flush().await.unwrap();
        store
    });
    assert_eq!(store.health().dropped, 0);
    let first = Page::first(50);
    let thousand = Page::first(1_000);
    let middle = Page {
        after: Some(Cursor {
            created_at: 25_000 * SECOND,
            sid: sid(25_000),
        }),
        ..Page::first(50)
    };
    let last = Page {
        offset: CALLS - 50,
        ..Page::first(50)
    };
    let oldest = Page {
        order: Order::OldestFirst,
        ..Page::first(1_000)
    };
    let all = CallFilter::default();
    let from = CallFilter {
        from: Some("+15550000007".to_owned()),
        ..CallFilter::default()
    };
    let to = CallFilter {
        to: Some("+14440000007".to_owned()),
        ..CallFilter::default()
    };
    let busy = CallFilter {
        standing: vec![Standing {
            states: vec![CallState::Ended],
            answered: Some(false),
            sip: Statuses::In(vec![486, 600, 603]),
            ..Standing::default()
        }],
        ..CallFilter::default()
    };
    let cause = CallFilter {
        standing: vec![Standing {
            cause: Some(Some("callback-error".to_owned())),
            ..Standing::default()
        }],
        ..CallFilter::default()
    };
    let ended_late = CallFilter {
        ended: Span {
            from: Some(50_100 * SECOND),
            before: None,
        },
        ..CallFilter::default()
    };
    let started = CallFilter {
        started: Span {
            from: Some(20_000 * SECOND),
            before: Some(20_020 * SECOND),
        },
        ..CallFilter::default()
    };
    let live = CallFilter {
        standing: vec![Standing {
            states: vec![CallState::InProgress],
            ..Standing::default()
        }],
        ..CallFilter::default()
    };
    let cases = [
        ("first 50", &all, &first),
        ("first 1,000", &all, &thousand),
        ("first 1,000, oldest first", &all, &oldest),
        ("50 from the middle by cursor", &all, &middle),
        ("last 50 by offset", &all, &last),
        ("50 by From", &from, &first),
        ("50 by To", &to, &first),
        ("50 busy", &busy, &first),
        ("50 live, of which there is none", &live, &first),
        ("50 by StartTime", &started, &first),
        ("50 by EndTime, of which there is none", &ended_late, &first),
        ("50 by cause, of which there is none", &cause, &first),
    ];
    let mut group = criterion.benchmark_group("page of 50,000 calls");
    group.sample_size(20);
    for (name, filter, page) in cases {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let calls = store.calls(Scope::Account(ACCOUNT), filter.clone(), page.clone());
                runtime.block_on(calls).unwrap().calls.len()
            });
        });
    }
    group.bench_function("one call by its identifier", |bencher| {
        let sid = sid(31_234);
        bencher.iter(|| {
            let call = store.call(Scope::Account(ACCOUNT), &sid);
            runtime
                .block_on(call)
                .unwrap()
                .expect("it is there")
                .updated_at
        });
    });
    group.finish();
    runtime.block_on(store.close());
}

fn owing(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = TempDir::new().unwrap();
    let store = runtime.block_on(open(&folder));
    let mut number = 0;
    let mut group = criterion.benchmark_group("outbox");
    group.sample_size(20);
    group.bench_function("owe one and strike it off, on disk", |bencher| {
        bencher.iter(|| {
            number += 1;
            let entry = owed(&sid(number), now());
            let id = entry.id.clone();
            runtime.block_on(store.owe(entry)).unwrap();
            store.delivered(ACCOUNT, &id);
        });
    });
    group.finish();
    runtime.block_on(store.close());
}

/// Processor time of all threads of this process.
fn processor_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let nanoseconds = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// So many calls each second, which last a tenth of one; with a store, or with what it takes to
/// make the rows alone.
async fn traffic(store: Option<&Store>, per_second: u64, seconds: u64) -> Duration {
    let begun = Instant::now();
    let before = processor_time();
    let mut live = VecDeque::new();
    let mut number = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        let due = begun.elapsed().as_millis() as u64 * per_second / 1_000;
        while number < due {
            number += 1;
            let row = call(number, now());
            if let Some(store) = store {
                store.put_call(row.clone());
            }
            live.push_back((Instant::now() + Duration::from_millis(100), number, row));
        }
        while live
            .front()
            .is_some_and(|(until, ..)| *until <= Instant::now())
        {
            let Some((_, number, row)) = live.pop_front() else {
                break;
            };
            let row = ended(row, number, now());
            let rows = (
                leg(&row),
                transfer(&row),
                webhooks(&row),
                owed(&row.sid, now()),
            );
            let Some(store) = store.cloned() else {
                std::hint::black_box((row, rows));
                continue;
            };
            let (leg, transfer, webhooks, entry) = rows;
            store.put_call(row);
            store.put_leg(leg);
            store.put_transfer(transfer);
            store.put_webhooks(webhooks);
            tokio::spawn(async move {
                let id = entry.id.clone();
                store.owe(entry).await.unwrap();
                store.delivered(ACCOUNT, &id);
            });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (processor_time() - before) / u32::try_from(number).unwrap().max(1)
}

fn records_of_a_call(_: &mut Criterion) {
    for per_second in [200, 1_000, 4_000] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = TempDir::new().unwrap();
        runtime.block_on(async {
            let store = open(&folder).await;
            let without = traffic(None, per_second, 3).await;
            let with = traffic(Some(&store), per_second, 10).await;
            let health = store.health();
            println!(
                "processor time of the records of one call at {per_second} calls a second: \
                 {:.1} µs ({with:?} with, {without:?} without), {} rows in {} transactions",
                (with.as_nanos() as f64 - without.as_nanos() as f64) / 1_000.0,
                health.written,
                health.transactions,
            );
            store.close().await;
        });
    }
}

criterion_group!(benches, pages, owing, records_of_a_call);
criterion_main!(benches);
