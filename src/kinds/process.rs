//! What runs under a process id that an object remembers, and whether it can be the one that was meant.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use nix::time::{ClockId, clock_gettime};
use procfs::process::Process;

use crate::model::{Fault, Value};

/// A second of difference is normal: IPC times are whole seconds, start times hundredths.
const SLACK: i64 = 2;

/// The command of process `pid`, which did something to an object at `time` (seconds since the epoch, 0 for
/// unknown). A process that started later is another one under a used number.
pub(crate) fn command(proc: &Path, pid: i32, time: i64) -> Value {
    identified(proc, pid, time, |_, comm| Value::Name(OsString::from(comm).into()))
}

/// The command line of that process, its arguments with spaces between them.
pub fn command_line(proc: &Path, pid: i32, time: i64) -> Value {
    identified(proc, pid, time, |folder, _| match std::fs::read(folder.join("cmdline")) {
        Ok(mut line) => {
            line.truncate(line.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
            line.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
            Value::Name(OsString::from_vec(line).into())
        }
        Err(error) => Value::Unknown(Fault::reason(&error)),
    })
}

/// What `tell` says of the process, given its folder and command, if it can be the one that was meant.
fn identified(
    proc: &Path,
    pid: i32,
    time: i64,
    tell: impl FnOnce(&Path, String) -> Value,
) -> Value {
    if pid == 0 {
        return Value::None("none");
    }
    let folder = proc.join(pid.to_string());
    let Ok(stat) = Process::new_with_root(folder.clone()).and_then(|process| process.stat()) else {
        return Value::None("it has ended");
    };
    match started(stat.starttime) {
        Some(start) if time != 0 && start > time + SLACK => Value::None("it has ended"),
        Some(_) => tell(&folder, stat.comm),
        None => Value::Unknown("the clocks could not be read"),
    }
}

/// Seconds since the epoch of a start time in ticks since boot.
fn started(ticks: u64) -> Option<i64> {
    let now = clock_gettime(ClockId::CLOCK_REALTIME).ok()?.tv_sec();
    let up = clock_gettime(ClockId::CLOCK_BOOTTIME).ok()?.tv_sec();
    let since_boot = i64::try_from(ticks / procfs::ticks_per_second().max(1)).ok()?;
    Some(now - up + since_boot)
}

/// A process id as a fact: 0 is nobody when the thing never happened, and otherwise a process that this pid
/// namespace cannot see.
pub(crate) fn pid(pid: i32, happened: bool) -> Value {
    match pid {
        0 if happened => Value::Unknown("it is in another pid namespace"),
        0 => Value::None("none"),
        _ => Value::Pid(pid),
    }
}
