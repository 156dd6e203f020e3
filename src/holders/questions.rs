//! What is to be looked for, and with it what has to be read of each process. Knows no process.

use std::collections::{HashMap, HashSet};

use super::maps::MapsWanted;
use crate::model::{FileId, Trace};

/// What is to be looked for. Only what is asked for is paid for.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    pub(super) segments: HashSet<u32>,
    pub(super) queues: HashSet<u32>,
    pub(super) sets: HashSet<u32>,
    pub(super) files: HashMap<FileId, FileUse>,
    pub(super) registered: HashSet<i32>,
    pub(super) every_fifo: bool,
    pub(super) openers: bool,
    pub(super) only: Option<i32>,
}

/// What a file that is asked for can be held with, besides descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileUse {
    Memory,
    Semaphore,
    Queue,
    Fifo,
}

impl Questions {
    /// Also look for those who hold the object with this trace.
    pub fn ask(&mut self, trace: &Trace) {
        if trace.is_nobody() {
            return;
        }
        match *trace {
            Trace::Segment { id, .. } => {
                self.segments.insert(id);
            }
            Trace::SysvQueue { id } => {
                self.queues.insert(id);
            }
            Trace::Set { id, .. } => {
                self.sets.insert(id);
            }
            Trace::Semaphore { file, waiters: true } => self.file(file, FileUse::Semaphore),
            // Nobody waits for it: its mappings are all there is.
            Trace::Memory(file) | Trace::Semaphore { file, .. } => self.file(file, FileUse::Memory),
            Trace::Queue { file, registered } => {
                self.file(file, FileUse::Queue);
                if registered > 0 {
                    self.registered.insert(registered);
                }
            }
            Trace::Fifo(file) => {
                self.file(file, FileUse::Fifo);
                self.openers = true;
            }
        }
    }

    fn file(&mut self, file: FileId, sort: FileUse) {
        // A file of two names can be two objects; who waits for it is what takes more looking.
        let known = self.files.entry(file).or_insert(sort);
        if *known == FileUse::Memory {
            *known = sort;
        }
    }

    /// Also find every FIFO that a process has open, and with `openers` those that a process waits to open.
    pub fn every_fifo(&mut self, openers: bool) {
        self.every_fifo = true;
        self.openers |= openers;
    }

    /// Is there nothing to look for?
    pub fn is_empty(&self) -> bool {
        let calls = self.queues.is_empty() && self.sets.is_empty() && !self.openers;
        calls && self.segments.is_empty() && self.files.is_empty() && !self.every_fifo
    }

    /// Is what this trace stands for among it?
    pub(super) fn has(&self, trace: &Trace) -> bool {
        match trace {
            Trace::Segment { id, .. } => self.segments.contains(id),
            Trace::SysvQueue { id } => self.queues.contains(id),
            Trace::Set { id, .. } => self.sets.contains(id),
            Trace::Memory(file) | Trace::Semaphore { file, waiters: false } => {
                self.files.contains_key(file)
            }
            Trace::Semaphore { file, .. } => self.files.get(file) == Some(&FileUse::Semaphore),
            Trace::Queue { file, registered } => {
                self.files.contains_key(file)
                    && (*registered == 0 || self.registered.contains(registered))
            }
            Trace::Fifo(file) => self.openers && (self.every_fifo || self.files.contains_key(file)),
        }
    }

    /// Which mappings have to be looked at?
    pub(super) fn maps(&self) -> MapsWanted {
        let mapped = |sort: &FileUse| matches!(sort, FileUse::Memory | FileUse::Semaphore);
        if self.files.values().any(mapped) {
            MapsWanted::Files
        } else if self.segments.is_empty() {
            MapsWanted::None
        } else {
            MapsWanted::Shared
        }
    }

    /// Have descriptors to be looked at?
    pub(super) fn descriptors(&self) -> bool {
        self.every_fifo || !self.files.is_empty()
    }

    /// Have the calls to be looked at that threads wait in?
    pub(super) fn calls(&self) -> bool {
        let waited_for = |sort: &FileUse| !matches!(sort, FileUse::Memory);
        !self.queues.is_empty()
            || !self.sets.is_empty()
            || self.openers
            || self.files.values().any(waited_for)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId { device: 1, inode: 2 };

    fn needs(traces: &[Trace]) -> (MapsWanted, bool, bool) {
        let mut questions = Questions::default();
        traces.iter().for_each(|trace| questions.ask(trace));
        (questions.maps(), questions.descriptors(), questions.calls())
    }

    #[test]
    fn only_what_is_asked_for_is_looked_at() {
        for (trace, expected) in [
            (Trace::Segment { id: 0, attached: 0 }, (MapsWanted::None, false, false)),
            (Trace::Segment { id: 0, attached: 1 }, (MapsWanted::Shared, false, false)),
            (Trace::SysvQueue { id: 0 }, (MapsWanted::None, false, true)),
            (Trace::Set { id: 0, waiting: Some(0) }, (MapsWanted::None, false, false)),
            (Trace::Set { id: 0, waiting: None }, (MapsWanted::None, false, true)),
            (Trace::Memory(FILE), (MapsWanted::Files, true, false)),
            (Trace::Semaphore { file: FILE, waiters: false }, (MapsWanted::Files, true, false)),
            (Trace::Semaphore { file: FILE, waiters: true }, (MapsWanted::Files, true, true)),
            (Trace::Queue { file: FILE, registered: 0 }, (MapsWanted::None, true, true)),
            (Trace::Fifo(FILE), (MapsWanted::None, true, true)),
        ] {
            assert_eq!(needs(&[trace]), expected, "{trace:?}");
        }
        let mut questions = Questions::default();
        assert!(questions.is_empty());
        questions.every_fifo(false);
        assert_eq!((questions.descriptors(), questions.calls()), (true, false));
    }
}
