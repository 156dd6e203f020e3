//! What happens to names in directories: `renameat2(2)`, `unlinkat(2)`, `mkdirat(2)`, and `flock(2)` on a directory as
//! a sign of life that the kernel takes back.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, OFlag, ResolveFlag, openat, readlinkat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, mkfifoat, symlinkat, unlinkat};
use rustix::fs::{Dir, FileType, RenameFlags, renameat_with};

use super::{apart, file, mounts};

/// Opens a directory to read it, not following a link.
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR and ELOOP for what is no directory.
///
/// [`openat(2)`](https://man7.org/linux/man-pages/man2/openat.2.html)
#[doc(alias = "openat")]
pub fn open_at(directory: impl AsFd, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(directory, name, flags, Mode::empty())?)
}

/// Opens a directory by its path to read it.
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR.
///
/// [`openat(2)`](https://man7.org/linux/man-pages/man2/openat.2.html)
#[doc(alias = "openat")]
pub fn open(path: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    Ok(openat(AT_FDCWD, path, flags, Mode::empty())?)
}

/// A handle on a directory, to look up names in it and change them: `O_PATH`, which takes no permission to read it.
/// Whatever becomes of its path, the handle stays on it.
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR.
///
/// [`open(2)`](https://man7.org/linux/man-pages/man2/open.2.html)
#[doc(alias = "open")]
pub fn handle(path: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    Ok(openat(AT_FDCWD, path, flags, Mode::empty())?)
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name.
    pub name: CString,
    /// The type of the file, `S_IFREG` and the like of `inode(7)`, as the directory tells it; 0 where it does not.
    pub file_type: u32,
}

impl Entry {
    /// Returns true for the name of a file of this type.
    pub fn is(&self, file_type: libc::mode_t) -> bool {
        self.file_type == file_type
    }

    /// The name, as part of a path.
    pub fn name(&self) -> &OsStr {
        OsStr::from_bytes(self.name.to_bytes())
    }
}

/// The names in an open directory that `keep` keeps, in no order; not its own and that of its parent. Unlike the standard
/// library's, this ends no program when a directory cannot be closed.
///
/// # Errors
/// Those of `getdents(2)`.
///
/// [`getdents(2)`](https://man7.org/linux/man-pages/man2/getdents.2.html)
#[doc(alias = "getdents")]
pub fn entries(directory: impl AsFd, keep: &dyn Fn(&[u8]) -> bool) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") && keep(name.to_bytes()) {
            let file_type = match entry.file_type() {
                FileType::Unknown => 0,
                known => known.as_raw_mode(),
            };
            entries.push(Entry { name: name.to_owned(), file_type });
        }
    }
    Ok(entries)
}

/// The names in the directory at `path`, in no order, each with its type: of the few file systems whose directories do not
/// tell it, the files are asked.
///
/// # Errors
/// Those of `open(2)` and `getdents(2)`.
pub fn list(path: &Path) -> io::Result<Vec<Entry>> {
    let directory = open(&CString::new(path.as_os_str().as_bytes())?)?;
    let mut entries = entries(&directory, &|_| true)?;
    for entry in entries.iter_mut().filter(|entry| entry.file_type == 0) {
        let stat = file::stat_at(&directory, &entry.name);
        entry.file_type = stat.map_or(0, |stat| stat.mode & libc::S_IFMT);
    }
    Ok(entries)
}

/// As [`list`], of a directory whose file system may not answer.
///
/// # Errors
/// As [`list`], ETIMEDOUT when there is no answer in time.
pub fn list_in_time(path: &Path) -> io::Result<Vec<Entry>> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    let handle = file::handle_in_time(AT_FDCWD, &name, true, ResolveFlag::empty())?;
    let device = file::stat_remembered_of(&handle)?.device;
    if mounts::is_local_here(device) || apart::answers(&[handle.as_fd()], || drop(list(path))) {
        list(path)
    } else {
        Err(io::Error::from_raw_os_error(libc::ETIMEDOUT))
    }
}

