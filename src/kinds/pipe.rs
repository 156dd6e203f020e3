//! Pipes without a name: `pipe(2)`, `pipe(7)`.
//!
//! A pipe is there while a process has a descriptor of it, and only processes show it. It is never opened: the link of a
//! descriptor below `/proc` leads to the pipe, and opening it would make one more reader or writer. What is in a pipe is
//! asked of a descriptor that is copied for a moment.

use std::ffi::CString;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::AsFd;

use super::borrowed::{Borrower, Copied, PipeContent, RESIZING, content_of, resize, size_asked};
use super::capability::{Configure, ConfigureRequest, Copies, Each, Incoming, Inspect, Query};
use super::fact::{Fact, FactPlan, fields};
use super::file::{change_file, id};
use super::{KindRecord, held};
use crate::model::{
    self, Access, Breadth, Class, Facility, Family, Fault, FileClass, FileFacts, FileId, Found,
    Holding, Kind, Locator, Object, Param, Part, Showing, ShownAs, ShownFile, Sources, Subject,
    Trace, Vacancy, Value,
};
use crate::sys::pipe;
use crate::sys::processes::Proc;

static KIND: Kind = Kind {
    name: "pipe",
    facility: Facility::Pipe,
    family: Family::Kernel,
    forms: &[&model::INODE, &model::DESCRIPTOR],
    file_type: None,
    listed: Breadth::Facility,
    about: "pipe",
    fields: || fields(FACTS),
    content: &[Part::Fact("queued"), Part::Word(" queued")],
};

/// A pipe is a file of the type of FIFOs on the kernel's own file system of pipes.
static PIPES: FileClass = FileClass {
    name: "pipe",
    sources: Sources { descriptors: true, ..Sources::NONE },
    is: |facts: &FileFacts| {
        facts.mode.is_some_and(|mode| mode & libc::S_IFMT == libc::S_IFIFO)
            && Some(facts.file.device) == pipe::device()
    },
};

static HOLDING: Holding = Holding {
    descriptors: true,
    flows: true,
    vacancy: Vacancy::Existence,
    found_in: std::slice::from_ref(&PIPES),
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    configure: Some(&Pipes),
    copies: Some(&Pipes),
    ..KindRecord::read_only(&KIND, &HOLDING, &Pipes)
};

/// One pipe.
struct PipeRecord {
    inode: u64,
    content: PipeContent,
    readers: Value,
    writers: Value,
}

static FACTS: &[Fact<PipeRecord>] = &[
    Fact::costly("queued", "Bytes in it.", |one, _| one.content.queued.clone()),
    Fact::costly("capacity", "Capacity in bytes.", |one, _| one.content.capacity.clone()),
    Fact::costly("packet", "It keeps packets apart: O_DIRECT.", |one, _| {
        one.content.packet.clone()
    }),
    Fact::costly("readers", "Processes that have its end for reading.", |one, _| {
        one.readers.clone()
    }),
    Fact::costly("writers", "Processes that have its end for writing.", |one, _| {
        one.writers.clone()
    }),
    Fact::free("inode", "Inode number.", |one, _| Value::Id(one.inode)),
];

struct Pipes;

/// What is read of every pipe of a listing.
struct Reading<'p, 'q> {
    plan: &'p FactPlan<'q, PipeRecord>,
    /// The pipe itself is asked.
    asks: bool,
    borrower: Borrower,
}

impl<'p, 'q> Reading<'p, 'q> {
    fn new(plan: &'p FactPlan<'q, PipeRecord>, look: &Query) -> Self {
        let asked = ["queued", "capacity", "packet", "readers", "writers"];
        let asks = asked.iter().any(|name| plan.has(name)) || look.want.has_column("size");
        Self { plan, asks, borrower: Borrower::default() }
    }

    fn object(&mut self, shown: &ShownFile) -> Object {
        let FileFacts { file, mode, details, .. } = shown.facts;
        let ends = &*shown.showings;
        let unasked = Value::Unknown("its processes have ended");
        let content = match self.asks {
            true => self.borrower.content(file, ends, unasked),
            false => PipeContent::all(unasked),
        };
        let alone = content.alone;
        let one = PipeRecord {
            inode: file.inode,
            readers: self.holders("readers", (ends, alone), |access| access != Access::Write),
            writers: self.holders("writers", (ends, alone), |access| access != Access::Read),
            content,
        };
        let denied = Value::Unknown("permission denied");
        Object {
            owner: details.map_or(denied.clone(), |details| Value::User(details.uid)),
            group: details.map_or(denied.clone(), |details| Value::Group(details.gid)),
            mode: mode.map_or(denied, |mode| Value::Mode(mode & 0o7777)),
            size: one.content.capacity.clone(),
            since: details.map(|details| details.since),
            facts: self.plan.read(&one),
            trace: Some(Trace::new(Subject::File(file), &HOLDING)),
            ..Object::new(&KIND, Locator::Inode(file.inode))
        }
    }

