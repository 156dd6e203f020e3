//! One process after the other: what it has of what is looked for. Knows files, ids and addresses, and leaves it to
//! others to make sense of them.

use std::collections::HashMap;
use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::gaps::Gaps;
use super::locks::{self, LockList};
use super::maps::{self, MapsSource, MapsWanted};
use super::questions::Questions;
use super::waiting::{self, Call, Doing, LockCall};
use super::{ProcessInfo, Sighting, fds};
use crate::model::{
    Access, FileClass, FileDetails, FileFacts, FileId, How, IpcNamespace, LockWait, Showing,
    ShownAs, ShownFile, Subject, Timestamp, WordWait,
};
use crate::sys::file::{self, Stat};
use crate::sys::kcmp::{Shared, share};
use crate::sys::processes::{self, Proc, Process};
use crate::sys::procmap::Mapping;
use crate::sys::shm;

/// What holds for all processes.
pub(super) struct ScanContext<'a> {
    pub(super) proc: &'a Proc,
    pub(super) questions: &'a Questions,
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

impl<'a> ScanContext<'a> {
    pub(super) fn new(proc: &'a Proc, questions: &'a Questions, lock_list: LockList) -> Self {
        let own = proc.own_pid();
        Self {
            proc,
            questions,
            which: questions.maps(),
            descriptors: questions.descriptors(),
            calls: questions.calls(),
            own,
            same_numbers: own.is_some() && own == i32::try_from(std::process::id()).ok(),
            namespace: proc.stat(c"thread-self/ns/ipc").ok().map(|stat| id(&stat)),
            is_apart: proc.is_apart(),
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
pub(super) struct Scan<'a> {
    ground: &'a ScanContext<'a>,
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
struct ProcessScan<'v, 'a> {
    ground: &'a ScanContext<'a>,
    process: &'v Process,
    threads: Vec<i32>,
    found: Vec<(Subject, How, Option<i32>)>,
    /// Where memory is mapped with words that threads wait on: start, end, file.
    words: Vec<(u64, u64, FileId)>,
    /// Where memory of classes is mapped in which threads wait for words; true for a System V segment.
    waited: Vec<(Mapping, bool)>,
    gaps: Gaps,
}

impl<'a> Scan<'a> {
    pub(super) fn new(ground: &'a ScanContext<'a>) -> Self {
        Self {
            ground,
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
    pub(super) fn visit(&mut self, pid: i32) {
        if Some(pid) == self.ground.own {
            return;
        }
        let process = match self.ground.proc.process(pid) {
            Ok(process) => process,
            Err(error) => {
                if !is_gone(&error) {
                    self.unread.push(pid);
                }
                return;
            }
        };
        let mut visit = ProcessScan {
            ground: self.ground,
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
    pub(super) fn describe(&mut self, pid: i32) {
        if let Ok(process) = self.ground.proc.process(pid) {
            self.people.push(ProcessInfo::new(&process));
        }
    }
}

impl ProcessScan<'_, '_> {
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

    fn mappings(&mut self, visitor: &mut Scan) {
        // All threads share their memory. When the main one has ended, only the others can be asked for it.
        match self.mappings_of("", visitor) {
            Ok(true) => return,
            _ if self.is_headless() => {}
            Ok(false) => return,
            Err(error) => return self.note_mappings(&error),
        }
        for thread in self.threads.clone() {
            match self.mappings_of(&format!("task/{thread}/"), visitor) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => self.note_mappings(&error),
            }
        }
    }

    /// Returns true if the main thread has ended before others. Then it has nothing, and what the kernel shows of it belongs to
    /// root.
    fn is_headless(&self) -> bool {
        !self.threads.is_empty()
            && self.process.status().is_ok_and(|status| matches!(status.state, b'Z' | b'X'))
    }

    /// Returns true if there was any mapping.
    fn mappings_of(&mut self, directory: &str, visitor: &mut Scan) -> io::Result<bool> {
        let (ground, pid) = (self.ground, self.process.pid);
        let questions = ground.questions;
        let is_shown = |class: &FileClass| class.sources.mappings || class.sources.words;
        let has_classes = questions.classes.iter().any(|class| is_shown(class));
        let mut waited = Vec::new();
        let (mut any, mut files, mut segments) = (false, Vec::new(), Vec::new());
        let Scan { source, showings, .. } = visitor;
        maps::visit(self.process, directory, ground.which, source, &mut |mapping, is_segment| {
            any = true;
            let file = FileId { device: mapping.device, inode: mapping.inode };
            // A System V segment is no file: another namespace, or a memfd, can show the same device and inode.
            let ways = questions.ways(&Subject::File(file));
            let id = u32::try_from(mapping.inode).ok().filter(|id| questions.has_segment(*id));
            let wanted = id.is_some() || ways.is_some() || has_classes;
            if wanted && ground.could_be_segment(mapping) && is_segment() {
                let access = Access::new(mapping.read, mapping.write);
                segments.extend(id.map(|id| (id, access)));
                if questions.waits_on_words(&mapped(mapping, file)) {
                    waited.push((*mapping, true));
                }
                return;
            }
            let facts = mapped(mapping, file);
            if mapping.shared && questions.waits_on_words(&facts) {
                waited.push((*mapping, false));
            }
            let mut known = false;
            for class in questions.classes_of(&facts, |class| class.sources.mappings) {
                known = true;
                let place = ShownAs::Mapping(mapping.start, mapping.end);
                show(showings, class, facts, Showing { pid, place });
            }
            if ways.is_some() || known {
                files.push((*mapping, file, ways.is_some_and(|ways| ways.words)));
            }
        })?;
        self.waited.append(&mut waited);
        for (mapping, file, has_words) in files {
            if has_words {
                self.words.push((mapping.start, mapping.end, file));
            }
            let how = if mapping.shared {
                How::Mapped(Access::new(mapping.read, mapping.write))
            } else {
                How::MappedPrivately
            };
            self.found.push((Subject::File(file), how, None));
        }
        if !segments.is_empty() && self.is_in_our_namespace() {
            let subject = |id| Subject::Segment(IpcNamespace::OWN, id);
            let found = segments.into_iter();
            self.found.extend(found.map(|(id, how)| (subject(id), How::Attached(how), None)));
        }
        Ok(any)
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

    fn descriptors_of(&mut self, directory: &str, visitor: &mut Scan) -> io::Result<()> {
        let (ground, pid) = (self.ground, self.process.pid);
        let table = CString::new(format!("{directory}fd")).unwrap_or_default();
        let (found, process) = (&mut self.found, self.process);
        fds::visit(self.process, &table, &mut |opened| {
            let (facts, number) = (described(&opened.stat), opened.number);
            let subject = Subject::File(facts.file);
            let questions = ground.questions;
            if ground.could_be_locked(&facts) {
                let path = table.to_str().unwrap_or_default();
                for lock in locks::of_descriptor(process, path, number).unwrap_or_default() {
                    for class in questions.classes_of(&facts, |class| class.sources.locks) {
                        let place = ShownAs::Lock(number, lock);
                        show(&mut visitor.showings, class, facts, Showing { pid, place });
                    }
                    found.push((subject, How::Locked(lock.sort, lock.access), Some(number)));
                }
            }
            let mut classes =
                questions.classes_of(&facts, |class| class.sources.descriptors).peekable();
            if classes.peek().is_none() && questions.ways(&subject).is_none() {
                return;
            }
            let access = opened.access();
            for class in classes {
                let place = ShownAs::Descriptor(number, access);
                show(&mut visitor.showings, class, facts, Showing { pid, place });
            }
            found.push((subject, How::Open(access), Some(number)));
        })
    }

    fn note_descriptors(&mut self, error: &io::Error) {
        let namespaced = !self.is_elsewhere();
        self.note(error, Gaps { descriptors: true, namespaced, ..Gaps::default() });
    }

    /// Threads that have descriptors of their own, and all threads when the main one has ended: then it has none.
    fn private_tables(&mut self, visitor: &mut Scan) {
        let mut known = vec![self.process.pid];
        for thread in self.threads.clone() {
            let shares = |other: &i32| {
                // Where it cannot be asked, every table is looked at.
                self.ground.same_numbers
                    && share(*other, thread, Shared::Descriptors).unwrap_or(false)
            };
            if thread != self.process.pid && !known.iter().any(shares) {
                known.push(thread);
                if let Err(error) = self.descriptors_of(&format!("task/{thread}/"), visitor) {
                    self.note_descriptors(&error);
                }
            }
        }
    }

    fn calls(&mut self, visitor: &mut Scan) {
        let main = (self.process.pid, String::new());
        let threads = match &*self.threads {
            [] => vec![main],
            threads => threads.iter().map(|thread| (*thread, format!("task/{thread}/"))).collect(),
        };
        for (thread, directory) in threads {
            match self.call(&directory, visitor) {
                Err(error) if thread != self.process.pid || !self.is_headless() => {
                    self.note_calls(&error);
                }
                _ => {}
            }
            // Who may not look at one may not look at the others.
            if self.gaps.calls {
                break;
            }
        }
    }

    fn call(&mut self, directory: &str, visitor: &mut Scan) -> io::Result<()> {
        let mut buffer = [0; 256];
        let name = CString::new(format!("{directory}syscall"))?;
        match waiting::parse(self.process.read(&name, &mut buffer)?) {
            Doing::Waiting(call) => self.wait(directory, call, visitor),
            Doing::Other => Ok(()),
            Doing::Either { native, compat } => {
                let call = match self.process.has_64_bits()? {
                    true => native,
                    false => compat.map_err(|_| io::ErrorKind::Unsupported)?,
                };
                call.map_or(Ok(()), |call| self.wait(directory, call, visitor))
            }
        }
    }

    /// A thread waits in a call that can be of interest.
    fn wait(&mut self, directory: &str, call: Call, visitor: &mut Scan) -> io::Result<()> {
        let asked = self.ground.questions;
        let is_asked = |subject: Subject| asked.ways(&subject).is_some();
        let (subject, name) = match call {
            Call::Queue(id, name) => (Subject::Queue(IpcNamespace::OWN, id), name),
            Call::Set(id, name) => (Subject::Set(IpcNamespace::OWN, id), name),
            Call::Descriptor(fd, name) if fd >= 0 && self.ground.descriptors => {
                let stat = self.process.stat(&CString::new(format!("{directory}fd/{fd}"))?)?;
                (Subject::File(id(&stat)), name)
            }
            Call::Lock(call) if self.ground.questions.locks.any() => {
                return self.wait_for_lock(directory, &call, visitor);
            }
            Call::Word(address, name, operation) => {
                self.wait_for_word(directory, (address, operation), visitor);
                let within =
                    |(start, end, _): &&(u64, u64, FileId)| (*start..*end).contains(&address);
                let Some((_, _, file)) = self.words.iter().find(within) else { return Ok(()) };
                (Subject::File(*file), name)
            }
            Call::Open(from, path, name) if asked.opening() => {
                let Some(handle) = waiting::opened(self.process, directory, from, path)? else {
                    return Ok(());
                };
                let facts = described(&file::stat_remembered_of(&handle)?);
                let subject = Subject::File(facts.file);
                let classes = asked.classes_of(&facts, |class| class.sources.opening);
                let classes: Vec<usize> = classes.collect();
                if let (false, Some(path)) = (classes.is_empty(), path_of(&handle)) {
                    visitor.awaited.extend(classes.iter().map(|class| (*class, path.clone())));
                }
                if !classes.is_empty() || is_asked(subject) {
                    self.found.push((subject, How::Waiting(name), None));
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let is_file = subject.file().is_some();
        if is_asked(subject) && (is_file || self.thread_is_in_our_namespace(directory)) {
            self.found.push((subject, How::Waiting(name), None));
        }
        Ok(())
    }
}

impl ProcessScan<'_, '_> {
    /// A thread waits for a word in memory that is looked for.
    fn wait_for_word(
        &mut self,
        directory: &str,
        (address, operation): (u64, u64),
        visitor: &mut Scan,
    ) {
        let within =
            |(mapping, _): &&(Mapping, bool)| (mapping.start..mapping.end).contains(&address);
        let Some((mapping, is_segment)) = self.waited.iter().find(within).copied() else { return };
        // Without the flag, the word is one that others can share.
        if operation & waiting::PRIVATE != 0
            || is_segment && !self.thread_is_in_our_namespace(directory)
        {
            return;
        }
        let offset = (address - mapping.start).saturating_add(mapping.offset);
        let operation = operation & !waiting::FUTEX_FLAGS;
        let file = FileId { device: mapping.device, inode: mapping.inode };
        let (facts, pid) = (mapped(&mapping, file), self.process.pid);
        let place = ShownAs::WordWait(WordWait { offset, address, operation });
        for class in self.ground.questions.classes_of(&facts, |class| class.sources.words) {
            show(&mut visitor.showings, class, facts, Showing { pid, place });
        }
    }

    /// A thread waits for a lock on a file.
    fn wait_for_lock(
        &mut self,
        directory: &str,
        call: &LockCall,
        visitor: &mut Scan,
    ) -> io::Result<()> {
        let questions = self.ground.questions;
        let stat = self.process.stat(&CString::new(format!("{directory}fd/{}", call.fd))?)?;
        let facts = described(&stat);
        if !questions.locks.has(&facts.file) {
            return Ok(());
        }
        let pid = self.process.pid;
        let thread = directory.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let (access, range) = call.range(self.process, directory);
        let (fd, sort) = (call.fd, call.sort);
        let wait = LockWait { thread: thread.parse().unwrap_or(pid), fd, sort, access, range };
        for class in questions.classes_of(&facts, |class| class.sources.locks) {
            let place = ShownAs::LockWait(wait);
            show(&mut visitor.showings, class, facts, Showing { pid, place });
        }
        self.found.push((Subject::File(facts.file), How::Waiting(sort.call()), Some(fd)));
        Ok(())
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

/// What a mapping shows of a file.
fn mapped(mapping: &Mapping, file: FileId) -> FileFacts {
    FileFacts {
        file,
        mode: None,
        links: None,
        shared: mapping.shared,
        writable: mapping.write,
        details: None,
    }
}

/// The path of a file as it is seen from here.
fn path_of(handle: &std::os::fd::OwnedFd) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    std::fs::read_link(format!("/proc/self/fd/{}", handle.as_raw_fd())).ok()
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
