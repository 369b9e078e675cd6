//! The INVITE that a REFER asks for (RFC 3515 §2.4.3, RFC 3261 §19.1.5, RFC 3892 §2.2).

use bytes::Bytes;
use hookflash_sip::header::NameAddr;
use hookflash_sip::uri::unescape;
use hookflash_sip::{Name, OutgoingInvite, Request, Uri};

/// Why a REFER is not followed, and the status that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfollowable {
    pub(crate) status: u16,
    pub(crate) why: String,
}

/// Headers that a Refer-To must not set in the new INVITE: those that would make us lie about who
/// we are or where answers go (RFC 3261 §19.1.5), and those that our stack writes.
const DANGEROUS: [&str; 38] = [
    "from",
    "f",
    "to",
    "t",
    "call-id",
    "i",
    "cseq",
    "via",
    "v",
    "record-route",
    "route",
    "accept",
    "accept-encoding",
    "accept-language",
    "allow",
    "contact",
    "m",
    "organization",
    "supported",
    "k",
    "user-agent",
    "max-forwards",
    "authorization",
    "proxy-authorization",
    "content-length",
    "l",
    "content-type",
    "c",
    "session-expires",
    "x",
    "min-se",
    "event",
    "o",
    "refer-to",
    "r",
    "refer-sub",
    "subscription-state",
    "body",
];

/// The target of a REFER as it is shown.
pub(crate) fn target(refer: &Request) -> Result<String, Unfollowable> {
    let values: Vec<&str> = refer.headers().get_list(Name::ReferTo).collect();
    match values.as_slice() {
        [value] => match NameAddr::parse(value) {
            Ok(address) => Ok(address.uri.to_owned()),
            Err(problem) => Err(refused(400, format!("Refer-To {problem}"))),
        },
        [] => Err(refused(400, "no Refer-To".to_owned())),
        _ => Err(refused(400, "more than one Refer-To".to_owned())),
    }
}

/// Builds the INVITE that this REFER asks for.
pub(crate) fn invite(
    refer: &Request,
    from: String,
    offer: Bytes,
) -> Result<OutgoingInvite, Unfollowable> {
    let target = target(refer)?;
    let uri = Uri::parse(&target).map_err(|error| refused(400, error.to_string()))?;
    if !matches!(uri.scheme_text(), "sip" | "sips") {
        // A telephone number needs somebody who routes numbers, and this phone knows nobody.
        return Err(refused(
            603,
            format!("cannot call the scheme `{}`", uri.scheme_text()),
        ));
    }
    if let Some(method) = uri
        .param("method")
        .filter(|m| !m.eq_ignore_ascii_case("INVITE"))
    {
        return Err(refused(603, format!("will not send {method}")));
    }
    let mut headers: Vec<(String, String)> = uri
        .headers()
        .map(|(name, value)| (unescape(name).into_owned(), unescape(value).into_owned()))
        .filter(|(name, value)| {
            !DANGEROUS.contains(&name.to_ascii_lowercase().as_str())
                && !value.contains(char::is_control)
        })
        .collect();
    if let Some(referrer) = refer.headers().get(Name::ReferredBy) {
        headers.push(("Referred-By".to_owned(), referrer.to_owned()));
    }
    Ok(OutgoingInvite {
        uri: without_method(uri.without_headers()),
        to: format!("<{}>", without_method(uri.without_headers())),
        from,
        headers,
        body: Some(offer),
        ..OutgoingInvite::default()
    })
}

/// The URI without its `method` parameter, which has no place in a Request-URI.
fn without_method(uri: &str) -> String {
    uri.split(';')
        .enumerate()
        .filter(|(index, part)| *index == 0 || !part.to_ascii_lowercase().starts_with("method="))
        .map(|(_, part)| part)
        .collect::<Vec<_>>()
        .join(";")
}

fn refused(status: u16, why: String) -> Unfollowable {
    Unfollowable { status, why }
}

#[cfg(test)]
mod tests {
    use hookflash_sip::Method;

    use super::*;

    fn refer(refer_to: &[&str], referred_by: Option<&str>) -> Request {
        let mut request = Request::new(Method::Refer, "sip:phone@127.0.0.1");
        for value in refer_to {
            request.headers_mut().push(Name::ReferTo, value);
        }
        if let Some(value) = referred_by {
            request.headers_mut().push(Name::ReferredBy, value);
        }
        request
    }

    fn built(refer_to: &str) -> Result<OutgoingInvite, Unfollowable> {
        let refer = refer(&[refer_to], Some("<sip:boss@example.com>"));
        invite(&refer, "<sip:phone@127.0.0.1>".to_owned(), Bytes::new())
    }

    #[test]
    fn c116_the_request_uri_has_neither_headers_nor_method() {
        let invite =
            built("<sip:desk@192.0.2.4:5070;transport=udp;method=INVITE;x=1?X-Account=7>").unwrap();
        assert_eq!(invite.uri, "sip:desk@192.0.2.4:5070;transport=udp;x=1");
    }

    #[test]
    fn c117_headers_of_the_uri_become_headers_except_dangerous_ones() {
        let invite = built(
            "<sip:desk@192.0.2.4?User-to-User=31%3Bencoding%3Dhex&From=eve&Call-ID=1&body=x>",
        )
        .unwrap();
        assert_eq!(
            invite.headers,
            [
                ("User-to-User".to_owned(), "31;encoding=hex".to_owned()),
                (
                    "Referred-By".to_owned(),
                    "<sip:boss@example.com>".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn c117_escapes_do_not_smuggle_headers_or_line_ends_past_the_list() {
        let invite = built("<sip:desk@192.0.2.4?F%72om=eve&k=timer&X-A=1%0d%0aVia:%20x&X-B=2>");
        let headers = invite.unwrap().headers;
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["X-B", "Referred-By"]);
    }

    #[test]
    fn c100_none_or_two_targets_are_refused_with_400() {
        for targets in [&[][..], &["<sip:a@b.example>", "<sip:c@d.example>"][..]] {
            let refused = target(&refer(targets, None)).unwrap_err();
            assert_eq!(refused.status, 400, "{targets:?}");
        }
    }

    #[test]
    fn c102_schemes_and_methods_that_it_will_not_serve_are_declined() {
        for refer_to in [
            "<http://example.com/>",
            "<sip:a@b.example;method=BYE>",
            "<tel:+4912>",
        ] {
            assert_eq!(built(refer_to).unwrap_err().status, 603, "{refer_to}");
        }
    }
}
