//! Requests of Bandwidth's and jambonz' APIs: read or refused, and no text that a request gives
//! can leave its line of a SIP message.

#![no_main]

mod directory;

use directory::Desk;
use hookflash_dialects::Dialect;
use hookflash_dialects::rest::ApiBody;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for dialect in [Dialect::Bxml, Dialect::Jambonz] {
        directory::check(&Desk::of(dialect), ApiBody::Json(body));
    }
    let fields: Vec<(String, String)> = String::from_utf8_lossy(body)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for dialect in [Dialect::Bxml, Dialect::Jambonz] {
        directory::check_list(dialect, &fields);
    }
});
