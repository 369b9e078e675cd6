//! Bodies of NOTIFYs: never a panic, never a status that was not written.

#![no_main]

use hookflash_transfer::sipfrag;
use libfuzzer_sys::fuzz_target;

const CONTENT_TYPES: [Option<&str>; 4] = [
    None,
    Some("message/sipfrag;version=2.0"),
    Some("multipart/mixed;boundary=b"),
    Some("multipart/mixed"),
];

fuzz_target!(|body: &[u8]| {
    for content_type in CONTENT_TYPES {
        if let Ok(status) = sipfrag::read(content_type, body).status {
            assert!((100..=699).contains(&status.code));
            let digits = status.code.to_string();
            assert!(body.windows(3).any(|window| window == digits.as_bytes()));
            let again = sipfrag::read(None, sipfrag::write(status.code, &status.reason).as_bytes());
            assert_eq!(again.status.map(|again| again.code), Ok(status.code));
        }
    }
});
