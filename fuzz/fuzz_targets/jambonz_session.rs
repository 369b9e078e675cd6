//! Messages of an application on its WebSocket: never a panic, every complaint is a message of its
//! own, and nothing that a command brings can leave its line.

#![no_main]

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use hookflash_dialects::{
    Account, Application, CallAction, CallFacts, CallState, Dialect, Direction, Frame,
    FromApplication, Party,
};
use hookflash_program::HookMethod;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let socket = Dialect::Jambonz
        .application_socket()
        .expect("jambonz has one");
    let facts = facts();
    let frame = match std::str::from_utf8(bytes) {
        Ok(text) => Frame::Text(text.to_owned()),
        Err(_) => Frame::Binary(bytes.to_vec()),
    };
    match socket.read(&facts, &frame) {
        Ok(FromApplication::Reply { to, document }) => {
            assert!(!to.is_empty());
            let is_json = |text: String| serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert!(document.is_none_or(is_json));
        }
        Ok(FromApplication::Command(command)) => {
            assert!(!command.updates.is_empty());
            for update in command.updates {
                check(update.action);
            }
        }
        Err(complaint) => {
            let text: serde_json::Value =
                serde_json::from_str(&complaint.text("id")).expect("a message");
            assert_eq!(text["type"], "jambonz:error");
            assert_eq!(text["data"]["msg"], "InvalidMessage");
            assert!(text["data"]["details"].is_string());
        }
    }
});

fn check(action: Option<CallAction>) {
    match action {
        Some(CallAction::SipRequest(request)) => {
            for (name, value) in &request.headers {
                assert!(!name.is_empty() && !name.contains([':', '\r', '\n']));
                assert!(!value.contains(['\r', '\n', '\0']));
            }
        }
        Some(CallAction::Run(program) | CallAction::Append(program)) => {
            assert!(!program.steps.is_empty());
        }
        _ => {}
    }
}

fn facts() -> CallFacts {
    CallFacts {
        sid: "01234567-89ab-4def-8123-456789abcdef".to_owned(),
        application: Arc::new(Application {
            name: "support".to_owned(),
            sid: String::new(),
            account: Account {
                sid: String::new(),
                dialect: Dialect::Jambonz,
                signing_key: String::new(),
                callback_credentials: None,
            },
            url: "ws://app.example/".to_owned(),
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
        invite: Arc::default(),
        parent_sid: None,
        trace_id: String::new(),
        public_url: Arc::default(),
        created_at: UNIX_EPOCH,
        started_at: UNIX_EPOCH,
        answered_at: None,
        ended_at: None,
        now: UNIX_EPOCH,
        state: CallState::Trying,
        hooks: None,
        answered_by: None,
        recording: None,
        tag: None,
        tag_data: None,
    }
}
