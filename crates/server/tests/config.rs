//! The configuration as an operator meets it: what is understood, and how what is wrong is said.
#![allow(clippy::unwrap_used, reason = "a test that cannot set its stage fails")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_server::config::{Accept, Config, Options, Source};
use tempfile::TempDir;

/// A folder with a document and a secret, gone when the test's thread ends.
fn folder() -> PathBuf {
    thread_local! {
        static FOLDER: TempDir = TempDir::with_prefix("hookflash-config-").unwrap();
    }
    let folder = FOLDER.with(|folder| folder.path().to_owned());
    std::fs::write(folder.join("night.xml"), "<Response><Hangup/></Response>").unwrap();
    std::fs::write(folder.join("secret"), "from a file\n").unwrap();
    folder
}

fn read(text: &str) -> Result<Config, String> {
    read_with(text, &[], &Options::default())
}

fn read_with(text: &str, env: &[(&str, &str)], options: &Options) -> Result<Config, String> {
    let env: Vec<(String, String)> = env
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    Config::from_parts("hookflash.toml", text, &folder(), &env, options)
        .map_err(|errors| errors.to_string())
}

const DESK: &str = r#"
[[accounts]]
sid = "AC00000000000000000000000000000001"
dialect = "twiml"
auth_token = "token"

[[applications]]
name = "support"
account = "AC00000000000000000000000000000001"
url = "http://127.0.0.1:3000/voice"
"#;

const JAMBONZ: &str = r#"
[[accounts]]
sid = "f4cd23c1-d5c4-4fcc-8000-000000000001"
dialect = "jambonz"

[[applications]]
name = "voice"
account = "f4cd23c1-d5c4-4fcc-8000-000000000001"
url = "wss://app.example/voice#rc=3"
"#;

#[test]
fn a_jambonz_application_may_have_a_websocket() {
    let config = read(JAMBONZ).unwrap();
    let url = Source::Url("wss://app.example/voice#rc=3".to_owned());
    assert_eq!(config.applications[0].source, url);
}

