//! What is there after a restart.

use std::time::Duration;

use hookflash_store::{CallState, ErrorKind, Scope, Store};

use super::{ACCOUNT, Place, as_it_is, call, ended, ids, now, owed, sids, with_parts};

pub(crate) async fn what_was_put_is_there_after_closing(place: &impl Place) {
    let store = place.open().await;
    store.put_call(call("CA1", 100));
    assert_eq!(store.close().await, 0, "nothing is lost");
    let error = store.flush().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let store = place.open().await;
    let found = store.call(Scope::Account(ACCOUNT), "CA1").await.unwrap();
    assert_eq!(found, Some(call("CA1", 100)));
}

pub(crate) async fn what_was_held_is_due_after_a_restart(place: &impl Place) {
    let store = place.open().await;
    for call in ["CA-delivered", "CA-held", "CA-retried"] {
        store.owe(owed(call, 0), None).await.unwrap();
    }
    store.delivered(ACCOUNT, "CA-delivered", 0);
    let later = now() + 60_000_000;
    let next = hookflash_store::Next::At {
        due_at: later,
        why: "no answer".to_owned(),
    };
    store.failed(ACCOUNT, "CA-retried", 0, next);
    store.close().await;

    let store = place.open().await;
    assert_eq!(ids(&store.due(now(), 10).await.unwrap()), [("CA-held", 0)]);
    assert_eq!(
        ids(&store.due(later, 10).await.unwrap()),
        [("CA-retried", 0)]
    );
}

pub(crate) async fn calls_that_died_are_those_of_this_node_from_before(place: &impl Place) {
    let store = place.open().await;
    store.put_call(call("CA1", 100));
    store.put_call(call("CA2", 200));
    store.put_call(ended(call("CA3", 300), 400));
    store.close().await;
    let mut options = place.options();
    options.node = "another".to_owned();
    let another = Store::open(options).await.unwrap();
    another.put_call(call("CA4", 400));
    assert_eq!(another.unfinished_calls(10).await.unwrap(), []);
    another.close().await;

    let store = place.open().await;
    store.put_call(call("CA5", now() + 1_000_000));
    let died = store.unfinished_calls(10).await.unwrap();
    assert_eq!(sids(&died), ["CA1", "CA2"]);
    for row in died {
        store.put_call(ended(row, now()));
    }
    assert_eq!(store.unfinished_calls(10).await.unwrap(), []);
}

pub(crate) async fn two_servers_never_hold_the_same_request(place: &impl Place) {
    let first = place.open().await;
    let mut options = place.options();
    options.node = "second".to_owned();
    let second = Store::open(options).await.unwrap();
    let past = now() - 1;
    for number in 0..60 {
        let mut entry = owed(&format!("CA{number}"), 0);
        entry.due_at = now() + 1_000_000;
        first.leave(entry, None).await.unwrap();
    }
    let later = past + 10_000_000;
    let mut handed_out = Vec::new();
    let mut last_round = false;
    while !last_round {
        last_round = handed_out.len() >= 60;
        // Of two that reach for the same, one gets it.
        let (mine, theirs) = tokio::join!(first.due(later, 5), second.due(later, 5));
        let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
        if mine.is_empty() && theirs.is_empty() {
            // While one holds the database, the other's rows wait, and are there later.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        handed_out.extend(mine);
        handed_out.extend(theirs);
    }
    let mut ids = ids(&handed_out);
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "each is handed out once");
    assert_eq!(all, 60);
}

pub(crate) async fn a_database_of_a_later_version_is_left_alone(place: &impl Place) {
    place.open().await.close().await;
    place.pretend_later_version().await;
    let error = Store::open(place.options())
        .await
        .err()
        .expect("it is refused");
    assert_eq!(error.kind(), ErrorKind::Operator);
    assert!(error.to_string().contains("schema 999"), "{error}");
}

