//! Audio files of strangers: the first byte says what they are said to be. Never a panic of ours,
//! never more audio than allowed, and as much of it at the rate of a telephone. Panics of the
//! decoders' library are caught by ours and no finding.

#![no_main]

use std::sync::Once;
use std::time::Duration;

use hookflash_audio::{DecodeLimits, Law, decode};
use libfuzzer_sys::fuzz_target;

const TYPES: [Option<&str>; 5] = [
    None,
    Some("audio/wav"),
    Some("audio/mpeg"),
    Some("audio/ogg"),
    Some("audio/basic"),
];

static FORGIVE: Once = Once::new();

/// Has a panic end the run only when it is ours.
fn forgive_the_library() {
    let end = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or("", |location| location.file());
        if !place.contains("symphonia") {
            end(panic);
        }
    }));
}

fuzz_target!(|input: &[u8]| {
    FORGIVE.call_once(forgive_the_library);
    let Some((choice, file)) = input.split_first() else {
        return;
    };
    let content_type = TYPES.get(usize::from(*choice)).copied().flatten();
    let longest = Duration::from_secs(10);
    if let Ok(clip) = decode(file, content_type, "", DecodeLimits { longest }) {
        assert!(!clip.samples().is_empty());
        assert!(clip.duration() <= longest);
        assert!((4_000..=192_000).contains(&clip.rate()));
        let samples = clip.samples().len() as u64;
        let wanted = (samples * 8_000).div_ceil(clip.rate().into());
        assert_eq!(clip.encoded(Law::Mu).len() as u64, wanted);
    }
});