#[test]
fn an_empty_configuration_listens_on_loopback_and_nothing_else() {
    let config = read("").unwrap();
    let listen: Vec<String> = config.sip.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["udp://127.0.0.1:5060", "tcp://127.0.0.1:5060"]);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        (config.media.ports.first, config.media.ports.last),
        (30000, 39999)
    );
    assert_eq!(config.sip.accept, Accept::Known);
    assert_eq!(config.limits.calls, 10_000);
    assert_eq!(config.shutdown.grace, Duration::from_secs(30));
    assert_eq!(
        config.transfer.final_notify_timeout.of(Dialect::Jambonz),
        Duration::from_secs(15)
    );
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn every_documented_key_is_understood() {
    let secret = folder().join("secret");
    let text = format!(
        r#"
shards = 2
[sip]
listen = ["udp://127.0.0.1:5060", "tcp://[::1]:5060"]
advertise = "203.0.113.7"
domains = ["voice.example.com"]
dns = ["192.0.2.53", "127.0.0.1:5353", "2001:db8::53"]
digest = ["SHA-512-256", "md5"]
accept = "known"
t1 = "500ms"
t2 = "4s"
t4 = "5s"
session_expires = "30m"
min_se = "90s"
[sip.tls]
certificate = "cert.pem"
key = "key.pem"
[http]
listen = "127.0.0.1:8080"
public_url = "https://voice.example.com/"
admin_token = "file:{}"
[media]
ports = "30000-39999"
codecs = ["PCMU", "PCMA"]
srtp = "optional"
rtp_timeout = "5m"
prompts = "prompts"
prompt_max_size = "32MiB"
prompt_max_length = "30m"
prompt_cache = "256MiB"
[recordings]
folder = "recordings"
public = false
keep = "30d"
[store]
url = "sqlite://hookflash.db"
node = "east-1"
[transfer]
final_notify_timeout = {{ twiml = "120s", cxml = "110s", bxml = "30s", jambonz = "15s" }}
max_duration = "5m"
referred_by = true
refer_sub = false
grace_after_success = "2s"
on_refused = "report"
accept_code = 202
allow_targets = ["*"]
[webhook]
allow_private_networks = true
[limits]
calls = 10000
calls_per_second = 0
[shutdown]
grace = "30s"
[records]
max = 10000
[logs]
personal_data = false
[[accounts]]
sid = "AC00000000000000000000000000000001"
dialect = "twiml"
auth_user = "user"
auth_token = "token"
signing_key = "key"
[[accounts]]
sid = "9900000"
dialect = "bxml"
auth_token = "token"
callback_user = "me"
callback_password = "pass"
[[applications]]
name = "support"
sid = "AP1"
account = "AC00000000000000000000000000000001"
url = "http://127.0.0.1:3000/voice"
method = "GET"
fallback_url = "http://127.0.0.1:3000/fallback"
status_callback = "http://127.0.0.1:3000/status"
[[applications]]
name = "night"
account = "9900000"
document = "night.xml"
[[routes]]
to = "support"
application = "AP1"
[[routes]]
to = "*"
application = "night"
[[trunks]]
name = "carrier"
uri = "sip:127.0.0.1:5070;transport=udp"
numbers = ["+44*"]
hosts = ["*.carrier.example"]
username = "u"
password = "p"
from = ["127.0.0.1/32", "2001:db8::1"]
register = true
[[users]]
name = "alice"
domain = "voice.example.com"
password = "secret"
identities = ["+4420*"]
"#,
        secret.display()
    );
    let config = read(&text).unwrap();
    assert_eq!(
        config.http.public_url.as_deref(),
        Some("https://voice.example.com")
    );
    assert_eq!(
        config.http.admin_token.as_ref().unwrap().reveal(),
        "from a file"
    );
    assert_eq!(
        config.accounts[0].signing_key.as_ref().unwrap().reveal(),
        "key"
    );
    assert_eq!(config.accounts[1].auth_user, "9900000");
    assert_eq!(
        config.applications[1].source,
        Source::Document(folder().join("night.xml"))
    );
    assert_eq!(config.routes[0].application, "support");
    assert_eq!(config.trunks[0].from[1].to_string(), "2001:db8::1/128");
    assert!(config.trunks[0].register);
    let servers: Vec<String> = config.sip.dns.iter().map(|at| at.to_string()).collect();
    let expected = ["192.0.2.53:53", "127.0.0.1:5353", "[2001:db8::53]:53"];
    assert_eq!(servers, expected);
    let warnings = config.warnings.join("\n");
    assert!(
        warnings.contains("sip.tls: TLS comes with a later release"),
        "{warnings}"
    );
    assert!(
        warnings.contains("media.prompts: there is no folder"),
        "{warnings}"
    );
    assert_eq!(config.warnings.len(), 2, "{warnings}");
}

