//! A request of the document's choice within the dialog.

use crate::Hook;

/// Send INFO, MESSAGE, NOTIFY or OPTIONS to the other party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipRequest {
    /// Method in upper case.
    pub method: String,
    /// Body.
    pub body: Option<String>,
    /// More header fields; Content-Type is taken from here.
    pub headers: Vec<(String, String)>,
    /// Asked with the answer.
    pub result: Option<Hook>,
    /// The application's name for this verb.
    pub id: Option<String>,
}
