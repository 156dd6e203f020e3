//! Processes: what each has open, what it shares, what its threads wait in, and its signals. `proc(5)`.
//!
//! A process is looked at through `/proc` and never traced or stopped: `ptrace(2)` would make some of its calls fail.

mod behind;
mod descriptors;
mod mappings;
mod threads;
mod waits;

use std::cell::OnceCell;
use std::ffi::OsString;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::KindRecord;
use super::capability::{Each, Inspect, Query};
use super::fact::{Fact, FactPlan, fields};
use crate::model::{
    Breadth, Class, Clock, Facility, Family, Fault, Field, FileClass, Found, Holding, Kind,
    Locator, Object, ObjectName, PROCESS, Part, ProcessName, ProcessPart, Rows, SignalSet, Sources,
    Subject, Timestamp, Trace, Vacancy, Value,
};
use crate::sys::processes::{Proc, Process, Status, is_gone};
use crate::sys::procstatus::StatusLines;
use crate::sys::time::clocks;
use crate::sys::{kcmp, pidfd};
use threads::ThreadRecord;
pub(crate) use threads::stuck;

static KIND: Kind = Kind {
    name: "pid",
    facility: Facility::Pid,
    family: Family::Kernel,
    forms: &[&PROCESS],
    file_type: None,
    listed: Breadth::Facility,
    about: "process",
    fields: || fields(FACTS),
    content: &[Part::Fact("command"), Part::Word(": "), Part::Fact("doing")],
};

/// The ends of pipes and FIFOs that the processes have which are shown.
static ENDS: FileClass = FileClass {
    name: "end",
    sources: Sources { descriptors: true, ..Sources::NONE },
    is: |_| true,
};

static HOLDING: Holding = Holding { vacancy: Vacancy::Existence, ..Holding::NONE };

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord::read_only(&KIND, &HOLDING, &Pid);

/// A process, and what has been read of it.
struct ProcessRecord {
    process: Process,
    /// The thread that the address names.
    thread: Option<i32>,
    status: Status,
    clock: Clock,
    lines: OnceCell<Result<StatusLines, &'static str>>,
    threads: OnceCell<Result<Vec<ThreadRecord>, &'static str>>,
    stuck: OnceCell<Result<SignalSet, &'static str>>,
}

impl ProcessRecord {
    fn new(process: Process, thread: Option<i32>, clock: Clock) -> io::Result<Self> {
        let directory = directory(thread);
        let status = process.status_of(&directory)?;
        let (lines, threads, stuck) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Ok(Self { process, thread, status, clock, lines, threads, stuck })
    }

