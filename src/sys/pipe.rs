//! What is in a pipe, and how it behaves: `fcntl(2)` F_GETPIPE_SZ and F_SETFL, `ioctl(2)` FIONREAD.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::OnceLock;

use super::check;

/// PIPE_BUF: a write of up to so many bytes is in a pipe as a whole or not at all, and is not mixed with those of others.
pub const PIPE_BUF: usize = 4096;

/// Bytes that the pipe can hold.
///
/// # Errors
/// EBADF for a descriptor that is no open pipe.
///
/// [`fcntl(2)`](https://man7.org/linux/man-pages/man2/fcntl.2.html)
#[doc(alias = "fcntl")]
pub fn capacity(pipe: BorrowedFd<'_>) -> io::Result<u64> {
    // SAFETY: no pointer is passed.
    let size = check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_GETPIPE_SZ) })?;
    Ok(size.unsigned_abs().into())
}

/// Makes the pipe hold at least so many bytes, and tells how many.
///
/// # Errors
/// EPERM above fs.pipe-max-size without CAP_SYS_RESOURCE, and above the pages that a user's pipes may have; EBUSY when there is
/// more in it.
///
/// [`fcntl(2)`](https://man7.org/linux/man-pages/man2/fcntl.2.html)
pub fn enlarge(pipe: BorrowedFd<'_>, bytes: usize) -> io::Result<u64> {
    let bytes =
        libc::c_int::try_from(bytes).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: no pointer is passed.
    let size = check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, bytes) })?;
    Ok(size.unsigned_abs().into())
}

/// Bytes in the pipe.
///
/// # Errors
/// EBADF for a descriptor that is no open pipe.
///
/// [`ioctl(2)`](https://man7.org/linux/man-pages/man2/ioctl.2.html)
#[doc(alias = "ioctl")]
pub fn queued(pipe: BorrowedFd<'_>) -> io::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int, and `bytes` outlives the call.
    check(unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut bytes) })?;
    Ok(bytes.unsigned_abs().into())
}

/// The device that pipes without a name are on, which stays the same while the machine runs; `None` when no pipe could be
/// made to find out.
pub fn device() -> Option<u64> {
    static DEVICE: OnceLock<Option<u64>> = OnceLock::new();
    *DEVICE.get_or_init(|| {
        let (reader, _writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).ok()?;
        Some(super::file::stat(&reader).ok()?.device)
    })
}
