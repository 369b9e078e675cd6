//! What is kept of a call says as much as the call did, and is listed as the APIs ask.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hookflash_call::{CallKey, CallRecord, Ledger};
use hookflash_dialects::rest::{CallList, PageAsked};
use hookflash_dialects::{
    AnsweredBy, Application, Body, CallEnd, CallFacts, CallQuery, CallState, Dialect, Direction,
    EndedBy, HttpRequest, InviteFacts, Moment, OrderedRecording, Party, ReplyUse, Signing,
    StatusEvent, StatusEvents,
};
use hookflash_program::{Hook, HookMethod};
use hookflash_store::{CallRow, Next, Owed, Scope, micros};

use super::*;
use crate::config::Options as Given;
use crate::resolver::Names;
use crate::webhook::Webhooks;

const ACCOUNTS: [(&str, &str, Dialect); 4] = [
    ("AC1", "twiml", Dialect::Twiml),
    ("c2", "cxml", Dialect::Cxml),
    ("9900003", "bxml", Dialect::Bxml),
    ("j4", "jambonz", Dialect::Jambonz),
];

fn config() -> Config {
    let mut text = "[store]\nurl = \"sqlite::memory:\"\n".to_owned();
    for (sid, dialect, _) in ACCOUNTS {
        text.push_str(&format!(
            "[[accounts]]\nsid = \"{sid}\"\ndialect = \"{dialect}\"\nauth_token = \"key\"\n"
        ));
    }
    let folder = std::path::Path::new(".");
    Config::from_parts("t", &text, folder, &[], &Given::default()).unwrap()
}

fn party(user: &str) -> Party {
    Party {
        uri: format!("sip:{user}@example.com"),
        user: user.to_owned(),
        host: "example.com".to_owned(),
        display_name: "Ann \"x\" O’Hara".to_owned(),
    }
}

/// A time as rows can have it.
fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(1_795_255_200_000_001 + second * 1_000_000)
}

/// A call with everything that it may have.
fn facts(records: &Records, account: &str, sid: &str) -> CallFacts {
    let rules = records.rules();
    let account = rules.directory.account(account).unwrap().clone();
    let mut facts = CallFacts {
        sid: sid.to_owned(),
        application: Arc::new(Application {
            name: "it".to_owned(),
            sid: "AP1".to_owned(),
            account,
            url: "http://h/voice".to_owned(),
            method: HookMethod::Get,
            fallback_url: Some("http://h/fallback".to_owned()),
            status_callback: Some("http://h/status".to_owned()),
            events_url: None,
        }),
        direction: Direction::OutboundApi,
        from: party("+15550100"),
        to: party("+15550199"),
        sip_call_id: "a@b".to_owned(),
        source_ip: "192.0.2.1".to_owned(),
        local_address: "192.0.2.2:5060".to_owned(),
        trunk: Some("carrier".to_owned()),
        invite: Arc::new(InviteFacts::default()),
        parent_sid: Some("CA0".to_owned()),
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
        public_url: "http://me".into(),
        created_at: at(0),
        started_at: at(1),
        answered_at: Some(at(2)),
        ended_at: Some(at(9)),
        now: at(9),
        state: CallState::Ended(CallEnd {
            by: EndedBy::Peer,
            answered: true,
            sip_status: 200,
            sip_reason: "OK".to_owned(),
            cause: None,
            message: None,
        }),
        hooks: None,
        answered_by: Some(AnsweredBy::MachineEndBeep),
        recording: Some(Box::new(OrderedRecording {
            sid: "RE1".to_owned(),
            lasted: Some(Duration::from_millis(6_500)),
        })),
        tag: Some("a tag".to_owned()),
        tag_data: Some(Box::new(serde_json::json!({ "a": [1, null] }))),
    };
    let hooks = facts.change_hooks();
    let mut status = Hook::post("http://h/own");
    status.credentials = Some(("user".to_owned(), "password".to_owned()));
    status.fallback = Some(Box::new(Hook::post("/other")));
    hooks.status = Some(status);
    hooks.status_events = Some(
        [StatusEvent::Completed]
            .into_iter()
            .collect::<StatusEvents>(),
    );
    facts
}

/// A call as it is kept.
fn kept(record: &CallRecord) -> CallRow<'static> {
    row::look(record, |row| row.into_owned())
}

