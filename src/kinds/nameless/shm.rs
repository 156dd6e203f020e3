//! Shared memory without a name: `memfd_create(2)`, `MAP_SHARED|MAP_ANONYMOUS` of `mmap(2)`, and POSIX shared memory that was
//! unlinked and is still held.

mod memory;

use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;

use super::{NamedFiles, called, described, identity};
use crate::kinds::capability::{Configure, ConfigureRequest, Each, Inspect, Query};
use crate::kinds::fact::{Fact, FactPlan, fields};
use crate::kinds::held::{directorys_device, former, kernels_device};
use crate::kinds::{KindRecord, held, words};
use crate::model::{
    self, Breadth, Class, Facility, Family, Fault, FileClass, FileDetails, FileFacts, FileId, Form,
    Holding, Kind, Locator, Object, ObjectName, Param, Part, ShownFile, Sources, Subject, Trace,
    Vacancy, Value,
};
use crate::sys::file::Stat;
use crate::sys::named_sem;
use crate::sys::processes::Proc;
use crate::sys::seals::{self, Seals};

static KIND: Kind = Kind {
    name: "nameless-shm",
    facility: Facility::Shm,
    family: Family::Kernel,
    forms: &[&model::FILE],
    file_type: None,
    listed: Breadth::All,
    about: "nameless shared memory",
    fields: || fields(FACTS),
    content: &[Part::Fact("allocated"), Part::Word(" allocated")],
};

/// Memory on the kernel's own file system of shared memory, and files of `/dev/shm` without a name. Of a mapping it is not
/// known whether its file has a name.
static MEMORY: FileClass = FileClass {
    name: "nameless shared memory",
    sources: Sources { descriptors: true, mappings: true, ..Sources::NONE },
    is: |facts: &FileFacts| {
        let device = Some(facts.file.device);
        let is_regular = facts.mode.is_none_or(|mode| mode & libc::S_IFMT == libc::S_IFREG);
        let has_name = facts.links.is_some_and(|links| links > 0);
        is_regular && (device == kernels_device() || device == directorys_device() && !has_name)
    },
};

static HOLDING: Holding = Holding {
    mappings: true,
    descriptors: true,
    vacancy: Vacancy::Existence,
    found_in: std::slice::from_ref(&MEMORY),
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    configure: Some(&NamelessShm),
    memory: Some(&NamelessShm),
    ..KindRecord::read_only(&KIND, &HOLDING, &NamelessShm)
};

/// One object.
struct MemoryRecord {
    file: FileId,
    details: Option<FileDetails>,
    sort: Value,
    seals: Value,
}

const UNSEEN: Value = Value::Unknown("only root can look at memory that has no descriptor");

static FACTS: &[Fact<MemoryRecord>] = &[
    Fact::free("allocated", "Bytes of memory allocated.", |one, _| {
        one.details.map_or(UNSEEN, |details| Value::Bytes(details.allocated))
    }),
    Fact::free(
        "sort",
        "memfd, anonymous (MAP_ANONYMOUS), unlinked (from /dev/shm), or other.",
        |one, _| one.sort.clone(),
    ),
    Fact::costly("seals", "What can no longer be done to it: memfd_create(2).", |one, _| {
        one.seals.clone()
    }),
    Fact::free("device", "Device of the file system, major:minor.", |one, _| {
        let (major, minor) = (libc::major(one.file.device), libc::minor(one.file.device));
        Value::Text(format!("{major}:{minor}").into())
    }),
    Fact::free("inode", "Inode number.", |one, _| Value::Id(one.file.inode)),
    Fact::costly(words::NAME, words::HELP, |one, look| words::rows(one.file, look)),
];

struct NamelessShm;

/// What is read of every object of a listing.
struct MemoryReading<'p, 'q> {
    plan: &'p FactPlan<'q, MemoryRecord>,
    proc: Option<Proc>,
    names: NamedFiles,
}

impl<'p, 'q> MemoryReading<'p, 'q> {
    fn new(plan: &'p FactPlan<'q, MemoryRecord>, look: &Query) -> Self {
        Self { plan, proc: Proc::open(look.proc).ok(), names: NamedFiles::default() }
    }

    /// The object; `None` for a file that has a name after all, or may have one, and for what is of another kind.
    fn object(&self, shown: &ShownFile) -> Option<Object> {
        let FileFacts { file, mut mode, mut details, .. } = shown.facts;
        let text = self.proc.as_ref().and_then(|proc| held::text(proc, &shown.showings));
        let is_proved = details.is_some();
        if !is_proved && let Some(stat) = self.behind(shown) {
            if !stat.is(libc::S_IFREG) || stat.links > 0 && Some(file.device) != kernels_device() {
                return None;
            }
            (mode, details) = (Some(stat.mode), Some(described(&stat)));
        }
        if details.is_none() && Some(file.device) != kernels_device() {
            // A mapping alone, behind which only root may look.
            let text = text.as_deref().filter(|text| self.names.have_lost(file, text))?;
            if former(text).starts_with(named_sem::PREFIX) {
                return None;
            }
        }
        let (sort, name) = sorted(file, details.as_ref(), text.as_deref())?;
        let seals = if self.plan.has("seals") { sealed(shown) } else { Value::None("none") };
        let one = MemoryRecord { file, details, sort, seals };
        Some(Object {
            name,
            owner: details.map_or(UNSEEN, |details| Value::User(details.uid)),
            group: details.map_or(UNSEEN, |details| Value::Group(details.gid)),
            mode: mode.map_or(UNSEEN, |mode| Value::Mode(mode & 0o7777)),
            size: details.map_or(UNSEEN, |details| Value::Bytes(details.size)),
            since: details.map(|details| details.since),
            facts: self.plan.read(&one),
            trace: Some(Trace::new(Subject::File(file), &HOLDING)),
            ..Object::new(&KIND, held::locator(file))
        })
    }

