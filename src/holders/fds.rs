//! What a process has open. Descriptors are told by device and inode, never by the text of their links. Knows files
//! and no object.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::model::Access;
use crate::sys::file::{self, Stat};
use crate::sys::processes::{Process, decimal};

/// A descriptor of a process.
pub(super) struct Opened<'a> {
    pub(super) number: i32,
    pub(super) stat: Stat,
    directory: BorrowedFd<'a>,
}

impl Opened<'_> {
    /// What it is good for. The permissions of the link itself tell; with `O_PATH` it has none.
    pub(super) fn access(&self) -> Access {
        let link = file::stat_at(self.directory, decimal(self.number, &mut [0; 12]));
        link.map_or(Access::Neither, |link| {
            Access::new(link.mode & libc::S_IRUSR != 0, link.mode & libc::S_IWUSR != 0)
        })
    }
}

/// Hands every descriptor to `each`. `table` is `fd`, or that of a thread: `task/12/fd`. Those closed meanwhile are
/// left out.
///
/// # Errors
/// EACCES and EPERM for the processes of others, ENOENT and ESRCH for one that has ended.
pub(super) fn visit(
    process: &Process,
    table: &CStr,
    each: &mut dyn FnMut(&Opened),
) -> io::Result<()> {
    let (directory, numbers) = process.numbers(table)?;
    let directory = directory.as_fd();
    for number in numbers {
        match file::stat_target(directory, decimal(number, &mut [0; 12])) {
            Ok(stat) => each(&Opened { number, stat, directory }),
            // The directory can be read by some who may not follow what is in it; then none of it can.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
            Err(_) => {}
        }
    }
    Ok(())
}
