use std::f32::consts::TAU;

use super::*;
use crate::{Law, g711};

/// Twilio's own thresholds.
const RULES: Rules = Rules {
    until_greeting_ends: false,
    timeout: Duration::from_secs(30),
    speech_threshold: Duration::from_millis(2_400),
    speech_end_threshold: Duration::from_millis(1_200),
    silence_timeout: Duration::from_millis(5_000),
};

const TO_THE_END: Rules = Rules {
    until_greeting_ends: true,
    ..RULES
};

fn silence(millis: usize) -> Vec<i16> {
    vec![0; millis * 8]
}

fn tone(millis: usize, hertz: f32) -> Vec<i16> {
    let wave = |n: usize| (n as f32 * hertz * TAU / 8_000.0).sin() * 8_000.0;
    (0..millis * 8).map(|n| wave(n) as i16).collect()
}

/// Syllables: a voice of gliding pitch and two formants that swells and fades four times a second.
fn speech(millis: usize) -> Vec<i16> {
    let mut phase = 0.0;
    (0..millis * 8)
        .map(|n| {
            let t = n as f32 / 8_000.0;
            let pitch = 140.0 + 40.0 * (t * 3.1).sin();
            phase += TAU * pitch / 8_000.0;
            let formant = 4.0 + 2.0 * (t * 5.3).sin();
            let harmonics = (1..20).map(|k| {
                let k = k as f32;
                let near = (-(k - formant).powi(2) / 3.0).exp() + (-(k - 11.0).powi(2) / 4.0).exp();
                (phase * k).sin() * (near + 0.05)
            });
            let swell = (t * TAU * 2.0).sin().abs().max(0.05);
            (harmonics.sum::<f32>() * swell * 5_000.0) as i16
        })
        .collect()
}

/// Everything that is found in this, as it comes over a line of G.711, with when in milliseconds.
fn found(rules: Rules, pieces: &[Vec<i16>]) -> Vec<(u128, Finding)> {
    let mut samples = pieces.concat();
    for sample in &mut samples {
        *sample = g711::decode(Law::Mu, g711::encode(Law::Mu, *sample));
    }
    let mut detector = Detector::new(rules);
    let mut found = Vec::new();
    for frame in samples.chunks(160) {
        let finding = detector.push(frame);
        found.extend(finding.map(|finding| (detector.listened().as_millis(), finding)));
    }
    assert!(detector.is_over(), "{found:?}");
    found
}

fn findings(rules: Rules, pieces: &[Vec<i16>]) -> Vec<Finding> {
    let found = found(rules, pieces);
    found.into_iter().map(|(_, finding)| finding).collect()
}

#[test]
fn a_word_and_silence_is_a_person() {
    for rules in [RULES, TO_THE_END] {
        for said in [300, 700, 1_500, 2_200] {
            let found = found(rules, &[silence(600), speech(said), silence(3_000)]);
            let [(at, Finding::Human)] = found[..] else {
                panic!("{found:?} after {said} ms");
            };
            let expected = 600 + said as u128 + 1_200;
            assert!(at.abs_diff(expected) <= 200, "{at} is not {expected}");
        }
    }
}

#[test]
fn a_person_may_pause_between_words() {
    let said = [
        silence(300),
        speech(500),
        silence(700),
        speech(600),
        silence(2_000),
    ];
    assert_eq!(findings(RULES, &said), [Finding::Human]);
}

#[test]
fn speech_that_goes_on_is_a_machine_as_soon_as_the_threshold_is_reached() {
    let found = found(RULES, &[silence(500), speech(8_000)]);
    let [(at, Finding::Machine)] = found[..] else {
        panic!("{found:?}");
    };
    assert!(at.abs_diff(2_900) <= 200, "{at}");
}

#[test]
fn the_end_of_a_greeting_is_a_beep_or_silence() {
    let greeting = || [silence(400), speech(6_000), silence(600)];
    for (millis, hertz) in [(250, 1_000.0), (500, 440.0), (900, 1_400.0), (300, 2_000.0)] {
        let beeped = [&greeting()[..], &[tone(millis, hertz), silence(3_000)]].concat();
        let found = found(TO_THE_END, &beeped);
        let [(_, Finding::Machine), (at, Finding::Beep)] = found[..] else {
            panic!("{found:?} at {hertz} Hz");
        };
        let expected = 7_000 + millis as u128;
        assert!(
            (expected..expected + 100).contains(&at),
            "{at} is not {expected}"
        );
    }
    let silent = [&greeting()[..], &[silence(3_000)]].concat();
    let ended = [Finding::Machine, Finding::GreetingEnded];
    assert_eq!(findings(TO_THE_END, &silent), ended);
}

