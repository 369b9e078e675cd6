//! Once it runs, a leg's audio takes nothing from the heap.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use hookflash_audio::{Clip, Frame, Item, Law, Player, Playlist, Resampler, Tone, Want};
use hookflash_audio::{dtmf, voice_activity};

fn playing() -> Player {
    let clip = Arc::new(Clip::new(8_000, vec![1_000; 8_000]));
    let mut player = Player::new();
    let times = None;
    player.push(
        1,
        Playlist {
            items: vec![Item::Clip(clip, Duration::ZERO)],
            times,
        },
    );
    player
}

/// Allocations of a hundred beats after a few.
fn allocations(player: &mut Player, want: Want) -> u64 {
    for _ in 0..60 {
        player.next(want);
    }
    let mut beats = || {
        for _ in 0..100 {
            assert_ne!(player.next(want), Frame::Silence);
        }
    };
    measure(&mut beats).count_total
}

#[test]
fn a_clip_on_a_g711_leg_allocates_nothing() {
    assert_eq!(allocations(&mut playing(), Want::G711(Law::A)), 0);
}

#[test]
fn a_mix_of_clip_tone_and_feed_allocates_nothing() {
    for want in [Want::G711(Law::Mu), Want::Samples(48_000)] {
        let mut player = playing();
        let music = Tone::ringing(Duration::from_secs(60));
        player.dub("music", Some(Item::Tone(music).into()), -12.0);
        player.feed(16_000, &vec![500; 16_000 * 10]);
        assert_eq!(allocations(&mut player, want), 0, "{want:?}");
    }
}

#[test]
fn an_idle_player_owns_nothing() {
    let made = measure(|| {
        let mut player = Player::new();
        assert_eq!(player.next(Want::G711(Law::Mu)), Frame::Silence);
        assert!(player.poll_event().is_none());
    });
    assert_eq!(made.count_total, 0);
}

#[test]
fn listening_allocates_nothing() {
    let frame = [700; 320];
    let mut keys = dtmf::Detector::new(16_000);
    let mut voice = voice_activity::Detector::new(16_000, Duration::ZERO, Duration::ZERO);
    let mut resampler = Resampler::new(16_000, 48_000);
    let mut out = Vec::new();
    let mut listen = || {
        assert_eq!(keys.push(&frame).count(), 0);
        voice.push(&frame);
        out.clear();
        resampler.push(&frame, &mut out);
    };
    (0..10).for_each(|_| listen());
    let heard = measure(|| (0..100).for_each(|_| listen()));
    assert_eq!(heard.count_total, 0);
}
