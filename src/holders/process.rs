//! Processes as objects remember them: by number. Whether the one that was meant still lives, is gone, or cannot
//! be told. Knows no kind of object.

use std::io;
use std::path::Path;

use crate::model::Clock;

/// A process and no later one under its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Its number.
    pub pid: i32,
    /// When it was started, in ticks since boot.
    pub start: u64,
}

/// What became of a process that an object remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs, or one that cannot be told from it.
    Alive(Identity),
    /// It has ended, and nobody runs under its number.
    Ended,
    /// It has ended, and another one that began later runs under its number.
    Recycled(Identity),
    /// It cannot be told, and why.
    Unknown(&'static str),
}

impl Life {
    /// Is it certain that it has ended?
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended | Self::Recycled(_))
    }
}

/// The clocks, for [`life`].
///
/// # Errors
/// None in practice: `clock_gettime(2)` of clocks that every kernel has.
pub fn clock() -> io::Result<Clock> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// Who runs under this number now.
///
/// # Errors
/// ENOENT and ESRCH when nobody does, or nobody who may be seen (`hidepid`).
pub fn identity(_proc: &Path, _pid: i32) -> io::Result<Identity> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

/// What became of process `pid`, which did something to an object at `time` (seconds since the epoch; `None`
/// when the object does not tell). 0 stands for a process that this pid namespace cannot see.
pub fn life(_proc: &Path, _clock: &Clock, _pid: i32, _time: Option<i64>) -> Life {
    Life::Unknown("it was not looked for")
}
