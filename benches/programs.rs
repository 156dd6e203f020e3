//! The builds of `ipcctl` that are measured.
//!
//! How the page cache holds a program that was just linked differs from how it holds a copy, by up to a tenth of a start. So
//! copies are measured, all of them written in the same way.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::Result;

/// Copies of the programs, removed at the end.
pub struct Programs {
    /// The one that was built with the bench.
    pub ipcctl: PathBuf,
    /// Another build to compare it with.
    pub other: Option<PathBuf>,
}

impl Programs {
    /// Copies both beside the bench itself.
    pub fn copy(against: Option<&str>) -> Result<Programs> {
        let copy = |program: &Path, name: &str| -> Result<PathBuf> {
            let name = format!("{name}-{}", std::process::id());
            let place = env::current_exe()?.with_file_name(name);
            let mut from =
                File::open(program).map_err(|error| format!("{}: {error}", program.display()))?;
            // Little by little: the peak memory of a child starts at what the bench had.
            let (mut to, mut block) = (File::create(&place)?, [0; 1 << 16]);
            loop {
                match from.read(&mut block)? {
                    0 => break,
                    length => to.write_all(&block[..length])?,
                }
            }
            fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
            Ok(place)
        };
        let ipcctl = copy(Path::new(env!("CARGO_BIN_EXE_ipcctl")), "ipcctl-measured")?;
        let mut programs = Programs { ipcctl, other: None };
        programs.other =
            against.map(|other| copy(Path::new(other), "ipcctl-before")).transpose()?;
        Ok(programs)
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        for program in [Some(&self.ipcctl), self.other.as_ref()].into_iter().flatten() {
            // It lies below the target directory, where nobody minds.
            let _ = fs::remove_file(program);
        }
    }
}
