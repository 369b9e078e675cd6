//! Session-Expires and Min-SE (RFC 4028 sections 4 and 5).

use super::{BadHeader, Name, TypedHeader, number, with_params};

/// How long a session lives without refresh, and who refreshes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes; not always said in requests.
    pub refresher: Option<Refresher>,
}

/// The side that refreshes a session, seen from the request that settles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The sender of the request.
    Uac,
    /// Its receiver.
    Uas,
}

/// The shortest session interval that a hop accepts, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinSe(pub u32);

impl TypedHeader<'_> for SessionExpires {
    const NAME: Name<'static> = Name::SessionExpires;

    fn parse(value: &str) -> Result<SessionExpires, BadHeader> {
        let (digits, params) = with_params(value);
        let bad = |problem| BadHeader::new(Name::SessionExpires, problem, value);
        let seconds = number(digits).ok_or_else(|| bad("is no number of seconds"))?;
        let refresher = match params.get("refresher") {
            None => None,
            Some(side) if side.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(side) if side.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            Some(_) => return Err(bad("has a refresher that is neither uac nor uas")),
        };
        Ok(SessionExpires { seconds, refresher })
    }
}

impl TypedHeader<'_> for MinSe {
    const NAME: Name<'static> = Name::MinSe;

    fn parse(value: &str) -> Result<MinSe, BadHeader> {
        let (digits, _) = with_params(value);
        match number(digits) {
            Some(seconds) => Ok(MinSe(seconds)),
            None => Err(BadHeader::new(
                Name::MinSe,
                "is no number of seconds",
                value,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_and_refresher_are_read() {
        let expires = SessionExpires::parse("1800 ; Refresher=UAS").unwrap();
        assert_eq!(
            (expires.seconds, expires.refresher),
            (1800, Some(Refresher::Uas))
        );
        assert_eq!(SessionExpires::parse("90").unwrap().refresher, None);
        assert!(SessionExpires::parse("90;refresher=me").is_err());
        assert_eq!(MinSe::parse("90;x=y"), Ok(MinSe(90)));
    }
}
