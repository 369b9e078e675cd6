//! The calls of the demo: who calls which application, and what the phone does when referred.

use hookflash_dialects::Dialect;
use hookflash_phone::OnRefer;

/// Which phone the application sends the caller to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A desk that answers.
    Desk,
    /// A desk that is busy.
    BusyDesk,
}

/// One call of the demo.
pub(crate) struct Scenario {
    /// The number that is called; it chooses the application.
    pub(crate) number: &'static str,
    /// What the call shows.
    pub(crate) title: &'static str,
    /// The language of its application.
    pub(crate) dialect: Dialect,
    /// Where the application transfers it.
    pub(crate) destination: Destination,
    /// How the caller's phone takes that.
    pub(crate) on_refer: OnRefer,
    /// The account number that the application asks for first, and that the caller types.
    pub(crate) types: Option<&'static str>,
}

/// The calls, in the order in which they are made.
pub(crate) const SCENARIOS: [Scenario; 9] = [
    Scenario {
        number: "twiml-follows",
        title: "TwiML: the phone follows, the desk answers",
        dialect: Dialect::Twiml,
        destination: Destination::Desk,
        on_refer: OnRefer::Accept,
        types: None,
    },
    Scenario {
        number: "twiml-types",
        title: "TwiML: the caller types an account number, which travels to the desk",
        dialect: Dialect::Twiml,
        destination: Destination::Desk,
        on_refer: OnRefer::Accept,
        types: Some("402771"),
    },
    Scenario {
        number: "twiml-busy",
        title: "TwiML: the phone follows, the desk is busy",
        dialect: Dialect::Twiml,
        destination: Destination::BusyDesk,
        on_refer: OnRefer::Accept,
        types: None,
    },
    Scenario {
        number: "cxml-follows",
        title: "cXML: the phone follows, the desk answers",
        dialect: Dialect::Cxml,
        destination: Destination::Desk,
        on_refer: OnRefer::Accept,
        types: None,
    },
    Scenario {
        number: "cxml-refuses",
        title: "cXML: the phone refuses the REFER",
        dialect: Dialect::Cxml,
        destination: Destination::Desk,
        on_refer: OnRefer::Reject(405),
        types: None,
    },
    Scenario {
        number: "bxml-follows",
        title: "BXML: the phone follows, the desk answers",
        dialect: Dialect::Bxml,
        destination: Destination::Desk,
        on_refer: OnRefer::Accept,
        types: None,
    },
    Scenario {
        number: "bxml-fails",
        title: "BXML: the phone accepts, and reports 404",
        dialect: Dialect::Bxml,
        destination: Destination::Desk,
        on_refer: OnRefer::Fail(404),
        types: None,
    },
    Scenario {
        number: "jambonz-follows",
        title: "jambonz: the phone follows, the desk answers",
        dialect: Dialect::Jambonz,
        destination: Destination::Desk,
        on_refer: OnRefer::Accept,
        types: None,
    },
    Scenario {
        number: "jambonz-hangs-up",
        title: "jambonz: the phone accepts, and hangs up without a word",
        dialect: Dialect::Jambonz,
        destination: Destination::Desk,
        on_refer: OnRefer::Bye,
        types: None,
    },
];
