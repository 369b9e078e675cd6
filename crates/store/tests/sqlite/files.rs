//! The files of a store.

use std::fs;
use std::path::{Path, PathBuf};

/// Copies the files of a folder, as they would be found if the process died now.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// The files whose names contain something.
pub(crate) fn named(folder: &Path, part: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .filter(|path| path.file_name().unwrap().to_str().unwrap().contains(part))
        .collect()
}
