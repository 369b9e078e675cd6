//! The hash functions of digest authentication and what is hashed.

use hmac::digest::Digest;
use md5::Md5;
use sha2::{Sha256, Sha512_256};

use super::Qop;
use crate::wire_text;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// MD5, the one that everybody has.
    Md5,
    /// SHA-256
    Sha256,
    /// SHA-512/256
    Sha512Trunc256,
}

/// The algorithm of a challenge: a hash function and whether its key is bound to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm {
    /// The hash function.
    pub hash: Hash,
    /// The `-sess` form.
    pub session: bool,
}

impl Algorithm {
    /// Reads the name of an algorithm; `None` for one that is not known.
    pub fn parse(name: &str) -> Option<Algorithm> {
        let (base, session) = match name
            .len()
            .checked_sub(5)
            .and_then(|at| name.split_at_checked(at))
        {
            Some((base, end)) if end.eq_ignore_ascii_case("-sess") => (base, true),
            _ => (name, false),
        };
        [Hash::Md5, Hash::Sha256, Hash::Sha512Trunc256]
            .into_iter()
            .find(|hash| hash.name().eq_ignore_ascii_case(base))
            .map(|hash| Algorithm { hash, session })
    }

    /// The name as written in headers.
    pub fn name(self) -> &'static str {
        match (self.hash, self.session) {
            (hash, false) => hash.name(),
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512Trunc256, true) => "SHA-512-256-sess",
        }
    }
}

impl Hash {
    /// The name as written in headers.
    pub fn name(self) -> &'static str {
        match self {
            Hash::Md5 => "MD5",
            Hash::Sha256 => "SHA-256",
            Hash::Sha512Trunc256 => "SHA-512-256",
        }
    }

    /// The hash of the parts joined by colons, in lower-case hexadecimal digits.
    fn of(self, parts: &[&[u8]]) -> String {
        match self {
            Hash::Md5 => joined::<Md5>(parts),
            Hash::Sha256 => joined::<Sha256>(parts),
            Hash::Sha512Trunc256 => joined::<Sha512_256>(parts),
        }
    }
}

fn joined<D: Digest>(parts: &[&[u8]]) -> String {
    let mut digest = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            digest.update(b":");
        }
        digest.update(part);
    }
    hex(&digest.finalize())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// All that goes into the proof of a password.
pub(super) struct Proof<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) realm: &'a str,
    pub(super) nonce: &'a str,
    /// Quality of protection and count of the nonce's uses as eight digits.
    pub(super) qop: Option<(Qop, &'a str)>,
    pub(super) cnonce: &'a str,
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) body: &'a [u8],
}

