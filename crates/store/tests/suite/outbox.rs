//! What is owed is handed out in order until it is delivered or given up.

use hookflash_store::{DeadLetters, Next, Options, Scope};

use super::{ACCOUNT, Place, call, ended, ids, now, owed};

const MINE: Scope<'_> = Scope::Account(ACCOUNT);

fn at(due_at: i64) -> Next {
    Next::At {
        due_at,
        why: "503 Service Unavailable".to_owned(),
    }
}

fn never(at: i64) -> Next {
    Next::Never {
        why: "410 Gone".to_owned(),
        at,
    }
}

pub(crate) async fn one_that_is_owed_is_the_callers_and_one_that_is_left_behind_it_waits(
    place: &impl Place,
) {
    let store = place.open().await;
    store.owe(owed("CA1", 1), None).await.unwrap();
    store.leave(owed("CA1", 2), None).await.unwrap();
    store.owe(owed("CA2", 1), None).await.unwrap();
    assert_eq!(
        store.due(now(), 10).await.unwrap(),
        [],
        "all are held or wait"
    );

    store.delivered(ACCOUNT, "CA1", 1);
    let due = store.due(now(), 10).await.unwrap();
    assert_eq!(due, [owed("CA1", 2)], "as it was owed");
    assert_eq!(store.due(now(), 10).await.unwrap(), [], "it is held now");
    store.delivered(ACCOUNT, "CA1", 2);
    store.delivered(ACCOUNT, "CA2", 1);
    assert_eq!(store.owed(Scope::Operator, 10, 0).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), None);
}

pub(crate) async fn one_that_is_left_is_handed_out_to_whoever_asks(place: &impl Place) {
    let store = place.open().await;
    let changed = store.outbox_changed();
    store.leave(owed("CA1", 0), None).await.unwrap();
    changed.await;
    assert_eq!(ids(&store.due(now(), 10).await.unwrap()), [("CA1", 0)]);
    assert_eq!(store.due(now(), 10).await.unwrap(), [], "it is held now");
}

pub(crate) async fn one_that_failed_is_tried_again_at_its_time(place: &impl Place) {
    let store = place.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    let later = now() + 60_000_000;
    store.failed(ACCOUNT, "CA1", 0, at(later));
    assert_eq!(store.next_due().await.unwrap(), Some(later));
    assert_eq!(store.due(later - 1, 10).await.unwrap(), []);
    let due = store.due(later, 10).await.unwrap();
    assert_eq!(ids(&due), [("CA1", 0)]);
    assert_eq!(due[0].attempts, 1);
    let error = due[0].last_error.as_deref();
    assert_eq!(error, Some("503 Service Unavailable"));
    assert_eq!(due[0].request, owed("CA1", 0).request);
}

pub(crate) async fn a_lower_place_goes_first(place: &impl Place) {
    let store = place.open().await;
    let mut last = owed("CA1", 9);
    last.due_at = now() + 60_000_000;
    let mut first = owed("CA1", 1);
    first.due_at = last.due_at + 5;
    store.leave(last.clone(), None).await.unwrap();
    store.leave(first.clone(), None).await.unwrap();
    assert_eq!(store.due(now(), 10).await.unwrap(), [], "not due yet");
    assert_eq!(store.due(last.due_at, 10).await.unwrap(), []);
    let due = store.due(first.due_at, 10).await.unwrap();
    assert_eq!(ids(&due), [("CA1", 1)]);
    store.delivered(ACCOUNT, "CA1", 1);
    let due = store.due(first.due_at, 10).await.unwrap();
    assert_eq!(ids(&due), [("CA1", 9)]);
}

pub(crate) async fn a_call_whose_request_fails_holds_up_no_other(place: &impl Place) {
    let store = place.open().await;
    store.owe(owed("CA1", 1), None).await.unwrap();
    store.leave(owed("CA1", 2), None).await.unwrap();
    store.owe(owed("CA2", 1), None).await.unwrap();
    store.failed(ACCOUNT, "CA1", 1, at(now() + 60_000_000));
    store.failed(ACCOUNT, "CA2", 1, at(20));
    assert_eq!(ids(&store.due(now(), 10).await.unwrap()), [("CA2", 1)]);
    store.failed(ACCOUNT, "CA1", 1, never(30));
    assert_eq!(ids(&store.due(now(), 10).await.unwrap()), [("CA1", 2)]);
}

pub(crate) async fn owing_the_same_again_changes_nothing(place: &impl Place) {
    let store = place.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    let mut again = owed("CA1", 0);
    again.request = b"another".to_vec();
    store.leave(again.clone(), None).await.unwrap();
    let left = store.owed(MINE, 10, 0).await.unwrap();
    assert_eq!(left, [owed("CA1", 0)]);
    store.leave(again, None).await.unwrap();
    let left = store.owed(MINE, 10, 0).await.unwrap();
    assert_eq!(left, [owed("CA1", 0)]);
}

