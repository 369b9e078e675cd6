//! Audio of documents: fetched or read, decoded once, and shared between calls of all shards.
//!
//! What came over HTTP is kept as HTTP caching says (RFC 9111), what came from a file for as long
//! as the file stays as it is. Calls that want the same at the same time wait for one of them.
//! Everything has a limit: the size of a file, its length, the time, and the memory in all.

mod decode;
mod file;
mod freshness;
mod shelf;

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use hookflash_audio::{Clip, Law, Want};
use hookflash_call::{CallKey, ClipError};
use hookflash_dialects::{FetchErrorKind, HttpRequest, Success};
use hookflash_media::Codec;
use tokio::sync::Semaphore;

use crate::config;
use crate::webhook::Webhooks;
use freshness::Freshness;
pub(crate) use shelf::Stock;
use shelf::{Key, Outcome, Place, Shelf, Source};

/// How many files are decoded at a time, so that calls keep the other cores.
const DECODED_AT_ONCE: usize = 2;
/// What a download may answer: audio, or that what we have is still right.
const USABLE: Success = Success::OneOf(&[200, 203, 304]);

/// What is allowed.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    folder: Option<PathBuf>,
    max_size: u64,
    max_length: Duration,
    memory: u64,
    /// What players will ask for.
    wants: Vec<Want>,
}

impl From<&config::Media> for Limits {
    fn from(media: &config::Media) -> Limits {
        Limits {
            folder: media.prompts.clone(),
            max_size: media.prompt_max_size,
            max_length: media.prompt_max_length,
            memory: media.prompt_cache,
            wants: wants(media),
        }
    }
}

/// In what forms legs with the configured codecs are played to.
pub(crate) fn wants(media: &config::Media) -> Vec<Want> {
    media.codecs.iter().map(|codec| want(*codec)).collect()
}

/// What a file holds.
enum Contents {
    /// What was decoded before.
    Known(Arc<Clip>),
    /// These bytes, in this state of the file.
    New(Vec<u8>, file::Stamp),
}

/// In what form a leg with this codec is played to.
fn want(codec: Codec) -> Want {
    match codec {
        Codec::Pcmu => Want::G711(Law::Mu),
        Codec::Pcma => Want::G711(Law::A),
        other => Want::Samples(other.sample_rate()),
    }
}

/// The audio of the process.
pub(crate) struct Prompts {
    limits: RwLock<Limits>,
    shelf: Shelf,
    decoders: Semaphore,
}

impl Prompts {
    pub(crate) fn new(limits: Limits) -> Arc<Prompts> {
        Arc::new(Prompts {
            limits: RwLock::new(limits),
            shelf: Shelf::default(),
            decoders: Semaphore::new(DECODED_AT_ONCE),
        })
    }

