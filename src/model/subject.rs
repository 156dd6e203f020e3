//! What the kernel identifies objects by. Plain data.

/// A file, whatever its names: the one identity that cannot be forged. Names and the word `(deleted)` of
/// `/proc` prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// Device of the file system, as `stat(2)` has it.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

/// An IPC namespace: `ipc_namespaces(7)`. System V ids are unique within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpcNamespace(u64);

impl IpcNamespace {
    /// The namespace that this program runs in, whatever its number.
    pub const OWN: Self = Self(0);
}

/// What the kernel identifies an object by. The set is closed: these are the kernel's identities, not kinds of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A file: shared memory, a named semaphore, a POSIX queue, a FIFO.
    File(FileId),
    /// A System V segment by its id. Never a file: device and inode are no identity there, since two namespaces can show
    /// the same pair.
    Segment(IpcNamespace, u32),
    /// A System V queue by its id.
    Queue(IpcNamespace, u32),
    /// A System V semaphore set by its id.
    Set(IpcNamespace, u32),
    /// A process by its number, and the ticks after boot at which it was started.
    Process(i32, u64),
    /// A word in memory: the file by which mappings show the memory, and the offset in bytes.
    Word(FileId, u64),
}

impl Subject {
    /// The file that it is, if it is one.
    pub fn file(self) -> Option<FileId> {
        match self {
            Self::File(file) => Some(file),
            Self::Segment(..)
            | Self::Queue(..)
            | Self::Set(..)
            | Self::Process(..)
            | Self::Word(..) => None,
        }
    }
}
