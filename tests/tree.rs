//! Where the repository and the program under test lie when the tests run: not always where they were built,
//! for the built tests may be copied to a place that another user can read.

use std::env;
use std::path::{Path, PathBuf};

/// A file or directory of the repository.
pub fn path(inside: impl AsRef<Path>) -> PathBuf {
    let stands_in_it =
        || env::current_dir().ok().filter(|directory| directory.join("Cargo.toml").exists());
    let root = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(stands_in_it);
    root.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()).join(inside)
}

/// The program under test.
pub fn program() -> PathBuf {
    env::var_os("IPCCTL_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_ipcctl").into()).into()
}