    fn behind(&self, shown: &ShownFile) -> Option<Stat> {
        held::stat(self.proc.as_ref()?, &shown.showings, shown.facts.file)
    }
}

fn sealed(shown: &ShownFile) -> Value {
    let mut told = Value::None("none");
    let asked = held::copies(shown.facts.file, &shown.showings, |copy| {
        let words = seals::seals(copy)?.words();
        if !words.is_empty() {
            told = Value::Words(words.into_iter().map(Value::Word).collect());
        }
        Ok(())
    });
    match asked {
        Ok(()) => told,
        Err(fault) if fault.class == Class::Denied => Value::Unknown("permission denied"),
        Err(_) => Value::Unknown("no process has a descriptor of it"),
    }
}

/// What sort of memory it is, and what its makers call it; `None` for a segment of System V and for a semaphore. On the
/// kernel's own device it is the kernel that writes what the text begins with; what follows it, anybody may have chosen.
fn sorted(
    file: FileId,
    details: Option<&FileDetails>,
    text: Option<&OsStr>,
) -> Option<(Value, ObjectName)> {
    if Some(file.device) != kernels_device() {
        let name = text.map(former).unwrap_or_default();
        let size = details.map_or(0, |details| details.size);
        return (!named_sem::is_shaped(name, size))
            .then(|| (Value::Word("unlinked"), called(name)));
    }
    let Some(text) = text else {
        return Some((Value::Unknown("its link could not be read"), ObjectName::None));
    };
    let bytes = text.as_bytes();
    let bytes = bytes.strip_suffix(b" (deleted)").unwrap_or(bytes);
    Some(match bytes.strip_prefix(b"/memfd:") {
        Some(name) => (Value::Word("memfd"), called(name)),
        None if bytes == b"/dev/zero" => (Value::Word("anonymous"), ObjectName::None),
        None if bytes.starts_with(b"/SYSV") => return None,
        None => (Value::Word("other"), called(bytes.strip_prefix(b"/").unwrap_or(bytes))),
    })
}

static SEAL: Param = Param {
    name: "seal",
    metavar: "SEALS",
    help: "Forbid for ever: write,grow",
    form: Form::Words,
};

impl Inspect for NamelessShm {
    fn announce(&self, look: &Query, locator: &Locator) {
        look.processes.announce(&MEMORY);
        if let Some(file) = held::identity(locator) {
            words::announce_in(&KIND, look, file);
        }
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&MEMORY);
        let reading = MemoryReading::new(&plan, look);
        let object = |file| reading.object(found.files.get(&file)?);
        super::list(&found, object, each)
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let file = identity(locator)?;
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&MEMORY);
        let object = MemoryReading::new(&plan, look).object(held::shown(&found, file)?);
        object.ok_or_else(|| held::missing(&found))
    }
}

impl Configure for NamelessShm {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&SEAL];
        PARAMS
    }

    fn set(&self, look: &Query, locator: &Locator, change: &ConfigureRequest) -> Result<(), Fault> {
        let file = identity(locator)?;
        let words = change.settings.words(&SEAL).unwrap_or_default();
        let all: Vec<_> = Seals::all().collect();
        let seals = Seals::named(words).map_err(|word| {
            Fault::usage(format!("{} is no seal", model::quoted(word.as_bytes())))
                .hint(format!("seals: {}", all.join(", ")))
        })?;
        let found = look.processes.found(&MEMORY);
        let shown = held::shown(&found, file)?;
        held::change(file, &shown.showings, change)?;
        if words.is_empty() {
            return Ok(());
        }
        held::copies(file, &shown.showings, |copy| {
            seals::seal(copy, seals).map_err(|error| seal_fault(copy, &error))
        })
    }
}

fn seal_fault(copy: impl std::os::fd::AsFd, error: &io::Error) -> Fault {
    let is_sealed = || seals::seals(copy).is_ok_and(|seals| seals.words().contains(&"seal"));
    match error.raw_os_error() {
        Some(libc::EBUSY) => Fault::new(
            Class::Failed,
            "a process has it mapped for writing, which forbids the seal write",
        )
        .hint("future-write lets such mappings be, and forbids new ones"),
        Some(libc::EPERM) if is_sealed() => {
            Fault::new(Class::Denied, "it is sealed against further seals")
        }
        Some(libc::EPERM) => {
            Fault::new(Class::Denied, "no process has it open for writing, as a new seal takes")
        }
        Some(libc::EINVAL) => {
            Fault::new(Class::Failed, "memory of this sort, or this kernel, has no such seal")
        }
        _ => Fault::from_os(error),
    }
}
