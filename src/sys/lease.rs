//! Write leases: the kernel's own answer to whether anybody else has a file open or mapped, whoever and
//! wherever they are. `fcntl(2)`, F_SETLEASE, F_GETLEASE.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Once;

use super::check;

/// A file with a write lease on it, which is given back when the file is closed with this. While it is held, others
/// that open the file wait (or get EAGAIN with O_NONBLOCK), so hold it for microseconds.
pub struct Lease(OwnedFd);

impl Lease {
    /// Takes the lease: success proves that no other open file and no mapping of the file exists.
    ///
    /// # Errors
    /// EAGAIN: somebody holds the file. EACCES: only the owner and CAP_LEASE may ask. EINVAL: the file system
    /// has no leases. The file comes back with the error.
    pub fn take(file: OwnedFd) -> Result<Self, (io::Error, OwnedFd)> {
        match set(&file) {
            Ok(()) => Ok(Self(file)),
            Err(error) => Err((error, file)),
        }
    }

    /// Returns true if no process has tried to open the file since. The first that does breaks the lease.
    ///
    /// [`fcntl(2)`](https://man7.org/linux/man-pages/man2/fcntl.2.html)
    #[doc(alias = "fcntl")]
    pub fn is_whole(&self) -> bool {
        // SAFETY: no pointer is passed.
        unsafe { libc::fcntl(self.0.as_raw_fd(), libc::F_GETLEASE) == libc::F_WRLCK }
    }

    /// The file.
    pub fn file(&self) -> &OwnedFd {
        &self.0
    }
}

fn set(file: &OwnedFd) -> io::Result<()> {
    static DEAF: Once = Once::new();
    // Somebody who opens the file meanwhile makes the kernel send SIGIO, which ends a process that does not ignore it.
    // SAFETY: ignoring a signal runs no code, and nothing else in the program uses this one.
    DEAF.call_once(|| unsafe {
        libc::signal(libc::SIGIO, libc::SIG_IGN);
    });
    // SAFETY: no pointer is passed.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) }).map(drop)
}
