//! The configuration as it is looked at when a call comes in: who may call, and which
//! application answers.
//!
//! Built once per configuration and shared by the shards; a reload puts another in its place,
//! and calls that run keep theirs.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookflash_call::{CallOptions, GivenDocument, TransferOptions};
use hookflash_dialects::{Account, Application, Dialect, FetchError, HttpRequest, Reply};
use hookflash_sip::header::NameAddr;
use hookflash_sip::{Flow, Uri};
use hookflash_transfer::AllowList;
use ipnet::IpNet;

use crate::config::{
    Accept, AccountSettings, ApplicationSettings, Config, OnRefused, Pattern, Source, Transfer,
};
use crate::registrations::Wanted;
use crate::static_document;
use crate::ways::Ways;

/// Stands in for the host of an application that is a fixed document; never asked (RFC 6761).
const DOCUMENTS: &str = "http://documents.hookflash.invalid/";

/// Who may call, and which application answers.
#[derive(Debug)]
pub(crate) struct Switchboard {
    routes: Vec<(Pattern, usize)>,
    applications: Vec<Line>,
    trunks: Vec<Peer>,
    users: HashMap<(String, String), Phone>,
    realms: Vec<String>,
    /// Hosts that mean this server.
    domains: Vec<String>,
    accept: Accept,
    /// Where calls go out.
    pub(crate) ways: Ways,
    /// Trunks that we are to be registered with.
    pub(crate) registrations: Vec<Wanted>,
    pub(crate) allow_private_networks: bool,
    /// For how long a peer may send no packet; `None` for ever.
    pub(crate) rtp_timeout: Option<Duration>,
    pub(crate) calls: u64,
    pub(crate) calls_per_second: u32,
}

/// One application with what its calls need to know, for callers of no trunk and of each.
#[derive(Debug)]
struct Line {
    document: Option<Arc<Template>>,
    stranger: Arc<CallOptions>,
    of_trunk: Vec<Arc<CallOptions>>,
}

/// A static document whose placeholders are to be filled.
#[derive(Debug)]
struct Template {
    sid: String,
    text: String,
    content_type: &'static str,
}

#[derive(Debug)]
struct Peer {
    name: String,
    from: Vec<IpNet>,
}

/// What is known of a user.
#[derive(Debug)]
struct Phone {
    password: String,
    identities: Vec<Pattern>,
}

/// What is known of who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// May call, as this trunk if one is given.
    Welcome(Option<usize>),
    /// Must show that it is one of the users.
    Challenge,
    /// May not call.
    Refused,
}

impl Switchboard {
    /// Builds the switchboard. `public_url` is the base of URLs that point at this server,
    /// `listeners` are the addresses that SIP is spoken on.
    ///
    /// # Errors
    /// A sentence, when the file of a static document cannot be read.
    pub(crate) fn new(
        config: &Config,
        public_url: &str,
        listeners: &[SocketAddr],
    ) -> Result<Switchboard, String> {
        let mut applications = Vec::with_capacity(config.applications.len());
        for settings in &config.applications {
            applications.push(line(config, settings, public_url)?);
        }
        let position = |name: &str| config.applications.iter().position(|a| a.name == name);
        let mut routes: Vec<(Pattern, usize)> = config
            .routes
            .iter()
            .filter_map(|route| Some((route.to.clone(), position(&route.application)?)))
            .collect();
        if routes.is_empty() && applications.len() == 1 {
            routes.push((Pattern::any(), 0));
        }
        let mut realms: Vec<String> = Vec::new();
        for user in &config.users {
            if !realms.contains(&user.domain) {
                realms.push(user.domain.clone());
            }
        }
        let users = config.users.iter().map(|user| {
            (
                (user.domain.clone(), user.name.clone()),
                Phone {
                    password: user.password.reveal().to_owned(),
                    identities: user.identities.clone(),
                },
            )
        });
        Ok(Switchboard {
            routes,
            applications,
            trunks: config
                .trunks
                .iter()
                .map(|trunk| Peer {
                    name: trunk.name.clone(),
                    from: trunk.from.clone(),
                })
                .collect(),
            users: users.collect(),
            realms,
            domains: own_hosts(config),
            accept: config.sip.accept,
            ways: Ways::new(config, listeners),
            registrations: Wanted::of(config),
            allow_private_networks: config.webhook.allow_private_networks,
            rtp_timeout: Some(config.media.rtp_timeout).filter(|time| !time.is_zero()),
            calls: u64::from(config.limits.calls),
            calls_per_second: config.limits.calls_per_second,
        })
    }

