//! Live samples, queued up to a limit.

use std::collections::VecDeque;
use std::time::Duration;

use crate::resample::{self, Resampler};
use crate::tone::samples_in;

use super::PlayerEvent;

/// Live samples of one rate and the marks between them.
#[derive(Debug, Default)]
pub(super) struct Feed {
    rate: u32,
    queue: VecDeque<i16>,
    /// Samples taken out of the queue since it was made.
    taken: u64,
    /// Behind which sample each mark is.
    marks: VecDeque<(u64, String)>,
    /// To the leg's rate, if that differs.
    converter: Option<Box<Converter>>,
}

#[derive(Debug)]
struct Converter {
    to: u32,
    resampler: Resampler,
    ready: Vec<i16>,
    /// Something is inside that must still come out.
    holds: bool,
}

impl Feed {
    /// Queues what fits below the limit; says how many samples that is.
    pub(super) fn push(&mut self, rate: u32, samples: &[i16], limit: Duration) -> usize {
        if rate == 0 || rate > resample::MAX_RATE {
            return samples.len();
        }
        if self.queue.is_empty() && rate != self.rate {
            self.rate = rate;
            self.converter = None;
        }
        let room = |rate| samples_in(limit, rate).saturating_sub(samples_in(self.queued(), rate));
        let taken = samples.get(..room(rate)).unwrap_or(samples);
        if rate == self.rate {
            self.queue.extend(taken);
        } else {
            self.queue.extend(resample::convert(rate, self.rate, taken));
        }
        taken.len()
    }

    pub(super) fn mark(&mut self, name: String) {
        self.marks
            .push_back((self.taken + self.queue.len() as u64, name));
    }

    /// How long what is queued sounds.
    pub(super) fn queued(&self) -> Duration {
        let samples = self.queue.len() as u64;
        Duration::from_nanos(samples * 1_000_000_000 / u64::from(self.rate.max(1)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
            && !self
                .converter
                .as_ref()
                .is_some_and(|converter| converter.holds)
    }

    /// Nothing to play and nothing to tell.
    pub(super) fn is_over(&self) -> bool {
        self.is_empty() && self.marks.is_empty()
    }

    /// Fills `out` as far as there is something.
    pub(super) fn fill(&mut self, rate: u32, out: &mut [i16]) -> usize {
        if rate == self.rate {
            self.converter = None;
            let count = out.len().min(self.queue.len());
            self.take(count, out.iter_mut());
            return count;
        }
        self.convert(rate, out.len());
        let Some(converter) = &mut self.converter else {
            return 0;
        };
        let count = out.len().min(converter.ready.len());
        for (slot, sample) in out.iter_mut().zip(converter.ready.drain(..count)) {
            *slot = sample;
        }
        count
    }

    /// Has the converter hold as many samples as wanted, as long as there are any.
    fn convert(&mut self, rate: u32, wanted: usize) {
        if self
            .converter
            .as_ref()
            .is_none_or(|converter| converter.to != rate)
        {
            self.converter = Some(Box::new(Converter {
                to: rate,
                resampler: Resampler::new(self.rate, rate),
                ready: Vec::new(),
                holds: false,
            }));
        }
        let mut block = [0; 480];
        while self
            .converter
            .as_ref()
            .is_some_and(|converter| converter.ready.len() < wanted)
        {
            let count = self.queue.len().min(block.len());
            self.take(count, block.iter_mut());
            let Some(converter) = &mut self.converter else {
                return;
            };
            let Converter {
                resampler,
                ready,
                holds,
                ..
            } = &mut **converter;
            match block.get(..count) {
                Some(samples) if count > 0 => {
                    *holds = true;
                    resampler.push(samples, ready);
                }
                _ => {
                    if *holds {
                        resampler.finish(ready);
                    }
                    *holds = false;
                    return;
                }
            }
        }
    }

    fn take<'a>(&mut self, count: usize, out: impl Iterator<Item = &'a mut i16>) {
        for (slot, sample) in out.zip(self.queue.drain(..count)) {
            *slot = sample;
        }
        self.taken += count as u64;
    }

    /// The next mark that has been reached.
    pub(super) fn reached(&mut self) -> Option<PlayerEvent> {
        let reached = self
            .marks
            .front()
            .is_some_and(|(behind, _)| *behind <= self.taken);
        let (_, name) = if reached {
            self.marks.pop_front()?
        } else {
            return None;
        };
        Some(PlayerEvent::Mark {
            name,
            cleared: false,
        })
    }

    /// All marks that will never be reached.
    pub(super) fn cleared(&mut self) -> impl Iterator<Item = PlayerEvent> {
        self.marks.drain(..).map(|(_, name)| PlayerEvent::Mark {
            name,
            cleared: true,
        })
    }
}
