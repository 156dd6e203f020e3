//! Objects that only processes show: the files to look for, and where they were found. Plain data.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use super::holder::Access;
use super::subject::FileId;

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
    /// `/proc/PID/maps`.
    pub mappings: bool,
    /// Threads that wait in `open(2)`.
    pub opening: bool,
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
}

/// What one scan found of a class of files.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Where each file is shown.
    pub files: HashMap<FileId, Vec<Showing>>,
    /// Paths of files that a thread waits to open, where that was looked for.
    pub awaited: Vec<PathBuf>,
    /// How many processes could not be read.
    pub unread: usize,
}

/// Finds files that processes show, once in a run however often the answer is wanted.
pub trait Discovery {
    /// Announces that the files of this class will be asked for, so that one scan looks for all that was announced.
    fn announce(&self, class: &'static FileClass);

    /// The files of this class.
    fn found(&self, class: &'static FileClass) -> Rc<Findings>;
}
