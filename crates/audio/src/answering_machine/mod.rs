//! Whether a person, a machine or a fax picked up, from nothing but what is heard.
//!
//! A person says a word or two and waits; a machine goes on with its greeting. A fax answers with a
//! tone of its own. A greeting ends with a beep, or with silence. No words are understood: a person
//! who talks at length is taken for a machine, and a machine that says "Hello" for a person.
//!
//! The thresholds are the caller's. Times are counted in samples, from the first one on.

mod single_tone;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::voice_activity;

/// Samples per second that the detector takes.
pub const RATE: u32 = 8_000;

/// The voice detector's own: so much speech is a beginning, so much silence an end.
const SPEECH: Duration = Duration::from_millis(60);
const PAUSE: Duration = Duration::from_millis(100);

/// A beep is at least so long; a tone that never ends is none.
const SHORTEST_BEEP: u32 = 6;
const LONGEST_BEEP: u32 = 150;

/// Frames of another kind after which a tone is over.
const TONE_OVER: u32 = 2;

/// A fax shows itself by so many frames in a row: the phase of its answering tone turns over every
/// 450 ms (ITU-T V.8), the calling tone lasts 500 ms (ITU-T T.30).
const FAX: u32 = 15;
/// The answering tone and the calling tone, with how far they may be off (ITU-T T.30 §4).
const FAX_TONES: [(f32, f32); 2] = [(2_100.0, 20.0), (1_100.0, 40.0)];

const FRAME_TIME: Duration = Duration::from_millis(20);

/// By which rules it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A machine is listened to until its greeting ends.
    pub until_greeting_ends: bool,
    /// How long it may take in all.
    pub timeout: Duration,
    /// Speech that goes on for so long is a greeting.
    pub speech_threshold: Duration,
    /// So much silence after speech ends it.
    pub speech_end_threshold: Duration,
    /// So much silence at the beginning says nothing.
    pub silence_timeout: Duration,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A person.
    Human,
    /// A machine. By the rules its greeting may still be waited for.
    Machine,
    /// Its greeting ended in a beep.
    Beep,
    /// Its greeting ended in silence.
    GreetingEnded,
    /// Its greeting did not end in time.
    GreetingGoesOn,
    /// A fax machine.
    Fax,
    /// Nobody said anything.
    Silence,
    /// It took too long.
    Timeout,
}

/// A tone that is heard.
#[derive(Clone, Copy, Debug)]
struct Tone {
    hertz: f32,
    /// When it began.
    since: Duration,
    /// Its frames, and those of another kind since the last of them.
    frames: u32,
    missed: u32,
}

/// Listens until it knows.
#[derive(Clone, Debug)]
pub struct Detector {
    rules: Rules,
    voice: voice_activity::Detector,
    frame: Vec<i16>,
    now: Duration,
    /// When somebody began to speak.
    begun: Option<Duration>,
    /// When somebody was last heard to speak.
    spoken: Duration,
    tone: Option<Tone>,
    is_machine: bool,
    is_over: bool,
}

impl Detector {
    /// Takes [`RATE`] samples per second from now on.
    pub fn new(rules: Rules) -> Detector {
        Detector {
            rules,
            voice: voice_activity::Detector::new(RATE, SPEECH, PAUSE),
            frame: Vec::with_capacity(single_tone::FRAME),
            now: Duration::ZERO,
            begun: None,
            spoken: Duration::ZERO,
            tone: None,
            is_machine: false,
            is_over: false,
        }
    }

    /// Whether nothing more will be found.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// How much was listened to.
    pub fn listened(&self) -> Duration {
        self.now
    }

    /// Takes the next samples and says what was found by them. At most two things are found in
    /// all: that it is a machine, and how its greeting ended.
    pub fn push(&mut self, samples: &[i16]) -> Option<Finding> {
        let mut found = None;
        for sample in samples {
            self.frame.push(*sample);
            if self.frame.len() < single_tone::FRAME || self.is_over {
                continue;
            }
            let frame = std::mem::take(&mut self.frame);
            found = self.hear(&frame).or(found);
            self.frame = frame;
            self.frame.clear();
        }
        found
    }

