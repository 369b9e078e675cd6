//! The configuration: a TOML file, environment variables over it, options of the command line
//! over both.
//!
//! Every value remembers where it was written, so each error names file, line and key. Reading
//! goes on after an error, so that one run shows everything that is wrong.

mod desk;
mod duration;
mod fault;
mod listen;
mod pattern;
mod read;
mod secret;
mod section;
mod settings;
mod size;
mod speech;
mod tree;
mod trunks;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hookflash_dialects::Dialect;

pub use fault::{ConfigError, ConfigErrors, Origin};
pub use listen::Listen;
pub use pattern::Pattern;
pub use secret::Secret;
pub use settings::{
    Accept, AccountSettings, ApplicationSettings, Config, FinalNotifyTimeout, Http, Limits, Logs,
    Media, OnRefused, Ports, Recordings, Records, Route, Shutdown, Sip, Source, Srtp, Store, Tls,
    Transfer, Trunk, User, Webhook,
};

pub use speech::{
    RecognizerKind, Speech, SpeechEngine, SpeechRecognizer, SpeechService, SpeechVoice,
};

use fault::Faults;
use tree::{Node, Table, Value, parse_value};

/// Name of the file that is read when none is named.
pub const DEFAULT_FILE: &str = "hookflash.toml";

const PREFIX: &str = "HOOKFLASH_";

/// Options of `hookflash serve` that stand over file and environment.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--webhook`: one application for every call.
    pub webhook: Option<String>,
    /// `--dialect`: its dialect; TwiML when absent.
    pub dialect: Option<Dialect>,
    /// `--sip`, any number of times; replaces `sip.listen`.
    pub sip: Vec<String>,
    /// `--http`; replaces `http.listen`.
    pub http: Option<String>,
    /// `--store`; replaces `store.url`.
    pub store: Option<String>,
}

impl Config {
    /// Reads the named file, or `hookflash.toml` in the current folder if there is one, then the
    /// environment, then the options.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place, key and remedy.
    pub fn load(file: Option<&Path>, options: &Options) -> Result<Config, ConfigErrors> {
        let path = match file {
            Some(path) => Some(path.to_owned()),
            None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()),
        };
        let environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let Some(path) = path else {
            return Config::from_parts("", "", Path::new("."), &environment, options);
        };
        let text = std::fs::read_to_string(&path).map_err(|error| {
            ConfigErrors(vec![ConfigError {
                source: path.display().to_string(),
                origin: Origin::Nowhere,
                key: String::new(),
                message: format!("cannot be read: {error}"),
                remedy: "name an existing TOML file with --config".to_owned(),
            }])
        })?;
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        let source = path.display().to_string();
        Config::from_parts(&source, &text, &folder, &environment, options)
    }

    /// Reads a configuration from its parts: `source` names the text in errors, relative paths
    /// count from `folder`, `environment` is searched for `HOOKFLASH_…` overrides.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place, key and remedy.
    pub fn from_parts(
        source: &str,
        text: &str,
        folder: &Path,
        environment: &[(String, String)],
        options: &Options,
    ) -> Result<Config, ConfigErrors> {
        let mut table = Table::parse(source, text).map_err(|error| ConfigErrors(vec![*error]))?;
        overlay_environment(&mut table, environment);
        let made_up = overlay_options(&mut table, options);
        let faults = Faults::new(source);
        let mut config = read::config(&table, &faults, folder);
        config.warnings = faults.settle()?;
        if let Some((sid, warning)) = made_up {
            config.made_up_account = Some(sid);
            config.warnings.push(warning);
        }
        Ok(config)
    }

    /// The effective configuration as TOML, secrets masked.
    pub fn print(&self) -> String {
        toml::to_string_pretty(self)
            .unwrap_or_else(|error| format!("# cannot be shown as TOML: {error}\n"))
    }
}

/// `HOOKFLASH_HTTP__LISTEN=…` stands over `http.listen`. Names without a double underscore are
/// left alone (they are the operator's own, for `env:NAME`), except that of a top-level value and
/// arrays of tables as a whole: `HOOKFLASH_ROUTES=[{ to = "*", application = "support" }]`.
fn overlay_environment(table: &mut Table, environment: &[(String, String)]) {
    let mut ours: Vec<(&String, &str, &String)> = environment
        .iter()
        .filter_map(|(name, value)| Some((name, name.strip_prefix(PREFIX)?, value)))
        .collect();
    ours.sort();
    for (name, path, value) in ours {
        let path = path.to_ascii_lowercase();
        let origin = Origin::Environment(name.clone());
        let tables = tables_of(value, &origin);
        let is_whole_array = tables.is_some() && ARRAYS.contains(&path.as_str());
        if !path.contains("__") && path != "shards" && !is_whole_array {
            continue;
        }
        let segments: Vec<&str> = path.split("__").collect();
        let value = tables.unwrap_or_else(|| Value::Raw(value.clone()));
        table.overlay(&segments, Node { value, origin });
    }
}

