//! From the configuration to engines.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use hookflash_speech::{
    Azure, DiskCache, ElevenLabs, EngineKind, EspeakNg, Flite, Google, HttpClient, Live, OpenAi,
    ProcessLimits, Recognizer, Recognizers, Service, Speaker, SpeakerSettings, Synthesizer,
    Transcriptions, VoiceEntry, VoiceTable,
};

use super::Setup;
use super::found::{Engine, State};
use crate::config::{
    RecognizerKind, Speech, SpeechEngine, SpeechRecognizer, SpeechService, SpeechVoice,
};

/// A speaker of the engines that are found, and what was found.
pub(super) fn speaker(setup: &Setup, client: &Rc<dyn HttpClient>) -> (Speaker, Vec<Engine>) {
    let settings = &setup.settings;
    let (engines, found): (Vec<_>, Vec<_>) = if settings.engines.is_empty() {
        installed()
    } else {
        let made = settings.engines.iter();
        made.map(|engine| made_of(engine, client)).unzip()
    };
    let disk = settings.cache.as_ref().and_then(|folder| {
        DiskCache::open(folder, settings.cache_size)
            .map_err(|error| {
                let folder = folder.display();
                tracing::warn!(%folder, %error, "speech cannot be kept in this folder");
            })
            .ok()
    });
    let speaker = Speaker::new(SpeakerSettings {
        engines: engines.into_iter().flatten().collect(),
        voices: table(settings),
        disk: disk.map(Arc::new),
        memory: usize::try_from(settings.memory).unwrap_or(usize::MAX),
        wants: setup.wants.clone(),
    });
    (speaker, found)
}

type Made = Option<Rc<dyn Synthesizer>>;

/// The programs in PATH.
fn installed() -> (Vec<Made>, Vec<Engine>) {
    let path = std::env::var_os("PATH");
    let limits = ProcessLimits::default;
    let flite = Flite::found(path.clone(), limits());
    let espeak = EspeakNg::found(path, limits());
    let places = [
        (EngineKind::Flite, flite.as_ref().map(|it| it.path())),
        (EngineKind::EspeakNg, espeak.as_ref().map(|it| it.path())),
    ];
    let found = places.map(|(kind, path)| program(kind.name(), kind, path));
    let engines = vec![
        flite.map(|flite| Rc::new(flite) as Rc<dyn Synthesizer>),
        espeak.map(|espeak| Rc::new(espeak) as Rc<dyn Synthesizer>),
    ];
    // One of them is enough: nobody misses the other.
    let any = found.iter().any(Engine::is_there);
    let found = found.into_iter().filter(|one| !any || one.is_there());
    (engines, found.collect())
}

/// One engine of the configuration.
fn made_of(engine: &SpeechEngine, client: &Rc<dyn HttpClient>) -> (Made, Engine) {
    let name = engine.name.as_str();
    let limits = ProcessLimits {
        time: engine.service.time_limit,
        ..ProcessLimits::default()
    };
    let service = || service(name, &engine.service, client);
    let in_path = std::env::var_os("PATH");
    let made: Rc<dyn Synthesizer> = match engine.kind {
        EngineKind::Flite => {
            let found = match &engine.path {
                Some(path) => Some(Flite::at(name, path, limits)),
                None => {
                    Flite::found(in_path, limits).map(|flite| Flite::at(name, flite.path(), limits))
                }
            };
            let known = program(name, engine.kind, found.as_ref().map(|it| it.path()));
            return (found.map(|it| Rc::new(it) as Rc<dyn Synthesizer>), known);
        }
        EngineKind::EspeakNg => {
            let found = match &engine.path {
                Some(path) => Some(EspeakNg::at(name, path, limits)),
                None => EspeakNg::found(in_path, limits)
                    .map(|found| EspeakNg::at(name, found.path(), limits)),
            };
            let known = program(name, engine.kind, found.as_ref().map(|it| it.path()));
            return (found.map(|it| Rc::new(it) as Rc<dyn Synthesizer>), known);
        }
        EngineKind::OpenAi => Rc::new(OpenAi(service())),
        EngineKind::Google => Rc::new(Google(service())),
        EngineKind::Azure => Rc::new(Azure(service())),
        EngineKind::ElevenLabs => Rc::new(ElevenLabs(service())),
    };
    let known = Engine {
        name: name.to_owned(),
        kind: engine.kind.name(),
        at: host(engine.service.url.as_deref()),
        state: State::Untried,
    };
    (Some(made), known)
}

fn program(name: &str, kind: EngineKind, path: Option<&Path>) -> Engine {
    let program = kind.name();
    let state = match path {
        Some(path) if path.exists() => State::Untried,
        Some(path) => State::Missing {
            advice: format!("there is no program {}", path.display()),
        },
        None => State::Missing {
            advice: format!("{program} is not in PATH (apt-get install {program})"),
        },
    };
    Engine {
        name: name.to_owned(),
        kind: program,
        at: path.map(|path| path.display().to_string()),
        state,
    }
}

/// Where a service is when it is not where its vendor has it, without what may be secret in its
/// URL.
fn host(url: Option<&str>) -> Option<String> {
    let url = url::Url::parse(url?).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// The recognizers, the default first, and what is known of them.
pub(super) fn recognizers(
    settings: &Speech,
    client: &Rc<dyn HttpClient>,
) -> (Recognizers, Vec<Engine>) {
    let mut made: Vec<(Rc<dyn Recognizer>, Engine)> = Vec::new();
    let default = settings.recognizer.as_deref();
    for one in &settings.recognizers {
        let SpeechRecognizer {
            name,
            kind,
            service: reached,
        } = one;
        let service = service(name, reached, client);
        let known = Engine {
            name: name.clone(),
            kind: kind.name(),
            at: host(service.url.as_deref()),
            state: State::Untried,
        };
        let recognizer: Rc<dyn Recognizer> = match kind {
            RecognizerKind::OpenAi => Rc::new(Transcriptions(service)),
            RecognizerKind::WebSocket => Rc::new(Live(service)),
        };
        if default == Some(name) {
            made.insert(0, (recognizer, known));
        } else {
            made.push((recognizer, known));
        }
    }
    let (recognizers, known) = made.into_iter().unzip();
    (Recognizers(recognizers), known)
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
