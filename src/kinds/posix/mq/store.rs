//! Queues as files. They are opened by name: the kernel looks in our own namespace, where there is nothing but queues.

use std::io;
use std::os::fd::OwnedFd;

use crate::kinds::backing::{self, Claim, DirEntry, Directory, Refusal, Store};
use crate::kinds::posix::with_slash;
use crate::model::{FileId, Locator};
use crate::sys::mqueue;

pub(super) struct Queues;

fn open(locator: &Locator) -> io::Result<OwnedFd> {
    let Locator::Name(name) = locator else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    mqueue::open(&with_slash(name).map_err(|_| io::ErrorKind::InvalidInput)?)
}

impl Store for Queues {
    fn claim(&self, locator: &Locator, seen: Option<FileId>) -> Result<Claim, Refusal> {
        backing::lease(open(locator), seen)
    }

    /// Their file system can neither rename nor have directories.
    fn spot(&self, _locator: &Locator) -> io::Result<Option<DirEntry>> {
        Ok(None)
    }

    fn home(&self) -> Option<Directory> {
        None
    }
}