pub(crate) async fn one_that_is_given_up_can_be_listed_and_replayed(place: &impl Place) {
    let store = place.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    store.failed(ACCOUNT, "CA1", 0, never(777));
    assert_eq!(store.owed(MINE, 10, 0).await.unwrap(), []);
    let dead = store
        .dead_letters(MINE, DeadLetters::default(), 10, 0)
        .await
        .unwrap();
    assert_eq!(dead.len(), 1);
    let letter = &dead[0];
    assert_eq!((letter.call.as_str(), letter.place), ("CA1", 0));
    assert_eq!((letter.attempts, letter.died_at), (1, 777));
    assert_eq!(letter.last_error, "410 Gone");
    assert_eq!(letter.request, owed("CA1", 0).request);

    let one = DeadLetters {
        call: Some("CA1".to_owned()),
        place: Some(0),
        ..DeadLetters::default()
    };
    assert_eq!(store.replay(MINE, one.clone(), now()).await.unwrap(), 1);
    assert_eq!(
        store.replay(MINE, one, now()).await.unwrap(),
        0,
        "it is owed again"
    );
    let due = store.due(now(), 10).await.unwrap();
    assert_eq!(ids(&due), [("CA1", 0)]);
    assert_eq!(due[0].attempts, 0);
}

pub(crate) async fn dead_letters_are_found_by_call_and_time_and_can_be_discarded(
    place: &impl Place,
) {
    let store = place.open().await;
    for (number, call) in [(1_i64, "CA1"), (2, "CA1"), (3, "CA2")] {
        store.owe(owed(call, number), None).await.unwrap();
        store.failed(ACCOUNT, call, number, never(number * 100));
    }
    let find = async |wanted: DeadLetters| -> Vec<i64> {
        let found = store.dead_letters(MINE, wanted, 10, 0).await.unwrap();
        found.into_iter().map(|letter| letter.place).collect()
    };
    let all = DeadLetters::default();
    let latest_first = [3, 2, 1];
    assert_eq!(find(all.clone()).await, latest_first);
    let of_call = DeadLetters {
        call: Some("CA1".to_owned()),
        ..DeadLetters::default()
    };
    assert_eq!(find(of_call.clone()).await, [2, 1]);
    let of_time = DeadLetters {
        died_from: Some(200),
        died_before: Some(300),
        ..DeadLetters::default()
    };
    assert_eq!(find(of_time).await, [2]);
    let second = store.dead_letters(MINE, all.clone(), 1, 1).await.unwrap();
    assert_eq!(second[0].place, 2);
    assert_eq!(store.discard(MINE, of_call).await.unwrap(), 2);
    assert_eq!(find(all).await, [3]);
}

pub(crate) async fn the_oldest_dead_letters_go_when_there_are_too_many(place: &impl Place) {
    let store = place.open().await;
    for number in 0..5 {
        store.owe(owed("CA1", number), None).await.unwrap();
        store.failed(ACCOUNT, "CA1", number, never(100 + number));
    }
    assert_eq!(store.trim_dead_letters(3).await.unwrap(), 2);
    assert_eq!(store.trim_dead_letters(3).await.unwrap(), 0);
    let left = store
        .dead_letters(MINE, DeadLetters::default(), 10, 0)
        .await
        .unwrap();
    let left: Vec<i64> = left.into_iter().map(|letter| letter.place).collect();
    assert_eq!(left, [4, 3, 2]);
    assert_eq!(store.count_owed().await.unwrap(), (0, 3));
}

pub(crate) async fn one_whose_holder_says_nothing_falls_due_again(place: &impl Place) {
    let store = place.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    let hold = i64::try_from(Options::new("sqlite::memory:").hold.as_micros()).unwrap();
    assert_eq!(store.due(now(), 10).await.unwrap(), []);
    let due = store.due(now() + hold, 10).await.unwrap();
    assert_eq!(ids(&due), [("CA1", 0)]);
}

pub(crate) async fn a_waiting_deliverer_is_woken(place: &impl Place) {
    let store = place.open().await;
    store.owe(owed("CA1", 1), None).await.unwrap();
    store.leave(owed("CA1", 2), None).await.unwrap();
    assert_eq!(store.due(now(), 10).await.unwrap(), []);
    let changed = store.outbox_changed();
    assert_eq!(store.due(now(), 10).await.unwrap(), []);
    store.delivered(ACCOUNT, "CA1", 1);
    changed.await;
    assert_eq!(ids(&store.due(now(), 10).await.unwrap()), [("CA1", 2)]);
}

pub(crate) async fn one_that_is_delivered_at_once_is_never_in_the_outbox(place: &impl Place) {
    let store = place.open().await;
    let before = store.health().written;
    store
        .owe(owed("CA1", 0), Some(ended(call("CA1", 100), 200)))
        .await
        .unwrap();
    store.delivered(ACCOUNT, "CA1", 0);
    store.owe(owed("CA2", 0), None).await.unwrap();
    assert_eq!(ids(&store.owed(MINE, 10, 0).await.unwrap()), [("CA2", 0)]);
    let call = store.call(MINE, "CA1").await.unwrap();
    assert_eq!(call, Some(ended(super::call("CA1", 100), 200)));
    assert_eq!(
        store.health().written - before,
        2,
        "the call, and what is owed of the other"
    );
}
