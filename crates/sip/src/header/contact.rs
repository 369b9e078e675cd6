//! Contact (RFC 3261 section 20.10).

use super::{BadHeader, Name, NameAddr, TypedHeader, number};

/// Where a party can be reached, or `*` in a REGISTER that removes everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact<'a> {
    /// `*`
    Star,
    /// An address.
    Address(NameAddr<'a>),
}

impl<'a> Contact<'a> {
    /// The address, unless this is `*`.
    pub fn address(&self) -> Option<&NameAddr<'a>> {
        match self {
            Contact::Star => None,
            Contact::Address(address) => Some(address),
        }
    }

    /// The `expires` parameter in seconds.
    pub fn expires(&self) -> Option<u32> {
        self.address()
            .and_then(|a| a.params.get("expires"))
            .and_then(number)
    }

    /// The `q` parameter in thousandths; 1000 when absent or unreadable.
    pub fn q(&self) -> u16 {
        let text = self.address().and_then(|a| a.params.get("q"));
        let q = text
            .and_then(|q| q.parse::<f32>().ok())
            .filter(|q| (0.0..=1.0).contains(q));
        // The range is checked, so the product is within 0..=1000.
        q.map_or(1000, |q| (q * 1000.0).round() as u16)
    }
}

impl<'a> TypedHeader<'a> for Contact<'a> {
    const NAME: Name<'static> = Name::Contact;
    const LIST: bool = true;

    fn parse(value: &'a str) -> Result<Contact<'a>, BadHeader> {
        if value == "*" {
            return Ok(Contact::Star);
        }
        NameAddr::parse(value)
            .map(Contact::Address)
            .map_err(|problem| BadHeader::new(Name::Contact, problem, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_addresses_expiry_and_preference_are_read() {
        assert_eq!(Contact::parse("*"), Ok(Contact::Star));
        let contact = Contact::parse("<sip:a@b;expires=1>;expires=60;q=0.7").unwrap();
        assert_eq!((contact.expires(), contact.q()), (Some(60), 700));
        assert_eq!(Contact::parse("sip:a@b;q=7").unwrap().q(), 1000);
    }
}
