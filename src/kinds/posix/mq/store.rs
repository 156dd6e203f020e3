//! Queues as files. They are opened by name: the kernel looks in our own namespace, where there is nothing but queues.

use std::io;
use std::os::fd::OwnedFd;

use crate::kinds::backing::{DirEntry, Directory, Store};
use crate::kinds::posix::with_slash;
use crate::model::Locator;
use crate::sys::mqueue;

pub(super) struct Queues;

impl Store for Queues {
    fn open(&self, locator: &Locator) -> io::Result<OwnedFd> {
        let Locator::Name(name) = locator else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        mqueue::open(&with_slash(name).map_err(|_| io::ErrorKind::InvalidInput)?)
    }

    /// Their file system can neither rename nor have directories.
    fn spot(&self, _locator: &Locator) -> io::Result<Option<DirEntry>> {
        Ok(None)
    }

    fn home(&self) -> Option<Directory> {
        None
    }
}
