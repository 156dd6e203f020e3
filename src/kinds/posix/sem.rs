//! POSIX named semaphores: files `/dev/shm/sem.NAME` of the C library's layout. `sem_overview(7)`.
//!
//! They are looked at as files, after a look at type and size: another process may cut them short.

mod counters;

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::OFlag;
use nix::sys::uio::pread;

use super::room;
use super::{
    FOLDER, ShmDirectory, handle, is_semaphore, name, name_to_make, not_an_object, open_directory,
    prefixed, shelf, tail, unlisted, with_slash,
};
use crate::kinds::KindRecord;
use crate::kinds::backing::{Backing, Store};
use crate::kinds::capability::{
    Configure, ConfigureRequest, Create, CreateRequest, Each, Inspect, Query, Remove,
};
use crate::kinds::existing::by_facts;
use crate::kinds::fact::{Fact, FactPlan, fields};
use crate::kinds::file::{
    Backed, accessed, before_making, change_file, changed, created, device, finish_made, group_in,
    inode, links, modified, object, without_umask,
};
use crate::model::{
    self, Address, Breadth, Calls, Class, Difference, Encoded, Facility, Family, Fault, Form,
    Found, Holding, Kind, Limit, Locator, Object, Param, Part, Subject, Trace, Vacancy, Value, Who,
};
use crate::sys::file::{self, Stat};
use crate::sys::lease::Lease;
use crate::sys::{directory, named_sem};

static KIND: Kind = Kind {
    name: "posix-sem",
    facility: Facility::Sem,
    family: Family::Posix,
    forms: &[&model::NAME],
    file_type: None,
    listed: Breadth::Usual,
    about: "POSIX named semaphore",
    fields: || fields(FACTS),
    content: &[Part::Word("value "), Part::Fact("value")],
};

static HOLDING: Holding = Holding {
    mappings: true,
    descriptors: true,
    calls: Calls::OnWord,
    vacancy: Vacancy::Leased { in_flight: true },
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    create: Some(&PosixSem),
    configure: Some(&PosixSem),
    remove: Some(&PosixSem),
    backing: Some(&PosixSem),
    counters: Some(&PosixSem),
    ..KindRecord::read_only(&KIND, &HOLDING, &PosixSem)
};

/// A semaphore's file, and what its first words say: value and waiters, or why they are not known.
struct SemaphoreFile {
    stat: Stat,
    state: Result<(u32, u32), &'static str>,
}

impl Backed for SemaphoreFile {
    fn stat(&self) -> Option<&Stat> {
        Some(&self.stat)
    }
}

static FACTS: &[Fact<SemaphoreFile>] = &[
    Fact::costly("value", "Current value.", |one, _| {
        one.state.map_or_else(Value::Unknown, |(value, _)| Value::Count(value.into()))
    }),
    Fact::costly(
        "waiters",
        "Number of waiters according to its memory; a killed waiter stays counted.",
        |one, _| one.state.map_or_else(Value::Unknown, |(_, waiters)| Value::Count(waiters.into())),
    ),
    device(),
    inode(),
    links(),
    created(),
    modified(),
    accessed(),
    changed(),
];

static INITIAL: Param =
    Param { name: "value", metavar: "N", help: "Value of the semaphore", form: Form::Count };

struct PosixSem;

/// What a file is, and its state if it is a semaphore and anybody wants that. A file that the directory calls
/// `regular` is opened before it is looked at, which spares the second walk to its name; nothing else is opened
/// unseen.
fn semaphore(
    plan: &FactPlan<SemaphoreFile>,
    directory: &ShmDirectory,
    name: &CStr,
    regular: bool,
) -> io::Result<SemaphoreFile> {
    let open = || {
        let open = |more| file::open_at(&directory.dir, name, more);
        // To look leaves no trace in the access time, where we are allowed to ask for that.
        open(OFlag::O_NOATIME).or_else(|_| open(OFlag::empty()))
    };
    let wanted =
        plan.has("value") || plan.has("waiters") || plan.wants_past() || plan.wants_holders();
    let opened = (wanted && regular).then(open);
    let stat = match &opened {
        Some(Ok(opened)) => file::stat(opened)?,
        _ => file::stat_at(&directory.dir, name)?,
    };
    if !wanted || !is_semaphore(name.to_bytes(), &stat) {
        return Ok(SemaphoreFile { stat, state: Err("it was not read") });
    }
    // The file may be another one by now: what was opened is looked at again.
    let state = match opened.unwrap_or_else(open).and_then(|opened| read_state(&opened)) {
        Ok(state) => state.ok_or("its content is not that of a semaphore"),
        Err(error) => Err(Fault::reason(&error)),
    };
    Ok(SemaphoreFile { stat, state })
}

