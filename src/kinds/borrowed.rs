//! What a pipe or FIFO says through a descriptor that a process has of it, copied for a moment. Opening it, by its path or
//! below `/proc`, would add a reader or a writer: who waits for one would go on, and a writer without readers would not
//! learn that it has none. Knows no kind.

mod peek;
mod size;

pub(super) use peek::{Copied, content_of};
pub(super) use size::{RESIZING, resize, size_asked};

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::file::id;
use crate::model::{Access, Fault, FileId, Showing, ShownAs, Value};
use crate::sys::file;
use crate::sys::pidfd::ProcessHandle;
use crate::sys::{pipe, poll};

/// So many descriptors of one pipe are asked: the first that may be answers for all.
pub(super) const ASKED: usize = 8;

/// What a pipe says of itself.
#[derive(Clone, Debug)]
pub(super) struct PipeContent {
    /// [`Value::Bytes`] that it can hold.
    pub(super) capacity: Value,
    /// [`Value::Bytes`] in it.
    pub(super) queued: Value,
    /// [`Value::Flag`]: what is written comes out in packets. Only an end for writing tells.
    pub(super) packet: Value,
    /// No process has the end opposite of the one that was asked; `None` when none was asked.
    pub(super) alone: Option<bool>,
}

impl PipeContent {
    /// The same of all that could be asked.
    pub(super) fn all(value: Value) -> Self {
        Self { capacity: value.clone(), queued: value.clone(), packet: value, alone: None }
    }
}

/// Copies descriptors of processes. The process that was asked last is remembered: pipes of one process come together.
#[derive(Default)]
pub(crate) struct Borrower(Option<(i32, ProcessHandle)>);

impl Borrower {
    /// A copy of a descriptor, if it is one of this file; `None` when the process or its descriptor has gone meanwhile, or
    /// is another one by now.
    ///
    /// # Errors
    /// EPERM without the right to trace the process, ENOSYS before Linux 5.6.
    pub(crate) fn copy(
        &mut self,
        (pid, fd): (i32, i32),
        wanted: FileId,
    ) -> io::Result<Option<OwnedFd>> {
        match self.any(pid, fd) {
            Ok(copy) => Ok((id(&file::stat_remembered_of(&copy)?) == wanted).then_some(copy)),
            // The process that is remembered may have ended, and another one run under its number.
            Err(error) if is_gone(&error) => {
                self.0 = None;
                match self.any(pid, fd) {
                    Ok(copy) => {
                        Ok((id(&file::stat_remembered_of(&copy)?) == wanted).then_some(copy))
                    }
                    Err(error) if is_gone(&error) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn any(&mut self, pid: i32, fd: i32) -> io::Result<OwnedFd> {
        if self.0.as_ref().is_none_or(|(known, _)| *known != pid) {
            self.0 = Some((pid, ProcessHandle::open(pid)?));
        }
        match &self.0 {
            Some((_, process)) => process.descriptor(fd),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// What the pipe says through one of these descriptors; `absent` when none is left. An end for writing is asked first:
    /// our copy of one delays nothing but the end of file by microseconds, while a copy of an end for reading would let a
    /// write succeed that nobody will read.
    pub(super) fn content(
        &mut self,
        file: FileId,
        showings: &[Showing],
        absent: Value,
    ) -> PipeContent {
        let mut content = PipeContent::all(absent);
        let writes = |access| matches!(access, Access::Write | Access::ReadWrite);
        for writing in [true, false] {
            let ends = showings.iter().filter_map(|showing| match showing.place {
                ShownAs::Descriptor(fd, access) if writes(access) == writing => {
                    Some((showing.pid, fd))
                }
                _ => None,
            });
            for end in ends.take(ASKED) {
                match self
                    .copy(end, file)
                    .and_then(|copy| copy.map(|copy| asked(&copy)).transpose())
                {
                    Ok(Some(content)) => return content,
                    Ok(None) => {}
                    Err(error) => content = PipeContent::all(Value::Unknown(Fault::reason(&error))),
                }
            }
        }
        content
    }
}

/// What an open end says.
fn asked(end: &OwnedFd) -> io::Result<PipeContent> {
    let flags = OFlag::from_bits_retain(fcntl(end, FcntlArg::F_GETFL)?);
    let packet = match flags & OFlag::O_ACCMODE {
        OFlag::O_RDONLY => Value::Unknown("no process that writes to it could be asked"),
        _ => Value::Flag(flags.contains(OFlag::O_DIRECT)),
    };
    Ok(PipeContent {
        capacity: Value::Bytes(pipe::capacity(end.as_fd())?),
        queued: Value::Bytes(pipe::queued(end.as_fd())?),
        packet,
        alone: poll::is_alone(end).ok(),
    })
}

/// What the ends of a pipe say at one moment, as far as they could be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EndStates {
    /// Bytes in it.
    pub(crate) queued: Option<u64>,
    /// There is room to write. Only an end for writing knows, and bytes against capacity do not tell: what fills up is a
    /// number of pieces.
    pub(crate) writable: Option<bool>,
    /// No process can read from it any more: an end for writing knows.
    pub(crate) no_reader: Option<bool>,
    /// No process can write to it any more: an end for reading knows.
    pub(crate) no_writer: Option<bool>,
}

impl EndStates {
    /// Adds what another end says.
    pub(crate) fn add(&mut self, other: &Self) {
        self.queued = self.queued.or(other.queued);
        self.writable = self.writable.or(other.writable);
        self.no_reader = self.no_reader.or(other.no_reader);
        self.no_writer = self.no_writer.or(other.no_writer);
    }

    /// What two looks have in common.
    pub(crate) fn agreed(&self, later: &Self) -> Self {
        fn same<T: PartialEq + Copy>(one: Option<T>, two: Option<T>) -> Option<T> {
            one.filter(|_| one == two)
        }
        Self {
            queued: same(self.queued, later.queued),
            writable: same(self.writable, later.writable),
            no_reader: same(self.no_reader, later.no_reader),
            no_writer: same(self.no_writer, later.no_writer),
        }
    }
}

/// What an open end says of its pipe.
pub(crate) fn end_states(end: &OwnedFd) -> EndStates {
    let access = fcntl(end, FcntlArg::F_GETFL).map(|flags| flags & libc::O_ACCMODE);
    let (reads, writes) = match access {
        Ok(libc::O_RDONLY) => (true, false),
        Ok(libc::O_WRONLY) => (false, true),
        Ok(_) => (true, true),
        Err(_) => (false, false),
    };
    let alone = poll::is_alone(end).ok();
    EndStates {
        queued: pipe::queued(end.as_fd()).ok(),
        writable: if writes { poll::has_room(end).ok() } else { None },
        no_reader: alone.filter(|_| writes).map(|alone| alone && !reads),
        no_writer: alone.filter(|_| reads).map(|alone| alone && !writes),
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ESRCH | libc::EBADF | libc::ENOENT))
}
