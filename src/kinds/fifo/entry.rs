//! Where a FIFO is: its directory, looked up once, and its name there. What is made, looked at or removed below that
//! handle is in that directory, wherever a part of its path leads by then. So only names of one directory can be changed
//! meanwhile, which takes the right to remove what is there.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use nix::sys::statvfs::fstatvfs;

use super::{check, check_named, path};
use crate::kinds::backing::{DirEntry, Directory, Store};
use crate::kinds::capability::CreateRequest;
use crate::kinds::file::{before_making, finish_made, without_umask};
use crate::model::{Class, Fault, Locator, Shortage, Use};
use crate::sys::{directory, file};

/// A directory, and a name in it.
pub(super) struct FifoEntry {
    home: OwnedFd,
    name: CString,
}

impl FifoEntry {
    /// Looks up the directory.
    ///
    /// # Errors
    /// ENOENT, EACCES, ENOTDIR; EINVAL for a path without a name.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let home = directory::handle(&CString::new(parent.as_os_str().as_bytes())?)?;
        Ok(Self { home, name: CString::new(name.as_bytes())? })
    }

    /// Makes a FIFO with exactly the mode and owner that are asked for.
    pub(super) fn create(&self, making: &CreateRequest) -> Result<(), Fault> {
        let before = before_making()?;
        without_umask(|| directory::make_fifo(&self.home, &self.name, making.mode)).map_err(
            |error| match error.kind() {
                io::ErrorKind::StorageFull => self.full().unwrap_or_else(|| create_fault(&error)),
                _ => create_fault(&error),
            },
        )?;
        finish_made((&self.home, &self.name), making, (before, check))
    }

    /// What is short on the file system, where that is files: a FIFO has no bytes there.
    fn full(&self) -> Option<Fault> {
        let room = fstatvfs(&self.home).ok()?;
        let short = Shortage {
            name: "its file system",
            unit: " files",
            used: Use::Exactly(room.files().saturating_sub(room.files_free())),
            limit: room.files(),
            more: 1,
            hint: "remove files there, or name another directory".to_owned(),
        };
        let cause = format!("its file system is full: {}", short.figures());
        short.is_short().then(|| Fault::new(Class::Limit, cause).hint(short.hint.clone()))
    }

    /// Removes the FIFO that is there; `path` is how somebody named it.
    pub(super) fn remove(&self, path: &Path) -> Result<(), Fault> {
        check_named(path, &file::stat_at(&self.home, &self.name)?)?;
        Ok(directory::unlink(&self.home, &self.name)?)
    }
}

/// Why a FIFO could not be made.
pub(super) fn create_fault(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => Fault::new(Class::NotFound, "the directory does not exist"),
        io::ErrorKind::NotADirectory => {
            Fault::new(Class::NotFound, "a component of the path is not a directory")
        }
        _ => Fault::from_os(error),
    }
}

/// FIFOs are wherever their paths lead. They are never claimed: to open one would release a process that waits for a peer.
pub(super) struct Paths;

impl Store for Paths {
    fn spot(&self, locator: &Locator) -> io::Result<Option<DirEntry>> {
        let path = path(locator).map_err(|_| io::ErrorKind::InvalidInput)?;
        let FifoEntry { home, name } = FifoEntry::of(path)?;
        let parent = path.parent().unwrap_or(path);
        let home = Directory { directory: Rc::new(home), path: parent.into(), is_fixed: false };
        Ok(Some(DirEntry { home, name }))
    }

    fn home(&self) -> Option<Directory> {
        None
    }
}
