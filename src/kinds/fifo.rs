//! FIFOs: `fifo(7)`, `mkfifo(3)`.
//!
//! A FIFO is never opened to look at it, only to send and receive: that could release a process that waits for a peer. What is in one is
//! asked of a descriptor that somebody else has open.

mod endpoint;
mod entry;
mod packets;
mod reader;
mod search;
mod waiting;
mod writer;

use std::ffi::CString;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::KindRecord;
use super::backing::{Backing, Store};
use super::borrowed::{Borrower, PipeContent, RESIZING, resize, size_asked};
use super::capability::{
    Configure, ConfigureRequest, Create, CreateRequest, Each, Inspect, Query, Remove,
};
use super::fact::{Fact, FactPlan, fields};
use super::file::{
    Backed, accessed, change_file, changed, created, device, group_in, id, inode, links, modified,
    object, stat_in_time,
};
use super::held;
use super::inherited::{self, Inherited};
use super::link::{self, Meant};
use crate::model::{
    self, Address, Breadth, Calls, Class, Difference, Facility, Family, Fault, FileClass,
    FileFacts, FileType, Form, Found, Holding, Kind, Limit, Locator, Object, Param, Part, Showing,
    Sources, Subject, Trace, Value, Who,
};
use crate::sys::file::{self, Stat};
use crate::sys::pipe;
use entry::{FifoEntry, Paths, create_fault};
use search::Search;

static KIND: Kind = Kind {
    name: "fifo",
    facility: Facility::Fifo,
    family: Family::File,
    forms: &[&model::PATH],
    file_type: Some(FileType { word: "named pipe", bits: libc::S_IFIFO }),
    listed: Breadth::Usual,
    about: "FIFO",
    fields: || fields(FACTS),
    content: &[Part::Fact("queued"), Part::Word(" queued")],
};

/// A FIFO is a file of its type that is not on the kernel's own file system of pipes.
static FIFOS: FileClass = FileClass {
    name: "fifo",
    sources: Sources { descriptors: true, opening: true, ..Sources::NONE },
    is: |facts: &FileFacts| {
        facts.mode.is_some_and(|mode| mode & libc::S_IFMT == libc::S_IFIFO)
            && Some(facts.file.device) != pipe::device()
    },
};

static HOLDING: Holding = Holding {
    descriptors: true,
    calls: Calls::Opening,
    flows: true,
    idle_is_normal: true,
    found_in: std::slice::from_ref(&FIFOS),
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    create: Some(&Fifo),
    configure: Some(&Fifo),
    remove: Some(&Fifo),
    backing: Some(&Fifo),
    messages: Some(&Fifo),
    ..KindRecord::read_only(&KIND, &HOLDING, &Fifo)
};

/// A FIFO's file, and what the pipe behind it says, which exists only while somebody has it open.
struct FifoRecord {
    stat: Stat,
    content: PipeContent,
}

impl Backed for FifoRecord {
    fn stat(&self) -> Option<&Stat> {
        Some(&self.stat)
    }
}

static FACTS: &[Fact<FifoRecord>] = &[
    Fact::costly("queued", "Bytes queued, while a process has it open.", |one, _| {
        one.content.queued.clone()
    }),
    Fact::costly("capacity", "Capacity in bytes, while a process has it open.", |one, _| {
        one.content.capacity.clone()
    }),
    device(),
    inode(),
    links(),
    created(),
    modified(),
    accessed(),
    changed(),
];

struct Fifo;

/// Asks the pipe through the descriptors of those who have it open.
fn pipe(stat: Stat, open: &[Showing], (complete, borrower): (bool, &mut Borrower)) -> FifoRecord {
    let nobody = if complete {
        Value::None("not open")
    } else {
        Value::Unknown("not every process could be read")
    };
    FifoRecord { content: borrower.content(id(&stat), open, nobody), stat }
}

