//! What runs under a process id that an object remembers, and whether it can be the one that was meant.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use nix::time::{ClockId, clock_gettime};
use procfs::process::Process;

use crate::model::Value;

/// A second of difference is normal: IPC times are whole seconds, start times hundredths.
const SLACK: i64 = 2;

/// The command of process `pid`, which did something to an object at `time` (seconds since the epoch, 0 for
/// unknown). A process that started later is another one under a used number.
pub(crate) fn command(proc: &Path, pid: i32, time: i64) -> Value {
    if pid == 0 {
        return Value::None("none");
    }
    let Ok(stat) =
        Process::new_with_root(proc.join(pid.to_string())).and_then(|process| process.stat())
    else {
        return Value::None("it has ended");
    };
    match started(stat.starttime) {
        Some(start) if is_later(start, time) => Value::None("it has ended"),
        Some(_) => Value::Name(OsString::from(stat.comm).into()),
        None => Value::Unknown("the clocks could not be read"),
    }
}

fn is_later(start: i64, time: i64) -> bool {
    time != 0 && start > time + SLACK
}

/// Command lines of processes, each read once: of a thousand objects most have the same maker.
#[derive(Default)]
pub struct CommandLines(BTreeMap<i32, Option<(i64, Box<OsStr>)>>);

impl CommandLines {
    /// The command line of process `pid`, its arguments with spaces between them, under the same rule as
    /// `command`; `None` when it has ended or cannot be read.
    pub fn get(&mut self, proc: &Path, pid: i32, time: i64) -> Option<&OsStr> {
        let known = self.0.entry(pid).or_insert_with(|| command_line(proc, pid));
        let (start, line) = known.as_ref()?;
        (!is_later(*start, time)).then_some(line)
    }
}

/// When a process started, and its command line.
fn command_line(proc: &Path, pid: i32) -> Option<(i64, Box<OsStr>)> {
    if pid == 0 {
        return None;
    }
    let folder = proc.join(pid.to_string());
    let stat = Process::new_with_root(folder.clone()).and_then(|process| process.stat()).ok()?;
    let mut line = std::fs::read(folder.join("cmdline")).ok()?;
    line.truncate(line.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    line.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    Some((started(stat.starttime)?, OsString::from_vec(line).into()))
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
