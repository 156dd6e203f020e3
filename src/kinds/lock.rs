//! Files with advisory locks on them: `flock(2)`, `fcntl(2)`, `lockf(3)`.
//!
//! The file is never opened. Who holds a lock is told by the descriptors through which it is held: the kernel's list,
//! `/proc/locks`, names the process that took it, which may have ended and left it to its children.

use std::collections::HashSet;
use std::ffi::CString;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::capability::{Each, Inspect, Query};
use super::fact::{Fact, FactPlan, fields};
use super::file::{Backed, device, id, inode, stat_in_time, timestamp};
use super::link::{self, Meant};
use super::{KindRecord, held};
use crate::model::{
    Access, Breadth, Facility, Family, Fault, Field, FileClass, FileId, FileLock, FileType,
    Findings, Found, Holding, Kind, Locator, LockLine, LockTaker, LockWait, Object, ObjectName,
    PATH, Part, Rows, Showing, ShownAs, Sources, Subject, Trace, Value,
};
use crate::sys::file::{self, Stat};
use crate::sys::processes;

static KIND: Kind = Kind {
    name: "lock",
    facility: Facility::Lock,
    family: Family::File,
    forms: &[&PATH],
    file_type: Some(FileType { word: "file", bits: libc::S_IFREG }),
    listed: Breadth::Facility,
    about: "locked file",
    fields: || fields(FACTS),
    content: &[Part::Fact("held"), Part::Word(" held")],
};

/// A file is one of the class by what its descriptors show.
static LOCKED: FileClass =
    FileClass { name: "lock", sources: Sources { locks: true, ..Sources::NONE }, is: |_| true };

