//! From the tree to typed settings: defaults, ranges, and what this release cannot carry out.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookflash_media::Codec;
use hookflash_sip::digest::{Algorithm, Hash};

use super::fault::Faults;
use super::listen::Listen;
use super::pattern::Pattern;
use super::section::Section;
use super::settings::{
    Accept, Config, FinalNotifyTimeout, Http, Limits, Logs, Media, OnRefused, Ports, Recordings,
    Records, Shutdown, Sip, Srtp, Store, Tls, Transfer, Webhook,
};
use super::size;
use super::tree::Table;
use super::{desk, speech, trunks};

/// Reads everything. Whatever cannot be used is in `faults` afterwards, and a default stands in
/// its place.
pub(crate) fn config(table: &Table, faults: &Faults, folder: &Path) -> Config {
    let root = Section::root(table, faults);
    let shards = root
        .integer("shards", 1, 1024)
        .and_then(|n| usize::try_from(n).ok());
    let mut config = Config {
        shards: shards.unwrap_or_else(cores),
        sip: sip(root.section("sip")),
        http: http(root.section("http")),
        media: media(root.section("media"), folder),
        recordings: recordings(root.section("recordings"), folder),
        store: store(root.section("store"), folder),
        speech: speech::speech(root.section("speech"), folder),
        transfer: transfer(root.section("transfer")),
        webhook: webhook(root.section("webhook")),
        limits: limits(root.section("limits")),
        shutdown: shutdown(root.section("shutdown")),
        records: records(root.section("records")),
        logs: logs(root.section("logs")),
        accounts: desk::accounts(root.sections("accounts")),
        applications: Vec::new(),
        routes: Vec::new(),
        trunks: trunks::trunks(root.sections("trunks")),
        users: trunks::users(root.sections("users")),
        made_up_account: None,
        warnings: Vec::new(),
    };
    let accounts = &config.accounts;
    config.applications = desk::applications(root.sections("applications"), accounts, folder);
    config.routes = desk::routes(root.sections("routes"), &config.applications);
    if config.routes.is_empty() && config.applications.len() > 1 {
        root.warn(
            "routes",
            "there is more than one application and nothing says which takes a call, so every \
             call that comes in gets 404",
            "add [[routes]] with `to` and `application`, unless calls are only placed",
        );
    }
    if config.media.ports.even() < config.shards {
        root.section("media").error(
            "ports",
            format!(
                "there are fewer RTP ports than the {} shards",
                config.shards
            ),
            "widen the range, or lower `shards`",
        );
    }
    if config.sip.accept == Accept::Anyone {
        root.section("sip").warn(
            "accept",
            "anyone who reaches a listener may call",
            "name the peers in [[trunks]] `from` instead if that is not meant",
        );
    }
    root.finish();
    config
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn sip(section: Section<'_>) -> Sip {
    let listen = section.list("listen", Listen::parse).unwrap_or_else(|| {
        ["udp://127.0.0.1:5060", "tcp://127.0.0.1:5060"]
            .iter()
            .filter_map(|text| Listen::parse(text).ok())
            .collect()
    });
    let words = [("known", Accept::Known), ("anyone", Accept::Anyone)];
    let read = Sip {
        listen,
        advertise: section.parsed("advertise", host),
        tls: tls(&section),
        domains: section
            .list("domains", |text| Ok(text.to_owned()))
            .unwrap_or_default(),
        dns: section.list("dns", name_server).unwrap_or_default(),
        digest: section
            .list("digest", hash)
            .unwrap_or_else(|| vec![Hash::Sha256, Hash::Md5]),
        accept: section.choice("accept", &words).unwrap_or(Accept::Known),
        t1: positive(&section, "t1", Duration::from_millis(500)),
        t2: positive(&section, "t2", Duration::from_secs(4)),
        t4: positive(&section, "t4", Duration::from_secs(5)),
        session_expires: section
            .duration("session_expires")
            .unwrap_or(Duration::from_secs(1800)),
        min_se: positive(&section, "min_se", Duration::from_secs(90)),
    };
    check_sip(&read, &section);
    section.finish();
    read
}

/// What the settings of SIP must be to each other, and which of them cannot be empty.
fn check_sip(read: &Sip, section: &Section<'_>) {
    if read.listen.is_empty() {
        section.error("listen", "no address to listen on", "write at least one");
    }
    if read.digest.is_empty() {
        section.error(
            "digest",
            "no hash function is left",
            "use SHA-256, MD5 or both",
        );
    }
    if read.t2 < read.t1 {
        section.error(
            "t2",
            "is below t1",
            "T2 is the longest retransmission interval",
        );
    }
    if read.min_se < Duration::from_secs(90) {
        section.error("min_se", "is below 90s", "RFC 4028 allows no less");
    }
    if !read.session_expires.is_zero() && read.session_expires < read.min_se {
        section.error(
            "session_expires",
            "is below min_se",
            "use \"0s\" to ask for no timer",
        );
    }
}

/// The host to advertise. It goes into header fields as it is written.
fn host(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains([' ', '/', '@', ';', '<', '>', '\r', '\n', '"']) {
        return Err(format!(
            "`{text}` is no host; write a name or an IP address"
        ));
    }
    Ok(text.to_owned())
}

fn tls(sip: &Section<'_>) -> Option<Tls> {
    let is_written = sip.has("tls");
    let section = sip.section("tls");
    is_written.then(|| {
        let read = Tls {
            certificate: PathBuf::from(section.required("certificate", "name a PEM file")),
            key: PathBuf::from(section.required("key", "name a PEM file")),
        };
        section.warn(
            "",
            "TLS comes with a later release",
            "the certificate is not used yet",
        );
        section.finish();
        read
    })
}

/// The name of a hash function, as challenges write it.
fn hash(text: &str) -> Result<Hash, String> {
    match Algorithm::parse(text) {
        Some(algorithm) if !algorithm.session => Ok(algorithm.hash),
        _ => Err(format!(
            "`{text}` is no hash function of digest challenges; use SHA-256, SHA-512-256 or MD5"
        )),
    }
}

/// `ADDRESS` or `ADDRESS:PORT`; the usual port of DNS is 53.
fn name_server(text: &str) -> Result<SocketAddr, String> {
    let with_port = text.parse::<SocketAddr>();
    with_port
        .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
        .map_err(|_| {
            format!("`{text}` is no address of a name server; write 192.0.2.53, [2001:db8::53]:53 or 127.0.0.1:5353")
        })
}

fn positive(section: &Section<'_>, key: &'static str, default: Duration) -> Duration {
    match section.duration(key) {
        Some(value) if value.is_zero() => {
            section.error(key, "is zero", "use a positive duration");
            default
        }
        Some(value) => value,
        None => default,
    }
}

fn http(section: Section<'_>) -> Http {
    let public_url = section.parsed("public_url", |text| {
        let url = url::Url::parse(text).map_err(|error| format!("`{text}` is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("`{text}` is no http:// or https:// URL"));
        }
        Ok(text.trim_end_matches('/').to_owned())
    });
    let read = Http {
        listen: section
            .address("listen")
            .unwrap_or_else(|| std::net::SocketAddr::from(([127, 0, 0, 1], 8080))),
        public_url,
        admin_token: section.secret("admin_token"),
        requests_per_second: section
            .integer("requests_per_second", 0, i64::from(u32::MAX))
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(0),
    };
    section.finish();
    read
}

fn media(section: Section<'_>, folder: &Path) -> Media {
    let ports = section.parsed("ports", |text| {
        let wrong = || format!("`{text}` is no range of ports; write FIRST-LAST");
        let (first, last) = text.split_once('-').ok_or_else(wrong)?;
        let first: u16 = first.trim().parse().map_err(|_| wrong())?;
        let last: u16 = last.trim().parse().map_err(|_| wrong())?;
        let even = first
            .checked_add(first % 2)
            .filter(|even| *even <= last && first > 0);
        even.map(|_| Ports { first, last })
            .ok_or_else(|| format!("`{text}` holds no even port; RTP needs one per leg"))
    });
    let codecs = section.list("codecs", |text| {
        text.parse::<Codec>().map_err(|unknown| unknown.to_string())
    });
    let srtp = section.parsed("srtp", |text| match text {
        "off" => Ok(Srtp::Off),
        "optional" => Ok(Srtp::Optional),
        "required" => {
            Err("this release has no SRTP, so it cannot require it; use optional or off".to_owned())
        }
        _ => Err(format!("`{text}` is not one of off, optional, required")),
    });
    let read = Media {
        ports: ports.unwrap_or(Ports {
            first: 30000,
            last: 39999,
        }),
        codecs: codecs.unwrap_or_else(|| vec![Codec::Pcmu, Codec::Pcma]),
        srtp: srtp.unwrap_or(Srtp::Optional),
        rtp_timeout: section
            .duration("rtp_timeout")
            .unwrap_or(Duration::from_secs(300)),
        prompts: section.text("prompts").map(|path| folder.join(path)),
        prompt_max_size: section
            .parsed("prompt_max_size", size::parse)
            .unwrap_or(32 << 20),
        prompt_max_length: positive(&section, "prompt_max_length", Duration::from_secs(1_800)),
        prompt_cache: section
            .parsed("prompt_cache", size::parse)
            .unwrap_or(256 << 20),
    };
    if read.codecs.is_empty() {
        section.error("codecs", "no codec is left", "use PCMU, PCMA or both");
    }
    if read.prompt_max_size == 0 {
        section.error("prompt_max_size", "is zero", "use a positive size");
    }
    if let Some(prompts) = read.prompts.as_ref().filter(|folder| !folder.is_dir()) {
        section.warn(
            "prompts",
            format!("there is no folder {}", prompts.display()),
            "file: URLs cannot be played until there is one",
        );
    }
    section.finish();
    read
}

fn recordings(section: Section<'_>, folder: &Path) -> Recordings {
    let keep = section.duration("keep");
    if keep.is_some_and(|keep| keep.is_zero()) {
        section.error("keep", "is zero", "leave the key out to keep them for ever");
    }
    let named = section
        .text("folder")
        .unwrap_or_else(|| "recordings".to_owned());
    if named.is_empty() {
        section.error("folder", "is empty", "name a folder");
    }
    let public = section.flag("public").unwrap_or(false);
    section.finish();
    Recordings {
        folder: folder.join(named),
        public,
        keep,
    }
}

/// Where records are kept when nothing else is said.
const USUAL_STORE: &str = "sqlite://hookflash.db";

fn store(section: Section<'_>, folder: &Path) -> Store {
    let url = section.parsed("url", |text| store_url(text, folder));
    let node = section.parsed("node", |text| {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        match !text.is_empty() && text.len() <= 64 && text.chars().all(is_fit) {
            true => Ok(text.to_owned()),
            false => Err(format!(
                "`{text}` is no name of a node; use up to 64 letters, digits, - _ and ."
            )),
        }
    });
    section.finish();
    Store {
        url: url.unwrap_or_else(|| store_url(USUAL_STORE, folder).unwrap_or_default()),
        node: node.unwrap_or_else(|| "hookflash".to_owned()),
        max_bytes: None,
    }
}

/// A relative file counts from the folder of the configuration.
fn store_url(text: &str, folder: &Path) -> Result<String, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(text.to_owned());
    }
    let rest = text.strip_prefix("sqlite:");
    match rest.map(|rest| rest.strip_prefix("//").unwrap_or(rest)) {
        Some(":memory:") => Ok("sqlite::memory:".to_owned()),
        Some(file) if !file.is_empty() => Ok(format!("sqlite://{}", folder.join(file).display())),
        _ => Err(
            "no store has such a URL; use \"sqlite://FILE\", \"sqlite::memory:\" or \
                  \"postgres://USER:PASSWORD@HOST/NAME\""
                .to_owned(),
        ),
    }
}

