//! A living process that may come back for an object, and why. Plain data: who does is found out elsewhere.

use std::ffi::OsStr;
use std::fmt;
use std::sync::Arc;

use super::encoding::Encoded;
use super::named::Named;

/// A living process that may come back for an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its number.
    pub pid: i32,
    /// Its command, as the kernel keeps it.
    pub command: Option<Box<OsStr>>,
    /// Its effective user.
    pub user: u32,
    /// Why it may.
    pub why: Why,
}

/// Why a process may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It may open the object, whose name or key is no secret.
    MayOpen,
    /// It runs the program that gives such names.
    Runs,
    /// It does what a script says, and was there when the object was last used.
    Script,
    /// Its arguments or its environment have the name or number.
    Told,
    /// It was there when the object was last used, or is a copy of one that was.
    WasThere,
    /// The leader of its session or process group has ended.
    Orphan,
    /// It is in the process group or session of one that the object remembers.
    Kin,
}

impl Named for Why {
    const ALL: &'static [Self] = &[
        Self::MayOpen,
        Self::Runs,
        Self::Script,
        Self::Told,
        Self::WasThere,
        Self::Orphan,
        Self::Kin,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::MayOpen => "may-open",
            Self::Runs => "runs-program",
            Self::Script => "script",
            Self::Told => "told",
            Self::WasThere => "was-there",
            Self::Orphan => "orphan",
            Self::Kin => "kin",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::MayOpen => "It may open the object by its name or key",
            Self::Runs => "It runs the program that gives such names",
            Self::Script => "It runs a script, and was there when the object was last used",
            Self::Told => "It was started with the name or number",
            Self::WasThere => "It was there when the object was last used",
            Self::Orphan => "It was left by a process that has ended",
            Self::Kin => "It is in the process group or session of a maker",
        }
    }
}

/// Whether a process lives that may come back: that may open the object, and may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returner {
    /// None does.
    Nobody,
    /// This one.
    Process(Arc<Witness>),
    /// Not all processes could be seen.
    Unseen,
}

impl fmt::Display for Witness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(command) = &self.command {
            write!(out, "{}", Encoded(command.as_encoded_bytes()))?;
        }
        write!(out, "({})", self.pid)
    }
}
