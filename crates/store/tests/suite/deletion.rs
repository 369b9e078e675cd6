//! What is deleted is gone, and nothing else.

use hookflash_store::{CallFilter, CallRow, DeadLetters, Next, Page, Scope};

use super::{ACCOUNT, OTHER, Place, as_it_is, call, ended, now, owed, recording, sids, with_parts};

const MINE: Scope<'_> = Scope::Account(ACCOUNT);

pub(crate) async fn a_call_that_is_over_can_be_deleted_and_one_that_runs_cannot(
    place: &impl Place,
) {
    let store = place.open().await;
    for sid in ["CA1", "CA2"] {
        store.put_call(with_parts(ended(call(sid, 100), 200)));
    }
    store.put_call(call("CA3", 300));
    store.put_recording(recording("RE1", 100));
    assert!(store.delete_call(ACCOUNT, "CA1", as_it_is).await.unwrap());
    assert!(!store.delete_call(ACCOUNT, "CA1", as_it_is).await.unwrap());
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), None);
    assert!(!store.delete_call(ACCOUNT, "CA3", as_it_is).await.unwrap());
    assert!(store.call(MINE, "CA3").await.unwrap().is_some());

    // The same identifier again finds nothing that was left behind.
    store.put_call(call("CA1", 300));
    let again = store.call(MINE, "CA1").await.unwrap();
    assert_eq!(again, Some(call("CA1", 300)));
    assert!(store.recording(MINE, "RE1").await.unwrap().is_some());
}

pub(crate) async fn late_news_of_a_deleted_call_does_not_bring_it_back(place: &impl Place) {
    let store = place.open().await;
    let over = ended(call("CA1", 100), 200);
    store.put_call(over.clone());
    assert!(store.delete_call(ACCOUNT, "CA1", as_it_is).await.unwrap());
    // Whoever ran the call need not know that somebody else had it deleted.
    store.put_call(with_parts(over.clone()));
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), None);
    store.put_call(over.clone());
    store.owe(owed("CA1", 0), Some(over)).await.unwrap();
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), None);

    // A call that runs is another, and so is that of another account.
    let mut theirs = ended(call("CA1", 100), 200);
    theirs.account = OTHER.into();
    store.put_call(theirs.clone());
    let found = store.call(Scope::Account(OTHER), "CA1").await.unwrap();
    assert_eq!(found, Some(theirs));
    store.put_call(call("CA1", 300));
    store.flush().await.unwrap();
    let again = ended(call("CA1", 300), 400);
    store.put_call(again.clone());
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), Some(again));
}

pub(crate) async fn what_is_owed_of_a_deleted_call_takes_along_what_it_needs(place: &impl Place) {
    let store = place.open().await;
    store.put_call(with_parts(ended(call("CA1", 100), 200)));
    store.put_call(ended(call("CA2", 100), 200));
    let mut theirs = owed("CA1", 1);
    theirs.account = OTHER.into();
    for entry in [
        owed("CA1", 0),
        owed("CA1", 1),
        owed("CA2", 1),
        theirs.clone(),
    ] {
        store.owe(entry, None).await.unwrap();
    }
    let given_up = Next::Never {
        why: "404".to_owned(),
        at: 7,
    };
    store.failed(ACCOUNT, "CA1", 0, given_up);
    let carry = |request: &[u8], call: &CallRow<'_>| {
        let request = String::from_utf8_lossy(request);
        format!("{request} of {} legs", call.legs.len()).into_bytes()
    };
    assert!(store.delete_call(ACCOUNT, "CA1", carry).await.unwrap());
    // Deleted once more, there is nothing to be taken along.
    assert!(!store.delete_call(ACCOUNT, "CA1", carry).await.unwrap());

    let with_call = [owed("CA1", 1).request, b" of 2 legs".to_vec()].concat();
    let left = store.owed(Scope::Operator, 10, 0).await.unwrap();
    let left: Vec<_> = left.into_iter().map(|entry| entry.request).collect();
    assert_eq!(
        left,
        [with_call.clone(), owed("CA2", 1).request, theirs.request]
    );
    let letters = store.dead_letters(MINE, DeadLetters::default(), 10, 0);
    assert_eq!(letters.await.unwrap()[0].request, with_call);
}

