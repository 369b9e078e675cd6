//! `[speech]`: engines that speak, engines that listen, and which voice is whose.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookflash_speech::{EngineKind, Gender};
use serde::{Serialize, Serializer};

use super::duration;
use super::secret::Secret;
use super::section::Section;
use super::size;

/// Text to speech and speech to text.
#[derive(Clone, Debug, Serialize)]
pub struct Speech {
    /// Language that is spoken when neither the document nor its voice names one.
    pub language: String,
    /// How the voice sounds then.
    #[serde(serialize_with = "gender")]
    pub gender: Gender,
    /// The voice that a document without a wish gets, as a document would name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Name of the recognizer that documents without a wish get; the first one otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recognizer: Option<String>,
    /// Folder of clips that outlive the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<PathBuf>,
    /// Bytes that the folder may hold.
    #[serde(serialize_with = "size::serialize")]
    pub cache_size: u64,
    /// Bytes of clips in memory.
    #[serde(serialize_with = "size::serialize")]
    pub memory: u64,
    /// Voices of documents, and who speaks in their place.
    pub voices: BTreeMap<String, SpeechVoice>,
    /// Engines that speak, the preferred first; the programs that are installed when empty.
    pub engines: Vec<SpeechEngine>,
    /// Engines that listen.
    pub recognizers: Vec<SpeechRecognizer>,
}

/// Who speaks in the place of a voice.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SpeechVoice {
    /// Name of the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The engine's name of the voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How it sounds.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_gender"
    )]
    pub gender: Option<Gender>,
}

/// An engine that speaks.
#[derive(Clone, Debug, Serialize)]
pub struct SpeechEngine {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type", serialize_with = "kind")]
    pub kind: EngineKind,
    /// The program, when it is one and not in PATH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// How the service is reached.
    #[serde(flatten)]
    pub service: SpeechService,
}

/// An engine that listens.
#[derive(Clone, Debug, Serialize)]
pub struct SpeechRecognizer {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: RecognizerKind,
    /// How the service is reached.
    #[serde(flatten)]
    pub service: SpeechService,
}

/// What kind of recognizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecognizerKind {
    /// `POST {url}/audio/transcriptions`.
    OpenAi,
    /// A stream over a WebSocket, as Deepgram's.
    WebSocket,
}

impl RecognizerKind {
    /// The name that the configuration uses.
    pub fn name(self) -> &'static str {
        match self {
            RecognizerKind::OpenAi => "openai",
            RecognizerKind::WebSocket => "websocket",
        }
    }
}

/// How a service is reached.
#[derive(Clone, Debug, Serialize)]
pub struct SpeechService {
    /// Base URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The voice that it uses when none of its own is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// How long an answer may take.
    #[serde(serialize_with = "duration::serialize")]
    pub time_limit: Duration,
}

const GENDERS: [(&str, Gender); 2] = [("female", Gender::Female), ("male", Gender::Male)];

const KINDS: [(&str, EngineKind); 6] = [
    ("flite", EngineKind::Flite),
    ("espeak-ng", EngineKind::EspeakNg),
    ("openai", EngineKind::OpenAi),
    ("google", EngineKind::Google),
    ("azure", EngineKind::Azure),
    ("elevenlabs", EngineKind::ElevenLabs),
];

/// Reads the section.
pub(crate) fn speech(section: Section<'_>, folder: &Path) -> Speech {
    let engines = engines(&section, folder);
    let recognizers = recognizers(&section);
    let voices = voices(&section, &engines);
    let read = Speech {
        language: section
            .parsed("language", language)
            .unwrap_or_else(|| "en-US".to_owned()),
        gender: section.choice("gender", &GENDERS).unwrap_or(Gender::Female),
        voice: section.text("voice").filter(|voice| !voice.is_empty()),
        recognizer: section.text("recognizer"),
        cache: section
            .text("cache")
            .filter(|path| !path.is_empty())
            .map(|path| folder.join(path)),
        cache_size: section.parsed("cache_size", size::parse).unwrap_or(1 << 30),
        memory: section.parsed("memory", size::parse).unwrap_or(64 << 20),
        voices,
        engines,
        recognizers,
    };
    if let Some(name) = &read.recognizer
        && !read.recognizers.iter().any(|one| one.name == *name)
    {
        section.error(
            "recognizer",
            format!("there is no recognizer `{name}`"),
            "name one of [[speech.recognizers]]",
        );
    }
    section.finish();
    read
}

fn language(text: &str) -> Result<String, String> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.len() < 2 || !text.chars().all(sound) {
        return Err(format!("`{text}` is no language; write one as \"en-US\""));
    }
    Ok(text.replace('_', "-"))
}

