//! An account to ask in the name of, and what holds for every request.

use std::sync::Arc;

use hookflash_dialects::rest::{ApiBody, ApiFault, Directory, Listing};
use hookflash_dialects::{Account, Application, CallFacts, Dialect};
use hookflash_program::HookMethod;

pub struct Desk {
    account: Account,
}

impl Desk {
    pub fn of(dialect: Dialect) -> Desk {
        Desk {
            account: Account {
                sid: "AC1".to_owned(),
                dialect,
                signing_key: String::new(),
                callback_credentials: None,
            },
        }
    }
}

impl Directory for Desk {
    fn account(&self) -> &Account {
        &self.account
    }

    fn application(&self, named: &str) -> Option<Arc<Application>> {
        (named == "app-1").then(|| {
            Arc::new(Application {
                name: "support".to_owned(),
                sid: "app-1".to_owned(),
                account: self.account.clone(),
                url: "https://app.example.com/".to_owned(),
                method: HookMethod::Post,
                fallback_url: None,
                status_callback: None,
                events_url: None,
            })
        })
    }
}

fn is_refusal(fault: &ApiFault) {
    assert!((400..500).contains(&fault.status));
    assert!(!fault.message.is_empty());
}

fn is_line(text: &str) -> bool {
    !text.contains(['\r', '\n', '\0'])
}

pub fn check(desk: &Desk, body: ApiBody<'_>) {
    let dialect = desk.account.dialect;
    match dialect.read_order(desk, body) {
        Ok(new) => {
            let order = new.order;
            assert!(is_line(&order.to) && is_line(&order.from.value));
            assert!(order.from.display_name.as_deref().is_none_or(is_line));
            assert!(order.from.host.as_deref().is_none_or(is_line));
            for (name, value) in &order.headers {
                assert!(!name.is_empty() && !name.contains([':', ' ']));
                assert!(is_line(name) && is_line(value));
            }
        }
        Err(fault) => is_refusal(&fault),
    }
    match dialect.read_update(body) {
        Ok(updates) => assert!(!updates.is_empty()),
        Err(fault) => is_refusal(&fault),
    }
    if let Err(fault) = dialect.read_recording(body) {
        is_refusal(&fault);
    }
    if let Err(fault) = dialect.read_recording_change(body) {
        is_refusal(&fault);
    }
}

pub fn check_list(dialect: Dialect, query: &[(String, String)]) {
    match dialect.read_list(query) {
        Ok(wanted) => {
            assert!(wanted.page.size > 0);
            let listing = Listing {
                path: "/Calls",
                query,
                next: wanted.page.after.clone(),
                page: &wanted.page,
                public_url: "",
            };
            let none: [CallFacts; 0] = [];
            for (name, value) in dialect.call_list(&none, listing).headers {
                assert!(is_line(name) && is_line(&value));
            }
        }
        Err(fault) => is_refusal(&fault),
    }
    match dialect.read_recording_list(query) {
        Ok(wanted) => assert!(wanted.page.size > 0),
        Err(fault) => is_refusal(&fault),
    }
}
