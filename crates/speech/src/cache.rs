//! Clips on disk: one WAV file per order, written beside and renamed, the longest unused removed
//! when the folder is full. Everything here blocks; it is called from threads that may.

use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hookflash_audio::Clip;

use crate::sound;
use crate::synthesizer::OrderKey;

/// Files that were never renamed are somebody's who crashed when they are older than this.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// A folder of clips.
#[derive(Debug)]
pub struct DiskCache {
    folder: PathBuf,
    most: u64,
    /// Bytes in the folder, as far as is known.
    held: Mutex<u64>,
    written: AtomicU64,
}

impl DiskCache {
    /// Opens a folder that may hold `most` bytes, making it when it is not there.
    ///
    /// # Errors
    /// When it cannot be made or read.
    pub fn open(folder: impl Into<PathBuf>, most: u64) -> io::Result<DiskCache> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        let cache = DiskCache {
            folder,
            most,
            held: Mutex::new(0),
            written: AtomicU64::new(0),
        };
        cache.tidy()?;
        Ok(cache)
    }

    /// Where the clips are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, key: OrderKey) -> PathBuf {
        self.folder.join(format!("{}.wav", key.hex()))
    }

    /// A clip that was kept. What cannot be read is removed.
    pub(crate) fn get(&self, key: OrderKey) -> Option<Clip> {
        let path = self.path(key);
        let facts = fs::symlink_metadata(&path).ok()?;
        let clip = (facts.is_file() && facts.len() <= self.most)
            .then(|| fs::read(&path).ok())
            .flatten()
            .filter(|bytes| is_whole(bytes))
            .and_then(|bytes| sound::now(&bytes, Some("audio/wav")).ok());
        if clip.is_none() {
            let _ = fs::remove_file(&path);
            return None;
        }
        // Its age is that of its last use.
        if let Ok(file) = File::options().append(true).open(&path) {
            let _ = file.set_times(FileTimes::new().set_modified(SystemTime::now()));
        }
        clip
    }

    /// Keeps a clip.
    pub(crate) fn put(&self, key: OrderKey, clip: &Clip) -> io::Result<()> {
        let bytes = sound::wav(clip.rate(), clip.samples());
        if bytes.len() as u64 > self.most {
            return Ok(());
        }
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let name = format!(".{}.{}.{number}.new", key.hex(), std::process::id());
        let beside = self.folder.join(name);
        let outcome = write_new(&beside, &bytes).and_then(|()| fs::rename(&beside, self.path(key)));
        if outcome.is_err() {
            let _ = fs::remove_file(&beside);
        }
        outcome?;
        let full = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            *held += bytes.len() as u64;
            *held > self.most
        };
        if full { self.tidy() } else { Ok(()) }
    }

    /// Counts what is there and removes the longest unused until a tenth is free again.
    fn tidy(&self) -> io::Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files = Vec::new();
        let mut total = 0;
        for entry in fs::read_dir(&self.folder)? {
            let Ok(entry) = entry else { continue };
            let Ok(facts) = entry.metadata() else {
                continue;
            };
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|_| facts.is_file()) else {
                continue;
            };
            let used = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if name.starts_with('.') && name.ends_with(".new") {
                if used.elapsed().is_ok_and(|age| age > ABANDONED) {
                    let _ = fs::remove_file(entry.path());
                }
            } else if is_ours(name) {
                total += facts.len();
                files.push((used, facts.len(), entry.path()));
            }
        }
        if total > self.most {
            files.sort();
            for (_, size, path) in files {
                if total <= self.most / 10 * 9 {
                    break;
                }
                if fs::remove_file(path).is_ok() {
                    total -= size;
                }
            }
        }
        *held = total;
        Ok(())
    }
}

