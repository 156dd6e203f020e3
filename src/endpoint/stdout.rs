//! Standard output as the place of delivery: what could not be written is known to the byte.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::StreamEnd;
use crate::model::{Class, Fault};
use crate::sys::{file, poll, signal};

/// After a signal a reader that takes nothing is waited for so long.
pub(super) const LAST_CHANCE: Duration = Duration::from_secs(1);

/// Standard output, without a buffer.
pub struct RawStdout {
    file: io::Stdout,
    /// It tells when nobody reads it any more.
    tells: bool,
}

impl RawStdout {
    /// The standard output of this process.
    pub fn standard() -> Self {
        let file = io::stdout();
        let tells =
            file::stat(&file).is_ok_and(|stat| stat.is(libc::S_IFIFO) || stat.is(libc::S_IFSOCK));
        Self { file, tells }
    }

    /// Its descriptor.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Returns true if every reader has gone.
    pub fn is_unread(&self) -> bool {
        self.tells && poll::is_abandoned(&self.file)
    }

    /// Writes all of `bytes`; `written` says how many were.
    ///
    /// # Errors
    /// [`StreamEnd::Unread`], [`StreamEnd::Signal`] when a signal comes and nobody takes the rest, and what writing says.
    pub fn write(&self, bytes: &[u8], written: &mut usize) -> Result<(), StreamEnd> {
        *written = 0;
        let mut last = None;
        while *written < bytes.len() {
            // The timer keeps interrupting a write that blocks after a signal.
            signal::before_blocking(last)?;
            match nix::unistd::write(&self.file, &bytes[*written..]) {
                Ok(length) => *written += length,
                Err(Errno::EINTR) => {
                    let Some(signal) = signal::ending() else { continue };
                    let last = *last.get_or_insert_with(|| Instant::now() + LAST_CHANCE);
                    if last <= Instant::now() {
                        return Err(StreamEnd::Signal(signal));
                    }
                }
                // Somebody who shares it has made it so.
                Err(Errno::EAGAIN) => {
                    poll::writable(self.file(), last)?;
                    if let Some(signal) = signal::ending()
                        && last.replace(Instant::now() + LAST_CHANCE).is_some()
                    {
                        return Err(StreamEnd::Signal(signal));
                    }
                }
                Err(error) => return Err(failure(&error.into())),
            }
        }
        Ok(())
    }
}

/// What an error of writing means.
pub fn failure(error: &io::Error) -> StreamEnd {
    match error.raw_os_error() {
        Some(libc::EPIPE) => StreamEnd::Unread,
        Some(libc::EBADF) => {
            StreamEnd::Fault(Fault::new(Class::Failed, "standard output is closed"))
        }
        Some(libc::ENOSPC | libc::EDQUOT) => {
            StreamEnd::Fault(Fault::new(Class::Failed, "no space is left for the answer"))
        }
        _ => {
            let cause = Fault::from_os(error).cause;
            StreamEnd::Fault(Fault::new(
                Class::Failed,
                format!("the answer cannot be written: {cause}"),
            ))
        }
    }
}