static HOLDING: Holding = Holding {
    locks: true,
    idle_is_normal: true,
    found_in: std::slice::from_ref(&LOCKED),
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord::read_only(&KIND, &HOLDING, &Lock);

/// A file, and the locks on it.
struct Locked {
    stat: Stat,
    locks: Vec<(Showing, FileLock)>,
    waits: Vec<(Showing, LockWait)>,
    /// Those that the kernel lists and no process shows, whose descriptors cannot be read.
    hidden: Vec<LockLine>,
    /// Every process could be seen and read.
    complete: bool,
}

impl Backed for Locked {
    fn stat(&self) -> Option<&Stat> {
        Some(&self.stat)
    }
}

const UNSEEN: Value = Value::Unknown("not every process could be seen");

static FACTS: &[Fact<Locked>] = &[
    Fact::free("held", "Locks that are held on it.", |one, _| {
        count(one.distinct().len() + one.hidden(false).count(), one.complete)
    }),
    Fact::free("waiting", "Threads that wait for a lock on it.", |one, _| {
        count(one.waits.len() + one.hidden(true).count(), one.complete)
    }),
    Fact::free(
        "orphaned",
        "Locks whose takers have ended: who inherited them holds them.",
        |one, _| {
            let became: Vec<_> =
                one.distinct().iter().map(|lock| taker(lock, &one.locks).1).collect();
            match became.iter().filter(|became| **became == GONE).count() {
                0 if became.contains(&HIDDEN) => Value::Unknown(HIDDEN),
                number => count(number, one.complete),
            }
        },
    ),
    device(),
    inode(),
    Fact::costly(
        "locks",
        "Each lock: who holds it by which descriptor, who took it, who waits.",
        |one, _| Value::Rows(Box::new(Rows { fields: ROWS, rows: one.rows() })),
    ),
];

/// A number of what was seen, or unknown where there can be more.
fn count(number: usize, complete: bool) -> Value {
    if number == 0 && !complete { UNSEEN } else { Value::Count(number as u64) }
}

static ROWS: &[&Field] = &[&SORT, &ACCESS, &FIRST, &LAST, &STATUS, &PID, &FD, &TAKER, &TAKER_STATE];
static SORT: Field =
    Field::free("lock", "flock, fcntl (of a process) or ofd (open file description).");
static ACCESS: Field = Field::free("access", "read (shared) or write (exclusive).");
static FIRST: Field = Field::free("first", "First byte of the range.");
static LAST: Field = Field::free("last", "Last byte of the range; none: to the end of the file.");
static STATUS: Field = Field::free("status", "held, or waits.");
static PID: Field = Field::free("pid", "Process that holds it or waits for it.");
static FD: Field = Field::free("fd", "Number of its descriptor.");
static TAKER: Field = Field::free("taker", "Process that took it, as the kernel noted it.");
static TAKER_STATE: Field = Field::free("taker-state", "What became of that process.");

/// What became of the process that took a lock.
const HOLDS: &str = "holds it";
const GONE: &str = "gone";
const LEFT: &str = "holds it no more";
const UNNOTED: &str = "not noted";
const HIDDEN: &str = "gone or outside of this pid namespace";

/// The taker of a lock and what became of it.
fn taker(lock: &FileLock, held: &[(Showing, FileLock)]) -> (Value, &'static str) {
    match lock.taker {
        LockTaker::Pid(pid) => {
            let holds = held.iter().any(|(showing, one)| one == lock && showing.pid == pid);
            let word = match processes::exists(pid) {
                _ if holds => HOLDS,
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => GONE,
                _ => LEFT,
            };
            (Value::Pid(pid), word)
        }
        LockTaker::Unseen => (Value::Unknown("the kernel does not tell it here"), HIDDEN),
        LockTaker::Unnoted => (Value::None("none"), UNNOTED),
    }
}

fn access(access: Access) -> Value {
    Value::Word(if access == Access::Read { "read" } else { "write" })
}

const UNKNOWN_HOLDER: Value = Value::Unknown("its process could not be read");
const UNREAD: Value = Value::Unknown("its memory could not be read");

impl Locked {
    fn new(stat: Stat, found: &Findings) -> Self {
        let shown = found.showings(&id(&stat));
        let (mut locks, mut waits) = (Vec::new(), Vec::new());
        for showing in shown {
            match showing.place {
                ShownAs::Lock(_, lock) => locks.push((*showing, lock)),
                ShownAs::LockWait(wait) => waits.push((*showing, wait)),
                _ => {}
            }
        }
        locks.sort_by_key(|(showing, lock)| (*lock, showing.pid));
        waits.sort_by_key(|(showing, wait)| (showing.pid, wait.thread));
        let is_seen = |line: &LockLine| match (line.waits, line.lock.taker) {
            (true, LockTaker::Pid(pid)) => waits.iter().any(|(showing, _)| showing.pid == pid),
            // Without a number it cannot be told from those that were seen.
            (true, _) => !waits.is_empty(),
            (false, _) => locks.iter().any(|(_, lock)| *lock == line.lock),
        };
        let is_hidden = |line: &&LockLine| line.file == id(&stat) && !is_seen(line);
        let hidden = found.locks.iter().filter(is_hidden).copied().collect();
        Self { stat, locks, waits, hidden, complete: found.unread == 0 && found.sees_all }
    }

    /// The locks, each once: several processes can hold one together.
    fn distinct(&self) -> Vec<FileLock> {
        let mut locks: Vec<FileLock> = self.locks.iter().map(|(_, lock)| *lock).collect();
        locks.dedup();
        locks
    }

    /// Locks, or threads that wait for one, whose processes could not be read.
    fn hidden(&self, waits: bool) -> impl Iterator<Item = &LockLine> {
        self.hidden.iter().filter(move |line| line.waits == waits)
    }

    fn rows(&self) -> Vec<Vec<Value>> {
        let last = |last: Option<u64>| last.map_or(Value::None("end"), Value::Id);
        let fd = |fd: i32| u64::try_from(fd).map_or(Value::None("none"), Value::Id);
        let held = self.locks.iter().map(|(showing, lock)| {
            let number = match showing.place {
                ShownAs::Lock(number, _) => number,
                _ => -1,
            };
            let (taker, became) = taker(lock, &self.locks);
            vec![
                Value::Word(lock.sort.name()),
                access(lock.access),
                Value::Id(lock.first),
                last(lock.last),
                Value::Word("held"),
                Value::Pid(showing.pid),
                fd(number),
                taker,
                Value::Word(became),
            ]
        });
        let hidden = self.hidden.iter().map(|LockLine { lock, waits, .. }| {
            let (taker, became) = taker(lock, &self.locks);
            let (pid, taker, became) = match waits {
                true => (taker, Value::None("none"), Value::None("none")),
                false => (UNKNOWN_HOLDER, taker, Value::Word(became)),
            };
            vec![
                Value::Word(lock.sort.name()),
                access(lock.access),
                Value::Id(lock.first),
                last(lock.last),
                Value::Word(if *waits { "waits" } else { "held" }),
                pid,
                UNKNOWN_HOLDER,
                taker,
                became,
            ]
        });
        let waits = self.waits.iter().map(|(showing, wait)| {
            vec![
                Value::Word(wait.sort.name()),
                wait.access.map_or(UNREAD, access),
                wait.range.map_or(UNREAD, |(first, _)| Value::Id(first)),
                wait.range.map_or(UNREAD, |(_, end)| last(end)),
                Value::Word("waits"),
                Value::Pid(showing.pid),
                fd(wait.fd),
                Value::None("none"),
                Value::None("none"),
            ]
        });
        held.chain(waits).chain(hidden).collect()
    }
}

struct Lock;

fn c_path(path: &Path) -> Result<CString, Fault> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Fault::usage("a path cannot contain a NUL byte"))
}

