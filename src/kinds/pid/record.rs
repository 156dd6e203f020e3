//! A process, and what has been read of it: each part once, and only if somebody asks.

use std::cell::OnceCell;
use std::io;
use std::path::Path;

use super::threads::{self, ThreadRecord};
use super::waits;
use crate::model::{Clock, Fault, SignalSet, Value};
use crate::sys::processes::{Proc, Process, Status};
use crate::sys::procstatus::StatusLines;

/// A process, and what has been read of it.
pub(super) struct ProcessRecord {
    pub(super) process: Process,
    /// The thread that the address names.
    pub(super) thread: Option<i32>,
    pub(super) status: Status,
    pub(super) clock: Clock,
    lines: OnceCell<Result<StatusLines, &'static str>>,
    threads: OnceCell<Result<Vec<ThreadRecord>, &'static str>>,
    stuck: OnceCell<Result<SignalSet, &'static str>>,
}

impl ProcessRecord {
    pub(super) fn new(process: Process, thread: Option<i32>, clock: Clock) -> io::Result<Self> {
        let directory = directory(thread);
        let status = process.status_of(&directory)?;
        let (lines, threads, stuck) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Ok(Self { process, thread, status, clock, lines, threads, stuck })
    }

    pub(super) fn lines(&self) -> Result<&StatusLines, &'static str> {
        let read = || {
            threads::lines(&self.process, &directory(self.thread))
                .map_err(|error| Fault::reason(&error))
        };
        self.lines.get_or_init(read).as_ref().map_err(|reason| *reason)
    }

    /// The threads; of an address that names one, that one.
    pub(super) fn threads(&self) -> Result<&[ThreadRecord], &'static str> {
        let read = || {
            let all = threads::all(&self.process).map_err(|error| Fault::reason(&error))?;
            let is_meant = |one: &ThreadRecord| self.thread.is_none_or(|thread| one.tid == thread);
            Ok(all.into_iter().filter(is_meant).collect())
        };
        let threads: &Result<Vec<_>, _> = self.threads.get_or_init(read);
        threads.as_deref().map_err(|reason| *reason)
    }

    /// The set of signals that a line of `status` has.
    pub(super) fn signals(&self, pick: fn(&StatusLines) -> u64) -> Value {
        self.lines().map_or_else(Value::Unknown, |lines| names(SignalSet(pick(lines))))
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.status.state, b'T' | b't')
    }

    /// Signals that are pending and blocked by every thread that could take them.
    pub(super) fn stuck(&self) -> Result<SignalSet, &'static str> {
        let read = || threads::stuck(&self.process).map_err(|error| Fault::reason(&error));
        *self.stuck.get_or_init(read)
    }

    pub(super) fn stuck_signals(&self) -> SignalSet {
        self.stuck().unwrap_or_default()
    }

    /// The signal that has stopped it.
    pub(super) fn stopped_by(&self) -> Option<&'static str> {
        let is_stopped = self.status.state == b'T';
        is_stopped.then(|| crate::model::signal_name(self.status.exit_code & 0x7f)).flatten()
    }

    /// The parent, if a thread of that waits for a child to end: a stop does not wake it.
    pub(super) fn waiting_parent(&self, proc: &Path) -> Value {
        let parent = match self.lines() {
            Ok(lines) if lines.parent > 0 => lines.parent,
            Ok(_) => return Value::None("its parent cannot be seen from here"),
            Err(reason) => return Value::Unknown(reason),
        };
        let read = || {
            let parent = Proc::open(proc)?.process(parent)?;
            threads::wait_for_end(&parent, self.process.pid)
        };
        match read() {
            Ok(true) => Value::Pid(parent),
            Ok(false) => Value::None("no"),
            Err(error) => Value::Unknown(Fault::reason(&error)),
        }
    }

    /// The first thread that waits for an object of IPC, or else the first that waits at all.
    pub(super) fn waiting(&self) -> Option<&waits::ThreadWait> {
        let threads = self.threads().ok()?;
        let waiting = || threads.iter().filter_map(|thread| thread.waiting.as_ref().ok()?.as_ref());
        waiting().find(|waiting| waiting.is_ipc).or_else(|| waiting().next())
    }

    /// What it does, in a few words.
    pub(super) fn doing(&self) -> Value {
        let stuck = self.stuck_signals();
        match self.status.state {
            b'Z' => Value::Word("has ended and was not collected"),
            b'T' => self.stopped_by().map_or(Value::Word("stopped"), |name| {
                Value::Phrase([Value::Word("stopped by "), Value::Word(name)].into())
            }),
            b't' => Value::Word("stopped by its tracer"),
            _ if !stuck.is_empty() => {
                let parts =
                    [Value::Word("blocks "), names(stuck), Value::Word(", which is pending")];
                Value::Phrase(parts.into())
            }
            _ => match (self.waiting(), self.threads()) {
                (Some(waiting), _) => Value::Phrase(waiting.phrase().into()),
                (None, Ok(threads)) if threads.iter().all(|one| one.waiting.is_err()) => {
                    Value::Unknown("permission denied")
                }
                _ => Value::Word(threads::state_word(self.status.state)),
            },
        }
    }

    /// Returns true if it was asked what it waits for, and may not be.
    pub(super) fn is_unread(&self) -> bool {
        let threads = self.threads.get().and_then(|threads| threads.as_ref().ok());
        let is_denied = |one: &ThreadRecord| {
            let error = one.waiting.as_ref().err();
            error.is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        };
        threads.is_some_and(|threads| threads.iter().any(is_denied))
    }

    /// Returns true if it waits for an object of IPC or is in trouble: `list pid` shows it.
    pub(super) fn is_of_interest(&self) -> bool {
        self.status.state == b'Z'
            || self.is_stopped()
            || !self.stuck_signals().is_empty()
            || self.waiting().is_some_and(|waiting| waiting.is_ipc)
    }

    pub(super) fn started(&self) -> i64 {
        self.clock.started(self.status.start)
    }
}

/// The directory of a thread below that of its process.
pub(super) fn directory(thread: Option<i32>) -> String {
    thread.map(|thread| format!("task/{thread}/")).unwrap_or_default()
}

/// Signals by name.
pub(super) fn names(set: SignalSet) -> Value {
    let names: Vec<Value> = set.names().map(Value::Word).collect();
    if names.is_empty() { Value::None("none") } else { Value::List(names.into()) }
}
