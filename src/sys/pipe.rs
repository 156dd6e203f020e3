//! What is in a pipe, and how it behaves: `fcntl(2)` F_GETPIPE_SZ and F_SETFL, `ioctl(2)` FIONREAD.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;

/// Bytes that the pipe can hold.
///
/// # Errors
/// EBADF for a descriptor that is no open pipe.
pub fn capacity(pipe: BorrowedFd<'_>) -> io::Result<u64> {
    // SAFETY: no pointer is passed.
    let size = check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_GETPIPE_SZ) })?;
    Ok(size.unsigned_abs().into())
}

/// Bytes in the pipe.
///
/// # Errors
/// EBADF for a descriptor that is no open pipe.
pub fn queued(pipe: BorrowedFd<'_>) -> io::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int, and `bytes` outlives the call.
    check(unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut bytes) })?;
    Ok(bytes.unsigned_abs().into())
}

/// The device that pipes without a name are on.
///
/// # Errors
/// EMFILE, ENFILE.
pub fn device() -> io::Result<u64> {
    let (reader, _writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    Ok(super::file::stat(&reader)?.device)
}