    fn lines(&self) -> Result<&StatusLines, &'static str> {
        let read = || {
            threads::lines(&self.process, &directory(self.thread))
                .map_err(|error| Fault::reason(&error))
        };
        self.lines.get_or_init(read).as_ref().map_err(|reason| *reason)
    }

    /// The threads; of an address that names one, that one.
    fn threads(&self) -> Result<&[ThreadRecord], &'static str> {
        let read = || {
            let all = threads::all(&self.process).map_err(|error| Fault::reason(&error))?;
            let is_meant = |one: &ThreadRecord| self.thread.is_none_or(|thread| one.tid == thread);
            Ok(all.into_iter().filter(is_meant).collect())
        };
        let threads: &Result<Vec<_>, _> = self.threads.get_or_init(read);
        threads.as_deref().map_err(|reason| *reason)
    }

    /// The set of signals that a line of `status` has.
    fn signals(&self, pick: fn(&StatusLines) -> u64) -> Value {
        self.lines().map_or_else(Value::Unknown, |lines| names(SignalSet(pick(lines))))
    }

    fn is_stopped(&self) -> bool {
        matches!(self.status.state, b'T' | b't')
    }

    /// Signals that are pending and blocked by every thread that could take them.
    fn stuck(&self) -> Result<SignalSet, &'static str> {
        let read = || threads::stuck(&self.process).map_err(|error| Fault::reason(&error));
        *self.stuck.get_or_init(read)
    }

    fn stuck_signals(&self) -> SignalSet {
        self.stuck().unwrap_or_default()
    }

    /// The signal that has stopped it.
    fn stopped_by(&self) -> Option<&'static str> {
        let is_stopped = self.status.state == b'T';
        is_stopped.then(|| crate::model::signal_name(self.status.exit_code & 0x7f)).flatten()
    }

    /// The parent, if a thread of that waits for a child to end: a stop does not wake it.
    fn waiting_parent(&self, proc: &Path) -> Value {
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
    fn waiting(&self) -> Option<&waits::ThreadWait> {
        let threads = self.threads().ok()?;
        let waiting = || threads.iter().filter_map(|thread| thread.waiting.as_ref().ok()?.as_ref());
        waiting().find(|waiting| waiting.is_ipc).or_else(|| waiting().next())
    }

    /// What it does, in a few words.
    fn doing(&self) -> Value {
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
    fn is_unread(&self) -> bool {
        let threads = self.threads.get().and_then(|threads| threads.as_ref().ok());
        let is_denied = |one: &ThreadRecord| {
            let error = one.waiting.as_ref().err();
            error.is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        };
        threads.is_some_and(|threads| threads.iter().any(is_denied))
    }

    /// Returns true if it waits for an object of IPC or is in trouble: `list pid` shows it.
    fn is_of_interest(&self) -> bool {
        self.status.state == b'Z'
            || self.is_stopped()
            || !self.stuck_signals().is_empty()
            || self.waiting().is_some_and(|waiting| waiting.is_ipc)
    }

    fn started(&self) -> i64 {
        self.clock.started(self.status.start)
    }
}

/// The directory of a thread below that of its process.
fn directory(thread: Option<i32>) -> String {
    thread.map(|thread| format!("task/{thread}/")).unwrap_or_default()
}

/// Signals by name.
fn names(set: SignalSet) -> Value {
    let names: Vec<Value> = set.names().map(Value::Word).collect();
    if names.is_empty() { Value::None("none") } else { Value::List(names.into()) }
}

static FACTS: &[Fact<ProcessRecord>] = &[
    Fact::free("command", "Command, as the kernel keeps it: up to 15 bytes.", |one, _| {
        threads::command(&one.status)
    }),
    Fact::costly("arguments", "Command line, a word for each argument.", |one, _| {
        arguments(&one.process)
    }),
    Fact::costly("doing", "What it does: the call that it waits in, and on what.", |one, _| {
        one.doing()
    }),
    Fact::free(
        "run-state",
        "running, sleeping, disk sleep, stopped, traced, zombie, idle.",
        |one, _| Value::Word(threads::state_word(one.status.state)),
    ),
    Fact::costly(
        "ended",
        "When it ended, of a process that its parent has not collected.",
        |one, _| match one.status.state {
            b'Z' | b'X' => threads::SchedulerClock::new(one.clock.now).since(&one.process, ""),
            _ => Value::None("it has not ended"),
        },
    ),
    Fact::costly("stopped-by", "The signal that has stopped it.", |one, _| {
        one.stopped_by().map_or(Value::None("none"), Value::Word)
    }),
    Fact::costly(
        "awaited-by",
        "Its parent, while that waits for the end of this process or of any child, and not for a stop.",
        |one, look| one.waiting_parent(look.proc),
    ),
    Fact::costly(
        "init",
        "It is the first process of a pid namespace: signals that it has no handler for do nothing.",
        |one, _| {
            one.lines().map_or_else(Value::Unknown, |lines| {
                Value::Flag(lines.numbers.last().is_some_and(|number| *number == 1))
            })
        },
    ),
    Fact::costly("parent", "Process id of its parent; 0 if that cannot be seen.", |one, _| {
        one.lines().map_or_else(Value::Unknown, |lines| Value::Pid(lines.parent))
    }),
    Fact::costly(
        "identity",
        "Address that is never that of a later process with the same number.",
        |one, _| Value::Address(identity(one)),
    ),
    Fact::free("started", "When it was started.", |one, _| {
        Value::Time(Timestamp::seconds(one.started()))
    }),
    Fact::free("thread-count", "Threads.", |one, _| Value::Count(one.status.threads)),
    Fact::costly("pending", "Signals that are pending for the process as a whole.", |one, _| {
        one.signals(|lines| lines.shared)
    }),
    Fact::costly(
        "blocked",
        "Signals that its main thread blocks, or the thread that is named.",
        |one, _| one.signals(|lines| lines.blocked),
    ),
    Fact::costly("ignored", "Signals that it ignores.", |one, _| {
        one.signals(|lines| lines.ignored)
    }),
    Fact::costly("caught", "Signals for which it has a handler.", |one, _| {
        one.signals(|lines| lines.caught)
    }),
    Fact::costly("stuck", "Signals that are pending and that every thread blocks.", |one, _| {
        one.stuck().map_or_else(Value::Unknown, names)
    }),
    Fact::costly(
        "queued-signals",
        "Signals that are queued for its user, in all processes.",
        |one, _| one.lines().map_or_else(Value::Unknown, |lines| Value::Count(lines.queued.0)),
    ),
    Fact::costly("queued-limit", "How many may be queued: RLIMIT_SIGPENDING.", |one, _| {
        one.lines().map_or_else(Value::Unknown, |lines| Value::Count(lines.queued.1))
    }),
    Fact::costly("descriptor-count", "Descriptors that it has open.", |one, _| {
        descriptors::count(&one.process, &directory(one.thread))
    }),
    Fact::costly(
        "shares",
        "What it shares with other processes that are shown: descriptors, memory.",
        shares,
    ),
    Fact::costly("threads", "Each thread: what it waits in, since when, its signals.", |one, _| {
        thread_rows(one)
    }),
    Fact::costly("descriptors", "Each descriptor, and who has the other end.", |one, look| {
        descriptors::rows(&one.process, &directory(one.thread), look)
    }),
    Fact::costly(
        "mappings",
        "Memory that it shares: segments, files, memory without a name.",
        |one, _| mapping_rows(one),
    ),
    Fact::costly("locks", "Locks on files that it holds.", |one, _| {
        descriptors::lock_rows(&one.process, &directory(one.thread))
    }),
];

fn arguments(process: &Process) -> Value {
    const MOST: u64 = 4096;
    let mut line = Vec::new();
    let read = process
        .open(c"cmdline")
        .and_then(|file| std::fs::File::from(file).take(MOST).read_to_end(&mut line));
    line.truncate(line.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    let words = line.split(|byte| *byte == 0);
    let words = words.map(|word| Value::Name(OsString::from_vec(word.to_vec()).into()));
    match read {
        Ok(_) if line.is_empty() => Value::None("none"),
        Ok(_) => Value::List(words.collect()),
        Err(error) => Value::Unknown(Fault::reason(&error)),
    }
}

/// The address of this process and of no later one.
fn identity(one: &ProcessRecord) -> crate::model::Address {
    let part = match pidfd::inode(one.process.pid) {
        Ok(Some(inode)) => ProcessPart::Inode(inode),
        _ => ProcessPart::Started(one.status.start),
    };
    let pid = one.process.pid.unsigned_abs();
    crate::model::Address {
        facility: KIND.facility,
        locator: Locator::Process(ProcessName { pid, part }),
    }
}

/// Other processes that are shown in the same run, with which it shares its table of descriptors or its memory.
fn shares(one: &ProcessRecord, look: &Query) -> Value {
    let own = one.process.pid;
    let mut shared = Vec::new();
    for other in look.processes.shown_processes().into_iter().filter(|other| *other != own) {
        for (what, word) in [
            (kcmp::Shared::Descriptors, "descriptors with "),
            (kcmp::Shared::Memory, "memory with "),
        ] {
            if kcmp::share(own, other, what).unwrap_or(false) {
                shared.push(Value::Phrase([Value::Word(word), Value::Pid(other)].into()));
            }
        }
    }
    if shared.is_empty() { Value::None("nothing") } else { Value::List(shared.into()) }
}

static THREAD: &[&Field] = &[&TID, &NAME, &RUN_STATE, &CALL, &ON, &SINCE, &PENDING, &BLOCKED];
static TID: Field = Field::free("tid", "Number of the thread.");
static NAME: Field = Field::free("name", "Its command.");
static RUN_STATE: Field = Field::free("run-state", "running, sleeping and so on.");
static CALL: Field = Field::free("waits-in", "The call that it waits in.");
static ON: Field = Field::free("on", "The object that it waits for, or what else.");
static SINCE: Field = Field::free("since", "Time since it ran last, by the scheduler's clock.");
static PENDING: Field = Field::free("pending", "Signals that are pending for this thread alone.");
static BLOCKED: Field = Field::free("blocked", "Signals that it blocks.");

/// So many rows are told of a table; the count beside it tells of all.
const MOST_ROWS: usize = 10_000;

fn thread_rows(one: &ProcessRecord) -> Value {
    let threads = match one.threads() {
        Ok(threads) => threads,
        Err(reason) => return Value::Unknown(reason),
    };
    let since = threads::SchedulerClock::new(one.clock.now);
    let rows = threads.iter().take(MOST_ROWS).map(|thread| {
        let (call, on) = match &thread.waiting {
            Ok(Some(waiting)) => (Value::Word(waiting.call), waiting.on.clone()),
            Ok(None) => (Value::None("none"), Value::None("none")),
            Err(error) => {
                let reason = Value::Unknown(Fault::reason(error));
                (reason.clone(), reason)
            }
        };
        let set = |pick: fn(&StatusLines) -> u64| {
            let lines = thread.lines.as_ref();
            lines.map_or(Value::Unknown("it could not be read"), |lines| {
                names(SignalSet(pick(lines)))
            })
        };
        vec![
            Value::Pid(thread.tid),
            threads::command(&thread.status),
            Value::Word(threads::state_word(thread.status.state)),
            call,
            on,
            since.of(thread, &one.process),
            set(|lines| lines.pending),
            set(|lines| lines.blocked),
        ]
    });
    Value::Rows(Box::new(Rows { fields: THREAD, rows: rows.collect() }))
}

static MAPPING: &[&Field] = &[&START, &SIZE, &MAP_ACCESS, &OFFSET, &OBJECT, &CALLED];
static START: Field = Field::free("start", "First address, hexadecimal.");
static SIZE: Field = Field::free("size", "Bytes.");
static MAP_ACCESS: Field = Field::free("access", "r, w, x as it is mapped.");
static OFFSET: Field = Field::free("offset", "Where in the object it begins, in bytes.");
static OBJECT: Field = Field::free("object", "Address of the object.");
static CALLED: Field = Field::free("called", "What the kernel calls it.");

fn mapping_rows(one: &ProcessRecord) -> Value {
    let found = match mappings::shared(&one.process) {
        Ok(found) => found,
        Err(error) => return Value::Unknown(Fault::reason(&error)),
    };
    let rows = found.into_iter().take(MOST_ROWS).map(|shared| {
        let mapping = shared.mapping;
        vec![
            Value::Text(format!("{:x}", mapping.start).into()),
            Value::Bytes(mapping.end.saturating_sub(mapping.start)),
            Value::Word(match (mapping.read, mapping.write) {
                (true, true) => "rw",
                (true, false) => "r",
                (false, true) => "w",
                (false, false) => "-",
            }),
            Value::Id(mapping.offset),
            shared.object.map_or(Value::None("none"), Value::Address),
            shared.name,
        ]
    });
    Value::Rows(Box::new(Rows { fields: MAPPING, rows: rows.collect() }))
}

struct Pid;

fn clock() -> Result<Clock, Fault> {
    let (now, up) = clocks()?;
    Ok(Clock::new(now, up, procfs::ticks_per_second()))
}

fn seen(plan: &FactPlan<ProcessRecord>, name: ProcessName, one: &ProcessRecord) -> Object {
    let pid = one.process.pid;
    // Nothing holds a process, so nobody has to be looked for.
    let subject = Subject::Process(pid, one.status.start);
    let trace = Trace { counted: Some(0), ..Trace::new(subject, &HOLDING) };
    let unread = |error: io::Error| Value::Unknown(Fault::reason(&error));
    Object {
        name: ObjectName::None,
        owner: one.process.user().map_or_else(unread, Value::User),
        group: one.process.group().map_or_else(unread, Value::Group),
        since: Some(Timestamp::seconds(one.started())),
        facts: plan.read(one),
        trace: Some(trace),
        ..Object::new(&KIND, Locator::Process(name))
    }
}

/// The process that an address names, if it is still the one that was meant.
fn named(look: &Query, locator: &Locator) -> Result<(ProcessName, ProcessRecord), Fault> {
    let Locator::Process(name) = locator else {
        return Err(Fault::usage("a process has a number"));
    };
    let gone = |error: io::Error| match is_gone(&error) {
        true => Fault::new(Class::NotFound, "there is no such process"),
        false if error.kind() == io::ErrorKind::TimedOut => {
            Fault::new(Class::Failed, "it does not answer")
        }
        false => Fault::from_os(&error),
    };
    let pid = i32::try_from(name.pid).unwrap_or(i32::MAX);
    let process = Proc::open(look.proc)?.process(pid).map_err(gone)?;
    let thread = match name.part {
        ProcessPart::Thread(thread) => i32::try_from(thread).ok(),
        _ => None,
    };
    let no_thread = |fault: Fault| match (fault.class, thread) {
        (Class::NotFound, Some(_)) => Fault::new(Class::NotFound, "the process has no such thread"),
        _ => fault,
    };
    let record =
        ProcessRecord::new(process, thread, clock()?).map_err(|error| no_thread(gone(error)))?;
    let is_meant = match name.part {
        ProcessPart::Whole | ProcessPart::Thread(_) => true,
        ProcessPart::Started(ticks) => record.status.start == ticks,
        ProcessPart::Inode(inode) => match pidfd::inode(pid) {
            Ok(Some(own)) => own == inode,
            Ok(None) => {
                let fault = Fault::usage("this kernel has no inodes of processes");
                return Err(fault.hint(format!("pid:{pid}:@TICKS names it by its start time")));
            }
            Err(error) => return Err(gone(error)),
        },
    };
    if !is_meant {
        let cause = format!("that process has ended; another one has the number {pid} now");
        return Err(Fault::new(Class::NotFound, cause));
    }
    Ok((*name, record))
}

impl Inspect for Pid {
    fn announce(&self, look: &Query, locator: &Locator) {
        let Ok((_, one)) = named(look, locator) else { return };
        look.processes.show_process(one.process.pid);
        let table = (KIND.fields)().into_iter().find(|field| field.name == "descriptors");
        if table.is_some_and(|field| look.want.has(&KIND, field)) {
            let ends = descriptors::ends(&one.process, &directory(one.thread));
            ends.into_iter().for_each(|file| look.processes.announce_file(&ENDS, file));
        }
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let proc = Proc::open(look.proc);
        let read = proc.and_then(|proc| Ok((proc.pids()?, proc)));
        let ((pids, proc), clock) = match (read, clock()) {
            (Ok(read), Ok(clock)) => (read, clock),
            (Err(error), _) => {
                let cause = Fault::from_os(&error).cause;
                return each(Found::Missing(format!("the processes cannot be listed: {cause}")));
            }
            (_, Err(fault)) => return each(Found::Missing(fault.cause)),
        };
        let own = proc.own_pid();
        proc.ask(&pids);
        let mut unread = 0;
        for pid in pids.into_iter().filter(|pid| Some(*pid) != own) {
            // One that has ended meanwhile is left out, and so is one that may not be seen at all.
            let Ok(process) = proc.process(pid) else { continue };
            let Ok(one) = ProcessRecord::new(process, None, clock) else { continue };
            if one.status.is_kernel_thread() {
                continue;
            }
            let is_shown = look.breadth >= Breadth::All || one.is_of_interest();
            unread += usize::from(one.is_unread());
            if !is_shown {
                continue;
            }
            let name = ProcessName { pid: pid.unsigned_abs(), part: ProcessPart::Whole };
            each(Found::Object(Box::new(seen(&plan, name, &one))))?;
        }
        match unread {
            0 => ControlFlow::Continue(()),
            1 => each(Found::Note("what 1 process waits for could not be read".to_owned())),
            more => each(Found::Note(format!("what {more} processes wait for could not be read"))),
        }
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let (name, one) = named(look, locator)?;
        Ok(seen(&plan, name, &one))
    }
}
