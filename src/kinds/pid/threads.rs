//! The threads of a process: what each does, since when, and its signals.

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;

use super::waits::{self, ThreadWait};
use crate::model::{SignalSet, Timestamp, Value};
use crate::sys::processes::{Process, Status, is_gone};
use crate::sys::procstatus::StatusLines;

/// A thread.
pub(super) struct ThreadRecord {
    pub(super) tid: i32,
    pub(super) status: Status,
    pub(super) lines: Option<StatusLines>,
    /// What it waits in; an error when its call could not be read.
    pub(super) waiting: io::Result<Option<ThreadWait>>,
}

/// The directories of the threads, with their numbers; the main thread's is that of the process.
///
/// # Errors
/// EACCES where `/proc` hides processes, ENOENT for one that has ended.
pub(super) fn directories(process: &Process) -> io::Result<Vec<(i32, String)>> {
    let (_, numbers) = process.numbers(c"task")?;
    Ok(numbers.into_iter().map(|thread| (thread, format!("task/{thread}/"))).collect())
}

/// The threads, in order of their numbers. Those that end meanwhile are left out.
///
/// # Errors
/// As [`directories`].
pub(super) fn all(process: &Process) -> io::Result<Vec<ThreadRecord>> {
    let records = directories(process)?.into_iter().filter_map(|(tid, directory)| {
        let status = process.status_of(&directory).ok()?;
        let waiting = waits::of_thread(process, &directory);
        let lines = lines(process, &directory).ok();
        Some(ThreadRecord { tid, status, lines, waiting })
    });
    Ok(records.collect())
}

/// The lines of `status` of a thread, or with an empty directory of the process.
///
/// # Errors
/// ENOENT for one that has ended.
pub(super) fn lines(process: &Process, directory: &str) -> io::Result<StatusLines> {
    let mut buffer = [0; 4096];
    let text = process.read(&CString::new(format!("{directory}status"))?, &mut buffer)?;
    StatusLines::parse(text).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Signals that are pending, and that every thread which could take them blocks: nobody gets them.
///
/// # Errors
/// ENOENT and ESRCH for a process that has ended.
pub(crate) fn stuck(process: &Process) -> io::Result<SignalSet> {
    let main = lines(process, "")?;
    if SignalSet(main.shared | main.pending).is_empty() && process.threads()? == 1 {
        return Ok(SignalSet::default());
    }
    let mut threads = Vec::new();
    for (_, directory) in directories(process)? {
        match lines(process, &directory) {
            Ok(one) => threads.push(one),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let all = threads.iter().fold(u64::MAX, |all, one| all & one.blocked);
    let own = threads.iter().fold(0, |own, one| own | (one.pending & one.blocked));
    Ok(SignalSet((main.shared & all) | own))
}

/// Returns true if a thread of the process waits for this child to end, or for any.
///
/// # Errors
/// EACCES and EPERM for the processes of others, ENOENT and ESRCH for one that has ended.
pub(super) fn wait_for_end(process: &Process, child: i32) -> io::Result<bool> {
    for (_, directory) in directories(process)? {
        match waits::waits_for_end(process, &directory, child) {
            Ok(false) => {}
            Err(error) if is_gone(&error) => {}
            other => return other,
        }
    }
    Ok(false)
}

/// The word for a letter of `/proc/PID/stat`.
pub(super) fn state_word(state: u8) -> &'static str {
    match state {
        b'R' => "running",
        b'S' => "sleeping",
        b'D' => "disk sleep",
        b'T' => "stopped",
        b't' => "traced",
        b'Z' => "zombie",
        b'X' => "dead",
        b'I' => "idle",
        b'P' => "parked",
        _ => "unknown",
    }
}

/// A command as the kernel keeps it.
pub(super) fn command(status: &Status) -> Value {
    Value::Name(OsString::from_vec(status.command.clone()).into())
}

/// The clock by which the scheduler notes when a thread ran last. It is compared with what it notes of ourselves, who run now.
pub(super) struct SchedulerClock {
    now: i64,
    own: Option<f64>,
}

impl SchedulerClock {
    pub(super) fn new(now: i64) -> Self {
        let own = std::fs::read("/proc/thread-self/sched").ok();
        Self { now, own: own.and_then(|text| last_run(&text)) }
    }

    /// When a thread ran last.
    pub(super) fn of(&self, thread: &ThreadRecord, process: &Process) -> Value {
        match thread.status.state {
            b'Z' | b'X' => Value::None("it has ended"),
            b'R' => Value::None("it runs"),
            _ => self.since(process, &format!("task/{}/", thread.tid)),
        }
    }

    /// When a process ran last whose main thread is its last one.
    pub(super) fn since(&self, process: &Process, directory: &str) -> Value {
        let read = || {
            let mut buffer = [0; 1024];
            let name = CString::new(format!("{directory}sched")).ok()?;
            let last = last_run(process.read(&name, &mut buffer).ok()?)?;
            Some((self.own? - last) / 1000.0)
        };
        match read() {
            // Each processor has its own count, and they differ by moments.
            Some(seconds) if seconds.is_finite() && (-5.0..1e10).contains(&seconds) => {
                let passed = seconds.max(0.0) as i64;
                Value::Age(Timestamp::seconds(self.now.saturating_sub(passed)))
            }
            _ => Value::Unknown("the scheduler does not tell"),
        }
    }
}

/// Milliseconds of the scheduler's clock at which it ran last.
fn last_run(text: &[u8]) -> Option<f64> {
    let lines = text.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut lines = lines.skip(2).filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| name.trim_end() == "se.exec_start")?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_last_run_is_read_from_its_line() {
        let text = b"x (12, #threads: 1)\n-----\nse.exec_start      :      13065569.268952\nse.vruntime : 1.0\n";
        assert_eq!(last_run(text), Some(13_065_569.268_952));
        assert_eq!(last_run(b""), None);
    }
}
