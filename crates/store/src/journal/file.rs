//! A journal that is a file beside an SQLite file.
//!
//! What is written down together is a frame: its length, a checksum, the generation, the entries.
//! When everything is in its table, a row of the database (table `journals`) says so in the same
//! transaction: up to which generation nothing in the file is needed. Then the next generation
//! begins at the front of the file, over the old one, so that the file has its size soon and a
//! frame costs one write. A frame that was cut short, or belongs to an earlier generation, is the
//! end of what there is to read.
//!
//! Each run of a server has a file of its own, named by the run. What earlier runs of its node have
//! left is read when the next one starts.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{ErrorKind as Io, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{ErrorKind, StoreError};
use crate::sql::{Database, Identity, Value};

/// How large the file may stay once nothing in it is needed, in bytes.
const LARGE: u64 = 16 << 20;

/// The file of this run, and what is left of earlier ones.
#[derive(Debug)]
pub(super) struct File {
    /// The database that it belongs to.
    database: PathBuf,
    node: String,
    run: i64,
    path: PathBuf,
    /// None before something is written, and after it was taken away.
    open: Option<Open>,
    generation: i64,
    /// The frame that is being written; kept for its room.
    frame: Vec<u8>,
    /// Runs that are over, whose files go with the next transaction.
    earlier: Vec<i64>,
}

#[derive(Debug)]
struct Open {
    file: fs::File,
    identity: Identity,
    /// Where the next frame goes.
    end: u64,
}

impl File {
    /// The file of a run, which is made when it is needed, and the entries that earlier runs of the
    /// node have left.
    pub(super) fn open(
        path: &Path,
        node: &str,
        database: &mut dyn Database,
        run: i64,
    ) -> Result<(File, Vec<Vec<u8>>), StoreError> {
        let (mut known, mut earlier) = (HashMap::new(), Vec::new());
        let sql = "SELECT run, node, generation FROM journals ORDER BY run";
        for row in &mut database.query(sql, Vec::new())? {
            let (run, of, generation) = (row.int()?, row.text()?, row.int()?);
            if of == node {
                earlier.push(run);
            }
            known.insert(run, generation);
        }
        let mut left = Vec::new();
        for run in &earlier {
            let generation = known.get(run).copied().unwrap_or_default();
            left.extend(read(&place(path, *run), generation)?);
        }
        remove_strangers(path, &known);
        let file = File {
            database: path.to_owned(),
            node: node.to_owned(),
            run,
            path: place(path, run),
            open: None,
            generation: 0,
            frame: Vec::new(),
            earlier,
        };
        Ok((file, left))
    }

    /// Writes a frame behind the last one; on the disk of the machine, if it is to be durable.
    pub(super) fn append(
        &mut self,
        is_durable: bool,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.frame.clear();
        self.frame.resize(Head::SIZE, 0);
        write(&mut self.frame)?;
        self.seal()?;
        self.put(is_durable).map_err(|error| {
            let message = format!("{}: {error}", self.path.display());
            StoreError::new(ErrorKind::Unavailable, message)
        })
    }

    /// Completes the head of the frame.
    fn seal(&mut self) -> Result<(), StoreError> {
        let parts = self.frame.split_first_chunk_mut();
        let sealed = parts.and_then(|(at, entries)| {
            *at = Head::of(entries, self.generation)?.written();
            Some(())
        });
        sealed.ok_or_else(|| StoreError::new(ErrorKind::Busy, "too much waits to be written"))
    }

    fn put(&mut self, is_durable: bool) -> std::io::Result<()> {
        let open = match self.open.take() {
            Some(open) if open.identity.is_at(&self.path) => self.open.insert(open),
            // It was taken away, and what was in it: it is in memory all the same, and in its table
            // within moments.
            _ => self.open.insert(create(&self.path)?),
        };
        open.file.seek(SeekFrom::Start(open.end))?;
        open.file.write_all(&self.frame)?;
        if is_durable {
            open.file.sync_data()?;
        }
        open.end += self.frame.len() as u64;
        Ok(())
    }

