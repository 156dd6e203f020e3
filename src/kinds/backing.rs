//! Objects that are files: where these are, so that the kernel can be asked whether anybody holds one, and so that one can be
//! moved out of the way. Knows neither who asks nor what for.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;

use super::capability::Query;
use crate::model::Locator;

/// To be a file, so that the kernel can be asked whether anybody holds it.
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
}

/// A name in a directory.
pub struct DirEntry {
    /// The directory.
    pub home: Directory,
    /// The name of a file in it.
    pub name: CString,
}

/// Where the files of a kind are.
pub trait Store {
    /// Opens an object's file for reading. It never blocks, follows no link and opens no device.
    ///
    /// # Errors
    /// ENOENT, EACCES; ENOTSUP for what must not be opened to look at it.
    fn open(&self, locator: &Locator) -> io::Result<OwnedFd>;

    /// The same for an object that was seen a moment ago, which spares a look before. It may be another file by now: what
    /// was opened has to be compared with what was seen.
    ///
    /// # Errors
    /// As [`Store::open`].
    fn open_seen(&self, locator: &Locator) -> io::Result<OwnedFd> {
        self.open(locator)
    }

    /// Where the file is, if it can be moved from there to another directory of the same file system.
    ///
    /// # Errors
    /// ENOENT, EACCES.
    fn spot(&self, locator: &Locator) -> io::Result<Option<DirEntry>>;

    /// The directory where all files of the kind are, if they are in one.
    fn home(&self) -> Option<Directory>;
}
