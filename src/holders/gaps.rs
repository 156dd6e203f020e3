//! What could not be read of processes, and which objects that leaves in doubt.

use crate::model::{Calls, Holding};

/// What could not be read of some process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    pub(super) mappings: bool,
    pub(super) descriptors: bool,
    /// Descriptors of objects of our own IPC namespace.
    pub(super) namespaced: bool,
    /// Calls on files.
    pub(super) calls: bool,
    /// Calls on ids of our own IPC namespace.
    pub(super) ids: bool,
}

impl Gaps {
    /// Nothing could be read of it.
    pub(super) const ALL: Self =
        Self { mappings: true, descriptors: true, namespaced: true, calls: true, ids: true };

    pub(super) fn any(self) -> bool {
        self != Self::default()
    }

    pub(super) fn add(&mut self, other: Self) {
        self.mappings |= other.mappings;
        self.descriptors |= other.descriptors;
        self.namespaced |= other.namespaced;
        self.calls |= other.calls;
        self.ids |= other.ids;
    }

    /// Returns true if a holder of an object that is held so can have been overlooked. A thread that waits on a word has
    /// it mapped, and one that waits on a descriptor has it open.
    pub(super) fn hide(self, holding: &Holding) -> bool {
        if holding.is_of_calls() {
            return self.ids;
        }
        let descriptors = if holding.namespaced { self.namespaced } else { self.descriptors };
        holding.mappings && self.mappings
            || (holding.descriptors || holding.locks) && descriptors
            || holding.calls == Calls::Opening && self.calls
    }
}
