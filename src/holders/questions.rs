//! What is to be looked for, and with it what has to be read of each process. Knows no process.

use std::collections::{HashMap, HashSet};

use super::maps::Which;
use crate::model::{FileId, Trace};

/// What is to be looked for. Only what is asked for is paid for.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    pub(super) segments: HashSet<u32>,
    pub(super) queues: HashSet<u32>,
    pub(super) sets: HashSet<u32>,
    pub(super) files: HashMap<FileId, Sort>,
    pub(super) registered: HashSet<i32>,
    pub(super) every_fifo: bool,
    pub(super) openers: bool,
    pub(super) only: Option<i32>,
}

/// What a file that is asked for can be held with, besides descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
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
            Trace::Semaphore { file, waiters: true } => self.file(file, Sort::Semaphore),
            // Nobody waits for it: its mappings are all there is.
            Trace::Memory(file) | Trace::Semaphore { file, .. } => self.file(file, Sort::Memory),
            Trace::Queue { file, registered } => {
                self.file(file, Sort::Queue);
                if registered > 0 {
                    self.registered.insert(registered);
                }
            }
            Trace::Fifo(file) => {
                self.file(file, Sort::Fifo);
                self.openers = true;
            }
        }
    }

    fn file(&mut self, file: FileId, sort: Sort) {
        // A file of two names can be two objects; who waits for it is what takes more looking.
        let known = self.files.entry(file).or_insert(sort);
        if *known == Sort::Memory {
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
            Trace::Semaphore { file, .. } => self.files.get(file) == Some(&Sort::Semaphore),
            Trace::Queue { file, registered } => {
                self.files.contains_key(file)
                    && (*registered == 0 || self.registered.contains(registered))
            }
            Trace::Fifo(file) => self.openers && (self.every_fifo || self.files.contains_key(file)),
        }
    }

    /// Which mappings have to be looked at?
    pub(super) fn maps(&self) -> Which {
        let mapped = |sort: &Sort| matches!(sort, Sort::Memory | Sort::Semaphore);
        if self.files.values().any(mapped) {
            Which::Files
        } else if self.segments.is_empty() {
            Which::None
        } else {
            Which::Shared
        }
    }

    /// Have descriptors to be looked at?
    pub(super) fn descriptors(&self) -> bool {
        self.every_fifo || !self.files.is_empty()
    }

    /// Have the calls to be looked at that threads wait in?
    pub(super) fn calls(&self) -> bool {
        let waited_for = |sort: &Sort| !matches!(sort, Sort::Memory);
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

    fn needs(traces: &[Trace]) -> (Which, bool, bool) {
        let mut questions = Questions::default();
        traces.iter().for_each(|trace| questions.ask(trace));
        (questions.maps(), questions.descriptors(), questions.calls())
    }

    #[test]
    fn only_what_is_asked_for_is_looked_at() {
        for (trace, expected) in [
            (Trace::Segment { id: 0, attached: 0 }, (Which::None, false, false)),
            (Trace::Segment { id: 0, attached: 1 }, (Which::Shared, false, false)),
            (Trace::SysvQueue { id: 0 }, (Which::None, false, true)),
            (Trace::Set { id: 0, waiting: Some(0) }, (Which::None, false, false)),
            (Trace::Set { id: 0, waiting: None }, (Which::None, false, true)),
            (Trace::Memory(FILE), (Which::Files, true, false)),
            (Trace::Semaphore { file: FILE, waiters: false }, (Which::Files, true, false)),
            (Trace::Semaphore { file: FILE, waiters: true }, (Which::Files, true, true)),
            (Trace::Queue { file: FILE, registered: 0 }, (Which::None, true, true)),
            (Trace::Fifo(FILE), (Which::None, true, true)),
        ] {
            assert_eq!(needs(&[trace]), expected, "{trace:?}");
        }
        let mut questions = Questions::default();
        assert!(questions.is_empty());
        questions.every_fifo(false);
        assert_eq!((questions.descriptors(), questions.calls()), (true, false));
    }
}
