use proptest::prelude::*;

use super::*;
use crate::{Law, g711, tone};

const ALL: &str = "0123456789*#ABCD";

/// A tone pair as a stranger's telephone might make it.
#[derive(Clone, Copy)]
struct Press {
    key: char,
    millis: usize,
    /// Of rows and columns, in dBm0.
    levels: (f32, f32),
    /// Of rows and columns, as a part.
    off: (f32, f32),
    phase: f32,
}

impl Press {
    fn of(key: char, millis: usize) -> Press {
        Press {
            key,
            millis,
            levels: (-10.0, -10.0),
            off: (0.0, 0.0),
            phase: 0.3,
        }
    }

    fn samples(self, rate: u32) -> Vec<i16> {
        let (low, high) = frequencies(self.key).unwrap();
        let voices = [
            (low * (1.0 + self.off.0), tone::peak(self.levels.0)),
            (high * (1.0 + self.off.1), tone::peak(self.levels.1)),
        ];
        let step = std::f32::consts::TAU / rate as f32;
        let count = self.millis * rate as usize / 1_000;
        (0..count)
            .map(|n| {
                let wave =
                    |(hz, peak): (f32, f32)| (step * hz * n as f32 + self.phase).sin() * peak;
                voices.map(wave).iter().sum::<f32>() as i16
            })
            .collect()
    }
}

fn quiet(millis: usize) -> Vec<i16> {
    vec![0; millis * 8]
}

fn edges(samples: &[i16]) -> Vec<Edge> {
    let mut detector = Detector::new(8_000);
    let frames = samples.chunks(160);
    let mut edges: Vec<Edge> = frames
        .flat_map(|f| detector.push(f).collect::<Vec<_>>())
        .collect();
    edges.extend(detector.push(&quiet(100)));
    edges
}

fn keys(samples: &[i16]) -> String {
    let down = |edge| match edge {
        Edge::Down(key) => Some(key),
        Edge::Up(..) => None,
    };
    edges(samples).into_iter().filter_map(down).collect()
}

/// Repeatable noise between -1 and 1, roughly like a bell.
fn noise(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut flat = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    move || (flat() + flat() + flat()) / 3.0
}

#[test]
fn every_key_of_40_ms_with_pauses_of_40_ms_is_heard_in_order_at_any_phase() {
    for shift in 0..40 {
        let mut samples = vec![0; 200 + shift];
        for (n, key) in ALL.chars().enumerate() {
            let phase = n as f32 + shift as f32 * 0.7;
            samples.extend(
                Press {
                    phase,
                    ..Press::of(key, 40)
                }
                .samples(8_000),
            );
            samples.extend(quiet(40));
        }
        assert_eq!(keys(&samples), ALL, "shifted by {shift}");
    }
}

#[test]
fn the_same_key_twice_with_a_pause_of_40_ms_is_two() {
    for shift in 0..40 {
        let mut samples = vec![0; shift];
        for _ in 0..5 {
            samples.extend(Press::of('5', 50).samples(8_000));
            samples.extend(quiet(40));
        }
        assert_eq!(keys(&samples), "55555", "shifted by {shift}");
    }
}

#[test]
fn a_tone_of_23_ms_is_no_key() {
    for shift in 0..40 {
        for key in ALL.chars() {
            let mut samples = vec![0; 200 + shift];
            samples.extend(Press::of(key, 23).samples(8_000));
            samples.extend(quiet(60));
            assert_eq!(keys(&samples), "", "{key} shifted by {shift}");
        }
    }
}

#[test]
fn a_key_held_long_is_one_and_its_length_is_told() {
    for millis in [40, 65, 100, 400, 5_000] {
        let mut samples = quiet(33);
        samples.extend(Press::of('7', millis).samples(8_000));
        let edges = edges(&samples);
        let [Edge::Down('7'), Edge::Up('7', length)] = edges[..] else {
            panic!("{edges:?}");
        };
        let off = length.as_millis() as i64 - millis as i64;
        assert!(off.abs() <= 10, "{millis} ms was told as {length:?}");
    }
}

#[test]
fn another_key_without_a_pause_is_another_key() {
    let mut samples = Press::of('1', 100).samples(8_000);
    samples.extend(Press::of('2', 100).samples(8_000));
    assert_eq!(keys(&samples), "12");
}

#[test]
fn a_gap_of_10_ms_does_not_make_two_keys_of_one() {
    for shift in 0..40 {
        let mut samples = vec![0; shift];
        samples.extend(Press::of('9', 60).samples(8_000));
        samples.extend(quiet(10));
        samples.extend(Press::of('9', 60).samples(8_000));
        assert_eq!(keys(&samples), "9", "shifted by {shift}");
    }
}

