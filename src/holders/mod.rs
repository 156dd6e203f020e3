//! Who holds what: one scan of the processes for all kinds.
//!
//! Whoever wants to know asks with [`Trace`]s, and pays only for what they need: mappings, descriptors, calls that
//! threads wait in. Nothing here opens, maps or changes an object. Knows no kind and no verb.

pub mod process;

use std::path::Path;

use crate::model::{Found, Trace};

/// What is to be looked for.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    traces: Vec<Trace>,
}

impl Questions {
    /// Also look for those who hold the object with this trace.
    pub fn ask(&mut self, trace: Trace) {
        self.traces.push(trace);
    }

    /// Is there anything to look for?
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }
}

/// What one scan of the processes found.
#[derive(Debug, Default)]
pub struct Holders {
    unread: usize,
}

impl Holders {
    /// Those who hold the object with this trace, which must have been asked for.
    pub fn of(&self, _trace: &Trace) -> Found {
        Found::default()
    }

    /// How many processes there are that could not be read, or not in every way that was needed.
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// Have all processes been seen that could hold anything? Not if one could not be read, and not from inside
    /// a pid namespace: there are others outside.
    pub fn complete(&self) -> bool {
        false
    }
}

/// Looks at every process below `proc`, once, on all cores.
pub fn scan(_proc: &Path, _questions: &Questions) -> Holders {
    Holders::default()
}
