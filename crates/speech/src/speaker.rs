//! Everything behind "say this": which engine, which voice, the caches, one run for many askers.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared, WeakShared};
use hookflash_audio::{Clip, Want};
use hookflash_program::{SpeechText, Voice};
use tokio::time::Instant;

use crate::EngineError;
use crate::cache::DiskCache;
use crate::shelf::Shelf;
use crate::ssml::{Piece, Script, pieces};
use crate::synthesizer::{Joint, Order, OrderKey, Synthesizer, join};
use crate::voices::{Casting, VoiceTable};

/// Texts that are being made into sound at a time; more fail at once.
const MOST_AT_A_TIME: usize = 256;
/// How long an engine that could not be had is asked last.
const REST: Duration = Duration::from_secs(30);
/// How many different things are noted once each.
const MOST_NOTES: usize = 256;

/// What a speaker is made of.
#[derive(Default)]
pub struct SpeakerSettings {
    /// Engines, the preferred first.
    pub engines: Vec<Rc<dyn Synthesizer>>,
    /// Voices.
    pub voices: VoiceTable,
    /// Clips on disk.
    pub disk: Option<Arc<DiskCache>>,
    /// Bytes of clips in memory.
    pub memory: usize,
    /// What players will ask of each clip; made before anybody has it.
    pub wants: Vec<Want>,
}

/// Why a text cannot be heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeakError {
    /// There is no engine.
    NoEngine,
    /// Each engine that was asked, and its error.
    Failed(Vec<(String, EngineError)>),
}

