//! Which file a path names.

use std::io;
use std::path::Path;

/// A file, whatever its name is: its device and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    #[cfg(unix)]
    place: (u64, u64),
}

impl Identity {
    /// That of the file that is at a path now. Where files have no number, all are alike.
    pub(crate) fn at(path: &Path) -> io::Result<Identity> {
        let found = std::fs::metadata(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let place = (found.dev(), found.ino());
            Ok(Identity { place })
        }
        #[cfg(not(unix))]
        {
            let _ = found;
            Ok(Identity {})
        }
    }

    /// Whether the file is at a path.
    pub(crate) fn is_at(self, path: &Path) -> bool {
        Identity::at(path).is_ok_and(|found| found == self)
    }
}