    /// Within a transaction with which everything is in its table, says so.
    pub(super) fn empty(&mut self, database: &mut dyn Database) -> Result<(), StoreError> {
        if !self.earlier.is_empty() {
            let mut runs = self.earlier.iter().map(|run| vec![Value::Int(*run)]);
            database.run("DELETE FROM journals WHERE run = $1", &mut runs)?;
        }
        let sql = "INSERT INTO journals (run, node, generation) VALUES ($1, $2, $3) \
                   ON CONFLICT (run) DO UPDATE SET generation = excluded.generation";
        let values = vec![
            Value::Int(self.run),
            Value::text(&self.node),
            Value::Int(self.generation),
        ];
        database.query(sql, values).map(drop)
    }

    /// Begins the next generation, at the front of the file.
    pub(super) fn begin_again(&mut self) {
        for run in self.earlier.drain(..) {
            remove(&place(&self.database, run));
        }
        self.generation += 1;
        if let Some(open) = &mut self.open {
            if open.end > LARGE {
                // It is only larger than it need be when this does not work.
                let _ = open.file.set_len(0);
            }
            open.end = 0;
        }
    }

    /// Takes the file away, when everything is in its table.
    pub(super) fn remove(&mut self, database: &mut dyn Database) -> Result<(), StoreError> {
        let sql = "DELETE FROM journals WHERE run = $1";
        database.query(sql, vec![Value::Int(self.run)])?;
        self.open = None;
        remove(&self.path);
        Ok(())
    }
}

/// The file of a run.
fn place(database: &Path, run: i64) -> PathBuf {
    let mut name = prefix(database);
    name.push(format!("{run:016x}"));
    database.with_file_name(name)
}

/// What the names of all files of a database begin with.
fn prefix(database: &Path) -> OsString {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push("-ahead-");
    name
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes a file that only its owner can read.
fn create(path: &Path) -> std::io::Result<Open> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if let Ok(folder) = fs::File::open(folder_of(path)) {
        // So that its name is on the disk as well; some file systems cannot be asked for that.
        let _ = folder.sync_all();
    }
    Ok(Open {
        identity: Identity::at(path)?,
        file,
        end: 0,
    })
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != Io::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a journal that nobody needs stays");
    }
}

/// Removes the files that no row tells of: the end of the process came between the transaction
/// with which they were no longer needed and their removal.
fn remove_strangers(database: &Path, known: &HashMap<i64, i64>) {
    let prefix = prefix(database);
    let Ok(files) = fs::read_dir(folder_of(database)) else {
        return;
    };
    for file in files.flatten() {
        let name = file.file_name();
        let run = run_of(&name, &prefix);
        if run.is_some_and(|run| !known.contains_key(&run)) {
            remove(&file.path());
        }
    }
}

fn run_of(name: &OsStr, prefix: &OsStr) -> Option<i64> {
    let number = name.to_str()?.strip_prefix(prefix.to_str()?)?;
    u64::from_str_radix(number, 16).ok().map(u64::cast_signed)
}

/// What stands before the entries of a frame.
struct Head {
    /// Of the entries, in bytes.
    length: u32,
    /// Of the generation and the entries.
    checksum: u32,
    generation: i64,
}

impl Head {
    const SIZE: usize = 16;

    fn of(entries: &[u8], generation: i64) -> Option<Head> {
        let length = u32::try_from(entries.len()).ok()?;
        Some(Head {
            length,
            checksum: checksum(generation, entries),
            generation,
        })
    }

    fn written(&self) -> [u8; Head::SIZE] {
        let length = u128::from(self.length);
        let checksum = u128::from(self.checksum) << 32;
        let generation = u128::from(self.generation.cast_unsigned()) << 64;
        (length | checksum | generation).to_le_bytes()
    }

    /// As it was written.
    #[expect(clippy::cast_possible_truncation, reason = "the parts are taken apart")]
    fn read(written: [u8; Head::SIZE]) -> Head {
        let all = u128::from_le_bytes(written);
        Head {
            length: all as u32,
            checksum: (all >> 32) as u32,
            generation: ((all >> 64) as u64).cast_signed(),
        }
    }
}