    /// Whether the peer may call (the contract's rule at the end of its configuration section).
    /// `registered` names the trunk whose registrar has this address, if we are registered there.
    pub(crate) fn admit(
        &self,
        flow: &Flow,
        registered: impl FnOnce(IpAddr) -> Option<String>,
    ) -> Admission {
        let peer = flow.remote.ip().to_canonical();
        let is_theirs = |trunk: &Peer| trunk.from.iter().any(|network| network.contains(&peer));
        if let Some(trunk) = self.trunks.iter().position(is_theirs) {
            return Admission::Welcome(Some(trunk));
        }
        if !self.registrations.is_empty()
            && let Some(name) = registered(peer)
            && let Some(trunk) = self.trunks.iter().position(|trunk| trunk.name == name)
        {
            return Admission::Welcome(Some(trunk));
        }
        if self.accept == Accept::Anyone {
            return Admission::Welcome(None);
        }
        if !self.users.is_empty() {
            return Admission::Challenge;
        }
        let nobody_named = self.trunks.iter().all(|trunk| trunk.from.is_empty());
        if nobody_named && flow.local.ip().to_canonical().is_loopback() {
            return Admission::Welcome(None);
        }
        Admission::Refused
    }

    /// Whether there are phones that may register.
    pub(crate) fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// The realm in which a caller from `domain` authenticates.
    pub(crate) fn realm(&self, domain: &str) -> Option<&str> {
        let own = self
            .realms
            .iter()
            .find(|realm| realm.eq_ignore_ascii_case(domain));
        own.or(self.realms.first()).map(String::as_str)
    }

    /// The password of a user.
    pub(crate) fn password(&self, realm: &str, user: &str) -> Option<&str> {
        self.users
            .get(&(realm.to_owned(), user.to_owned()))
            .map(|phone| phone.password.as_str())
    }

    /// Whether a user may call itself this in From: by its own name, by one that the
    /// configuration gives it, or not at all.
    pub(crate) fn may_show(&self, realm: &str, user: &str, from: &str) -> bool {
        let Ok(uri) = NameAddr::parse(from).and_then(|from| {
            let uri = from.parsed_uri();
            uri.map(|uri| uri.to_owned()).map_err(|error| error.problem)
        }) else {
            return false;
        };
        let (shown, host) = (uri.user_text().unwrap_or_default(), uri.host());
        // RFC 3323 section 4.1.1.3: who wants to be nobody claims nothing.
        if host.eq_ignore_ascii_case("anonymous.invalid") {
            return true;
        }
        let is_ours = host.eq_ignore_ascii_case(realm)
            || uri.host_ip().is_some()
            || self
                .domains
                .iter()
                .any(|own| own.eq_ignore_ascii_case(host))
            || host.is_empty();
        let phone = self.users.get(&(realm.to_owned(), user.to_owned()));
        let identities = phone
            .map(|phone| phone.identities.as_slice())
            .unwrap_or_default();
        (is_ours && shown == user)
            || identities.iter().any(|identity| {
                (is_ours || identity.names_host()) && identity.matches_party(&shown, host)
            })
    }

    /// The name of a trunk.
    pub(crate) fn trunk(&self, index: usize) -> Option<&str> {
        self.trunks.get(index).map(|trunk| trunk.name.as_str())
    }

    /// What a call to this Request-URI is run by; `None` when no route leads anywhere.
    pub(crate) fn route(&self, uri: &str, trunk: Option<usize>) -> Option<&Arc<CallOptions>> {
        let parsed = Uri::borrowed(uri).ok();
        let user = parsed
            .as_ref()
            .and_then(|uri| uri.user_text())
            .unwrap_or_default();
        let host = parsed.as_ref().map_or("", |uri| uri.host());
        let here = self.is_here(host);
        let (_, index) = self
            .routes
            .iter()
            .find(|(to, _)| (here || to.names_host()) && to.matches_party(&user, host))?;
        let line = self.applications.get(*index)?;
        Some(
            trunk
                .and_then(|trunk| line.of_trunk.get(trunk))
                .unwrap_or(&line.stranger),
        )
    }

