//! Processes: what each has open, what it shares, what its threads wait in, and its signals. `proc(5)`.
//!
//! A process is looked at through `/proc` and never traced or stopped: `ptrace(2)` would make some of its calls fail.

mod behind;
mod descriptors;
mod mappings;
mod record;
mod rows;
mod threads;
mod waits;

use std::ffi::OsString;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStringExt;

use super::KindRecord;
use super::capability::{Each, Inspect, Query};
use super::fact::{Fact, FactPlan, fields};
use crate::model::{
    Breadth, Class, Clock, Facility, Family, Fault, FileClass, Found, Holding, Kind, Locator,
    Object, ObjectName, PROCESS, Part, ProcessName, ProcessPart, Sources, Subject, Timestamp,
    Trace, Vacancy, Value,
};
use crate::sys::processes::{Proc, Process, is_gone};
use crate::sys::time::clocks;
use crate::sys::{kcmp, pidfd};
use record::{ProcessRecord, directory, names};
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
        rows::threads(one)
    }),
    Fact::costly("descriptors", "Each descriptor, and who has the other end.", |one, look| {
        descriptors::rows(&one.process, &directory(one.thread), look)
    }),
    Fact::costly(
        "mappings",
        "Memory that it shares: segments, files, memory without a name.",
        |one, _| rows::mappings(one),
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
