//! Scans no more often than needed: what is asked is collected, and looked for together when the first answer is
//! wanted. Knows no kind and no verb.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::{Questions, ScanResult, scan};
use crate::model::{Discovery, FileClass, FileId, Findings, Holders, Trace};

/// The scans of one run: one, unless questions come up after it.
pub struct Scanner {
    proc: PathBuf,
    /// Only these are looked at; empty: all.
    only: Vec<i32>,
    openers: Cell<bool>,
    alone: Cell<bool>,
    asked: RefCell<Questions>,
    done: RefCell<Vec<ScanResult>>,
    found: RefCell<Vec<(&'static FileClass, Rc<Findings>)>>,
    shown: RefCell<Vec<i32>>,
    found_files: RefCell<Vec<(&'static FileClass, FileId, Rc<Findings>)>>,
    /// The two answers that most objects have.
    nobody: Arc<Holders>,
    unknown: Arc<Holders>,
}

impl Scanner {
    /// One that has not looked yet. `proc` is the process file system.
    pub fn new(proc: &Path) -> Self {
        Self {
            proc: proc.to_owned(),
            only: Vec::new(),
            openers: Cell::new(false),
            alone: Cell::new(false),
            asked: RefCell::default(),
            done: RefCell::default(),
            found: RefCell::default(),
            shown: RefCell::default(),
            found_files: RefCell::default(),
            nobody: Arc::new(Holders::NOBODY),
            unknown: Arc::default(),
        }
    }

    /// One that looks at these processes alone.
    pub fn only(proc: &Path, pids: &[i32]) -> Self {
        Self { only: pids.to_vec(), ..Self::new(proc) }
    }

    /// Holders will be asked of whatever is found: when files of a class are searched for, look for threads that wait to
    /// open one at the same time.
    pub fn expect_questions(&self) {
        self.openers.set(true);
    }

    /// Takes it for granted that processes outside of this pid namespace, which cannot be seen, hold nothing.
    pub fn assume_alone(&self) {
        self.alone.set(true);
    }

    /// Announces that [`Scanner::of`] will be called with this trace: one scan then looks for all.
    pub fn ask(&self, trace: &Trace) {
        if !trace.is_nobody() && !self.done.borrow().iter().any(|holders| holders.knows(trace)) {
            self.asked.borrow_mut().ask(trace);
        }
    }

    fn known(&self, class: &'static FileClass) -> Option<Rc<Findings>> {
        let found = self.found.borrow();
        let known = found.iter().find(|(known, _)| std::ptr::eq(*known, class));
        known.map(|(_, found)| Rc::clone(found))
    }

    /// The holders of the object with this trace.
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
        self.done.borrow().iter().map(|done| done.unread().len()).max().unwrap_or(0)
    }

    /// Returns true if this process could not be read.
    pub fn is_unread(&self, pid: i32) -> bool {
        self.done.borrow().iter().any(|done| done.unread().contains(&pid))
    }

    /// Looks for what was asked since the last scan, if anything was.
    fn look(&self) {
        let mut asked = self.asked.take();
        asked.only.clone_from(&self.only);
        asked.alone = self.alone.get();
        if asked.is_empty() {
            return;
        }
        let (classes, files) = (asked.classes.clone(), asked.files.clone());
        let mut done = scan(&self.proc, asked);
        for (at, class) in classes.into_iter().enumerate() {
            let Some(found) = done.take(class) else { continue };
            let of_class = files.iter().filter(|(of, _)| *of == at);
            let of_files = of_class.map(|(_, file)| (class, *file, Rc::new(found.only(*file))));
            self.found_files.borrow_mut().extend(of_files);
            if done.is_whole(class) {
                self.found.borrow_mut().push((class, Rc::new(found)));
            }
        }
        self.done.borrow_mut().push(done);
    }
}

impl Scanner {
    fn known_file(&self, class: &'static FileClass, file: FileId) -> Option<Rc<Findings>> {
        let found = self.found_files.borrow();
        let mut known =
            found.iter().filter(|(of, one, _)| std::ptr::eq(*of, class) && *one == file);
        known.next().map(|(.., found)| Rc::clone(found)).or_else(|| self.known(class))
    }
}

impl Discovery for Scanner {
    fn announce_file(&self, class: &'static FileClass, file: FileId) {
        if self.known_file(class, file).is_none() {
            self.asked.borrow_mut().find_file(class, file);
        }
    }

    fn expect(&self, trace: &Trace) {
        self.ask(trace);
    }

    fn show_process(&self, pid: i32) {
        let mut shown = self.shown.borrow_mut();
        if !shown.contains(&pid) {
            shown.push(pid);
        }
    }

    fn shown_processes(&self) -> Vec<i32> {
        self.shown.borrow().clone()
    }

    fn found_file(&self, class: &'static FileClass, file: FileId) -> Rc<Findings> {
        self.announce_file(class, file);
        self.known_file(class, file).unwrap_or_else(|| {
            self.look();
            self.known_file(class, file).unwrap_or_default()
        })
    }

    fn announce(&self, class: &'static FileClass) {
        if self.known(class).is_none() {
            self.asked.borrow_mut().find(class, self.openers.get());
        }
    }

    fn found(&self, class: &'static FileClass) -> Rc<Findings> {
        self.announce(class);
        self.known(class).unwrap_or_else(|| {
            self.look();
            self.known(class).unwrap_or_default()
        })
    }
}
