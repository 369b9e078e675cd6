//! Who calls, as a call that goes out shows it: From, and what only a trunk may know (RFC 3261
//! section 8.1.1.3, RFC 3323, RFC 3325).

use hookflash_dialects::Caller;
use hookflash_sip::header::NameAddr;
use hookflash_sip::uri::{Scheme, escape_user};
use hookflash_sip::{Name, Uri};

/// The longest number, user or URI, and the longest display name, in bytes.
const LONGEST: usize = 256;
/// Who wants to be nobody (RFC 3323 section 4.1).
const ANONYMOUS: &str = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";

/// The calling party, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallerId {
    /// The address to show; `None` for nobody.
    address: Option<String>,
    is_private: bool,
}

impl CallerId {
    /// Reads a number, a user, `user@host` or a URI. `own_host` stands behind what names no host.
    ///
    /// # Errors
    /// A sentence on what cannot be written into a From header.
    pub(crate) fn read(caller: &Caller, own_host: &str) -> Result<CallerId, String> {
        let value = caller.value.trim();
        let name = caller.display_name.as_deref().map(str::trim);
        for text in [value, name.unwrap_or_default()] {
            if text.len() > LONGEST || text.contains(char::is_control) {
                return Err(format!(
                    "the caller is longer than {LONGEST} bytes or holds a control character"
                ));
            }
        }
        let host = match caller.host.as_deref().map(str::trim) {
            None | Some("") => own_host,
            Some(host) if is_host(host) => host,
            Some(host) => return Err(format!("`{host}` is no host for the caller's address")),
        };
        let is_nobody = value.is_empty() || value.eq_ignore_ascii_case("anonymous");
        let address = match is_nobody {
            true => None,
            false => Some(NameAddr::format(name, &address(value, host)?)),
        };
        Ok(CallerId {
            is_private: caller.is_private,
            address,
        })
    }

    /// The value of From, without tag.
    pub(crate) fn from(&self) -> &str {
        match &self.address {
            Some(address) if !self.is_private => address,
            _ => ANONYMOUS,
        }
    }