    fn hear(&mut self, frame: &[i16]) -> Option<Finding> {
        self.now += FRAME_TIME;
        self.voice.push(frame);
        let beep = self.hear_tone(single_tone::frequency(frame));
        if self.tone.is_none() && self.voice.is_speaking() {
            self.begun.get_or_insert(self.now - FRAME_TIME);
            self.spoken = self.now;
        }
        let finding = self.judge(beep)?;
        self.is_machine |= finding == Finding::Machine;
        let is_waited_for = finding == Finding::Machine && self.rules.until_greeting_ends;
        self.is_over = !is_waited_for;
        Some(finding)
    }

    fn judge(&mut self, beep: bool) -> Option<Finding> {
        let rules = &self.rules;
        if self.is_fax() {
            return Some(Finding::Fax);
        }
        if self.is_machine {
            return match () {
                () if beep => Some(Finding::Beep),
                () if self.is_silent_for(rules.speech_end_threshold) => {
                    Some(Finding::GreetingEnded)
                }
                () if self.now >= rules.timeout => Some(Finding::GreetingGoesOn),
                () => None,
            };
        }
        let said = self.begun.map(|begun| self.spoken.saturating_sub(begun));
        match said {
            // No person beeps.
            _ if beep && rules.until_greeting_ends => Some(Finding::Beep),
            _ if beep => Some(Finding::Machine),
            Some(said) if said >= rules.speech_threshold => Some(Finding::Machine),
            Some(_) if self.is_silent_for(rules.speech_end_threshold) => Some(Finding::Human),
            None if self.tone.is_none() && self.now >= rules.silence_timeout => {
                Some(Finding::Silence)
            }
            _ if self.now >= rules.timeout => Some(Finding::Timeout),
            _ => None,
        }
    }

    fn is_silent_for(&self, time: Duration) -> bool {
        self.tone.is_none() && self.now.saturating_sub(self.spoken) >= time
    }

    /// Follows tones; says whether a beep is over.
    fn hear_tone(&mut self, hertz: Option<f32>) -> bool {
        let Some(tone) = &mut self.tone else {
            self.tone = hertz.map(|hertz| Tone {
                hertz,
                since: self.now - FRAME_TIME,
                frames: 1,
                missed: 0,
            });
            return false;
        };
        match hertz {
            Some(hertz) if single_tone::is_same(tone.hertz, hertz) => {
                tone.frames += 1;
                tone.missed = 0;
            }
            _ => tone.missed += 1,
        }
        let is_tone = tone.frames >= SHORTEST_BEEP;
        let tone = *tone;
        if is_tone {
            self.is_no_speech(tone.since);
        }
        // What is too short to be a tone was speech.
        let patience = if is_tone { TONE_OVER } else { 1 };
        if tone.missed < patience {
            return false;
        }
        self.tone = None;
        if !is_tone {
            return false;
        }
        // The voice detector heard the tone as a voice: what follows is heard afresh.
        self.voice = voice_activity::Detector::new(RATE, SPEECH, PAUSE);
        self.spoken = self
            .spoken
            .max(self.now.saturating_sub(FRAME_TIME * TONE_OVER));
        tone.frames <= LONGEST_BEEP
    }

    /// What was taken for speech since then was a tone.
    fn is_no_speech(&mut self, since: Duration) {
        // A tone sounds like speech a moment before it is known for one.
        if self.begun.is_some_and(|begun| begun + FRAME_TIME >= since) {
            self.begun = None;
        }
        self.spoken = self.spoken.min(since);
    }

    fn is_fax(&self) -> bool {
        let is_first = self.begun.is_none() && !self.is_machine;
        self.tone.is_some_and(|tone| {
            let is_known = |(hertz, off): &(f32, f32)| (tone.hertz - hertz).abs() <= *off;
            is_first && tone.frames >= FAX && FAX_TONES.iter().any(is_known)
        })
    }
}
