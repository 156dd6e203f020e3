//! POSIX queues that were unlinked and are still open: they count against the limits until they are closed.
//! `mq_unlink(3)`.

use std::ops::ControlFlow;
use std::os::fd::AsFd;

use super::{called, identity};
use crate::kinds::capability::{Each, Inspect, Query};
use crate::kinds::fact::{Fact, FactPlan, fields};
use crate::kinds::held::former;
use crate::kinds::{KindRecord, held};
use crate::model::{
    self, Breadth, Class, Facility, Family, Fault, FileClass, FileFacts, FileId, Holding, Kind,
    Locator, Object, ObjectName, Part, Showing, ShownFile, Sources, Subject, Trace, Vacancy, Value,
};
use crate::sys::file;
use crate::sys::mqueue::{self, Attributes};
use crate::sys::processes::{Proc, Process};

static KIND: Kind = Kind {
    name: "nameless-mq",
    facility: Facility::Mq,
    family: Family::Kernel,
    forms: &[&model::FILE],
    file_type: None,
    listed: Breadth::All,
    about: "nameless POSIX queue",
    fields: || fields(FACTS),
    content: &[
        Part::Fact("messages"),
        Part::Word("/"),
        Part::Fact("max-messages"),
        Part::Word(" msgs"),
    ],
};

/// Regular files without a name: those that are queues are told by their file system.
static UNLINKED: FileClass = FileClass {
    name: "unlinked queue",
    sources: Sources { descriptors: true, ..Sources::NONE },
    is: |facts: &FileFacts| {
        let is_regular = facts.mode.is_some_and(|mode| mode & libc::S_IFMT == libc::S_IFREG);
        is_regular && facts.links == Some(0)
    },
};

static HOLDING: Holding = Holding {
    descriptors: true,
    namespaced: true,
    vacancy: Vacancy::Existence,
    found_in: std::slice::from_ref(&UNLINKED),
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord::read_only(&KIND, &HOLDING, &NamelessMq);

/// One queue.
struct QueueRecord {
    file: FileId,
    shape: Result<Attributes, &'static str>,
}

fn count(one: &QueueRecord, value: fn(&Attributes) -> Value) -> Value {
    one.shape.as_ref().map_or_else(|reason| Value::Unknown(reason), value)
}

static FACTS: &[Fact<QueueRecord>] = &[
    Fact::free("messages", "Number of queued messages: curmsgs.", |one, _| {
        count(one, |shape| Value::Count(shape.messages))
    }),
    Fact::free("max-messages", "Maximum number of messages: maxmsg.", |one, _| {
        count(one, |shape| Value::Count(shape.max_messages))
    }),
    Fact::free("message-size", "Maximum size of a message in bytes: msgsize.", |one, _| {
        count(one, |shape| Value::Bytes(shape.message_size))
    }),
    Fact::free("sort", "unlinked.", |_, _| Value::Word("unlinked")),
    Fact::free("device", "Device of the file system, major:minor.", |one, _| {
        let (major, minor) = (libc::major(one.file.device), libc::minor(one.file.device));
        Value::Text(format!("{major}:{minor}").into())
    }),
    Fact::free("inode", "Inode number.", |one, _| Value::Id(one.file.inode)),
];

struct NamelessMq;

/// What is read of every queue of a listing.
struct QueueReading<'p, 'q> {
    plan: &'p FactPlan<'q, QueueRecord>,
    proc: Proc,
    /// Our IPC namespace.
    namespace: Option<FileId>,
    /// The device of the queues that `/dev/mqueue` shows.
    shown: Option<u64>,
}

impl<'p, 'q> QueueReading<'p, 'q> {
    fn new(plan: &'p FactPlan<'q, QueueRecord>, look: &Query) -> Result<Self, Fault> {
        let proc = Proc::open(look.proc)?;
        let namespace = proc.stat(c"thread-self/ns/ipc").ok();
        let namespace = namespace.as_ref().map(crate::kinds::file::id);
        let shown = file::stat_path(c"/dev/mqueue/.").ok().map(|stat| stat.device);
        Ok(Self { plan, proc, namespace, shown })
    }

    /// The object; `None` for what is no queue, or one of another namespace.
    fn object(&self, shown: &ShownFile) -> Option<Object> {
        let FileFacts { file, mode, details, .. } = shown.facts;
        let is_ours = |showing: &Showing| {
            let process = self.proc.process(showing.pid).ok()?;
            let is_queue = process.is_queue(&held::link(showing)?);
            let is_ours = self.shown == Some(file.device) || self.is_in_our_namespace(&process);
            (is_queue && is_ours).then_some(())
        };
        shown.showings.iter().take(held::ASKED).find_map(is_ours)?;
        let mut shape = Err("no process could be asked");
        let asked = held::copies(file, &shown.showings, |copy| {
            shape = mqueue::attributes(copy.as_fd()).map_err(|error| Fault::reason(&error));
            Ok(())
        });
        if asked.is_err_and(|fault| fault.class == Class::Denied) {
            shape = Err("permission denied");
        }
        let size = match &shape {
            Ok(shape) => Value::Bytes(shape.max_messages.saturating_mul(shape.message_size)),
            Err(reason) => Value::Unknown(reason),
        };
        let text = held::text(&self.proc, &shown.showings);
        let denied = || Value::Unknown("permission denied");
        Some(Object {
            name: text.map_or(ObjectName::None, |text| called(former(&text))),
            owner: details.map_or_else(denied, |details| Value::User(details.uid)),
            group: details.map_or_else(denied, |details| Value::Group(details.gid)),
            mode: mode.map_or_else(denied, |mode| Value::Mode(mode & 0o7777)),
            size,
            since: details.map(|details| details.since),
            facts: self.plan.read(&QueueRecord { file, shape }),
            trace: Some(Trace::new(Subject::File(file), &HOLDING)),
            ..Object::new(&KIND, held::locator(file))
        })
    }

    fn is_in_our_namespace(&self, process: &Process) -> bool {
        let theirs = process.stat(c"ns/ipc").ok();
        theirs.as_ref().map(crate::kinds::file::id) == self.namespace
    }
}

impl Inspect for NamelessMq {
    fn announce(&self, look: &Query, _locator: &Locator) {
        look.processes.announce(&UNLINKED);
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&UNLINKED);
        let reading = match QueueReading::new(&plan, look) {
            Ok(reading) => reading,
            Err(fault) => return each(model::Found::Missing(fault.cause)),
        };
        let object = |file| reading.object(found.files.get(&file)?);
        super::list(&found, object, each)
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let file = identity(locator)?;
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&UNLINKED);
        let object = QueueReading::new(&plan, look)?.object(held::shown(&found, file)?);
        object.ok_or_else(|| held::missing(&found))
    }
}
