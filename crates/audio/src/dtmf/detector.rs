//! Which keys are heard.
//!
//! A key is down when six of its windows follow each other, which takes 36 ms of it and cannot
//! happen in 23; it is up when none came for eight, which takes 35 ms without it and cannot happen
//! in 20, so a lost packet does not make two keys of one.

use std::f32::consts::{PI, TAU};
use std::time::Duration;

use super::key_at;
use super::spectrum::{BLOCK, Complex, RATE, Sight, Spectrum, Voice, WINDOW, deviation};
use crate::Resampler;
use crate::tone::peak;

/// Windows that make a key.
const HITS: u32 = 6;
/// Windows without it that end one.
const GAP: u64 = 8;
/// Windows of something else that are forgiven before it counts.
const FORGIVEN: u32 = 1;
/// The quietest tone of a key, in dBm0. Q.24 asks for -25 to -29 depending on the country, and
/// gateways take off some more.
const QUIETEST: f32 = -36.0;
/// How much of the energy must be in the two tones, in one window (which may be at the edge of the
/// key) and on the average. Speech rarely has so much in any two tones.
const PURITY: f32 = 0.7;
const PURITY_OF_ALL: f32 = 0.84;
/// By how many decibels a row may be louder than a column, and the other way round. Q.24 allows
/// up to 10 and 6.
const TWIST: (f32, f32) = (10.0, 6.0);
/// By what part of its frequency a tone may be off in one window, and over all of them: 1.5 % must
/// be accepted, 3.5 % must not.
const OFF_IN_WINDOW: f32 = 0.032;
const OFF: f32 = 0.024;
/// How much louder a tone must be than its first overtone, in decibels. Voices have overtones.
const OVERTONE: f32 = 12.0;
/// Overtones closer than this to a tone of the key itself cannot be told from it.
const OVERTONE_APART: f32 = 75.0;
/// What is looked at for overtones: as long as a key lasts when it is believed.
const MEMORY: usize = BLOCK * 7;

/// A key went down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The key is pressed, since about 40 ms.
    Down(char),
    /// It was pressed for so long (within 10 ms).
    Up(char, Duration),
}

/// Listens for keys in audio.
#[derive(Debug)]
pub struct Detector {
    resampler: Option<Box<Resampler>>,
    converted: Vec<i16>,
    waiting: Vec<i16>,
    memory: [i16; MEMORY],
    spectrum: Spectrum,
    now: u64,
    candidate: Option<Candidate>,
    pressed: Option<Pressed>,
    edges: Vec<Edge>,
}

/// Row and column.
type Position = (usize, usize);

#[derive(Clone, Copy, Debug)]
struct Candidate {
    position: Position,
    since: u64,
    hits: u32,
    misses: u32,
    /// Windows with silence in them since the last hit: a packet may be lost.
    silent: u32,
    drifts: (Complex, Complex),
    /// The sum of what part of each window is in the two tones.
    purity: f32,
}

#[derive(Clone, Copy, Debug)]
struct Pressed {
    key: char,
    position: Position,
    since: u64,
    until: u64,
}

impl Detector {
    /// For audio of so many samples per second.
    pub fn new(rate: u32) -> Detector {
        let resampler = (rate != RATE).then(|| Box::new(Resampler::new(rate, RATE)));
        Detector {
            resampler,
            converted: Vec::new(),
            waiting: Vec::with_capacity(BLOCK),
            memory: [0; MEMORY],
            spectrum: Spectrum::default(),
            now: 0,
            candidate: None,
            pressed: None,
            edges: Vec::new(),
        }
    }

