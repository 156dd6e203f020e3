//! How objects of a kind are held, and what the holders of one object would show below `/proc`. Plain data: who looks
//! for it and how is no matter of this file.

use std::fmt;

use super::discovery::FileClass;
use super::subject::{FileId, Subject};

/// How processes hold objects of a kind, and how it is proved that none does: data that each kind declares once. Who
/// searches for holders, judges or removes reads it, and knows no kind.
pub struct Holding {
    /// Holders have it mapped.
    pub mappings: bool,
    /// Holders have a descriptor of it.
    pub descriptors: bool,
    /// Holders have an advisory lock on it, and threads wait for one; to have it open is not to hold it.
    pub locks: bool,
    /// Which calls of waiting threads name it.
    pub calls: Calls,
    /// It belongs to an IPC namespace; otherwise to a file system, and any mount of that leads to it.
    pub namespaced: bool,
    /// How it is proved that no process holds it.
    pub vacancy: Vacancy,
    /// To be held by no process is its normal state: it waits for its next user.
    pub idle_is_normal: bool,
    /// Processes write to it at one end and read from it at the other, as a pipe.
    pub flows: bool,
    /// Processes can have operations on it that the kernel reverts when they end: `SEM_UNDO`.
    pub undo: bool,
    /// Files by which processes show objects of the kind that have not been found otherwise.
    pub found_in: &'static [FileClass],
}

impl Holding {
    /// A kind whose holders leave no trace: what a kind does not declare, it does not have.
    pub const NONE: Self = Self {
        mappings: false,
        descriptors: false,
        locks: false,
        calls: Calls::None,
        namespaced: false,
        vacancy: Vacancy::Scanned,
        idle_is_normal: false,
        flows: false,
        undo: false,
        found_in: &[],
    };

    /// Returns true if a process can hold such objects: what exists by itself and shows no holder is held by none.
    pub fn can_be_held(&self) -> bool {
        let shows = self.mappings || self.descriptors || self.locks || self.calls != Calls::None;
        shows || self.vacancy != Vacancy::Existence
    }

    /// Returns true if only threads that wait in a call leave a trace, and other users none.
    pub fn is_of_calls(&self) -> bool {
        self.calls == Calls::OnId && !self.mappings && !self.descriptors
    }
}

// There is one static of each.
impl PartialEq for Holding {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Holding {}

impl fmt::Debug for Holding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Holding({:?}, {:?})", self.calls, self.vacancy)
    }
}

/// Which system calls name an object while a thread waits in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// None.
    None,
    /// Calls that take its System V id.
    OnId,
    /// Calls that take a descriptor of it.
    OnDescriptor,
    /// `futex(2)` on a word in its memory, where its memory counts waiters.
    OnWord,
    /// `open(2)`, which waits for the other end.
    Opening,
}

/// How it is proved that no process holds an object. Only what is leased is ever opened to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vacancy {
    /// The kernel counts its holders.
    Counted,
    /// The kernel grants a write lease on its file: `F_SETLEASE` of `fcntl(2)`.
    Leased {
        /// The lease also sees descriptors that are in flight in a socket. Without a lease, a scan does not.
        in_flight: bool,
    },
    /// A connection that no server sees is refused, or not: a socket file.
    Probed,
    /// Every process is looked at.
    Scanned,
    /// There is nothing to prove: it exists only while a process holds it.
    Existence,
}

impl Vacancy {
    /// How it is proved, in a word: the column *proved by* of `ipcctl kinds`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counted => "count",
            Self::Leased { .. } => "lease",
            Self::Probed => "connect",
            Self::Scanned => "scan",
            Self::Existence => "existence",
        }
    }
}

/// What the holders of one object would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What the kernel identifies it by.
    pub subject: Subject,
    /// How objects of its kind are held.
    pub holding: &'static Holding,
    /// Mappings or waiting calls that the kernel counts, whoever they belong to; `None` where it keeps no count or the
    /// count could not be read.
    pub counted: Option<u64>,
    /// The process registered with `mq_notify(3)`; 0 for none.
    pub registered: i32,
    /// Its memory counts waiters, or could not be read. A killed waiter stays counted.
    pub waited: bool,
}

impl Trace {
    /// The trace of an object of which no count, registration or waiter is known.
    pub fn new(subject: Subject, holding: &'static Holding) -> Self {
        Self { subject, holding, counted: None, registered: 0, waited: false }
    }

    /// Returns true if the kernel's own count says that no process holds the object, so that there is no need to look.
    pub fn is_nobody(&self) -> bool {
        self.counted == Some(0)
    }

    /// Returns true if only threads that wait in a call leave a trace, and other users none.
    pub fn is_of_calls(&self) -> bool {
        self.holding.is_of_calls()
    }

    /// The file by which mappings show the object; those of System V segments are on this device.
    pub fn memory(&self, segments: u64) -> Option<FileId> {
        match self.subject {
            Subject::Segment(_, id) => Some(FileId { device: segments, inode: id.into() }),
            other => other.file(),
        }
    }

    /// The file behind the object, if there is one.
    pub fn file(&self) -> Option<FileId> {
        self.subject.file()
    }
}
