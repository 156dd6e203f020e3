//! The processes that hold an object, and in which ways. Plain data.

use std::ffi::OsStr;
use std::fmt::{self, Display};

/// In which way a process holds an object. In order of weight: the first of several says most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// A System V segment is attached: `rw`, `r`.
    Attached(Access),
    /// The file is mapped and shared.
    Mapped(Access),
    /// The file is mapped privately: it is read, and changes stay with the process.
    MappedPrivately,
    /// An advisory lock is held by way of a descriptor.
    Locked(LockSort, Access),
    /// A descriptor.
    Open(Access),
    /// A thread waits in this call: `msgrcv`, `semop`, `mq_receive`, `sem_wait`, `open`.
    Waiting(&'static str),
    /// The process is told of the next message: `mq_notify(3)`.
    Registered,
}

/// Whose call takes a lock, and with that what holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockSort {
    /// `flock(2)`: held by an open file description, whoever has a descriptor of it.
    Flock,
    /// `fcntl(2)` with F_SETLK, and `lockf(3)`: held by a process.
    Fcntl,
    /// `fcntl(2)` with F_OFD_SETLK: held by an open file description.
    Ofd,
}

impl LockSort {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flock => "flock",
            Self::Fcntl => "fcntl",
            Self::Ofd => "ofd",
        }
    }

    /// The call that takes it and waits for it.
    pub fn call(self) -> &'static str {
        match self {
            Self::Flock => "flock",
            Self::Fcntl | Self::Ofd => "fcntl",
        }
    }
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
    /// The access of a mapping or descriptor with these permissions.
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

impl How {
    /// Returns true for a lock on a file, and for a thread that waits for one. They are no matter of the file's content.
    pub fn is_of_locks(self) -> bool {
        match self {
            Self::Locked(..) => true,
            Self::Waiting(call) => {
                [LockSort::Flock, LockSort::Fcntl].iter().any(|sort| sort.call() == call)
            }
            _ => false,
        }
    }
}

impl Display for How {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attached(access) => write!(out, "attached{}", access.suffix()),
            Self::Mapped(access) => write!(out, "mapped{}", access.suffix()),
            Self::MappedPrivately => out.write_str("mapped privately"),
            Self::Locked(sort, Access::Read) => write!(out, "locked for reading ({})", sort.name()),
            Self::Locked(sort, _) => write!(out, "locked for writing ({})", sort.name()),
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
    /// The numbers of its descriptors of the object, in order.
    pub fds: Box<[i32]>,
}

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
    /// Those who hold it, apart from those who only wait for it.
    pub fn holding(&self) -> Self {
        self.with(|how| !matches!(how, How::Waiting(_)))
    }

    /// Those who wait for it.
    pub fn waiting(&self) -> Self {
        self.with(|how| matches!(how, How::Waiting(_)))
    }

    /// Returns true if a thread was seen that waits for it.
    pub fn is_waited_for(&self) -> bool {
        self.holders.iter().any(|one| one.how.iter().any(|how| matches!(how, How::Waiting(_))))
    }

    fn with(&self, wanted: fn(&How) -> bool) -> Self {
        let part = |one: &Holder| {
            let how: Box<[How]> = one.how.iter().copied().filter(wanted).collect();
            (!how.is_empty()).then(|| Holder { how, ..one.clone() })
        };
        Self { holders: self.holders.iter().filter_map(part).collect(), unseen: self.unseen }
    }

    /// No process holds it, and that is certain.
    pub const NOBODY: Self = Self { holders: Vec::new(), unseen: Some(0) };

    /// Returns true if every holder has been seen.
    pub fn complete(&self) -> bool {
        self.unseen == Some(0)
    }

    /// Returns true if a process certainly holds it.
    pub fn is_held(&self) -> bool {
        !self.holders.is_empty() || self.unseen.is_some_and(|unseen| unseen > 0)
    }
}
