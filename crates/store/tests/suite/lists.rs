//! Lists: every filter, both ways of paging.

use hookflash_store::{
    CallEnd, CallFilter, CallRow, CallState, Cursor, Direction, EndedBy, Order, Page,
    RecordingFilter, Scope, Span, Standing, Statuses,
};

use super::{ACCOUNT, OTHER, Place, call, ended, recording, sids};

const MINE: Scope<'_> = Scope::Account(ACCOUNT);

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }

    fn time(&mut self) -> i64 {
        i64::try_from(self.below(60)).unwrap()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let index = self.below(of.len() as u64);
        of[usize::try_from(index).unwrap()].clone()
    }

    fn maybe<T>(&mut self, one_in: u64, make: impl FnOnce(&mut Dice) -> T) -> Option<T> {
        (self.below(one_in) == 0).then(|| make(self))
    }
}

const PARTIES: [&str; 4] = ["+15550100", "+15550101", "sip:ann@example.com", "anonymous"];
const STATUSES: [u16; 6] = [200, 404, 480, 486, 487, 503];
const CAUSES: [&str; 2] = ["callback-error", "invalid-bxml"];

fn some_call(dice: &mut Dice, number: usize) -> CallRow<'static> {
    let created_at = dice.time();
    let mut row = call(&format!("CA{:04}", number * 7_919 % 10_000), created_at);
    row.from = dice.one(&PARTIES).into();
    row.to = dice.one(&PARTIES).into();
    row.parent = dice.maybe(5, |dice| dice.one(&["CA1", "CA2"]).into());
    row.application = dice.one(&["AP1", "AP2"]).into();
    row.direction = dice.one(Direction::ALL);
    row.state = dice.one(CallState::ALL);
    row.started_at = (row.state != CallState::Queued).then(|| created_at + dice.time());
    row.answered_at = None;
    if row.state == CallState::Ended {
        let answered = dice.below(2) == 0;
        row.ended_at = Some(created_at + 60 + dice.time());
        row.end = Some(CallEnd {
            by: dice.one(EndedBy::ALL),
            answered,
            sip_status: if answered {
                200
            } else {
                dice.one(&STATUSES[1..])
            },
            sip_reason: "".into(),
            cause: dice.maybe(3, |dice| dice.one(&CAUSES).into()),
            message: None,
        });
    }
    row
}

fn some_span(dice: &mut Dice, from: i64) -> Span {
    Span {
        from: dice.maybe(3, |dice| from + dice.time()),
        before: dice.maybe(3, |dice| from + dice.time()),
    }
}

fn some_standing(dice: &mut Dice) -> Standing {
    let statuses = |dice: &mut Dice| vec![dice.one(&STATUSES), dice.one(&STATUSES)];
    Standing {
        states: (0..dice.below(3))
            .map(|_| dice.one(CallState::ALL))
            .collect(),
        directions: (0..dice.below(2))
            .map(|_| dice.one(Direction::ALL))
            .collect(),
        answered: dice.maybe(3, |dice| dice.below(2) == 0),
        sip: match dice.below(4) {
            0 => Statuses::In(statuses(dice)),
            1 => Statuses::NotIn(statuses(dice)),
            _ => Statuses::Any,
        },
        ended_by: (0..dice.below(2)).map(|_| dice.one(EndedBy::ALL)).collect(),
        cause: dice.maybe(4, |dice| dice.maybe(2, |dice| dice.one(&CAUSES).to_owned())),
    }
}

fn some_filter(dice: &mut Dice) -> CallFilter {
    CallFilter {
        from: dice.maybe(4, |dice| dice.one(&PARTIES).to_owned()),
        to: dice.maybe(4, |dice| dice.one(&PARTIES).to_owned()),
        parent: dice.maybe(8, |dice| dice.one(&["CA1", "CA2"]).to_owned()),
        application: dice.maybe(6, |dice| dice.one(&["AP1", "AP2"]).to_owned()),
        direction: dice.maybe(6, |dice| dice.one(Direction::ALL)),
        standing: (0..dice.below(3)).map(|_| some_standing(dice)).collect(),
        created: some_span(dice, 0),
        started: some_span(dice, 20),
        ended: some_span(dice, 80),
    }
}

