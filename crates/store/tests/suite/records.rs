//! Records that are put are found.

use hookflash_store::{CallFilter, CallState, EndedBy, Page, Scope};

use super::{ACCOUNT, Place, call, ended, leg, recording, transfer, webhooks};

const MINE: Scope<'_> = Scope::Account(ACCOUNT);

pub(crate) async fn a_call_is_found_as_it_was_put(place: &impl Place) {
    let store = place.open().await;
    let running = call("CA1", 100);
    let mut failed = ended(call("CA2", 200), 300);
    if let Some(end) = &mut failed.end {
        end.by = EndedBy::Server;
        end.answered = false;
        end.sip_status = 503;
        end.cause = Some("11200".to_owned());
        end.message = Some("the application did not answer".to_owned());
    }
    let mut queued = call("CA3", 300);
    queued.state = CallState::Queued;
    queued.started_at = None;
    queued.answered_at = None;
    queued.trunk = None;
    queued.details = None;
    queued.parent = Some("CA1".to_owned());
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

pub(crate) async fn legs_transfers_and_webhooks_are_found_by_their_call(place: &impl Place) {
    let store = place.open().await;
    for sid in ["CA1", "CA2"] {
        store.put_call(call(sid, 100));
        store.put_leg(leg(sid, "b"));
        store.put_leg(leg(sid, "a"));
        store.put_transfer(transfer(sid));
        store.put_webhooks(webhooks(sid));
    }
    let legs = store.legs(MINE, "CA2").await.unwrap();
    assert_eq!(legs, [leg("CA2", "a"), leg("CA2", "b")]);
    let transfers = store.transfers(MINE, "CA2").await.unwrap();
    assert_eq!(transfers, [transfer("CA2")]);
    let asked = store.webhooks(MINE, "CA2").await.unwrap();
    assert_eq!(asked, Some(webhooks("CA2")));

    let mut busy = leg("CA2", "b");
    busy.sip_status = 486;
    store.put_leg(busy.clone());
    let legs = store.legs(MINE, "CA2").await.unwrap();
    assert_eq!(legs, [leg("CA2", "a"), busy]);
}

pub(crate) async fn what_belongs_to_no_call_is_left_out_and_harms_nothing(place: &impl Place) {
    let store = place.open().await;
    store.put_leg(leg("CA9", "a"));
    store.put_call(call("CA1", 100));
    store.flush().await.unwrap();
    assert_eq!(store.legs(MINE, "CA9").await.unwrap(), []);
    assert!(store.call(MINE, "CA1").await.unwrap().is_some());
}

pub(crate) async fn text_that_a_database_would_refuse_is_kept(place: &impl Place) {
    let store = place.open().await;
    let mut row = call("CA1", 100);
    row.from_name = "a\0b".to_owned();
    row.from = format!("sip:{}@example.com", "ü".repeat(4_000));
    store.put_call(row.clone());
    let kept = store.call(MINE, "CA1").await.unwrap().expect("it is there");
    assert_eq!(kept.from_name, "a\u{fffd}b");
    assert!(kept.from.starts_with("sip:üü") && row.from.starts_with(&kept.from));

    let filter = CallFilter {
        from: Some(row.from),
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
