use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::{Clip, Item, Tone, g711, measure, tone};

const G711: Want = Want::G711(Law::Mu);
const LINEAR: Want = Want::Samples(8_000);

/// Samples that tell where they come from.
fn counting(from: i16, count: usize) -> Vec<i16> {
    (0..count).map(|n| from + n as i16).collect()
}

fn clip(samples: Vec<i16>) -> Item {
    Item::Clip(Arc::new(Clip::new(8_000, samples)), Duration::ZERO)
}

fn sine(hz: f32, seconds: f32, amplitude: f32) -> Vec<i16> {
    let count = (seconds * 8_000.0) as usize;
    let step = std::f32::consts::TAU * hz / 8_000.0;
    (0..count)
        .map(|n| ((n as f32 * step).sin() * amplitude) as i16)
        .collect()
}

fn take(player: &mut Player, want: Want, frames: usize) -> Vec<i16> {
    let mut heard = Vec::new();
    for _ in 0..frames {
        match player.next(want) {
            Frame::Silence => heard.resize(heard.len() + want.frame(), 0),
            Frame::Samples(samples) => heard.extend_from_slice(samples),
            Frame::Encoded(bytes) => g711::decode_all(Law::Mu, bytes, &mut heard),
        }
    }
    heard
}

fn events(player: &mut Player) -> Vec<PlayerEvent> {
    std::iter::from_fn(|| player.poll_event()).collect()
}

fn finished(id: u64) -> PlayerEvent {
    let stopped = false;
    PlayerEvent::Finished { id, stopped }
}

fn stopped(id: u64) -> PlayerEvent {
    let stopped = true;
    PlayerEvent::Finished { id, stopped }
}

fn mark(name: &str, cleared: bool) -> PlayerEvent {
    let name = name.to_owned();
    PlayerEvent::Mark { name, cleared }
}

/// The largest bend between neighbours: a click is a corner.
fn bend(samples: &[i16]) -> i32 {
    let bends = samples.windows(3).map(|three| {
        let [a, b, c] = three else { return 0 };
        (i32::from(*a) - 2 * i32::from(*b) + i32::from(*c)).abs()
    });
    bends.max().unwrap_or(0)
}

#[test]
fn a_player_of_nothing_is_silent_and_tiny() {
    let mut player = Player::new();
    assert_eq!(player.next(G711), Frame::Silence);
    assert!(!player.is_playing());
    assert!(size_of::<Player>() <= 40);
}

#[test]
fn a_clip_on_a_g711_leg_is_lent_as_bytes_of_the_clip_itself() {
    let source = Arc::new(Clip::new(8_000, counting(0, 480)));
    let mut player = Player::new();
    player.push(1, Playlist::clip(source.clone()));
    for n in 0..3 {
        let Frame::Encoded(bytes) = player.next(G711) else {
            panic!("not lent");
        };
        let whole = source.encoded(Law::Mu);
        assert!(std::ptr::eq(bytes, &whole[n * 160..(n + 1) * 160]));
    }
    assert_eq!(events(&mut player), [finished(1)]);
    assert_eq!(player.next(G711), Frame::Silence);
}

#[test]
fn bytes_outlive_the_last_owner_of_their_clip_but_the_player() {
    let mut player = Player::new();
    player.push(1, clip(vec![8_031; 160]).into());
    assert_eq!(
        player.next(G711),
        Frame::Encoded(&[g711::encode(Law::Mu, 8_031); 160])
    );
}

#[test]
fn playlists_follow_each_other_to_the_sample() {
    let mut player = Player::new();
    player.push(1, clip(counting(0, 250)).into());
    player.push(2, clip(counting(1_000, 70)).into());
    player.push(3, clip(counting(2_000, 160)).into());
    let heard = take(&mut player, LINEAR, 3);
    let mut expected = counting(0, 250);
    expected.extend(counting(1_000, 70));
    expected.extend(counting(2_000, 160));
    assert_eq!(heard, expected);
}

#[test]
fn the_end_is_told_with_the_frame_that_has_the_last_sample() {
    for want in [G711, LINEAR] {
        let mut player = Player::new();
        player.push(7, clip(counting(0, 320)).into());
        take(&mut player, want, 1);
        assert_eq!(events(&mut player), []);
        assert!(player.is_playing());
        take(&mut player, want, 1);
        assert_eq!(events(&mut player), [finished(7)]);
        assert!(!player.is_playing());
    }
}

