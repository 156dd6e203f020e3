//! Waiting for descriptors, with a deadline and for signals: `ppoll(2)`. No wait lasts longer than `signal::LOOK`:
//! who waits comes back to look around.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use super::signal::{self, LOOK};

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// There is something to do.
    Ready,
    /// The time is over, or it is time to look around.
    Time,
    /// A signal came that somebody should look at.
    Signal,
}

/// Waits a while until `file` can be read without blocking, or has come to its end.
///
/// # Errors
/// ENOMEM.
pub fn readable(file: BorrowedFd<'_>, until: Option<Instant>) -> io::Result<Woken> {
    wait(file, PollFlags::POLLIN, until)
}

/// Waits a while until `file` can be written to without blocking, or nobody reads it any more.
///
/// # Errors
/// ENOMEM.
pub fn writable(file: BorrowedFd<'_>, until: Option<Instant>) -> io::Result<Woken> {
    wait(file, PollFlags::POLLOUT, until)
}

fn wait(file: BorrowedFd<'_>, what: PollFlags, until: Option<Instant>) -> io::Result<Woken> {
    if !signal::before_blocking(None)? {
        return Ok(Woken::Signal);
    }
    let left = until.map_or(LOOK, |until| until.saturating_duration_since(Instant::now()));
    // A signal from here on starts a timer that interrupts the call: see `signal`.
    match ppoll(&mut [PollFd::new(file, what)], Some(TimeSpec::from(left.min(LOOK))), None) {
        Ok(0) | Err(nix::Error::EINTR) => Ok(Woken::Time),
        Ok(_) => Ok(Woken::Ready),
        Err(error) => Err(error.into()),
    }
}

/// What the kernel says of a descriptor at once.
fn now(file: BorrowedFd<'_>, what: PollFlags) -> io::Result<PollFlags> {
    loop {
        let mut files = [PollFd::new(file, what)];
        return match nix::poll::poll(&mut files, nix::poll::PollTimeout::ZERO) {
            Ok(1..) => Ok(files[0].revents().unwrap_or(PollFlags::empty())),
            Ok(_) => Ok(PollFlags::empty()),
            // It does not wait, and a signal says nothing of the descriptor.
            Err(nix::Error::EINTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

/// Returns true if every reader of what is written to `file` has gone.
pub fn is_abandoned(file: impl AsFd) -> bool {
    now(file.as_fd(), PollFlags::empty()).is_ok_and(|found| found.contains(PollFlags::POLLERR))
}

/// Returns true if a pipe is empty and nobody writes to it any more.
pub fn has_ended(file: impl AsFd) -> bool {
    let what = PollFlags::POLLIN;
    now(file.as_fd(), what)
        .is_ok_and(|found| found.contains(PollFlags::POLLHUP) && !found.contains(what))
}

/// Returns true if the other end of a pipe is gone: for an end for writing every reader, for one for reading every writer.
///
/// # Errors
/// ENOMEM, EINVAL with RLIMIT_NOFILE of 0.
pub fn is_alone(file: impl AsFd) -> io::Result<bool> {
    let gone = PollFlags::POLLERR | PollFlags::POLLHUP;
    Ok(now(file.as_fd(), PollFlags::empty())?.intersects(gone))
}

/// Returns true if something can be written without waiting, or no reader is left.
///
/// # Errors
/// As [`is_alone`].
pub fn has_room(file: impl AsFd) -> io::Result<bool> {
    Ok(now(file.as_fd(), PollFlags::POLLOUT)?.intersects(PollFlags::POLLOUT | PollFlags::POLLERR))
}

/// Returns true as soon as every reader of what is written to `file` has gone, false after `pause` or a signal.
///
/// # Errors
/// ENOMEM.
pub fn abandoned_within(file: BorrowedFd<'_>, pause: Duration) -> io::Result<bool> {
    let mut files = [PollFd::new(file, PollFlags::empty())];
    match ppoll(&mut files, Some(TimeSpec::from(pause)), None) {
        Ok(found) => Ok(found > 0),
        Err(nix::Error::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns true if there is something to read right now.
pub fn has_bytes(file: impl AsFd) -> bool {
    now(file.as_fd(), PollFlags::POLLIN).is_ok_and(|found| found.contains(PollFlags::POLLIN))
}

/// Whether there is something to read from a pipe, and whether its last writer has gone, if one came since it was opened.
///
/// # Errors
/// ENOMEM, EINVAL with RLIMIT_NOFILE of 0.
pub fn state(file: impl AsFd) -> io::Result<(bool, bool)> {
    let found = now(file.as_fd(), PollFlags::POLLIN)?;
    Ok((found.contains(PollFlags::POLLIN), found.contains(PollFlags::POLLHUP)))
}
