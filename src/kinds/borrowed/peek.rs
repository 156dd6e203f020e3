//! What is in a pipe or FIFO, without opening it: `tee(2)` on the descriptor of a process that has it open for reading.
//! To open it would release writers that wait for a reader.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice, tee};

use super::Borrower;
use crate::kinds::capability::{Attempt, ByteSource, Flow};
use crate::model::{Class, Fault, FileId, Findings, ShownAs, Wait};
use crate::sys::{pipe, poll, signal};

/// Bytes to move at a time: as many as a pipe can be made to hold.
const BLOCK: usize = 1 << 20;

/// A pipe of our own with a copy of what is in the file; it has no writer any more. `open` is who has it open.
pub(in crate::kinds) fn content_of(file: FileId, open: &Findings) -> Result<OwnedFd, Fault> {
    let (copy, to) =
        nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(io::Error::from)?;
    let Some(reader) = reader(file, open)? else { return Ok(copy) };
    let capacity = pipe::capacity(reader.as_fd())?;
    let wanted = i32::try_from(capacity).unwrap_or(i32::MAX);
    let room = fcntl(&to, FcntlArg::F_SETPIPE_SZ(wanted))
        .or_else(|_| fcntl(&to, FcntlArg::F_GETPIPE_SZ))
        .map_err(io::Error::from)?;
    let length = usize::try_from(capacity).unwrap_or(usize::MAX);
    let flags = SpliceFFlags::SPLICE_F_NONBLOCK;
    let copied = match tee(&reader, &to, length, flags) {
        Ok(copied) => copied as u64,
        // There is nothing in it.
        Err(Errno::EAGAIN) => 0,
        Err(error) => return Err(io::Error::from(error).into()),
    };
    let queued = pipe::queued(reader.as_fd()).unwrap_or(0);
    if room < wanted && copied < queued {
        return Err(Fault::new(
            Class::Limit,
            format!("{queued} bytes are in it, and only {copied} can be copied at once"),
        )
        .hint("raise fs.pipe-max-size"));
    }
    Ok(copy)
}

/// A reading descriptor of another process; `None` when no process has the file open, so that nothing can be in it.
fn reader(file: FileId, open: &Findings) -> Result<Option<OwnedFd>, Fault> {
    let mut borrower = Borrower::default();
    let (mut writers, mut refused) = (false, None);
    for showing in open.showings(&file) {
        let (pid, ShownAs::Descriptor(fd, _)) = (showing.pid, showing.place) else { continue };
        match borrower.copy((pid, fd), file) {
            Ok(Some(copy)) if reads(&copy)? => return Ok(Some(copy)),
            Ok(Some(_)) => writers = true,
            Ok(None) => {}
            Err(error) => refused = Some((pid, error)),
        }
    }
    match refused {
        Some((pid, error)) if error.kind() == io::ErrorKind::PermissionDenied => Err(Fault::new(
            Class::Denied,
            format!("process {pid} has it open, and its descriptor may not be borrowed"),
        )
        .hint_of_user(
            "run as root, or as the user of that process (kernel.yama.ptrace_scope allowing)",
        )),
        Some((_, error)) => Err(error.into()),
        None if writers => Err(Fault::new(
            Class::Failed,
            "no process has it open for reading, and to open it would release its writers",
        )),
        None if open.unread > 0 => Err(Fault::new(
            Class::Denied,
            "not every process could be read, and none of the others has it open",
        )
        .hint_of_user(
            "run as root, and outside of a container, from which not every process can be read",
        )),
        None => Ok(None),
    }
}

/// Returns true if what is in the file can be read through this descriptor.
fn reads(file: &OwnedFd) -> io::Result<bool> {
    let flags = OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL)?);
    Ok(flags & OFlag::O_ACCMODE != OFlag::O_WRONLY && !flags.contains(OFlag::O_PATH))
}

/// The bytes of a copy. None are added to them.
pub(in crate::kinds) struct Copied(pub(in crate::kinds) OwnedFd);

impl ByteSource for Copied {
    fn wait(&mut self, _wait: Wait) -> Result<Attempt<Flow>, Fault> {
        let flow = if poll::has_bytes(&self.0) { Flow::Bytes } else { Flow::End };
        Ok(Attempt::Done(flow))
    }

    fn wait_for_writer(&mut self, _wait: Wait) -> Result<Attempt<()>, Fault> {
        Ok(Attempt::Late)
    }

    fn read(&mut self, room: &mut [u8]) -> Result<usize, Fault> {
        match nix::unistd::read(&self.0, room) {
            Ok(length) => Ok(length),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    fn look(&mut self, _room: &mut [u8]) -> usize {
        0
    }

    fn splice(&mut self, to: BorrowedFd<'_>, waits: bool) -> io::Result<usize> {
        if waits && !signal::before_blocking(None)? {
            return Ok(0);
        }
        let more = if waits { SpliceFFlags::empty() } else { SpliceFFlags::SPLICE_F_NONBLOCK };
        match splice(&self.0, None, to, None, BLOCK, SpliceFFlags::SPLICE_F_MOVE | more) {
            Ok(moved) => Ok(moved),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}
