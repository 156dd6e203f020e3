//! POSIX shared memory: files below `/dev/shm`. `shm_overview(7)`.

mod hidden;
mod memory;

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::OFlag;
use nix::sys::mman::shm_open;
use nix::sys::stat::Mode;
use nix::unistd::ftruncate;

use super::room::{self, Room};
use super::{
    Entry, FOLDER, ShmDirectory, handle, is_semaphore, name, name_to_make, not_an_object,
    open_directory, path, prefixed, shelf, tail, unlisted, with_slash,
};
use crate::kinds::KindRecord;
use crate::kinds::backing::{Backing, Store};
use crate::kinds::capability::{
    Configure, ConfigureRequest, Create, CreateRequest, Each, Inspect, Query, Remove,
};
use crate::kinds::existing::by_facts;
use crate::kinds::fact::{Fact, FactPlan, fields};
use crate::kinds::file::{
    Backed, accessed, as_change, change_file, changed, created, device, group_in, id, inode, links,
    modified, object, remove_same,
};
use crate::kinds::sizes::{FORCE, SIZE};
use crate::kinds::words;
use crate::model::{
    self, Address, Breadth, Class, Difference, Encoded, Facility, Family, Fault, Form, Found,
    Holding, Kind, Limit, Locator, Object, Param, Part, Subject, Trace, Vacancy, Value, Who,
};
use crate::sys::directory;
use crate::sys::file::{self, Stat};
use crate::sys::lease::Lease;
use crate::sys::named_sem;
use crate::sys::signal;
use hidden::Census;

static KIND: Kind = Kind {
    name: "posix-shm",
    facility: Facility::Shm,
    family: Family::Posix,
    forms: &[&model::NAME],
    file_type: None,
    listed: Breadth::Usual,
    about: "POSIX shared memory",
    fields: || fields(FACTS),
    content: &[Part::Fact("allocated"), Part::Word(" allocated")],
};

static HOLDING: Holding = Holding {
    mappings: true,
    descriptors: true,
    vacancy: Vacancy::Leased { in_flight: true },
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    create: Some(&PosixShm),
    configure: Some(&PosixShm),
    remove: Some(&PosixShm),
    backing: Some(&PosixShm),
    memory: Some(&PosixShm),
    ..KindRecord::read_only(&KIND, &HOLDING, &PosixShm)
};

impl Backed for Stat {
    fn stat(&self) -> Option<&Stat> {
        Some(self)
    }
}

static FACTS: &[Fact<Stat>] = &[
    Fact::free("allocated", "Bytes of memory allocated.", |stat, _| Value::Bytes(allocated(stat))),
    device(),
    inode(),
    links(),
    created(),
    modified(),
    accessed(),
    changed(),
    Fact::costly(words::NAME, words::HELP, |stat, look| words::rows(id(stat), look)),
];

static RESERVE: Param = Param {
    name: "reserve",
    metavar: "",
    help: "Allocate all of its memory now",
    form: Form::Flag,
};

struct PosixShm;

fn seen(plan: &FactPlan<Stat>, name: &OsStr, stat: &Stat) -> Object {
    let size = Value::Bytes(stat.size);
    let trace = |file| Trace::new(Subject::File(file), &HOLDING);
    object(plan, &KIND, Locator::Name(name.into()), (stat, size), trace)
}

/// The file of an object, which must be shared memory.
fn file_name(locator: &Locator) -> Result<CString, Fault> {
    prefixed(b"", name(locator)?)
}

fn check(file: &CStr, stat: &Stat) -> Result<(), Fault> {
    if is_semaphore(file.to_bytes(), stat) {
        let name = Encoded(&file.to_bytes()[named_sem::PREFIX.len()..]).to_string();
        return Err(Fault::new(Class::NotFound, "it is a semaphore, not shared memory")
            .hint(format!("its address is sem:/{name}")));
    }
    if stat.is(libc::S_IFREG) { Ok(()) } else { Err(not_an_object(stat, "shared memory", file)) }
}

