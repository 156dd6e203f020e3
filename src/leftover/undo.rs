//! Operations that are undone when a process ends (SEM_UNDO). The kernel tells nobody which sets they are for; it tells
//! by comparison which process has none at all. So a process can be cleared, and never convicted.

use std::cell::OnceCell;
use std::path::Path;

use super::evidence::Undo;
use super::lives::ProcessStates;
use super::population::{Credentials, ProcessTable};
use super::rights::OpenRights;
use crate::sys::kcmp::{Shared, share, without_undo};
use crate::sys::processes::{Proc, is_gone};

/// What a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Some,
    Denied,
}

/// The processes that may have such operations pending, found when somebody first asks.
#[derive(Default)]
pub struct Undoers(OnceCell<Vec<(Credentials, List)>>);

impl Undoers {
    /// Whether there may be any on a set that was last operated on at `time` and that can be opened as `access` says.
    pub fn on(
        &self,
        proc: &Path,
        population: &ProcessTable,
        lives: &ProcessStates,
        (access, time): (&OpenRights, i64),
    ) -> Undo {
        let found = self.0.get_or_init(|| find(proc, population));
        let relevant = found.iter().filter(|(process, list)| match list {
            List::Some => {
                access.admit(process) || access.is_in_reach_of(process) || process.is_superuser()
            }
            // The superuser's processes are closed to others, whatever they do.
            List::Denied => access.admit(process),
        });
        // Whoever has one pending has operated on the set.
        let relevant = relevant.filter(|(process, _)| !lives.began_after(process.pid, time));
        let mut unread = population.unread;
        for (process, list) in relevant {
            match list {
                List::Some => return Undo::Possible(process.pid),
                List::Denied => unread = true,
            }
        }
        if unread { Undo::Unread } else { Undo::Clear }
    }
}

/// Every process that has a list, or does not let us ask.
fn find(proc: &Path, population: &ProcessTable) -> Vec<(Credentials, List)> {
    let directory = Proc::open(proc).ok();
    if let Some(directory) = &directory {
        let pids: Vec<i32> = population.processes.iter().map(|process| process.pid).collect();
        directory.ask(&pids);
    }
    let threads = |pid| {
        let threads = directory.as_ref()?.process(pid).ok()?.numbers(c"task").ok()?.1;
        Some(threads).filter(|threads| !threads.is_empty())
    };
    // Lists end where another IPC namespace is entered, and with their threads: one may have gone since it was compared.
    let is_over = |pid, thread| {
        let Some(directory) = &directory else { return false };
        let ours = directory.stat(c"thread-self/ns/ipc");
        let theirs = directory.process(thread).and_then(|thread| thread.stat(c"ns/ipc"));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => ours.inode != theirs.inode,
            (_, Err(error)) if is_gone(&error) => true,
            _ => pid == 1 && directory.is_apart(),
        }
    };
    let list = |pid: i32| {
        // Threads of the C library share one list, those of clone(2) need not, and a leader that has ended has none.
        let mut denied = false;
        for thread in threads(pid).unwrap_or_else(|| vec![pid]) {
            // To read of a process can start a thread, which gives this one a list.
            match without_undo().and_then(|own| share(own, thread, Shared::Undo)) {
                Ok(true) => {}
                Ok(false) if is_over(pid, thread) => {}
                Ok(false) => return Some(List::Some),
                Err(error) => denied = denied || !is_gone(&error) && !is_over(pid, thread),
            }
        }
        denied.then_some(List::Denied)
    };
    let processes = population.processes.iter();
    processes.filter_map(|process| Some((process.clone(), list(process.pid)?))).collect()
}