#[test]
fn a_beep_after_a_short_greeting_or_none_is_a_machine() {
    for before in [
        silence(800),
        [silence(300), speech(1_200), silence(500)].concat(),
    ] {
        let heard = [before, tone(400, 1_000.0), silence(2_000)];
        assert_eq!(findings(TO_THE_END, &heard), [Finding::Beep]);
        assert_eq!(findings(RULES, &heard), [Finding::Machine]);
    }
}

#[test]
fn a_greeting_that_never_ends_is_given_up_in_time() {
    let rules = Rules {
        timeout: Duration::from_secs(10),
        ..TO_THE_END
    };
    let found = found(rules, &[speech(15_000)]);
    let last = *found.last().unwrap();
    assert_eq!(last, (10_000, Finding::GreetingGoesOn));
}

#[test]
fn silence_says_nothing() {
    assert_eq!(found(RULES, &[silence(8_000)]), [(5_000, Finding::Silence)]);
    let hurried = Rules {
        timeout: Duration::from_secs(3),
        ..RULES
    };
    assert_eq!(
        found(hurried, &[silence(8_000)]),
        [(3_000, Finding::Timeout)]
    );
}

#[test]
fn who_speaks_when_the_time_is_over_is_not_known() {
    let rules = Rules {
        timeout: Duration::from_secs(2),
        ..RULES
    };
    assert_eq!(
        found(rules, &[silence(500), speech(4_000)]),
        [(2_000, Finding::Timeout)]
    );
}

#[test]
fn the_tones_of_a_fax_are_known() {
    let reversed = |hertz| {
        let half = tone(450, hertz);
        let other: Vec<i16> = half.iter().map(|sample| -sample).collect();
        [half.clone(), other.clone(), half, other].concat()
    };
    for answering in [tone(3_000, 2_100.0), reversed(2_100.0), tone(500, 1_100.0)] {
        let found = findings(RULES, &[silence(1_500), answering, silence(500)]);
        assert_eq!(found, [Finding::Fax]);
    }
}

#[test]
fn a_tone_of_a_fax_after_a_greeting_is_its_beep() {
    let heard = [
        speech(4_000),
        silence(500),
        tone(500, 2_100.0),
        silence(500),
    ];
    let ended = [Finding::Machine, Finding::Beep];
    assert_eq!(findings(TO_THE_END, &heard), ended);
}

#[test]
fn neither_speech_nor_keys_nor_a_ringing_tone_are_a_beep() {
    let two = |one: f32, other: f32| -> Vec<i16> {
        let (one, other) = (tone(1_000, one), tone(1_000, other));
        one.iter().zip(&other).map(|(a, b)| a / 2 + b / 2).collect()
    };
    for sound in [speech(20_000), two(440.0, 480.0), two(770.0, 1_336.0)] {
        for frame in sound.chunks(160 * 6) {
            let tones = frame.chunks_exact(160).map(single_tone::frequency);
            let same: Vec<f32> = tones.flatten().collect();
            let steady = same
                .windows(2)
                .all(|two| single_tone::is_same(two[0], two[1]));
            assert!(same.len() < 6 || !steady, "{same:?}");
        }
    }
}

#[test]
fn noise_of_the_line_is_neither_a_person_nor_a_tone() {
    let mut state = 1u32;
    let hiss: Vec<i16> = (0..64_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 20) as i16 - 2_048) / 20
        })
        .collect();
    assert_eq!(findings(RULES, &[hiss]), [Finding::Silence]);
}

#[test]
fn pieces_of_any_size_make_no_difference() {
    let heard = [
        silence(400),
        speech(3_000),
        silence(500),
        tone(300, 1_000.0),
        silence(500),
    ]
    .concat();
    let by = |size: usize| -> Vec<Finding> {
        let mut detector = Detector::new(TO_THE_END);
        heard
            .chunks(size)
            .filter_map(|piece| detector.push(piece))
            .collect()
    };
    assert_eq!(by(160), by(77));
    assert_eq!(by(160), [Finding::Machine, Finding::Beep]);
}