/// Refuses a length that would turn the file into a semaphore, which this object's address does not name.
fn check_size(name: &OsStr, size: u64) -> Result<(), Fault> {
    if named_sem::is_shaped(name.as_encoded_bytes(), size) {
        return Err(Fault::usage(format!("a file of {size} bytes with this name is a semaphore"))
            .hint("use another size, or a name that does not begin with sem."));
    }
    Ok(())
}

/// A handle on an existing object.
fn existing(locator: &Locator) -> Result<(OwnedFd, Stat), Fault> {
    let file = file_name(locator)?;
    let (handle, stat) = handle(&file)?;
    check(&file, &stat)?;
    Ok((handle, stat))
}

impl Inspect for PosixShm {
    fn announce(&self, look: &Query, locator: &Locator) {
        words::announce(&KIND, self, look, locator);
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let directory = match open_directory(&KIND, each) {
            Ok(directory) => directory,
            Err(flow) => return flow,
        };
        let entries = match directory.entries(|_| true) {
            Ok(entries) => entries,
            Err(error) => return each(Found::Missing(unlisted(&KIND, &error))),
        };
        let plan = FactPlan::new(&KIND, FACTS, look);
        let mut others = Others::default();
        let mut census = Census::begin(&directory.dir);
        for Entry { name: file, .. } in entries {
            let stat = match file::stat_at(&directory.dir, &file) {
                Ok(stat) => stat,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return each(Found::Missing(unlisted(&KIND, &error))),
            };
            census.add(&file, &stat);
            if is_semaphore(file.to_bytes(), &stat) {
                continue;
            } else if stat.is(libc::S_IFREG) {
                each(Found::Object(Box::new(seen(&plan, &tail(&file, 0), &stat))))?;
            } else if !stat.is(libc::S_IFIFO) {
                others.add(&file, &stat);
            }
        }
        let hidden = census.tell(&directory.dir, look.breadth == Breadth::All);
        others.tell(hidden.as_ref().is_none_or(|(_, named)| !named), each)?;
        match hidden {
            Some((line, _)) => each(Found::Note(line)),
            None => ControlFlow::Continue(()),
        }
    }

    fn notes(&self) -> Vec<String> {
        let Ok(directory) = ShmDirectory::open() else { return Vec::new() };
        let mut census = Census::begin(&directory.dir);
        for Entry { name: file, .. } in directory.entries(|_| true).unwrap_or_default() {
            if let Ok(stat) = file::stat_at(&directory.dir, &file) {
                census.add(&file, &stat);
            }
        }
        census.tell(&directory.dir, false).map(|(line, _)| line).into_iter().collect()
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let file = file_name(locator)?;
        let stat = file::stat_path(&path(&file))?;
        check(&file, &stat)?;
        Ok(seen(&FactPlan::new(&KIND, FACTS, look), name(locator)?, &stat))
    }

    fn limits(&self, _look: &Query) -> Vec<Limit> {
        let room = Room::now();
        let part = |pick: fn(&Room) -> Value| match &room {
            Ok(room) => pick(room),
            Err(error) => Value::Unknown(Fault::reason(&io::Error::from(*error))),
        };
        vec![
            Limit {
                name: "SHM_SPACE",
                about: "bytes in /dev/shm, with semaphores",
                limit: part(|room| Value::Bytes(room.bytes())),
                used: part(|room| Value::Bytes(room.used())),
                who: Who::Owners(allocated_of),
                knob: "mount -o remount,size=SIZE /dev/shm",
            },
            Limit {
                name: "SHM_INODES",
                about: "files in /dev/shm",
                limit: part(|room| Value::Count(room.files().0)),
                used: part(|room| Value::Count(room.files().1)),
                who: Who::OWNERS,
                knob: "mount -o remount,nr_inodes=N /dev/shm",
            },
        ]
    }
}

/// Entries of the directory that are no objects of ours, told in one line.
#[derive(Default)]
struct Others {
    found: Vec<(bool, String)>,
}

