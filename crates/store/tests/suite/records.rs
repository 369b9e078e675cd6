//! Records that are put are found.

use std::time::Duration;

use hookflash_store::{CallFilter, CallState, EndedBy, Page, Scope};

use super::{ACCOUNT, Place, call, ended, recording, with_parts};

const MINE: Scope<'_> = Scope::Account(ACCOUNT);

pub(crate) async fn a_call_is_found_as_it_was_put(place: &impl Place) {
    let store = place.open().await;
    let running = call("CA1", 100);
    let mut failed = ended(call("CA2", 200), 300);
    if let Some(end) = &mut failed.end {
        end.by = EndedBy::Server;
        end.answered = false;
        end.sip_status = 503;
        end.cause = Some("11200".into());
        end.message = Some("the application did not answer".into());
    }
    let mut queued = call("CA3", 300);
    queued.state = CallState::Queued;
    queued.started_at = None;
    queued.answered_at = None;
    queued.details = None;
    queued.parent = Some("CA1".into());
    for row in [&running, &failed, &queued] {
        store.put_call(row.clone());
    }
    for row in [running, failed, queued] {
        assert_eq!(store.call(MINE, &row.sid).await.unwrap(), Some(row));
    }
    assert_eq!(store.call(MINE, "CA4").await.unwrap(), None);
    assert_eq!(store.health().written, 3);
}

pub(crate) async fn the_latest_state_of_a_call_wins(place: &impl Place) {
    let store = place.open().await;
    let row = call("CA1", 100);
    store.put_call(row.clone());
    store.flush().await.unwrap();
    let over = ended(row.clone(), 900);
    store.put_call(row);
    store.put_call(over.clone());
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), Some(over));
    assert_eq!(store.health().written, 2, "two puts at once are one row");
}

pub(crate) async fn a_call_keeps_what_belongs_to_it_while_it_runs_and_afterwards(
    place: &impl Place,
) {
    let store = place.open().await;
    let running = with_parts(call("CA1", 100));
    store.put_call(running.clone());
    store.flush().await.unwrap();
    assert_eq!(
        store.call(MINE, "CA1").await.unwrap(),
        Some(running.clone())
    );
    let over = ended(running, 900);
    store.put_call(over.clone());
    store.flush().await.unwrap();
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), Some(over.clone()));
    let all = store
        .calls(MINE, CallFilter::default(), Page::first(10))
        .await
        .unwrap();
    assert_eq!(all.calls, [over], "it is there once");
}

pub(crate) async fn a_call_that_is_over_stays_over_and_learns_of_late_news(place: &impl Place) {
    let store = place.open().await;
    let over = ended(call("CA1", 100), 900);
    store.put_call(over.clone());
    store.put_call(call("CA1", 100));
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), Some(over.clone()));
    let amended = with_parts(over);
    store.put_call(amended.clone());
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), Some(amended));
}

pub(crate) async fn who_waits_for_a_call_is_told_when_it_is_written(place: &impl Place) {
    let store = place.open().await;
    let first = store.put_call_surely(call("CA1", 100), Duration::from_millis(1));
    // A later state takes the place of the one that is waited for, and is as good.
    store.put_call(ended(call("CA1", 100), 200));
    first.await.unwrap();
    let found = store.call(MINE, "CA1").await.unwrap();
    assert_eq!(found, Some(ended(call("CA1", 100), 200)));
    assert_eq!(store.health().written, 1);
}

pub(crate) async fn text_that_a_database_would_refuse_is_kept(place: &impl Place) {
    let store = place.open().await;
    let mut row = call("CA1", 100);
    row.application = "a\0b".into();
    row.webhooks = with_parts(row.clone()).webhooks;
    row.webhooks[0].url = "a\0b".into();
    row.from = format!("sip:{}@example.com", "ü".repeat(4_000)).into();
    store.put_call(row.clone());
    let kept = store.call(MINE, "CA1").await.unwrap().expect("it is there");
    assert_eq!(kept.application, "a\u{fffd}b");
    assert_eq!(kept.webhooks, row.webhooks);
    assert!(kept.from.starts_with("sip:üü") && row.from.starts_with(&*kept.from));

    let filter = CallFilter {
        from: Some(row.from.into_owned()),
        ..CallFilter::default()
    };
    let found = store.calls(MINE, filter, Page::first(10)).await.unwrap();
    assert_eq!(found.calls.len(), 1);
}

pub(crate) async fn a_recording_is_found_as_it_was_put(place: &impl Place) {
    let store = place.open().await;
    let mut row = recording("RE1", 100);
    row.details = Some("{}".to_owned());
    store.put_recording(row.clone());
    assert_eq!(store.recording(MINE, "RE1").await.unwrap(), Some(row));
    assert_eq!(store.recording(MINE, "RE2").await.unwrap(), None);
}
