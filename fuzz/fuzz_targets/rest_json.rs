//! Requests of Bandwidth's and jambonz' APIs: read or refused, and no text that a request gives
//! can leave its line of a SIP message.

#![no_main]

mod directory;

use directory::Desk;
use hookflash_dialects::Dialect;
use hookflash_dialects::rest::{ApiBody, form_fields};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for dialect in [Dialect::Bxml, Dialect::Jambonz] {
        directory::check(&Desk::of(dialect), ApiBody::Json(body));
    }
    let Ok(fields) = form_fields(body) else {
        return;
    };
    for dialect in [Dialect::Bxml, Dialect::Jambonz] {
        directory::check_list(dialect, &fields);
    }
});
