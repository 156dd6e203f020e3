//! Objects that only processes show: the files to look for, and where they were found. Plain data.

use std::collections::HashMap;
use std::path::PathBuf;

use super::filelock::{FileLock, LockLine};
use super::holder::{Access, LockSort};
use super::subject::FileId;
use super::value::Timestamp;

/// A class of files that processes show, through which objects are found that have no place of their own to be listed from.
pub struct FileClass {
    /// What it is called: `fifo`.
    pub name: &'static str,
    /// Where processes show such files: a scan reads these alone.
    pub sources: Sources,
    /// Returns true for a file of the class.
    pub is: fn(&FileFacts) -> bool,
}

/// Where processes show files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// `/proc/PID/fd`.
    pub descriptors: bool,
    /// `/proc/PID/maps`, also what is mapped privately.
    pub mappings: bool,
    /// What is mapped shared alone, which takes less.
    pub shared: bool,
    /// Threads that wait in `open(2)`.
    pub opening: bool,
    /// Advisory locks that are held by way of descriptors, and threads that wait for one.
    pub locks: bool,
    /// Threads that wait for a word in memory that is mapped shared.
    pub words: bool,
}

impl Sources {
    /// Nowhere.
    pub const NONE: Self = Self {
        descriptors: false,
        mappings: false,
        shared: false,
        opening: false,
        locks: false,
        words: false,
    };
}

/// What a process shows of a file without its being opened.
#[derive(Clone, Copy, Debug)]
pub struct FileFacts {
    /// Device and inode.
    pub file: FileId,
    /// Type and permission bits, as `stat(2)` has them; a mapping does not tell.
    pub mode: Option<u32>,
    /// Hard links; a mapping does not tell.
    pub links: Option<u32>,
    /// It is mapped shared; false for a descriptor.
    pub shared: bool,
    /// It is mapped or open for writing, where that is known without a further call.
    pub writable: bool,
    /// The rest of what `stat(2)` says; a mapping does not tell.
    pub details: Option<FileDetails>,
}

/// What `stat(2)` says of a file besides its type and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileDetails {
    /// User id of the owner.
    pub uid: u32,
    /// Group id of the owning group.
    pub gid: u32,
    /// Length in bytes.
    pub size: u64,
    /// Bytes that are allocated.
    pub allocated: u64,
    /// When it was made; where its file system does not keep that, the earliest of the times that it keeps.
    pub since: Timestamp,
}

/// A file, and where processes show it.
#[derive(Clone, Debug)]
pub struct ShownFile {
    /// What it is: from a descriptor, where there is one, since a mapping tells less.
    pub facts: FileFacts,
    /// Where each process shows it.
    pub showings: Vec<Showing>,
}

impl ShownFile {
    /// Adds what another process, or the same in another place, shows of the file.
    pub fn add(&mut self, other: Self) {
        if self.facts.details.is_none() {
            self.facts = other.facts;
        }
        self.showings.extend(other.showings);
    }
}

/// Where one process shows a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Showing {
    /// The process.
    pub pid: i32,
    /// In what.
    pub place: ShownAs,
}

/// In what a process shows a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownAs {
    /// A descriptor: its number and access.
    Descriptor(i32, Access),
    /// A mapping: its first address and the one behind its last.
    Mapping(u64, u64),
    /// A lock that is held by way of the descriptor with this number.
    Lock(i32, FileLock),
    /// A thread that waits for a lock.
    LockWait(LockWait),
    /// A thread that waits for a word in memory.
    WordWait(WordWait),
}

/// A thread that waits for a word in shared memory: `futex(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordWait {
    /// Where the word is in the file, in bytes.
    pub offset: u64,
    /// Where it is in the memory of the process.
    pub address: u64,
    /// The operation, without its flags.
    pub operation: u64,
}

/// A thread that waits for a lock on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockWait {
    /// The thread.
    pub thread: i32,
    /// The number of its descriptor.
    pub fd: i32,
    /// Which sort of lock.
    pub sort: LockSort,
    /// For reading or writing; `None` where its memory could not be read.
    pub access: Option<Access>,
    /// The first byte and the last, if there is a last; `None` where its memory could not be read.
    pub range: Option<(u64, Option<u64>)>,
}

/// What one scan found of a class of files.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The files.
    pub files: HashMap<FileId, ShownFile>,
    /// Paths of files that a thread waits to open, where that was looked for.
    pub awaited: Vec<PathBuf>,
    /// The locks that the kernel lists, whether or not a process shows them, where locks were looked for.
    pub locks: Vec<LockLine>,
    /// How many processes could not be read.
    pub unread: usize,
    /// Every process of the machine was looked at: none is outside of this pid namespace, or hidden.
    pub sees_all: bool,
}

impl Findings {
    /// What was found of this file alone.
    pub fn only(&self, file: FileId) -> Self {
        let showings = self.files.get(&file).cloned();
        Self {
            files: showings.into_iter().map(|showings| (file, showings)).collect(),
            awaited: Vec::new(),
            locks: self.locks.iter().filter(|line| line.file == file).copied().collect(),
            unread: self.unread,
            sees_all: self.sees_all,
        }
    }

    /// Where processes show this file.
    pub fn showings(&self, file: &FileId) -> &[Showing] {
        self.files.get(file).map_or(&[], |found| &found.showings)
    }
}
