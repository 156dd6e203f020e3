//! What is in a FIFO, without opening it: `tee(2)` on the descriptor of a process that has it open for reading.
//! To open it would release writers that wait for a reader.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, tee};

use crate::kinds::capability::Query;
use crate::kinds::file::id;
use crate::model::{Class, Fault, ShownAs};
use crate::sys::file::{self, Stat};
use crate::sys::{pidfd, pipe};

/// A pipe of our own with a copy of what is in the FIFO; it has no writer any more.
pub(super) fn copy(look: &Query, fifo: &Stat) -> Result<OwnedFd, Fault> {
    let (copy, to) =
        nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(io::Error::from)?;
    let Some(reader) = reader(look, fifo)? else { return Ok(copy) };
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
        .hint("raise fs.pipe-max-size, or run as root"));
    }
    Ok(copy)
}

/// A reading descriptor of somebody else's; `None` when nobody has the FIFO open, so that nothing can be in it.
fn reader(look: &Query, fifo: &Stat) -> Result<Option<OwnedFd>, Fault> {
    let open = look.processes.found(&super::FIFOS);
    let (mut writers, mut refused) = (false, None);
    for showing in open.files.get(&id(fifo)).into_iter().flatten() {
        let (pid, ShownAs::Descriptor(fd, _)) = (showing.pid, showing.place) else { continue };
        match borrow(pid, fd, fifo) {
            Ok(Some(reader)) => return Ok(Some(reader)),
            Ok(None) => writers = true,
            Err(error) => refused = Some((pid, error)),
        }
    }
    match refused {
        Some((pid, error)) if error.kind() == io::ErrorKind::PermissionDenied => Err(Fault::new(
            Class::Denied,
            format!("process {pid} has it open, and its descriptor may not be borrowed"),
        )
        .hint("run as root, or as the user of that process (kernel.yama.ptrace_scope allowing)")),
        Some((_, error)) => Err(error.into()),
        None if writers => Err(Fault::new(
            Class::Failed,
            "no process has it open for reading, and to open it would release its writers",
        )),
        None if open.unread > 0 => Err(Fault::new(
            Class::Denied,
            "not every process could be read, and none of the others has it open",
        )
        .hint("run as root, and outside of a container, from which not every process can be read")),
        None => Ok(None),
    }
}

/// The descriptor of another process, if the FIFO can be read by it.
fn borrow(pid: i32, fd: i32, fifo: &Stat) -> io::Result<Option<OwnedFd>> {
    let file = match pidfd::duplicate(pid, fd) {
        Ok(file) => file,
        // The process or its descriptor has gone meanwhile.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ESRCH | libc::EBADF)) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let stat = file::stat(&file)?;
    let flags = OFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFL)?);
    let reads = flags & OFlag::O_ACCMODE != OFlag::O_WRONLY && !flags.contains(OFlag::O_PATH);
    Ok((reads && (stat.device, stat.inode) == (fifo.device, fifo.inode)).then_some(file))
}
