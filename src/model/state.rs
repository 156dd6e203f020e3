//! What state an object is in, and why. Plain data: the rules are elsewhere.

use std::sync::Arc;

use super::named::Named;
use super::witness::Returner;

/// Whether anybody holds an object, and if not, whether anybody can be expected to return for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// A process holds it now: attached, open, mapped, waiting, registered, or locked.
    InUse,
    /// Nothing holds it, and its makers are alive, or it is meant to persist, or it is too young to judge.
    Idle,
    /// Nothing holds it, its makers are gone, and no living process could be expected to return for it.
    Leftover,
    /// Nothing holds it and its makers are gone, but living processes could open it again by key or name.
    Suspect,
    /// It could not be seen well enough to say.
    Unknown,
}

impl Named for State {
    const ALL: &'static [Self] =
        &[Self::InUse, Self::Idle, Self::Leftover, Self::Suspect, Self::Unknown];

    fn name(self) -> &'static str {
        match self {
            Self::InUse => "in-use",
            Self::Idle => "idle",
            Self::Leftover => "leftover",
            Self::Suspect => "suspect",
            Self::Unknown => "unknown",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::InUse => "A process uses it now",
            Self::Idle => {
                "Unused, and its creators are alive, or it is meant to persist, or is too young to judge"
            }
            Self::Leftover => {
                "Unused, its creators have ended, and no process can be expected to need it again"
            }
            Self::Suspect => "Unused and its creators have ended, but it could be opened again",
            Self::Unknown => "Not enough could be read to tell",
        }
    }
}

/// A state, and what it was concluded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The state.
    pub state: State,
    /// What decided, in a few words.
    pub because: &'static str,
    /// The kernel itself says that nobody holds the object: there is no need to look for holders.
    pub free: bool,
    /// It is unknown because processes outside of this pid namespace cannot be seen.
    pub outside: bool,
    /// Of a suspect, who may come back for it now; `None` for other states, and where nobody asked.
    pub against: Option<Returner>,
    /// All that is known in favour and against, a line each, the weightiest first; empty where nobody asked.
    /// Objects of which the same is known share it.
    pub evidence: Arc<[String]>,
}
