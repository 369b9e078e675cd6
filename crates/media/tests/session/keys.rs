//! Keys out and keys in.

use std::time::Duration;

use hookflash_media::{Codec, KeySource, KeyToSend, MediaEvent, PlayEnd};

use crate::support::*;

const MS: Duration = Duration::from_millis(1);

fn dial(text: &str) -> Vec<KeyToSend> {
    text.chars()
        .map(|key| KeyToSend {
            key: (key != 'w').then_some(key),
            length: 100 * MS,
            gap: 60 * MS,
        })
        .collect()
}

#[test]
fn keys_sent_are_keys_heard_in_the_codecs_of_every_clock() {
    for codec in Codec::ALL {
        let mut line = Line::with(codec);
        line.run(100 * MS);
        let id = line.ann.send_keys(dial("12w34567890*#abcD"));
        line.run(4_000 * MS);
        assert_eq!(keys(&mut line.bob), "1234567890*#ABCD", "{codec}");
        assert_eq!(
            events(&mut line.ann),
            [MediaEvent::Played(id, PlayEnd::Complete)]
        );
    }
}

#[test]
fn keys_wait_for_what_plays_and_what_plays_for_them() {
    let mut line = Line::with(Codec::Pcmu);
    let first = line.ann.play(tone(500.0, 200 * MS));
    let keys_of = line.ann.send_keys(dial("1"));
    let last = line.ann.play(tone(500.0, 200 * MS));
    let mut order = Vec::new();
    for _ in 0..50 {
        line.beat();
        order.extend(events(&mut line.ann));
        order.extend(events(&mut line.bob));
    }
    let played = |id| MediaEvent::Played(id, PlayEnd::Complete);
    let key = MediaEvent::Key {
        key: '1',
        source: KeySource::Event,
    };
    assert_eq!(order, [played(first), key, played(keys_of), played(last)]);
}
