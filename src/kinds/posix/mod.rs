//! What the POSIX kinds share: names, the directory behind shared memory and semaphores, the facts that any
//! file has, and changes of owner and mode.

pub(super) mod mq;
mod room;
pub(super) mod sem;
pub(super) mod shm;

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::rc::Rc;

use nix::fcntl::OFlag;

use super::backing::{self, Claim, DirEntry, Directory, Refusal, Store};
use super::capability::{CreateRequest, Each};
use super::link;
use crate::model::{Class, Encoded, Facility, Fault, FileId, Found, Kind, Locator};
use crate::sys::directory::{self, Entry};
use crate::sys::file::{self, Stat};
use crate::sys::named_sem;

/// Where the C library keeps shared memory and semaphores: `shm_overview(7)`.
const FOLDER: &CStr = c"/dev/shm";

/// The name in a locator.
fn name(locator: &Locator) -> Result<&OsStr, Fault> {
    match locator {
        Locator::Name(name) => Ok(name),
        Locator::Own(_) => {
            let fault = Fault::usage("an inherited descriptor is for send, recv and move");
            Err(fault.hint("ipcctl show tells the address of the queue"))
        }
        _ => Err(Fault::usage("a POSIX object has a name that begins with a slash")),
    }
}

/// The name that an object is to be made with.
fn name_to_make<'a>(making: &CreateRequest<'a>, facility: Facility) -> Result<&'a OsStr, Fault> {
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

/// The directory behind shared memory and semaphores, opened once.
struct ShmDirectory {
    dir: OwnedFd,
}

impl ShmDirectory {
    fn open() -> io::Result<Self> {
        Ok(Self { dir: directory::open(FOLDER)? })
    }

    /// The entries that `keep` keeps by the look of their names, in order.
    fn entries(&self, keep: fn(&[u8]) -> bool) -> io::Result<Vec<Entry>> {
        let mut entries = directory::entries(&self.dir, &keep)?;
        entries.sort_unstable();
        Ok(entries)
    }
}

/// The path of a file of the directory, for one look that spares opening the directory.
fn path(file: &CStr) -> CString {
    let bytes = [FOLDER.to_bytes(), b"/", file.to_bytes_with_nul()].concat();
    CString::from_vec_with_nul(bytes).unwrap_or_default()
}

/// The directory, or the warning that it could not be looked at.
fn open_directory(kind: &Kind, each: Each) -> Result<ShmDirectory, ControlFlow<()>> {
    ShmDirectory::open().map_err(|error| each(Found::Missing(unlisted(kind, &error))))
}

fn unlisted(kind: &Kind, error: &io::Error) -> String {
    let directory = FOLDER.to_string_lossy();
    format!("{} cannot be listed: {directory}: {}", kind.name, Fault::from_os(error).cause)
}

/// Returns true if a file of this name and shape is a semaphore of the C library. Anything else regular is shared memory.
fn is_semaphore(name: &[u8], stat: &Stat) -> bool {
    stat.is(libc::S_IFREG) && named_sem::is_shaped(name, stat.size)
}

/// The bytes of a file's name without the first `skip`.
fn tail(name: &CStr, skip: usize) -> OsString {
    OsString::from_vec(name.to_bytes()[skip..].to_vec())
}

/// Something that has the name of an object and is none.
fn not_an_object(stat: &Stat, what: &str, file: &CStr) -> Fault {
    let path = path(file);
    let path = Path::new(OsStr::from_bytes(path.to_bytes()));
    let is = link::what(path, stat);
    Fault::new(Class::NotFound, format!("it is {is}, not {what}"))
        .hint(format!("see {}", Encoded(path.as_os_str().as_bytes())))
}

/// A handle on a file of the directory, and what it is.
fn handle(file: &CStr) -> Result<(OwnedFd, Stat), Fault> {
    let directory = ShmDirectory::open()?;
    let handle = file::handle_at(&directory.dir, file)?;
    let stat = file::stat(&handle)?;
    Ok((handle, stat))
}

/// Where shared memory and semaphores are.
struct DiskDirectory {
    home: Directory,
    /// What stands before the name in the name of the file.
    prefix: &'static [u8],
}

/// Opens the directory behind shared memory or semaphores.
fn shelf(prefix: &'static [u8]) -> io::Result<Box<dyn Store>> {
    let directory = Rc::new(directory::open(FOLDER)?);
    let path = Path::new(OsStr::from_bytes(FOLDER.to_bytes())).into();
    Ok(Box::new(DiskDirectory { home: Directory { directory, path, is_fixed: true }, prefix }))
}

impl DiskDirectory {
    fn file(&self, locator: &Locator) -> io::Result<CString> {
        match locator {
            Locator::Name(name) => Ok(CString::new([self.prefix, name.as_bytes()].concat())?),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Opens by way of a handle what was not seen: it may be a FIFO or a device, which must not be opened.
    fn open_unseen(&self, locator: &Locator) -> io::Result<OwnedFd> {
        let handle = file::handle_at(&*self.home.directory, &self.file(locator)?)?;
        if !file::stat(&handle)?.is(libc::S_IFREG) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        file::reopen(handle.as_fd(), OFlag::O_RDONLY)
    }

    /// Opens what was seen a moment ago. It neither blocks nor follows a link, and is compared with what was seen.
    fn open_seen(&self, locator: &Locator) -> io::Result<OwnedFd> {
        file::open_at(&*self.home.directory, &self.file(locator)?, OFlag::empty())
    }
}

impl Store for DiskDirectory {
    fn claim(&self, locator: &Locator, seen: Option<FileId>) -> Result<Claim, Refusal> {
        let opened = match seen {
            Some(_) => self.open_seen(locator),
            None => self.open_unseen(locator),
        };
        backing::lease(opened, seen)
    }

    fn spot(&self, locator: &Locator) -> io::Result<Option<DirEntry>> {
        Ok(Some(DirEntry { home: self.home.clone(), name: self.file(locator)? }))
    }

    fn home(&self) -> Option<Directory> {
        Some(self.home.clone())
    }
}