    /// Whether a host means this server: one of `sip.domains`, an IP address or no host at all
    /// (`tel:`), and every host when no domain is configured.
    fn is_here(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        self.domains.is_empty()
            || bare.is_empty()
            || bare.parse::<IpAddr>().is_ok()
            || self
                .domains
                .iter()
                .any(|domain| domain.eq_ignore_ascii_case(host))
    }

    /// The document that stands in for a request to an application which is a fixed document.
    pub(crate) fn document(&self, request: &HttpRequest) -> Option<Result<Reply, FetchError>> {
        let sid = request.url.strip_prefix(DOCUMENTS)?;
        let sid = sid.split(['?', '#']).next().unwrap_or(sid);
        let templates = self
            .applications
            .iter()
            .filter_map(|line| line.document.as_ref());
        let template = templates.into_iter().find(|template| template.sid == sid)?;
        Some(Ok(Reply {
            status: 200,
            content_type: Some(template.content_type.to_owned()),
            body: static_document::answer(&template.text, request).into_bytes(),
            url: request.url.clone(),
        }))
    }
}

fn line(config: &Config, settings: &ApplicationSettings, public_url: &str) -> Result<Line, String> {
    let account = config
        .accounts
        .iter()
        .find(|account| account.sid == settings.account)
        .ok_or_else(|| format!("application {} has no account", settings.name))?;
    let (url, text) = match &settings.source {
        Source::Url(url) => (url.clone(), None),
        Source::Document(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
            (format!("{DOCUMENTS}{}", settings.sid), Some((path, text)))
        }
    };
    let application = Arc::new(Application {
        name: settings.name.clone(),
        sid: settings.sid.clone(),
        account: account_of(account),
        url,
        method: settings.method,
        fallback_url: settings.fallback_url.clone(),
        status_callback: settings.status_callback.clone(),
        events_url: settings.events_url.clone(),
    });
    let mut stranger = CallOptions::new(application);
    public_url.clone_into(&mut stranger.public_url);
    stranger.codecs = config.media.codecs.as_slice().into();
    stranger.transfer = transfer(&config.transfer, account.dialect);
    stranger.show_keys = config.logs.personal_data;
    let mut document = None;
    match text {
        // Without placeholders nothing has to be asked, not even ourselves.
        Some((path, text)) if !text.contains("{{") => {
            stranger.document = Some(GivenDocument {
                body: Bytes::from(text),
                name: file_name(path),
                base: String::new(),
            });
        }
        Some((_, text)) => {
            document = Some(Arc::new(Template {
                sid: settings.sid.clone(),
                text,
                content_type: match account.dialect {
                    Dialect::Jambonz => "application/json",
                    Dialect::Twiml | Dialect::Cxml | Dialect::Bxml => "application/xml",
                },
            }));
        }
        None => {}
    }
    let of_trunk = config
        .trunks
        .iter()
        .map(|trunk| {
            let mut options = stranger.clone();
            options.trunk = Some(trunk.name.clone());
            options.credentials = trunk.credentials();
            Arc::new(options)
        })
        .collect();
    Ok(Line {
        document,
        stranger: Arc::new(stranger),
        of_trunk,
    })
}

/// An account as the dialects know it.
pub(crate) fn account_of(settings: &AccountSettings) -> Account {
    let key = settings.signing_key.as_ref();
    let password = settings.callback_password.as_ref();
    Account {
        sid: settings.sid.clone(),
        dialect: settings.dialect,
        signing_key: key.map(|key| key.reveal().to_owned()).unwrap_or_default(),
        callback_credentials: settings
            .callback_user
            .clone()
            .zip(password.map(|password| password.reveal().to_owned())),
    }
}

