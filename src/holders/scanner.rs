//! Scans no more often than needed: what is asked is collected, and looked for together when the first answer is
//! wanted. Knows no kind and no verb.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::{Questions, ScanResult, scan};
use crate::model::{FifoSearch, Holders, OpenFifos, Trace};

/// The scans of one run: one, unless questions come up after it.
pub struct Scanner {
    proc: PathBuf,
    pid: Option<i32>,
    openers: Cell<bool>,
    asked: RefCell<Questions>,
    done: RefCell<Vec<ScanResult>>,
    fifos: OnceCell<Rc<OpenFifos>>,
    /// The two answers that most objects have.
    nobody: Arc<Holders>,
    unknown: Arc<Holders>,
}

impl Scanner {
    /// One that has not looked yet. `proc` is the process file system.
    pub fn new(proc: &Path) -> Self {
        Self {
            proc: proc.to_owned(),
            pid: None,
            openers: Cell::new(false),
            asked: RefCell::default(),
            done: RefCell::default(),
            fifos: OnceCell::new(),
            nobody: Arc::new(Holders::NOBODY),
            unknown: Arc::default(),
        }
    }

    /// One that looks at this process alone.
    pub fn only(proc: &Path, pid: i32) -> Self {
        Self { pid: Some(pid), ..Self::new(proc) }
    }

    /// Holders will be asked of whatever is found: when FIFOs are searched for, look for those who wait to open one
    /// at the same time.
    pub fn expect_questions(&self) {
        self.openers.set(true);
    }

    /// Announces that [`Scanner::of`] will be called with this trace: one scan then looks for all.
    pub fn ask(&self, trace: &Trace) {
        if !trace.is_nobody() && !self.done.borrow().iter().any(|holders| holders.knows(trace)) {
            self.asked.borrow_mut().ask(trace);
        }
    }

    /// Those who hold the object with this trace.
    pub fn of(&self, trace: &Trace) -> Arc<Holders> {
        if trace.is_nobody() {
            return Arc::clone(&self.nobody);
        }
        self.ask(trace);
        self.look();
        let done = self.done.borrow();
        let known = done.iter().find(|holders| holders.knows(trace));
        let found = known.map_or_else(Holders::default, |holders| holders.of(trace));
        match [&self.nobody, &self.unknown].into_iter().find(|one| ***one == found) {
            Some(shared) => Arc::clone(shared),
            None => Arc::new(found),
        }
    }

    /// How many processes could not be read, in the scan where they were the most; 0 when there was none.
    pub fn unread(&self) -> usize {
        self.done.borrow().iter().map(ScanResult::unread).max().unwrap_or(0)
    }

    /// Looks for what was asked since the last scan, if anything was.
    fn look(&self) {
        let asked = Questions { only: self.pid, ..self.asked.take() };
        if !asked.is_empty() {
            self.done.borrow_mut().push(scan(&self.proc, asked));
        }
    }
}

impl FifoSearch for Scanner {
    fn fifos(&self) -> Rc<OpenFifos> {
        let search = || {
            let mut asked = self.asked.take();
            asked.every_fifo(self.openers.get());
            let mut holders = scan(&self.proc, asked);
            let fifos = holders.take_fifos();
            self.done.borrow_mut().push(holders);
            Rc::new(fifos)
        };
        self.fifos.get_or_init(search).clone()
    }
}
