//! Named semaphores that were unlinked and are still held, as locks between a process and its children are: `sem_unlink(3)`.

use std::ops::ControlFlow;

use nix::fcntl::OFlag;
use nix::sys::uio::pread;

use super::{NamedFiles, called, identity};
use crate::kinds::capability::{Each, Inspect, Query};
use crate::kinds::fact::{Fact, FactPlan, fields};
use crate::kinds::file::id;
use crate::kinds::held::{directorys_device, former};
use crate::kinds::{KindRecord, held};
use crate::model::{
    self, Breadth, Class, Facility, Family, Fault, FileClass, FileDetails, FileFacts, FileId,
    Holding, Kind, Locator, Object, Part, ShownFile, Sources, Subject, Trace, Vacancy, Value,
};
use crate::sys::named_sem;
use crate::sys::processes::Proc;

static KIND: Kind = Kind {
    name: "nameless-sem",
    facility: Facility::Sem,
    family: Family::Kernel,
    forms: &[&model::FILE],
    file_type: None,
    listed: Breadth::All,
    about: "nameless semaphore",
    fields: || fields(FACTS),
    content: &[Part::Word("value "), Part::Fact("value")],
};

/// Files of `/dev/shm` without a name. Of a mapping, which is all that the C library keeps, it is not known whether its
/// file has one.
static UNLINKED: FileClass = FileClass {
    name: "unlinked semaphore",
    sources: Sources { descriptors: true, mappings: true, ..Sources::NONE },
    is: |facts: &FileFacts| {
        let is_regular = facts.mode.is_none_or(|mode| mode & libc::S_IFMT == libc::S_IFREG);
        let has_name = facts.links.is_some_and(|links| links > 0);
        is_regular && !has_name && Some(facts.file.device) == directorys_device()
    },
};

static HOLDING: Holding = Holding {
    mappings: true,
    descriptors: true,
    vacancy: Vacancy::Existence,
    found_in: std::slice::from_ref(&UNLINKED),
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord::read_only(&KIND, &HOLDING, &NamelessSem);

/// One semaphore: value and waiters, or why they are not known.
struct SemaphoreRecord {
    file: FileId,
    state: Result<(u32, u32), &'static str>,
}

static FACTS: &[Fact<SemaphoreRecord>] = &[
    Fact::costly("value", "Current value.", |one, _| {
        one.state.map_or_else(Value::Unknown, |(value, _)| Value::Count(value.into()))
    }),
    Fact::costly(
        "waiters",
        "Number of waiters according to its memory; a killed waiter stays counted.",
        |one, _| one.state.map_or_else(Value::Unknown, |(_, waiters)| Value::Count(waiters.into())),
    ),
    Fact::free("sort", "unlinked.", |_, _| Value::Word("unlinked")),
    Fact::free("device", "Device of the file system, major:minor.", |one, _| {
        let (major, minor) = (libc::major(one.file.device), libc::minor(one.file.device));
        Value::Text(format!("{major}:{minor}").into())
    }),
    Fact::free("inode", "Inode number.", |one, _| Value::Id(one.file.inode)),
];

struct NamelessSem;

/// What is read of every semaphore of a listing.
struct SemaphoreReading<'p, 'q> {
    plan: &'p FactPlan<'q, SemaphoreRecord>,
    proc: Proc,
    names: NamedFiles,
}

impl<'p, 'q> SemaphoreReading<'p, 'q> {
    fn new(plan: &'p FactPlan<'q, SemaphoreRecord>, look: &Query) -> Result<Self, Fault> {
        Ok(Self { plan, proc: Proc::open(look.proc)?, names: NamedFiles::default() })
    }

    /// The object; `None` for a file that has a name, or is other memory.
    fn object(&self, shown: &ShownFile) -> Option<Object> {
        let FileFacts { file, mut mode, mut details, .. } = shown.facts;
        let text = held::text(&self.proc, &shown.showings)?;
        let name = former(&text);
        if details.is_none()
            && let Some(stat) = held::stat(&self.proc, &shown.showings, file)
        {
            if !stat.is(libc::S_IFREG) || stat.links > 0 {
                return None;
            }
            (mode, details) = (Some(stat.mode), Some(super::described(&stat)));
        }
        let is_one = match &details {
            Some(details) => named_sem::is_shaped(name, details.size),
            // A mapping alone, behind which only root may look.
            None => name.starts_with(named_sem::PREFIX) && self.names.have_lost(file, &text),
        };
        if !is_one {
            return None;
        }
        let wanted = self.plan.has("value") || self.plan.has("waiters");
        let state = if wanted { self.state(shown) } else { Err("it was not read") };
        const UNSEEN: Value = Value::Unknown("only root can look behind a mapping");
        let told = |value: fn(&FileDetails) -> Value| details.as_ref().map_or(UNSEEN, value);
        Some(Object {
            name: called(name.get(named_sem::PREFIX.len()..).unwrap_or_default()),
            owner: told(|details| Value::User(details.uid)),
            group: told(|details| Value::Group(details.gid)),
            mode: mode.map_or(UNSEEN, |mode| Value::Mode(mode & 0o7777)),
            since: details.map(|details| details.since),
            facts: self.plan.read(&SemaphoreRecord { file, state }),
            trace: Some(Trace::new(Subject::File(file), &HOLDING)),
            ..Object::new(&KIND, held::locator(file))
        })
    }

    /// Value and waiters.
    fn state(&self, shown: &ShownFile) -> Result<(u32, u32), &'static str> {
        let is_it = |stat: &crate::sys::file::Stat| id(stat) == shown.facts.file;
        let opened = held::open(&self.proc, &shown.showings, is_it, OFlag::O_RDONLY);
        let opened = opened.map_err(|fault| match fault.class {
            Class::Denied => "permission denied",
            _ => "its processes have ended",
        })?;
        let mut bytes = [0; named_sem::SIZE];
        let length = pread(&opened, &mut bytes, 0).map_err(|_| "it could not be read")?;
        let state = match (length, bytes.first_chunk()) {
            (named_sem::SIZE, _) => named_sem::parse(&bytes),
            (named_sem::SIZE_32, Some(bytes)) => named_sem::parse_32(bytes),
            _ => None,
        };
        state.ok_or("its content is not that of a semaphore")
    }
}

impl Inspect for NamelessSem {
    fn announce(&self, look: &Query, _locator: &Locator) {
        look.processes.announce(&UNLINKED);
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&UNLINKED);
        let reading = match SemaphoreReading::new(&plan, look) {
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
        let object = SemaphoreReading::new(&plan, look)?.object(held::shown(&found, file)?);
        object.ok_or_else(|| held::missing(&found))
    }
}
