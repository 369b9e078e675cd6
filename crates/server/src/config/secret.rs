//! Values that nobody may read over the operator's shoulder.

use std::fmt;

use serde::{Serialize, Serializer};

/// A password, token or key. Printing it shows where it came from, never what it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret {
    value: String,
    shown: String,
}

impl Secret {
    /// A secret that stands in the text itself.
    pub fn plain(value: impl Into<String>) -> Secret {
        Secret {
            value: value.into(),
            shown: "********".to_owned(),
        }
    }

    /// Reads a secret: `env:NAME`, `file:PATH` (its trailing line end is dropped), or itself.
    pub(crate) fn resolve(text: &str) -> Result<Secret, String> {
        let value = if let Some(name) = text.strip_prefix("env:") {
            std::env::var(name).map_err(|_| {
                format!(
                    "the environment variable {name} is not set; set it, or give the secret \
                         another way"
                )
            })?
        } else if let Some(path) = text.strip_prefix("file:") {
            let content = std::fs::read_to_string(path)
                .map_err(|error| format!("the file {path} cannot be read: {error}"))?;
            content.trim_end_matches(['\r', '\n']).to_owned()
        } else {
            return Ok(Secret::plain(text));
        };
        if value.is_empty() {
            return Err(format!("`{text}` holds nothing"));
        }
        Ok(Secret {
            value,
            shown: text.to_owned(),
        })
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.shown)
    }
}
