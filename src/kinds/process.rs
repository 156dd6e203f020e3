//! What runs under a process id that an object remembers, and whether it can be the one that was meant.

use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use crate::model::{Clock, Value};
use crate::sys::processes::{Proc, Status};
use crate::sys::time::clocks;

/// The command of process `pid`, which did something to an object at `time` (seconds since the epoch, 0 for
/// unknown). A process that started later is another one under a used number.
pub(crate) fn command(proc: &Path, pid: i32, time: i64) -> Value {
    if pid == 0 {
        return Value::None("none");
    }
    let Ok(status) = Proc::open(proc).and_then(|proc| proc.process(pid)?.status()) else {
        return Value::None("it has ended");
    };
    match is_later(&status, time) {
        Ok(true) => Value::None("it has ended"),
        Ok(false) => Value::Name(std::ffi::OsString::from_vec(status.command).into()),
        Err(_) => Value::Unknown("the clocks could not be read"),
    }
}

fn is_later(status: &Status, time: i64) -> io::Result<bool> {
    let (now, up) = clocks()?;
    let clock = Clock { now, boot: now - up, ticks: procfs::ticks_per_second() };
    Ok(time != 0 && clock.is_later(status.start, time))
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
