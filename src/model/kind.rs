//! What a kind of object is, and what its facts are called.

use super::facility::Facility;
use super::locator::{Family, LocatorForm};

/// How much a listing was asked for. Each shows what those before it show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// `list`: objects that outlive their makers, and what is wrong.
    Usual,
    /// `list FACILITY`: the objects of that facility that have a name.
    Facility,
    /// `list --all`: every object, also those without a name.
    All,
}

/// A type of files, to offer them where a path is typed.
#[derive(Clone, Copy)]
pub struct FileType {
    /// What it is called.
    pub word: &'static str,
    /// The type itself: `S_IFIFO` and the like of `inode(7)`.
    pub bits: u32,
}

/// A kind of object: one static beside the code that reads it.
pub struct Kind {
    /// `sysv-shm`, `posix-mq`, `fifo`.
    pub name: &'static str,
    /// What it is for; half of how an address finds its kind.
    pub facility: Facility,
    /// Which interface of the kernel it belongs to.
    pub family: Family,
    /// The forms of locator that name its objects; the other half.
    pub forms: &'static [&'static LocatorForm],
    /// The type of the files that its objects are, where paths name them.
    pub file_type: Option<FileType>,
    /// From which breadth on a listing shows any object of the kind. Which of them it shows, the kind decides.
    pub listed: Breadth,
    /// A few words: `System V shared memory`.
    pub about: &'static str,
    /// The facts that only some kinds have, in the order in which they are shown.
    pub fields: fn() -> Vec<&'static Field>,
    /// How the column CONTENT is built from facts.
    pub content: &'static [Part],
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Kind({})", self.name)
    }
}

/// The name of a fact. Column titles, JSON keys and the manual are derived from it.
#[derive(Debug)]
pub struct Field {
    /// Lower case with hyphens: `last-pid`. The column is `LAST-PID`, the JSON key `last_pid`.
    pub name: &'static str,
    /// One line, with the unit, ending in a full stop.
    pub help: &'static str,
    /// It comes with the call that lists the object, so JSON has it without being asked.
    pub free: bool,
}

impl Field {
    /// A fact that comes with the call that lists the object.
    pub const fn free(name: &'static str, help: &'static str) -> Self {
        Self { name, help, free: true }
    }

    /// A fact that costs a call of its own for each object.
    pub const fn costly(name: &'static str, help: &'static str) -> Self {
        Self { name, help, free: false }
    }
}

/// A piece of the column CONTENT.
#[derive(Debug)]
pub enum Part {
    /// A word as it stands.
    Word(&'static str),
    /// The value of the fact with this name.
    Fact(&'static str),
}
