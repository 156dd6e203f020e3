//! What a wait for a descriptor of a FIFO says.

use std::os::fd::OwnedFd;

use crate::kinds::capability::Attempt;
use crate::model::{Class, Fault};
use crate::sys::file;
use crate::sys::poll::Woken;

/// Who waits for a FIFO that has lost its name waits for nobody, and is not woken by that.
pub(super) fn check(file: &OwnedFd) -> Result<(), Fault> {
    match file::stat(file) {
        Ok(stat) if stat.links == 0 => Err(Fault::new(Class::NotFound, "it was removed")),
        _ => Ok(()),
    }
}

/// What a wait for a descriptor says; a FIFO that was removed meanwhile is told.
pub(super) fn woken(file: &OwnedFd, woken: Woken) -> Result<Attempt<()>, Fault> {
    match woken {
        Woken::Ready => Ok(Attempt::Done(())),
        Woken::Signal => Ok(Attempt::Signal),
        Woken::Time => check(file).map(|()| Attempt::Late),
    }
}