#[test]
fn what_is_wrong_is_said_with_its_place_its_key_and_its_remedy() {
    let app = |line: &str| format!("{DESK}{line}\n");
    let cases: Vec<(String, &str)> = vec![
        (
            "[sip]\nlisen = []".into(),
            "hookflash.toml:2:1: sip.lisen: there is no such key; did you mean `listen`?",
        ),
        (
            "[spi]".into(),
            "hookflash.toml:1:2: spi: there is no such key; did you mean `sip`?",
        ),
        (
            "[http]\nport = 1".into(),
            "known here: public_url, listen, admin_token",
        ),
        (
            "[recordings]\nwhere = \"x\"".into(),
            "known here: keep, folder, public",
        ),
        (
            "[sip]\nlisten = [\"udp://127.0.0.1\", \"upd://::1\"]".into(),
            "hookflash.toml:2:30: sip.listen[1]: `upd` is no transport (did you mean `udp`?)",
        ),
        (
            "[sip]\nlisten = [\"tls://0.0.0.0:5061\"]".into(),
            "this release does not speak TLS",
        ),
        (
            "[sip]\nlisten = []".into(),
            "sip.listen: no address to listen on",
        ),
        (
            "[sip]\nt1 = 500".into(),
            "hookflash.toml:2:1: sip.t1: 500 has no unit; write \"500ms\" or \"500s\"",
        ),
        (
            "[store]\nnode = 5".into(),
            "store.node: an integer was given where a string belongs; put it in quotes",
        ),
        (
            "[transfer]\nreferred_by = \"no\"".into(),
            "belongs; write true or false, without quotes",
        ),
        (
            "[http]\nadmin_token = \"\"".into(),
            "hookflash.toml:2:1: http.admin_token: is empty; give one",
        ),
        (
            "[[accounts]]\nsid = \"a\"\ndialect = \"twiml\"\nauth_token = \"\"".into(),
            "accounts[0].auth_token: is empty",
        ),
        (
            "[[users]]\nname = \"a\"\ndomain = \"b\"\npassword = \"\"".into(),
            "users[0].password: is empty",
        ),
        (
            "[sip]\nt1 = \"500\"".into(),
            "write a number and ms, s, m, h or d",
        ),
        ("[sip]\nmin_se = \"10s\"".into(), "RFC 4028 allows no less"),
        (
            "[sip]\naccept = \"anyoen\"".into(),
            "did you mean `anyone`?",
        ),
        (
            "[http]\nlisten = \"localhost\"".into(),
            "write HOST:PORT with an IP address",
        ),
        (
            "[http]\nadmin_token = \"env:HOOKFLASH_NOT_SET\"".into(),
            "http.admin_token: the environment variable HOOKFLASH_NOT_SET is not set",
        ),
        ("[media]\nports = \"40000\"".into(), "write FIRST-LAST"),
        (
            "shards = 3\n[media]\nports = \"30000-30003\"".into(),
            "media.ports: there are fewer RTP ports than the 3 shards",
        ),
        (
            "[media]\nports = \"30001-30001\"".into(),
            "holds no even port",
        ),
        (
            "[media]\nsrtp = \"required\"".into(),
            "this release has no SRTP",
        ),
        (
            "[media]\ncodecs = [\"G729\"]".into(),
            "\"G729\" is not a codec of this server",
        ),
        (
            "[store]\nurl = \"mysql://db\"".into(),
            "no store has such a URL; use \"sqlite://FILE\"",
        ),
        (
            "[transfer]\non_refused = \"brige\"".into(),
            "did you mean `bridge`?",
        ),
        (
            "[transfer]\nfinal_notify_timeout = \"9s\"".into(),
            "where a table belongs",
        ),
        (
            "[transfer.final_notify_timeout]\nbxnl = \"9s\"".into(),
            "did you mean `bxml`?",
        ),
        (
            "[limits]\ncalls = 0".into(),
            "limits.calls: 0 is out of range",
        ),
        (
            "shards = true".into(),
            "a boolean was given where an integer belongs",
        ),
        (
            "[[accounts]]\nsid = \"a/b\"\ndialect = \"twiml\"".into(),
            "cannot stand in a path",
        ),
        (
            "[[accounts]]\nsid = \"a\"".into(),
            "accounts[0].dialect: is missing",
        ),
        (
            "[[accounts]]\nsid = \"a\"\ndialect = \"texml\"".into(),
            "`texml` is not one of twiml",
        ),
        (
            app("acount = \"x\""),
            "hookflash.toml:11:1: applications[0].acount: there is no such",
        ),
        (
            app("document = \"night.xml\""),
            "applications[0].document: goes not with `url`",
        ),
        (
            app("fallback_url = \"/x\""),
            "applications[0].fallback_url: `/x` is no URL",
        ),
        (
            DESK.replace("http://127", "ws://127"),
            "twiml applications are asked by HTTP, not over a WebSocket",
        ),
        (
            JAMBONZ.replace("wss://app.example/voice#rc=3", "wss:"),
            "applications[0].url: `wss:` is no URL",
        ),
        (
            DESK.replace("account = \"AC0", "account = \"AC1"),
            "did you mean `AC000",
        ),
        (
            DESK.replace(
                "url = \"http://127.0.0.1:3000/voice\"",
                "document = \"day.xml\"",
            ),
            "day.xml cannot be read",
        ),
        (
            app("[[routes]]\nto = \"x\"\napplication = \"suport\""),
            "did you mean `support`?",
        ),
        ("[[trunks]]\nname = \"t\"".into(), "the trunk leads nowhere"),
        (
            "[[trunks]]\nname = \"t\"\nuri = \"sip:h\"\nregister = true".into(),
            "hookflash.toml:4:1: trunks[0].register: there is nobody to register with, or no name",
        ),
        (
            "[[trunks]]\nname = \"t\"\nfrom = [\"10.0.0.1\"]\nnumbers = [\"+44*\"]".into(),
            "trunks[0].numbers: says which calls go to the trunk, which has no `uri`",
        ),
        (
            "[[trunks]]\nname = \"t\"\nuri = \"sip:h;transport=tls\"".into(),
            "needs TLS or WebSocket, which this release does not speak",
        ),
        (
            "[[trunks]]\nname = \"t\"\nuri = \"sip:h;transport=sctp\"".into(),
            "names an unknown transport; use udp or tcp",
        ),
        (
            "[[trunks]]\nname = \"t\"\nuri = \"sip:u@h?Route=x\"".into(),
            "holds headers or a method",
        ),
        (
            "[[trunks]]\nname = \"t\"\nuri = \"carrier.example\"".into(),
            "write sip:HOST:PORT;transport=udp",
        ),
        (
            "[sip]\ndigest = [\"MD5-sess\"]".into(),
            "sip.digest: `MD5-sess` is no hash function of digest challenges",
        ),
        (
            "[sip]\ndigest = []".into(),
            "sip.digest: no hash function is left",
        ),
        (
            "[sip]\ndns = [\"dns.example\"]".into(),
            "sip.dns: `dns.example` is no address of a name server",
        ),
        (
            "[[users]]\nname = \"a@d\"\ndomain = \"d\"\npassword = \"p\"".into(),
            "users[0].name: `a@d` cannot be the user part of an address",
        ),
        (
            "[[users]]\nname = \"a\"\ndomain = \"d:5060\"\npassword = \"p\"".into(),
            "users[0].domain: `d:5060` is no host name or address",
        ),
        (
            "[[trunks]]\nname = \"t\"\nuri = \"sips:h\"".into(),
            "needs TLS or WebSocket, which this release does not speak",
        ),
        (
            "[[trunks]]\nname = \"t\"\nfrom = [\"10.0.0.0/40\"]".into(),
            "is no network",
        ),
        (
            "[[users]]\nname = \"a\"\ndomain = \"d\"".into(),
            "users[0].password: is missing",
        ),
        ("[sip\n".into(), "hookflash.toml:1:5: this is no TOML"),
        ("trunks = 3".into(), "an array of tables ([[trunks]])"),
    ];
    for (text, expected) in cases {
        let errors = read(&text).expect_err(&text);
        assert!(
            errors.contains(expected),
            "{text}\nexpected: {expected}\ngot: {errors}"
        );
    }
}