impl Others {
    const NAMED: usize = 3;

    fn add(&mut self, file: &CStr, stat: &Stat) {
        let text = format!("{} ({})", Encoded(file.to_bytes()), stat.file_type());
        self.found.push((stat.is(libc::S_IFDIR), text));
    }

    fn tell(self, directories: bool, each: Each) -> ControlFlow<()> {
        let others =
            self.found.into_iter().filter(|(is_directory, _)| directories || !is_directory);
        let mut named: Vec<String> = others.map(|(_, text)| text).collect();
        let count = named.len();
        if count == 0 {
            return ControlFlow::Continue(());
        }
        let more = if count > Self::NAMED { " and others" } else { "" };
        named.truncate(Self::NAMED);
        each(Found::Note(format!(
            "{} in {} that {} no IPC object: {}{more}",
            if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") },
            FOLDER.to_string_lossy(),
            if count == 1 { "is" } else { "are" },
            named.join(", ")
        )))
    }
}

fn size_fault(error: &io::Error, size: u64) -> Fault {
    let fault = match error.raw_os_error() {
        Some(libc::EINVAL | libc::EFBIG) => {
            Fault::new(Class::Limit, format!("{size} bytes are more than a file can have"))
        }
        // Making a file and giving it a length takes the file alone.
        Some(libc::ENOSPC) => room::full(1, 0),
        _ => Fault::from_os(error),
    };
    fault.said(error)
}

fn set_length(file: &OwnedFd, size: u64) -> Result<(), Fault> {
    let length = i64::try_from(size)
        .map_err(|_| size_fault(&io::Error::from_raw_os_error(libc::EINVAL), size))?;
    ftruncate(file, length).map_err(|error| size_fault(&error.into(), size))
}

fn requested_size(making: &CreateRequest) -> Result<u64, Fault> {
    making.settings.number(&SIZE).ok_or_else(|| Fault::usage("shared memory needs --size"))
}

/// The same of an object.
fn allocated_of(object: &Object) -> u64 {
    match object.facts.get("allocated") {
        Some(Value::Bytes(bytes)) => *bytes,
        _ => 0,
    }
}

/// Bytes of memory that a file has.
fn allocated(stat: &Stat) -> u64 {
    stat.blocks.saturating_mul(512)
}

/// Bytes that are allocated in one go, so that a signal is noted before long.
const STEP: u64 = 16 << 20;

/// Allocates the memory of the whole file, unless a signal asks for the end.
fn reserve(file: &OwnedFd, size: u64) -> Result<(), Fault> {
    let (before, own) = (Room::now(), file::stat(file).map_or(0, |stat| allocated(&stat)));
    let mut at = 0;
    while at < size {
        if signal::ending().is_some() {
            return Err(Fault::new(Class::Failed, "interrupted"));
        }
        let step = STEP.min(size - at);
        match file::allocate(file.as_fd(), at, step) {
            Ok(()) => at += step,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                let more = size.saturating_sub(own);
                return Err(before.map_or_else(|_| room::full(0, more), |room| room.full(0, more)));
            }
            Err(error) => return Err(size_fault(&error, size)),
        }
    }
    Ok(())
}