/// The second version of the schema had a row in its journal for each state of a call and for each
/// thing owed.
pub(crate) async fn what_the_second_version_left_in_its_journal_is_there(place: &impl Place) {
    let call = |sid: &str, state: &str, end: &str| {
        format!(
            "INSERT INTO journal (node, account, sid, application, direction, from_told, to_told, \
             state, created_at, started_at, ended_at, ended_by, end_answered, sip_status, body) \
             VALUES ('', '{ACCOUNT}', '{sid}', 'AP1', 'inbound', '+1', '+2', '{state}', 100, 100, \
             {end}, '{{}}');"
        )
    };
    let (runs, over) = ("NULL, NULL, NULL, NULL", "200, 'peer', 1, 200");
    let owed = format!(
        "INSERT INTO journal (node, account, sid, place, target, request, owed_at, due_at, \
         attempts, is_left) VALUES ('', '{ACCOUNT}', 'CA-over', 0, 'http://h/', \
         CAST('{{}}' AS BYTES), 5, 5, 0, 0);"
    );
    // One that had a row among those that run already.
    let live = "INSERT INTO live_calls (account, sid, application, direction, from_told, to_told, \
                state, created_at, body, node, run) SELECT account, sid, application, direction, \
                from_told, to_told, 'queued', created_at, body, node, 7 FROM journal \
                WHERE state = 'trying';";
    let sql = [
        call("CA-runs", "trying", runs),
        live.to_owned(),
        call("CA-runs", "in-progress", runs),
        call("CA-over", "in-progress", runs),
        call("CA-over", "ended", over),
        owed,
    ];
    place.as_of_second_version(&sql.concat()).await;

    let store = place.open().await;
    let died = store.unfinished_calls(10).await.unwrap();
    let died: Vec<_> = died.iter().map(|row| (&row.sid[..], row.state)).collect();
    assert_eq!(died, [("CA-runs", CallState::InProgress)]);
    let over = store.call(Scope::Account(ACCOUNT), "CA-over").await;
    assert_eq!(over.unwrap().unwrap().ended_at, Some(200));
    let due = store.due(now(), 10).await.unwrap();
    assert_eq!(ids(&due), [("CA-over", 0)]);
    assert_eq!(due[0].request, b"{}");
}

/// What the journal promised, when the process dies before the tables are written.
pub(crate) async fn what_was_in_the_journal_only_is_there_after_a_crash(place: &impl Place) {
    let mut options = place.options();
    options.batch_delay = Duration::from_secs(3_600);
    let store = Store::open(options.clone()).await.unwrap();
    let soon = Duration::from_millis(1);
    for sid in ["CA-runs", "CA-over"] {
        let written = store.put_call_surely(call(sid, 100), soon);
        written.await.unwrap();
    }
    let over = ended(call("CA-over", 100), 200);
    let owing = store.owe(owed("CA-over", 0), Some(over.clone()));
    owing.await.unwrap();
    let other = ended(call("CA-other", 150), 160);
    let leaving = store.leave(owed("CA-other", 0), Some(other.clone()));
    leaving.await.unwrap();
    // A process that dies closes nothing.
    std::mem::forget(store);

    let store = Store::open(options).await.unwrap();
    let died = store.unfinished_calls(10).await.unwrap();
    assert_eq!(died, [call("CA-runs", 100)]);
    let found = store.call(Scope::Account(ACCOUNT), "CA-over").await;
    assert_eq!(found.unwrap(), Some(over));
    let found = store.call(Scope::Account(ACCOUNT), "CA-other").await;
    assert_eq!(found.unwrap(), Some(other));
    let mut due = store.due(now(), 10).await.unwrap();
    due.sort_by(|a, b| a.call.cmp(&b.call));
    assert_eq!(ids(&due), [("CA-other", 0), ("CA-over", 0)]);
    for entry in due {
        store.delivered(&entry.account, &entry.call, entry.place);
    }
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.owed(Scope::Operator, 10, 0).await.unwrap(), []);
}

/// A server dies with late news of calls in its journal, and one of them is deleted at another.
pub(crate) async fn late_news_in_the_journal_does_not_bring_back_what_another_server_deleted(
    place: &impl Place,
) {
    let mut options = place.options();
    options.batch_delay = Duration::from_secs(3_600);
    let store = Store::open(options.clone()).await.unwrap();
    let over = |sid| ended(call(sid, 100), 200);
    store.put_call(over("CA-deleted"));
    store.put_call(over("CA-kept"));
    store.flush().await.unwrap();
    store.put_call(over("CA-new"));
    let soon = Duration::from_millis(1);
    for sid in ["CA-deleted", "CA-kept", "CA-new"] {
        let written = store.put_call_surely(with_parts(over(sid)), soon);
        written.await.unwrap();
    }
    std::mem::forget(store);

    let mut theirs = place.options();
    theirs.node = "another".to_owned();
    let another = Store::open(theirs).await.unwrap();
    let deleted = another.delete_call(ACCOUNT, "CA-deleted", as_it_is).await;
    assert!(deleted.unwrap());
    another.close().await;

    let store = Store::open(options).await.unwrap();
    let mine = Scope::Account(ACCOUNT);
    assert_eq!(store.call(mine, "CA-deleted").await.unwrap(), None);
    for sid in ["CA-kept", "CA-new"] {
        let found = store.call(mine, sid).await.unwrap();
        assert_eq!(found, Some(with_parts(over(sid))));
    }
    // What comes after the restart is no other.
    store.put_call(over("CA-deleted"));
    assert_eq!(store.call(mine, "CA-deleted").await.unwrap(), None);
}
