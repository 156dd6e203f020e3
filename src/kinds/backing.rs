//! Objects that are files: where these are, so that the kernel can be asked whether a process holds one, and so that one can
//! be moved out of the way. Knows neither who asks nor what for.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;

use super::capability::Query;
use crate::model::{FileId, Locator};
use crate::sys::connect::Unbound;
use crate::sys::file;
use crate::sys::lease::Lease;

/// To be a file, which can be claimed and moved.
pub trait Backing: Sync {
    /// Opens what many questions need only once.
    ///
    /// # Errors
    /// Why the files cannot be reached.
    fn store(&self, look: &Query) -> io::Result<Box<dyn Store>>;
}

/// A directory.
#[derive(Clone)]
pub struct Directory {
    /// The directory itself, opened.
    pub directory: Rc<OwnedFd>,
    /// What to call it.
    pub path: Rc<Path>,
    /// It is where the system keeps all files of the kind. Otherwise it is where an address led.
    pub is_fixed: bool,
}

/// A name in a directory.
pub struct DirEntry {
    /// The directory.
    pub home: Directory,
    /// The name of a file in it.
    pub name: CString,
}

impl DirEntry {
    /// Returns true if this file has the name now.
    pub fn is_of(&self, id: FileId) -> bool {
        file::stat_at(&*self.home.directory, &self.name)
            .is_ok_and(|stat| (stat.device, stat.inode) == (id.device, id.inode))
    }
}

/// What keeps a file as it was found, for as long as this lives.
pub enum Claim {
    /// A write lease: no process has the file open or mapped, and the first one that opens it breaks the lease.
    Leased(Lease),
    /// A socket file to which no socket is bound, and none can be any more.
    Unbound(Unbound),
    /// The open file alone: its file system grants no lease.
    Opened(OwnedFd),
    /// Nothing: objects of this kind are not opened to look at them.
    Untouched,
}

/// Why there is no claim.
#[derive(Debug)]
pub enum Refusal {
    /// A process has the file open or mapped.
    Held,
    /// There is none, or it is another file than the one that was seen.
    Changed,
    /// A socket is bound to it.
    Bound,
    /// Whether it is held cannot be told, and why.
    Unsure(&'static str),
    /// It could not be opened.
    Failed(io::Error),
}

/// Where the files of a kind are.
pub trait Store {
    /// Asks the kernel whether any process holds an object, and keeps the answer true. `seen` is the file that the object was
    /// a moment ago; without it, what is there now is looked at first.
    ///
    /// Only a kind that declares [`crate::model::Vacancy::Leased`] opens its files for that, and only one that declares
    /// [`crate::model::Vacancy::Probed`] connects to them: a store that does not say how,
    /// touches nothing.
    ///
    /// # Errors
    /// It is held, it is another file by now, or it could not be opened.
    fn claim(&self, locator: &Locator, seen: Option<FileId>) -> Result<Claim, Refusal> {
        let _ = (locator, seen);
        Ok(Claim::Untouched)
    }

    /// Where the file is, if it can be moved from there to another directory of the same file system.
    ///
    /// # Errors
    /// ENOENT, EACCES.
    fn spot(&self, locator: &Locator) -> io::Result<Option<DirEntry>>;

    /// The directory where all files of the kind are, if they are in one.
    fn home(&self) -> Option<Directory>;
}

/// Takes a write lease on a file that has just been opened for reading: `F_SETLEASE` of `fcntl(2)`.
///
/// # Errors
/// As [`Store::claim`].
pub(super) fn lease(opened: io::Result<OwnedFd>, seen: Option<FileId>) -> Result<Claim, Refusal> {
    let opened = opened.map_err(|error| match error.raw_os_error() {
        // Another process has a lease on it, and therefore has it open.
        Some(libc::EAGAIN) => Refusal::Held,
        Some(libc::ENOENT) => Refusal::Changed,
        _ => Refusal::Failed(error),
    })?;
    let stat = file::stat(&opened).map_err(Refusal::Failed)?;
    if seen.is_some_and(|seen| seen != (FileId { device: stat.device, inode: stat.inode })) {
        return Err(Refusal::Changed);
    }
    match Lease::take(opened) {
        Ok(leased) => Ok(Claim::Leased(leased)),
        // Only this says that a process has it; other errors say that the file system has no leases, or not for us.
        Err((error, _)) if error.raw_os_error() == Some(libc::EAGAIN) => Err(Refusal::Held),
        Err((_, opened)) => Ok(Claim::Opened(opened)),
    }
}