fn is_one_of<T: PartialEq>(wanted: &[T], value: Option<T>) -> bool {
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(&value))
}

fn is_within(span: Span, at: Option<i64>) -> bool {
    match at {
        Some(at) => span.from.is_none_or(|from| from <= at) && span.before.is_none_or(|b| at < b),
        None => span == Span::default(),
    }
}

fn stands(standing: &Standing, row: &CallRow<'_>) -> bool {
    let end = row.end.as_ref();
    let status = end.map(|end| end.sip_status);
    is_one_of(&standing.states, Some(row.state))
        && is_one_of(&standing.directions, Some(row.direction))
        && standing
            .answered
            .is_none_or(|answered| end.is_some_and(|e| e.answered == answered))
        && match &standing.sip {
            Statuses::Any => true,
            Statuses::In(list) => status.is_some_and(|status| list.contains(&status)),
            Statuses::NotIn(list) => status.is_some_and(|status| !list.contains(&status)),
        }
        && is_one_of(&standing.ended_by, end.map(|end| end.by))
        && match &standing.cause {
            None => true,
            Some(cause) => end.and_then(|end| end.cause.as_deref()) == cause.as_deref(),
        }
}

fn wants(filter: &CallFilter, row: &CallRow<'_>) -> bool {
    filter.from.as_ref().is_none_or(|from| *from == row.from)
        && filter.to.as_ref().is_none_or(|to| *to == row.to)
        && filter
            .parent
            .as_ref()
            .is_none_or(|parent| row.parent.as_deref() == Some(parent))
        && filter
            .application
            .as_ref()
            .is_none_or(|one| *one == row.application)
        && filter.direction.is_none_or(|one| one == row.direction)
        && is_within(filter.created, Some(row.created_at))
        && is_within(filter.started, row.started_at)
        && is_within(filter.ended, row.ended_at)
        && (filter.standing.is_empty() || filter.standing.iter().any(|one| stands(one, row)))
}

