//! How doubtful an object may be that `clean` takes: the two grades of suspects.

use crate::model::{Named, Returner, State, Verdict};

/// What `--suspect` can be followed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SuspectWord {
    /// Every suspect.
    All,
}

impl Named for SuspectWord {
    const ALL: &'static [Self] = &[Self::All];

    fn name(self) -> &'static str {
        "all"
    }

    fn help(self) -> &'static str {
        "Also suspects that a living process may open"
    }
}

/// How doubtful an object is; what is less doubtful is taken with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// A leftover.
    None,
    /// A suspect that no living process may open.
    Later,
    /// A suspect that a living process may open, as far as can be seen.
    Now,
}

impl Doubt {
    /// How doubtful a verdict is; `None` for what is never taken.
    pub(super) fn of(verdict: &Verdict) -> Option<Self> {
        match (verdict.state, &verdict.against) {
            (State::Leftover, _) => Some(Self::None),
            (State::Suspect, Some(Returner::Nobody)) => Some(Self::Later),
            (State::Suspect, _) => Some(Self::Now),
            (State::InUse | State::Idle | State::Unknown, _) => None,
        }
    }

    /// Returns true if an object of this verdict is taken where so much doubt is allowed.
    pub(super) fn includes(self, verdict: &Verdict) -> bool {
        Self::of(verdict).is_some_and(|doubt| doubt <= self)
    }
}
