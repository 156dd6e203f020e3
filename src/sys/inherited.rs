//! Descriptors that whoever started this program has left open for it: `execve(2)`. Their flags are those of an open file that
//! others share, so none is changed here; only which commands inherit them is.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use super::check;

/// Those that no command inherits any more: by that flag this program's own are told from them.
static KEPT: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

/// A further descriptor of the same open file. From now on no command inherits the first one.
///
/// # Errors
/// EBADF for a descriptor that was not inherited.
///
/// [`fcntl(2)`](https://man7.org/linux/man-pages/man2/fcntl.2.html)
#[doc(alias = "fcntl")]
pub fn copy(fd: u32) -> io::Result<OwnedFd> {
    let no_descriptor = || io::Error::from_raw_os_error(libc::EBADF);
    let fd = RawFd::try_from(fd).map_err(|_| no_descriptor())?;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: numbers only.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFD) })?;
    // What is closed when a command begins was opened here.
    if flags & libc::FD_CLOEXEC != 0 && !kept.contains(&fd) {
        return Err(no_descriptor());
    }
    // SAFETY: numbers only.
    let copy = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, libc::STDERR_FILENO + 1) })?;
    // SAFETY: the kernel has just made this descriptor for us alone.
    let copy = unsafe { OwnedFd::from_raw_fd(copy) };
    if fd > libc::STDERR_FILENO {
        // SAFETY: numbers only; the flag belongs to this descriptor of this process.
        check(unsafe { libc::fcntl(fd, libc::F_SETFD, flags | libc::FD_CLOEXEC) })?;
        kept.insert(fd);
    }
    Ok(copy)
}