#[test]
fn one_run_shows_every_error() {
    let errors = read("[sip]\nt1 = \"x\"\n[http]\nlisten = \"y\"\n[zzz]\n").unwrap_err();
    assert_eq!(errors.lines().count(), 3, "{errors}");
}

#[test]
fn a_wrong_element_of_a_list_is_one_error_and_not_an_empty_list_too() {
    let errors = read("[sip]\nlisten = [\"127.0.0.1:5060\"]\n").unwrap_err();
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn lists_in_the_environment_may_do_with_commas() {
    for text in [
        "udp://127.0.0.1:7000,tcp://127.0.0.1:7000",
        " udp://127.0.0.1:7000 , tcp://127.0.0.1:7000 ",
        "[\"udp://127.0.0.1:7000\", \"tcp://127.0.0.1:7000\"]",
    ] {
        let env = [("HOOKFLASH_SIP__LISTEN", text)];
        let config = read_with("", &env, &Options::default()).unwrap();
        assert_eq!(config.sip.listen.len(), 2, "{text}");
    }
    let env = [("HOOKFLASH_SIP__LISTEN", "udp://127.0.0.1:7000,tcp://x")];
    let errors = read_with("", &env, &Options::default()).unwrap_err();
    assert!(
        errors.starts_with("environment variable HOOKFLASH_SIP__LISTEN: sip.listen[1]: `x`"),
        "{errors}"
    );
}

#[test]
fn tables_in_the_environment_are_written_as_in_toml() {
    let env = [
        (
            "HOOKFLASH_ACCOUNTS",
            "[{ sid = \"1\", dialect = \"bxml\" }]",
        ),
        (
            "HOOKFLASH_APPLICATIONS",
            "[{ name = \"a\", url = \"http://127.0.0.1/\" }]",
        ),
        (
            "HOOKFLASH_TRANSFER__FINAL_NOTIFY_TIMEOUT",
            "{ bxml = \"9s\" }",
        ),
        // The operator's own, whatever they hold.
        ("HOOKFLASH_ROUTES", "none"),
        ("HOOKFLASH_OTHER", "[{ a = 1 }]"),
    ];
    let config = read_with("", &env, &Options::default()).unwrap();
    assert_eq!(config.accounts[0].sid, "1");
    assert_eq!(config.applications[0].account, "1");
    let limits = config.transfer.final_notify_timeout;
    assert_eq!(limits.bxml, Duration::from_secs(9));
    assert_eq!(limits.twiml, Duration::from_secs(120));

    let env = [("HOOKFLASH_USERS", "[{ nam = \"a\" }]")];
    let errors = read_with("", &env, &Options::default()).unwrap_err();
    assert!(
        errors.contains("environment variable HOOKFLASH_USERS: users[0].nam: there is no such key"),
        "{errors}"
    );
}

#[test]
fn the_http_listener_may_be_called_localhost_as_sip_listeners_may() {
    let config = read("[http]\nlisten = \"localhost:9000\"\n").unwrap();
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:9000");
    for wrong in ["localhost", "localhost:", "localhost:x", "localhost:70000"] {
        let errors = read(&format!("[http]\nlisten = \"{wrong}\"\n")).unwrap_err();
        assert!(errors.contains("is no address"), "{wrong}: {errors}");
    }
}

#[test]
fn a_url_that_a_dialect_never_asks_is_a_warning() {
    let config = read(&format!("{DESK}events_url = \"http://h/\"\n")).unwrap();
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("applications[0].events_url: is never asked"));
    assert_eq!(config.applications[0].events_url, None);

    let text = "[[accounts]]\nsid = \"j\"\ndialect = \"jambonz\"\nauth_token = \"t\"\n\
                [[applications]]\nname = \"a\"\nurl = \"http://127.0.0.1/\"\n\
                fallback_url = \"http://127.0.0.1/else\"\n";
    let config = read(text).unwrap();
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("applications[0].fallback_url: is never asked"));
}

