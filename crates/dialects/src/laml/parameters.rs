//! The parameters that every request about a call carries.
//!
//! Source: Twilio "TwiML for Programmable Voice" (request parameters) and "SIP and TwiML
//! interaction"; SignalWire "cXML voice overview".
//!
//! Choices where the vendors look things up in databases we do not have: places (`FromCity` and
//! so on) and `SipDomainSid` are left out, since an empty field says no more than a missing one;
//! `CallerName` is the caller's display name.

use crate::laml::vendor::Vendor;
use crate::rest::is_number;
use crate::{CallFacts, Dialect, Direction, Party};

/// Fields in sending order, names and values not yet encoded.
pub(crate) type Fields = Vec<(String, String)>;

/// Version of the API that both vendors name in their requests.
pub(crate) const API_VERSION: &str = "2010-04-01";

/// Appends a field.
pub(crate) fn push(fields: &mut Fields, name: &str, value: impl Into<String>) {
    fields.push((name.to_owned(), value.into()));
}

/// The standard parameters, with this word as `CallStatus`.
pub(crate) fn standard(vendor: &Vendor, facts: &CallFacts, status: &str) -> Fields {
    let (from, to) = parties(vendor, facts);
    let mut fields = Fields::with_capacity(24);
    push(&mut fields, "CallSid", &facts.sid);
    push(&mut fields, "AccountSid", &facts.application.account.sid);
    push(&mut fields, "ApiVersion", API_VERSION);
    push(&mut fields, "CallStatus", status);
    push(&mut fields, "Direction", direction_word(facts.direction));
    push(&mut fields, "From", &from);
    push(&mut fields, "To", &to);
    if vendor.dialect == Dialect::Twiml {
        push(&mut fields, "Caller", &from);
        push(&mut fields, "Called", &to);
    }
    if !facts.from.display_name.is_empty() {
        push(&mut fields, "CallerName", &facts.from.display_name);
    }
    if let Some(parent) = &facts.parent_sid {
        push(&mut fields, "ParentCallSid", parent);
    }
    if facts.direction == Direction::Inbound {
        if let Some(forwarder) = forwarded_from(facts) {
            push(&mut fields, "ForwardedFrom", forwarder);
        }
        inbound_sip(vendor, facts, &mut fields);
    } else if !facts.sip_call_id.is_empty() {
        push(&mut fields, "SipCallId", &facts.sip_call_id);
    }
    fields
}

/// `inbound`, `outbound-api` or `outbound-dial`.
pub(crate) fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::OutboundApi => "outbound-api",
        Direction::OutboundDial => "outbound-dial",
    }
}

/// From and To as an application knows them: numbers where there are any, else SIP URIs.
pub(crate) fn parties(vendor: &Vendor, facts: &CallFacts) -> (String, String) {
    let placed = facts.direction != Direction::Inbound;
    let of_trunk = facts.trunk.is_some();
    // The caller of a call that we placed was given as a number or as a name, and the called
    // party is a number where a trunk leads to it.
    let from = if placed { is_number } else { is_e164 };
    let to = if placed && of_trunk {
        is_number
    } else {
        is_e164
    };
    let numbers = vendor.numbers_first || of_trunk;
    (
        address(&facts.from, (numbers || placed).then_some(from)),
        address(&facts.to, numbers.then_some(to)),
    )
}

fn address(party: &Party, is_number: Option<fn(&str) -> bool>) -> String {
    if party.host.eq_ignore_ascii_case("anonymous.invalid") {
        return "anonymous".to_owned();
    }
    let scheme = party.uri.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_number = is_number.is_some_and(|is_number| is_number(&party.user));
    match is_number || scheme.eq_ignore_ascii_case("tel") {
        true => party.user.clone(),
        false => party.uri.clone(),
    }
}

/// A plus sign and 2 to 15 digits (ITU-T E.164).
fn is_e164(user: &str) -> bool {
    user.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn inbound_sip(vendor: &Vendor, facts: &CallFacts, fields: &mut Fields) {
    push(fields, "SipDomain", &facts.to.host);
    push(fields, "SipCallId", &facts.sip_call_id);
    push(fields, "SipSourceIp", &facts.source_ip);
    if vendor.dialect == Dialect::Cxml {
        push(fields, "SipUser", &facts.to.user);
    }
    let first = fields.len();
    for (name, value) in &facts.invite.headers {
        let user_to_user = name.eq_ignore_ascii_case("User-to-User");
        let custom = name
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("x-"));
        if !custom && !user_to_user {
            continue;
        }
        let field = match user_to_user {
            true => "SipHeader_User-to-User".to_owned(),
            false => format!("SipHeader_{name}"),
        };
        // One field for a repeated header: validators differ in how they sign repeated fields.
        let same = fields
            .iter_mut()
            .skip(first)
            .find(|(seen, _)| seen.eq_ignore_ascii_case(&field));
        match same {
            Some((_, values)) => {
                values.push_str(", ");
                values.push_str(value);
            }
            None => fields.push((field, value.clone())),
        }
    }
}

/// The number or URI of the first Diversion header (RFC 5806).
pub(crate) fn forwarded_from(facts: &CallFacts) -> Option<String> {
    let (_, value) = facts
        .invite
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("Diversion"))?;
    let uri = match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>')?.0,
        None => value.split(';').next()?.trim(),
    };
    let (_, rest) = uri.split_once(':')?;
    let user = rest.split(['@', ';']).next()?;
    Some(if is_e164(user) {
        user.to_owned()
    } else {
        uri.to_owned()
    })
}
