//! Event (RFC 6665 section 8.2.1).

use super::{BadHeader, Name, Params, TypedHeader, with_params};
use crate::syntax::is_token;

/// The event package of a SUBSCRIBE or NOTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The package with its templates, such as `refer` or `presence.winfo`.
    pub package: &'a str,
    /// All parameters.
    pub params: Params<'a>,
}

impl<'a> Event<'a> {
    /// The `id` that tells subscriptions of one dialog apart.
    pub fn id(&self) -> Option<&'a str> {
        self.params.get("id").filter(|id| !id.is_empty())
    }

    /// Whether this is that package; without regard to case, which is more than the RFC asks.
    pub fn is(&self, package: &str) -> bool {
        self.package.eq_ignore_ascii_case(package)
    }
}

impl<'a> TypedHeader<'a> for Event<'a> {
    const NAME: Name<'static> = Name::Event;

    fn parse(value: &'a str) -> Result<Event<'a>, BadHeader> {
        let (package, params) = with_params(value);
        if !is_token(package) {
            return Err(BadHeader::new(Name::Event, "names no event package", value));
        }
        Ok(Event { package, params })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c48_blanks_and_unknown_parameters_do_no_harm() {
        let event = Event::parse("refer ; x=\"a;id=1\" ; id = 93809824").unwrap();
        assert!(event.is("refer"));
        assert_eq!(event.id(), Some("93809824"));
        assert_eq!(Event::parse("Refer;ID=7").unwrap().id(), Some("7"));
    }

    #[test]
    fn c178_there_is_exactly_one_package() {
        for value in ["", ";id=1", "refer, presence", "refer presence"] {
            assert!(Event::parse(value).is_err(), "{value:?}");
        }
    }
}
