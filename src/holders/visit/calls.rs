//! What the threads of a process wait for.

use std::ffi::CString;
use std::io;
use std::path::PathBuf;

use super::mappings::mapped;
use super::{ProcessScan, Scan, described, id, show};
use crate::holders::waiting::{self, Call, Doing, LockCall};
use crate::model::{FileId, How, IpcNamespace, LockWait, Showing, ShownAs, Subject, WordWait};
use crate::sys::file;
use crate::sys::procmap::Mapping;

impl ProcessScan<'_> {
    pub(super) fn calls(&mut self, visitor: &mut Scan) {
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
        let asked = &self.ground.questions;
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
                self.wait_for_word(directory, (address, operation, name), visitor);
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
    /// A thread waits for a word in memory that is looked for.
    fn wait_for_word(
        &mut self,
        directory: &str,
        (address, operation, name): (u64, u64, &'static str),
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
        self.found.push((Subject::Word(file, offset), How::Waiting(name), None));
    }

    /// A thread waits for a lock on a file.
    fn wait_for_lock(
        &mut self,
        directory: &str,
        call: &LockCall,
        visitor: &mut Scan,
    ) -> io::Result<()> {
        let questions = &self.ground.questions;
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

/// The path of a file as it is seen from here.
fn path_of(handle: &std::os::fd::OwnedFd) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    std::fs::read_link(format!("/proc/self/fd/{}", handle.as_raw_fd())).ok()
}
