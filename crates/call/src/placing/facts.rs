//! What is known of a call before its INVITE leaves.

use std::sync::Arc;
use std::time::SystemTime;

use hookflash_dialects::{CallFacts, CallHooks, CallState, Direction, Party};

use crate::invite;
use crate::way::Placement;

/// The facts of a call that was asked for just now. `random` gives it its identifiers.
pub(crate) fn facts(placement: &Placement, random: (u128, u128), now: SystemTime) -> CallFacts {
    let order = &placement.order;
    let options = &placement.options;
    let from = &order.from;
    let display_name = from.display_name.clone().unwrap_or_default();
    let hooks = (order.hooks != CallHooks::default()).then(|| Box::new(order.hooks.clone()));
    CallFacts {
        sid: order
            .application
            .account
            .dialect
            .call_sid(invite::sid_bits(random.0, now)),
        application: Arc::clone(&order.application),
        direction: Direction::OutboundApi,
        from: named(&from.value, display_name),
        to: named(&order.to, String::new()),
        sip_call_id: String::new(),
        source_ip: String::new(),
        local_address: String::new(),
        trunk: None,
        invite: Arc::clone(&invite::NOTHING_LEFT),
        parent_sid: None,
        trace_id: format!("{:032x}", random.1),
        public_url: options.public_url.clone(),
        created_at: now,
        started_at: now,
        answered_at: None,
        ended_at: None,
        now,
        state: CallState::Queued,
        hooks,
        answered_by: None,
        recording: None,
        tag: order.tag.clone().filter(|tag| !tag.is_empty()),
        tag_data: order.tag_data.clone().map(Box::new),
    }
}

/// A party as the API named it: a URI has parts, a number or a user stands for itself.
fn named(text: &str, display_name: String) -> Party {
    let text = text.trim();
    let is_uri = ["sip:", "sips:", "tel:"].iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    match is_uri {
        true => invite::party(text, display_name),
        false => Party {
            uri: text.to_owned(),
            user: text.to_owned(),
            host: String::new(),
            display_name,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_itself_and_a_uri_has_parts() {
        let number = named(" +441632960001 ", "Alice".to_owned());
        assert_eq!(number.uri, "+441632960001");
        assert_eq!(number.user, "+441632960001");
        assert_eq!(
            (number.host.as_str(), number.display_name.as_str()),
            ("", "Alice")
        );
        let uri = named("SIP:bob@example.com;x=y", String::new());
        assert_eq!(
            (uri.user.as_str(), uri.host.as_str()),
            ("bob", "example.com")
        );
        assert_eq!(uri.uri, "SIP:bob@example.com;x=y");
    }
}