fn seen(plan: &FactPlan<FifoRecord>, path: &Path, one: &FifoRecord) -> Object {
    let locator = Locator::Path(path.into());
    let trace = |file| Trace::new(Subject::File(file), &HOLDING);
    let mut object = object(plan, &KIND, locator, (one, one.content.capacity.clone()), trace);
    if let Some(past) = &mut object.past {
        // Its file system may well be older than the last boot.
        past.changed = None;
        // Writing and reading set times, unlike the use of what is mapped.
        let transfer = one.stat.modified.max(one.stat.accessed);
        past.used = one.stat.born.is_some_and(|born| transfer > born);
    }
    object
}

fn path(locator: &Locator) -> Result<&Path, Fault> {
    match locator {
        Locator::Path(path) => Ok(path),
        _ => Err(Fault::usage("a FIFO has a path")),
    }
}

fn c_path(path: &Path) -> Result<CString, Fault> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Fault::usage("a path cannot contain a NUL byte"))
}

fn check(stat: &Stat) -> Result<(), Fault> {
    if stat.is(libc::S_IFIFO) {
        Ok(())
    } else {
        Err(Fault::new(Class::NotFound, format!("it is {}, not a FIFO", stat.file_type())))
    }
}

/// As [`check`], of a file that somebody named.
fn check_named(path: &Path, stat: &Stat) -> Result<(), Fault> {
    static MEANT: Meant =
        Meant { facility: Facility::Fifo, word: "a FIFO", is: |stat| stat.is(libc::S_IFIFO) };
    if (MEANT.is)(stat) { Ok(()) } else { Err(link::refusal(path, stat, &MEANT)) }
}

/// An inherited descriptor must be open for the direction in which it is to be used.
fn check_direction(locator: &Locator, to_write: bool) -> Result<(), Fault> {
    let fd = path(locator).ok().and_then(inherited::in_path);
    fd.map_or(Ok(()), |fd| Inherited::open(fd)?.check(to_write))
}

fn existing(locator: &Locator) -> Result<(OwnedFd, Stat), Fault> {
    let path = path(locator)?;
    if let Some(fd) = inherited::in_path(path) {
        let one = Inherited::open(fd)?;
        let stat = file::stat(&one.file)?;
        let pipe = stat.is(libc::S_IFIFO);
        return if pipe { Ok((one.file, stat)) } else { Err(one.refusal("a FIFO or pipe")) };
    }
    let handle = file::handle_at(nix::fcntl::AT_FDCWD, &c_path(path)?)?;
    let stat = file::stat(&handle)?;
    check_named(path, &stat)?;
    Ok((handle, stat))
}

/// Returns true if facts are wanted that only the pipe tells, which costs a scan of the processes.
fn needs_pipe(plan: &FactPlan<FifoRecord>, look: &Query) -> bool {
    plan.has("queued") || plan.has("capacity") || look.want.has_column("size")
}

static DIRECTORY: Param = Param {
    name: "fifo-dir",
    metavar: "DIR",
    help: "Search this directory tree, too; repeatable",
    form: Form::Paths,
};