impl Proof<'_> {
    /// The `response` value (RFC 7616 section 3.4.1).
    pub(super) fn response(&self) -> String {
        let hash = self.algorithm.hash;
        let bytes = |text: &str| {
            let mut bytes = Vec::with_capacity(text.len());
            wire_text::write_to(text, &mut bytes);
            bytes
        };
        let (realm, nonce, uri) = (bytes(self.realm), bytes(self.nonce), bytes(self.uri));
        let cnonce = bytes(self.cnonce);
        let mut key = hash.of(&[self.username.as_bytes(), &realm, self.password.as_bytes()]);
        if self.algorithm.session {
            key = hash.of(&[key.as_bytes(), &nonce, &cnonce]);
        }
        let method = self.method.as_bytes();
        let request = match self.qop {
            Some((Qop::AuthInt, _)) => hash.of(&[method, &uri, hash.of(&[self.body]).as_bytes()]),
            _ => hash.of(&[method, &uri]),
        };
        let (key, request) = (key.as_bytes(), request.as_bytes());
        match self.qop {
            None => hash.of(&[key, &nonce, request]),
            Some((qop, count)) => {
                let qop = qop.name().as_bytes();
                hash.of(&[key, &nonce, count.as_bytes(), &cnonce, qop, request])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(algorithm: &str, qop: Option<Qop>) -> String {
        Proof {
            algorithm: Algorithm::parse(algorithm).unwrap(),
            username: "alice",
            password: "kein Geheimnis",
            realm: "voice.example",
            nonce: "5f3a9b",
            qop: qop.map(|qop| (qop, "0000000a")),
            cnonce: "c0ffee",
            method: "REFER",
            uri: "sip:bob@203.0.113.9;transport=tcp",
            body: b"Refer-To: <sip:c@d>\r\n",
        }
        .response()
    }

    // The expected values were computed with Python's hashlib from the formulas of RFC 7616.
    #[test]
    fn c31_proofs_agree_with_an_independent_computation() {
        for (algorithm, qop, expected) in VECTORS {
            assert_eq!(proof(algorithm, *qop), *expected, "{algorithm} {qop:?}");
        }
    }

    #[test]
    fn names_are_read_in_any_case() {
        for name in [
            "MD5",
            "MD5-sess",
            "SHA-256",
            "SHA-256-sess",
            "SHA-512-256-sess",
        ] {
            let algorithm = Algorithm::parse(&name.to_lowercase()).unwrap();
            assert_eq!(algorithm.name(), name);
        }
        for name in ["", "-sess", "SHA-1", "AKAv1-MD5", "MD5-sessx"] {
            assert_eq!(Algorithm::parse(name), None);
        }
    }

    const VECTORS: &[(&str, Option<Qop>, &str)] = &[
        ("MD5", None, "2066e7b0134c7355756681d2b12e7958"),
        ("MD5", Some(Qop::Auth), "d6b41946270b009230f5a5a18f3a69f3"),
        (
            "MD5",
            Some(Qop::AuthInt),
            "9b283e37d9e6a0bca3b0cf17f95cdb69",
        ),
        ("MD5-sess", None, "e4ef6e8b9387fb32fd16dc95c8cb8572"),
        (
            "MD5-sess",
            Some(Qop::Auth),
            "cf7e5bc63cf09abf6594aadb1ab12d15",
        ),
        (
            "MD5-sess",
            Some(Qop::AuthInt),
            "14a1d44f015fd775ddadc3efac053946",
        ),
        (
            "SHA-256",
            None,
            "ea9a0c8d2fea07038ba62b3c5b24302f231c75c73c74129c1da45d9724e4d1b0",
        ),
        (
            "SHA-256",
            Some(Qop::Auth),
            "ad6120d087197ac628f254e5f2793c6c49965037b1f92fe19f63737eadcdd2ed",
        ),
        (
            "SHA-256",
            Some(Qop::AuthInt),
            "87ad7b7ba829c972d37799091b7fa342d5c8d373a34a2479980b78b58e358317",
        ),
        (
            "SHA-256-sess",
            None,
            "f4b027983794d9459ce643ce32e89bf6aa1eb3bfd611bf09a2f8528905189a36",
        ),
        (
            "SHA-256-sess",
            Some(Qop::Auth),
            "23f07e1948b7e3fd3422cedc1ff10f6282a3ab3f8ad53e37079f8dfd3e12d238",
        ),
        (
            "SHA-256-sess",
            Some(Qop::AuthInt),
            "1e7d736ee946aed191d25e71b98a779f845d5caf5e826ef0f39680b92cebdb1f",
        ),
        (
            "SHA-512-256",
            None,
            "7b141b0d4752e52c47f01d3c9b7bbc7afdafbe885a956d9d7367c25a4eac01d8",
        ),
        (
            "SHA-512-256",
            Some(Qop::Auth),
            "9d91fa59de3db6ef870e9616e1217b5527fdc25a65750e161de3a3b2148d33ba",
        ),
        (
            "SHA-512-256",
            Some(Qop::AuthInt),
            "2d547cf01f2452a81e34ff854e83df63b891276238d037d3c609e8aa83a150bd",
        ),
        (
            "SHA-512-256-sess",
            None,
            "247c070cbedaf7283f2054e5a3a13a5f80a669f12a4c264991c01965a5c8b185",
        ),
        (
            "SHA-512-256-sess",
            Some(Qop::Auth),
            "aa8f5f9bea14d339747919c9c4be75e0b775db8d90c9167af7306d62661ad7e8",
        ),
        (
            "SHA-512-256-sess",
            Some(Qop::AuthInt),
            "91c47d976a7998e78d2693b0990516c0784e5388d0660e118e5970089cfcfce5",
        ),
    ];
}