/// Nobody else's file is ever removed.
fn is_ours(name: &str) -> bool {
    name.strip_suffix(".wav")
        .is_some_and(|key| key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A file of ours says how long it is; one that was cut off is not played.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(Ok(size)) = bytes.get(4..8).map(<[u8; 4]>::try_from) else {
        return false;
    };
    u32::from_le_bytes(size) as usize + 8 == bytes.len()
}

/// What callers are told is for nobody else on the machine.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Scratch;

    fn clip(samples: usize) -> Clip {
        Clip::new(8_000, vec![7; samples])
    }

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_clip_comes_back_after_a_restart() {
        let scratch = Scratch::new();
        let key = OrderKey::of_test(1);
        let cache = DiskCache::open(scratch.path(), 1 << 20).unwrap();
        assert!(cache.get(key).is_none());
        cache.put(key, &clip(100)).unwrap();
        let again = DiskCache::open(scratch.path(), 1 << 20).unwrap();
        let back = again.get(key).unwrap();
        assert_eq!((back.rate(), back.samples().len()), (8_000, 100));
        assert_eq!(names(scratch.path()), 1);
    }

    #[test]
    fn what_was_said_is_for_nobody_else_on_the_machine() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::new();
        let cache = DiskCache::open(scratch.path(), 1 << 20).unwrap();
        let key = OrderKey::of_test(3);
        cache.put(key, &clip(100)).unwrap();
        let mode = fs::metadata(cache.path(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }

    #[test]
    fn a_corrupt_or_cut_off_file_is_removed() {
        let scratch = Scratch::new();
        let cache = DiskCache::open(scratch.path(), 1 << 20).unwrap();
        let key = OrderKey::of_test(2);
        cache.put(key, &clip(100)).unwrap();
        let path = cache.path(key);
        let whole = fs::read(&path).unwrap();
        for bad in [&whole[..whole.len() - 50], b"garbage", b""] {
            fs::write(&path, bad).unwrap();
            assert!(cache.get(key).is_none());
            assert!(!path.exists());
        }
    }

    #[test]
    fn the_longest_unused_make_room() {
        let scratch = Scratch::new();
        let cache = DiskCache::open(scratch.path(), 10_000).unwrap();
        let aged = |number: u8, hours: u64| {
            let key = OrderKey::of_test(number);
            cache.put(key, &clip(1_000)).unwrap();
            let file = File::options().append(true).open(cache.path(key)).unwrap();
            let then = SystemTime::now() - Duration::from_secs(hours * 3_600);
            file.set_times(FileTimes::new().set_modified(then)).unwrap();
        };
        aged(1, 4);
        aged(2, 3);
        aged(3, 2);
        aged(4, 1);
        // Used again just now.
        assert!(cache.get(OrderKey::of_test(1)).is_some());
        fs::write(scratch.path().join("somebody's.txt"), vec![0; 50_000]).unwrap();
        cache.put(OrderKey::of_test(5), &clip(1_000)).unwrap();
        assert!(cache.get(OrderKey::of_test(1)).is_some());
        assert!(cache.get(OrderKey::of_test(2)).is_none());
        assert!(cache.get(OrderKey::of_test(5)).is_some());
        assert!(scratch.path().join("somebody's.txt").exists());
    }

    #[test]
    fn what_a_crash_left_is_removed_after_a_while() {
        let scratch = Scratch::new();
        let left = scratch.path().join(".ab.1.0.new");
        let fresh = scratch.path().join(".cd.1.0.new");
        fs::write(&left, b"x").unwrap();
        fs::write(&fresh, b"x").unwrap();
        let old = SystemTime::now() - Duration::from_secs(7_200);
        let file = File::options().append(true).open(&left).unwrap();
        file.set_times(FileTimes::new().set_modified(old)).unwrap();
        DiskCache::open(scratch.path(), 1_000).unwrap();
        assert!(!left.exists());
        assert!(fresh.exists());
    }

    #[test]
    fn what_is_larger_than_the_folder_is_not_kept() {
        let scratch = Scratch::new();
        let cache = DiskCache::open(scratch.path(), 100).unwrap();
        cache.put(OrderKey::of_test(1), &clip(1_000)).unwrap();
        assert_eq!(names(scratch.path()), 0);
    }
}
