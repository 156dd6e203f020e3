//! Who took a semaphore and has not given it back: the process that operated last on one whose value is 0, if it lives. Knows
//! no kind: kinds say which of the processes that they remember are so.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::lives::ProcessStates;
use crate::holders::process::{self, Life};
use crate::model::{Actor, Encoded, History};
use crate::sys::kcmp::{Shared, share, without_undo};
use crate::sys::processes::Proc;

/// A living process that took something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taker {
    /// Its number.
    pub pid: i32,
    /// Its command, if that could be read.
    pub command: Option<Box<std::ffi::OsStr>>,
    /// It has operations that the kernel reverts when it ends (SEM_UNDO): it holds what it took for as long as it runs.
    pub reverts: bool,
}

impl Display for Taker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = if self.reverts { "held by" } else { "last taken by" };
        write!(out, "{held} {}", self.pid)?;
        if let Some(command) = &self.command {
            write!(out, " ({})", Encoded(command.as_encoded_bytes()))?;
        }
        if self.reverts { Ok(()) } else { out.write_str(", not given back") }
    }
}

/// The takers among the processes that an object remembers.
pub(super) fn of_history(proc: &Path, past: &History, lives: &ProcessStates) -> Vec<Taker> {
    let lives_on = |actor: &&Actor| matches!(lives.of(actor.pid, actor.time), Life::Alive(_));
    let took = past.actors.iter().flatten().filter(|actor| actor.took && actor.pid > 0);
    took.filter(lives_on).map(|actor| taker(proc, actor.pid)).collect()
}

/// The same, of an object that is not judged.
pub fn of(proc: &Path, past: &History) -> Vec<Taker> {
    let Ok(clock) = process::clock() else { return Vec::new() };
    of_history(proc, past, &ProcessStates::new(proc, clock))
}

fn taker(proc: &Path, pid: i32) -> Taker {
    let mut buffer = [0; 64];
    let process = Proc::open(proc).and_then(|proc| proc.process(pid));
    let command = process.and_then(|process| {
        let text = process.read(c"comm", &mut buffer)?;
        Ok(OsString::from_vec(text.strip_suffix(b"\n").unwrap_or(text).to_vec()).into())
    });
    // Only the answer that the lists differ says that it has one.
    let differs = without_undo().and_then(|own| share(own, pid, Shared::Undo));
    Taker { pid, command: command.ok(), reverts: differs.is_ok_and(|same| !same) }
}
