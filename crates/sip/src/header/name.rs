//! Header names in their long and compact forms (RFC 3261 section 7.3.3 and the IANA registry).

use std::fmt;

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
        Name::known_bytes(text.as_bytes())
    }

    pub(crate) fn known_bytes(text: &[u8]) -> Option<Name<'static>> {
        let mut at = hash(text);
        loop {
            let index = TABLE.get(at).copied().unwrap_or(EMPTY);
            let (spelling, name) = SPELLINGS.get(usize::from(index))?;
            // Nearly all are written as registered, and that is the cheaper question.
            let spelling = spelling.as_bytes();
            if spelling == text || spelling.eq_ignore_ascii_case(text) {
                return Some(*name);
            }
            at = (at + 1) % TABLE_SIZE;
        }
    }
}

// Names are found by hashing their length and three of their letters into a table that is filled
// while compiling: a received message looks up about twenty of them. The factors were searched for
// so that the names above do not collide; a collision would only cost another look.
const TABLE_SIZE: usize = 512;
const EMPTY: u8 = u8::MAX;
const TABLE: [u8; TABLE_SIZE] = fill_table();

#[allow(clippy::indexing_slicing)] // the middle of a text that is not empty is inside it
const fn hash(text: &[u8]) -> usize {
    let (Some(first), Some(last)) = (text.first(), text.last()) else {
        return 0;
    };
    let middle = text[text.len() / 2];
    let (first, middle, last) = (*first | 0x20, middle | 0x20, *last | 0x20);
    (first as usize * 6 + last as usize * 479 + text.len() * 195 + middle as usize * 489)
        % TABLE_SIZE
}

#[allow(clippy::indexing_slicing)] // constant evaluation: out of bounds cannot compile
const fn fill_table() -> [u8; TABLE_SIZE] {
    let mut table = [EMPTY; TABLE_SIZE];
    let mut index = 0;
    while index < SPELLINGS.len() {
        let mut at = hash(SPELLINGS[index].0.as_bytes());
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
