//! What every database must do. Each file holds behaviours; `behaviours!` makes them tests of one
//! database, and `surviving!` those that need one which outlives its process.

use std::future::Future;

use hookflash_store::{
    CallEnd, CallRow, CallState, Direction, EndedBy, LegRow, Options, Owed, RecordingRow, Store,
    TransferRow, WebhookRow,
};

pub(crate) mod deletion;
pub(crate) mod lists;
pub(crate) mod outbox;
pub(crate) mod records;
pub(crate) mod restarts;
pub(crate) mod tenancy;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const OTHER: &str = "AC00000000000000000000000000000002";

/// The table that says how far the schema is.
pub(crate) const VERSIONS: &str = "CREATE TABLE hookflash_schema \
     (version BIGINT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)";

/// A database of a test's own.
pub(crate) trait Place {
    fn options(&self) -> Options;

    /// Marks the database as made by a later version.
    fn pretend_later_version(&self) -> impl Future<Output = ()>;

    /// Makes the database as the second version of the schema had it, and runs `sql` on it, in
    /// which `BYTES` is the type of bytes.
    fn as_of_second_version(&self, sql: &str) -> impl Future<Output = ()>;

    fn open(&self) -> impl Future<Output = Store> {
        let options = self.options();
        async { Store::open(options).await.expect("the store opens") }
    }
}

macro_rules! behaviours {
    ($place:path) => {
        $crate::suite::tests! { $place;
            records::a_call_is_found_as_it_was_put,
            records::the_latest_state_of_a_call_wins,
            records::a_call_keeps_what_belongs_to_it_while_it_runs_and_afterwards,
            records::a_call_that_is_over_stays_over_and_learns_of_late_news,
            records::who_waits_for_a_call_is_told_when_it_is_written,
            records::text_that_a_database_would_refuse_is_kept,
            records::a_recording_is_found_as_it_was_put,
            tenancy::a_call_is_seen_by_its_own_account_only,
            tenancy::two_accounts_may_use_the_same_identifiers,
            tenancy::what_is_owed_is_settled_for_its_own_account_only,
            lists::every_filter_finds_what_it_says,
            lists::new_calls_do_not_move_the_next_page,
            lists::a_page_by_number_is_a_slice_of_the_list,
            lists::the_operator_sees_the_calls_of_all_accounts_in_one_order,
            lists::recordings_are_listed_newest_first,
            outbox::one_that_is_owed_is_the_callers_and_one_that_is_left_behind_it_waits,
            outbox::one_that_is_left_is_handed_out_to_whoever_asks,
            outbox::one_that_failed_is_tried_again_at_its_time,
            outbox::a_lower_place_goes_first,
            outbox::a_call_whose_request_fails_holds_up_no_other,
            outbox::owing_the_same_again_changes_nothing,
            outbox::one_that_is_given_up_can_be_listed_and_replayed,
            outbox::dead_letters_are_found_by_call_and_time_and_can_be_discarded,
            outbox::the_oldest_dead_letters_go_when_there_are_too_many,
            outbox::one_whose_holder_says_nothing_falls_due_again,
            outbox::a_waiting_deliverer_is_woken,
            outbox::one_that_is_delivered_at_once_is_never_in_the_outbox,
            deletion::a_call_that_is_over_can_be_deleted_and_one_that_runs_cannot,
            deletion::late_news_of_a_deleted_call_does_not_bring_it_back,
            deletion::what_is_owed_of_a_deleted_call_takes_along_what_it_needs,
            deletion::calls_of_which_something_is_owed_stay,
            deletion::what_was_given_up_of_an_old_call_takes_along_what_it_needs,
            deletion::in_memory_the_calls_that_ended_last_are_kept,
            deletion::old_calls_go_a_few_at_a_time,
            deletion::a_deleted_recording_is_gone,
        }
    };
}

macro_rules! surviving {
    ($place:path) => {
        $crate::suite::tests! { $place;
            restarts::what_was_put_is_there_after_closing,
            restarts::what_was_held_is_due_after_a_restart,
            restarts::what_was_in_the_journal_only_is_there_after_a_crash,
            restarts::late_news_in_the_journal_does_not_bring_back_what_another_server_deleted,
            restarts::what_the_second_version_left_in_its_journal_is_there,
            restarts::calls_that_died_are_those_of_this_node_from_before,
            restarts::two_servers_never_hold_the_same_request,
            restarts::a_database_of_a_later_version_is_left_alone,
        }
    };
}

macro_rules! tests {
    ($place:path; $($file:ident :: $name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::suite::$file::$name(&$place().await).await;
            }
        )*
    };
}

pub(crate) use {behaviours, surviving, tests};

