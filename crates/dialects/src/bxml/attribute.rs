//! Attributes that many verbs share, read from elements that are known to be valid.

use std::time::Duration;

use hookflash_program::{Hook, HookMethod};
use roxmltree::Node;

use super::value;

/// The attributes `…Url`, `…Method`, `…FallbackUrl`, `…FallbackMethod` and their credentials.
pub(super) fn hook(node: Node<'_, '_>, prefix: &str) -> Option<Hook> {
    let url = given(node, &format!("{prefix}Url"))?;
    let fallback = given(node, &format!("{prefix}FallbackUrl")).map(|url| {
        Box::new(Hook {
            url,
            method: method(node, &format!("{prefix}FallbackMethod")),
            credentials: credentials(node, "fallbackUsername", "fallbackPassword"),
            fallback: None,
        })
    });
    Some(Hook {
        url,
        method: method(node, &format!("{prefix}Method")),
        credentials: credentials(node, "username", "password"),
        fallback,
    })
}

/// A value, blanks around it trimmed; blank is as good as none.
pub(super) fn given(node: Node<'_, '_>, name: &str) -> Option<String> {
    let value = node.attribute(name)?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// User and password under these names.
pub(super) fn credentials(
    node: Node<'_, '_>,
    user: &str,
    password: &str,
) -> Option<(String, String)> {
    let (user, password) = (node.attribute(user), node.attribute(password));
    (user.is_some() || password.is_some()).then(|| {
        (
            user.unwrap_or_default().to_owned(),
            password.unwrap_or_default().to_owned(),
        )
    })
}

/// `tag=""` clears the tag, so a blank one is told apart from none.
pub(super) fn tag(node: Node<'_, '_>) -> Option<String> {
    node.attribute("tag").map(|tag| tag.trim().to_owned())
}

/// Seconds, or the default.
pub(super) fn seconds(node: Node<'_, '_>, name: &str, default: &str) -> Duration {
    value::seconds(node.attribute(name).unwrap_or(default))
}

/// Milliseconds, or the default.
pub(super) fn milliseconds(node: Node<'_, '_>, name: &str, default: &str) -> Duration {
    value::milliseconds(node.attribute(name).unwrap_or(default))
}

/// A whole number, or the default.
pub(super) fn whole(node: Node<'_, '_>, name: &str, default: u32) -> u32 {
    let number = node.attribute(name).map(|text| text.trim().parse().ok());
    number.flatten().unwrap_or(default)
}

/// `true` or `false`, or the default.
pub(super) fn flag(node: Node<'_, '_>, name: &str, default: bool) -> bool {
    match node.attribute(name) {
        Some(text) => text.trim().eq_ignore_ascii_case("true"),
        None => default,
    }
}

/// Keys, letters in upper case, or the default.
pub(super) fn keys(node: Node<'_, '_>, name: &str, default: &str) -> Vec<char> {
    let keys = node.attribute(name).unwrap_or(default).trim();
    keys.chars().map(|key| key.to_ascii_uppercase()).collect()
}

/// `GET` or `POST`, which is the default.
pub(super) fn method(node: Node<'_, '_>, name: &str) -> HookMethod {
    match node.attribute(name) {
        Some(word) if word.trim().eq_ignore_ascii_case("GET") => HookMethod::Get,
        _ => HookMethod::Post,
    }
}
