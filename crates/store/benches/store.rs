//! What records cost: a page of 50,000 calls, an owed request, and the processor time that all
//! records and the outbox take of one call.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench may panic")]

use std::collections::VecDeque;
use std::fs;
use std::time::{Duration, Instant, SystemTime};

use criterion::{Criterion, criterion_group, criterion_main};
use hookflash_store::{
    CallEnd, CallFilter, CallRow, CallState, Cursor, Direction, EndedBy, LegRow, Options, Order,
    Owed, Page, Scope, Span, Standing, Statuses, Store, TransferRow, WebhookRow, micros,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const CALLS: u64 = 50_000;
const SECOND: i64 = 1_000_000;
/// As much as it takes to tell of the end of a call that died.
const DETAILS: &str = r#"{"from":["sip:+15550100@carrier.example","+15550100","carrier.example","Caller"],"to":["sip:+14440001@voice.example.com","+14440001","voice.example.com",""],"sipCallId":"a84b4c76e66710@192.0.2.1","trunk":"carrier","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","base":"http://127.0.0.1:3000/voice","statusCallback":"http://127.0.0.1:3000/status"}"#;

/// A number that looks random.
fn scramble(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

/// As the server makes them: the time, then bits that look random.
fn sid(number: u64, created_at: i64) -> String {
    let random = scramble(number);
    format!(
        "CA{:012x}{:04x}{random:016x}",
        created_at / 1_000,
        random >> 48
    )
}

fn call(number: u64, created_at: i64) -> CallRow<'static> {
    CallRow {
        account: ACCOUNT.into(),
        sid: sid(number, created_at).into(),
        application: "AP00000000000000000000000000000001".into(),
        parent: None,
        direction: Direction::Inbound,
        from: format!("+1555{:07}", scramble(number) % 5_000).into(),
        to: format!("+1444{:07}", number % 20).into(),
        state: CallState::Trying,
        end: None,
        created_at,
        started_at: Some(created_at),
        answered_at: None,
        ended_at: None,
        legs: Vec::new(),
        transfers: Vec::new(),
        webhooks: Vec::new(),
        details: Some(DETAILS.into()),
    }
}

fn ended(mut row: CallRow<'static>, number: u64, ended_at: i64) -> CallRow<'static> {
    let is_busy = number.is_multiple_of(100);
    row.state = CallState::Ended;
    row.answered_at = Some(row.created_at + 20_000);
    row.legs = vec![leg(&row)];
    row.transfers = vec![transfer(&row)];
    row.webhooks = webhooks(&row);
    row.ended_at = Some(ended_at);
    row.end = Some(CallEnd {
        by: EndedBy::Peer,
        answered: !is_busy,
        sip_status: if is_busy { 486 } else { 200 },
        sip_reason: "OK".into(),
        cause: None,
        message: None,
    });
    row
}

fn leg(row: &CallRow<'_>) -> LegRow<'static> {
    LegRow {
        id: "a".into(),
        direction: row.direction,
        sip_call_id: format!("{:016x}@192.0.2.1", row.created_at).into(),
        uri: None,
        transport: Some("udp".into()),
        local: Some("127.0.0.1:5060".into()),
        remote: Some("127.0.0.1:5070".into()),
        trunk: Some("carrier".into()),
        codec: Some("PCMU".into()),
        sip_status: 200,
        started_at: row.created_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
    }
}

fn transfer(row: &CallRow<'_>) -> TransferRow<'static> {
    TransferRow {
        id: format!("{}-transfer-1", row.sid).into(),
        kind: "blind".into(),
        target: "sip:alice@example.com".into(),
        refer_status: Some(202),
        notify_statuses: vec![100, 180, 200].into(),
        final_notify_status: Some(200),
        late_notify_statuses: Vec::new().into(),
        end: Some("final".into()),
        outcome: Some("succeeded".into()),
        ended_by: Some("notify".into()),
        verdict: Some("The far end accepted the REFER (202) and reached the target.".into()),
        started_at: row.created_at,
        ended_at: row.ended_at,
    }
}

fn webhooks(row: &CallRow<'_>) -> Vec<WebhookRow<'static>> {
    let attempt = |purpose: &'static str| WebhookRow {
        purpose: Some(purpose.into()),
        method: Some("POST".into()),
        url: "http://127.0.0.1:3000/voice".into(),
        status: Some(200),
        error: None,
        started_at: row.created_at,
        ended_at: row.ended_at,
    };
    vec![attempt("first"), attempt("refer"), attempt("status")]
}

fn owed(call: &str, now: i64) -> Owed {
    Owed {
        account: ACCOUNT.to_owned(),
        call: call.to_owned(),
        place: 0,
        target: "http://127.0.0.1:3000/status".to_owned(),
        request: br#"{"status":3}"#.to_vec(),
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
            sid: sid(25_000, 25_000 * SECOND),
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
        let sid = sid(31_234, 31_234 * SECOND);
        bencher.iter(|| {
            let call = store.call(Scope::Account(ACCOUNT), &sid);
            runtime
                .block_on(call)
                .unwrap()
                .expect("it is there")
                .created_at
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
            let call = sid(number, now());
            runtime
                .block_on(store.owe(owed(&call, now()), None))
                .unwrap();
            store.delivered(ACCOUNT, &call, 0);
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

/// What is kept of a call, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// Nothing: what it takes to make the rows alone.
    Nothing,
    /// Its row, once it is over.
    Record,
    /// Its row before it begins, its row and its final callback once it is over, that the callback
    /// was delivered, and its row with what is known of that.
    Owed,
}

/// So many calls each second, which last a tenth of one.
async fn traffic(store: &Store, kept: Kept, per_second: u64, seconds: u64) -> Duration {
    let begun = Instant::now();
    let before = processor_time();
    let mut live = VecDeque::new();
    let mut number = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        let due = begun.elapsed().as_millis() as u64 * per_second / 1_000;
        while number < due {
            number += 1;
            let row = call(number, now());
            let first = row.clone();
            if kept == Kept::Owed {
                let written = store.put_call_surely(first, Duration::from_millis(20));
                tokio::spawn(async move { written.await.unwrap() });
            } else {
                std::hint::black_box(first);
                tokio::spawn(async {});
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
            let entry = owed(&row.sid, now());
            match kept {
                Kept::Nothing => drop(std::hint::black_box((row, entry))),
                Kept::Record => store.put_call(std::hint::black_box(row)),
                Kept::Owed => {
                    let again = row.clone();
                    let store = store.clone();
                    tokio::spawn(async move {
                        let call = entry.call.clone();
                        store.owe(entry, Some(row)).await.unwrap();
                        store.delivered(ACCOUNT, &call, 0);
                        store.put_call(again);
                    });
                }
            }
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
            let without = traffic(&store, Kept::Nothing, per_second, 3).await;
            for kept in [Kept::Record, Kept::Owed] {
                let before = store.health();
                let with = traffic(&store, kept, per_second, 8).await;
                let health = store.health();
                println!(
                    "processor time of the records of one call at {per_second} calls a second, \
                     {kept:?}: {:.1} µs ({with:?} with, {without:?} without), {} rows in {} \
                     transactions",
                    (with.as_nanos() as f64 - without.as_nanos() as f64) / 1_000.0,
                    health.written - before.written,
                    health.transactions - before.transactions,
                );
            }
            // What the last calls owe is still on its way.
            tokio::time::sleep(Duration::from_secs(1)).await;
            store.close().await;
        });
    }
}

criterion_group!(benches, pages, owing, records_of_a_call);
criterion_main!(benches);