fn record(facts: CallFacts) -> Arc<CallRecord> {
    Arc::new(CallRecord::new(CallKey(1), Instant::now(), facts))
}

#[test]
fn what_is_kept_of_a_call_says_as_much_as_the_call_did() {
    let records = Records::open(&config()).unwrap();
    for (account, _, _) in ACCOUNTS {
        let facts = facts(&records, account, "CA1");
        let row = kept(&record(facts.clone()));
        assert_eq!(
            details::facts(&row, &records.rules().directory, facts.now),
            Some(facts)
        );
    }
}

#[test]
fn the_final_status_is_the_same_request_made_of_the_call_and_of_what_is_kept() {
    let records = Records::open(&config()).unwrap();
    for (account, _, dialect) in ACCOUNTS {
        let facts = facts(&records, account, "CA1");
        let moment = Moment::Status {
            event: StatusEvent::Completed,
            sequence: 0,
        };
        let told = dialect.request(&facts, "", &moment).unwrap();
        let row = kept(&record(facts.clone()));
        let promise = owed::promise_of_dead(&row, &records.rules(), facts.now).unwrap();
        let made = owed::request_of(&promise, Some(&row), &records.rules(), facts.now);
        assert_eq!(made.ok(), told, "{account}");
    }
}

#[test]
fn that_a_call_is_over_is_not_written_before_its_application_is_told_or_owed_that() {
    let records = Records::open(&config()).unwrap();
    let ending = record(facts(&records, "AC1", "CA1"));
    // Its transfer is still being told of, which may take long.
    records.call_changed(&ending, Turn::Transfer);
    records.bring_up_to_date();
    let kept = || on_a_thread(records.store.call(Scope::Operator, "CA1"));
    let row = kept().unwrap().unwrap().expect("it is in lists");
    // Otherwise its end would never be told after a crash.
    assert_ne!(row.state, hookflash_store::CallState::Ended);
    assert_eq!((row.end, row.ended_at), (None, None));
    records.call_changed(&ending, Turn::Ended);
    let row = kept().unwrap().unwrap().expect("it is still there");
    assert_eq!(row.state, hookflash_store::CallState::Ended);
}

#[test]
fn no_key_of_an_account_is_written_down() {
    let records = Records::open(&config()).unwrap();
    let mut facts = facts(&records, "AC1", "CA1");
    facts.hooks = None;
    let row = kept(&record(facts.clone()));
    let promise = owed::promise_of_dead(&row, &records.rules(), facts.now).unwrap();
    let written = format!("{row:?}{}", String::from_utf8_lossy(&promise.request));
    assert!(!written.contains("key"), "{written}");
}

#[test]
fn what_is_owed_of_an_account_that_is_gone_is_given_up_with_a_remedy() {
    let records = Records::open(&config()).unwrap();
    let facts = facts(&records, "AC1", "CA1");
    let row = kept(&record(facts.clone()));
    let promise = owed::promise_of_dead(&row, &records.rules(), facts.now).unwrap();
    let nobody = Rules::default();
    let unmade = owed::request_of(&promise, Some(&row), &nobody, facts.now).unwrap_err();
    let Next::Never { why, .. } = nobody.after_unmade(&promise, unmade, facts.now) else {
        panic!("it is given up");
    };
    assert!(why.contains("AC1 is not configured any more"), "{why}");
}

#[test]
fn what_is_owed_of_a_deleted_call_is_the_same_request_and_has_no_key() {
    let records = Records::open(&config()).unwrap();
    for (account, _, dialect) in ACCOUNTS {
        let facts = facts(&records, account, "CA1");
        let row = kept(&record(facts.clone()));
        let mut entry = owed::promise_of_dead(&row, &records.rules(), facts.now).unwrap();
        let told = owed::request_of(&entry, Some(&row), &records.rules(), facts.now).unwrap();
        entry.request = owed::carrying(&entry.request, &row);
        let made = owed::request_of(&entry, None, &records.rules(), facts.now);
        assert_eq!(made, Ok(told), "{dialect:?}");
        let text = String::from_utf8(entry.request).unwrap();
        assert!(!text.contains("\"key\""), "{text}");
    }
}

