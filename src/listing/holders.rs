//! What a listing has to know of holders: whether they are wanted, for which objects they have to be looked for,
//! and when. One scan answers for all objects of a listing.

use std::io;

use super::judged::Judged;
use crate::cli::context::Context;
use crate::holders::{Scanner, process};
use crate::model::{Class, Fault};
use crate::sys::silent;

/// What a listing has to know of holders.
pub struct HolderColumns<'s> {
    scanner: &'s Scanner,
    /// Only objects that one of these processes holds; empty: all objects.
    pids: &'s [i32],
    /// They are printed or sorted by.
    printed: bool,
    /// There are objects whose holders have to be looked for.
    pub expected: bool,
}

/// Checks that there is a process with this number.
///
/// # Errors
/// It has ended, or cannot be read.
pub fn check_process(pid: i32, cx: &Context) -> Result<(), Fault> {
    match process::identity(&cx.proc, pid) {
        Ok(_) => Ok(()),
        Err(error)
            if error.raw_os_error() == Some(libc::ESRCH)
                || error.kind() == io::ErrorKind::NotFound =>
        {
            Err(Fault::new(Class::NotFound, format!("there is no process {pid}")))
        }
        Err(error) => {
            let fault = match error.kind() {
                io::ErrorKind::TimedOut => Fault::new(Class::Failed, "it does not answer"),
                _ => Fault::from_os(&error),
            };
            let cause = format!("cannot read process {pid}: {}", fault.cause);
            Err(Fault { cause, ..fault })
        }
    }
}

impl<'s> HolderColumns<'s> {
    /// Holders that are `printed`, and those of only what one of `pids` holds, if there are any.
    pub fn new(scanner: &'s Scanner, pids: &'s [i32], printed: bool) -> Self {
        if printed || !pids.is_empty() {
            scanner.expect_questions();
        }
        Self { scanner, pids, printed, expected: false }
    }

    /// Returns true if only objects of some processes are listed.
    pub fn is_of_some(&self) -> bool {
        !self.pids.is_empty()
    }

    /// Takes note of an object whose holders have to be looked for; false for one that the process asked for
    /// cannot hold.
    pub fn expects(&mut self, one: &mut Judged) -> bool {
        match &one.object.trace {
            // It is known already that no process holds it.
            Some(_) if one.holders.is_some() => !self.is_of_some(),
            Some(trace) if !trace.is_nobody() => {
                if self.printed || self.is_of_some() {
                    self.expected = true;
                    self.scanner.ask(trace);
                }
                true
            }
            Some(trace) => {
                one.holders = self.printed.then(|| self.scanner.of(trace));
                !self.is_of_some()
            }
            None => !self.is_of_some(),
        }
    }

    /// Looks for the holders of what is left, and leaves only what the process asked for holds.
    pub fn fill(&self, objects: &mut Vec<(usize, Judged)>, cx: &mut Context) {
        if !self.printed && !self.is_of_some() {
            return;
        }
        let unknown = |one: &Judged| one.holders.is_none();
        let traces = objects.iter().filter(|(_, one)| unknown(one));
        traces.filter_map(|(_, one)| one.object.trace).for_each(|trace| self.scanner.ask(&trace));
        for (_, one) in objects.iter_mut().filter(|(_, one)| unknown(one)) {
            one.holders = one.object.trace.map(|trace| self.scanner.of(&trace));
        }
        if !self.is_of_some() {
            return;
        }
        objects.retain(|(_, one)| {
            let found = one.holders.as_ref();
            found.is_some_and(|found| {
                found.holders.iter().any(|holder| self.pids.contains(&holder.pid))
            })
        });
        for pid in self.pids.iter().filter(|pid| self.scanner.is_unread(**pid)) {
            let cannot = format!("cannot read process {pid}, so objects may be missing");
            cx.complain(&match silent::pids().contains(pid) {
                true => Fault::new(Class::Failed, format!("{cannot}: it does not answer")),
                false => Fault::new(Class::Denied, format!("{cannot}: permission denied"))
                    .hint_of_user("run as its user or root"),
            });
        }
    }
}
