//! Session descriptions of peers: an offer we answer yields a description that can be answered.

#![no_main]

use hookflash_media::{Codec, LocalMedia, OfferAnswer};
use libfuzzer_sys::fuzz_target;

fn leg() -> OfferAnswer {
    OfferAnswer::new(LocalMedia {
        address: [192, 0, 2, 1].into(),
        port: 30_000,
        codecs: Codec::ALL.into(),
        session_id: 1,
    })
}

fuzz_target!(|description: &[u8]| {
    let mut ours = leg();
    if let Ok(answer) = ours.answer(description) {
        let mut peer = leg();
        assert!(peer.answer(&answer).is_ok());
        assert_eq!(
            peer.stream().map(|s| s.codec),
            ours.stream().map(|s| s.codec)
        );
    }
    let mut offerer = leg();
    offerer.offer();
    let _stream = offerer.accept_answer(description);
});
