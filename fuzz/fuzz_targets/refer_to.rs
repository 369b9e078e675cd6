//! Targets from documents: what is accepted is one header field value, and reads back the same.

#![no_main]

use hookflash_transfer::AllowList;
use hookflash_transfer::refer_to::{BareTarget, ReferTo};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let list = AllowList::new(["+44*", "*.example.com", "a*@10.0.0.*"]);
    for rule in [
        BareTarget::Refuse,
        BareTarget::AtPeerHost("peer.example.net"),
    ] {
        let Ok(target) = ReferTo::parse(text, rule) else {
            continue;
        };
        let value = target.header_value();
        assert!(!value.contains(char::is_control));
        assert!(target.uri().is_ascii() && !target.uri().contains(['<', '>', '"', ' ']));
        let again = ReferTo::parse(&value, BareTarget::Refuse);
        assert_eq!(again.map(|again| again.header_value()), Ok(value));
        let _verdict = list.check(&target);
    }
});