    /// Takes over a changed configuration.
    pub(crate) fn set_limits(&self, limits: Limits) {
        self.shelf.shrink(limits.memory);
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    /// What is kept, for metrics.
    pub(crate) fn stock(&self) -> Stock {
        self.shelf.stock()
    }

    fn limits(&self) -> Limits {
        self.limits
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The audio that a request leads to. Called within a local runtime: the work goes on when the
    /// call that asked first does not wait for it.
    pub(crate) async fn clip(
        self: Arc<Self>,
        webhooks: Rc<Webhooks>,
        request: HttpRequest,
    ) -> Result<Arc<Clip>, ClipError> {
        let key = Key::of(&request);
        match self.shelf.look(&key, &request) {
            Place::Kept(clip) => Ok(clip),
            Place::Ours(promise) => {
                let outcome = promise.outcome();
                tokio::task::spawn_local(async move {
                    let got = self.get(&webhooks, &request, &key).await;
                    promise.keep(got);
                });
                match settled(outcome).await {
                    Some(got) => got.clip,
                    None => Err(gone()),
                }
            }
            Place::Awaited(outcome) => match settled(outcome).await {
                Some(got) if got.may_be_shared || got.clip.is_err() => got.clip,
                // The reply was for one call only; or the shard of that call ended meanwhile.
                Some(_) | None => self.get(&webhooks, &request, &key).await.clip,
            },
        }
    }

    async fn get(&self, webhooks: &Rc<Webhooks>, request: &HttpRequest, key: &Key) -> Outcome {
        let limits = self.limits();
        if let Some(path) = file::path_of(&request.url) {
            self.read(&limits, path, key).await
        } else {
            self.download(webhooks, &limits, request, key).await
        }
    }

    async fn read(&self, limits: &Limits, path: String, key: &Key) -> Outcome {
        let (folder, most) = (limits.folder.clone(), limits.max_size);
        let known = self.shelf.stale(key);
        let read = tokio::task::spawn_blocking(move || {
            let found = file::find(folder.as_deref(), &path)?;
            if let Some((clip, Source::File(stamp))) = &known
                && *stamp == found.stamp
            {
                return Ok(Contents::Known(Arc::clone(clip)));
            }
            Ok(Contents::New(found.read(most)?, found.stamp))
        });
        let outcome = match read.await {
            Ok(Ok(Contents::Known(clip))) => Ok(clip),
            Ok(Ok(Contents::New(bytes, stamp))) => {
                let decoded = self.decode(limits, bytes, None, &key.url).await;
                if let Ok(clip) = &decoded {
                    let source = Source::File(stamp);
                    self.shelf.put(key, clip, source, limits.memory);
                }
                decoded
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(gone()),
        };
        Outcome {
            clip: outcome,
            may_be_shared: true,
        }
    }

    async fn download(
        &self,
        webhooks: &Rc<Webhooks>,
        limits: &Limits,
        request: &HttpRequest,
        key: &Key,
    ) -> Outcome {
        let mut asked = request.clone();
        asked.policy.cookies = false;
        asked.policy.success = USABLE;
        let most = usize::try_from(limits.max_size).unwrap_or(usize::MAX);
        asked.policy.max_reply = most;
        let mut known = match self.shelf.stale(key) {
            Some((clip, Source::Http(freshness))) => Some((clip, freshness)),
            _ => None,
        };
        if let Some((_, freshness)) = &known {
            asked.headers.extend(freshness.conditions(request));
        }
        // A 304 that was not asked for is answered by asking without conditions, once.
        for _ in 0..2 {
            let (reply, headers) = match webhooks.download(CallKey(0), &asked).await {
                Ok(answer) => answer,
                Err(error) => return Outcome::failed(fetch_error(error, limits)),
            };
            if reply.status == 304 {
                match known.take() {
                    Some((clip, freshness)) => {
                        let freshness = freshness.confirmed(request, headers, SystemTime::now());
                        return self.had(key, Ok(clip), freshness, limits);
                    }
                    None => {
                        asked.headers.clone_from(&request.headers);
                        continue;
                    }
                }
            }
            let redirected = reply.url != request.url;
            let freshness = Freshness::new(request, reply.status, headers, redirected);
            let kind = reply.content_type;
            let clip = self.decode(limits, reply.body, kind, &reply.url).await;
            return self.had(key, clip, freshness, limits);
        }
        Outcome::failed(ClipError::Unreadable(format!(
            "{} says that nothing has changed, but nothing is known of it",
            request.url
        )))
    }

    /// The outcome of a download, which is kept for other calls when HTTP allows it.
    fn had(
        &self,
        key: &Key,
        clip: Result<Arc<Clip>, ClipError>,
        freshness: Freshness,
        limits: &Limits,
    ) -> Outcome {
        let may_be_shared = freshness.may_be_kept();
        match &clip {
            Ok(clip) if may_be_shared => {
                let source = Source::Http(Box::new(freshness));
                self.shelf.put(key, clip, source, limits.memory);
            }
            _ => self.shelf.forget(key),
        }
        Outcome {
            clip,
            may_be_shared,
        }
    }

    async fn decode(
        &self,
        limits: &Limits,
        bytes: Vec<u8>,
        content_type: Option<String>,
        url: &str,
    ) -> Result<Arc<Clip>, ClipError> {
        // The semaphore is never closed.
        let Ok(_turn) = self.decoders.acquire().await else {
            return Err(gone());
        };
        let (longest, wants) = (limits.max_length, limits.wants.clone());
        let name = url.to_owned();
        let decoded = tokio::task::spawn_blocking(move || {
            decode::decode(&bytes, content_type.as_deref(), &name, longest, &wants)
        });
        match decoded.await {
            Ok(decoded) => decoded.map(Arc::new),
            Err(_) => Err(ClipError::Unreadable(format!(
                "{url} could not be decoded; the decoder gave up"
            ))),
        }
    }
}

async fn settled(mut outcome: shelf::Awaited) -> Option<Outcome> {
    let got = outcome.wait_for(Option::is_some).await.ok()?;
    got.clone()
}

fn gone() -> ClipError {
    ClipError::Unreadable("the audio was not had before the server stopped".to_owned())
}

/// A file over the limit is no failure of the network.
fn fetch_error(error: hookflash_dialects::FetchError, limits: &Limits) -> ClipError {
    if error.kind == FetchErrorKind::TooLarge {
        ClipError::TooLarge(format!(
            "{} is larger than {} bytes (media.prompt_max_size)",
            error.url, limits.max_size
        ))
    } else {
        ClipError::Fetch(error)
    }
}

#[cfg(test)]
mod tests;