    /// The processes that have an end of this access, each once, if the fact of this name is wanted. Where none was seen,
    /// the other end was asked, and knows whether there is one that cannot be seen.
    fn holders(
        &self,
        name: &str,
        (ends, alone): (&[Showing], Option<bool>),
        is: fn(Access) -> bool,
    ) -> Value {
        if !self.plan.has(name) {
            return Value::None("none");
        }
        let of = |end: &Showing| match end.place {
            ShownAs::Descriptor(_, access) if access != Access::Neither && is(access) => {
                Some(end.pid)
            }
            _ => None,
        };
        let mut pids: Vec<i32> = ends.iter().filter_map(of).collect();
        pids.sort_unstable();
        pids.dedup();
        match (pids.is_empty(), alone) {
            (false, _) => Value::Words(pids.into_iter().map(Value::Pid).collect()),
            (true, Some(true)) => Value::None("none"),
            (true, Some(false)) => Value::Unknown("held by a process that cannot be seen"),
            (true, None) => Value::Unknown("not every process could be read"),
        }
    }
}

/// The pipe that a locator names. A descriptor is looked at through its link, which is not opened.
fn named(look: &Query, locator: &Locator) -> Result<FileId, Fault> {
    match locator {
        Locator::Inode(inode) => match pipe::device() {
            Some(device) => Ok(FileId { device, inode: *inode }),
            None => Err(Fault::new(
                Class::Failed,
                "no pipe can be made to find out the device of pipes",
            )),
        },
        Locator::Descriptor(pid, fd) => {
            let number = i32::try_from(*pid).unwrap_or(i32::MAX);
            let link = CString::new(format!("fd/{fd}")).unwrap_or_default();
            let stat = Proc::open(look.proc)
                .and_then(|proc| proc.process(number)?.stat(&link))
                .map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => {
                        Fault::new(Class::NotFound, format!("process {pid} has no descriptor {fd}"))
                    }
                    _ => Fault::from_os(&error),
                })?;
            match (stat.is(libc::S_IFIFO), Some(stat.device) == pipe::device()) {
                (true, true) => Ok(id(&stat)),
                (true, false) => Err(Fault::new(Class::NotFound, "it is a FIFO, not a pipe")
                    .hint(format!("see ipcctl list fifo --pid {pid}"))),
                (false, _) => Err(Fault::new(
                    Class::NotFound,
                    format!("it is {}, not a pipe", stat.file_type()),
                )),
            }
        }
        _ => Err(Fault::usage("a pipe has an inode number")),
    }
}

impl Inspect for Pipes {
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&PIPES);
        let mut reading = Reading::new(&plan, look);
        let mut pipes: Vec<&ShownFile> = found.files.values().collect();
        pipes.sort_unstable_by_key(|shown| shown.facts.file.inode);
        for shown in pipes {
            each(Found::Object(Box::new(reading.object(shown))))?;
        }
        held::note(&found, each)
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let file = named(look, locator)?;
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&PIPES);
        let shown = found.files.get(&file).ok_or_else(|| held::missing(&found))?;
        Ok(Reading::new(&plan, look).object(shown))
    }
}

impl Configure for Pipes {
    fn params(&self) -> &'static [&'static Param] {
        RESIZING
    }

    fn set(&self, look: &Query, locator: &Locator, change: &ConfigureRequest) -> Result<(), Fault> {
        let file = named(look, locator)?;
        let found = look.processes.found(&PIPES);
        let shown = found.files.get(&file).ok_or_else(|| held::missing(&found))?;
        let size = size_asked(change.settings)?;
        held::copies(file, &shown.showings, |end| {
            size.map_or(Ok(()), |size| resize(end, size))?;
            change_file(end.as_fd(), change)
        })
    }
}

impl Copies for Pipes {
    fn copy(&self, look: &Query, locator: &Locator) -> Result<Incoming, Fault> {
        let file = named(look, locator)?;
        let found = look.processes.found(&PIPES);
        if !found.files.contains_key(&file) {
            return Err(held::missing(&found));
        }
        Ok(Incoming::Bytes(Box::new(Copied(content_of(file, &found)?))))
    }
}
