//! One process after the other: what it has of what is looked for. Knows files, ids and addresses, and leaves it to
//! others to make sense of them.

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::gaps::Gaps;
use super::maps::{self, MapsSource, MapsWanted};
use super::questions::{FileUse, Questions};
use super::waiting::{self, Call, Doing};
use super::{Key, ProcessInfo, Sighting, fds};
use crate::model::{Access, Descriptor, FileId, How};
use crate::sys::file::{self, Stat};
use crate::sys::kcmp::{Shared, share};
use crate::sys::processes::{self, Proc, Process};
use crate::sys::procmap::Mapping;
use crate::sys::{pipe, shm};

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
    /// The device of pipes without a name.
    pipes: Option<u64>,
    /// Bytes of an ordinary page.
    page: u64,
}

impl<'a> ScanContext<'a> {
    pub(super) fn new(proc: &'a Proc, questions: &'a Questions) -> Self {
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
            pipes: pipe::device().ok(),
            page: procfs::page_size(),
        }
    }

    /// Are all processes seen? Those outside this pid namespace only from the first one, that has no outside; those
    /// of others not where `/proc` hides them (`hidepid`), which hides the first process before all.
    pub(super) fn sees_all(&self) -> bool {
        self.proc.shows_all()
    }

    pub(super) fn same_numbers(&self) -> bool {
        self.same_numbers
    }

    /// Can a mapping with the inode of a segment be one?
    fn could_be_segment(&self, mapping: &Mapping) -> bool {
        // Segments of huge pages are on a device of their own for each size; no user can have such pages elsewhere.
        // The text of /proc does not tell the size of pages.
        let huge = mapping.page != 0 && mapping.page != self.page;
        mapping.shared && (mapping.device == self.segments || huge)
    }
}

/// Has a process, a thread or a descriptor ended while it was looked at? Memory that is not there any more is that of
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
    pub(super) marks: Vec<(Key, Sighting)>,
    pub(super) people: Vec<ProcessInfo>,
    /// Descriptors of FIFOs, when every FIFO is looked for.
    pub(super) fifos: Vec<(FileId, Descriptor)>,
    /// Paths of FIFOs that threads wait to open.
    pub(super) awaited: Vec<PathBuf>,
    pub(super) unread: usize,
    pub(super) gaps: Gaps,
}

/// One process while it is looked at.
struct ProcessScan<'v, 'a> {
    ground: &'a ScanContext<'a>,
    process: &'v Process,
    threads: Vec<i32>,
    found: Vec<(Key, How)>,
    /// Where semaphores are mapped: start, end, file.
    words: Vec<(u64, u64, FileId)>,
    gaps: Gaps,
}

impl<'a> Scan<'a> {
    pub(super) fn new(ground: &'a ScanContext<'a>) -> Self {
        Self {
            ground,
            source: MapsSource::Query,
            marks: Vec::new(),
            people: Vec::new(),
            fifos: Vec::new(),
            awaited: Vec::new(),
            unread: 0,
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
                self.unread += usize::from(!is_gone(&error));
                return;
            }
        };
        let mut visit = ProcessScan {
            ground: self.ground,
            process: &process,
            threads: Vec::new(),
            found: Vec::new(),
            words: Vec::new(),
            gaps: Gaps::default(),
        };
        visit.look(self);
        let ProcessScan { found, gaps, .. } = visit;
        // Kernel threads and zombies have nothing that could not be read.
        if gaps.any() && !process.status().is_ok_and(|status| status.is_empty()) {
            self.unread += 1;
            self.gaps.add(gaps);
        }
        if !found.is_empty() {
            self.people.push(ProcessInfo::new(&process));
            let marks = found.into_iter().map(|(key, how)| (key, Sighting { pid, how }));
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
            self.mappings(&mut visitor.source);
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

    fn mappings(&mut self, source: &mut MapsSource) {
        // All threads share their memory. When the main one has ended, only the others can be asked for it.
        match self.mappings_of("", source) {
            Ok(true) => return,
            _ if self.is_headless() => {}
            Ok(false) => return,
            Err(error) => return self.note_mappings(&error),
        }
        for thread in self.threads.clone() {
            match self.mappings_of(&format!("task/{thread}/"), source) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => self.note_mappings(&error),
            }
        }
    }