impl Create for PosixShm {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&SIZE, &RESERVE];
        PARAMS
    }

    fn create(&self, _look: &Query, making: &CreateRequest) -> Result<Address, Fault> {
        let name = name_to_make(making, KIND.facility)?;
        let size = requested_size(making)?;
        check_size(name, size)?;
        let path = with_slash(name)?;
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL;
        let mode = Mode::from_bits_truncate(making.mode);
        let file = shm_open(path.as_c_str(), flags, mode)
            .map_err(|error| size_fault(&error.into(), size))?;
        let reserved = || match making.settings.given(&RESERVE) {
            true => reserve(&file, size),
            false => Ok(()),
        };
        let made = set_length(&file, size)
            .and_then(|()| reserved())
            .and_then(|()| change_file(file.as_fd(), &as_change(making)));
        if let Err(fault) = made {
            if let (Ok(directory), Ok(own)) = (ShmDirectory::open(), prefixed(b"", name)) {
                let _ = remove_same(&directory.dir, &own, &file);
            }
            return Err(fault);
        }
        Ok(Address { facility: KIND.facility, locator: Locator::Name(name.into()) })
    }

    fn group(&self, making: &CreateRequest) -> u32 {
        group_in(FOLDER, making)
    }

    fn differences(
        &self,
        _look: &Query,
        object: &Object,
        making: &CreateRequest,
    ) -> Result<Vec<Difference>, Fault> {
        let mut found = by_facts(object, making.settings, Configure::params(self));
        let size = requested_size(making)?;
        let stat = file::stat_path(&path(&file_name(&object.address.locator)?))?;
        if making.settings.given(&RESERVE) && allocated(&stat) < size {
            let (has, wants) = (Value::Bytes(allocated(&stat)), Value::Count(size));
            let (name, what) = (RESERVE.name, "allocated memory");
            found.push(Difference { name, what, has, wants, mends: true });
        }
        Ok(found)
    }

    fn caution(&self, making: &CreateRequest) -> Option<String> {
        let (size, room) = (requested_size(making).ok()?, Room::now().ok()?);
        let free = room.free();
        let short = room.bytes() > 0 && !making.settings.given(&RESERVE) && size > free;
        short.then(|| {
            format!(
                "/dev/shm has {free} bytes free, fewer than {size}: a process that writes to more of it gets SIGBUS"
            )
        })
    }
}

impl Configure for PosixShm {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&SIZE, &RESERVE, &FORCE];
        PARAMS
    }

    fn set(
        &self,
        _look: &Query,
        locator: &Locator,
        change: &ConfigureRequest,
    ) -> Result<(), Fault> {
        let (handle, stat) = existing(locator)?;
        if let Some(size) = change.settings.number(&SIZE) {
            check_size(name(locator)?, size)?;
            let file = file::reopen(handle.as_fd(), OFlag::O_RDWR)?;
            if size < stat.size && !change.settings.given(&FORCE) {
                // Whoever has it mapped gets SIGBUS beyond the new end. The lease keeps others out meanwhile.
                let lease = Lease::take(file).map_err(|(error, _)| shrink_fault(&error, size))?;
                set_length(lease.file(), size)?;
            } else {
                set_length(&file, size)?;
            }
        } else if change.settings.given(&FORCE) {
            return Err(Fault::usage("--force goes with --size"));
        }
        if change.settings.given(&RESERVE) {
            let file = file::reopen(handle.as_fd(), OFlag::O_RDWR)?;
            reserve(&file, file::stat(&file)?.size)?;
        }
        change_file(handle.as_fd(), change)
    }
}

/// Why shrinking is refused: somebody holds the object, or nobody can tell.
fn shrink_fault(error: &io::Error, size: u64) -> Fault {
    let cause = match error.raw_os_error() {
        Some(libc::EAGAIN) => "a process has it open or mapped",
        Some(libc::EACCES) => "only its owner and root can find out whether a process uses it",
        _ => "the kernel cannot tell whether a process uses it",
    };
    Fault::new(Class::Failed, format!("{cause}, and would get SIGBUS beyond {size} bytes"))
        .hint("end its holders first, or use --force")
}

impl Remove for PosixShm {
    fn remove(&self, _look: &Query, locator: &Locator) -> Result<Option<String>, Fault> {
        let file = file_name(locator)?;
        let directory = ShmDirectory::open()?;
        check(&file, &file::stat_at(&directory.dir, &file)?)?;
        directory::unlink(&directory.dir, &file)?;
        Ok(None)
    }
}

impl Backing for PosixShm {
    fn store(&self, _look: &Query) -> io::Result<Box<dyn Store>> {
        shelf(b"")
    }
}
