//! What an INVITE tells about a call.

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use hookflash_dialects::{CallFacts, CallState, Dialect, Direction, InviteFacts, Party};
use hookflash_sip::header::NameAddr;
use hookflash_sip::wire_text::{display_text, from_wire};
use hookflash_sip::{Flow, Name, Request, Scheme, UriRef};

use crate::options::CallOptions;

/// The facts of a call that has just come in. `random` gives the call its identifiers.
pub(crate) fn facts(
    invite: &Request,
    flow: Flow,
    options: &CallOptions,
    random: (u128, u128),
    now: SystemTime,
) -> CallFacts {
    let dialect = options.application.account.dialect;
    let headers = invite.headers();
    CallFacts {
        sid: dialect.call_sid(sid_bits(random.0, now)),
        application: Arc::clone(&options.application),
        direction: Direction::Inbound,
        from: headers
            .get(Name::From)
            .map(calling_party)
            .unwrap_or_default(),
        to: party(invite.uri(), String::new()),
        sip_call_id: headers.get(Name::CallId).unwrap_or_default().to_owned(),
        source_ip: flow.remote.ip().to_canonical().to_string(),
        local_address: flow.local.to_string(),
        trunk: options.trunk.clone(),
        invite: Arc::new(invite_facts(invite, dialect)),
        parent_sid: None,
        trace_id: format!("{:032x}", random.1),
        public_url: options.public_url.clone(),
        created_at: now,
        started_at: now,
        answered_at: None,
        ended_at: None,
        now,
        hooks: None,
        answered_by: None,
        recording: None,
        state: CallState::Trying,
        tag: None,
        tag_data: None,
    }
}

/// The bits of a call's identifier: 48 of the time in milliseconds, as RFC 9562 has it in version 7
/// of UUIDs, and 80 that nobody can guess. So identifiers of calls sort nearly as the calls were
/// made, and an index of them grows at its end.
pub(crate) fn sid_bits(random: u128, now: SystemTime) -> u128 {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    (millis << 80) | (random & ((1 << 80) - 1))
}

/// What most calls keep of their INVITE; shared, because they are many.
pub(crate) static NOTHING_LEFT: LazyLock<Arc<InviteFacts>> = LazyLock::new(Arc::default);

/// Lets go of what no later request of this call carries, once the first document is there: the
/// INVITE is the largest thing that a held call would keep.
pub(crate) fn drop_what_is_told(facts: &mut CallFacts) {
    let dialect = facts.application.account.dialect;
    if dialect == Dialect::Jambonz && facts.application.events_url.is_some() {
        // Voice Gateway events carry the whole first request until the end of the call.
        return;
    }
    let headers = facts.invite.headers.iter();
    let kept: Vec<_> = headers
        .filter(|(name, _)| dialect.tells_header_again(name))
        .cloned()
        .collect();
    facts.invite = if kept.is_empty() {
        Arc::clone(&NOTHING_LEFT)
    } else {
        Arc::new(InviteFacts {
            headers: kept,
            ..InviteFacts::default()
        })
    };
}

fn invite_facts(invite: &Request, dialect: Dialect) -> InviteFacts {
    let headers = invite.headers();
    let whole = dialect == Dialect::Jambonz;
    let told = headers
        .iter()
        .filter(|(name, _)| dialect.tells_header(name.as_str()));
    let told = told
        .map(|(name, value)| (name.as_str().to_owned(), readable(value)))
        .collect();
    if !whole {
        return InviteFacts {
            headers: told,
            ..InviteFacts::default()
        };
    }
    InviteFacts {
        method: invite.method().as_str().to_owned(),
        uri: readable(invite.uri()),
        version: "2.0".to_owned(),
        headers: told,
        body: readable(&from_wire(invite.body())),
        content_type: headers.get(Name::ContentType).map(str::to_owned),
        raw: readable(&from_wire(&invite.to_bytes())),
    }
}

/// Text for an application: bytes that were not UTF-8 on the wire are read as Latin-1.
fn readable(text: &str) -> String {
    display_text(text).into_owned()
}

pub(crate) fn calling_party(from: &str) -> Party {
    match NameAddr::parse(from) {
        Ok(from) => {
            let display = from
                .display()
                .map(|name| name.into_owned())
                .unwrap_or_default();
            party(from.uri, display)
        }
        Err(_) => party(from, String::new()),
    }
}

/// A URI's parts. What cannot be read is kept whole.
pub(crate) fn party(uri: &str, display_name: String) -> Party {
    let Ok(parsed) = UriRef::borrowed(uri) else {
        return Party {
            uri: readable(uri),
            display_name: readable(&display_name),
            ..Party::default()
        };
    };
    let (user, host) = match parsed.scheme() {
        Scheme::Sip | Scheme::Sips => (
            parsed
                .user_text()
                .map(|user| user.into_owned())
                .unwrap_or_default(),
            parsed.host().to_owned(),
        ),
        Scheme::Tel => {
            let number = uri.split_once(':').map_or("", |(_, rest)| rest);
            (
                number.split(';').next().unwrap_or_default().to_owned(),
                String::new(),
            )
        }
        Scheme::Other => Default::default(),
    };
    Party {
        uri: readable(uri),
        user: readable(&user),
        host,
        display_name: readable(&display_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_taken_apart_and_its_uri_kept_as_written() {
        let alice =
            calling_party("\"Alice \\\"A\\\" B\" <sip:al%20ice@[2001:db8::1]:5080;x=y>;tag=1");
        assert_eq!(alice.uri, "sip:al%20ice@[2001:db8::1]:5080;x=y");
        assert_eq!(alice.user, "al ice");
        assert_eq!(alice.host, "[2001:db8::1]");
        assert_eq!(alice.display_name, "Alice \"A\" B");
    }

    #[test]
    fn a_latin_1_name_is_told_as_it_reads() {
        let caller = from_wire(b"\"J\xf6rg\" <sip:j@example.com>;tag=1").into_owned();
        assert_eq!(calling_party(&caller).display_name, "Jörg");
    }

    #[test]
    fn a_tel_uri_is_a_number_without_a_host() {
        let caller = calling_party("<tel:+441632960123;phone-context=x>;tag=1");
        assert_eq!(
            (caller.user.as_str(), caller.host.as_str()),
            ("+441632960123", "")
        );
    }

    #[test]
    fn an_unreadable_address_is_kept_whole() {
        assert_eq!(calling_party("???").uri, "???");
    }
}