#[test]
fn an_application_or_a_trunk_may_ask_for_an_empty_password() {
    let text = "[[accounts]]\nsid = \"1\"\ndialect = \"bxml\"\nauth_token = \"t\"\n\
                callback_user = \"key\"\ncallback_password = \"\"\n\
                [[trunks]]\nname = \"a\"\nuri = \"sip:192.0.2.1\"\n\
                username = \"u\"\npassword = \"\"\n";
    let config = read(text).unwrap();
    assert_eq!(config.trunks[0].password.as_ref().unwrap().reveal(), "");
}

#[test]
fn environment_variables_stand_over_the_file() {
    let text = format!("[http]\nlisten = \"127.0.0.1:1\"\n{DESK}");
    let env = [
        ("HOOKFLASH_HTTP__LISTEN", "127.0.0.1:2"),
        (
            "HOOKFLASH_SIP__LISTEN",
            "[\"udp://127.0.0.1:7000\", \"tcp://127.0.0.1:7000\"]",
        ),
        ("HOOKFLASH_SIP__DOMAINS", "voice.example.com"),
        ("HOOKFLASH_LIMITS__CALLS", "12"),
        ("HOOKFLASH_TRANSFER__REFERRED_BY", "false"),
        ("HOOKFLASH_TRANSFER__FINAL_NOTIFY_TIMEOUT__BXML", "9s"),
        ("HOOKFLASH_ACCOUNTS__0__AUTH_TOKEN", "12345"),
        ("HOOKFLASH_SHARDS", "3"),
        ("HOOKFLASH_ADMIN", "the operator's own"),
    ];
    let config = read_with(&text, &env, &Options::default()).unwrap();
    assert_eq!(config.http.listen.port(), 2);
    assert_eq!(config.sip.listen.len(), 2);
    assert_eq!(config.sip.domains, ["voice.example.com"]);
    assert_eq!(config.limits.calls, 12);
    assert!(!config.transfer.referred_by);
    assert_eq!(
        config.transfer.final_notify_timeout.bxml,
        Duration::from_secs(9)
    );
    assert_eq!(
        config.accounts[0].auth_token.as_ref().unwrap().reveal(),
        "12345"
    );
    assert_eq!(config.shards, 3);
}