    /// Takes samples; says what they made of the keys.
    pub fn push(&mut self, samples: &[i16]) -> impl Iterator<Item = Edge> + use<'_> {
        match self.resampler.take() {
            Some(mut resampler) => {
                let mut converted = std::mem::take(&mut self.converted);
                resampler.push(samples, &mut converted);
                self.listen(&converted);
                converted.clear();
                self.converted = converted;
                self.resampler = Some(resampler);
            }
            None => self.listen(samples),
        }
        self.edges.drain(..)
    }

    /// The key that is pressed.
    pub fn pressed(&self) -> Option<char> {
        self.pressed.map(|pressed| pressed.key)
    }

    fn listen(&mut self, samples: &[i16]) {
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(BLOCK - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            rest = later;
            if let Some(block) = self.waiting.first_chunk() {
                let block = *block;
                self.waiting.clear();
                self.step(&block);
            }
        }
    }

    fn step(&mut self, block: &[i16; BLOCK]) {
        self.memory.copy_within(BLOCK.., 0);
        if let Some(last) = self.memory.last_chunk_mut() {
            *last = *block;
        }
        self.now += 1;
        let hit = self.spectrum.step(block).filter(is_key);
        if let Some(pressed) = &mut self.pressed {
            if hit.is_some_and(|sight| position(&sight) == pressed.position) {
                pressed.until = self.now;
                self.candidate = None;
                return;
            }
            if self.now - pressed.until >= GAP {
                self.release();
            }
        }
        match hit {
            Some(sight) => self.consider(&sight),
            None => self.doubt(),
        }
    }

    fn release(&mut self) {
        if let Some(pressed) = self.pressed.take() {
            // The first and the last window have seen the tone as far as they needed it.
            let windows = pressed.until - pressed.since + 1;
            let unseen = (WINDOW as f32 * (1.0 - PURITY)) as u64;
            let length = windows * BLOCK as u64 + WINDOW as u64 - BLOCK as u64 - unseen;
            let length = Duration::from_micros(length * 1_000_000 / u64::from(RATE));
            self.edges.push(Edge::Up(pressed.key, length));
        }
    }

    fn doubt(&mut self) {
        let silent = self.spectrum.has_silence();
        if let Some(candidate) = &mut self.candidate {
            let (misses, most) = match silent {
                true => (&mut candidate.silent, GAP as u32),
                false => (&mut candidate.misses, FORGIVEN),
            };
            *misses += 1;
            if *misses > most {
                self.candidate = None;
            }
        }
    }

    fn consider(&mut self, sight: &Sight) {
        let position = position(sight);
        let fresh = Candidate {
            position,
            since: self.now,
            hits: 0,
            misses: 0,
            silent: 0,
            drifts: (Complex::default(), Complex::default()),
            purity: 0.0,
        };
        let known = self.candidate.filter(|known| known.position == position);
        let mut candidate = known.unwrap_or(fresh);
        candidate.hits += 1;
        candidate.silent = 0;
        candidate.purity += (sight.low.energy + sight.high.energy) / sight.energy;
        let (low, high) = candidate.drifts;
        candidate.drifts = (low.plus(sight.low.drift), high.plus(sight.high.drift));
        self.candidate = Some(candidate);
        if candidate.hits < HITS {
            return;
        }
        self.candidate = None;
        if let Some(key) =
            key_at(position.0, position.1).filter(|_| self.convinces(&candidate, sight))
        {
            self.release();
            self.edges.push(Edge::Down(key));
            self.pressed = Some(Pressed {
                key,
                position,
                since: candidate.since,
                until: self.now,
            });
        }
    }

    /// What is only sure after all windows: the exact frequencies, and that they have no overtones.
    fn convinces(&self, candidate: &Candidate, sight: &Sight) -> bool {
        let frequency = |drift, voice: &Voice| {
            let off = deviation(drift, voice.nominal);
            (off.abs() <= OFF).then_some(voice.nominal * (1.0 + off))
        };
        let purity = candidate.purity / candidate.hits as f32;
        let (low, high) = candidate.drifts;
        let (Some(low), Some(high)) = (frequency(low, &sight.low), frequency(high, &sight.high))
        else {
            return false;
        };
        let pure = |hz: f32| {
            let overtone = 2.0 * hz;
            (overtone - high).abs() < OVERTONE_APART
                || self.amplitude(hz) > self.amplitude(overtone) * 10f32.powf(OVERTONE / 20.0)
        };
        purity >= PURITY_OF_ALL && pure(low) && pure(high)
    }

    /// How loud a frequency is in the memory, through a Hann window.
    fn amplitude(&self, hz: f32) -> f32 {
        let step = TAU * hz / RATE as f32;
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in self.memory.iter().enumerate() {
            let window = (PI * (n as f32 + 0.5) / MEMORY as f32).sin().powi(2);
            let (sin, cos) = (step * n as f32).sin_cos();
            re += f32::from(*sample) * window * cos;
            im += f32::from(*sample) * window * sin;
        }
        re.hypot(im)
    }
}

fn position(sight: &Sight) -> Position {
    (sight.low.index, sight.high.index)
}

/// Whether a window by itself looks like a key.
fn is_key(sight: &Sight) -> bool {
    let Sight { low, high, energy } = sight;
    let enough = peak(QUIETEST).powi(2) / 2.0 * WINDOW as f32;
    let twist = 10.0 * (low.energy / high.energy).log10();
    low.energy >= enough
        && high.energy >= enough
        && low.energy + high.energy >= PURITY * energy
        && (-TWIST.1..=TWIST.0).contains(&twist)
        && low.deviation().abs() <= OFF_IN_WINDOW
        && high.deviation().abs() <= OFF_IN_WINDOW
}