fn transfer(section: Section<'_>) -> Transfer {
    let limits = section.section("final_notify_timeout");
    let final_notify_timeout = FinalNotifyTimeout {
        twiml: positive(&limits, "twiml", Duration::from_secs(120)),
        cxml: positive(&limits, "cxml", Duration::from_secs(120)),
        bxml: positive(&limits, "bxml", Duration::from_secs(30)),
        jambonz: positive(&limits, "jambonz", Duration::from_secs(15)),
    };
    limits.finish();
    let words = [("report", OnRefused::Report), ("bridge", OnRefused::Bridge)];
    let on_refused = section
        .choice("on_refused", &words)
        .unwrap_or(OnRefused::Report);
    if on_refused == OnRefused::Bridge {
        section.warn(
            "on_refused",
            "this release cannot bridge, so a refusal is reported",
            "\"report\" says so plainly",
        );
    }
    let accept_code = section
        .integer("accept_code", 200, 299)
        .and_then(|n| u16::try_from(n).ok());
    let read = Transfer {
        final_notify_timeout,
        max_duration: positive(&section, "max_duration", Duration::from_secs(300)),
        referred_by: section.flag("referred_by").unwrap_or(true),
        refer_sub: section.flag("refer_sub"),
        grace_after_success: section
            .duration("grace_after_success")
            .unwrap_or(Duration::from_secs(2)),
        accept_code: accept_code.unwrap_or(202),
        on_refused,
        allow_targets: section
            .list("allow_targets", Pattern::parse)
            .unwrap_or_else(|| vec![Pattern::any()]),
    };
    section.finish();
    read
}

