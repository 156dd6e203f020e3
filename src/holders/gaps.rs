//! What could not be read of processes, and which objects that leaves in doubt.

use crate::model::Trace;

/// What could not be read of some process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    pub(super) mappings: bool,
    pub(super) descriptors: bool,
    /// Descriptors of queues of our own IPC namespace.
    pub(super) queues: bool,
    /// Calls on files.
    pub(super) calls: bool,
    /// Calls on ids of our own IPC namespace.
    pub(super) ids: bool,
}

impl Gaps {
    pub(super) fn any(self) -> bool {
        self != Self::default()
    }

    pub(super) fn add(&mut self, other: Self) {
        self.mappings |= other.mappings;
        self.descriptors |= other.descriptors;
        self.queues |= other.queues;
        self.calls |= other.calls;
        self.ids |= other.ids;
    }

    /// Can whoever holds an object with this trace have been overlooked?
    pub(super) fn hide(self, trace: &Trace) -> bool {
        match trace {
            Trace::Segment { .. } => self.mappings,
            Trace::SysvQueue { .. } | Trace::Set { .. } => self.ids,
            // Whoever waits for it has it mapped.
            Trace::Memory(_) | Trace::Semaphore { .. } => self.mappings || self.descriptors,
            // Whoever waits for it has it open.
            Trace::Queue { .. } => self.queues,
            Trace::Fifo(_) => self.descriptors || self.calls,
        }
    }
}