/// The file at a path, which may be of any type that can be locked by name.
fn at(locator: &Locator) -> Result<(&Path, Stat), Fault> {
    let Locator::Path(path) = locator else {
        return Err(Fault::usage("a locked file has a path"));
    };
    let stat = stat_in_time(&c_path(path)?)?;
    if stat.is(libc::S_IFLNK) {
        static MEANT: Meant =
            Meant { facility: Facility::Lock, word: "a file with locks", is: |_| true };
        return Err(link::refusal(path, &stat, &MEANT));
    }
    Ok((path, stat))
}

fn seen(plan: &FactPlan<Locked>, path: &Path, one: &Locked) -> Object {
    let stat = &one.stat;
    Object {
        name: ObjectName::Locator,
        owner: Value::User(stat.uid),
        group: Value::Group(stat.gid),
        mode: Value::Mode(stat.mode & 0o7777),
        since: Some(timestamp(stat.born.unwrap_or(stat.changed))),
        facts: plan.read(one),
        trace: Some(Trace::new(Subject::File(id(stat)), &HOLDING)),
        ..Object::new(&KIND, Locator::Path(path.into()))
    }
}

/// So many descriptors of one file are asked for its path.
const ASKED: usize = 8;

/// The path of a file, if one of those under which processes have it open leads to it from here.
fn path_of(proc: &Path, file: FileId, showings: &[Showing]) -> Option<(PathBuf, Stat)> {
    let number = |showing: &Showing| match showing.place {
        ShownAs::Lock(number, _) => Some(number),
        ShownAs::LockWait(wait) => Some(wait.fd),
        _ => None,
    };
    let links = showings.iter().filter_map(|showing| {
        let link = proc.join(format!("{}/fd/{}", showing.pid, number(showing)?));
        std::fs::read_link(link).ok()
    });
    links.take(ASKED).filter(|path| path.is_absolute()).find_map(|path| {
        let stat = file::stat_in_time(&c_path(&path).ok()?).ok()?;
        (id(&stat) == file).then_some((path, stat))
    })
}

impl Inspect for Lock {
    fn announce(&self, look: &Query, locator: &Locator) {
        if let Ok((_, stat)) = at(locator) {
            look.processes.announce_file(&LOCKED, id(&stat));
        }
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&LOCKED);
        let files = found.files.iter();
        let paths = files.map(|(file, shown)| path_of(look.proc, *file, &shown.showings));
        let (mut named, mut nameless) = (Vec::new(), 0);
        for path in paths {
            match path {
                Some(path) => named.push(path),
                None => nameless += 1,
            }
        }
        named.sort_by(|(one, _), (two, _)| one.cmp(two));
        for (path, stat) in named {
            let one = Locked::new(stat, &found);
            each(Found::Object(Box::new(seen(&plan, &path, &one))))?;
        }
        let unseen = found.locks.iter().filter(|line| !found.files.contains_key(&line.file));
        let nameless = nameless + unseen.map(|line| line.file).collect::<HashSet<_>>().len();
        let nameless = match nameless {
            0 => None,
            1 => Some(
                "1 locked file cannot be named: no path that can be seen leads to it from here"
                    .to_owned(),
            ),
            more => Some(format!(
                "{more} locked files cannot be named: no path that can be seen leads to them from here"
            )),
        };
        held::note(&found, each)?;
        nameless.map_or(ControlFlow::Continue(()), |note| each(Found::Note(note)))
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let (path, stat) = at(locator)?;
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found_file(&LOCKED, id(&stat));
        Ok(seen(&plan, path, &Locked::new(stat, &found)))
    }
}
