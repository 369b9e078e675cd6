//! From the configuration to engines, and what the operator is told about them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use hookflash_speech::{
    Azure, DiskCache, ElevenLabs, EngineKind, EspeakNg, Flite, Google, HttpClient, Live, OpenAi,
    ProcessLimits, Recognizer, Recognizers, Service, Speaker, SpeakerSettings, Synthesizer,
    Transcriptions, VoiceEntry, VoiceTable,
};

use super::Setup;
use crate::config::{
    RecognizerKind, Speech, SpeechEngine, SpeechRecognizer, SpeechService, SpeechVoice,
};

/// Finds the engines, says which there are, and makes a speaker of them.
pub(super) fn speaker(setup: &Setup, client: &Rc<dyn HttpClient>) -> Speaker {
    let settings = &setup.settings;
    let engines = if settings.engines.is_empty() {
        installed()
    } else {
        let made = settings.engines.iter();
        made.filter_map(|engine| made_of(engine, client)).collect()
    };
    if engines.is_empty() {
        tracing::warn!(
            "there is no speech engine, so texts are not spoken; install one \
             (apt-get install flite, or espeak-ng for other languages than English) or configure \
             [[speech.engines]]"
        );
    }
    let disk = settings.cache.as_ref().and_then(|folder| {
        DiskCache::open(folder, settings.cache_size)
            .map_err(|error| {
                let folder = folder.display();
                tracing::warn!(%folder, %error, "speech cannot be kept in this folder");
            })
            .ok()
    });
    Speaker::new(SpeakerSettings {
        engines,
        voices: table(settings),
        disk: disk.map(Arc::new),
        memory: usize::try_from(settings.memory).unwrap_or(usize::MAX),
        wants: setup.wants.clone(),
    })
}

/// The programs in PATH.
fn installed() -> Vec<Rc<dyn Synthesizer>> {
    let path = std::env::var_os("PATH");
    let mut engines: Vec<Rc<dyn Synthesizer>> = Vec::new();
    if let Some(flite) = Flite::found(path.clone(), ProcessLimits::default()) {
        tracing::info!("texts are spoken by flite ({})", flite.path().display());
        engines.push(Rc::new(flite));
    }
    if let Some(espeak) = EspeakNg::found(path, ProcessLimits::default()) {
        tracing::info!(
            "texts are spoken by espeak-ng ({})",
            espeak.path().display()
        );
        engines.push(Rc::new(espeak));
    }
    engines
}

/// One engine of the configuration; `None`, with a word, when its program is not there.
fn made_of(engine: &SpeechEngine, client: &Rc<dyn HttpClient>) -> Option<Rc<dyn Synthesizer>> {
    let name = engine.name.as_str();
    let limits = ProcessLimits {
        time: engine.service.time_limit,
        ..ProcessLimits::default()
    };
    let service = || service(name, &engine.service, client);
    let found = std::env::var_os("PATH");
    let made: Option<Rc<dyn Synthesizer>> = match engine.kind {
        EngineKind::Flite => match &engine.path {
            Some(path) => Some(Flite::at(name, path, limits)),
            None => Flite::found(found, limits).map(|flite| Flite::at(name, flite.path(), limits)),
        }
        .map(|flite| Rc::new(flite) as Rc<dyn Synthesizer>),
        EngineKind::EspeakNg => match &engine.path {
            Some(path) => Some(EspeakNg::at(name, path, limits)),
            None => {
                EspeakNg::found(found, limits).map(|found| EspeakNg::at(name, found.path(), limits))
            }
        }
        .map(|espeak| Rc::new(espeak) as Rc<dyn Synthesizer>),
        EngineKind::OpenAi => Some(Rc::new(OpenAi(service()))),
        EngineKind::Google => Some(Rc::new(Google(service()))),
        EngineKind::Azure => Some(Rc::new(Azure(service()))),
        EngineKind::ElevenLabs => Some(Rc::new(ElevenLabs(service()))),
    };
    match &made {
        Some(_) => tracing::info!("texts are spoken by {name}"),
        None => {
            let program = engine.kind.name();
            tracing::warn!(
                "the speech engine {name} is not there: {program} is not in PATH \
                 (apt-get install {program})"
            );
        }
    }
    made
}

/// The recognizers, the default first.
pub(super) fn recognizers(settings: &Speech, client: &Rc<dyn HttpClient>) -> Recognizers {
    let mut made: Vec<Rc<dyn Recognizer>> = Vec::new();
    let default = settings.recognizer.as_deref();
    for one in &settings.recognizers {
        let SpeechRecognizer {
            name,
            kind,
            service: reached,
        } = one;
        let service = service(name, reached, client);
        let recognizer: Rc<dyn Recognizer> = match kind {
            RecognizerKind::OpenAi => Rc::new(Transcriptions(service)),
            RecognizerKind::WebSocket => Rc::new(Live(service)),
        };
        tracing::info!("speech is recognised by {name}");
        if default == Some(name) {
            made.insert(0, recognizer);
        } else {
            made.push(recognizer);
        }
    }
    Recognizers(made)
}

fn service(name: &str, settings: &SpeechService, client: &Rc<dyn HttpClient>) -> Service {
    Service {
        name: name.to_owned(),
        url: settings.url.clone(),
        key: settings.key.as_ref().map(|key| key.reveal().to_owned()),
        model: settings.model.clone(),
        voice: settings.voice.clone(),
        time_limit: settings.time_limit,
        client: Rc::clone(client),
    }
}

fn table(settings: &Speech) -> VoiceTable {
    let entry = |voice: &SpeechVoice| VoiceEntry {
        engine: voice.engine.clone(),
        voice: voice.voice.clone(),
        language: voice.language.clone(),
        gender: voice.gender,
    };
    let voices: &BTreeMap<String, SpeechVoice> = &settings.voices;
    let entries = voices
        .iter()
        .map(|(name, voice)| (name.clone(), entry(voice)));
    let default = VoiceEntry {
        language: Some(settings.language.clone()),
        gender: Some(settings.gender),
        ..VoiceEntry::default()
    };
    VoiceTable::new(entries, default)
}
