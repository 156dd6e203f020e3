//! Write leases: the kernel's own answer to whether anybody else has a file open or mapped, whoever and
//! wherever they are. `fcntl(2)`, F_SETLEASE.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;

/// From the kernel's <asm-generic/fcntl.h>; the libc crate lacks it.
const F_SETSIG: libc::c_int = 10;

/// A write lease on an open file, given back when dropped. While it is held, others that open the file wait
/// (or get EAGAIN with O_NONBLOCK), so hold it for microseconds.
pub struct Lease<'a>(BorrowedFd<'a>);

impl<'a> Lease<'a> {
    /// Takes the lease: success proves that no other open file and no mapping of the file exists.
    ///
    /// # Errors
    /// EAGAIN: somebody holds the file. EACCES: only the owner and CAP_LEASE may ask. EINVAL: the file system
    /// has no leases.
    pub fn take(file: BorrowedFd<'a>) -> io::Result<Self> {
        let fd = file.as_raw_fd();
        // Somebody who opens the file meanwhile makes the kernel send SIGIO, which ends a process; SIGURG is ignored.
        // SAFETY: no pointer is passed.
        check(unsafe { libc::fcntl(fd, F_SETSIG, libc::SIGURG) })?;
        // SAFETY: no pointer is passed.
        check(unsafe { libc::fcntl(fd, libc::F_SETLEASE, libc::F_WRLCK) })?;
        Ok(Self(file))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // SAFETY: no pointer is passed. Failure leaves nothing: the kernel has taken the lease back already.
        let _ = unsafe { libc::fcntl(self.0.as_raw_fd(), libc::F_SETLEASE, libc::F_UNLCK) };
    }
}
