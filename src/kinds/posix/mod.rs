//! What the POSIX kinds share: names, the folder behind shared memory and semaphores, the facts that any
//! file has, and changes of owner and mode.

pub(super) mod mq;
pub(super) mod sem;
pub(super) mod shm;

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::rc::Rc;

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

use super::capability::{Change, Each, Home, Making, Spot, Store};
use super::fact::{Fact, Plan};
use crate::model::{
    Address, Class, Encoded, Facility, Fault, FileId, Kind, Locator, Object, Pace, Past, Sighting,
    Timestamp, Trace, Value,
};
use crate::sys::file::{self, Stat};
use crate::sys::{folder, named_sem};

/// Where the C library keeps shared memory and semaphores: `shm_overview(7)`.
const FOLDER: &CStr = c"/dev/shm";
/// What it puts before the name of a semaphore there.
const SEMAPHORE_PREFIX: &[u8] = b"sem.";

/// An object that is a file of the file system behind its kind.
pub(super) trait Backed {
    fn stat(&self) -> Option<&Stat>;
}

fn time<T: Backed>(record: &T, pick: fn(&Stat) -> (i64, u32)) -> Value {
    record.stat().map_or(UNSEEN, |stat| Value::Time(timestamp(pick(stat))))
}

const UNSEEN: Value = Value::Unknown("permission denied");

pub(super) fn timestamp((secs, nanos): (i64, u32)) -> Timestamp {
    Timestamp { secs, nanos }
}

pub(super) const fn device<T: Backed>() -> Fact<T> {
    Fact::free("device", "Device of its file system, major:minor.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| {
            Value::Text(format!("{}:{}", libc::major(stat.device), libc::minor(stat.device)).into())
        })
    })
}

pub(super) const fn inode<T: Backed>() -> Fact<T> {
    Fact::free("inode", "Inode number.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| Value::Id(stat.inode))
    })
}

pub(super) const fn links<T: Backed>() -> Fact<T> {
    Fact::free("links", "Names it has in its file system.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| Value::Count(stat.links.into()))
    })
}

pub(super) const fn accessed<T: Backed>() -> Fact<T> {
    Fact::free("accessed", "When its file was last read.", |record, _| {
        time(record, |stat| stat.accessed)
    })
}

pub(super) const fn modified<T: Backed>() -> Fact<T> {
    Fact::free(
        "modified",
        "When its file was last written to, other than through a mapping.",
        |record, _| time(record, |stat| stat.modified),
    )
}

pub(super) const fn changed<T: Backed>() -> Fact<T> {
    Fact::free(
        "changed",
        "When its file's content, owner, mode or links last changed.",
        |record, _| time(record, |stat| stat.changed),
    )
}

pub(super) const fn created<T: Backed>() -> Fact<T> {
    Fact::free("created", "When it was made.", |record, _| {
        match record.stat().map(|stat| stat.born) {
            Some(Some(born)) => Value::Time(timestamp(born)),
            Some(None) => Value::Unknown("its file system keeps no time of birth"),
            None => UNSEEN,
        }
    })
}

/// What identifies a file.
pub(super) trait Identified {
    fn file(&self) -> FileId;
}

impl Identified for Stat {
    fn file(&self) -> FileId {
        FileId { device: self.device, inode: self.inode }
    }
}

/// An object with what its file tells, and the trace that its holders leave.
pub(super) fn object<T: Backed>(
    plan: &Plan<T>,
    kind: &'static Kind,
    locator: Locator,
    (one, size): (&T, Value),
    trace: impl FnOnce(FileId) -> Trace,
) -> Object {
    let stat = one.stat();
    Object {
        kind,
        address: Address { facility: kind.facility, locator },
        uid: stat.map(|stat| stat.uid),
        gid: stat.map(|stat| stat.gid),
        mode: stat.map(|stat| stat.mode & 0o7777),
        size,
        since: stat.map(|stat| timestamp(stat.born.unwrap_or(stat.changed))),
        facts: plan.read(one),
        trace: stat.map(|stat| trace(stat.file())),
        found: None,
        past: stat.filter(|_| plan.wants_past()).map(past),
        verdict: None,
        producer: None,
    }
}

/// Seconds between the making of a file and the end of what its maker does first.
const MAKING: i64 = 2;

/// What a file remembers. It knows no process.
fn past(stat: &Stat) -> Past {
    let times = [stat.modified.0, stat.accessed.0, stat.changed.0];
    let born = stat.born.unwrap_or_default();
    let newest = times.into_iter().max();
    Past {
        actors: Ok(Vec::new()),
        last: newest.max(stat.born.map(|born| born.0)),
        changed: Some(stat.changed.0),
        creator: None,
        pace: Pace::Steady,
        pending: None,
        stranded: 0,
        untouched: stat.born.is_some()
            && times.iter().all(|time| (*time - born.0).abs() <= MAKING),
        links: stat.links,
        memory: stat.blocks.saturating_mul(512),
        serial: [born.0.unsigned_abs(), born.1.into(), stat.size],
    }
}

/// The name in a locator.
fn name(locator: &Locator) -> Result<&OsStr, Fault> {
    match locator {
        Locator::Name(name) => Ok(name),
        _ => Err(Fault::usage("a POSIX object has a name that begins with a slash")),
    }
}