#[test]
fn a_clip_begins_where_it_is_told_in_every_pass() {
    let source = Arc::new(Clip::new(8_000, counting(0, 240)));
    let mut player = Player::new();
    let items = vec![Item::Clip(source, Duration::from_millis(10))];
    player.push(
        1,
        Playlist {
            items,
            times: Some(2),
        },
    );
    let mut expected = counting(80, 160);
    expected.extend(counting(80, 160));
    assert_eq!(take(&mut player, LINEAR, 2), expected);
    assert_eq!(events(&mut player), [finished(1)]);
}

#[test]
fn a_clip_asked_to_begin_behind_its_end_is_over_at_once() {
    let mut player = Player::new();
    let source = Arc::new(Clip::new(8_000, counting(0, 240)));
    player.push(1, Item::Clip(source, Duration::from_secs(9)).into());
    assert_eq!(player.next(LINEAR), Frame::Silence);
    assert_eq!(events(&mut player), [finished(1)]);
}

#[test]
fn what_loops_goes_on_until_it_is_stopped() {
    let mut player = Player::new();
    let items = vec![
        clip(counting(1, 100)),
        Item::Silence(Duration::from_millis(10)),
    ];
    player.push(1, Playlist { items, times: None });
    let heard = take(&mut player, LINEAR, 1_000);
    assert!(
        heard
            .chunks(180)
            .all(|pass| pass[..pass.len().min(100)] == counting(1, 100)[..pass.len().min(100)])
    );
    assert_eq!(events(&mut player), []);
    player.stop();
    assert_eq!(events(&mut player), [stopped(1)]);
}

#[test]
fn playlists_without_a_sample_end_at_once_however_often_they_repeat() {
    let mut player = Player::new();
    let nothing = Item::Silence(Duration::ZERO);
    player.push(
        1,
        Playlist {
            items: vec![],
            times: None,
        },
    );
    player.push(
        2,
        Playlist {
            items: vec![nothing.clone()],
            times: None,
        },
    );
    player.push(
        3,
        Playlist {
            items: vec![nothing],
            times: Some(u32::MAX),
        },
    );
    player.push(
        4,
        Playlist {
            items: vec![clip(counting(0, 10))],
            times: Some(0),
        },
    );
    assert_eq!(player.next(G711), Frame::Silence);
    assert_eq!(
        events(&mut player),
        [finished(1), finished(2), finished(3), finished(4)]
    );
}

#[test]
fn stopping_fades_out_without_a_click_and_tells_all_that_waited() {
    let mut player = Player::new();
    player.push(1, clip(sine(440.0, 1.0, 10_000.0)).into());
    player.push(2, clip(sine(440.0, 1.0, 10_000.0)).into());
    let mut heard = take(&mut player, LINEAR, 7);
    let before = bend(&heard);
    player.stop();
    assert_eq!(events(&mut player), [stopped(1), stopped(2)]);
    heard.extend(take(&mut player, LINEAR, 3));
    assert!(
        bend(&heard) <= before + before / 4,
        "{} after {before}",
        bend(&heard)
    );
    let tail = &heard[7 * 160..];
    assert!(tail[..32].iter().any(|s| s.abs() > 2_000));
    assert!(tail[64..].iter().all(|s| *s == 0));
    assert_eq!(player.next(LINEAR), Frame::Silence);
}

#[test]
fn what_was_never_heard_is_not_heard_when_it_is_stopped() {
    let mut player = Player::new();
    player.push(1, clip(sine(440.0, 1.0, 10_000.0)).into());
    player.stop();
    assert_eq!(player.next(LINEAR), Frame::Silence);
}

#[test]
fn what_is_played_after_stopping_begins_at_once_under_the_fading_tail() {
    let mut player = Player::new();
    player.push(1, clip(vec![8_000; 800]).into());
    take(&mut player, LINEAR, 1);
    player.stop();
    player.push(2, clip(vec![100; 800]).into());
    let heard = take(&mut player, LINEAR, 1);
    assert!(heard[0] > 8_000 && heard[63] >= 100);
    assert!(heard[64..].iter().all(|s| *s == 100));
}

#[test]
fn live_samples_are_played_in_order_and_their_marks_told_when_reached() {
    let mut player = Player::new();
    assert_eq!(player.feed(8_000, &counting(0, 100)), 100);
    player.feed_mark("first".into());
    assert_eq!(player.feed(8_000, &counting(100, 100)), 100);
    player.feed_mark("second".into());
    assert_eq!(take(&mut player, LINEAR, 1), counting(0, 160));
    assert_eq!(events(&mut player), [mark("first", false)]);
    let heard = take(&mut player, LINEAR, 1);
    assert_eq!(heard[..40], counting(160, 40));
    assert_eq!(heard[40..], [0; 120]);
    assert_eq!(events(&mut player), [mark("second", false)]);
    assert_eq!(player.next(LINEAR), Frame::Silence);
}