fn engines(section: &Section<'_>, folder: &Path) -> Vec<SpeechEngine> {
    let mut names = HashSet::new();
    let mut engines = Vec::new();
    for one in section.sections("engines") {
        if !one.has("type") {
            one.required(
                "type",
                "write flite, espeak-ng, openai, google, azure or elevenlabs",
            );
        }
        let kind = one.choice("type", &KINDS);
        let path = one.text("path").map(|path| folder.join(path));
        let name = one.text("name").filter(|name| !name.is_empty());
        let service = service(&one, &["http", "https"]);
        if let Some(kind) = kind {
            let name = name.unwrap_or_else(|| kind.name().to_owned());
            let local = matches!(kind, EngineKind::Flite | EngineKind::EspeakNg);
            if !names.insert(name.clone()) {
                let remedy = "give each engine a `name` of its own";
                one.error("name", format!("`{name}` is there twice"), remedy);
            }
            if local && (service.url.is_some() || service.key.is_some()) {
                let key = if service.url.is_some() { "url" } else { "key" };
                one.error(key, format!("{} is a program", kind.name()), "leave it out");
            }
            if !local && path.is_some() {
                one.error(
                    "path",
                    format!("{} is a service", kind.name()),
                    "write `url`",
                );
            }
            // Others are services of one provider, or need no key.
            let needs_key = matches!(
                kind,
                EngineKind::Google | EngineKind::Azure | EngineKind::ElevenLabs
            );
            if needs_key && service.url.is_none() && service.key.is_none() {
                one.error(
                    "key",
                    "is missing",
                    "write the provider's key, such as \"env:NAME\"",
                );
            }
            engines.push(SpeechEngine {
                name,
                kind,
                path,
                service,
            });
        }
        one.finish();
    }
    engines
}

fn recognizers(section: &Section<'_>) -> Vec<SpeechRecognizer> {
    let kinds = [
        ("openai", RecognizerKind::OpenAi),
        ("websocket", RecognizerKind::WebSocket),
    ];
    let mut names = HashSet::new();
    let mut recognizers = Vec::new();
    for one in section.sections("recognizers") {
        if !one.has("type") {
            one.required("type", "write openai or websocket");
        }
        let kind = one.choice("type", &kinds);
        let name = one.text("name").filter(|name| !name.is_empty());
        let schemes: &[&str] = match kind {
            Some(RecognizerKind::WebSocket) => &["ws", "wss"],
            _ => &["http", "https"],
        };
        let service = service(&one, schemes);
        if let Some(kind) = kind {
            let usual = kind.name();
            let name = name.unwrap_or_else(|| usual.to_owned());
            if !names.insert(name.clone()) {
                let remedy = "give each recognizer a `name` of its own";
                one.error("name", format!("`{name}` is there twice"), remedy);
            }
            recognizers.push(SpeechRecognizer {
                name,
                kind,
                service,
            });
        }
        one.finish();
    }
    recognizers
}

fn service(section: &Section<'_>, schemes: &[&str]) -> SpeechService {
    let url = section.parsed("url", |text| {
        let url = url::Url::parse(text).map_err(|error| format!("`{text}` is no URL: {error}"))?;
        if !schemes.contains(&url.scheme()) || url.host_str().is_none() {
            let wanted: Vec<String> = schemes.iter().map(|name| format!("{name}://")).collect();
            return Err(format!("`{text}` is no {} URL", wanted.join(" or ")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL that holds a password would be shown; write `key`".to_owned());
        }
        Ok(text.trim_end_matches('/').to_owned())
    });
    SpeechService {
        url,
        key: section.secret("key"),
        model: section.text("model"),
        voice: section.text("voice"),
        time_limit: match section.duration("time_limit") {
            Some(limit) if limit.is_zero() => {
                section.error("time_limit", "is zero", "use a positive duration");
                Duration::from_secs(10)
            }
            limit => limit.unwrap_or(Duration::from_secs(10)),
        },
    }
}

fn voices(section: &Section<'_>, engines: &[SpeechEngine]) -> BTreeMap<String, SpeechVoice> {
    let mut voices = BTreeMap::new();
    for (name, one) in section.named_sections("voices") {
        let voice = SpeechVoice {
            engine: one.text("engine"),
            voice: one.text("voice"),
            language: one.parsed("language", language),
            gender: one.choice("gender", &GENDERS),
        };
        if let Some(engine) = &voice.engine
            && !engines.is_empty()
            && !engines.iter().any(|known| known.name == *engine)
        {
            one.error(
                "engine",
                format!("there is no engine `{engine}`"),
                "name one of [[speech.engines]]",
            );
        }
        one.finish();
        voices.insert(name, voice);
    }
    voices
}

fn kind<S: Serializer>(kind: &EngineKind, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind.name())
}

fn gender<S: Serializer>(gender: &Gender, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match gender {
        Gender::Female => "female",
        Gender::Male => "male",
    })
}

fn optional_gender<S: Serializer>(value: &Option<Gender>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => gender(value, to),
        None => to.serialize_none(),
    }
}