impl Inspect for Fifo {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&DIRECTORY];
        PARAMS
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let mut search = Search::of_processes(look);
        search.paths_of_open(look.proc);
        for reason in search.directories(look, look.options.paths(&DIRECTORY)) {
            each(Found::Missing(reason))?;
        }
        let asked = needs_pipe(&plan, look);
        let mut borrower = Borrower::default();
        for (path, stat) in search.found() {
            let open = if asked { search.open(&stat) } else { &[] };
            each(Found::Object(Box::new(seen(
                &plan,
                &path,
                &pipe(stat, open, (search.complete(), &mut borrower)),
            ))))?;
        }
        match search.note() {
            Some(note) => each(Found::Note(note)),
            None => ControlFlow::Continue(()),
        }
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let path = path(locator)?;
        let stat = stat_in_time(&c_path(path)?)?;
        check_named(path, &stat)?;
        let plan = FactPlan::new(&KIND, FACTS, look);
        let one = if needs_pipe(&plan, look) {
            let search = Search::of_processes(look);
            pipe(stat, search.open(&stat), (search.complete(), &mut Borrower::default()))
        } else {
            pipe(stat, &[], (false, &mut Borrower::default()))
        };
        Ok(seen(&plan, path, &one))
    }

    fn limits(&self, look: &Query) -> Vec<Limit> {
        let read = |name: &str, value: fn(u64) -> Value| {
            let text = std::fs::read_to_string(look.proc.join("sys/fs").join(name));
            match text.map(|text| text.trim().parse()) {
                // The pages of a user have no limit when it is 0: pipe(7).
                Ok(Ok(0)) => Value::None("unlimited"),
                Ok(Ok(number)) => value(number),
                _ => Value::Unknown("it could not be read"),
            }
        };
        let nothing = || Value::None("none");
        vec![
            Limit {
                name: "PIPE_MAX_SIZE",
                about: "bytes that a pipe can be made to hold without privilege",
                limit: read("pipe-max-size", Value::Bytes),
                used: nothing(),
                who: Who::Nobody,
                knob: "fs.pipe-max-size",
            },
            Limit {
                name: "PIPE_USER_PAGES_SOFT",
                about: "pages in all pipes of a user, above which new ones get two pages",
                limit: read("pipe-user-pages-soft", Value::Count),
                used: nothing(),
                who: Who::Nobody,
                knob: "fs.pipe-user-pages-soft",
            },
            Limit {
                name: "PIPE_USER_PAGES_HARD",
                about: "pages in all pipes of a user",
                limit: read("pipe-user-pages-hard", Value::Count),
                used: nothing(),
                who: Who::Nobody,
                knob: "fs.pipe-user-pages-hard",
            },
        ]
    }
}

impl Create for Fifo {
    fn params(&self) -> &'static [&'static Param] {
        &[]
    }

    fn create(&self, _look: &Query, making: &CreateRequest) -> Result<Address, Fault> {
        let locator =
            making.locator.ok_or_else(|| Fault::usage("a FIFO needs a path: fifo:PATH"))?;
        FifoEntry::of(path(locator)?).map_err(|error| create_fault(&error))?.create(making)?;
        Ok(Address { facility: KIND.facility, locator: locator.clone() })
    }

    fn group(&self, making: &CreateRequest) -> u32 {
        let path = making.locator.and_then(|locator| path(locator).ok());
        let parent = path.and_then(Path::parent).and_then(|parent| c_path(parent).ok());
        group_in(&parent.unwrap_or_default(), making)
    }

    fn differences(
        &self,
        _look: &Query,
        _object: &Object,
        _making: &CreateRequest,
    ) -> Result<Vec<Difference>, Fault> {
        Ok(Vec::new())
    }
}

impl Configure for Fifo {
    fn params(&self) -> &'static [&'static Param] {
        RESIZING
    }

    fn set(&self, look: &Query, locator: &Locator, change: &ConfigureRequest) -> Result<(), Fault> {
        let (handle, stat) = existing(locator)?;
        if let Some(size) = size_asked(change.settings)? {
            let search = Search::of_processes(look);
            let open = search.open(&stat);
            if open.is_empty() {
                let cause = match search.complete() {
                    true => "no process has it open: its size begins anew with whoever opens it",
                    false => "no process was seen that has it open, and not all could be read",
                };
                return Err(Fault::new(Class::Failed, cause));
            }
            held::copies(id(&stat), open, |end| resize(end, size))?;
        }
        change_file(handle.as_fd(), change)
    }
}

impl Remove for Fifo {
    fn remove(&self, _look: &Query, locator: &Locator) -> Result<Option<String>, Fault> {
        FifoEntry::of(path(locator)?)?.remove(path(locator)?).map(|()| None)
    }
}

impl Backing for Fifo {
    fn store(&self, _look: &Query) -> io::Result<Box<dyn Store>> {
        Ok(Box::new(Paths))
    }
}
