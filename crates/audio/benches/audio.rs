//! What 20 ms of audio cost: played, mixed, listened to, resampled.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hookflash_audio::{Clip, Item, Law, Player, Playlist, Resampler, Tone, Want};
use hookflash_audio::{dtmf, g711, tone, voice_activity};

fn player() -> Player {
    let samples: Vec<i16> = (0..80_000)
        .map(|n| ((n as f32 * 0.3).sin() * 9_000.0) as i16)
        .collect();
    let clip = Arc::new(Clip::new(8_000, samples));
    let mut player = Player::new();
    let items = vec![Item::Clip(clip, Duration::ZERO)];
    player.push(1, Playlist { items, times: None });
    player
}

fn play(c: &mut Criterion) {
    let want = Want::G711(Law::Mu);
    let mut lent = player();
    c.bench_function("play 20 ms of a clip to a G.711 leg", |b| {
        b.iter(|| black_box(lent.next(black_box(want))) == hookflash_audio::Frame::Silence);
    });
    let mut mixed = player();
    mixed.dub("music", player_music(), -12.0);
    c.bench_function("play 20 ms of a clip and a dub track", |b| {
        b.iter(|| black_box(mixed.next(black_box(want))) == hookflash_audio::Frame::Silence);
    });
    let mut ringing = Player::new();
    ringing.push(
        1,
        Item::Tone(Tone::ringing(Duration::from_secs(1_000_000))).into(),
    );
    c.bench_function("play 20 ms of ringing", |b| {
        b.iter(|| black_box(ringing.next(black_box(want))) == hookflash_audio::Frame::Silence);
    });
}

fn player_music() -> Option<Playlist> {
    let clip = Arc::new(Clip::new(8_000, vec![300; 80_000]));
    let items = vec![Item::Clip(clip, Duration::ZERO)];
    Some(Playlist { items, times: None })
}

fn listen(c: &mut Criterion) {
    let speech: Vec<i16> = (0..160)
        .map(|n| ((n as f32 * 0.21).sin() * 9_000.0) as i16)
        .collect();
    let mut keys = dtmf::Detector::new(8_000);
    c.bench_function("listen for keys in 20 ms", |b| {
        b.iter(|| keys.push(black_box(&speech)).count());
    });
    let mut silent = dtmf::Detector::new(8_000);
    c.bench_function("listen for keys in 20 ms of silence", |b| {
        b.iter(|| silent.push(black_box(&[0; 160])).count());
    });
    let mut voice = voice_activity::Detector::new(
        8_000,
        Duration::from_millis(100),
        Duration::from_millis(500),
    );
    c.bench_function("listen for a voice in 20 ms", |b| {
        b.iter(|| voice.push(black_box(&speech)));
    });
    let mut bytes = Vec::new();
    c.bench_function("encode 20 ms in G.711", |b| {
        b.iter(|| {
            bytes.clear();
            g711::encode_all(Law::Mu, black_box(&speech), &mut bytes);
        });
    });
}

fn resample(c: &mut Criterion) {
    for (from, to) in [
        (8_000, 48_000),
        (48_000, 8_000),
        (16_000, 8_000),
        (24_000, 8_000),
    ] {
        let frame = vec![900; (from / 50) as usize];
        let mut resampler = Resampler::new(from, to);
        let mut out = Vec::new();
        c.bench_function(&format!("resample 20 ms from {from} to {to}"), |b| {
            b.iter(|| {
                out.clear();
                resampler.push(black_box(&frame), &mut out);
            });
        });
    }
    let minute: Vec<i16> = tone::samples(
        &Tone {
            on: Duration::from_secs(60),
            ..Tone::BEEP
        },
        44_100,
    );
    c.bench_function("make G.711 of a minute at 44,100", |b| {
        b.iter(|| Clip::new(44_100, minute.clone()).encoded(Law::Mu).len());
    });
}

criterion_group!(benches, play, listen, resample);
criterion_main!(benches);
