//! Messages of an application on its WebSocket: never a panic, every complaint is a message of its
//! own, and nothing that a command brings can leave its line.

#![no_main]

mod call;

use hookflash_dialects::{CallAction, CallState, Dialect, Frame, FromApplication};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|bytes: &[u8]| {
    let socket = Dialect::Jambonz
        .application_socket()
        .expect("jambonz has one");
    let facts = call::call(Dialect::Jambonz, CallState::Trying);
    let frame = match std::str::from_utf8(bytes) {
        Ok(text) => Frame::Text(text.to_owned()),
        Err(_) => Frame::Binary(bytes.to_vec()),
    };
    match socket.read(&facts, &frame) {
        Ok(FromApplication::Reply { to, document }) => {
            assert!(!to.is_empty());
            // A number beyond all numbers is JSON all the same; the document is refused for it.
            let is_json = |text: String| serde_json::from_str::<&RawValue>(&text).is_ok();
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