#[test]
fn frequencies_off_by_one_and_a_half_percent_are_accepted() {
    for key in ALL.chars() {
        for off in [
            (-0.015, -0.015),
            (-0.015, 0.015),
            (0.015, -0.015),
            (0.015, 0.015),
        ] {
            let mut samples = quiet(21);
            samples.extend(
                Press {
                    off,
                    ..Press::of(key, 50)
                }
                .samples(8_000),
            );
            assert_eq!(keys(&samples), key.to_string(), "{key} off by {off:?}");
        }
    }
}

#[test]
fn frequencies_off_by_three_and_a_half_percent_are_not() {
    for key in ALL.chars() {
        for off in [
            (-0.035, 0.0),
            (0.035, 0.0),
            (0.0, -0.035),
            (0.0, 0.035),
            (0.035, 0.035),
        ] {
            let mut samples = quiet(21);
            samples.extend(
                Press {
                    off,
                    ..Press::of(key, 500)
                }
                .samples(8_000),
            );
            assert_eq!(keys(&samples), "", "{key} off by {off:?}");
        }
    }
}

#[test]
fn a_row_may_be_8_db_louder_and_a_column_4_but_neither_much_more() {
    for key in ALL.chars() {
        for (levels, heard) in [
            ((-8.0, -16.0), true),
            ((-12.0, -8.0), true),
            ((-5.0, -18.0), false),
            ((-15.0, -6.0), false),
        ] {
            let samples = Press {
                levels,
                ..Press::of(key, 60)
            }
            .samples(8_000);
            let expected = if heard {
                key.to_string()
            } else {
                String::new()
            };
            assert_eq!(keys(&samples), expected, "{key} at {levels:?}");
        }
    }
}

#[test]
fn keys_from_0_to_minus_30_dbm0_are_heard_through_g711_and_quieter_than_45_not() {
    for law in [Law::Mu, Law::A] {
        for (level, heard) in [(-3.0, true), (-15.0, true), (-30.0, true), (-45.0, false)] {
            let mut samples = quiet(20);
            for key in ALL.chars() {
                samples.extend(
                    Press {
                        levels: (level, level),
                        ..Press::of(key, 50)
                    }
                    .samples(8_000),
                );
                samples.extend(quiet(50));
            }
            for sample in &mut samples {
                *sample = g711::decode(law, g711::encode(law, *sample));
            }
            let expected = if heard { ALL } else { "" };
            assert_eq!(keys(&samples), expected, "{law:?} at {level} dBm0");
        }
    }
}

#[test]
fn keys_of_40_ms_are_heard_15_db_above_noise() {
    let mut random = noise(7);
    let mut samples = quiet(20);
    for _ in 0..20 {
        for key in ALL.chars() {
            samples.extend(Press::of(key, 40).samples(8_000));
            samples.extend(quiet(43));
        }
    }
    // The noise has a third of the power of its range; two tones have twice that of one.
    let tones = tone::peak(-10.0);
    for sample in &mut samples {
        let level = tones * 3.0 * 10f32.powf(-15.0 / 20.0);
        *sample = (f32::from(*sample) + random() * level) as i16;
    }
    assert_eq!(keys(&samples), ALL.repeat(20));
}

#[test]
fn one_packet_in_twenty_lost_loses_no_key_of_100_ms_and_doubles_none() {
    for seed in 0..20 {
        let mut random = noise(seed);
        let mut samples = Vec::new();
        for key in ALL.chars().cycle().take(32) {
            samples.extend(Press::of(key, 100).samples(8_000));
            samples.extend(quiet(100));
        }
        let mut lost_before = false;
        for packet in samples.chunks_mut(160) {
            let lost = random().abs() < 0.034 && !lost_before;
            if lost {
                packet.fill(0);
            }
            lost_before = lost;
        }
        assert_eq!(keys(&samples), ALL.repeat(2), "seed {seed}");
    }
}

#[test]
fn keys_at_other_rates_are_heard() {
    for rate in [16_000, 24_000, 44_100, 48_000] {
        let mut detector = Detector::new(rate);
        let mut heard = String::new();
        for key in ALL.chars() {
            let mut samples = Press::of(key, 60).samples(rate);
            samples.resize(samples.len() + rate as usize / 20, 0);
            for frame in samples.chunks(rate as usize / 50) {
                heard.extend(detector.push(frame).filter_map(|edge| match edge {
                    Edge::Down(key) => Some(key),
                    Edge::Up(..) => None,
                }));
            }
        }
        assert_eq!(heard, ALL, "at {rate}");
    }
}

#[test]
fn our_own_tones_are_heard() {
    let mut samples = Vec::new();
    for key in ALL.chars() {
        let pair = tone(key, Duration::from_millis(40), Duration::from_millis(40)).unwrap();
        samples.extend(tone::samples(&pair, 8_000));
    }
    assert_eq!(keys(&samples), ALL);
    assert!(tone('x', Duration::ZERO, Duration::ZERO).is_none());
}

