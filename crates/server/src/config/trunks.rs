//! Peers and users: where calls come from and go to.

use std::net::IpAddr;

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
            password: section.secret("password"),
            from: section.list("from", network).unwrap_or_default(),
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
        if section.flag("register") == Some(true) {
            section.error(
                "register",
                "this release does not register with a trunk",
                "leave the key out and let the trunk call this server's address",
            );
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
        };
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

fn sip_uri(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("sip:")
        .ok_or_else(|| match text.split_once(':') {
            Some(("sips", _)) => "this release does not speak TLS; use a sip: URI".to_owned(),
            _ => format!("`{text}` is no SIP URI; write sip:HOST:PORT;transport=udp"),
        })?;
    if rest.is_empty() || rest.contains([' ', '<', '>', '"', '\r', '\n']) {
        return Err(format!(
            "`{text}` is no SIP URI; write sip:HOST:PORT;transport=udp"
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
