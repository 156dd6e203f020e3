//! Another size for a pipe or FIFO: `fcntl(2)` F_SETPIPE_SZ, through a descriptor that a process has of it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use crate::kinds::sizes::{FORCE, SIZE};
use crate::model::{Class, Fault, Param, Settings};
use crate::sys::pipe;

/// The options of `set`.
pub(in crate::kinds) static RESIZING: &[&Param] = &[&SIZE, &FORCE];

/// The size that is asked for, which has to be insisted on: other programs hold every pipe that there is.
///
/// # Errors
/// A usage error for one option without the other.
pub(in crate::kinds) fn size_asked(settings: &Settings) -> Result<Option<u64>, Fault> {
    match (settings.number(&SIZE), settings.given(&FORCE)) {
        (Some(size), true) => Ok(Some(size)),
        (None, false) => Ok(None),
        (None, true) => Err(Fault::usage("--force goes with --size")),
        (Some(_), false) => Err(Fault::new(Class::Failed, "other programs hold it")
            .hint("--force changes the size all the same: what is in it stays")),
    }
}

/// Makes a pipe hold so many bytes, rounded up to a power of two of pages.
///
/// # Errors
/// [`Class::Failed`] when more is in it, [`Class::Denied`] above what its user may have.
pub(in crate::kinds) fn resize(end: &OwnedFd, bytes: u64) -> Result<(), Fault> {
    let too_large = || Fault::usage("a pipe holds less than 2 GiB");
    let wanted = usize::try_from(bytes).ok().filter(|bytes| *bytes <= i32::MAX as usize);
    match pipe::enlarge(end.as_fd(), wanted.ok_or_else(too_large)?) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(&error, bytes)),
    }
}

fn refused(error: &io::Error, bytes: u64) -> Fault {
    match error.raw_os_error() {
        Some(libc::EBUSY) => {
            Fault::new(Class::Failed, format!("what is in it does not fit into {bytes} bytes"))
                .hint("ipcctl peek shows what is in it")
        }
        Some(libc::EPERM) => Fault::new(
            Class::Denied,
            "only CAP_SYS_RESOURCE may exceed fs.pipe-max-size or the pages of a user's pipes",
        )
        .hint("ipcctl limits PIPE_MAX_SIZE PIPE_USER_PAGES_HARD tells them"),
        _ => Fault::from_os(error),
    }
}