/// As the clerk does when a record is deleted between the entry and the look at the record.
#[test]
fn an_entry_that_was_handed_out_just_before_the_call_was_deleted_is_looked_at_again() {
    let records = Records::open(&config()).unwrap();
    let facts = facts(&records, "AC1", "CA1");
    let row = kept(&record(facts.clone()));
    let mut entry = owed::promise_of_dead(&row, &records.rules(), facts.now).unwrap();
    let unmade = owed::request_of(&entry, None, &records.rules(), facts.now).unwrap_err();
    let next = records
        .rules()
        .after_unmade(&entry, unmade.clone(), facts.now);
    assert!(matches!(next, Next::At { .. }), "{next:?}");
    // It is no dead letter for ever, either.
    entry.owed_at -= i64::try_from(records.rules().owed_for.as_micros()).unwrap();
    let next = records.rules().after_unmade(&entry, unmade, facts.now);
    assert!(matches!(next, Next::Never { .. }), "{next:?}");
}

/// The call ends and its application is owed the end, while somebody deletes its record.
struct Deleted {
    records: Records,
    record: Arc<CallRecord>,
    sid: String,
}

impl Deleted {
    fn new(records: &Records, sid: &str) -> Deleted {
        Deleted {
            records: records.clone(),
            record: record(facts(records, "AC1", sid)),
            sid: sid.to_owned(),
        }
    }

    fn end(&self) {
        self.records.call_changed(&self.record, Turn::Ended);
    }

    fn owe(&self) {
        drop(self.records.promise(&self.record, "http://h/status", at(9)));
    }

    async fn delete(&self) {
        self.record.forget();
        self.records.delete("AC1", &self.sid).await.unwrap();
    }

    async fn is_gone_and_its_end_can_be_told(&self) {
        self.end();
        // What became of the promise belongs to the record, if there is one.
        self.records.put(&self.record);
        let found = self.records.find("AC1", &self.sid).await;
        assert_eq!(found, Ok(None), "{}", self.sid);
        let owed = self.records.store.owed(Scope::Operator, 1_000, 0).await;
        let owed = owed.unwrap();
        let entry = owed.iter().find(|entry| entry.call == self.sid).unwrap();
        let made = owed::request_of(entry, None, &self.records.rules(), at(10));
        assert!(made.is_ok(), "{}: {made:?}", self.sid);
    }
}

#[tokio::test]
async fn a_call_that_is_deleted_is_gone_and_its_end_can_be_told() {
    let records = Records::open(&config()).unwrap();
    let after = Deleted::new(&records, "CA1");
    after.end();
    after.owe();
    after.delete().await;
    let between = Deleted::new(&records, "CA2");
    between.end();
    between.delete().await;
    between.owe();
    for call in [after, between] {
        call.is_gone_and_its_end_can_be_told().await;
    }
}

