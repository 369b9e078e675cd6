//! The account that `serve --webhook` makes up, left for as long as the server runs in a file
//! that only its user can read, so that `hookflash call` needs no configuration either.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use hookflash_dialects::Dialect;
use hookflash_server::config::AccountSettings;
use serde_json::{Value, json};

/// No such file is longer.
const MOST: u64 = 4_096;

/// The file; dropping it removes it.
pub(crate) struct LeftAccount(PathBuf);

/// What it says.
pub(crate) struct Found {
    pub(crate) sid: String,
    pub(crate) dialect: Dialect,
    pub(crate) token: String,
    pub(crate) application: String,
}

/// Leaves an account of the server that answers HTTP at `http`. A file that a killed server left
/// is replaced.
pub(crate) fn leave(
    http: SocketAddr,
    account: &AccountSettings,
    application: &str,
) -> io::Result<LeftAccount> {
    let folder = folders().into_iter().next().unwrap_or_default();
    let path = folder.join(file_name(http.port()));
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Never through a link that somebody else has put there.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    let left = LeftAccount(path);
    let token = account.auth_token.as_ref().map(|token| token.reveal());
    let text = json!({
        "sid": account.sid,
        "dialect": account.dialect.as_str(),
        "token": token,
        "application": application,
    });
    writeln!(file, "{text}")?;
    Ok(left)
}

/// The account that was left by the server at `server` (`host:port`), if that is on this machine.
pub(crate) fn find(server: &str) -> Option<Found> {
    let (host, port) = server.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_here = host == "localhost"
        || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified());
    if !is_here {
        return None;
    }
    folders().into_iter().find_map(|folder| {
        let path = folder.join(file_name(port));
        let about = fs::symlink_metadata(&path).ok()?;
        if !about.is_file() || about.len() > MOST {
            return None;
        }
        read(&fs::read(&path).ok()?)
    })
}

fn read(text: &[u8]) -> Option<Found> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Found {
        sid: text("sid")?,
        dialect: text("dialect")?.parse().ok()?,
        token: text("token")?,
        application: text("application")?,
    })
}

/// Where such files are looked for; they are left in the first.
fn folders() -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let own = own.filter(|folder| folder.is_dir());
    own.into_iter().chain([std::env::temp_dir()]).collect()
}

fn file_name(port: u16) -> String {
    format!("hookflash-{port}.account")
}

impl Drop for LeftAccount {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
