//! What became of the processes that objects remember: each is looked at once, however many objects remember it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::holders::process::{self, Life};
use crate::model::{Actor, Clock};

/// Processes by their numbers.
pub struct ProcessStates {
    proc: PathBuf,
    clock: Clock,
    known: RefCell<HashMap<i32, Life>>,
}

impl ProcessStates {
    /// Nothing is known yet.
    pub fn new(proc: &Path, clock: Clock) -> Self {
        Self { proc: proc.to_owned(), clock, known: RefCell::default() }
    }

    /// What became of process `pid`, which acted at `time`.
    pub fn of(&self, pid: i32, time: Option<i64>) -> Life {
        let now = || process::life(&self.proc, &self.clock, pid, None);
        let life = *self.known.borrow_mut().entry(pid).or_insert_with(now);
        match (life, time) {
            (Life::Alive(identity), Some(time)) if self.clock.is_later(identity.start, time) => {
                Life::Recycled(identity)
            }
            _ => life,
        }
    }

    /// Returns true if process `pid` began after `time`.
    pub fn began_after(&self, pid: i32, time: i64) -> bool {
        self.of(pid, Some(time)).is_over()
    }
}

/// What is to be told of one process that an object remembers.
pub fn line(actor: &Actor, life: Life) -> String {
    let Actor { role, pid, .. } = actor;
    match life {
        Life::Alive(_) => format!("{role} {pid} runs"),
        Life::Ended => format!("{role} {pid} is gone"),
        Life::Recycled(_) => format!("{role} {pid} is gone: a later process has its number"),
        Life::Unknown(why) => format!("{role} {pid}: {why}"),
    }
}
