//! Which engines were found, where they are, and how they fared last: for the log and the operator.

use std::collections::HashMap;

use serde::Serialize;

use super::thread::Staff;

/// An engine of the configuration, or a program that was looked for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Engine {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The program, or the host of the service.
    pub(super) at: Option<String>,
    #[serde(flatten)]
    pub(super) state: State,
}

/// What is known of an engine.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub(crate) enum State {
    /// It is there, and was not asked for anything yet.
    Untried,
    /// It did what it was asked last.
    Works,
    /// It did not.
    Failed {
        /// A sentence.
        error: String,
    },
    /// Its program is not there.
    Missing {
        /// How to get it.
        advice: String,
    },
}

/// All engines.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Found {
    pub(super) synthesizers: Vec<Engine>,
    pub(super) recognizers: Vec<Engine>,
    /// What to do where there is none at all.
    advice: Vec<&'static str>,
}

const NOBODY_SPEAKS: &str = "no text is spoken, callers hear a tone instead: install a speech \
    engine (apt-get install flite, or espeak-ng for other languages than English) or configure \
    [[speech.engines]]";
const NOBODY_LISTENS: &str =
    "no speech is recognised: add [[speech.recognizers]] to the configuration";

impl Found {
    pub(super) fn new(synthesizers: Vec<Engine>, recognizers: Vec<Engine>) -> Found {
        let mut advice = Vec::new();
        if !synthesizers.iter().any(Engine::is_there) {
            advice.push(NOBODY_SPEAKS);
        }
        if recognizers.is_empty() {
            advice.push(NOBODY_LISTENS);
        }
        Found {
            synthesizers,
            recognizers,
            advice,
        }
    }

    /// Says it in the log, in plain words.
    pub(super) fn announce(&self) {
        let list = |engines: &[Engine]| {
            let there = engines.iter().filter(|engine| engine.is_there());
            there.map(Engine::described).collect::<Vec<_>>().join(", ")
        };
        let (speak, listen) = (list(&self.synthesizers), list(&self.recognizers));
        if !speak.is_empty() {
            tracing::info!("texts are spoken by {speak}");
        }
        if !listen.is_empty() {
            tracing::info!("speech is recognised by {listen}");
        }
        for engine in &self.synthesizers {
            if let State::Missing { advice } = &engine.state {
                tracing::warn!("the speech engine {} is not there: {advice}", engine.name);
            }
        }
        for advice in &self.advice {
            match *advice {
                NOBODY_LISTENS => tracing::info!("{advice}"),
                advice => tracing::warn!("{advice}"),
            }
        }
    }

    /// With how each fared last.
    pub(super) fn with_outcomes(mut self, staff: &Staff) -> Found {
        for engine in &mut self.synthesizers {
            let outcome = staff.speaker.last_outcome(&engine.name);
            engine.fared(outcome.map(|outcome| outcome.map_err(|error| error.to_string())));
        }
        let listened: &HashMap<String, Result<(), String>> = &staff.listened.borrow();
        for engine in &mut self.recognizers {
            engine.fared(listened.get(&engine.name).cloned());
        }
        self
    }
}

impl Engine {
    pub(super) fn is_there(&self) -> bool {
        !matches!(self.state, State::Missing { .. })
    }

    fn described(&self) -> String {
        match &self.at {
            Some(at) => format!("{} ({at})", self.name),
            None => self.name.clone(),
        }
    }

    fn fared(&mut self, outcome: Option<Result<(), String>>) {
        match outcome {
            Some(Ok(())) => self.state = State::Works,
            Some(Err(error)) => self.state = State::Failed { error },
            None => {}
        }
    }
}