/// Value and waiters of an opened semaphore; `None` when the bytes are none.
fn read_state(opened: &OwnedFd) -> io::Result<Option<(u32, u32)>> {
    let mut bytes = [0; named_sem::SIZE];
    let length = pread(opened, &mut bytes, 0)?;
    Ok(match (length, bytes.first_chunk()) {
        (named_sem::SIZE, _) => named_sem::parse(&bytes),
        (named_sem::SIZE_32, Some(bytes)) => named_sem::parse_32(bytes),
        _ => None,
    })
}

fn seen(plan: &FactPlan<SemaphoreFile>, name: &OsStr, one: &SemaphoreFile) -> Object {
    let waited = !matches!(one.state, Ok((_, 0)));
    let trace = |file| Trace { waited, ..Trace::new(Subject::File(file), &HOLDING) };
    let locator = Locator::Name(name.into());
    let mut object = object(plan, &KIND, locator, (one, Value::None("none")), trace);
    if let (Some(past), Ok((value, waiters))) = (&mut object.past, one.state) {
        past.stranded = waiters;
        past.serial[2] = value.into();
    }
    object
}

fn file_name(locator: &Locator) -> Result<CString, Fault> {
    prefixed(named_sem::PREFIX, name(locator)?)
}

fn check(file: &CStr, stat: &Stat) -> Result<(), Fault> {
    if is_semaphore(file.to_bytes(), stat) {
        return Ok(());
    }
    if !stat.is(libc::S_IFREG) {
        return Err(not_an_object(stat, "a semaphore", file));
    }
    let (has, wants) = (stat.size, named_sem::SIZE);
    Err(Fault::new(
        Class::NotFound,
        format!("its file has {has} bytes, a semaphore has {wants} (16 of a 32-bit program)"),
    )
    .hint(format!("it is listed as shm:/{}", Encoded(file.to_bytes()))))
}

fn existing(locator: &Locator) -> Result<(OwnedFd, Stat), Fault> {
    let file = file_name(locator)?;
    let (handle, stat) = handle(&file)?;
    check(&file, &stat)?;
    Ok((handle, stat))
}

impl Inspect for PosixSem {
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let directory = match open_directory(&KIND, each) {
            Ok(directory) => directory,
            Err(flow) => return flow,
        };
        let entries = match directory.entries(|name| name.starts_with(named_sem::PREFIX)) {
            Ok(entries) => entries,
            Err(error) => return each(Found::Missing(unlisted(&KIND, &error))),
        };
        let plan = FactPlan::new(&KIND, FACTS, look);
        for entry in entries {
            let (regular, file) = (entry.is(libc::S_IFREG), entry.name);
            match semaphore(&plan, &directory, &file, regular) {
                Ok(one) if is_semaphore(file.to_bytes(), &one.stat) => {
                    let name = tail(&file, named_sem::PREFIX.len());
                    each(Found::Object(Box::new(seen(&plan, &name, &one))))?;
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return each(Found::Missing(unlisted(&KIND, &error))),
            }
        }
        ControlFlow::Continue(())
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let file = file_name(locator)?;
        let directory = ShmDirectory::open()?;
        let plan = FactPlan::new(&KIND, FACTS, look);
        let one = semaphore(&plan, &directory, &file, false)?;
        check(&file, &one.stat)?;
        Ok(seen(&plan, name(locator)?, &one))
    }