/// A call that was made at `created_at` and runs.
pub(crate) fn call(sid: &str, created_at: i64) -> CallRow<'static> {
    CallRow {
        account: ACCOUNT.into(),
        sid: sid.to_owned().into(),
        application: "AP1".into(),
        parent: None,
        direction: Direction::Inbound,
        from: "+15550100".into(),
        to: "+15550199".into(),
        state: CallState::InProgress,
        end: None,
        created_at,
        started_at: Some(created_at),
        answered_at: Some(created_at + 5),
        ended_at: None,
        legs: Vec::new(),
        transfers: Vec::new(),
        webhooks: Vec::new(),
        details: Some(r#"{"statusCallback":"http://127.0.0.1/status"}"#.into()),
    }
}

/// The same call with everything that may belong to one.
pub(crate) fn with_parts(mut call: CallRow<'static>) -> CallRow<'static> {
    call.legs = vec![leg("a"), leg("b")];
    call.transfers = vec![transfer(&call.sid)];
    call.webhooks = vec![webhook(200), webhook(503)];
    call
}

/// The same call after its peer has hung up.
pub(crate) fn ended(mut call: CallRow<'static>, ended_at: i64) -> CallRow<'static> {
    call.state = CallState::Ended;
    call.end = Some(CallEnd {
        by: EndedBy::Peer,
        answered: true,
        sip_status: 200,
        sip_reason: "OK".into(),
        cause: None,
        message: None,
    });
    call.ended_at = Some(ended_at);
    call
}

fn leg(id: &str) -> LegRow<'static> {
    LegRow {
        id: id.to_owned().into(),
        direction: Direction::Inbound,
        sip_call_id: format!("call-{id}").into(),
        uri: None,
        transport: Some("udp".into()),
        local: Some("127.0.0.1:5060".into()),
        remote: Some("127.0.0.1:5070".into()),
        trunk: None,
        codec: Some("PCMU".into()),
        sip_status: 200,
        started_at: 1,
        answered_at: Some(2),
        ended_at: None,
    }
}

fn transfer(call: &str) -> TransferRow<'static> {
    TransferRow {
        id: format!("{call}-transfer-1").into(),
        kind: "blind".into(),
        target: "sip:bob@example.com".into(),
        refer_status: Some(202),
        notify_statuses: vec![100, 180, 486].into(),
        final_notify_status: Some(486),
        late_notify_statuses: Vec::new().into(),
        end: Some("final".into()),
        outcome: Some("failed".into()),
        ended_by: Some("notify".into()),
        verdict: Some("The target was busy.".into()),
        started_at: 3,
        ended_at: Some(4),
    }
}

fn webhook(status: u16) -> WebhookRow<'static> {
    WebhookRow {
        purpose: Some("first".into()),
        method: Some("POST".into()),
        url: "http://127.0.0.1:3000/voice".into(),
        status: Some(status),
        error: (status != 200).then(|| ("11200".into(), "it failed".into())),
        started_at: 1,
        ended_at: Some(2),
    }
}

pub(crate) fn recording(sid: &str, started_at: i64) -> RecordingRow {
    RecordingRow {
        account: ACCOUNT.to_owned(),
        sid: sid.to_owned(),
        call: "CA1".to_owned(),
        state: "completed".to_owned(),
        source: "verb".to_owned(),
        format: "wav".to_owned(),
        channels: 2,
        size: 12_345,
        duration: 1_500_000,
        started_at,
        ended_at: Some(started_at + 2),
        details: None,
    }
}

/// A request of a call that is owed and due at once.
pub(crate) fn owed(call: &str, place: i64) -> Owed {
    Owed {
        account: ACCOUNT.to_owned(),
        call: call.to_owned(),
        place,
        target: "http://127.0.0.1:3000/status".to_owned(),
        request: br#"{"CallStatus":"completed"}"#.to_vec(),
        owed_at: 10,
        due_at: 10,
        attempts: 0,
        last_error: None,
    }
}

/// What a deleted call leaves to what is owed of it: nothing.
pub(crate) fn as_it_is(request: &[u8], _: &CallRow<'_>) -> Vec<u8> {
    request.to_vec()
}

/// The time now, as rows have it.
pub(crate) fn now() -> i64 {
    hookflash_store::micros(std::time::SystemTime::now())
}

pub(crate) fn sids<'a>(calls: &'a [CallRow<'_>]) -> Vec<&'a str> {
    calls.iter().map(|call| &*call.sid).collect()
}

/// Which requests these are: call and place.
pub(crate) fn ids(entries: &[Owed]) -> Vec<(&str, i64)> {
    entries
        .iter()
        .map(|entry| (entry.call.as_str(), entry.place))
        .collect()
}
