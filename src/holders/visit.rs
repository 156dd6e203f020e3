//! One process after the other: what it has of what is looked for. Knows files, ids and addresses, and leaves it to
//! others to make sense of them.

mod calls;
mod descriptors;
mod mappings;

use std::collections::HashMap;
use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::gaps::Gaps;
use super::locks::{self, LockList};
use super::maps::{MapsSource, MapsWanted};
use super::questions::Questions;
use super::{ProcessInfo, Sighting};
use crate::model::{FileDetails, FileFacts, FileId, How, Showing, ShownFile, Subject, Timestamp};
use crate::sys::file::Stat;
use crate::sys::processes::{self, Proc, Process};
use crate::sys::procmap::Mapping;
use crate::sys::shm;

/// What holds for all processes.
pub(super) struct ScanContext {
    pub(super) proc: Proc,
    pub(super) questions: Questions,
    which: MapsWanted,
    descriptors: bool,
    calls: bool,
    /// Our own number below `proc`.
    own: Option<i32>,
    /// Its numbers are those of our own pid namespace, so that they can be given to system calls.
    same_numbers: bool,
    /// Our IPC namespace.
    namespace: Option<FileId>,
    /// Process 1 is certainly not in it.
    is_apart: bool,
    /// The device of System V segments of ordinary pages.
    segments: u64,
    /// Bytes of an ordinary page.
    page: u64,
    pub(super) lock_list: LockList,
}

impl ScanContext {
    pub(super) fn new(proc: Proc, questions: Questions, lock_list: LockList) -> Self {
        let own = proc.own_pid();
        Self {
            which: questions.maps(),
            descriptors: questions.descriptors(),
            calls: questions.calls(),
            own,
            same_numbers: own.is_some() && own == i32::try_from(std::process::id()).ok(),
            namespace: proc.stat(c"thread-self/ns/ipc").ok().map(|stat| id(&stat)),
            is_apart: proc.is_apart(),
            proc,
            questions,
            segments: shm::device().unwrap_or(libc::makedev(0, 1)),
            page: procfs::page_size(),
            lock_list,
        }
    }

    /// Returns true if all processes are seen. Those outside this pid namespace only from the first one, that has no outside; those
    /// of others not where `/proc` hides them (`hidepid`), which hides the first process before all.
    pub(super) fn sees_all(&self) -> bool {
        self.proc.shows_all() || self.questions.alone && self.proc.shows_namespace()
    }

    pub(super) fn same_numbers(&self) -> bool {
        self.same_numbers
    }

    /// Returns true if a descriptor of this file is to be asked for its locks.
    fn could_be_locked(&self, facts: &FileFacts) -> bool {
        self.questions.locks.has(&facts.file)
            && locks::is_lockable(facts.mode)
            && self.lock_list.allows(&facts.file)
    }

    /// Returns true if a mapping with the inode of a segment can be one.
    fn could_be_segment(&self, mapping: &Mapping) -> bool {
        // Segments of huge pages are on a device of their own for each size; no user can have such pages elsewhere.
        // The text of /proc does not tell the size of pages.
        let huge = mapping.page != 0 && mapping.page != self.page;
        mapping.shared && (mapping.device == self.segments || huge)
    }
}

/// Returns true if a process, a thread or a descriptor has ended while it was looked at. Memory that is not there any more is that of
/// a thread that has gone on.
fn is_gone(error: &io::Error) -> bool {
    processes::is_gone(error) || error.raw_os_error() == Some(libc::EIO)
}

fn id(stat: &Stat) -> FileId {
    FileId { device: stat.device, inode: stat.inode }
}

/// What a worker has found in its share of the processes.
pub(super) struct Scan {
    source: MapsSource,
    pub(super) marks: Vec<(Subject, Sighting)>,
    pub(super) people: Vec<ProcessInfo>,
    /// Files of a class that is looked for, by its place among the classes.
    pub(super) showings: HashMap<(usize, FileId), ShownFile>,
    /// Paths of such files that threads wait to open.
    pub(super) awaited: Vec<(usize, PathBuf)>,
    pub(super) unread: Vec<i32>,
    pub(super) gaps: Gaps,
}

/// One process while it is looked at.
struct ProcessScan<'v> {
    ground: &'v ScanContext,
    process: &'v Process,
    threads: Vec<i32>,
    found: Vec<(Subject, How, Option<i32>)>,
    /// Where memory is mapped with words that threads wait on: start, end, file.
    words: Vec<(u64, u64, FileId)>,
    /// Where memory of classes is mapped in which threads wait for words; true for a System V segment.
    waited: Vec<(Mapping, bool)>,
    gaps: Gaps,
}

impl Scan {
    pub(super) fn new() -> Self {
        Self {
            source: MapsSource::Query,
            marks: Vec::new(),
            people: Vec::new(),
            showings: HashMap::new(),
            awaited: Vec::new(),
            unread: Vec::new(),
            gaps: Gaps::default(),
        }
    }