    /// Has the main thread ended before others? Then it has nothing any more, and what the kernel shows of it belongs to
    /// root.
    fn is_headless(&self) -> bool {
        !self.threads.is_empty()
            && self.process.status().is_ok_and(|status| matches!(status.state, b'Z' | b'X'))
    }

    /// Was there any mapping?
    fn mappings_of(&mut self, directory: &str, source: &mut MapsSource) -> io::Result<bool> {
        let ground = self.ground;
        let (mut any, mut files, mut segments) = (false, Vec::new(), Vec::new());
        maps::visit(self.process, directory, ground.which, source, &mut |mapping, is_segment| {
            any = true;
            let file = FileId { device: mapping.device, inode: mapping.inode };
            if let Some(sort) = ground.questions.files.get(&file) {
                files.push((*mapping, file, *sort));
            } else if let Ok(id) = u32::try_from(mapping.inode)
                && ground.questions.segments.contains(&id)
                && ground.could_be_segment(mapping)
                && is_segment()
            {
                segments.push((id, Access::new(mapping.read, mapping.write)));
            }
        })?;
        for (mapping, file, sort) in files {
            if sort == FileUse::Semaphore {
                self.words.push((mapping.start, mapping.end, file));
            }
            let how = if mapping.shared {
                How::Mapped(Access::new(mapping.read, mapping.write))
            } else {
                How::MappedPrivately
            };
            self.found.push((Key::File(file), how));
        }
        if !segments.is_empty() && self.is_in_our_namespace() {
            let key = |id| Key::Segment(id);
            self.found.extend(segments.into_iter().map(|(id, how)| (key(id), How::Attached(how))));
        }
        Ok(any)
    }

    /// Is the process, with any of its threads, in our IPC namespace? Ids are those of a namespace, and the same
    /// ones are in use in all.
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
        let found = &mut self.found;
        fds::visit(self.process, &table, &mut |opened| {
            let (file, stat) = (id(&opened.stat), &opened.stat);
            let named_fifo = stat.is(libc::S_IFIFO) && Some(stat.device) != ground.pipes;
            let wanted = ground.questions.every_fifo && named_fifo;
            if wanted {
                visitor.fifos.push((file, Descriptor { pid, fd: opened.number }));
            }
            if wanted || ground.questions.files.contains_key(&file) {
                found.push((Key::File(file), How::Open(opened.access())));
            }
        })
    }

    fn note_descriptors(&mut self, error: &io::Error) {
        let queues = !self.is_elsewhere();
        self.note(error, Gaps { descriptors: true, queues, ..Gaps::default() });
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
            Doing::Foreign => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// A thread waits in a call that can be of interest.
    fn wait(&mut self, directory: &str, call: Call, visitor: &mut Scan) -> io::Result<()> {
        let asked = self.ground.questions;
        let (key, name) = match call {
            Call::Queue(id, name) if asked.queues.contains(&id) => (Key::Queue(id), name),
            Call::Set(id, name) if asked.sets.contains(&id) => (Key::Set(id), name),
            Call::Descriptor(fd, name) if fd >= 0 && self.ground.descriptors => {
                let stat = self.process.stat(&CString::new(format!("{directory}fd/{fd}"))?)?;
                (Key::File(id(&stat)), name)
            }
            Call::Word(address, name) => {
                let within =
                    |(start, end, _): &&(u64, u64, FileId)| (*start..*end).contains(&address);
                let Some((_, _, file)) = self.words.iter().find(within) else { return Ok(()) };
                (Key::File(*file), name)
            }
            Call::Open(from, path, name) if asked.openers => {
                let Some(handle) = waiting::opened(self.process, directory, from, path)? else {
                    return Ok(());
                };
                let stat = file::stat(&handle)?;
                if !stat.is(libc::S_IFIFO) {
                    return Ok(());
                }
                if asked.every_fifo {
                    visitor.awaited.extend(path_of(&handle));
                }
                (Key::File(id(&stat)), name)
            }
            _ => return Ok(()),
        };
        let ours = match key {
            Key::Queue(_) | Key::Set(_) => self.thread_is_in_our_namespace(directory),
            Key::File(file) => asked.every_fifo || asked.files.contains_key(&file),
            Key::Segment(_) => false,
        };
        if ours {
            self.found.push((key, How::Waiting(name)));
        }
        Ok(())
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