#[test]
fn numbers_may_be_written_as_toml_allows() {
    let config = read("[limits]\ncalls = 20_000\ncalls_per_second = 0x10\n").unwrap();
    assert_eq!(config.limits.calls, 20_000);
    assert_eq!(config.limits.calls_per_second, 16);
}

#[test]
fn a_wrong_environment_variable_is_named() {
    let env = [
        ("HOOKFLASH_HTP__LISTEN", "127.0.0.1:2"),
        ("HOOKFLASH_LIMITS__CALLS", "many"),
    ];
    let errors = read_with("", &env, &Options::default()).unwrap_err();
    assert!(errors.contains("environment variable HOOKFLASH_HTP__LISTEN: htp: there is no such"));
    assert!(errors.contains("environment variable HOOKFLASH_LIMITS__CALLS: limits.calls: a text"));
}

#[test]
fn the_webhook_option_answers_every_call_without_a_file() {
    let options = Options {
        webhook: Some("http://127.0.0.1:3000/".into()),
        dialect: Some(Dialect::Jambonz),
        sip: vec!["udp://127.0.0.1:0".into()],
        http: Some("127.0.0.1:0".into()),
        store: Some("sqlite::memory:".into()),
    };
    let config = read_with("", &[], &options).unwrap();
    assert_eq!(config.sip.listen.len(), 1);
    assert_eq!(config.http.listen.port(), 0);
    assert_eq!(config.accounts[0].dialect, Dialect::Jambonz);
    assert_eq!(config.routes[0].to.as_str(), "*");
    assert_eq!(config.routes[0].application, config.applications[0].name);
    let token = config.accounts[0].auth_token.as_ref().unwrap().reveal();
    assert!(
        config
            .warnings
            .iter()
            .any(|warning| warning.contains(token)),
        "the key is told once"
    );
    let again = read_with("", &[], &options).unwrap();
    assert_eq!(
        again.accounts[0].auth_token.as_ref().unwrap().reveal(),
        token,
        "a reload keeps the key"
    );
}

#[test]
fn the_webhook_option_uses_a_configured_account_of_its_dialect_and_takes_every_call() {
    let text = format!("{DESK}[[routes]]\nto = \"support\"\napplication = \"support\"\n");
    let options = Options {
        webhook: Some("http://127.0.0.1:1/".into()),
        ..Options::default()
    };
    let config = read_with(&text, &[], &options).unwrap();
    assert_eq!(config.accounts.len(), 1);
    assert_eq!(config.routes.len(), 1);
    assert_eq!(config.routes[0].application, "webhook");
}

#[test]
fn a_wrong_option_is_named() {
    let options = Options {
        webhook: Some("localhost".into()),
        ..Options::default()
    };
    let errors = read_with("", &[], &options).unwrap_err();
    assert!(errors.starts_with("option --webhook: applications[0].url: `localhost` is no URL"));
}

#[test]
fn an_application_keeps_its_derived_identifier_from_run_to_run() {
    let once = read(DESK).unwrap().applications[0].sid.clone();
    assert_eq!(once, read(DESK).unwrap().applications[0].sid);
    assert_ne!(
        once,
        read(&DESK.replace("support", "sales"))
            .unwrap()
            .applications[0]
            .sid
    );
    assert!(once.starts_with("AP"), "{once}");
}

#[test]
fn the_printed_configuration_masks_secrets_and_reads_back() {
    let text = format!(
        "[sip]\nt1 = \"250ms\"\n{DESK}[[users]]\nname = \"a\"\ndomain = \"d\"\npassword = \"hush\"\n"
    );
    let printed = read(&text).unwrap().print();
    assert!(
        !printed.contains("hush") && !printed.contains("\"token\""),
        "{printed}"
    );
    assert!(printed.contains("t1 = \"250ms\""), "{printed}");
    let again = read(&printed).unwrap();
    assert_eq!(again.print(), printed);
}

