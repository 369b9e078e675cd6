//! What is kept, and what is on its way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use hookflash_audio::Clip;
use hookflash_call::ClipError;
use hookflash_dialects::{HttpRequest, Signing};
use lru::LruCache;
use tokio::sync::watch;

use super::file::Stamp;
use super::freshness::Freshness;

/// What audio is known by. Accounts that sign with different keys do not share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) url: String,
    credentials: Option<(String, String)>,
    signed_with: Option<String>,
}

impl Key {
    pub(crate) fn of(request: &HttpRequest) -> Key {
        Key {
            url: request.url.clone(),
            credentials: request.credentials.clone(),
            signed_with: match &request.signing {
                Signing::None => None,
                Signing::Laml { key, .. } => Some(key.clone()),
                Signing::Jambonz { secret } => Some(secret.clone()),
            },
        }
    }
}

/// Where audio came from, and so for how long it may be kept.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Http(Box<Freshness>),
    File(Stamp),
}

/// What became of getting some audio.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) clip: Result<Arc<Clip>, ClipError>,
    /// Whether others than who asked may have it.
    pub(crate) may_be_shared: bool,
}

impl Outcome {
    pub(crate) fn failed(error: ClipError) -> Outcome {
        Outcome {
            clip: Err(error),
            may_be_shared: true,
        }
    }
}

/// An outcome on its way.
pub(crate) type Awaited = watch::Receiver<Option<Outcome>>;

/// Where audio is to be had.
pub(crate) enum Place {
    /// Here.
    Kept(Arc<Clip>),
    /// Somebody is getting it.
    Awaited(Awaited),
    /// Nobody has it: whoever asked gets it.
    Ours(Promise),
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stock {
    pub(crate) clips: usize,
    pub(crate) bytes: u64,
}

struct Kept {
    clip: Arc<Clip>,
    source: Source,
    bytes: u64,
}

struct Inside {
    clips: LruCache<Key, Kept>,
    bytes: u64,
    on_their_way: HashMap<Key, Awaited>,
}

/// All of it.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<Mutex<Inside>>);

impl Default for Shelf {
    fn default() -> Shelf {
        Shelf(Arc::new(Mutex::new(Inside {
            clips: LruCache::unbounded(),
            bytes: 0,
            on_their_way: HashMap::new(),
        })))
    }
}

impl Shelf {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for audio that may be used without asking anybody.
    pub(crate) fn look(&self, key: &Key, request: &HttpRequest) -> Place {
        let mut inside = self.inside();
        if let Some(kept) = inside.clips.get(key)
            && let Source::Http(freshness) = &kept.source
            && freshness.is_fresh(request, SystemTime::now())
        {
            return Place::Kept(Arc::clone(&kept.clip));
        }
        if let Some(outcome) = inside.on_their_way.get(key) {
            return Place::Awaited(outcome.clone());
        }
        let (tell, outcome) = watch::channel(None);
        inside.on_their_way.insert(key.clone(), outcome);
        Place::Ours(Promise {
            key: key.clone(),
            tell,
            shelf: self.clone(),
        })
    }

    /// What is kept although somebody must be asked first.
    pub(crate) fn stale(&self, key: &Key) -> Option<(Arc<Clip>, Source)> {
        let mut inside = self.inside();
        let kept = inside.clips.get(key)?;
        Some((Arc::clone(&kept.clip), kept.source.clone()))
    }

    /// Keeps audio, and forgets what was used longest ago if it is more than `most` bytes in all.
    pub(crate) fn put(&self, key: &Key, clip: &Arc<Clip>, source: Source, most: u64) {
        let mut inside = self.inside();
        inside.remove(key);
        let bytes = clip.memory() as u64;
        if bytes > most {
            return;
        }
        inside.bytes += bytes;
        let kept = Kept {
            clip: Arc::clone(clip),
            source,
            bytes,
        };
        inside.clips.put(key.clone(), kept);
        inside.shrink(most);
    }

    pub(crate) fn forget(&self, key: &Key) {
        self.inside().remove(key);
    }

    pub(crate) fn shrink(&self, most: u64) {
        self.inside().shrink(most);
    }

    pub(crate) fn stock(&self) -> Stock {
        let inside = self.inside();
        Stock {
            clips: inside.clips.len(),
            bytes: inside.bytes,
        }
    }
}

impl Inside {
    fn remove(&mut self, key: &Key) {
        if let Some(old) = self.clips.pop(key) {
            self.bytes = self.bytes.saturating_sub(old.bytes);
        }
    }

    fn shrink(&mut self, most: u64) {
        while self.bytes > most {
            let Some((_, old)) = self.clips.pop_lru() else {
                return;
            };
            self.bytes = self.bytes.saturating_sub(old.bytes);
        }
    }
}

/// Held by whoever gets audio that others may wait for. Dropping it frees them.
pub(crate) struct Promise {
    key: Key,
    tell: watch::Sender<Option<Outcome>>,
    shelf: Shelf,
}

impl Promise {
    /// What others wait for.
    pub(crate) fn outcome(&self) -> Awaited {
        self.tell.subscribe()
    }

    /// Tells everybody who waits.
    pub(crate) fn keep(self, outcome: Outcome) {
        // Those who come from now on find it on the shelf, or ask anew.
        self.tell.send_replace(Some(outcome));
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.shelf.inside().on_their_way.remove(&self.key);
    }
}