#[test]
fn a_mark_with_nothing_before_it_is_reached_with_the_next_frame() {
    let mut player = Player::new();
    player.feed_mark("now".into());
    assert_eq!(player.next(G711), Frame::Silence);
    assert_eq!(events(&mut player), [mark("now", false)]);
}

#[test]
fn a_feed_takes_no_more_than_its_limit() {
    let mut player = Player::with_feed_limit(Duration::from_secs(1));
    assert_eq!(player.feed(8_000, &vec![1; 5_000]), 5_000);
    assert_eq!(player.feed(8_000, &vec![1; 5_000]), 3_000);
    assert_eq!(player.feed(8_000, &[1]), 0);
    assert_eq!(player.fed(), Duration::from_secs(1));
    take(&mut player, LINEAR, 1);
    assert_eq!(player.feed(8_000, &[1; 1_000]), 160);
}

#[test]
fn clearing_the_feed_fades_it_out_and_tells_its_marks_as_cleared() {
    let mut player = Player::new();
    player.feed(8_000, &sine(440.0, 1.0, 10_000.0));
    player.feed_mark("never".into());
    let mut heard = take(&mut player, LINEAR, 7);
    let before = bend(&heard);
    player.clear_feed();
    assert_eq!(events(&mut player), [mark("never", true)]);
    heard.extend(take(&mut player, LINEAR, 3));
    assert!(bend(&heard) <= before + before / 4);
    assert!(heard[7 * 160 + 64..].iter().all(|s| *s == 0));
    assert_eq!(player.fed(), Duration::ZERO);
}

#[test]
fn a_feed_of_another_rate_sounds_as_it_should() {
    for (from, to) in [
        (8_000, 48_000),
        (16_000, 8_000),
        (24_000, 8_000),
        (44_100, 16_000),
    ] {
        let step = std::f32::consts::TAU * 700.0 / from as f32;
        let samples: Vec<i16> = (0..from)
            .map(|n| ((n as f32 * step).sin() * 8_000.0) as i16)
            .collect();
        let mut player = Player::new();
        for part in samples.chunks(1_111) {
            assert_eq!(player.feed(from, part), part.len());
        }
        player.feed_mark("end".into());
        let heard = take(&mut player, Want::Samples(to), 53);
        assert_eq!(events(&mut player), [mark("end", false)]);
        let middle = &heard[to as usize / 10..to as usize * 9 / 10];
        let level = measure::tone_level(middle, to, 700.0);
        let expected = 20.0 * (8_000f32 / 32_768.0).log10();
        assert!((level - expected).abs() < 0.5, "{from} to {to}: {level}");
        let last = heard.iter().rposition(|s| s.abs() > 400).unwrap();
        let lasts = last as f32 / to as f32;
        assert!((1.0..1.05).contains(&lasts), "{from} to {to} lasts {lasts}");
    }
}

#[test]
fn a_clip_of_another_rate_is_lent_too() {
    let samples: Vec<i16> = (0..48_000)
        .map(|n| ((n as f32 * 0.05).sin() * 9_000.0) as i16)
        .collect();
    let mut player = Player::new();
    player.push(1, Playlist::clip(Arc::new(Clip::new(48_000, samples))));
    assert!(
        (0..50).all(|_| matches!(player.next(G711), Frame::Encoded(bytes) if bytes.len() == 160))
    );
    assert_eq!(events(&mut player), [finished(1)]);
}

#[test]
fn another_codec_in_the_middle_goes_on_from_the_same_moment() {
    let samples: Vec<i16> = sine(500.0, 1.0, 9_000.0);
    let mut player = Player::new();
    player.push(1, clip(samples).into());
    take(&mut player, LINEAR, 25);
    let heard = take(&mut player, Want::Samples(16_000), 25);
    assert_eq!(events(&mut player), [finished(1)]);
    let hz = measure::dominant_frequency(&heard, 16_000).unwrap();
    assert!((hz - 500.0).abs() < 1.0, "{hz}");
}

