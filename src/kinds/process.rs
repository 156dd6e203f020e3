//! What runs under a process id that an object remembers, and whether it can be the one that was meant.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::model::{Clock, Value};
use crate::sys::processes::Proc;
use crate::sys::time::clocks;

/// The command of process `pid`, which did something to an object at `time` (seconds since the epoch, 0 for
/// unknown). A process that started later is another one under a used number.
pub(crate) fn command(proc: &Path, pid: i32, time: i64) -> Value {
    if pid == 0 {
        return Value::None("none");
    }
    let status = match Proc::open(proc).and_then(|proc| proc.process(pid)?.status()) {
        Ok(status) => status,
        // One that is hidden, or that cannot be read just now, is not there either.
        Err(_) if kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH) => {
            return Value::None("it has ended");
        }
        Err(_) => return Value::Unknown("the process could not be read"),
    };
    match is_later(status.start, time) {
        Ok(true) => Value::None("it has ended"),
        Ok(false) => Value::Name(OsString::from_vec(status.command).into()),
        Err(_) => Value::Unknown("the clocks could not be read"),
    }
}

/// Returns true if a process that was started so many ticks after boot began only after this time.
fn is_later(start: u64, time: i64) -> io::Result<bool> {
    let (now, up) = clocks()?;
    let clock = Clock::new(now, up, procfs::ticks_per_second());
    Ok(time != 0 && clock.is_later(start, time))
}

/// Command lines of processes, each read once: of a thousand objects most have the same maker.
#[derive(Default)]
pub struct CommandLines(BTreeMap<i32, Option<(u64, Box<OsStr>)>>);

impl CommandLines {
    /// The command line of process `pid`, its arguments with spaces between them, under the same rule as
    /// `command`; `None` when it has ended or cannot be read.
    pub fn get(&mut self, proc: &Path, pid: i32, time: i64) -> Option<&OsStr> {
        let known = self.0.entry(pid).or_insert_with(|| command_line(proc, pid));
        let (start, line) = known.as_ref()?;
        is_later(*start, time).is_ok_and(|later| !later).then_some(line)
    }
}

/// When a process started, and its command line.
fn command_line(proc: &Path, pid: i32) -> Option<(u64, Box<OsStr>)> {
    if pid == 0 {
        return None;
    }
    let process = Proc::open(proc).ok()?.process(pid).ok()?;
    let mut line = Vec::new();
    File::from(process.open(c"cmdline").ok()?).read_to_end(&mut line).ok()?;
    line.truncate(line.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    line.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    Some((process.status().ok()?.start, OsString::from_vec(line).into()))
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
