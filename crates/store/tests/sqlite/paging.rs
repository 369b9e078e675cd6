//! Whatever the calls, a walk over the pages meets each of them once and in order.

use crate::suite::{ACCOUNT, call};
use hookflash_store::{CallFilter, CallRow, Options, Order, Page, Scope, Store};
use proptest::prelude::*;

const MINE: Scope<'_> = Scope::Account(ACCOUNT);

/// Times with many ties, as calls that come in together have.
fn calls() -> impl Strategy<Value = Vec<CallRow<'static>>> {
    prop::collection::btree_map("CA[0-9a-f]{3}", 0..8_i64, 0..40).prop_map(|calls| {
        let calls = calls.into_iter();
        calls
            .map(|(sid, created_at)| call(&sid, created_at))
            .collect()
    })
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::NewestFirst), Just(Order::OldestFirst)]
}

/// What a list of these calls must be.
fn sorted(calls: &[CallRow], order: Order) -> Vec<String> {
    let mut keys: Vec<(i64, String)> = calls
        .iter()
        .map(|row| (row.created_at, row.sid.to_string()))
        .collect();
    keys.sort();
    if order == Order::NewestFirst {
        keys.reverse();
    }
    keys.into_iter().map(|(_, sid)| sid).collect()
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(test)
}

async fn open(calls: &[CallRow<'_>]) -> Store {
    let store = Store::open(Options::new("sqlite::memory:")).await.unwrap();
    for row in calls {
        store.put_call(row.clone());
    }
    store
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_walk_by_cursor_meets_every_call_once_whatever_comes_in_meanwhile(
        calls in calls(),
        order in order(),
        limits in prop::collection::vec(1..7_u32, 1..5),
        newcomers in prop::collection::vec(0..8_i64, 0..10),
    ) {
        let walked = run(async {
            let store = open(&calls).await;
            let mut walked = Vec::new();
            let mut after = None;
            let mut newcomers = newcomers.iter().enumerate();
            for limit in limits.iter().cycle() {
                let page = Page { order, after, offset: 0, limit: *limit };
                let part = store.calls(MINE, CallFilter::default(), page).await.unwrap();
                assert!(part.calls.len() <= *limit as usize);
                walked.extend(part.calls.into_iter().map(|row| row.sid.into_owned()));
                after = part.next;
                if after.is_none() {
                    break;
                }
                if let Some((number, created_at)) = newcomers.next() {
                    store.put_call(call(&format!("NEW{number}"), *created_at));
                }
            }
            walked
        });
        let known: Vec<String> =
            walked.iter().filter(|sid| sid.starts_with("CA")).cloned().collect();
        prop_assert_eq!(known, sorted(&calls, order));
        let mut once = walked.clone();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), walked.len());
    }

    #[test]
    fn a_page_by_number_is_a_slice(
        calls in calls(),
        order in order(),
        offset in 0..50_u64,
        limit in 1..50_u32,
    ) {
        let page = Page { order, after: None, offset, limit };
        let part = run(async { open(&calls).await.calls(MINE, CallFilter::default(), page).await });
        let part = part.unwrap();
        let all = sorted(&calls, order);
        let found: Vec<String> = part.calls.into_iter().map(|row| row.sid.into_owned()).collect();
        let (offset, limit) = (offset as usize, limit as usize);
        let wanted: Vec<String> = all.iter().skip(offset).take(limit).cloned().collect();
        prop_assert_eq!(found, wanted);
        prop_assert_eq!(part.next.is_some(), all.len() > offset + limit);
    }
}
