//! URLs of the application that a document names.

/// The HTTP method of a hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HookMethod {
    /// Parameters travel in the query.
    Get,
    /// Parameters travel in the body.
    #[default]
    Post,
}

/// A URL of the application as the document wrote it: maybe relative, maybe with a
/// `#rc=…` fragment, never yet resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hook {
    /// The URL as written.
    pub url: String,
    /// How it is asked.
    pub method: HookMethod,
    /// HTTP Basic user and password that go with it.
    pub credentials: Option<(String, String)>,
    /// Asked when `url` fails, with its own method and credentials.
    pub fallback: Option<Box<Hook>>,
}

impl Hook {
    /// A hook asked by POST, without credentials or fallback.
    pub fn post(url: impl Into<String>) -> Hook {
        Hook {
            url: url.into(),
            method: HookMethod::Post,
            credentials: None,
            fallback: None,
        }
    }
}
