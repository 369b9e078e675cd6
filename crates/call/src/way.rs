//! How a called party is reached: the ways that the server has found for an order.

use std::sync::Arc;

use hookflash_dialects::CallOrder;
use hookflash_sip::{Credentials, Flow};

use crate::options::CallOptions;

/// One way to reach the called party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Name of the trunk; `None` when the URI is called directly.
    pub trunk: Option<Arc<str>>,
    /// The Request-URI.
    pub uri: String,
    /// Whom To names, when that is not the Request-URI: the address of record of a user who is
    /// called where a phone has registered (RFC 3261 §8.1.1.2). Phones take it for their own
    /// identity, also when they follow a REFER.
    pub to: Option<String>,
    /// The first Route, when the Request-URI does not lead there by itself.
    pub route: Option<String>,
    /// The flow to take whatever the URI says: that of a phone which has registered here.
    pub flow: Option<Flow>,
    /// Everything within the dialog keeps to that flow.
    pub keeps_flow: bool,
    /// For digest challenges of the INVITE and of everything after it.
    pub credentials: Vec<Credentials>,
    /// The From header's value, without tag: who calls, as this way may show it.
    pub from: String,
    /// Header fields that go this way alone, such as `P-Asserted-Identity`.
    pub headers: Vec<(String, String)>,
}

/// A call to be placed.
#[derive(Clone, Debug)]
pub struct Placement {
    /// What was asked for.
    pub order: CallOrder,
    /// What the configuration says about the call.
    pub options: Arc<CallOptions>,
    /// Groups of ways, to be tried one after the other: all ways of a group ring at once, and
    /// whoever answers first has the call. The next group is tried when the one before failed for
    /// a reason that is not the called party's.
    pub ways: Vec<Vec<Way>>,
}
