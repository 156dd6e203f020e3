//! Finding FIFOs: through every process that has one open, and in the directories where they are usually kept.
//! The search is best effort: what could not be read is counted and told in one line.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::kinds::borrowed::ASKED;
use crate::kinds::capability::Query;
use crate::kinds::file::id;
use crate::model::{Encoded, Fault, Findings, Showing, ShownAs};
use crate::sys::directory;
use crate::sys::file::{self, Stat};

/// Directories that are searched two levels deep, besides the user's own run-time directory; and, one level deep,
/// the one that holds other objects of ours.
const USUAL: &[(&str, usize)] = &[("/run", 2), ("/tmp", 2), ("/dev/shm", 1)];
/// How deep a tree named by the user is searched: as deep as paths go.
const WHOLE: usize = 2048;

/// What was found.
pub(super) struct Search {
    open: Rc<Findings>,
    paths: BTreeMap<PathBuf, Stat>,
    unread_directories: usize,
}

impl Search {
    /// What the processes have open.
    pub(super) fn of_processes(look: &Query) -> Self {
        let open = look.processes.found(&super::FIFOS);
        Self { open, paths: BTreeMap::new(), unread_directories: 0 }
    }

    /// Adds the FIFOs of the usual directories and of the trees below `more`. Tells which of the latter could not
    /// be searched at all: somebody has named them.
    pub(super) fn directories(&mut self, more: &[PathBuf]) -> Vec<String> {
        for (directory, depth) in USUAL {
            self.directory(Path::new(directory), *depth);
        }
        if let Some(own) =
            std::env::var_os("XDG_RUNTIME_DIR").filter(|path| Path::new(path).is_absolute())
        {
            self.directory(Path::new(&own), 2);
        }
        let mut unsearched = Vec::new();
        for directory in more {
            let opened = std::path::absolute(directory)
                .and_then(|path| directory::list(&path).map(|_| path));
            match opened {
                Ok(path) => self.directory(&path, WHOLE),
                Err(error) => {
                    let name = Encoded(directory.as_os_str().as_bytes());
                    let cause = Fault::from_os(&error).cause;
                    unsearched.push(format!("{name} cannot be searched for FIFOs: {cause}"));
                }
            }
        }
        unsearched
    }

    fn directory(&mut self, directory: &Path, depth: usize) {
        // A directory that is not there is nothing that could not be read.
        let Some(stat) = stat(directory) else { return };
        let mut left = vec![(directory.to_owned(), depth)];
        while let Some((directory, depth)) = left.pop() {
            let Ok(entries) = directory::list(&directory) else {
                self.unread_directories += 1;
                continue;
            };
            for entry in entries {
                // The type comes with the entry: no call is made for what is neither FIFO nor directory.
                if entry.is(libc::S_IFIFO) {
                    self.add(directory.join(entry.name()));
                } else if entry.is(libc::S_IFDIR) && depth > 1 {
                    let path = directory.join(entry.name());
                    if same_device(&path, stat.device) {
                        left.push((path, depth - 1));
                    }
                }
            }
        }
    }

    fn add(&mut self, path: PathBuf) {
        if let Some(stat) = stat(&path).filter(|stat| stat.is(libc::S_IFIFO)) {
            self.paths.insert(path, stat);
        }
    }

    /// Adds what processes have open or wait to open, where its path leads to the same file from here.
    pub(super) fn paths_of_open(&mut self, proc: &Path) {
        let mut found = self.open.awaited.clone();
        for (file, shown) in &self.open.files {
            let paths =
                shown.showings.iter().take(ASKED).filter_map(|showing| match showing.place {
                    ShownAs::Descriptor(number, _) => {
                        std::fs::read_link(proc.join(format!("{}/fd/{number}", showing.pid))).ok()
                    }
                    _ => None,
                });
            let same = |path: &PathBuf| stat(path).is_some_and(|stat| id(&stat) == *file);
            found.extend(paths.filter(|path| path.is_absolute()).find(same));
        }
        found.into_iter().for_each(|path| self.add(path));
    }

    /// Every FIFO that has a path, in order of their paths.
    pub(super) fn found(&self) -> impl Iterator<Item = (PathBuf, Stat)> + use<> {
        self.paths.clone().into_iter()
    }

    /// The descriptors of this file.
    pub(super) fn open(&self, stat: &Stat) -> &[Showing] {
        self.open.showings(&id(stat))
    }

    /// Returns true if every process could be read.
    pub(super) fn complete(&self) -> bool {
        self.open.unread == 0
    }

    /// One line about what could not be read.
    pub(super) fn note(&self) -> Option<String> {
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            number => Some(format!("{number} {many}")),
        };
        let parts: Vec<_> = [
            count(self.open.unread, "process", "processes"),
            count(self.unread_directories, "directory", "directories"),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty())
            .then(|| format!("{} could not be read in the search for FIFOs", parts.join(" and ")))
    }
}

fn stat(path: &Path) -> Option<Stat> {
    file::stat_remembered(&CString::new(path.as_os_str().as_bytes()).ok()?).ok()
}

/// Returns true if this directory is on the file system where the search began. Others may be slow, or not answer at all.
fn same_device(path: &Path, device: u64) -> bool {
    stat(path).is_some_and(|stat| stat.device == device)
}
