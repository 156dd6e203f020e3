//! What happens to names in folders: `renameat2(2)`, `unlinkat(2)`, `mkdirat(2)`, and `flock(2)` on a folder as
//! a sign of life that the kernel takes back.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::dir::{Dir, Type};
use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, openat, renameat2};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::check;

/// Opens a folder to read it, not following a link.
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR and ELOOP for what is no folder.
pub fn open_at(folder: impl AsFd, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

/// Opens a folder by its path to read it.
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR.
pub fn open(path: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    Ok(openat(AT_FDCWD, path, flags, Mode::empty())?)
}

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name.
    pub name: CString,
    /// Is it that of a regular file, as far as the folder tells?
    pub regular: bool,
}

/// The names in a folder that `keep` keeps, in no order; not its own and that of its parent.
///
/// # Errors
/// Those of `readdir(3)`.
pub fn entries(folder: impl AsFd, keep: &dyn Fn(&[u8]) -> bool) -> io::Result<Vec<Entry>> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut entries = Vec::new();
    for entry in Dir::openat(folder, c".", flags, Mode::empty())?.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") && keep(name.to_bytes()) {
            let regular = entry.file_type() == Some(Type::File);
            entries.push(Entry { name: name.to_owned(), regular });
        }
    }
    Ok(entries)
}

/// Makes a folder for its owner alone.
///
/// # Errors
/// EEXIST, EACCES, ENOSPC, EROFS.
pub fn make(folder: impl AsFd, name: &CStr) -> io::Result<()> {
    Ok(mkdirat(folder, name, Mode::S_IRWXU)?)
}

/// Moves a file from one folder to another of the same file system, and never onto another file.
///
/// # Errors
/// EEXIST when the name is taken, EXDEV, EPERM and EACCES for others than the owner, EINVAL where the file system
/// cannot promise that.
pub fn rename(from: impl AsFd, name: &CStr, to: impl AsFd, new_name: &CStr) -> io::Result<()> {
    Ok(renameat2(from, name, to, new_name, RenameFlags::RENAME_NOREPLACE)?)
}

/// Takes a name away from a file, which is no folder.
///
/// # Errors
/// ENOENT, EPERM and EACCES for others than the owner, EISDIR.
pub fn unlink(folder: impl AsFd, name: &CStr) -> io::Result<()> {
    Ok(unlinkat(folder, name, UnlinkatFlags::NoRemoveDir)?)
}

/// Removes an empty folder.
///
/// # Errors
/// ENOTEMPTY, ENOENT, EPERM and EACCES for others than the owner.
pub fn remove(folder: impl AsFd, name: &CStr) -> io::Result<()> {
    Ok(unlinkat(folder, name, UnlinkatFlags::RemoveDir)?)
}

/// Locks an open folder until its descriptor is closed, as happens with the end of the process at the latest.
///
/// # Errors
/// EWOULDBLOCK when another process has it locked.
pub fn lock(folder: &OwnedFd) -> io::Result<()> {
    // SAFETY: no pointer is passed.
    check(unsafe { libc::flock(folder.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }).map(drop)
}