    fn limits(&self, _look: &Query) -> Vec<Limit> {
        vec![Limit {
            name: "SEM_VALUE_MAX",
            about: "highest value of a POSIX semaphore",
            limit: Value::Count(named_sem::MAX_VALUE.into()),
            used: Value::None("none"),
            who: Who::Nobody,
            knob: "fixed in the C library",
        }]
    }
}

fn value_of(making: &CreateRequest) -> Result<u32, Fault> {
    let value = making.settings.number(&INITIAL).unwrap_or(0);
    checked_value(value)
}

fn checked_value(value: u64) -> Result<u32, Fault> {
    u32::try_from(value).ok().filter(|value| *value <= named_sem::MAX_VALUE).ok_or_else(|| {
        let most = named_sem::MAX_VALUE;
        Fault::new(
            Class::Limit,
            format!("a semaphore's value is 0 to {most} (SEM_VALUE_MAX), not {value}"),
        )
    })
}

/// The C library makes a file of its own and gives it the name when it is complete: that takes a file and a page.
fn create_fault(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::StorageFull => room::full(1, procfs::page_size()).said(error),
        _ => Fault::from_os(error),
    }
}

impl Create for PosixSem {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&INITIAL];
        PARAMS
    }

    fn create(&self, _look: &Query, making: &CreateRequest) -> Result<Address, Fault> {
        let name = name_to_make(making, KIND.facility)?;
        let value = value_of(making)?;
        let path = with_slash(name)?;
        let (directory, before) = (ShmDirectory::open()?, before_making()?);
        without_umask(|| named_sem::create(&path, making.mode, value))
            .map_err(|error| create_fault(&error))?;
        let locator = Locator::Name(name.into());
        let file = file_name(&locator)?;
        finish_made((&directory.dir, &file), making, (before, |stat| check(&file, stat)))?;
        Ok(Address { facility: KIND.facility, locator })
    }

    fn group(&self, making: &CreateRequest) -> u32 {
        group_in(FOLDER, making)
    }

    /// A value below the one that was asked for may be one that somebody has taken: while a process has the semaphore open,
    /// it is no difference, and nothing changes it.
    fn differences(
        &self,
        _look: &Query,
        object: &Object,
        making: &CreateRequest,
    ) -> Result<Vec<Difference>, Fault> {
        value_of(making)?;
        let mut found = by_facts(object, making.settings, Configure::params(self));
        if !found.is_empty() && is_open(&object.address.locator) {
            found.retain(|one| match (&one.has, &one.wants) {
                (Value::Count(has), Value::Count(wants)) => has > wants,
                _ => true,
            });
            found.iter_mut().for_each(|one| one.mends = false);
        }
        Ok(found)
    }
}

/// Returns true if a process certainly has the semaphore open.
fn is_open(locator: &Locator) -> bool {
    let opened = existing(locator)
        .and_then(|(handle, _)| Ok(file::reopen(handle.as_fd(), OFlag::O_RDONLY)?));
    opened.is_ok_and(|opened| match Lease::take(opened) {
        Ok(_) => false,
        Err((error, _)) => error.kind() == io::ErrorKind::WouldBlock,
    })
}

impl Configure for PosixSem {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&INITIAL];
        PARAMS
    }

    fn set(
        &self,
        _look: &Query,
        locator: &Locator,
        change: &ConfigureRequest,
    ) -> Result<(), Fault> {
        let (handle, _) = existing(locator)?;
        if let Some(value) = change.settings.number(&INITIAL) {
            let value = checked_value(value)?;
            counters::set_value(locator, value)?;
        }
        change_file(handle.as_fd(), change)
    }
}

impl Remove for PosixSem {
    fn remove(&self, _look: &Query, locator: &Locator) -> Result<Option<String>, Fault> {
        let file = file_name(locator)?;
        let directory = ShmDirectory::open()?;
        check(&file, &file::stat_at(&directory.dir, &file)?)?;
        directory::unlink(&directory.dir, &file)?;
        Ok(None)
    }
}

impl Backing for PosixSem {
    fn store(&self, _look: &Query) -> io::Result<Box<dyn Store>> {
        shelf(named_sem::PREFIX)
    }
}
