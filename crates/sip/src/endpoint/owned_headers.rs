//! Which headers an application may set, and that nothing it gives can break a message.

use super::command::CommandError;
use crate::header::{Name, NameAddr};
use crate::headers::Headers;

/// Headers that the stack writes; an application that could set them would break dialogs.
const OWNED: &[Name<'static>] = &[
    Name::Via,
    Name::From,
    Name::To,
    Name::CallId,
    Name::CSeq,
    Name::Contact,
    Name::Route,
    Name::RecordRoute,
    Name::MaxForwards,
    Name::ContentLength,
    Name::ContentType,
    Name::ContentEncoding,
    Name::ContentTransferEncoding,
    Name::Authorization,
    Name::ProxyAuthorization,
    Name::ReferTo,
    Name::ReferSub,
    Name::Event,
    Name::SubscriptionState,
    Name::Supported,
    Name::Allow,
    Name::SessionExpires,
    Name::MinSe,
    Name::RSeq,
    Name::RAck,
];

/// Whether a header is the stack's, in any spelling. All others, identity and privacy among them
/// (P-Asserted-Identity, Remote-Party-ID, Privacy, Diversion, History-Info, User-to-User), may be
/// given.
pub fn is_owned_header(name: &str) -> bool {
    OWNED.contains(&Name::from(name))
}

/// Checks headers that an application gave.
pub(super) fn check_extra(extra: &[(String, String)]) -> Result<(), CommandError> {
    check(extra, &[])
}

/// As [`check_extra`], for a final response: a redirection names where to call instead.
pub(super) fn check_refusal(status: u16, extra: &[(String, String)]) -> Result<(), CommandError> {
    let allowed: &[Name<'static>] = if (300..400).contains(&status) {
        &[Name::Contact]
    } else {
        &[]
    };
    check(extra, allowed)
}

/// As [`check_extra`], for the answer to a REGISTER: the bindings are Contacts.
pub(super) fn check_register_answer(extra: &[(String, String)]) -> Result<(), CommandError> {
    check(extra, &[Name::Contact])
}

fn check(extra: &[(String, String)], allowed: &[Name<'static>]) -> Result<(), CommandError> {
    let mut scratch = Headers::default();
    for (name, value) in extra {
        let known = Name::from(name.as_str());
        if OWNED.contains(&known) && !allowed.contains(&known) {
            return Err(CommandError::OwnedHeader(name.clone()));
        }
        scratch.try_push(known, value)?;
    }
    Ok(())
}

/// Checks an address value that is written as it is.
pub(super) fn check_address(what: &'static str, value: &str) -> Result<(), CommandError> {
    Headers::default().try_push(what, value)?;
    match NameAddr::parse(value) {
        Ok(_) => Ok(()),
        Err(problem) => Err(CommandError::BadAddress { what, problem }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, value: &str) -> bool {
        check_extra(&[(name.to_owned(), value.to_owned())]).is_err()
    }

    #[test]
    fn c6_headers_of_the_stack_are_refused_in_long_and_short_form() {
        assert!(refused("Via", "x") && refused("v", "x") && refused("CONTACT", "<sip:a@b>"));
        assert!(refused("e", "gzip") && refused("b\r", "<sip:a@b>"));
        assert!(!refused("X-Account", "17") && !refused("User-to-User", "aa;encoding=hex"));
    }

    #[test]
    fn c5_line_ends_cannot_get_into_a_message() {
        assert!(refused("X-A", "1\r\nVia: x") && refused("X-A\n", "1") && refused("X-A", "\0"));
        assert!(check_address("Refer-To", "<sip:a@b>\r\nVia: x").is_err());
    }

    #[test]
    fn a_redirection_may_name_contacts() {
        let contact = [("Contact".to_owned(), "<sip:a@b>".to_owned())];
        assert!(check_refusal(302, &contact).is_ok() && check_refusal(486, &contact).is_err());
    }
}