/// The name that an object is to be made with.
fn name_to_make<'a>(making: &Making<'a>, facility: Facility) -> Result<&'a OsStr, Fault> {
    let missing =
        || Fault::usage(format!("a POSIX object needs a name: {}:/NAME", facility.name()));
    name(making.locator.ok_or_else(missing)?)
}

/// The name as the C library takes it.
fn with_slash(name: &OsStr) -> Result<CString, Fault> {
    prefixed(b"/", name)
}

fn prefixed(prefix: &[u8], name: &OsStr) -> Result<CString, Fault> {
    CString::new([prefix, name.as_bytes()].concat())
        .map_err(|_| Fault::usage("a name cannot contain a NUL byte"))
}

/// A folder of objects, opened once.
struct Folder {
    dir: Dir,
}

impl Folder {
    /// The folder behind shared memory and semaphores.
    fn open() -> io::Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Self { dir: Dir::open(FOLDER, flags, Mode::empty())? })
    }

    /// The names in it that `keep` keeps by their look, in order.
    fn names(&mut self, keep: fn(&[u8]) -> bool) -> io::Result<Vec<CString>> {
        let mut names = Vec::new();
        for entry in self.dir.iter() {
            let entry = entry?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") && keep(name.to_bytes()) {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// The folder, or the warning that it could not be looked at.
fn open_folder(kind: &Kind, each: Each) -> Result<Folder, ControlFlow<()>> {
    Folder::open().map_err(|error| each(Sighting::Missing(unlisted(kind, &error))))
}

fn unlisted(kind: &Kind, error: &io::Error) -> String {
    let folder = FOLDER.to_string_lossy();
    format!("{} cannot be listed: {folder}: {}", kind.name, Fault::from_os(error).cause)
}

/// Is a file of this name and shape a semaphore of the C library's? Anything else regular is shared memory.
fn is_semaphore(name: &[u8], stat: &Stat) -> bool {
    name.len() > SEMAPHORE_PREFIX.len()
        && name.starts_with(SEMAPHORE_PREFIX)
        && stat.is(libc::S_IFREG)
        && stat.size == named_sem::SIZE as u64
}

/// The bytes of a file's name without the first `skip`.
fn tail(name: &CStr, skip: usize) -> OsString {
    OsString::from_vec(name.to_bytes()[skip..].to_vec())
}

/// Something that has the name of an object and is none.
fn not_an_object(stat: &Stat, what: &str, file: &CStr) -> Fault {
    Fault::new(Class::NotFound, format!("it is {}, not {what}", stat.sort())).hint(format!(
        "see {}/{}",
        FOLDER.to_string_lossy(),
        Encoded(file.to_bytes())
    ))
}

/// A handle on a file of the folder, and what it is.
fn handle(file: &CStr) -> Result<(OwnedFd, Stat), Fault> {
    let folder = Folder::open()?;
    let handle = file::handle_at(folder.dir.as_fd(), file)?;
    let stat = file::stat(&handle)?;
    Ok((handle, stat))
}

/// Changes owner and mode. The owner comes first: a new owner clears set-user-ID bits of the mode.
pub(super) fn change_file(handle: BorrowedFd<'_>, change: &Change) -> Result<(), Fault> {
    if change.uid.is_some() || change.gid.is_some() {
        file::set_owner(handle, change.uid, change.gid)?;
    }
    if let Some(mode) = change.mode {
        file::set_mode(handle, mode)?;
    }
    Ok(())
}

/// What `create` asks for, as a change of the object that has just been made: the umask has had its way with
/// the mode.
pub(super) fn as_change<'a>(making: &Making<'a>) -> Change<'a> {
    Change { mode: Some(making.mode), uid: making.uid, gid: making.gid, settings: making.settings }
}

/// Where shared memory and semaphores are.
struct Shelf {
    home: Home,
    /// What stands before the name in the name of the file.
    prefix: &'static [u8],
}

/// Opens the folder behind shared memory or semaphores.
fn shelf(prefix: &'static [u8]) -> io::Result<Box<dyn Store>> {
    let folder = Rc::new(folder::open(FOLDER)?);
    let path = Path::new(OsStr::from_bytes(FOLDER.to_bytes())).into();
    Ok(Box::new(Shelf { home: Home { folder, path }, prefix }))
}

impl Shelf {
    fn file(&self, locator: &Locator) -> io::Result<CString> {
        match locator {
            Locator::Name(name) => Ok(CString::new([self.prefix, name.as_bytes()].concat())?),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

impl Store for Shelf {
    /// By way of a handle: what is there by now may be a FIFO or a device, which must not be opened.
    fn open(&self, locator: &Locator) -> io::Result<OwnedFd> {
        let handle = file::handle_at(&*self.home.folder, &self.file(locator)?)?;
        if !file::stat(&handle)?.is(libc::S_IFREG) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        file::reopen(handle.as_fd(), OFlag::O_RDONLY)
    }

    fn spot(&self, locator: &Locator) -> io::Result<Option<Spot>> {
        Ok(Some(Spot { home: self.home.clone(), name: self.file(locator)? }))
    }

    fn home(&self) -> Option<Home> {
        Some(self.home.clone())
    }
}
