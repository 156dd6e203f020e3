//! Finding FIFOs: through every process that has one open, and in the directories where they are usually kept.
//! The search is best effort: what could not be read is counted and told in one line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::kinds::borrowed::ASKED;
use crate::kinds::capability::Query;
use crate::kinds::file::id;
use crate::kinds::search::{self, Sought, is_unanswered, stat_in_time};
use crate::model::{Findings, Showing, ShownAs};
use crate::sys::file::Stat;

/// What was found.
pub(super) struct Search {
    open: Rc<Findings>,
    paths: BTreeMap<PathBuf, Stat>,
    unread_directories: usize,
    /// Paths on a file system that does not answer.
    unanswered: usize,
}

impl Search {
    /// What the processes have open.
    pub(super) fn of_processes(look: &Query) -> Self {
        let open = look.processes.found(&super::FIFOS);
        Self { open, paths: BTreeMap::new(), unread_directories: 0, unanswered: 0 }
    }

    /// Adds the FIFOs of the usual directories and of the trees below `more`. Tells which of the latter could not
    /// be searched at all: somebody has named them.
    pub(super) fn directories(&mut self, look: &Query, more: &[PathBuf]) -> Vec<String> {
        let found = search::files(look.files, Sought::Fifo, more);
        found.paths.into_iter().for_each(|path| self.add(path));
        self.unread_directories += found.unread;
        found.unsearched
    }

    fn add(&mut self, path: PathBuf) {
        if let Some(stat) = search::stat(&path).filter(|stat| stat.is(libc::S_IFIFO)) {
            self.paths.insert(path, stat);
        }
    }

    /// Adds what processes have open or wait to open, where its path leads to the same file from here.
    pub(super) fn paths_of_open(&mut self, proc: &Path) {
        let mut found = self.open.awaited.clone();
        let mut unanswered = BTreeSet::new();
        for (file, shown) in &self.open.files {
            let paths =
                shown.showings.iter().take(ASKED).filter_map(|showing| match showing.place {
                    ShownAs::Descriptor(number, _) => {
                        std::fs::read_link(proc.join(format!("{}/fd/{number}", showing.pid))).ok()
                    }
                    _ => None,
                });
            let mut same = |path: &PathBuf| match stat_in_time(path) {
                Ok(stat) => id(&stat) == *file,
                Err(error) => {
                    if is_unanswered(&error) {
                        unanswered.insert(path.clone());
                    }
                    false
                }
            };
            found.extend(paths.filter(|path| path.is_absolute()).find(&mut same));
        }
        for path in found {
            match stat_in_time(&path) {
                Ok(stat) if stat.is(libc::S_IFIFO) => drop(self.paths.insert(path, stat)),
                Ok(_) => {}
                Err(error) if is_unanswered(&error) => drop(unanswered.insert(path)),
                Err(_) => {}
            }
        }
        self.unanswered += unanswered.len();
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
        let parts = search::counted(&[
            (self.open.unread, "process", "processes"),
            (self.unread_directories, "directory", "directories"),
            (self.unanswered, "path", "paths"),
        ])?;
        Some(format!("{parts} could not be read in the search for FIFOs"))
    }
}
