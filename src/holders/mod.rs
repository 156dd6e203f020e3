//! Who holds what: one scan of the processes for all kinds.
//!
//! Questions are [`Trace`]s and classes of files, and cost only what they need: mappings, descriptors, calls that
//! threads wait in. Nothing here opens, maps or changes an object. Knows no kind and no verb.

mod fds;
mod gaps;
mod locks;
mod maps;
pub mod process;
mod questions;
mod scanner;
mod visit;
mod waiting;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use crate::model::{FileClass, Findings, Holder, Holders, How, Subject, Trace};
use crate::sys::kcmp::{Shared, share};
use crate::sys::processes::Proc;
use crate::sys::{silent, workers};
use gaps::Gaps;
use locks::LockList;
pub use questions::Questions;
pub use scanner::Scanner;
use visit::{Scan, ScanContext};

/// A process has something of an object.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    pid: i32,
    how: How,
    /// The number of the descriptor, if it is one.
    fd: Option<i32>,
}

/// Who a process is.
#[derive(Clone, Debug)]
struct ProcessInfo {
    pid: i32,
    command: Option<Box<OsStr>>,
    uid: Option<u32>,
}

/// What one scan of the processes found.
#[derive(Default)]
pub struct ScanResult {
    marks: HashMap<Subject, Vec<Sighting>>,
    people: HashMap<i32, ProcessInfo>,
    asked: Questions,
    /// One for each class that was asked for.
    findings: Vec<Findings>,
    unread: Vec<i32>,
    gaps: Gaps,
    complete: bool,
    same_numbers: bool,
    lock_list: LockList,
}

impl ScanResult {
    /// The holders of the object with this trace, which must have been asked for.
    pub fn of(&self, trace: &Trace) -> Holders {
        if trace.is_nobody() {
            return Holders::NOBODY;
        }
        let none = Vec::new();
        let marks = self.marks.get(&trace.subject).unwrap_or(&none);
        // To lock a file is no matter of its content, and to have it open is none of its locks.
        let fits = |mark: &&Sighting| mark.how.is_of_locks() == trace.holding.locks;
        let marks: Vec<Sighting> = marks.iter().filter(fits).copied().collect();
        let mut holders: Vec<(i32, How, Option<i32>)> =
            marks.iter().map(|mark| (mark.pid, mark.how, mark.fd)).collect();
        if trace.registered > 0 {
            holders.push((trace.registered, How::Registered, None));
        }
        holders.sort_unstable();
        holders.dedup();
        let unseen = match trace.counted {
            Some(count) if trace.holding.mappings => {
                count.checked_sub(self.mappings(&marks, count))
            }
            Some(count) => count.checked_sub(marks.len() as u64),
            None => self.sees_all_of(trace, &marks).then_some(0),
        };
        let of_one = holders.chunk_by(|(one, ..), (two, ..)| one == two);
        Holders { holders: of_one.filter_map(|ways| self.holder(ways)).collect(), unseen }
    }

    /// Returns true if no holder of the object can have been overlooked.
    fn sees_all_of(&self, trace: &Trace, marks: &[Sighting]) -> bool {
        // A lock lives on in a mapping, or in a descriptor that is on its way in a socket.
        let hidden = trace.holding.locks
            && marks.is_empty()
            && trace.file().is_some_and(|file| self.lock_list.tells(&file));
        self.complete && !hidden && !self.gaps.hide(trace.holding)
    }

    /// Returns true if the class was looked for as a whole.
    pub fn is_whole(&self, class: &FileClass) -> bool {
        self.asked.is_whole(class)
    }

    /// One process, with the ways in which it holds.
    fn holder(&self, ways: &[(i32, How, Option<i32>)]) -> Option<Holder> {
        let (pid, ..) = *ways.first()?;
        let mut how: Vec<How> = ways.iter().map(|(_, how, _)| *how).collect();
        how.dedup();
        let mut fds: Vec<i32> = ways.iter().filter_map(|(.., fd)| *fd).collect();
        fds.sort_unstable();
        let person = self.people.get(&pid);
        Some(Holder {
            pid,
            command: person.and_then(|person| person.command.clone()),
            uid: person.and_then(|person| person.uid),
            how: how.into(),
            fds: fds.into(),
        })
    }

    /// How many mappings of a segment were found. Processes that share their memory, as after `vfork(2)`, show the
    /// same ones: whether there are such is only asked when there are more than the kernel counts.
    fn mappings(&self, marks: &[Sighting], attached: u64) -> u64 {
        let count = |marks: &mut dyn Iterator<Item = &Sighting>| marks.count() as u64;
        let found = count(&mut marks.iter());
        if found <= attached || !self.same_numbers {
            return found;
        }
        let mut owners: Vec<i32> = Vec::new();
        for pid in marks.iter().map(|mark| mark.pid).collect::<HashSet<_>>() {
            let same = |owner: &i32| share(*owner, pid, Shared::Memory).unwrap_or(false);
            if !owners.iter().any(same) {
                owners.push(pid);
            }
        }
        count(&mut marks.iter().filter(|mark| owners.contains(&mark.pid)))
    }

