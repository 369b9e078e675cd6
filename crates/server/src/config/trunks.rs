//! Peers and users: where calls come from and go to.

use std::net::IpAddr;

use hookflash_sip::uri::Scheme;
use hookflash_sip::{Transport, Uri};
use ipnet::IpNet;

use super::pattern::Pattern;
use super::section::Section;
use super::settings::{Trunk, User};

pub(crate) fn trunks(sections: Vec<Section<'_>>) -> Vec<Trunk> {
    let mut trunks: Vec<Trunk> = Vec::with_capacity(sections.len());
    for section in sections {
        let name = section.required("name", "give the trunk a name");
        if trunks.iter().any(|other| other.name == name) {
            section.error(
                "name",
                format!("`{name}` is used twice"),
                "each needs its own name",
            );
        }
        let trunk = Trunk {
            name,
            uri: section.parsed("uri", sip_uri),
            numbers: section
                .list("numbers", Pattern::parse)
                .unwrap_or_else(|| vec![Pattern::any()]),
            hosts: section.list("hosts", Pattern::parse).unwrap_or_default(),
            username: section.text("username"),
            password: section.secret_or_nothing("password"),
            from: section.list("from", network).unwrap_or_default(),
            register: section.flag("register").unwrap_or(false),
        };
        if trunk.uri.is_none() && trunk.from.is_empty() && !section.has("uri") {
            section.error(
                "uri",
                "the trunk leads nowhere and nobody may call from it",
                "give `uri` to call out, `from` to be called, or both",
            );
        }
        if trunk.username.is_some() != trunk.password.is_some() {
            section.error(
                "username",
                "username and password go together",
                "give both or none",
            );
        }
        let has_uri = trunk.uri.is_some() || section.has("uri");
        let has_name = trunk.username.is_some() || section.has("username");
        if trunk.register && !(has_uri && has_name) {
            section.error(
                "register",
                "there is nobody to register with, or no name to register",
                "give `uri`, `username` and `password`",
            );
        }
        if trunk.uri.is_none() && !section.has("uri") {
            for key in ["numbers", "hosts"] {
                if section.has(key) {
                    let message = "says which calls go to the trunk, which has no `uri`";
                    section.error(key, message, "give `uri`, or leave the key out");
                }
            }
        }
        section.finish();
        trunks.push(trunk);
    }
    trunks
}

pub(crate) fn users(sections: Vec<Section<'_>>) -> Vec<User> {
    let mut users: Vec<User> = Vec::with_capacity(sections.len());
    for section in sections {
        let user = User {
            name: section.required("name", "give the user part of the phone's address"),
            domain: section.required("domain", "give the host part of the phone's address"),
            password: section.secret("password").unwrap_or_default(),
            identities: section
                .list("identities", Pattern::parse)
                .unwrap_or_default(),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/".contains(c);
        if !user.name.chars().all(plain) {
            let message = format!("`{}` cannot be the user part of an address", user.name);
            section.error("name", message, "use letters, digits, - _ . and +");
        }
        let is_host = Uri::parse_target(&format!("sip:{}", user.domain))
            .is_ok_and(|uri| uri.host() == user.domain);
        if !user.domain.is_empty() && !is_host {
            let message = format!("`{}` is no host name or address", user.domain);
            section.error("domain", message, "write a host without scheme and port");
        }
        if !section.has("password") {
            section.error(
                "password",
                "is missing",
                "give one, or env:NAME or file:PATH",
            );
        }
        if users
            .iter()
            .any(|other| other.name == user.name && other.domain == user.domain)
        {
            let message = format!("`{}@{}` is written twice", user.name, user.domain);
            section.error("name", message, "keep one");
        }
        section.finish();
        users.push(user);
    }
    users
}

/// Where calls can be sent to: plain SIP, with a host and nothing that belongs to a single call.
fn sip_uri(text: &str) -> Result<String, String> {
    let uri = Uri::parse_target(text).map_err(|error| {
        let problem = error.problem;
        format!("`{text}` is no SIP URI: {problem}; write sip:HOST:PORT;transport=udp")
    })?;
    let transport = uri.param("transport").map(Transport::from_token);
    match (uri.scheme(), transport) {
        (Scheme::Sip, None | Some(Some(Transport::Udp | Transport::Tcp))) => {}
        (Scheme::Sip, Some(None)) => {
            return Err(format!(
                "`{text}` names an unknown transport; use udp or tcp"
            ));
        }
        (Scheme::Sips, _) | (Scheme::Sip, _) => {
            return Err(format!(
                "`{text}` needs TLS or WebSocket, which this release does not speak; use a sip: \
                 URI with transport=udp or tcp"
            ));
        }
        _ => {
            return Err(format!(
                "`{text}` is no SIP URI; write sip:HOST:PORT;transport=udp"
            ));
        }
    }
    if !uri.header_part().is_empty() || uri.param("method").is_some() {
        return Err(format!(
            "`{text}` holds headers or a method; leave them out"
        ));
    }
    Ok(text.to_owned())
}

fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| {
            format!("`{text}` is no network; write 203.0.113.0/24, 2001:db8::/32 or one address")
        })
}
