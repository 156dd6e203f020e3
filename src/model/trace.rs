//! What those who hold an object leave below `/proc`, and who was found there. Plain data: who looks for it and
//! how is no matter of this file.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::path::PathBuf;
use std::rc::Rc;

use super::kind::Field;
use super::value::{Rows, Value};

/// A file, whatever its names: the one identity that cannot be forged. Names and the word `(deleted)` of
/// `/proc` prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// Device of the file system, as `stat(2)` has it.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

/// What a holder of an object would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Mappings of a System V segment of this IPC namespace.
    Segment {
        /// The id.
        id: u32,
        /// How many mappings the kernel counts: `nattch`. Exact, whoever they belong to.
        attached: u64,
    },
    /// Calls that wait on a System V queue of this IPC namespace; nothing else of its users can be seen.
    SysvQueue {
        /// The id.
        id: u32,
    },
    /// Calls that wait on a System V set of this IPC namespace; nothing else of its users can be seen.
    Set {
        /// The id.
        id: u32,
        /// How many calls the kernel counts as waiting, where that was read. Exact, whoever they belong to.
        waiting: Option<u64>,
    },
    /// Descriptors and mappings of a file of shared memory.
    Memory(FileId),
    /// Descriptors and mappings of a named semaphore, and calls that wait on it.
    Semaphore {
        /// Its file.
        file: FileId,
        /// Its file counts waiters, or could not be read. A killed waiter stays counted.
        waiters: bool,
    },
    /// Descriptors of a POSIX queue, calls that wait on one of them, and a registration with `mq_notify(3)`.
    Queue {
        /// Its file.
        file: FileId,
        /// The registered process, where that was read; 0 for none.
        registered: i32,
    },
    /// Descriptors of a FIFO, and calls that wait to open it.
    Fifo(FileId),
}

impl Trace {
    /// The kernel's own count says that nobody holds the object: there is no need to look.
    pub fn is_nobody(&self) -> bool {
        matches!(self, Self::Segment { attached: 0, .. } | Self::Set { waiting: Some(0), .. })
    }

    /// Do only those who wait in a call leave a trace, and nobody else who uses the object?
    pub fn is_of_calls(&self) -> bool {
        matches!(self, Self::SysvQueue { .. } | Self::Set { .. })
    }

    /// The file behind the object, if there is one.
    pub fn file(&self) -> Option<FileId> {
        match self {
            Self::Memory(file)
            | Self::Semaphore { file, .. }
            | Self::Queue { file, .. }
            | Self::Fifo(file) => Some(*file),
            Self::Segment { .. } | Self::SysvQueue { .. } | Self::Set { .. } => None,
        }
    }
}

/// In which way a process holds an object. In order of weight: the first of several says most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// A System V segment is attached: `rw`, `r`.
    Attached(Access),
    /// The file is mapped and shared.
    Mapped(Access),
    /// The file is mapped privately: it is read, and changes stay with the process.
    MappedPrivately,
    /// A descriptor.
    Open(Access),
    /// A thread waits in this call: `msgrcv`, `semop`, `mq_receive`, `sem_wait`, `open`.
    Waiting(&'static str),
    /// The process is told of the next message: `mq_notify(3)`.
    Registered,
}

/// What a mapping or descriptor is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Reading and writing.
    ReadWrite,
    /// Writing.
    Write,
    /// Reading.
    Read,
    /// Neither: a descriptor with `O_PATH`, a mapping with `PROT_NONE`.
    Neither,
}

impl Access {
    /// From the two bits.
    pub fn new(read: bool, write: bool) -> Self {
        match (read, write) {
            (true, true) => Self::ReadWrite,
            (false, true) => Self::Write,
            (true, false) => Self::Read,
            (false, false) => Self::Neither,
        }
    }

    /// ` rw`, ` w`, ` r` or nothing, to stand after a word.
    fn suffix(self) -> &'static str {
        match self {
            Self::ReadWrite => " rw",
            Self::Write => " w",
            Self::Read => " r",
            Self::Neither => "",
        }
    }
}

impl Display for How {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attached(access) => write!(out, "attached{}", access.suffix()),
            Self::Mapped(access) => write!(out, "mapped{}", access.suffix()),
            Self::MappedPrivately => out.write_str("mapped privately"),
            Self::Open(Access::Neither) => out.write_str("open as path"),
            Self::Open(access) => write!(out, "open{}", access.suffix()),
            Self::Waiting(call) => write!(out, "waiting in {call}"),
            Self::Registered => out.write_str("registered"),
        }
    }
}

/// A process that holds an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Which process, in the pid namespace of `/proc`.
    pub pid: i32,
    /// Its command, as the kernel keeps it: up to 15 bytes of anything.
    pub command: Option<Box<OsStr>>,
    /// Its effective user.
    pub uid: Option<u32>,
    /// In which ways, each once, in order.
    pub how: Box<[How]>,
}

static HOLDER: &[&Field] = &[&PID, &USER, &COMMAND, &HOW];
static PID: Field = Field::free("pid", "Process id.");
static USER: Field = Field::free("user", "Effective user of the process.");
static COMMAND: Field = Field::free("command", "Command of the process.");
static HOW: Field = Field::free("how", "In which ways it holds the object.");

const GONE: Value = Value::Unknown("it is gone");

/// What is known of those who hold one object.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Holders {
    /// The processes that were seen, in order of their ids.
    pub holders: Vec<Holder>,
    /// How many more there are that could not be seen: mappings of a segment, waiting calls of a set. `None`
    /// when the kernel keeps no count and not everything could be looked at.
    pub unseen: Option<u64>,
}

impl Holders {
    /// Nobody holds it, and that is certain.
    pub const NOBODY: Self = Self { holders: Vec::new(), unseen: Some(0) };

    /// Has every holder been seen?
    pub fn complete(&self) -> bool {
        self.unseen == Some(0)
    }

    /// The holders as a table of their own.
    pub fn rows(&self) -> Rows {
        let rows = self.holders.iter().map(|holder| {
            let command = holder.command.clone().map_or(GONE, Value::Name);
            let how = holder.how.iter().map(|how| Value::Text(how.to_string().into()));
            let user = holder.uid.map_or(GONE, Value::User);
            vec![Value::Pid(holder.pid), user, command, Value::List(how.collect())]
        });
        Rows { fields: HOLDER, rows: rows.collect() }
    }

    /// Does somebody hold it for certain?
    pub fn is_held(&self) -> bool {
        !self.holders.is_empty() || self.unseen.is_some_and(|unseen| unseen > 0)
    }
}

/// A descriptor of another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The process.
    pub pid: i32,
    /// Its number there.
    pub fd: i32,
}

/// Every FIFO that some process has open, for those who search for FIFOs or want to know what is in one.
#[derive(Clone, Debug, Default)]
pub struct OpenFifos {
    /// The descriptors of each.
    pub descriptors: HashMap<FileId, Vec<Descriptor>>,
    /// Paths of those that somebody waits to open, where that was looked for.
    pub awaited: Vec<PathBuf>,
    /// How many processes could not be read.
    pub unread: usize,
}

/// Asks every process for its FIFOs, once in a run however often the answer is wanted.
pub trait FifoSearch {
    /// The FIFOs.
    fn fifos(&self) -> Rc<OpenFifos>;
}