#[test]
fn whatever_comes_between_a_clip_goes_on_from_the_very_sample() {
    type Interruption = fn(&mut Player);
    let interruptions: [(&str, Interruption); 6] = [
        ("another playlist", |p| p.push(2, clip(vec![7; 160]).into())),
        ("a feed", |p| assert_eq!(p.feed(8_000, &[0; 800]), 800)),
        ("a mark", |p| p.feed_mark("here".to_owned())),
        ("a dub track", |p| {
            assert!(p.dub("music", Some(clip(vec![0; 800]).into()), 0.0));
        }),
        ("the end of a dub track", |p| p.remove_dub("music")),
        ("the end of a feed", Player::clear_feed),
    ];
    for frames in [1, 10] {
        for (what, interrupt) in interruptions {
            let mut player = Player::new();
            player.push(1, clip(counting(0, 4_000)).into());
            for _ in 0..frames {
                assert!(matches!(player.next(G711), Frame::Encoded(_)));
            }
            interrupt(&mut player);
            let heard = take(&mut player, LINEAR, 2);
            assert_eq!(heard, counting(frames * 160, 320), "{what}");
            let as_bytes = player.next(Want::G711(Law::A));
            let samples = counting(frames * 160 + 320, 160);
            let bytes: Vec<u8> = samples.iter().map(|s| g711::encode(Law::A, *s)).collect();
            match as_bytes {
                Frame::Samples(mixed) => assert_eq!(mixed, samples, "{what}"),
                other => assert_eq!(other, Frame::Encoded(&bytes), "{what}"),
            }
            player.stop();
            let fading = take(&mut player, LINEAR, 1);
            assert_eq!(fading[0], (frames * 160 + 480), "{what}");
        }
    }
}

#[test]
fn a_clip_that_is_stopped_fades_from_where_it_is() {
    let mut player = Player::new();
    player.push(1, clip(counting(0, 4_000)).into());
    for _ in 0..10 {
        player.next(G711);
    }
    player.stop();
    assert_eq!(events(&mut player), [stopped(1)]);
    let fading = take(&mut player, LINEAR, 1);
    assert_eq!((fading[0], fading[159]), (1_600, 0));
}

#[test]
fn a_dub_track_is_mixed_into_what_plays_at_its_gain() {
    let mut player = Player::new();
    player.push(1, clip(vec![1_000; 480]).into());
    assert!(player.dub("music", Some(clip(vec![1_000; 320]).into()), -6.0206));
    assert_eq!(take(&mut player, G711_AS_SAMPLES, 1), vec![1_500; 160]);
    player.dub("music", None, 0.0);
    assert_eq!(take(&mut player, LINEAR, 2)[64..], vec![1_000; 256]);
}

const G711_AS_SAMPLES: Want = LINEAR;

#[test]
fn what_is_too_loud_together_is_clipped_and_does_not_wrap() {
    let mut player = Player::new();
    player.push(1, clip(vec![30_000; 160]).into());
    player.dub("music", Some(clip(vec![30_000; 160]).into()), 0.0);
    assert_eq!(take(&mut player, LINEAR, 1), vec![i16::MAX; 160]);
}

#[test]
fn there_are_only_so_many_dub_tracks() {
    let mut player = Player::new();
    for n in 0..MAX_DUB_TRACKS {
        assert!(player.dub(&n.to_string(), None, 0.0));
    }
    assert!(!player.dub("more", None, 0.0));
    assert!(player.dub("0", None, 0.0));
    player.remove_dub("0");
    assert!(player.dub("more", None, 0.0));
}

#[test]
fn a_leg_with_a_silent_dub_track_still_gets_bytes() {
    let mut player = Player::new();
    player.dub("music", None, 0.0);
    player.push(1, clip(vec![1_000; 160]).into());
    assert!(matches!(player.next(G711), Frame::Encoded(_)));
}

#[test]
fn a_tone_in_a_playlist_sounds_at_its_frequency_and_level() {
    let mut player = Player::new();
    let tone = Tone {
        on: Duration::from_secs(1),
        ..Tone::BEEP
    };
    player.push(1, Item::Tone(tone).into());
    let heard = take(&mut player, LINEAR, 50);
    assert_eq!(events(&mut player), [finished(1)]);
    let level = measure::tone_level(&heard, 8_000, 1_000.0);
    assert!(
        (level - (20.0 * (tone::peak(-13.0) / 32_768.0).log10())).abs() < 0.2,
        "{level}"
    );
}

#[test]
fn once_all_is_over_and_told_nothing_is_kept() {
    let mut player = Player::new();
    player.push(1, clip(vec![1; 10]).into());
    take(&mut player, LINEAR, 1);
    events(&mut player);
    assert_eq!(player.next(LINEAR), Frame::Silence);
    assert!(player.active.is_none());
}
