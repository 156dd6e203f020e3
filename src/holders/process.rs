//! Processes as objects remember them: by number. Whether the one that was meant still lives, is gone, or cannot
//! be told. Knows no kind of object.

use std::ffi::CStr;
use std::io;
use std::path::Path;

use nix::sys::statfs::{TMPFS_MAGIC, fstatfs};

use crate::model::Clock;
use crate::sys::processes::{self, Proc};
use crate::sys::time::clocks;
use crate::sys::{directory, file};

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
    /// Returns true if it has certainly ended.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended | Self::Recycled(_))
    }
}

/// The clocks, for [`life`].
///
/// # Errors
/// None in practice: `clock_gettime(2)` of clocks that every kernel has.
pub fn clock() -> io::Result<Clock> {
    let (now, up) = clocks()?;
    Ok(Clock::new(now, up, procfs::ticks_per_second()).with_births(births()))
}

/// When the file systems in memory were made that a machine has from its boot on, in seconds since the epoch.
fn births() -> impl Iterator<Item = i64> {
    const PLACES: [&CStr; 4] = [c"/dev", c"/dev/shm", c"/run", c"/sys/fs/cgroup"];
    PLACES.into_iter().filter_map(|path| {
        let directory = directory::handle(path).ok()?;
        let system = fstatfs(&directory).ok()?.filesystem_type();
        let born = file::stat(&directory).ok()?.born?.0;
        (system == TMPFS_MAGIC).then_some(born)
    })
}

/// Who runs under this number now: ENOENT for a process that has ended but for its entry (a zombie), too.
///
/// # Errors
/// ENOENT and ESRCH when nobody does, or nobody who may be seen (`hidepid`).
pub fn identity(proc: &Path, pid: i32) -> io::Result<Identity> {
    let status = Proc::open(proc)?.process(pid)?.status()?;
    if status.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(Identity { pid, start: status.start })
}

/// What became of process `pid`, which did something to an object at `time` (seconds since the epoch; `None`
/// when the object does not tell). 0 stands for a process that this pid namespace cannot see.
///
/// Numbers in objects are those of our own pid namespace, whatever `/proc` shows. So is the answer of `kill(2)`,
/// which alone proves that nobody is there: `/proc` may hide processes.
pub fn life(proc: &Path, clock: &Clock, pid: i32, time: Option<i64>) -> Life {
    if pid <= 0 {
        return Life::Unknown("it is in another pid namespace");
    }
    match processes::exists(pid) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Life::Ended,
        Err(_) => return Life::Unknown("it could not be asked for"),
    }
    let Ok(proc) = Proc::open(proc) else {
        return Life::Unknown("the process file system cannot be read");
    };
    if proc.own_pid() != i32::try_from(std::process::id()).ok() {
        return Life::Unknown("the process file system shows another pid namespace");
    }
    match proc.process(pid).and_then(|process| process.status()) {
        Ok(status) if status.is_empty() => Life::Ended,
        Ok(status) => {
            let identity = Identity { pid, start: status.start };
            match time {
                Some(time) if clock.is_later(status.start, time) => Life::Recycled(identity),
                _ => Life::Alive(identity),
            }
        }
        // It was there a moment ago.
        Err(_) if processes::exists(pid).is_err() => Life::Ended,
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Life::Unknown("it does not answer")
        }
        Err(_) => Life::Unknown("the process file system hides it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> i32 {
        i32::try_from(std::process::id()).unwrap()
    }

    #[test]
    fn a_process_that_began_after_the_time_runs_under_a_number_that_was_used_before() {
        let (proc, clock) = (Path::new("/proc"), clock().unwrap());
        let identity = identity(proc, own()).unwrap();
        let started = clock.started(identity.start);
        assert_eq!(life(proc, &clock, own(), None), Life::Alive(identity));
        assert_eq!(life(proc, &clock, own(), Some(started - 2)), Life::Alive(identity));
        assert_eq!(life(proc, &clock, own(), Some(started - 4)), Life::Recycled(identity));
        // Before boot: the clock was stepped.
        assert_eq!(life(proc, &clock, own(), Some(clock.boot - 10)), Life::Alive(identity));
    }

    #[test]
    fn a_process_that_was_waited_for_has_ended_and_a_zombie_too() {
        let (proc, clock) = (Path::new("/proc"), clock().unwrap());
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        while !life(proc, &clock, pid, None).is_over() {
            crate::sys::time::pause(std::time::Duration::from_millis(1));
        }
        assert_eq!(life(proc, &clock, pid, None), Life::Ended);
        child.wait().unwrap();
        assert_eq!(life(proc, &clock, pid, None), Life::Ended);
    }

    #[test]
    fn number_0_is_a_process_that_cannot_be_seen() {
        let clock = clock().unwrap();
        assert!(matches!(life(Path::new("/proc"), &clock, 0, None), Life::Unknown(_)));
    }

    #[test]
    fn without_a_process_file_system_nothing_is_known_of_one_that_runs() {
        let clock = clock().unwrap();
        assert!(matches!(life(Path::new("/nonexistent"), &clock, own(), None), Life::Unknown(_)));
    }
}
