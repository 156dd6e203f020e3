//! Another process's descriptors: `pidfd_open(2)`, `pidfd_getfd(2)`.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::{descriptor, file, silent};

/// The inode by which the kernel tells a process from every other that ever has its number: that of its file in pidfs. `None` before
/// Linux 6.9, where all have the same.
///
/// # Errors
/// ESRCH when it has ended, ENOSYS before Linux 5.3.
///
/// [`pidfd_open(2)`](https://man7.org/linux/man-pages/man2/pidfd_open.2.html)
#[doc(alias = "pidfd_open")]
pub fn inode(pid: i32) -> io::Result<Option<u64>> {
    // SAFETY: no pointer is passed.
    let process = descriptor(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    let (stat, shared) = (file::stat(&process)?, anonymous_device()?);
    Ok((stat.device != shared).then_some(stat.inode))
}

/// The device of descriptors without a file of their own.
fn anonymous_device() -> io::Result<u64> {
    use nix::sys::eventfd::{EfdFlags, EventFd};
    let event = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC)?;
    Ok(file::stat(&event)?.device)
}

/// A copy of descriptor `fd` of process `pid`: the same open file, not another opening of it, so that nobody
/// who waits for one is released.
///
/// # Errors
/// EPERM without the right to trace the process, ESRCH and EBADF when it or the descriptor is gone, ENOSYS
/// before Linux 5.6.
pub fn duplicate(pid: i32, fd: i32) -> io::Result<OwnedFd> {
    ProcessHandle::open(pid)?.descriptor(fd)
}

/// A process, and no later one under its number.
pub struct ProcessHandle(OwnedFd);

impl ProcessHandle {
    /// The process that has this number now.
    ///
    /// # Errors
    /// ESRCH when there is none, ENOSYS before Linux 5.3, ETIMEDOUT for one that is known not to answer.
    ///
    /// [`pidfd_open(2)`](https://man7.org/linux/man-pages/man2/pidfd_open.2.html)
    #[doc(alias = "pidfd_open")]
    pub fn open(pid: i32) -> io::Result<Self> {
        silent::refuse(pid)?;
        // SAFETY: no pointer is passed.
        descriptor(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) }).map(Self)
    }

    /// A copy of its descriptor `fd`: the same open file, not another opening of it.
    ///
    /// # Errors
    /// EPERM without the right to trace the process, ESRCH and EBADF when it or the descriptor is gone, ENOSYS
    /// before Linux 5.6.
    ///
    /// [`pidfd_getfd(2)`](https://man7.org/linux/man-pages/man2/pidfd_getfd.2.html)
    #[doc(alias = "pidfd_getfd")]
    pub fn descriptor(&self, fd: i32) -> io::Result<OwnedFd> {
        // SAFETY: no pointer is passed.
        descriptor(unsafe { libc::syscall(libc::SYS_pidfd_getfd, self.0.as_raw_fd(), fd, 0) })
    }
}