#[tokio::test]
async fn what_was_given_up_of_a_call_can_be_replayed_when_its_record_was_deleted_by_age() {
    let records = Records::open(&config()).unwrap();
    let old = Deleted::new(&records, "CA1");
    old.end();
    old.owe();
    let given_up = Next::Never {
        why: "404".to_owned(),
        at: 1,
    };
    records
        .store
        .failed("AC1", "CA1", owed::FINAL_STATUS, given_up);
    records.store.flush().await.unwrap();
    let (now, all) = (micros(SystemTime::now()), Scope::Operator);
    let swept = records.store.sweep_calls(all, now, 9, owed::carrying);
    assert_eq!(swept.await.unwrap(), 1);
    let letters = Default::default();
    assert_eq!(records.store.replay(all, letters, now).await.unwrap(), 1);
    let owed = records.store.owed(all, 9, 0).await.unwrap();
    assert_eq!(records.find("AC1", "CA1").await, Ok(None));
    let made = owed::request_of(&owed[0], None, &records.rules(), at(10));
    assert!(made.is_ok(), "{made:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_a_call_is_deleted_it_is_gone_and_its_end_can_be_told() {
    let records = Records::open(&config()).unwrap();
    for number in 0..200 {
        let call = Arc::new(Deleted::new(&records, &format!("CA{number}")));
        call.end();
        let deleted = Arc::clone(&call);
        let deleting = tokio::spawn(async move { deleted.delete().await });
        call.owe();
        deleting.await.unwrap();
        call.is_gone_and_its_end_can_be_told().await;
    }
}

#[test]
fn a_call_that_died_is_closed_by_what_is_known_of_it() {
    let records = Records::open(&config()).unwrap();
    let mut facts = facts(&records, "AC1", "CA1");
    facts.ended_at = None;
    for (state, answered_at, word) in [
        (CallState::InProgress, Some(at(2)), "completed"),
        (CallState::Ringing, None, "failed"),
    ] {
        facts.state = state;
        facts.answered_at = answered_at;
        let row = row::closed(kept(&record(facts.clone())), at(60));
        let closed = records.facts(&row).unwrap();
        assert_eq!(Dialect::Twiml.status_word(&closed), word);
        assert_eq!(closed.ended_at, Some(at(60)));
        assert_eq!(row.ended_at, Some(micros(at(60))));
        let CallState::Ended(end) = &closed.state else {
            panic!("it is over");
        };
        assert!(end.message.as_ref().unwrap().contains("server stopped"));
    }
}

#[test]
fn a_call_that_died_has_a_cause_of_bandwidths_own() {
    let records = Records::open(&config()).unwrap();
    let mut facts = facts(&records, "9900003", "c-1");
    facts.ended_at = None;
    for (state, answered_at) in [
        (CallState::InProgress, Some(at(2))),
        (CallState::Ringing, None),
    ] {
        facts.state = state;
        facts.answered_at = answered_at;
        let row = row::closed(kept(&record(facts.clone())), at(60));
        let closed = records.facts(&row).unwrap();
        let told = Dialect::Bxml.call_resource(&closed);
        assert_eq!(told["disconnectCause"], "error");
        let why = told["errorMessage"].as_str().unwrap();
        assert!(why.contains("server stopped"), "{why}");
    }
}

fn page(query: CallQuery, size: u32) -> CallList {
    CallList {
        query,
        oldest_first: false,
        live_always: false,
        page: PageAsked {
            size,
            number: 0,
            after: None,
        },
    }
}

#[tokio::test]
async fn calls_are_listed_by_the_words_of_their_dialect_and_by_their_own_account() {
    let records = Records::open(&config()).unwrap();
    for number in 0..6_u64 {
        let account = if number == 5 { "c2" } else { "AC1" };
        let mut facts = facts(&records, account, &format!("CA{number}"));
        facts.created_at = at(number);
        if number % 2 == 0 {
            facts.state = CallState::InProgress;
            facts.ended_at = None;
        }
        records.store.put_call(kept(&record(facts)));
    }
    let sids = |found: &list::CallsPage| -> Vec<String> {
        found.calls.iter().map(|facts| facts.sid.clone()).collect()
    };
    let twiml = Dialect::Twiml;
    let all = page(CallQuery::default(), 3);
    let ledger = Ledger::new(10);
    let first = records.list(&ledger, "AC1", twiml, &all).await;
    assert_eq!(sids(&first), ["CA4", "CA3", "CA2"]);
    let rest = CallList {
        page: PageAsked {
            after: first.next,
            ..all.page
        },
        ..all
    };
    let rest = records.list(&ledger, "AC1", twiml, &rest).await;
    assert_eq!(
        (sids(&rest), rest.next),
        (vec!["CA1".into(), "CA0".into()], None)
    );
    for (status, wanted) in [
        ("completed", vec!["CA3", "CA1"]),
        ("in-progress", vec!["CA4", "CA2", "CA0"]),
        ("busy", vec![]),
        ("no-such-word", vec![]),
    ] {
        let query = CallQuery {
            status: Some(status.to_owned()),
            ..CallQuery::default()
        };
        let found = records.list(&ledger, "AC1", twiml, &page(query, 9)).await;
        assert_eq!(sids(&found), wanted, "{status}");
    }
    assert!(records.find("c2", "CA5").await.unwrap().is_some());
    assert!(records.find("AC1", "CA5").await.unwrap().is_none());
    assert!(!records.delete("AC1", "CA5").await.unwrap());
    assert!(records.delete("c2", "CA5").await.unwrap());
    assert!(!records.delete("AC1", "CA4").await.unwrap(), "it runs");
}

#[tokio::test]
async fn calls_that_run_are_listed_before_newer_ones_that_are_over_where_only_they_count() {
    let records = Records::open(&config()).unwrap();
    for number in 0..9_u64 {
        let mut facts = facts(&records, "j4", &format!("C{number}"));
        facts.created_at = at(number);
        if [1, 3, 8].contains(&number) {
            facts.state = CallState::InProgress;
            facts.ended_at = None;
        }
        records.store.put_call(kept(&record(facts)));
    }
    let listed = async |size, live_always| -> Vec<String> {
        let wanted = CallList {
            live_always,
            ..page(CallQuery::default(), size)
        };
        let ledger = Ledger::new(10);
        let found = records.list(&ledger, "j4", Dialect::Jambonz, &wanted).await;
        found.calls.iter().map(|facts| facts.sid.clone()).collect()
    };
    assert_eq!(listed(4, true).await, ["C8", "C7", "C3", "C1"]);
    assert_eq!(listed(2, true).await, ["C8", "C3"]);
    assert_eq!(listed(4, false).await, ["C8", "C7", "C6", "C5"]);
    assert_eq!(listed(9, true).await.len(), 9);
}

/// As when the clerk comes late: behind the end, a state before it would be one that died.
#[test]
fn a_call_whose_end_is_promised_is_not_written_as_one_that_goes_on() {
    let records = Records::open(&config()).unwrap();
    let ending = record(facts(&records, "AC1", "CA1"));
    drop(records.promise(&ending, "http://h/status", at(9)));
    on_a_thread(records.store.flush()).unwrap().unwrap();
    records.call_changed(&ending, Turn::Transfer);
    records.bring_up_to_date();
    assert_eq!(records.health().waiting, 0, "nothing more is written");
    let row = on_a_thread(records.store.call(Scope::Operator, "CA1"));
    let row = row.unwrap().unwrap().expect("its end is");
    assert_eq!(row.state, hookflash_store::CallState::Ended);
}

#[test]
fn an_end_that_there_was_no_room_for_is_owed_when_it_could_not_be_delivered() {
    let mut options = Options::new("sqlite::memory:");
    options.batch_delay = Duration::from_secs(3_600);
    options.backlog_bytes = 64 << 10;
    let records = Records {
        store: on_a_thread(Store::open(options)).unwrap().unwrap(),
        ..Records::open(&config()).unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let filling = |place| Owed {
        account: "A".to_owned(),
        call: "C".to_owned(),
        place,
        target: String::new(),
        request: Vec::new(),
        owed_at: 0,
        due_at: 0,
        attempts: 0,
        last_error: None,
    };
    let mut places = 0..;
    let mut fits = || {
        let owing = records.store.owe(filling(places.next().unwrap()), None);
        runtime.block_on(owing).is_ok()
    };
    while fits() {}
    let dropped = records.health().dropped;
    assert!(dropped > 0, "what is refused is counted");

    let ended = record(facts(&records, "AC1", "CA1"));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let request = HttpRequest {
        purpose: "status",
        method: HookMethod::Post,
        url: format!("http://{}/status", nobody.local_addr().unwrap()),
        credentials: None,
        headers: Vec::new(),
        body: Body::None,
        signing: Signing::None,
        policy: crate::webhook::policy(),
        reply_use: ReplyUse::Ignored,
    };
    drop(nobody);
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let webhooks = Webhooks::new(Names::default(), true);
        records.owe(
            &webhooks,
            &ended,
            request,
            Box::new(|result| assert!(result.is_err())),
        );
        assert_eq!(records.health().dropped, dropped + 2, "nor for its row");
        // Before the request is sent there is room again.
        on_a_thread(records.store.flush()).unwrap().unwrap();
        webhooks.settled().await;
        let account = Scope::Account("AC1");
        let owed = records.store.owed(account, 9, 0).await.unwrap();
        let owed: Vec<_> = owed
            .iter()
            .map(|one| (&one.call[..], one.attempts))
            .collect();
        assert_eq!(owed, [("CA1", 1)]);
        assert!(records.store.call(account, "CA1").await.unwrap().is_some());
    });
}

#[test]
fn what_has_changed_is_taken_also_while_the_store_cannot_be_asked() {
    let records = Records::open(&config()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let setup = Setup { memory: None };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        records.close().await;
        assert!(records.store.unfinished_calls(1).await.is_err());
        let runs = Arc::new(record(facts(&records, "AC1", "CA1")));
        records.call_changed(&runs, Turn::Begun);
        records.call_changed(&runs, Turn::Answered);
        assert_eq!(records.changed().len(), 1, "once, however much has changed");
        // Longer than the clerk waits before it asks the store again.
        run(
            records.clone(),
            setup,
            tokio::time::sleep(Duration::from_secs(10)),
        )
        .await;
        assert!(records.changed().is_empty(), "a record is held for nothing");
    });
}