fn transfer(settings: &Transfer, dialect: Dialect) -> TransferOptions {
    TransferOptions {
        final_notify_timeout: settings.final_notify_timeout.of(dialect),
        max_duration: settings.max_duration,
        referred_by: settings.referred_by,
        grace_after_success: settings.grace_after_success,
        refer_sub: settings.refer_sub,
        bridge_when_refused: settings.on_refused == OnRefused::Bridge,
        allow_targets: AllowList::new(settings.allow_targets.iter().map(Pattern::as_str)),
        ..TransferOptions::default()
    }
}

/// `sip.domains`, and what goes without saying once there are any: the advertised host, and
/// `localhost`.
fn own_hosts(config: &Config) -> Vec<String> {
    let mut hosts = config.sip.domains.clone();
    if !hosts.is_empty() {
        hosts.extend(config.sip.advertise.clone());
        hosts.push("localhost".to_owned());
    }
    hosts
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use hookflash_sip::{ConnectionId, Transport};

    use super::*;
    use crate::config::Options;

    fn switchboard(text: &str) -> Switchboard {
        let desk = r#"
[[accounts]]
sid = "AC1"
dialect = "twiml"
auth_token = "t"
[[applications]]
name = "support"
url = "http://h/support"
[[applications]]
name = "rest"
url = "http://h/rest"
[[routes]]
to = "support@*.example.com"
application = "support"
[[routes]]
to = "+44*"
application = "rest"
"#;
        let text = format!("{text}{desk}");
        let folder = Path::new(".");
        let config = Config::from_parts("t", &text, folder, &[], &Options::default()).unwrap();
        Switchboard::new(&config, "http://me", &[]).unwrap()
    }

    fn admit(board: &Switchboard, flow: &Flow) -> Admission {
        board.admit(flow, |_| None)
    }

    fn flow(local: &str, remote: &str) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            connection: ConnectionId(0),
        }
    }

    #[test]
    fn the_first_route_that_matches_decides_and_none_is_none() {
        let board = switchboard("");
        let name = |uri: &str| board.route(uri, None).map(|o| o.application.name.clone());
        assert_eq!(
            name("sip:support@eu.Example.com:5070").as_deref(),
            Some("support")
        );
        assert_eq!(
            name("sip:+442079460123@anywhere;user=phone").as_deref(),
            Some("rest")
        );
        assert_eq!(name("tel:+442079460123").as_deref(), Some("rest"));
        assert_eq!(name("sip:support@example.net"), None);
        assert_eq!(name("sip:example.com"), None);
        assert_eq!(name("nonsense"), None);
    }

    #[test]
    fn with_domains_a_call_for_another_host_is_not_ours_unless_a_route_names_it() {
        let board = switchboard(
            "[sip]\ndomains = [\"voice.example.com\"]\n\
             [[routes]]\nto = \"x@other.example.com\"\napplication = \"support\"\n\
             [[routes]]\nto = \"x\"\napplication = \"support\"\n",
        );
        for ours in [
            "sip:x@VOICE.example.com:5080",
            "sip:x@192.0.2.1",
            "sip:x@[2001:db8::1]",
            "sip:x@localhost",
            "tel:+44123",
            "sip:x@other.example.com",
        ] {
            assert!(board.route(ours, None).is_some(), "{ours}");
        }
        assert!(board.route("sip:x@example.net", None).is_none());
    }

    #[test]
    fn without_trunks_and_users_only_a_loopback_listener_takes_calls() {
        let board = switchboard("");
        let loopback = flow("127.0.0.1:5060", "127.0.0.1:1");
        assert_eq!(admit(&board, &loopback), Admission::Welcome(None));
        assert_eq!(
            admit(&board, &flow("[::1]:5060", "[::1]:1")),
            Admission::Welcome(None)
        );
        assert_eq!(
            admit(&board, &flow("192.0.2.1:5060", "192.0.2.9:1")),
            Admission::Refused
        );
        assert_eq!(
            admit(&board, &flow("0.0.0.0:5060", "127.0.0.1:1")),
            Admission::Refused
        );
        let open = switchboard("[sip]\naccept = \"anyone\"\n");
        let stranger = flow("192.0.2.1:5060", "192.0.2.9:1");
        assert_eq!(admit(&open, &stranger), Admission::Welcome(None));
    }

    #[test]
    fn a_trunk_is_known_by_its_address_and_gives_its_credentials() {
        let board = switchboard(
            "[[trunks]]\nname = \"carrier\"\nuri = \"sip:h\"\nusername = \"u\"\n\
             password = \"p\"\nfrom = [\"203.0.113.0/24\"]\n",
        );
        let carrier = flow("192.0.2.1:5060", "203.0.113.77:5060");
        assert_eq!(admit(&board, &carrier), Admission::Welcome(Some(0)));
        assert_eq!(board.trunk(0), Some("carrier"));
        // Once peers are named, loopback is no longer taken for granted.
        assert_eq!(
            admit(&board, &flow("127.0.0.1:5060", "127.0.0.1:1")),
            Admission::Refused
        );
        let options = board.route("sip:+441@h", Some(0)).unwrap();
        assert_eq!(options.trunk.as_deref(), Some("carrier"));
        assert_eq!(options.credentials[0].username, "u");
        assert!(
            board
                .route("sip:+441@h", None)
                .unwrap()
                .credentials
                .is_empty()
        );
    }

    #[test]
    fn users_are_challenged_in_their_own_realm() {
        let board = switchboard(
            "[[users]]\nname = \"a\"\ndomain = \"one.example\"\npassword = \"1\"\n\
             [[users]]\nname = \"a\"\ndomain = \"two.example\"\npassword = \"2\"\n",
        );
        assert_eq!(
            admit(&board, &flow("127.0.0.1:5060", "127.0.0.1:1")),
            Admission::Challenge
        );
        assert_eq!(board.realm("TWO.example"), Some("two.example"));
        assert_eq!(board.realm("elsewhere"), Some("one.example"));
        assert_eq!(board.password("two.example", "a"), Some("2"));
        assert_eq!(board.password("two.example", "b"), None);
    }

    #[test]
    fn the_registrar_of_a_trunk_that_we_are_registered_with_may_call() {
        let board = switchboard(
            "[[trunks]]\nname = \"other\"\nuri = \"sip:o\"\nfrom = [\"192.0.2.1\"]\n\
             [[trunks]]\nname = \"carrier\"\nuri = \"sip:h\"\nusername = \"u\"\n\
             password = \"p\"\nregister = true\n",
        );
        let known = |ip: IpAddr| (ip.to_string() == "203.0.113.9").then(|| "carrier".to_owned());
        let admit = |remote: &str| board.admit(&flow("192.0.2.77:5060", remote), known);
        assert_eq!(admit("203.0.113.9:5060"), Admission::Welcome(Some(1)));
        assert_eq!(admit("203.0.113.8:5060"), Admission::Refused);
        assert_eq!(admit("192.0.2.1:5060"), Admission::Welcome(Some(0)));
    }

    #[test]
    fn a_user_calls_itself_by_its_name_or_what_it_is_given_or_nothing() {
        let board = switchboard(
            "[sip]\ndomains = [\"voice.example.com\"]\n\
             [[users]]\nname = \"alice\"\ndomain = \"phones.example\"\npassword = \"1\"\n\
             identities = [\"+4420*\", \"*@pbx.example\"]\n",
        );
        let may = |from: &str| board.may_show("phones.example", "alice", from);
        for fine in [
            "<sip:alice@phones.example>;tag=1",
            "\"Alice\" <sip:alice@192.0.2.77:5070>",
            "sip:alice@VOICE.example.com;tag=1",
            "<sip:+44207946@phones.example;user=phone>",
            "<tel:+44207946>",
            "<sip:reception@pbx.example>",
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1",
        ] {
            assert!(may(fine), "{fine}");
        }
        for lie in [
            "<sip:bob@phones.example>;tag=1",
            "<sip:Alice@phones.example>",
            "<sip:alice@bank.example>",
            "<sip:+44207946@bank.example>",
            "<sip:+4930@phones.example>",
            "<sip:phones.example>",
            "nonsense",
            "",
        ] {
            assert!(!may(lie), "{lie}");
        }
    }
}
