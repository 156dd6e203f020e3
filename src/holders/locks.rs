//! Advisory locks, which descriptors show. The kernel's own list names processes that may have ended, and inside a pid
//! namespace it hides their locks; where it is complete it tells which files are worth a look.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::model::{FileId, FileLock, LockLine};
use crate::sys::processes::Process;

/// On which files locks are looked for.
#[derive(Clone, Debug, Default)]
pub(super) enum LockScope {
    /// On none.
    #[default]
    Nothing,
    /// On these.
    Files(HashSet<FileId>),
    /// On every file.
    Everything,
}

impl LockScope {
    /// Also on this file.
    pub(super) fn add(&mut self, file: FileId) {
        match self {
            Self::Everything => {}
            Self::Files(files) => drop(files.insert(file)),
            Self::Nothing => *self = Self::Files(HashSet::from([file])),
        }
    }

    /// Returns true if locks are looked for at all.
    pub(super) fn any(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Returns true if locks on this file are looked for.
    pub(super) fn has(&self, file: &FileId) -> bool {
        match self {
            Self::Nothing => false,
            Self::Files(files) => files.contains(file),
            Self::Everything => true,
        }
    }
}

/// The kernel's list of all locks.
#[derive(Clone, Debug, Default)]
pub(super) struct LockList {
    pub(super) lines: Vec<LockLine>,
    inodes: HashSet<u64>,
    /// It has all locks: it is read outside of every pid namespace.
    complete: bool,
}

impl LockList {
    /// Reads it. `sees_all`: it is read outside of every pid namespace.
    pub(super) fn read(proc: &Path, sees_all: bool) -> Self {
        let mut text = Vec::new();
        let read = File::open(proc.join("locks")).and_then(|mut file| file.read_to_end(&mut text));
        let lines: Vec<LockLine> =
            text.split(|&byte| byte == b'\n').filter_map(LockLine::parse).collect();
        Self {
            inodes: lines.iter().map(|line| line.file.inode).collect(),
            lines,
            complete: sees_all && read.is_ok(),
        }
    }

    /// Returns true if there can be a lock on this file. Devices are not compared: some file systems have several for
    /// programs, and another one for the kernel.
    pub(super) fn allows(&self, file: &FileId) -> bool {
        !self.complete || self.inodes.contains(&file.inode)
    }

    /// Returns true if the kernel tells of a lock on a file of this number.
    pub(super) fn tells(&self, file: &FileId) -> bool {
        self.inodes.contains(&file.inode)
    }
}

/// Returns true if a file of this type can be locked by name: sockets, pipes and what has no type cannot.
pub(super) fn is_lockable(mode: Option<u32>) -> bool {
    mode.is_some_and(|mode| {
        let types = [libc::S_IFREG, libc::S_IFDIR, libc::S_IFCHR, libc::S_IFBLK];
        types.contains(&(mode & libc::S_IFMT))
    })
}

/// The locks that are held by way of a descriptor. `table` is `fd`, or that of a thread: `task/12/fd`.
///
/// # Errors
/// EACCES for the processes of others, ENOENT for a descriptor that has been closed.
pub(super) fn of_descriptor(
    process: &Process,
    table: &str,
    number: i32,
) -> io::Result<Vec<FileLock>> {
    let mut text = Vec::new();
    let name = CString::new(format!("{table}info/{number}"))?;
    File::from(process.open(&name)?).read_to_end(&mut text)?;
    Ok(LockLine::of_descriptor(&text).collect())
}