pub(crate) async fn every_filter_finds_what_it_says(place: &impl Place) {
    let store = place.open().await;
    let mut dice = Dice(42);
    let mut rows: Vec<CallRow> = (0..400)
        .map(|number| some_call(&mut dice, number))
        .collect();
    for row in &rows {
        store.put_call(row.clone());
    }
    store.flush().await.unwrap();
    rows.sort_by(|a, b| (a.created_at, &a.sid).cmp(&(b.created_at, &b.sid)));
    let mut found = 0;
    for _ in 0..250 {
        let filter = some_filter(&mut dice);
        let order = dice.one(&[Order::NewestFirst, Order::OldestFirst]);
        let mut wanted: Vec<&CallRow<'_>> = rows.iter().filter(|row| wants(&filter, row)).collect();
        if order == Order::NewestFirst {
            wanted.reverse();
        }
        for row in &rows {
            assert_eq!(filter.takes(row), wants(&filter, row), "{filter:?} {row:?}");
        }
        let count = store.count_calls(MINE, filter.clone()).await.unwrap();
        assert_eq!(count, wanted.len() as u64, "{filter:?}");
        found += wanted.len();

        let mut walked: Vec<CallRow> = Vec::new();
        let mut after = None;
        loop {
            let page = Page {
                order,
                after,
                offset: 0,
                limit: u32::try_from(1 + dice.below(60)).unwrap(),
            };
            let part = store.calls(MINE, filter.clone(), page).await.unwrap();
            walked.extend(part.calls);
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        assert!(
            walked.iter().eq(wanted.iter().copied()),
            "{filter:?} {order:?}"
        );
    }
    assert!(
        found > 500,
        "the filters found too little to mean anything: {found}"
    );
}

pub(crate) async fn new_calls_do_not_move_the_next_page(place: &impl Place) {
    let store = place.open().await;
    for number in 0..10 {
        store.put_call(call(&format!("CA{number}"), 100 + number));
    }
    let first = store
        .calls(MINE, CallFilter::default(), Page::first(3))
        .await
        .unwrap();
    assert_eq!(sids(&first.calls), ["CA9", "CA8", "CA7"]);
    store.put_call(call("CA-new", 500));
    let next = Page {
        after: first.next,
        ..Page::first(3)
    };
    let second = store
        .calls(MINE, CallFilter::default(), next)
        .await
        .unwrap();
    assert_eq!(sids(&second.calls), ["CA6", "CA5", "CA4"]);
    let past_the_end = Page {
        after: Some(Cursor {
            created_at: 100,
            sid: "CA0".to_owned(),
        }),
        ..Page::first(3)
    };
    let last = store
        .calls(MINE, CallFilter::default(), past_the_end)
        .await
        .unwrap();
    assert_eq!((last.calls, last.next), (Vec::new(), None));
}

pub(crate) async fn a_page_by_number_is_a_slice_of_the_list(place: &impl Place) {
    let store = place.open().await;
    for number in 0..7 {
        store.put_call(call(&format!("CA{number}"), 100));
    }
    let page = async |offset, limit| {
        let page = Page {
            offset,
            ..Page::first(limit)
        };
        store
            .calls(MINE, CallFilter::default(), page)
            .await
            .unwrap()
    };
    assert_eq!(sids(&page(2, 3).await.calls), ["CA4", "CA3", "CA2"]);
    assert!(page(2, 3).await.next.is_some());
    let last = page(5, 3).await;
    assert_eq!(sids(&last.calls), ["CA1", "CA0"]);
    assert_eq!(last.next, None);
    assert_eq!(page(9, 3).await.calls, []);
}

pub(crate) async fn the_operator_sees_the_calls_of_all_accounts_in_one_order(place: &impl Place) {
    let store = place.open().await;
    for number in 0..9 {
        let mut row = call(&format!("CA{number}"), 100 + number);
        if number % 3 != 0 {
            row = ended(row, 200);
        }
        if number % 2 == 0 {
            row.account = OTHER.into();
        }
        store.put_call(row);
    }
    let mut walked = Vec::new();
    let mut page = Page::first(2);
    loop {
        let part = store
            .calls(Scope::Operator, CallFilter::default(), page)
            .await
            .unwrap();
        walked.extend(part.calls.into_iter().map(|row| row.sid));
        let Some(after) = part.next else { break };
        page = Page {
            after: Some(after),
            ..Page::first(2)
        };
    }
    let wanted: Vec<String> = (0..9).rev().map(|number| format!("CA{number}")).collect();
    assert_eq!(walked, wanted);
}

pub(crate) async fn recordings_are_listed_newest_first(place: &impl Place) {
    let store = place.open().await;
    for number in 0..6 {
        let mut row = recording(&format!("RE{number}"), 100 + number);
        if number == 5 {
            row.call = "CA2".to_owned();
        }
        store.put_recording(row);
    }
    let list = async |filter: RecordingFilter, after: Option<Cursor>| -> Vec<String> {
        let found = store.recordings(MINE, filter, after, 0, 2).await.unwrap();
        found.into_iter().map(|row| row.sid).collect()
    };
    assert_eq!(list(RecordingFilter::default(), None).await, ["RE5", "RE4"]);
    let after = Cursor {
        created_at: 104,
        sid: "RE4".to_owned(),
    };
    let next = list(RecordingFilter::default(), Some(after)).await;
    assert_eq!(next, ["RE3", "RE2"]);
    let skipped = store
        .recordings(MINE, RecordingFilter::default(), None, 4, 9)
        .await
        .unwrap();
    let skipped: Vec<String> = skipped.into_iter().map(|row| row.sid).collect();
    assert_eq!(skipped, ["RE1", "RE0"]);
    assert_eq!(store.count_recordings().await.unwrap(), 6);
    let of_call = RecordingFilter {
        call: Some("CA1".to_owned()),
        ..RecordingFilter::default()
    };
    assert_eq!(list(of_call, None).await, ["RE4", "RE3"]);
    let old = RecordingFilter {
        ended: Span {
            from: None,
            before: Some(104),
        },
        ..RecordingFilter::default()
    };
    assert_eq!(list(old, None).await, ["RE1", "RE0"]);
}