impl fmt::Display for SpeakError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpeakError::NoEngine => f.write_str("no speech engine is configured or installed"),
            SpeakError::Failed(errors) => {
                for (number, (name, error)) in errors.iter().enumerate() {
                    let separator = if number == 0 { "" } else { "; " };
                    write!(f, "{separator}{name}: {error}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for SpeakError {}

type Outcome = Result<Arc<Clip>, EngineError>;
type Flight = Shared<LocalBoxFuture<'static, Outcome>>;

/// Makes texts into clips. Lives on one thread, which need not be a call's.
pub struct Speaker {
    engines: Vec<Rc<dyn Synthesizer>>,
    voices: VoiceTable,
    disk: Option<Arc<DiskCache>>,
    shelf: Rc<RefCell<Shelf>>,
    wants: Arc<[Want]>,
    flights: RefCell<HashMap<OrderKey, WeakShared<LocalBoxFuture<'static, Outcome>>>>,
    /// Engines that could not be had, and until when they are asked last.
    resting: RefCell<HashMap<String, Instant>>,
    /// How each engine fared last.
    tried: RefCell<HashMap<String, Result<(), EngineError>>>,
    noted: RefCell<HashSet<String>>,
}

impl Speaker {
    /// A speaker.
    pub fn new(settings: SpeakerSettings) -> Speaker {
        Speaker {
            engines: settings.engines,
            voices: settings.voices,
            disk: settings.disk,
            shelf: Rc::new(RefCell::new(Shelf::new(settings.memory))),
            wants: settings.wants.into(),
            flights: RefCell::default(),
            resting: RefCell::default(),
            tried: RefCell::default(),
            noted: RefCell::default(),
        }
    }

    /// The engines' names, the preferred first.
    pub fn engines(&self) -> impl Iterator<Item = &str> {
        self.engines.iter().map(|engine| engine.name())
    }

    /// How an engine fared when it was asked last; `None` when it never was.
    pub fn last_outcome(&self, engine: &str) -> Option<Result<(), EngineError>> {
        self.tried.borrow().get(engine).cloned()
    }

    /// A text as sound. Dropping the future ends the work unless somebody else waits for the
    /// same.
    ///
    /// # Errors
    /// When there is no engine, or none of them managed it.
    pub async fn speak(&self, text: &SpeechText, voice: &Voice) -> Result<Arc<Clip>, SpeakError> {
        let script = Script::read(text);
        if let Some(note) = &script.note {
            self.note(note, || tracing::warn!("a text to speak: {note}"));
        }
        let cut = pieces(&script);
        if !cut.iter().any(|piece| matches!(piece, Piece::Text { .. })) {
            return silence(&cut);
        }
        if self.engines.is_empty() {
            self.note("no engine", || {
                tracing::warn!("a text is to be spoken and there is no speech engine");
            });
            return Err(SpeakError::NoEngine);
        }
        let casting = self.voices.cast(voice, script.language.as_deref());
        self.note_casting(&casting);
        let mut errors = Vec::new();
        for (engine, own) in self.candidates(&casting) {
            let order = engine.order(&script, &casting.speaking(own));
            match self.clip(&engine, order).await {
                Ok(clip) => {
                    self.resting.borrow_mut().remove(engine.name());
                    self.keep_outcome(engine.name(), Ok(()));
                    return Ok(clip);
                }
                Err(error) => {
                    tracing::warn!(engine = engine.name(), %error, "a text was not spoken");
                    self.rest(engine.name(), &error);
                    self.keep_outcome(engine.name(), Err(error.clone()));
                    errors.push((engine.name().to_owned(), error));
                }
            }
        }
        Err(SpeakError::Failed(errors))
    }

    /// Who is asked, in order, and whether the voice's name is the engine's own.
    fn candidates(&self, casting: &Casting) -> Vec<(Rc<dyn Synthesizer>, bool)> {
        let now = Instant::now();
        let resting = self.resting.borrow();
        let anybodys = casting.engine.is_none() && casting.kind.is_none();
        let mut ranked: Vec<_> = self
            .engines
            .iter()
            .enumerate()
            .map(|(place, engine)| {
                let named = casting
                    .engine
                    .as_deref()
                    .is_some_and(|name| name == engine.name());
                let kind = casting.engine.is_none() && casting.kind == Some(engine.kind());
                let rests = resting.get(engine.name()).is_some_and(|until| *until > now);
                let mute = !engine.speaks(&casting.language);
                (
                    (rests, !(named || kind), mute, place),
                    engine,
                    named || kind,
                )
            })
            .collect();
        ranked.sort_by_key(|(rank, ..)| *rank);
        let first = ranked.first().map(|(rank, ..)| rank.3);
        ranked
            .into_iter()
            .map(|(rank, engine, own)| {
                let own = own || (anybodys && Some(rank.3) == first);
                (Rc::clone(engine), own)
            })
            .collect()
    }

    /// From memory, from somebody's run, from disk, or from the engine.
    async fn clip(&self, engine: &Rc<dyn Synthesizer>, order: Order) -> Outcome {
        let key = order.key(engine.name());
        if let Some(clip) = self.shelf.borrow_mut().get(key) {
            return Ok(clip);
        }
        let flight = self.flight(engine, order, key)?;
        let outcome = flight.await;
        let mut flights = self.flights.borrow_mut();
        flights.retain(|_, flight| flight.upgrade().is_some());
        outcome
    }

    fn flight(
        &self,
        engine: &Rc<dyn Synthesizer>,
        order: Order,
        key: OrderKey,
    ) -> Result<Flight, EngineError> {
        let mut flights = self.flights.borrow_mut();
        if let Some(flight) = flights.get(&key).and_then(WeakShared::upgrade) {
            return Ok(flight);
        }
        flights.retain(|_, flight| flight.upgrade().is_some());
        if flights.len() >= MOST_AT_A_TIME {
            return Err(EngineError::Busy);
        }
        let (engine, disk) = (Rc::clone(engine), self.disk.clone());
        let shelf = Rc::clone(&self.shelf);
        let wants = Arc::clone(&self.wants);
        let work = async move {
            let clip = match from_disk(disk.clone(), key).await {
                Some(clip) => prepared(clip, wants).await?,
                None => {
                    let clip = prepared(engine.synthesize(&order).await?, wants).await?;
                    keep(disk, key, &clip);
                    clip
                }
            };
            shelf.borrow_mut().put(key, &clip);
            Ok(clip)
        };
        let flight = work.boxed_local().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key, weak);
        }
        Ok(flight)
    }

    fn keep_outcome(&self, engine: &str, outcome: Result<(), EngineError>) {
        self.tried.borrow_mut().insert(engine.to_owned(), outcome);
    }

    fn rest(&self, engine: &str, error: &EngineError) {
        let is_down = match error {
            EngineError::Late | EngineError::NotStarted(_) | EngineError::Unreachable(_) => true,
            EngineError::Refused { status, .. } => matches!(status, 401 | 403 | 500..),
            _ => false,
        };
        if is_down {
            let until = Instant::now() + REST;
            self.resting.borrow_mut().insert(engine.to_owned(), until);
        }
    }

    fn note_casting(&self, casting: &Casting) {
        if let Some(name) = &casting.unknown {
            self.note(&format!("voice {name}"), || {
                tracing::info!(
                    voice = name,
                    language = casting.language,
                    "the voice is not known; that of its language speaks"
                );
            });
        }
        if let Some(name) = &casting.engine
            && !self.engines.iter().any(|engine| engine.name() == name)
        {
            self.note(&format!("engine {name}"), || {
                tracing::warn!(
                    engine = name,
                    "the engine of a voice is not there; another speaks"
                );
            });
        }
    }

    /// Says something the first time only.
    fn note(&self, what: &str, say: impl FnOnce()) {
        let mut noted = self.noted.borrow_mut();
        if noted.len() < MOST_NOTES && noted.insert(what.to_owned()) {
            say();
        }
    }
}

fn silence(pieces: &[Piece]) -> Result<Arc<Clip>, SpeakError> {
    let parts = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Silence(length) => Joint::Silence(*length),
            Piece::Text { .. } => Joint::Silence(Duration::ZERO),
        })
        .collect();
    let joined = join(parts).map_err(|error| SpeakError::Failed(vec![(String::new(), error)]))?;
    Ok(Arc::new(joined))
}

async fn from_disk(disk: Option<Arc<DiskCache>>, key: OrderKey) -> Option<Clip> {
    let disk = disk?;
    let read = tokio::task::spawn_blocking(move || disk.get(key));
    read.await.ok().flatten()
}

/// Resampling and encoding, so that no player waits for it.
async fn prepared(clip: Clip, wants: Arc<[Want]>) -> Outcome {
    if wants.is_empty() {
        return Ok(Arc::new(clip));
    }
    let work = tokio::task::spawn_blocking(move || {
        for want in wants.iter() {
            clip.prepare(*want);
        }
        Arc::new(clip)
    });
    let lost = |_| EngineError::Garbage("its audio cannot be resampled".to_owned());
    work.await.map_err(lost)
}

/// Writes a clip while its first listener hears it already.
fn keep(disk: Option<Arc<DiskCache>>, key: OrderKey, clip: &Arc<Clip>) {
    let Some(disk) = disk else { return };
    let clip = Arc::clone(clip);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = disk.put(key, &clip) {
            let folder = disk.folder().display();
            tracing::warn!(%error, %folder, "speech cannot be kept on disk");
        }
    });
}
