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

use nix::dir::{Dir, Type};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

use super::capability::{Each, Held, Making};
use crate::model::{Class, Encoded, Facility, Fault, Kind, Locator, Sighting};
use crate::sys::file::{self, Stat};
use crate::sys::lease::Lease;
use crate::sys::named_sem;

/// Where the C library keeps shared memory and semaphores: `shm_overview(7)`.
const FOLDER: &CStr = c"/dev/shm";
/// What it puts before the name of a semaphore there.
const SEMAPHORE_PREFIX: &[u8] = b"sem.";

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

/// A file of the folder: its name, and whether it is a regular file as far as the folder tells.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    file: CString,
    regular: bool,
}

impl Folder {
    /// The folder behind shared memory and semaphores.
    fn open() -> io::Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Self { dir: Dir::open(FOLDER, flags, Mode::empty())? })
    }

    /// The entries that `keep` keeps by the look of their names, in order.
    fn entries(&mut self, keep: fn(&[u8]) -> bool) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in self.dir.iter() {
            let entry = entry?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") && keep(name.to_bytes()) {
                let regular = entry.file_type() == Some(Type::File);
                entries.push(Entry { file: name.to_owned(), regular });
            }
        }
        entries.sort_unstable();
        Ok(entries)
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
    stat.is(libc::S_IFREG) && is_semaphore_shaped(name, stat.size)
}

/// Is a regular file of this name and length one?
fn is_semaphore_shaped(name: &[u8], size: u64) -> bool {
    name.len() > SEMAPHORE_PREFIX.len()
        && name.starts_with(SEMAPHORE_PREFIX)
        && size == named_sem::SIZE as u64
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

/// Does anybody hold this file? The lease is given back at once.
fn probe(file: BorrowedFd<'_>) -> Held {
    match Lease::take(file) {
        Ok(_) => Held::No,
        Err(error) => match error.raw_os_error() {
            Some(libc::EAGAIN) => Held::Yes("a process has it open or mapped".into()),
            Some(libc::EACCES) => {
                Held::Unknown("only its owner and root can ask the kernel who holds it".into())
            }
            _ => Held::Unknown("the kernel cannot say whether anybody holds it".into()),
        },
    }
}

/// Does anybody hold the file behind this handle?
fn probe_handle(handle: &OwnedFd) -> Held {
    match file::reopen(handle.as_fd(), OFlag::O_RDONLY) {
        Ok(file) => probe(file.as_fd()),
        Err(error) => {
            Held::Unknown(format!("it cannot be opened: {}", Fault::from_os(&error).cause))
        }
    }
}