/// The names in the directory behind a handle, whose file system may not answer.
///
/// # Errors
/// As [`open_at`] and [`entries`], ETIMEDOUT when there is no answer in time.
pub fn entries_in_time(handle: BorrowedFd<'_>) -> io::Result<Vec<Entry>> {
    let read = || open_at(handle, c".").and_then(|directory| entries(directory, &|_| true));
    if apart::answers(&[handle], || drop(read())) {
        read()
    } else {
        Err(io::Error::from_raw_os_error(libc::ETIMEDOUT))
    }
}

/// Makes a directory for its owner alone.
///
/// # Errors
/// EEXIST, EACCES, ENOSPC, EROFS.
///
/// [`mkdirat(2)`](https://man7.org/linux/man-pages/man2/mkdirat.2.html)
#[doc(alias = "mkdirat")]
pub fn make(directory: impl AsFd, name: &CStr) -> io::Result<()> {
    Ok(mkdirat(directory, name, Mode::S_IRWXU)?)
}

/// Makes a FIFO. The umask applies to `mode`.
///
/// # Errors
/// EEXIST, EACCES, ENOSPC, EROFS.
///
/// [`mkfifoat(3)`](https://man7.org/linux/man-pages/man3/mkfifoat.3.html)
#[doc(alias = "mkfifoat")]
pub fn make_fifo(directory: impl AsFd, name: &CStr, mode: u32) -> io::Result<()> {
    Ok(mkfifoat(directory, name, Mode::from_bits_truncate(mode))?)
}

/// Makes a symbolic link with this text.
///
/// # Errors
/// EEXIST, EACCES, ENOSPC, EROFS.
///
/// [`symlinkat(2)`](https://man7.org/linux/man-pages/man2/symlinkat.2.html)
#[doc(alias = "symlinkat")]
pub fn make_link(directory: impl AsFd, name: &CStr, text: &CStr) -> io::Result<()> {
    Ok(symlinkat(text, directory, name)?)
}

/// The text of a symbolic link.
///
/// # Errors
/// ENOENT, EACCES; EINVAL for what is none.
///
/// [`readlinkat(2)`](https://man7.org/linux/man-pages/man2/readlinkat.2.html)
#[doc(alias = "readlinkat")]
pub fn link_text(directory: impl AsFd, name: &CStr) -> io::Result<OsString> {
    Ok(readlinkat(directory, name)?)
}

/// Moves a file from one directory to another of the same file system, and never onto another file.
///
/// # Errors
/// EEXIST when the name is taken, EXDEV, EPERM and EACCES for others than the owner, EINVAL where the file system
/// cannot promise that.
pub fn rename(from: impl AsFd, name: &CStr, to: impl AsFd, new_name: &CStr) -> io::Result<()> {
    Ok(renameat_with(from, name, to, new_name, RenameFlags::NOREPLACE)?)
}

/// Takes a name away from a file, which is no directory.
///
/// # Errors
/// ENOENT, EPERM and EACCES for others than the owner, EISDIR.
///
/// [`unlinkat(2)`](https://man7.org/linux/man-pages/man2/unlinkat.2.html)
#[doc(alias = "unlinkat")]
pub fn unlink(directory: impl AsFd, name: &CStr) -> io::Result<()> {
    Ok(unlinkat(directory, name, UnlinkatFlags::NoRemoveDir)?)
}

/// Removes an empty directory.
///
/// # Errors
/// ENOTEMPTY, ENOENT, EPERM and EACCES for others than the owner.
///
/// [`unlinkat(2)`](https://man7.org/linux/man-pages/man2/unlinkat.2.html)
#[doc(alias = "unlinkat")]
pub fn remove(directory: impl AsFd, name: &CStr) -> io::Result<()> {
    Ok(unlinkat(directory, name, UnlinkatFlags::RemoveDir)?)
}

/// Locks an open directory until its descriptor is closed, as happens with the end of the process at the latest.
///
/// # Errors
/// EWOULDBLOCK when another process has it locked.
///
/// [`flock(2)`](https://man7.org/linux/man-pages/man2/flock.2.html)
#[doc(alias = "flock")]
pub fn lock(directory: &OwnedFd) -> io::Result<()> {
    file::lock(directory, false)
}