fn webhook(section: Section<'_>) -> Webhook {
    let read = Webhook {
        allow_private_networks: section.flag("allow_private_networks").unwrap_or(true),
        owed_for: positive(&section, "owed_for", Duration::from_secs(24 * 3_600)),
    };
    section.finish();
    read
}

fn limits(section: Section<'_>) -> Limits {
    let number = |key, least, default| {
        section
            .integer(key, least, i64::from(u32::MAX))
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(default)
    };
    let read = Limits {
        calls: number("calls", 1, 10_000),
        calls_per_second: number("calls_per_second", 0, 0),
    };
    section.finish();
    read
}

fn shutdown(section: Section<'_>) -> Shutdown {
    let read = Shutdown {
        grace: section.duration("grace").unwrap_or(Duration::from_secs(30)),
    };
    section.finish();
    read
}

fn records(section: Section<'_>) -> Records {
    let max = section
        .integer("max", 0, 10_000_000)
        .and_then(|max| u32::try_from(max).ok());
    let read = Records {
        max: max.unwrap_or(10_000),
        keep: positive(&section, "keep", Duration::from_secs(30 * 24 * 3_600)),
    };
    section.finish();
    read
}

fn logs(section: Section<'_>) -> Logs {
    let read = Logs {
        personal_data: section.flag("personal_data").unwrap_or(false),
    };
    section.finish();
    read
}