    /// The header fields that tell a trunk who a private caller is, as far as `given` has none of
    /// its own.
    pub(crate) fn told_in_confidence(&self, given: &[(String, String)]) -> Vec<(String, String)> {
        let Some(address) = self.address.as_ref().filter(|_| self.is_private) else {
            return Vec::new();
        };
        let has = |name: &str| {
            given
                .iter()
                .any(|(n, _)| Name::from(&**n) == Name::from(name))
        };
        [("P-Asserted-Identity", address.as_str()), ("Privacy", "id")]
            .into_iter()
            .filter(|(name, _)| !has(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

fn address(value: &str, host: &str) -> Result<String, String> {
    let bad = |why: &str| format!("`{value}` cannot be a caller: {why}");
    let with_scheme = value.split_once(':').is_some_and(|(scheme, _)| {
        ["sip", "sips", "tel"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
    });
    if !with_scheme {
        return match value.contains('@') {
            true => {
                let text = format!("sip:{value}");
                let uri = Uri::parse_target(&text).map_err(|error| bad(error.problem))?;
                match uri.password() {
                    None => Ok(uri.without_headers().to_owned()),
                    Some(_) => Err(bad("there is a colon before the @")),
                }
            }
            false => Ok(format!("sip:{}@{host}", escape_user(&plain_number(value)))),
        };
    }
    let uri = Uri::parse_target(value).map_err(|error| bad(error.problem))?;
    Ok(match uri.scheme() {
        Scheme::Tel => {
            let number = uri.user_text().unwrap_or_default();
            format!("sip:{}@{host}", escape_user(&plain_number(&number)))
        }
        _ => uri.without_headers().to_owned(),
    })
}

/// A number without what only makes it readable; anything else as it is.
fn plain_number(text: &str) -> String {
    let is_number = text.starts_with(|c: char| c == '+' || c == '(' || c.is_ascii_digit())
        && text
            .chars()
            .skip(1)
            .all(|c| c.is_ascii_digit() || "*#-.() ".contains(c));
    match is_number {
        true => text.chars().filter(|c| !"-.() ".contains(*c)).collect(),
        false => text.to_owned(),
    }
}

fn is_host(text: &str) -> bool {
    Uri::parse_target(&format!("sip:{text}")).is_ok_and(|uri| {
        uri.user().is_none() && uri.params().as_str().is_empty() && uri.header_part().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(value: &str) -> Caller {
        Caller {
            value: value.to_owned(),
            ..Caller::default()
        }
    }

    fn from(caller: &Caller) -> String {
        let read = CallerId::read(caller, "voice.example.com").unwrap();
        read.from().to_owned()
    }

    #[test]
    fn numbers_users_and_uris_become_addresses() {
        for (value, shown) in [
            (
                "+44 (20) 7946-0123",
                "<sip:+442079460123@voice.example.com>",
            ),
            ("2001", "<sip:2001@voice.example.com>"),
            ("tel:+44-20", "<sip:+4420@voice.example.com>"),
            ("alice", "<sip:alice@voice.example.com>"),
            ("Front Desk", "<sip:Front%20Desk@voice.example.com>"),
            ("alice@pbx.example", "<sip:alice@pbx.example>"),
            (
                "sip:Al@pbx.example:5080;x=1",
                "<sip:Al@pbx.example:5080;x=1>",
            ),
        ] {
            assert_eq!(from(&caller(value)), shown, "{value}");
        }
        let elsewhere = Caller {
            host: Some("[2001:db8::1]:5080".to_owned()),
            ..caller("1")
        };
        assert_eq!(from(&elsewhere), "<sip:1@[2001:db8::1]:5080>");
    }

    #[test]
    fn a_display_name_is_quoted_so_that_it_ends_where_it_ends() {
        let named = |name: &str| {
            from(&Caller {
                display_name: Some(name.to_owned()),
                ..caller("1")
            })
        };
        assert_eq!(
            named("Acme Billing"),
            "Acme Billing <sip:1@voice.example.com>"
        );
        assert_eq!(
            named("Eve\" <sip:ceo@bank.example>, \"\\"),
            "\"Eve\\\" <sip:ceo@bank.example>, \\\"\\\\\" <sip:1@voice.example.com>"
        );
        assert_eq!(named("Bücher"), "\"Bücher\" <sip:1@voice.example.com>");
    }

    #[test]
    fn a_private_caller_is_shown_to_nobody_and_told_to_the_trunk() {
        let private = Caller {
            is_private: true,
            display_name: Some("Acme".to_owned()),
            ..caller("+44123")
        };
        let read = CallerId::read(&private, "h").unwrap();
        assert_eq!(read.from(), ANONYMOUS);
        let told = read.told_in_confidence(&[]);
        assert_eq!(told[0].1, "Acme <sip:+44123@h>");
        assert_eq!(told[1], ("Privacy".to_owned(), "id".to_owned()));
        let given = [("p-asserted-identity".to_owned(), "<sip:x@y>".to_owned())];
        assert_eq!(
            read.told_in_confidence(&given).len(),
            1,
            "that of the order counts"
        );
        for nobody in ["", " ", "Anonymous"] {
            let read = CallerId::read(&caller(nobody), "h").unwrap();
            assert_eq!(read.from(), ANONYMOUS);
            assert!(read.told_in_confidence(&[]).is_empty());
        }
    }

    #[test]
    fn what_would_break_the_header_is_refused() {
        let long = "1".repeat(300);
        for value in [
            "1\r\nVia: x",
            "a\0",
            "sip:",
            "sip:a@b c",
            "a@b>",
            "mailto:a@b",
            &long,
        ] {
            assert!(CallerId::read(&caller(value), "h").is_err(), "{value:?}");
        }
        let name = Caller {
            display_name: Some("A\nB".to_owned()),
            ..caller("1")
        };
        assert!(CallerId::read(&name, "h").is_err());
        for host in ["a b", "h>;x", "h;lr", "h?Route=x", "u@h"] {
            let named = Caller {
                host: Some(host.to_owned()),
                ..caller("1")
            };
            let read = CallerId::read(&named, "h");
            assert!(read.is_err(), "{host}: {read:?}");
        }
    }
}
