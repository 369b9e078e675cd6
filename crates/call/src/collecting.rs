//! Collecting keys and speech, while prompts are heard and after.

use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_dialects::Moment;
use hookflash_media::MediaEvent;
use hookflash_program::{Gather, GatherEnd, Gathered, Heard, KeyRules, SpeechRules, TypedAhead};

use crate::Host;
use crate::SpeechError;
use crate::call::{Call, until};
use crate::journal::What;
use crate::player::Player;
use crate::sounds::{Keys, Listener};
use crate::speech_input::{END, SpeechInput};

/// How long the last result may take once no more speech comes.
const LONGEST_RECOGNITION: Duration = Duration::from_secs(10);

/// How many keys are collected when the document names no limit.
const MOST_KEYS: u32 = 1_000;

/// Lets the prompts be heard and collects what the caller types or says. Dropping the future
/// leaves nothing behind: what plays fades out, and nobody listens any more.
///
/// `interrupt` is called whenever input came that ends prompts by the rules of the gather, for
/// those who have prompts of their own. They are not kept waiting: noise ends such a gather.
pub(crate) async fn collect<H: Host>(
    call: &Rc<Call<H>>,
    gather: &Gather,
    interrupt: Option<&dyn Fn()>,
) -> Gathered {
    let mut input = Input {
        call,
        gather,
        interrupt,
        listener: call.listen(Keys::Ignores),
        is_listening: false,
        prompts_over: None,
        keys: String::new(),
        last_key: None,
        speech: Speech::default(),
    };
    if gather.listen_during_prompt {
        input.begin_listening();
    }
    input.collect().await
}

struct Input<'a, H: Host> {
    call: &'a Rc<Call<H>>,
    gather: &'a Gather,
    interrupt: Option<&'a dyn Fn()>,
    listener: Listener<H>,
    is_listening: bool,
    /// When the prompts had been heard or were cut short.
    prompts_over: Option<Instant>,
    keys: String,
    last_key: Option<Instant>,
    speech: Speech<H>,
}

/// How far the caller's speech has come.
struct Speech<H: Host> {
    input: Option<SpeechInput<H>>,
    /// The recognizer cannot be had, or failed.
    failed: bool,
    began: Option<Instant>,
    is_speaking: bool,
    last_result: Option<Instant>,
    /// When it ended: only results are waited for.
    ended: Option<Instant>,
    said: Vec<Heard>,
    partials: u32,
}

impl<H: Host> Default for Speech<H> {
    fn default() -> Speech<H> {
        Speech {
            input: None,
            failed: false,
            began: None,
            is_speaking: false,
            last_result: None,
            ended: None,
            said: Vec::new(),
            partials: 0,
        }
    }
}

impl<H: Host> Speech<H> {
    async fn next(&self) -> Option<Result<Heard, SpeechError>> {
        match &self.input {
            Some(input) => input.next().await,
            None => std::future::pending().await,
        }
    }
}