fn checksum(generation: i64, entries: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&generation.to_le_bytes());
    hasher.update(entries);
    hasher.finalize()
}

/// The entries of a file that are newer than a generation: those of its first frame's, up to a
/// frame that is of another or not whole.
fn read(path: &Path, written: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        // Nothing was written to it.
        Err(error) if error.kind() == Io::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let message = format!("{}: {error}", path.display());
            return Err(StoreError::operator(message));
        }
    };
    let (mut text, mut frames) = (text.as_slice(), Vec::new());
    let mut generation = None;
    while let Some((head, rest)) = text.split_first_chunk() {
        let head = Head::read(*head);
        let Some((entries, rest)) = rest.split_at_checked(head.length as usize) else {
            break;
        };
        let is_next = *generation.get_or_insert(head.generation) == head.generation;
        if !is_next
            || head.generation <= written
            || head.checksum != checksum(head.generation, entries)
        {
            break;
        }
        frames.push(entries.to_vec());
        text = rest;
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(generation: i64, entries: &[u8]) -> Vec<u8> {
        let head = Head::of(entries, generation).unwrap();
        [head.written().as_slice(), entries].concat()
    }

    fn left(text: &[u8], written: i64) -> Vec<String> {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("journal");
        fs::write(&path, text).unwrap();
        let frames = read(&path, written).unwrap();
        let texts = frames.into_iter().map(String::from_utf8);
        texts.map(Result::unwrap).collect()
    }

    #[test]
    fn frames_are_read_as_they_were_written() {
        let text = [frame(7, b"one"), frame(7, b"another")].concat();
        assert_eq!(left(&text, 6), ["one", "another"]);
        assert_eq!(left(&text, -1), ["one", "another"]);
        assert_eq!(left(b"", -1), [""; 0]);
    }

    #[test]
    fn what_is_in_the_tables_is_not_read() {
        let text = [frame(7, b"one"), frame(7, b"another")].concat();
        assert_eq!(left(&text, 7), [""; 0]);
        assert_eq!(left(&text, 8), [""; 0]);
    }

    #[test]
    fn the_rest_of_an_earlier_generation_is_not_read() {
        // As it looks when a short generation was written over a long one.
        let text = [frame(8, b"new"), frame(7, b"old")].concat();
        assert_eq!(left(&text, 7), ["new"]);
        let old = [frame(7, b"old"), frame(7, b"older")].concat();
        let mut text = old.clone();
        let new = frame(8, b"n");
        text.splice(..new.len(), new);
        assert_eq!(left(&text, 7), ["n"]);
    }

    #[test]
    fn a_frame_that_was_cut_short_or_changed_is_the_end() {
        let whole = [frame(7, b"one"), frame(7, b"another")].concat();
        for end in 0..whole.len() {
            let expected: &[&str] = match end {
                0..19 => &[],
                _ => &["one"],
            };
            assert_eq!(left(&whole[..end], 6), expected, "{end}");
        }
        for at in 0..whole.len() {
            let mut text = whole.clone();
            text[at] ^= 0x40;
            let expected: &[&str] = match at {
                0..19 => &[],
                _ => &["one"],
            };
            assert_eq!(left(&text, 6), expected, "{at}");
        }
    }

    #[test]
    fn files_are_told_by_their_names() {
        let database = Path::new("/var/lib/calls.db");
        for run in [0, 1, -1, i64::MIN, i64::MAX] {
            let path = place(database, run);
            assert_eq!(path.parent(), database.parent());
            let name = path.file_name().unwrap();
            assert_eq!(run_of(name, &prefix(database)), Some(run));
        }
        for other in [
            "calls.db",
            "calls.db-wal",
            "calls.db-ahead-",
            "calls.db-ahead-x",
        ] {
            assert_eq!(
                run_of(OsStr::new(other), &prefix(database)),
                None,
                "{other}"
            );
        }
    }
}
