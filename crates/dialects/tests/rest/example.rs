//! An account to ask in the name of, and a call that it placed.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hookflash_dialects::rest::{ApiBody, ApiFault, Directory, NewCall};
use hookflash_dialects::{
    Account, Application, CallEnd, CallFacts, CallOrder, CallState, CallUpdate, Dialect, Direction,
    EndedBy, InviteFacts, Party,
};
use hookflash_program::HookMethod;
use serde_json::Value;

/// The configuration of one account.
pub(crate) struct Desk {
    account: Account,
    application: Arc<Application>,
}

impl Desk {
    pub(crate) fn of(dialect: Dialect) -> Desk {
        let account = Account {
            sid: match dialect {
                Dialect::Twiml => "AC00000000000000000000000000000001",
                Dialect::Cxml => "00000000-0000-0000-0000-000000000001",
                Dialect::Bxml => "9900000",
                Dialect::Jambonz => "22222222-2222-4222-8222-222222222222",
            }
            .to_owned(),
            dialect,
            signing_key: "key".to_owned(),
            callback_credentials: None,
        };
        let application = Application {
            name: "support".to_owned(),
            sid: "app-1".to_owned(),
            account: account.clone(),
            url: "https://app.example.com/voice".to_owned(),
            method: HookMethod::Post,
            fallback_url: Some("https://app.example.com/fallback".to_owned()),
            status_callback: Some("https://app.example.com/status".to_owned()),
            events_url: None,
        };
        Desk {
            account,
            application: Arc::new(application),
        }
    }
}

impl Directory for Desk {
    fn account(&self) -> &Account {
        &self.account
    }

    fn application(&self, named: &str) -> Option<Arc<Application>> {
        let known = [&self.application.name, &self.application.sid];
        known
            .iter()
            .any(|known| *known == named)
            .then(|| Arc::clone(&self.application))
    }
}

pub(crate) fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Reads a form as the request for a new call.
pub(crate) fn form(dialect: Dialect, pairs: &[(&str, &str)]) -> Result<NewCall, ApiFault> {
    let fields = fields(pairs);
    dialect.read_order(&Desk::of(dialect), ApiBody::Form(&fields))
}

/// Reads JSON as the request for a new call.
pub(crate) fn json(dialect: Dialect, value: &Value) -> Result<NewCall, ApiFault> {
    let text = value.to_string();
    dialect.read_order(&Desk::of(dialect), ApiBody::Json(text.as_bytes()))
}

pub(crate) fn form_order(dialect: Dialect, pairs: &[(&str, &str)]) -> CallOrder {
    match form(dialect, pairs) {
        Ok(new) => new.order,
        Err(fault) => panic!("{fault:?}"),
    }
}

pub(crate) fn json_order(dialect: Dialect, value: &Value) -> CallOrder {
    match json(dialect, value) {
        Ok(new) => new.order,
        Err(fault) => panic!("{fault:?}"),
    }
}

pub(crate) fn form_update(
    dialect: Dialect,
    pairs: &[(&str, &str)],
) -> Result<Vec<CallUpdate>, ApiFault> {
    dialect.read_update(ApiBody::Form(&fields(pairs)))
}

pub(crate) fn json_update(dialect: Dialect, value: &Value) -> Result<Vec<CallUpdate>, ApiFault> {
    dialect.read_update(ApiBody::Json(value.to_string().as_bytes()))
}

/// Saturday, 21 November 2026, 10:00:00 UTC, and so many milliseconds.
pub(crate) fn at(milliseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_255_200) + Duration::from_millis(milliseconds)
}

pub(crate) fn party(user: &str, host: &str) -> Party {
    Party {
        uri: format!("sip:{user}@{host}"),
        user: user.to_owned(),
        host: host.to_owned(),
        display_name: String::new(),
    }
}

/// A call that the API asked for at 10:00:00.000, whose INVITE left 20 ms later and which was
/// answered after three seconds.
pub(crate) fn placed(dialect: Dialect) -> CallFacts {
    CallFacts {
        sid: dialect.call_sid(1),
        application: Arc::clone(&Desk::of(dialect).application),
        direction: Direction::OutboundApi,
        from: party("+15550001111", "voice.example.com"),
        to: party("bob", "phones.example.com"),
        sip_call_id: "1@voice.example.com".to_owned(),
        source_ip: String::new(),
        local_address: "192.0.2.1:5060".to_owned(),
        trunk: None,
        invite: Arc::new(InviteFacts::default()),
        parent_sid: None,
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        public_url: "https://voice.example.com".into(),
        created_at: at(0),
        started_at: at(20),
        answered_at: Some(at(3000)),
        ended_at: None,
        now: at(5000),
        state: CallState::InProgress,
        hooks: None,
        answered_by: None,
        recording: None,
        tag: None,
        tag_data: None,
    }
}

/// The same call, over.
pub(crate) fn over(dialect: Dialect, by: EndedBy, answered: bool, sip_status: u16) -> CallFacts {
    CallFacts {
        answered_at: answered.then(|| at(3000)),
        ended_at: Some(at(68_000)),
        now: at(68_000),
        state: CallState::Ended(CallEnd {
            by,
            answered,
            sip_status,
            sip_reason: "Reason".to_owned(),
            cause: None,
            message: None,
        }),
        ..placed(dialect)
    }
}