impl<H: Host> Input<'_, H> {
    /// Goes on until there is input or none can come any more.
    async fn collect(&mut self) -> Gathered {
        let player = Player::new(self.call, &self.gather.prompts);
        let mut feeding = pin!(player.feed(self.gather.repeat));
        loop {
            if self.prompts_over.is_none() && player.is_done() {
                self.prompts_over = Some(self.call.host.now());
                self.begin_listening();
                if let Some(failed) = self.nothing_to_wait_for() {
                    return failed;
                }
            }
            let deadline = self.deadline();
            let gathered = tokio::select! {
                biased;
                event = self.listener.next() => {
                    player.take(&event);
                    self.happened(&event, &player)
                }
                result = self.speech.next() => self.heard(result, &player),
                () = &mut feeding, if !player.is_fed() => None,
                () = until(deadline) => self.time_is_up(),
            };
            if let Some(gathered) = gathered {
                return gathered;
            }
        }
    }

    /// Takes input from now on.
    fn begin_listening(&mut self) {
        if std::mem::replace(&mut self.is_listening, true) {
            return;
        }
        if self.gather.keys.is_some() {
            self.listener
                .take_keys(self.gather.typed_ahead == TypedAhead::Kept);
        }
        if let Some(rules) = &self.gather.speech {
            self.recognize(rules);
        }
    }

    fn speech_failed(&mut self, error: &SpeechError) {
        self.speech.input = None;
        self.speech.failed = true;
        let note = format!("speech is not recognised: {error}");
        self.call.note(What::VerbNote(note.into()));
    }

    /// The end of a gather that asks for speech alone where none can be recognised.
    fn nothing_to_wait_for(&self) -> Option<Gathered> {
        let failed = self.gather.keys.is_none() && self.speech.input.is_none();
        failed.then(|| self.gathered(GatherEnd::Failed, None))
    }

    fn happened(&mut self, event: &MediaEvent, player: &Player<'_, H>) -> Option<Gathered> {
        match event {
            MediaEvent::Key { key, .. } => {
                let rules = self.gather.keys.as_ref()?;
                if rules.finish.contains(key) {
                    return Some(self.keys_complete(rules, Some(*key)));
                }
                // Who types has decided against speaking.
                self.speech.input = None;
                self.keys.push(*key);
                self.last_key = Some(self.call.host.now());
                if count(&self.keys) >= rules.most.unwrap_or(MOST_KEYS) {
                    return Some(self.keys_complete(rules, None));
                }
                if self.gather.keys_interrupt {
                    self.interrupt(player);
                }
            }
            MediaEvent::Voice(is_speaking) if self.speech.input.is_some() => {
                self.speech.is_speaking = *is_speaking;
                if *is_speaking {
                    let now = self.call.host.now();
                    self.speech.began.get_or_insert(now);
                    self.spoken(0, player);
                } else {
                    self.end_speech();
                }
            }
            _ => {}
        }
        None
    }

    fn heard(
        &mut self,
        result: Option<Result<Heard, SpeechError>>,
        player: &Player<'_, H>,
    ) -> Option<Gathered> {
        let rules = self.gather.speech.as_ref()?;
        let now = self.call.host.now();
        let heard = match result {
            Some(Ok(heard)) => heard,
            Some(Err(error)) => {
                self.speech_failed(&error);
                // What has been understood stays understood.
                return match self.speech.said.is_empty() {
                    true => self.without_speech(),
                    false => Some(self.speech_complete(rules)),
                };
            }
            None => return self.speech_over(rules),
        };
        self.speech.began.get_or_insert(now);
        self.speech.last_result = Some(now);
        self.spoken(heard.text.split_whitespace().count(), player);
        if !heard.is_final {
            self.tell_partial(&heard);
            return None;
        }
        self.speech.said.push(heard);
        let goes_on = rules.end.is_some() && self.speech.is_speaking;
        if goes_on {
            return None;
        }
        self.speech_over(rules)
    }

    /// What was said has been recognised. A cough is no answer: where there was no word in what
    /// was heard, the caller may still say one, for as long as the document waits.
    fn speech_over(&mut self, rules: &SpeechRules) -> Option<Gathered> {
        let said = &self.speech.said;
        let has_words = said.iter().any(|heard| !heard.text.trim().is_empty());
        if has_words || self.interrupt.is_some() {
            return Some(self.speech_complete(rules));
        }
        if self.speech.ended.is_none() {
            return match self.gather.keys {
                Some(_) => {
                    self.speech.input = None;
                    None
                }
                None => Some(self.speech_complete(rules)),
            };
        }
        self.speech = Speech {
            partials: self.speech.partials,
            ..Speech::default()
        };
        self.recognize(rules);
        None
    }

    fn recognize(&mut self, rules: &SpeechRules) {
        match SpeechInput::begin(self.call, rules) {
            Ok(input) => self.speech.input = Some(input),
            Err(error) => self.speech_failed(&error),
        }
    }

    /// So many words have been heard: enough, maybe, to end the prompts.
    fn spoken(&self, words: usize, player: &Player<'_, H>) {
        let Some(rules) = &self.gather.speech else {
            return;
        };
        let least = usize::try_from(rules.least_words).unwrap_or(usize::MAX);
        if self.gather.speech_interrupts && words >= least {
            self.interrupt(player);
        }
    }

    fn interrupt(&self, player: &Player<'_, H>) {
        player.stop();
        if let Some(interrupt) = self.interrupt {
            interrupt();
        }
    }

    fn end_speech(&mut self) {
        if let Some(input) = &mut self.speech.input {
            input.finish();
            let now = self.call.host.now();
            self.speech.ended.get_or_insert(now);
        }
    }

    fn tell_partial(&mut self, heard: &Heard) {
        if self
            .gather
            .speech
            .as_ref()
            .is_none_or(|rules| rules.partial.is_none())
        {
            return;
        }
        let sequence = self.speech.partials;
        self.speech.partials += 1;
        self.call.tell_of(&Moment::GatherPartial {
            verb: self.gather,
            heard,
            sequence,
        });
    }

    /// When something is to be done although nothing happened.
    fn deadline(&self) -> Option<Instant> {
        if let (Some(rules), Some(last_key)) = (&self.gather.keys, self.last_key) {
            // Beside the verbs the document stands still meanwhile, and waits no longer than that.
            let waits = self.interrupt.is_none() && count(&self.keys) < rules.least;
            let next = match waits {
                true => rules.first,
                false => rules.between,
            };
            return Some(last_key.max(self.prompts_over?) + next);
        }
        let Some((rules, _)) = self.gather.speech.as_ref().zip(self.speech.input.as_ref()) else {
            return Some(self.prompts_over? + self.gather.keys.as_ref()?.first);
        };
        if let Some(ended) = self.speech.ended {
            return Some(ended + LONGEST_RECOGNITION);
        }
        let Some(began) = self.speech.began else {
            let keys = self.gather.keys.as_ref().map(|keys| keys.first);
            return Some(self.prompts_over? + rules.begin.max(keys.unwrap_or_default()));
        };
        match self.speech.last_result {
            // Words came of which the session heard no voice.
            Some(last) if !self.speech.is_speaking => {
                Some((last + rules.end.unwrap_or(END)).min(began + rules.most))
            }
            _ => Some(began + rules.most),
        }
    }

    fn time_is_up(&mut self) -> Option<Gathered> {
        if let Some(rules) = self
            .gather
            .keys
            .as_ref()
            .filter(|_| self.last_key.is_some())
        {
            return Some(self.keys_complete(rules, None));
        }
        let rules = self
            .gather
            .speech
            .as_ref()
            .filter(|_| self.speech.input.is_some());
        match rules {
            Some(rules) if self.speech.ended.is_some() => {
                let note = "the recognizer did not come to an end";
                self.call.note(What::VerbNote(note.into()));
                Some(self.speech_complete(rules))
            }
            Some(_) if self.speech.began.is_some() => {
                self.end_speech();
                None
            }
            _ => Some(self.without_input()),
        }
    }

    /// What is left when the recognizer is gone: keys, if any are asked for.
    fn without_speech(&self) -> Option<Gathered> {
        let is_over = self.gather.keys.is_none();
        is_over.then(|| self.gathered(GatherEnd::Failed, None))
    }

    fn without_input(&self) -> Gathered {
        let only_speech = self.gather.keys.is_none();
        let reason = match self.speech.failed && only_speech {
            true => GatherEnd::Failed,
            false => GatherEnd::Timeout,
        };
        self.gathered(reason, None)
    }

    fn keys_complete(&self, rules: &KeyRules, finish: Option<char>) -> Gathered {
        let is_enough = finish.is_some() || count(&self.keys) >= rules.least;
        let is_input = !self.keys.is_empty() && is_enough;
        let reason = match is_input {
            true => GatherEnd::Keys,
            false => GatherEnd::Timeout,
        };
        self.gathered(reason, finish)
    }

    fn speech_complete(&self, rules: &SpeechRules) -> Gathered {
        let said = &self.speech.said;
        let texts: Vec<&str> = said
            .iter()
            .map(|heard| heard.text.trim())
            .filter(|text| !text.is_empty())
            .collect();
        if texts.is_empty() {
            return self.without_input();
        }
        let least_sure = said
            .iter()
            .map(|heard| heard.confidence)
            .fold(1.0, f32::min);
        let heard = Heard {
            text: texts.join(" "),
            confidence: least_sure,
            language: said.iter().find_map(|heard| heard.language.clone()),
            is_final: true,
        };
        let reason = match heard.confidence < rules.least_confidence {
            true => GatherEnd::LowConfidence,
            false => GatherEnd::Speech,
        };
        Gathered {
            heard: Some(heard),
            ..self.gathered(reason, None)
        }
    }

    fn gathered(&self, reason: GatherEnd, finish: Option<char>) -> Gathered {
        let keys = match reason {
            GatherEnd::Keys => self.keys.clone(),
            _ => String::new(),
        };
        Gathered {
            reason,
            keys,
            finish,
            heard: None,
        }
    }
}

fn count(keys: &str) -> u32 {
    u32::try_from(keys.len()).unwrap_or(u32::MAX)
}
