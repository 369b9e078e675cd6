//! Header names in their long and compact forms (RFC 3261 section 7.3.3 and the IANA registry).

use std::fmt;

use crate::syntax::is_token;

macro_rules! names {
    ($($variant:ident $long:literal $($compact:literal)?;)*) => {
        /// A header name. Known names are recognised in any case and in compact form, and are
        /// written in their registered long spelling; other names keep their own spelling.
        #[derive(Clone, Copy, Debug)]
        pub enum Name<'a> {
            $(#[doc = $long] $variant,)*
            /// Any other name. Compared without regard to case.
            Other(&'a str),
        }

        const KNOWN: &[Name<'static>] = &[$(Name::$variant,)*];
        const SPELLINGS: &[(&str, Name<'static>)] =
            &[$(($long, Name::$variant), $(($compact, Name::$variant),)?)*];

        impl<'a> Name<'a> {
            /// The name as it is written on the wire.
            pub fn as_str(&self) -> &'a str {
                match self {
                    $(Name::$variant => $long,)*
                    Name::Other(text) => text,
                }
            }

            /// A small number for each known name, for compact storage.
            #[inline]
            pub(crate) const fn index(self) -> Option<u8> {
                #[repr(u8)]
                enum Index { $($variant,)* }
                match self {
                    $(Name::$variant => Some(Index::$variant as u8),)*
                    Name::Other(_) => None,
                }
            }
        }
    };
}

names! {
    Accept "Accept";
    AcceptContact "Accept-Contact" "a";
    AcceptEncoding "Accept-Encoding";
    AcceptLanguage "Accept-Language";
    AlertInfo "Alert-Info";
    Allow "Allow";
    AllowEvents "Allow-Events" "u";
    AuthenticationInfo "Authentication-Info";
    Authorization "Authorization";
    CallId "Call-ID" "i";
    CallInfo "Call-Info";
    Contact "Contact" "m";
    ContentDisposition "Content-Disposition";
    ContentEncoding "Content-Encoding" "e";
    ContentId "Content-ID";
    ContentLanguage "Content-Language";
    ContentLength "Content-Length" "l";
    ContentTransferEncoding "Content-Transfer-Encoding";
    ContentType "Content-Type" "c";
    CSeq "CSeq";
    Date "Date";
    Diversion "Diversion";
    ErrorInfo "Error-Info";
    Event "Event" "o";
    Expires "Expires";
    From "From" "f";
    GeolocationRouting "Geolocation-Routing";
    HistoryInfo "History-Info";
    Identity "Identity" "y";
    InfoPackage "Info-Package";
    InReplyTo "In-Reply-To";
    Join "Join";
    MaxForwards "Max-Forwards";
    MimeVersion "MIME-Version";
    MinExpires "Min-Expires";
    MinSe "Min-SE";
    Organization "Organization";
    PAssertedIdentity "P-Asserted-Identity";
    PPreferredIdentity "P-Preferred-Identity";
    Path "Path";
    Priority "Priority";
    Privacy "Privacy";
    ProxyAuthenticate "Proxy-Authenticate";
    ProxyAuthorization "Proxy-Authorization";
    ProxyRequire "Proxy-Require";
    RAck "RAck";
    Reason "Reason";
    RecordRoute "Record-Route";
    RecvInfo "Recv-Info";
    ReferEventsAt "Refer-Events-At";
    ReferSub "Refer-Sub";
    ReferTo "Refer-To" "r";
    ReferredBy "Referred-By" "b";
    RejectContact "Reject-Contact" "j";
    RemotePartyId "Remote-Party-ID";
    Replaces "Replaces";
    ReplyTo "Reply-To";
    RequestDisposition "Request-Disposition" "d";
    Require "Require";
    RetryAfter "Retry-After";
    Route "Route";
    RSeq "RSeq";
    Server "Server";
    ServiceRoute "Service-Route";
    SessionExpires "Session-Expires" "x";
    SipETag "SIP-ETag";
    SipIfMatch "SIP-If-Match";
    Subject "Subject" "s";
    SubscriptionState "Subscription-State";
    Supported "Supported" "k";
    TargetDialog "Target-Dialog";
    Timestamp "Timestamp";
    To "To" "t";
    Unsupported "Unsupported";
    UserAgent "User-Agent";
    UserToUser "User-to-User";
    Via "Via" "v";
    Warning "Warning";
    WwwAuthenticate "WWW-Authenticate";
}

impl<'a> Name<'a> {
    pub(crate) fn from_index(index: u8) -> Option<Name<'static>> {
        KNOWN.get(usize::from(index)).copied()
    }

    /// The known name that `text` spells, if it is one.
    pub fn known(text: &str) -> Option<Name<'static>> {
        if !is_token(text) {
            return None;
        }
        Name::index_of(text.as_bytes()).and_then(Name::from_index)
    }

    /// The index of the known name that a token spells. A text without carriage return for which
    /// there is one is a token.
    #[inline]
    pub(crate) fn index_of(token: &[u8]) -> Option<u8> {
        let key = key(token);
        let mut at = place(key);
        loop {
            let entry = ENTRIES.get(usize::from(TABLE.get(at).copied().unwrap_or(EMPTY)))?;
            // Up to 16 bytes the key holds all of the token.
            if entry.key == key
                && entry.spelling.len() == token.len()
                && (token.len() <= 16 || entry.spelling.as_bytes().eq_ignore_ascii_case(token))
            {
                return Some(entry.index);
            }
            at = (at + 1) % TABLE_SIZE;
        }
    }
}

/// A set of known names, by their index; others are never in it.
#[derive(Clone, Copy)]
pub(crate) struct KnownNames(u128);

const _: () = assert!(KNOWN.len() <= u128::BITS as usize);

impl KnownNames {
    pub(crate) const NONE: KnownNames = KnownNames(0);

    /// The set with a name more.
    pub(crate) const fn with(self, index: u8) -> KnownNames {
        KnownNames(self.0 | KnownNames::bit(index))
    }

    pub(crate) const fn has(self, index: u8) -> bool {
        self.0 & KnownNames::bit(index) != 0
    }

    const fn bit(index: u8) -> u128 {
        if (index as usize) < KNOWN.len() {
            1 << index
        } else {
            0
        }
    }
}

// A received message looks up about twenty names, so this is done a word at a time: the key of a
// name is its first and its last eight bytes with letters in lower case. Setting bit 0x20 does
// that, and makes no two characters that a token can have the same. Keys are found in a table with
// open addressing that is filled while compiling; the factor was searched for so that the names
// above hardly ever collide.
const TABLE_SIZE: usize = 512;
const FACTOR: u64 = 0x6c0e_6db4_2f54_759f;
const EMPTY: u8 = u8::MAX;
const ENTRIES: [Entry; SPELLINGS.len()] = entries();
const TABLE: [u8; TABLE_SIZE] = fill_table();

#[derive(Clone, Copy)]
struct Entry {
    key: Key,
    spelling: &'static str,
    index: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key(u64, u64);

#[inline]
const fn key(token: &[u8]) -> Key {
    let (low, high) = match (token.first_chunk::<8>(), token.last_chunk::<8>()) {
        (Some(low), Some(high)) => (u64::from_le_bytes(*low), u64::from_le_bytes(*high)),
        _ => match (token.first_chunk::<4>(), token.last_chunk::<4>()) {
            (Some(low), Some(high)) => (
                u32::from_le_bytes(*low) as u64,
                u32::from_le_bytes(*high) as u64,
            ),
            _ => match token {
                [] => (0, 0),
                [a] => (*a as u64, *a as u64 | (*a as u64) << 8),
                [a, b] => (*a as u64, *b as u64 | (*b as u64) << 8),
                [a, b, .., c] => (*a as u64, *b as u64 | (*c as u64) << 8),
            },
        },
    };
    Key(low | 0x2020_2020_2020_2020, high | 0x2020_2020_2020_2020)
}

#[inline]
const fn place(key: Key) -> usize {
    ((key.0 ^ key.1.rotate_left(29)).wrapping_mul(FACTOR) >> 55) as usize
}

#[allow(clippy::indexing_slicing)] // constant evaluation: out of bounds cannot compile
const fn entries() -> [Entry; SPELLINGS.len()] {
    let mut entries = [Entry {
        key: Key(0, 0),
        spelling: "",
        index: EMPTY,
    }; SPELLINGS.len()];
    let mut at = 0;
    while at < SPELLINGS.len() {
        let (spelling, name) = SPELLINGS[at];
        if let Some(index) = name.index() {
            entries[at] = Entry {
                key: key(spelling.as_bytes()),
                spelling,
                index,
            };
        }
        at += 1;
    }
    entries
}

#[allow(clippy::indexing_slicing)] // constant evaluation: out of bounds cannot compile
const fn fill_table() -> [u8; TABLE_SIZE] {
    let mut table = [EMPTY; TABLE_SIZE];
    let mut index = 0;
    while index < ENTRIES.len() {
        let mut at = place(ENTRIES[index].key);
        while table[at] != EMPTY {
            at = (at + 1) % TABLE_SIZE;
        }
        table[at] = index as u8;
        index += 1;
    }
    table
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Name<'a> {
        Name::known(text).unwrap_or(Name::Other(text))
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.index(), other.index()) {
            (None, None) => self.as_str().eq_ignore_ascii_case(other.as_str()),
            (one, two) => one == two,
        }
    }
}

impl Eq for Name<'_> {}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found_in_any_case() {
        for (spelling, name) in SPELLINGS {
            assert_eq!(Name::from(*spelling), *name);
            assert_eq!(Name::from(spelling.to_uppercase().as_str()), *name);
            assert_eq!(Name::from(spelling.to_lowercase().as_str()), *name);
        }
    }

    #[test]
    fn names_that_only_resemble_a_known_one_are_not_taken_for_it() {
        for name in [
            "Vja",
            "Call-IE",
            "Call\rID",
            "CSeqq",
            "Content-Xxxxsition",
            "",
            "\x16ia",
        ] {
            assert_eq!(Name::known(name), None, "{name:?}");
        }
    }

    #[test]
    fn unknown_names_keep_their_spelling_and_compare_without_case() {
        let name = Name::from("X-hookFlash");
        assert_eq!(name.as_str(), "X-hookFlash");
        assert_eq!(name, Name::from("x-HOOKFLASH"));
        assert_ne!(name, Name::Via);
    }

    #[test]
    fn known_names_survive_compact_storage() {
        for name in KNOWN {
            assert_eq!(name.index().and_then(Name::from_index), Some(*name));
        }
    }
}
