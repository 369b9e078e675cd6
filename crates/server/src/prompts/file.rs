//! Audio files of this machine: only those below the configured folder.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use hookflash_call::ClipError;
use percent_encoding::percent_decode_str;

/// What tells one state of a file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

/// A file that may be played.
pub(crate) struct Found {
    pub(crate) stamp: Stamp,
}

/// The path of a `file:` URL; `None` for other URLs.
pub(crate) fn path_of(url: &str) -> Option<String> {
    let scheme = url.get(..5)?;
    if !scheme.eq_ignore_ascii_case("file:") {
        return None;
    }
    let rest = url.get(5..)?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let path = match rest.strip_prefix("//") {
        // file://host/path: whose machine it is, is not for a document to say.
        Some(after) => after
            .find('/')
            .map_or("", |at| after.get(at..).unwrap_or("")),
        None => rest,
    };
    Some(percent_decode_str(path).decode_utf8_lossy().into_owned())
}

/// Finds the file that `path` names. A path counts from the folder, unless it begins with it.
pub(crate) fn find(folder: Option<&Path>, path: &str) -> Result<Found, ClipError> {
    let refused = |why: String| ClipError::Unreadable(why);
    let folder = folder.ok_or_else(|| {
        refused(format!(
            "file:{path} is not played: no folder of audio files is configured (media.prompts)"
        ))
    })?;
    let folder = folder.canonicalize().map_err(|error| {
        refused(format!(
            "the folder {} (media.prompts) cannot be read: {error}",
            folder.display()
        ))
    })?;
    let named = Path::new(path);
    let below = named.strip_prefix(&folder).unwrap_or(named);
    let below = below.strip_prefix("/").unwrap_or(below);
    let outside = || {
        refused(format!(
            "file:{path} is not played: it is not below the folder of audio files (media.prompts)"
        ))
    };
    if below
        .components()
        .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir))
    {
        return Err(outside());
    }
    let real = folder
        .join(below)
        .canonicalize()
        .map_err(|error| refused(format!("file:{path} cannot be read: {error}")))?;
    // A symbolic link may lead anywhere.
    if !real.starts_with(&folder) {
        return Err(outside());
    }
    let about = real
        .metadata()
        .map_err(|error| refused(format!("file:{path} cannot be read: {error}")))?;
    if !about.is_file() {
        return Err(refused(format!("file:{path} is no file")));
    }
    Ok(Found {
        stamp: Stamp {
            path: real,
            length: about.len(),
            modified: about.modified().ok(),
        },
    })
}

impl Found {
    /// The bytes, if there are no more than `most`.
    pub(crate) fn read(&self, most: u64) -> Result<Vec<u8>, ClipError> {
        let path = self.stamp.path.display();
        let too_large = || {
            ClipError::TooLarge(format!(
                "{path} is larger than {most} bytes (media.prompt_max_size)"
            ))
        };
        if self.stamp.length > most {
            return Err(too_large());
        }
        let unreadable = |error| ClipError::Unreadable(format!("{path} cannot be read: {error}"));
        let file = File::open(&self.stamp.path).map_err(unreadable)?;
        let mut bytes = Vec::with_capacity(usize::try_from(self.stamp.length).unwrap_or_default());
        file.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        // It may have grown meanwhile.
        if bytes.len() as u64 > most {
            return Err(too_large());
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_every_way_to_write_a_file_url() {
        for (url, path) in [
            ("file:a.wav", "a.wav"),
            ("FILE:///x/a%20b.wav", "/x/a b.wav"),
            ("file://localhost/a.wav?x#y", "/a.wav"),
            ("file:%2e%2e/a.wav", "../a.wav"),
            ("file:%zz", "%zz"),
        ] {
            assert_eq!(path_of(url).as_deref(), Some(path), "{url}");
        }
        assert_eq!(path_of("http://h/a.wav"), None);
    }

    #[test]
    fn nothing_outside_the_folder_is_found_by_dots_links_or_a_full_path() {
        let folder = crate::recordings::tests::scratch();
        let (inside, outside) = (folder.join("prompts"), folder.join("secret.wav"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(&outside, b"x").unwrap();
        std::fs::write(inside.join("a.wav"), b"a").unwrap();
        let full = inside.join("a.wav").display().to_string();
        for path in ["a.wav", "/a.wav", "./a.wav", &full] {
            let found = find(Some(&inside), path).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(found.read(1).unwrap(), b"a");
            assert!(matches!(found.read(0), Err(ClipError::TooLarge(_))));
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&outside, inside.join("link.wav")).unwrap();
        let outside = outside.display().to_string();
        for path in [
            "../secret.wav",
            "link.wav",
            &outside,
            "",
            "/etc/passwd",
            "a.wav/../..",
        ] {
            assert!(find(Some(&inside), path).is_err(), "{path}");
        }
        let error = find(None, "a.wav").err().unwrap().to_string();
        assert!(error.contains("media.prompts"), "{error}");
    }
}
