//! Requests of Twilio's and SignalWire's APIs: decoded, read or refused, and no text that a request
//! gives can leave its line of a SIP message.

#![no_main]

mod directory;

use directory::Desk;
use hookflash_dialects::Dialect;
use hookflash_dialects::rest::{ApiBody, form_fields};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(fields) = form_fields(body) else {
        return;
    };
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        directory::check(&Desk::of(dialect), ApiBody::Form(&fields));
        directory::check_list(dialect, &fields);
    }
});