#[test]
fn a_password_in_a_url_is_masked_when_printed() {
    let text = DESK.replace("http://", "http://u:hush@");
    let printed = read(&text).unwrap().print();
    assert!(!printed.contains("hush"), "{printed}");
    assert!(printed.contains("\"http://u:********@"), "{printed}");
}

#[test]
fn a_missing_file_says_so() {
    let missing = Path::new("/nonexistent/hookflash.toml");
    let errors = Config::load(Some(missing), &Options::default())
        .unwrap_err()
        .to_string();
    assert!(
        errors.contains("/nonexistent/hookflash.toml: cannot be read"),
        "{errors}"
    );
}

const SPEECH: &str = r#"
[speech]
language = "en_GB"
voice = "Polly.Amy"
cache = "speech"
cache_size = "2GiB"

[speech.voices]
"Polly.Joanna" = { engine = "kokoro", voice = "af_sky" }
de = { language = "de-DE", gender = "male" }

[[speech.engines]]
type = "openai"
name = "kokoro"
url = "http://127.0.0.1:8880/v1/"
key = "hush-hush"
time_limit = "3s"

[[speech.engines]]
type = "flite"

[[speech.recognizers]]
type = "websocket"
name = "deepgram"
key = "env:HOME"
model = "nova-3"
"#;

#[test]
fn speech_engines_recognizers_and_voices_are_understood() {
    let speech = read(SPEECH).unwrap().speech;
    assert_eq!(speech.language, "en-GB");
    assert_eq!(speech.cache, Some(folder().join("speech")));
    assert_eq!(speech.cache_size, 2 << 30);
    let names: Vec<&str> = speech.engines.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["kokoro", "flite"]);
    let kokoro = &speech.engines[0].service;
    assert_eq!(kokoro.url.as_deref(), Some("http://127.0.0.1:8880/v1"));
    assert_eq!(kokoro.time_limit, Duration::from_secs(3));
    assert_eq!(
        speech.voices["Polly.Joanna"].voice.as_deref(),
        Some("af_sky")
    );
    assert_eq!(speech.recognizers[0].name, "deepgram");
}

#[test]
fn speech_keys_are_masked_and_what_is_printed_can_be_read_again() {
    let printed = read(SPEECH).unwrap().print();
    assert!(!printed.contains("hush-hush"), "{printed}");
    assert!(printed.contains("env:HOME"), "{printed}");
    let again = read(&printed).unwrap();
    assert_eq!(again.print(), printed);
    let nothing = read("").unwrap().print();
    assert_eq!(read(&nothing).unwrap().print(), nothing);
}

#[test]
fn what_is_wrong_with_speech_is_said_with_its_key() {
    let wrong = [
        ("[[speech.engines]]\nname = \"x\"", "speech.engines[0].type"),
        (
            "[[speech.engines]]\ntype = \"festival\"",
            "not one of flite",
        ),
        (
            "[[speech.engines]]\ntype = \"google\"",
            "speech.engines[0].key",
        ),
        (
            "[[speech.engines]]\ntype = \"flite\"\nurl = \"http://x\"",
            "flite is a program",
        ),
        (
            "[[speech.engines]]\ntype = \"flite\"\n[[speech.engines]]\ntype = \"flite\"",
            "is there twice",
        ),
        (
            "[[speech.recognizers]]\ntype = \"websocket\"\nurl = \"http://x\"",
            "is no ws:// or wss:// URL",
        ),
        ("[speech]\nrecognizer = \"siri\"", "no recognizer `siri`"),
        (
            "[speech]\nvoices.x = { engin = \"y\" }",
            "did you mean `engine`",
        ),
        ("[speech]\nvoices.x = 3", "a table"),
        (
            "[[speech.engines]]\ntype = \"openai\"\nurl = \"http://u:p@x\"",
            "write `key`",
        ),
    ];
    for (text, expected) in wrong {
        let said = read(text).unwrap_err();
        assert!(said.contains(expected), "{text}: {said}");
    }
}
