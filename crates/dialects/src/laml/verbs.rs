//! The verbs that are the same in TwiML and cXML.
//!
//! Source: Twilio `<Refer>`, `<Pause>`, `<Leave>` and `<Say>`; SignalWire's pages of the same name.

use crate::laml::attributes::ACTION_AND_METHOD;
use crate::laml::schema::{Element, Kind, Text, attribute};

pub(crate) static REFER: Element = Element::new("Refer")
    .attributes(&[ACTION_AND_METHOD])
    .children(&[&REFER_SIP]);

static REFER_SIP: Element = Element::new("Sip").text(Text::Words);

pub(crate) static PAUSE: Element =
    Element::new("Pause").attributes(&[&[attribute("length", Kind::Whole(1, u32::MAX))
        .default("1")
        .code("13910")]]);

pub(crate) static LEAVE: Element = Element::new("Leave");

/// So much is spoken at a time.
pub(crate) const SPOKEN: Text = Text::AtMost(4096, "13521");
