//! Bytes from and to descriptors whoever opened them: `read(2)`, `write(2)`, with interruptions and
//! descriptors that do not block taken care of.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::check;

/// Reads what there is, at least a byte; 0 at the end.
///
/// # Errors
/// Those of `read(2)` but EINTR and EAGAIN.
pub fn read(from: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer is as long as the call is told, and outlives it.
    unsafe { read_raw(from, buffer.as_mut_ptr(), buffer.len()) }
}

/// Reads until the buffer is full or the end has come, and says how many bytes there are.
///
/// # Errors
/// As [`read`].
pub fn read_full(from: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(room) = buffer.get_mut(length..).filter(|room| !room.is_empty()) {
        match read(from, room)? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// Writes all of it.
///
/// # Errors
/// Those of `write(2)` but EINTR and EAGAIN.
pub fn write_all(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        // SAFETY: the bytes are as many as the call is told, and outlive it.
        let written = unsafe { write_raw(to, rest.as_ptr(), rest.len()) }?;
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// One `read(2)` into memory that need not be ours alone.
///
/// # Safety
/// `length` bytes at `place` are mapped for writing, or not mapped at all (then it is EFAULT).
pub(super) unsafe fn read_raw(
    from: BorrowedFd<'_>,
    place: *mut u8,
    length: usize,
) -> io::Result<usize> {
    // SAFETY: the caller's promise.
    patiently(from, libc::POLLIN, || unsafe { libc::read(from.as_raw_fd(), place.cast(), length) })
}

/// One `write(2)` out of memory that need not be ours alone.
///
/// # Safety
/// `length` bytes at `place` are mapped for reading, or not mapped at all (then it is EFAULT).
pub(super) unsafe fn write_raw(
    to: BorrowedFd<'_>,
    place: *const u8,
    length: usize,
) -> io::Result<usize> {
    // SAFETY: the caller's promise.
    patiently(to, libc::POLLOUT, || unsafe { libc::write(to.as_raw_fd(), place.cast(), length) })
}

/// Calls again after EINTR, and after EAGAIN when the descriptor is ready.
fn patiently(
    descriptor: BorrowedFd<'_>,
    events: libc::c_short,
    call: impl Fn() -> libc::ssize_t,
) -> io::Result<usize> {
    loop {
        match check(call()) {
            Ok(count) => return Ok(count.unsigned_abs()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut ready = libc::pollfd { fd: descriptor.as_raw_fd(), events, revents: 0 };
                // SAFETY: one pollfd, and the count says one.
                match check(unsafe { libc::poll(&raw mut ready, 1, -1) }) {
                    Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                    _ => {}
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// How many bytes are left in it, where that is known beforehand: in a regular file from where it stands.
///
/// [`lseek(2)`](https://man7.org/linux/man-pages/man2/lseek.2.html)
#[doc(alias = "lseek")]
pub fn left(from: BorrowedFd<'_>) -> Option<u64> {
    let stat = super::file::stat(from).ok().filter(|stat| stat.is(libc::S_IFREG))?;
    // SAFETY: no pointer is passed.
    let at = check(unsafe { libc::lseek(from.as_raw_fd(), 0, libc::SEEK_CUR) }).ok()?;
    // Files of /proc have no size but content all the same.
    (stat.size > 0).then(|| stat.size.saturating_sub(at.unsigned_abs()))
}

/// Standard output. Unlike that of the standard library it takes a closed one for the error that it is, and keeps nothing.
#[derive(Clone, Copy, Debug)]
pub struct StandardOutput;

impl StandardOutput {
    /// Fails where nothing can be written to it: it is closed, or a device that is full (`/dev/full`). Nothing is written.
    ///
    /// # Errors
    /// EBADF, ENOSPC.
    ///
    /// [`fcntl(2)`](https://man7.org/linux/man-pages/man2/fcntl.2.html)
    #[doc(alias = "fcntl")]
    pub fn check(self) -> io::Result<()> {
        let output = io::stdout();
        // SAFETY: no pointer is passed.
        let flags = check(unsafe { libc::fcntl(output.as_raw_fd(), libc::F_GETFL) })?;
        if flags & libc::O_ACCMODE == libc::O_RDONLY {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        // To write no byte to a socket may be a message.
        if super::file::stat(&output).is_ok_and(|stat| stat.is(libc::S_IFCHR)) {
            // SAFETY: no byte is read.
            unsafe { write_raw(output.as_fd(), std::ptr::NonNull::dangling().as_ptr(), 0) }?;
        }
        Ok(())
    }
}

impl io::Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // SAFETY: the bytes are as many as the call is told, and outlive it.
        unsafe { write_raw(io::stdout().as_fd(), bytes.as_ptr(), bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
