//! A URI from anybody: its parts lie inside it, it equals itself, and a target fit to be called
//! stands in a Refer-To byte for byte.

#![no_main]

use hookflash_sip::header::{ReferTo, TypedHeader};
use hookflash_sip::uri::{escape_header, escape_param, escape_user, unescape};
use hookflash_sip::{Message, Method, Request, Uri};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if !hookflash_sip::wire_text::has_carried_bytes(text) {
        for escaped in [escape_user(text), escape_param(text), escape_header(text)] {
            assert_eq!(unescape(&escaped), text);
        }
    }
    let Ok(uri) = Uri::parse(text) else {
        assert!(Uri::parse_target(text).is_err());
        return;
    };
    assert_eq!(uri.as_str(), text);
    assert!(uri.is_equivalent(&uri));
    let _ = (uri.user_text(), uri.password(), uri.host_ip(), uri.port());
    for (name, _) in uri.headers() {
        let _ = uri.header(&unescape(name));
    }
    for param in uri.params().iter() {
        assert!(uri.params().contains(param.name));
    }
    assert!(text.starts_with(uri.without_headers()));
    if Uri::parse_target(text).is_ok() {
        let mut refer = Request::new(Method::Refer, uri.without_headers());
        refer
            .headers_mut()
            .try_push("Refer-To", &ReferTo::format(text))
            .expect("it is safe");
        let wire = refer.to_bytes();
        let back = Message::parse_datagram(&wire).expect("what we write can be read");
        let target = ReferTo::parse(back.headers().get("Refer-To").expect("it is there"));
        assert_eq!(target.expect("it can be read").uri, text);
    }
});