#[test]
fn noise_presses_no_key() {
    for (seed, level) in [(1, 3_000.0), (2, 20_000.0), (3, 600.0)] {
        let mut random = noise(seed);
        let samples: Vec<i16> = (0..8_000 * 60).map(|_| (random() * level) as i16).collect();
        assert_eq!(keys(&samples), "");
    }
}

/// A voice: a buzz of gliding pitch through gliding resonances, in syllables.
fn voice(seed: u64, seconds: usize) -> Vec<i16> {
    let mut random = noise(seed);
    let mut out = Vec::new();
    let (mut phase, mut states) = (0.0f32, [(0.0f32, 0.0f32); 3]);
    while out.len() < seconds * 8_000 {
        let pitch = 90.0 + 90.0 * (1.0 + random());
        let glide = 1.0 + random() * 0.0004;
        let formants = [
            500.0 + 350.0 * random(),
            1_400.0 + 700.0 * random(),
            2_600.0 + 500.0 * random(),
        ];
        let length = 600 + (800.0 * (1.0 + random())) as usize;
        let mut hz = pitch;
        for n in 0..length {
            hz *= glide;
            phase += hz / 8_000.0;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase -= phase.floor();
            let mut value = pulse + random() * 0.02;
            for (state, formant) in states.iter_mut().zip(formants) {
                let radius: f32 = 0.97;
                let angle = std::f32::consts::TAU * formant / 8_000.0;
                let next = value + 2.0 * radius * angle.cos() * state.0 - radius * radius * state.1;
                *state = (next, state.0);
                value = next * 0.35;
            }
            let loud = (std::f32::consts::PI * n as f32 / length as f32).sin();
            out.push((value * loud * 9_000.0).clamp(-32_000.0, 32_000.0) as i16);
        }
        out.resize(out.len() + 200, 0);
    }
    out
}

#[test]
fn voices_press_no_key() {
    for seed in 0..10 {
        assert_eq!(keys(&voice(seed, 60)), "", "seed {seed}");
    }
}

#[test]
fn music_of_plain_and_rich_notes_presses_no_key() {
    let mut random = noise(5);
    let mut samples = Vec::new();
    for _ in 0..400 {
        let notes: Vec<f32> = (0..3)
            .map(|_| 110.0 * 2f32.powf(((random() + 1.0) * 18.0).round() / 12.0))
            .collect();
        let rich = random().abs();
        samples.extend((0..2_000).map(|n| {
            let t = n as f32 / 8_000.0 * std::f32::consts::TAU;
            let note = |hz: &f32| {
                (t * hz).sin() + rich * (2.0 * t * hz).sin() + rich * 0.5 * (3.0 * t * hz).sin()
            };
            (notes.iter().map(note).sum::<f32>() * 3_000.0) as i16
        }));
    }
    assert_eq!(keys(&samples), "");
}

#[test]
fn two_tones_with_overtones_are_no_key() {
    let step = std::f32::consts::TAU / 8_000.0;
    for (low, high) in [(770.0, 1_209.0), (852.0, 1_336.0), (941.0, 1_477.0)] {
        let samples: Vec<i16> = (0..4_000)
            .map(|n| {
                let wave = |hz: f32| (step * hz * n as f32).sin();
                let pair = wave(low) + wave(high) + 0.4 * (wave(2.0 * low) + wave(2.0 * high));
                (pair * 5_000.0) as i16
            })
            .collect();
        assert_eq!(keys(&samples), "");
    }
}

#[test]
fn dial_and_ringing_tones_press_no_key() {
    for (first, second) in [
        (350.0, 440.0),
        (440.0, 480.0),
        (480.0, 620.0),
        (425.0, 0.0),
        (1_000.0, 0.0),
    ] {
        let sound = Tone {
            frequencies: (first, second),
            level: -10.0,
            on: Duration::from_secs(2),
            off: Duration::ZERO,
            repeat_for: None,
        };
        assert_eq!(keys(&tone::samples(&sound, 8_000)), "");
    }
}

proptest! {
    #[test]
    fn edges_come_in_pairs_whatever_is_heard(samples in prop::collection::vec(any::<i16>(), 0..4_000), chunk in 1..500usize) {
        let mut detector = Detector::new(8_000);
        let mut down = None;
        for part in samples.chunks(chunk) {
            for edge in detector.push(part) {
                match edge {
                    Edge::Down(key) => { prop_assert_eq!(down.replace(key), None); }
                    Edge::Up(key, _) => { prop_assert_eq!(down.take(), Some(key)); }
                }
            }
        }
        prop_assert_eq!(detector.pressed(), down);
    }
}