    /// The processes that could not be read, or not in every way that was needed.
    pub fn unread(&self) -> &[i32] {
        &self.unread
    }

    /// Returns true if this trace was asked for.
    pub fn knows(&self, trace: &Trace) -> bool {
        self.asked.has(trace)
    }

    /// The files of a class; `None` if it was not asked for.
    pub fn take(&mut self, class: &FileClass) -> Option<Findings> {
        let at = self.asked.classes.iter().position(|known| std::ptr::eq(*known, class))?;
        let found = std::mem::take(self.findings.get_mut(at)?);
        let (unread, sees_all) = (self.unread.len(), self.complete);
        let locks = if class.sources.locks { self.lock_list.lines.clone() } else { Vec::new() };
        Some(Findings { unread, sees_all, locks, ..found })
    }

    fn add(&mut self, visitor: Scan) {
        for (key, mark) in visitor.marks {
            self.marks.entry(key).or_default().push(mark);
        }
        for ((class, file), shown) in visitor.showings {
            if let Some(found) = self.findings.get_mut(class) {
                match found.files.entry(file) {
                    Entry::Occupied(known) => known.into_mut().add(shown),
                    Entry::Vacant(place) => drop(place.insert(shown)),
                }
            }
        }
        for (class, path) in visitor.awaited {
            if let Some(found) = self.findings.get_mut(class) {
                found.awaited.push(path);
            }
        }
        self.people.extend(visitor.people.into_iter().map(|person| (person.pid, person)));
        self.unread.extend(visitor.unread);
        self.gaps.add(visitor.gaps);
    }
}

/// So many processes are taken by a worker at once: few enough that none is left with all the large ones.
const SHARE: usize = 8;

/// Looks at every process below `root`, the process file system, once, on all cores. Where nothing can be read, nothing is found, and the
/// answer is not complete.
pub fn scan(root: &Path, questions: Questions) -> ScanResult {
    let findings = vec![Findings::default(); questions.classes.len()];
    let mut holders = ScanResult { findings, ..ScanResult::default() };
    match Proc::open(root) {
        Ok(proc) => {
            let lock_list = match questions.locks.any() {
                true => LockList::read(root, proc.shows_all()),
                false => LockList::default(),
            };
            holders.look(ScanContext::new(proc, questions, lock_list));
        }
        Err(_) => holders.asked = questions,
    }
    holders
}

impl ScanResult {
    fn look(&mut self, ground: ScanContext) {
        let questions = &ground.questions;
        let pids = match &*questions.only {
            [] => ground.proc.pids().unwrap_or_default(),
            some => some.to_vec(),
        };
        self.same_numbers = ground.same_numbers();
        self.complete = ground.sees_all()
            && questions.only.is_empty()
            && !pids.is_empty()
            && (waiting::is_known() || !questions.calls());
        let ground = Arc::new(ground);
        self.divide(&ground, &pids);
        let mut visitor = Scan::new();
        for pid in &ground.questions.registered {
            if !self.people.contains_key(pid) {
                visitor.describe(&ground, *pid);
            }
        }
        self.add(visitor);
        // Who was left behind has it, too.
        (self.asked, self.lock_list) = match Arc::try_unwrap(ground) {
            Ok(ground) => (ground.questions, ground.lock_list),
            Err(ground) => (ground.questions.clone(), ground.lock_list.clone()),
        };
    }

    /// All cores take processes until none is left. Nothing is known of those that do not answer.
    fn divide(&mut self, ground: &Arc<ScanContext>, pids: &[i32]) {
        let shared = Arc::clone(ground);
        let look = move |visitor: &mut Scan, pid| visitor.visit(&shared, pid);
        let visited = workers::visit(pids, SHARE, Scan::new, look);
        visited.parts.into_iter().for_each(|visitor| self.add(visitor));
        silent::note(visited.silent.iter(), false);
        let unread = [visited.silent, visited.missed].concat();
        if !unread.is_empty() {
            self.gaps.add(Gaps::ALL);
            self.unread.extend(unread);
        }
    }
}

/// The parsers of what processes show, for `fuzz/`.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// `/proc/PID/maps`.
    pub fn maps(bytes: &[u8]) {
        super::maps::fuzz(bytes);
    }

    /// `/proc/PID/syscall`.
    pub fn syscall(bytes: &[u8]) {
        super::waiting::parse(bytes);
    }
}