/// Arrays of tables that a variable may give as a whole.
const ARRAYS: [&str; 5] = ["accounts", "applications", "routes", "trunks", "users"];

/// A table, or an array of tables, that is written as in TOML: `{ twiml = "5s" }`.
fn tables_of(text: &str, origin: &Origin) -> Option<Value> {
    let is_table = |node: &Node| matches!(node.value, Value::Table(_));
    match parse_value(text, origin)? {
        Value::List(list) if !list.is_empty() && list.iter().all(is_table) => {
            Some(Value::List(list))
        }
        table @ Value::Table(_) => Some(table),
        _ => None,
    }
}

/// Returns the account that had to be made up, and what the operator should know of it.
fn overlay_options(table: &mut Table, options: &Options) -> Option<(String, String)> {
    let text = |option: &str, value: &str| Node {
        value: Value::Text(value.to_owned()),
        origin: Origin::Option(option.to_owned()),
    };
    if !options.sip.is_empty() {
        let list = options.sip.iter().map(|url| text("--sip", url)).collect();
        let origin = Origin::Option("--sip".to_owned());
        table.overlay(
            &["sip", "listen"],
            Node {
                value: Value::List(list),
                origin,
            },
        );
    }
    if let Some(address) = &options.http {
        table.overlay(&["http", "listen"], text("--http", address));
    }
    if let Some(url) = &options.store {
        table.overlay(&["store", "url"], text("--store", url));
    }
    let url = options.webhook.as_ref()?;
    overlay_webhook(table, url, options.dialect.unwrap_or(Dialect::Twiml))
}

/// Adds one application that takes every call. It belongs to the first account of its dialect;
/// without one, to an account made up for it.
fn overlay_webhook(table: &mut Table, url: &str, dialect: Dialect) -> Option<(String, String)> {
    let origin = Origin::Option("--webhook".to_owned());
    let text = |value: &str| Node {
        value: Value::Text(value.to_owned()),
        origin: origin.clone(),
    };
    let row = |pairs: &[(&str, &str)]| Node {
        value: Value::Table(Table(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), text(value)))
                .collect(),
        )),
        origin: origin.clone(),
    };
    let mut made_up = None;
    let account = account_of_dialect(table, dialect).unwrap_or_else(|| {
        let sid = made_up_account(dialect);
        let token = MADE_UP_TOKEN.as_str();
        let pairs = [
            ("sid", sid),
            ("dialect", dialect.as_str()),
            ("auth_token", token),
        ];
        append(table, "accounts", row(&pairs));
        let warning = format!(
            "option --webhook: no {dialect} account is configured, so account {sid} was made up \
             with the auth token {token} for this run; add it to [[accounts]] to keep one"
        );
        made_up = Some((sid.to_owned(), warning));
        sid.to_owned()
    });
    let name = WEBHOOK_APPLICATION;
    append(
        table,
        "applications",
        row(&[("name", name), ("account", &account), ("url", url)]),
    );
    let all = vec![row(&[("to", "*"), ("application", name)])];
    table.overlay(
        &["routes"],
        Node {
            value: Value::List(all),
            origin: origin.clone(),
        },
    );
    made_up
}

/// The name of the application of `--webhook`.
pub const WEBHOOK_APPLICATION: &str = "webhook";

/// The same for as long as the process lives: a reload must not change what applications check
/// signatures with.
static MADE_UP_TOKEN: LazyLock<String> =
    LazyLock::new(|| format!("{:032x}", rand::random::<u128>()));

/// The identifier of the account that `--webhook` makes up, in the dialect's own form.
fn made_up_account(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Twiml => "AC00000000000000000000000000000001",
        Dialect::Cxml | Dialect::Jambonz => "00000000-0000-4000-8000-000000000001",
        Dialect::Bxml => "9900001",
    }
}

fn account_of_dialect(table: &Table, dialect: Dialect) -> Option<String> {
    let Value::List(accounts) = &table.get("accounts")?.value else {
        return None;
    };
    accounts.iter().find_map(|account| {
        let Value::Table(account) = &account.value else {
            return None;
        };
        let text = |key| match &account.get(key)?.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        (text("dialect")? == dialect.as_str())
            .then(|| text("sid"))
            .flatten()
    })
}

fn append(table: &mut Table, key: &str, row: Node) {
    let mut rows = match table.get(key) {
        Some(Node {
            value: Value::List(rows),
            ..
        }) => rows.clone(),
        _ => Vec::new(),
    };
    let origin = table
        .get(key)
        .map_or_else(|| row.origin.clone(), |node| node.origin.clone());
    rows.push(row);
    table.overlay(
        &[key],
        Node {
            value: Value::List(rows),
            origin,
        },
    );
}
