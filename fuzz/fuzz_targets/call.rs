//! A call for what is read or asked in its name.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use hookflash_dialects::{
    Account, Application, CallFacts, CallState, Dialect, Direction, InviteFacts, Party,
};
use hookflash_program::HookMethod;

/// Of an application in this dialect; it came in, and nothing else is known of it.
pub fn call(dialect: Dialect, state: CallState) -> CallFacts {
    CallFacts {
        sid: dialect.call_sid(1),
        application: Arc::new(Application {
            name: "fuzz".to_owned(),
            sid: dialect.application_sid(2),
            account: Account {
                sid: "account".to_owned(),
                dialect,
                signing_key: "key".to_owned(),
                callback_credentials: None,
            },
            url: "http://127.0.0.1:3000/a".to_owned(),
            method: HookMethod::Post,
            fallback_url: None,
            status_callback: None,
            events_url: None,
        }),
        direction: Direction::Inbound,
        from: Party::default(),
        to: Party::default(),
        sip_call_id: String::new(),
        source_ip: String::new(),
        local_address: String::new(),
        trunk: None,
        invite: Arc::new(InviteFacts::default()),
        parent_sid: None,
        trace_id: String::new(),
        public_url: Arc::default(),
        created_at: UNIX_EPOCH,
        started_at: UNIX_EPOCH,
        answered_at: None,
        ended_at: None,
        now: UNIX_EPOCH,
        state,
        hooks: None,
        answered_by: None,
        recording: None,
        tag: None,
        tag_data: None,
    }
}