    /// Looks at one process. One that has ended meanwhile is nothing that could not be read.
    pub(super) fn visit(&mut self, ground: &ScanContext, pid: i32) {
        if Some(pid) == ground.own {
            return;
        }
        let process = match ground.proc.process(pid) {
            Ok(process) => process,
            Err(error) => {
                if !is_gone(&error) {
                    self.unread.push(pid);
                }
                return;
            }
        };
        let mut visit = ProcessScan {
            ground,
            process: &process,
            threads: Vec::new(),
            found: Vec::new(),
            words: Vec::new(),
            waited: Vec::new(),
            gaps: Gaps::default(),
        };
        visit.look(self);
        let ProcessScan { found, gaps, .. } = visit;
        // Kernel threads and zombies have nothing that could not be read.
        if gaps.any() && !process.status().is_ok_and(|status| status.is_empty()) {
            self.unread.push(pid);
            self.gaps.add(gaps);
        }
        if !found.is_empty() {
            self.people.push(ProcessInfo::new(&process));
            let marks = found.into_iter();
            let marks = marks.map(|(subject, how, fd)| (subject, Sighting { pid, how, fd }));
            self.marks.extend(marks);
        }
    }

    /// Reads who a process is that is known by its number alone.
    pub(super) fn describe(&mut self, ground: &ScanContext, pid: i32) {
        if let Ok(process) = ground.proc.process(pid) {
            self.people.push(ProcessInfo::new(&process));
        }
    }
}

impl ProcessScan<'_> {
    fn look(&mut self, visitor: &mut Scan) {
        let several = self.process.threads().is_ok_and(|threads| threads > 1);
        if several && let Ok((_, threads)) = self.process.numbers(c"task") {
            self.threads = threads;
        }
        if self.ground.which != MapsWanted::None {
            self.mappings(visitor);
        }
        if self.ground.descriptors {
            match self.descriptors_of("", visitor) {
                Err(error) if !self.is_headless() => self.note_descriptors(&error),
                _ => self.private_tables(visitor),
            }
        }
        if self.ground.calls {
            self.calls(visitor);
        }
    }

    /// Takes note of what could not be read, as against what has ended.
    fn note(&mut self, error: &io::Error, gaps: Gaps) {
        if !is_gone(error) {
            self.gaps.add(gaps);
        }
    }

    fn note_mappings(&mut self, error: &io::Error) {
        self.note(error, Gaps { mappings: true, ..Gaps::default() });
    }

    fn note_calls(&mut self, error: &io::Error) {
        self.note(error, Gaps { calls: true, ids: !self.is_elsewhere(), ..Gaps::default() });
    }

    /// The first process of the machine, which sandboxes close to the superuser too, is in the first IPC namespace: it
    /// has nothing of another.
    fn is_elsewhere(&self) -> bool {
        self.process.pid == 1 && self.ground.is_apart
    }

    /// Returns true if the main thread has ended before others. Then it has nothing, and what the kernel shows of it belongs to
    /// root.
    fn is_headless(&self) -> bool {
        !self.threads.is_empty()
            && self.process.status().is_ok_and(|status| matches!(status.state, b'Z' | b'X'))
    }

    /// Returns true if the process, with any of its threads, is in our IPC namespace. Ids are those of a namespace, and
    /// the same ones are in use in all.
    fn is_in_our_namespace(&mut self) -> bool {
        let directories = self.threads.iter().map(|thread| format!("task/{thread}/"));
        let directories: Vec<_> = std::iter::once(String::new()).chain(directories).collect();
        directories.iter().any(|directory| self.thread_is_in_our_namespace(directory))
    }

    fn thread_is_in_our_namespace(&mut self, directory: &str) -> bool {
        let name = CString::new(format!("{directory}ns/ipc")).unwrap_or_default();
        match self.process.stat(&name) {
            Ok(stat) => Some(id(&stat)) == self.ground.namespace,
            Err(error) => {
                self.note_mappings(&error);
                self.note_calls(&error);
                false
            }
        }
    }

    fn note_descriptors(&mut self, error: &io::Error) {
        let namespaced = !self.is_elsewhere();
        self.note(error, Gaps { descriptors: true, namespaced, ..Gaps::default() });
    }
}

/// Takes note of where a process shows a file of a class.
fn show(
    showings: &mut HashMap<(usize, FileId), ShownFile>,
    class: usize,
    facts: FileFacts,
    showing: Showing,
) {
    let empty = || ShownFile { facts, showings: Vec::new() };
    let known = showings.entry((class, facts.file)).or_insert_with(empty);
    if known.facts.details.is_none() {
        known.facts = facts;
    }
    known.showings.push(showing);
}

/// What a descriptor or a path shows of a file.
fn described(stat: &Stat) -> FileFacts {
    FileFacts {
        file: id(stat),
        mode: Some(stat.mode),
        links: Some(stat.links),
        shared: false,
        writable: false,
        details: Some(details(stat)),
    }
}

fn details(stat: &Stat) -> FileDetails {
    let times = [stat.accessed, stat.modified, stat.changed];
    let (secs, nanos) = stat.born.or(times.into_iter().min()).unwrap_or_default();
    FileDetails {
        uid: stat.uid,
        gid: stat.gid,
        size: stat.size,
        allocated: stat.blocks.saturating_mul(512),
        since: Timestamp { secs, nanos },
    }
}

impl ProcessInfo {
    fn new(process: &Process) -> Self {
        let mut buffer = [0; 64];
        let command = process.read(c"comm", &mut buffer).ok();
        let command = command.map(|text| text.strip_suffix(b"\n").unwrap_or(text).to_vec());
        Self {
            pid: process.pid,
            command: command.map(|bytes| OsString::from_vec(bytes).into()),
            uid: process.user().ok(),
        }
    }
}
