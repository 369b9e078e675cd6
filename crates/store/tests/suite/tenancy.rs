//! Nobody sees or touches what is another account's.

use hookflash_store::{CallFilter, DeadLetters, Next, Page, RecordingFilter, Scope};

use super::{ACCOUNT, OTHER, Place, as_it_is, call, ended, ids, now, owed, recording, with_parts};

const MINE: Scope<'_> = Scope::Account(ACCOUNT);
const THEIRS: Scope<'_> = Scope::Account(OTHER);

pub(crate) async fn a_call_is_seen_by_its_own_account_only(place: &impl Place) {
    let store = place.open().await;
    store.put_call(with_parts(ended(call("CA1", 100), 200)));
    store.put_call(call("CA2", 100));
    store.put_recording(recording("RE1", 100));
    assert_eq!(store.call(THEIRS, "CA1").await.unwrap(), None);
    assert_eq!(store.call(THEIRS, "CA2").await.unwrap(), None);
    assert_eq!(store.recording(THEIRS, "RE1").await.unwrap(), None);
    let all = CallFilter::default();
    let list = store
        .calls(THEIRS, all.clone(), Page::first(10))
        .await
        .unwrap();
    assert_eq!(list.calls, []);
    assert_eq!(store.count_calls(THEIRS, all.clone()).await.unwrap(), 0);
    let all_recordings = RecordingFilter::default();
    let list = store
        .recordings(THEIRS, all_recordings, None, 0, 10)
        .await
        .unwrap();
    assert_eq!(list, []);
    assert!(!store.delete_call(OTHER, "CA1", as_it_is).await.unwrap());
    assert!(!store.delete_recording(OTHER, "RE1").await.unwrap());
    assert_eq!(
        store
            .sweep_calls(THEIRS, 1_000, 10, as_it_is)
            .await
            .unwrap(),
        0
    );

    assert!(store.call(MINE, "CA1").await.unwrap().is_some());
    assert!(store.recording(MINE, "RE1").await.unwrap().is_some());
    assert!(store.call(Scope::Operator, "CA1").await.unwrap().is_some());
    assert_eq!(store.count_calls(Scope::Operator, all).await.unwrap(), 2);
}

pub(crate) async fn two_accounts_may_use_the_same_identifiers(place: &impl Place) {
    let store = place.open().await;
    let mine = ended(call("CA1", 100), 200);
    let mut theirs = ended(call("CA1", 200), 300);
    theirs.account = OTHER.into();
    store.put_call(mine.clone());
    store.put_call(theirs.clone());
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), Some(mine.clone()));
    assert_eq!(store.call(THEIRS, "CA1").await.unwrap(), Some(theirs));
    assert!(store.delete_call(OTHER, "CA1", as_it_is).await.unwrap());
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), Some(mine));
}

pub(crate) async fn what_is_owed_is_settled_for_its_own_account_only(place: &impl Place) {
    let store = place.open().await;
    let mut theirs = owed("CA1", 0);
    theirs.account = OTHER.into();
    store.owe(owed("CA1", 0), None).await.unwrap();
    store.owe(theirs, None).await.unwrap();
    store.delivered(OTHER, "CA1", 0);
    let left = store.owed(Scope::Operator, 10, 0).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].account, ACCOUNT);
    assert_eq!(store.owed(THEIRS, 10, 0).await.unwrap(), []);

    let never = Next::Never {
        why: "404".to_owned(),
        at: 50,
    };
    store.failed(ACCOUNT, "CA1", 0, never);
    let all = DeadLetters::default();
    assert_eq!(
        store
            .dead_letters(THEIRS, all.clone(), 10, 0)
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.replay(THEIRS, all.clone(), now()).await.unwrap(), 0);
    assert_eq!(store.discard(THEIRS, all.clone()).await.unwrap(), 0);
    assert_eq!(store.replay(MINE, all, now()).await.unwrap(), 1);
    assert_eq!(ids(&store.owed(MINE, 10, 0).await.unwrap()), [("CA1", 0)]);
}
