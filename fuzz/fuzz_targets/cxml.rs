//! A cXML document from anybody: it is read or refused with a code and a place, its targets cannot
//! break out of their header, and its URLs cannot break a request line.

#![no_main]

mod call;
mod laml_document;

use hookflash_dialects::Dialect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| laml_document::check(Dialect::Cxml, body));
