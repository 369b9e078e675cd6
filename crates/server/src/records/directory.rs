//! Accounts as they are needed to tell their applications something: looked up when it is told,
//! so that no key is ever written down.

use std::collections::HashMap;

use hookflash_dialects::Account;

use crate::config::Config;
use crate::switchboard::account_of;

/// The accounts of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Directory(HashMap<String, Account>);

impl Directory {
    pub(crate) fn of(config: &Config) -> Directory {
        let accounts = config.accounts.iter();
        Directory(
            accounts
                .map(|settings| (settings.sid.clone(), account_of(settings)))
                .collect(),
        )
    }

    pub(crate) fn account(&self, sid: &str) -> Option<&Account> {
        self.0.get(sid)
    }
}