pub(crate) async fn calls_of_which_something_is_owed_stay(place: &impl Place) {
    let store = place.open().await;
    for (number, sid) in (0_i64..).zip(["CA0", "CA1", "CA2", "CA3"]) {
        store.put_call(ended(call(sid, number), 100 + number));
        store.flush().await.unwrap();
    }
    store.owe(owed("CA1", 0), None).await.unwrap();
    assert_eq!(store.trim_calls(2, as_it_is).await.unwrap(), 1);
    assert_eq!(
        store
            .sweep_calls(Scope::Operator, now(), 9, as_it_is)
            .await
            .unwrap(),
        2
    );
    let left = store.calls(MINE, CallFilter::default(), Page::first(9));
    assert_eq!(sids(&left.await.unwrap().calls), ["CA1"]);
    store.delivered(ACCOUNT, "CA1", 0);
    assert_eq!(
        store.sweep_calls(MINE, now(), 9, as_it_is).await.unwrap(),
        1
    );
}

pub(crate) async fn what_was_given_up_of_an_old_call_takes_along_what_it_needs(place: &impl Place) {
    let store = place.open().await;
    for (number, sid) in (0_i64..).zip(["CA0", "CA1", "CA2"]) {
        store.put_call(with_parts(ended(call(sid, number), 100 + number)));
        store.owe(owed(sid, 0), None).await.unwrap();
        let given_up = Next::Never {
            why: "404".to_owned(),
            at: number,
        };
        store.failed(ACCOUNT, sid, 0, given_up);
        store.flush().await.unwrap();
    }
    let carry = |request: &[u8], call: &CallRow<'_>| {
        let request = String::from_utf8_lossy(request);
        format!("{request} of {}", call.sid).into_bytes()
    };
    assert_eq!(store.trim_calls(2, carry).await.unwrap(), 1);
    assert_eq!(store.sweep_calls(MINE, 102, 9, carry).await.unwrap(), 1);
    let letters = store.dead_letters(MINE, DeadLetters::default(), 10, 0);
    let letters = letters.await.unwrap().into_iter();
    let requests: Vec<_> = letters
        .map(|letter| String::from_utf8(letter.request).unwrap())
        .collect();
    let whole = |sid: &str| String::from_utf8(owed(sid, 0).request).unwrap();
    assert_eq!(
        requests,
        [
            whole("CA2"),
            whole("CA1") + " of CA1",
            whole("CA0") + " of CA0"
        ]
    );
}

pub(crate) async fn in_memory_the_calls_that_ended_last_are_kept(place: &impl Place) {
    let store = place.open().await;
    for number in 0..5 {
        let sid = format!("CA{number}");
        store.put_call(ended(call(&sid, number), 100 + number));
        store.flush().await.unwrap();
    }
    assert_eq!(store.trim_calls(3, as_it_is).await.unwrap(), 2);
    assert_eq!(store.trim_calls(3, as_it_is).await.unwrap(), 0);
    let left = store
        .calls(MINE, CallFilter::default(), Page::first(9))
        .await
        .unwrap();
    assert_eq!(sids(&left.calls), ["CA4", "CA3", "CA2"]);
}

pub(crate) async fn old_calls_go_a_few_at_a_time(place: &impl Place) {
    let store = place.open().await;
    for number in 0..10 {
        let mut row = ended(
            call(&format!("CA{number}"), number * 100),
            number * 100 + 50,
        );
        if number % 2 == 1 {
            row.account = OTHER.into();
        }
        store.put_call(row);
    }
    store.put_call(call("CA-live", 0));
    store.put_call(ended(call("CA-long", 1), 5_000));
    let before = 750;
    assert_eq!(
        store
            .sweep_calls(Scope::Operator, before, 3, as_it_is)
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        store
            .sweep_calls(Scope::Operator, before, 3, as_it_is)
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        store
            .sweep_calls(Scope::Operator, before, 3, as_it_is)
            .await
            .unwrap(),
        1
    );
    let left = store
        .calls(Scope::Operator, CallFilter::default(), Page::first(20))
        .await
        .unwrap();
    assert_eq!(
        sids(&left.calls),
        ["CA9", "CA8", "CA7", "CA-long", "CA-live"]
    );
}

pub(crate) async fn a_deleted_recording_is_gone(place: &impl Place) {
    let store = place.open().await;
    store.put_recording(recording("RE1", 100));
    store.put_recording(recording("RE2", 100));
    assert!(store.delete_recording(ACCOUNT, "RE1").await.unwrap());
    assert!(!store.delete_recording(ACCOUNT, "RE1").await.unwrap());
    assert_eq!(store.recording(MINE, "RE1").await.unwrap(), None);
    assert!(store.recording(MINE, "RE2").await.unwrap().is_some());
}
