//! What a listing has to know of holders: whether they are wanted, for which objects they have to be looked for,
//! and when. One scan answers for all objects of a listing.

use std::io;

use super::context::Context;
use crate::holders::{Scanner, process};
use crate::model::{Class, Column, Fault, OF_HOLDERS, Object};

/// What a listing has to know of holders.
pub(super) struct HolderColumns {
    /// Only what this process holds.
    pid: Option<i32>,
    /// They are printed or sorted by.
    pub(super) printed: bool,
    /// There are objects that they have to be looked for.
    pub(super) expected: bool,
}

impl HolderColumns {
    pub(super) fn new(pid: Option<i32>, columns: &[&str], order: &[(String, bool)]) -> Self {
        let names = columns.iter().copied().chain(order.iter().map(|(name, _)| name.as_str()));
        let printed = names.into_iter().any(|name| OF_HOLDERS.contains(&name));
        Self { pid, printed, expected: false }
    }

    /// Is there a process that objects are to be those of?
    ///
    /// # Errors
    /// It is gone, or cannot be seen.
    pub(super) fn check(&self, cx: &Context) -> Result<(), Fault> {
        let Some(pid) = self.pid else { return Ok(()) };
        match process::identity(&cx.proc, pid) {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::ESRCH))
                    || error.kind() == io::ErrorKind::NotFound =>
            {
                Err(Fault::new(Class::NotFound, format!("there is no process {pid}")))
            }
            Err(error) => {
                let fault = Fault::from_os(&error);
                let cause = format!("process {pid} cannot be looked at: {}", fault.cause);
                Err(Fault { cause, ..fault })
            }
        }
    }

    /// Is this a column that is filled with them?
    pub(super) fn has(&self, column: &Column) -> bool {
        // How many there are is to be seen from who they are.
        self.printed && OF_HOLDERS.contains(&column.field.name) && column.field.name != "holders"
    }

    /// Takes note of an object whose holders have to be looked for; false for one that the process asked for
    /// cannot hold.
    pub(super) fn expects(&mut self, object: &mut Object, cx: &Context) -> bool {
        match &object.trace {
            // It is known already that nobody holds it.
            Some(_) if object.found.is_some() => self.pid.is_none(),
            Some(trace) if !trace.is_nobody() => {
                self.expected |= self.printed || self.pid.is_some();
                if self.printed && self.pid.is_none() {
                    cx.scanner.ask(trace);
                }
                true
            }
            Some(trace) => {
                object.found = self.printed.then(|| cx.scanner.of(trace));
                self.pid.is_none()
            }
            None => self.pid.is_none(),
        }
    }

    /// Leaves only what the process asked for holds, and looks for the holders of that.
    pub(super) fn fill(&self, objects: &mut Vec<Object>, cx: &mut Context) {
        if let Some(pid) = self.pid {
            let own = Scanner::only(&cx.proc, pid);
            let traces: Vec<_> = objects.iter().filter_map(|object| object.trace).collect();
            traces.iter().for_each(|trace| own.ask(trace));
            objects.retain(|object| {
                let found = object.trace.map(|trace| own.of(&trace));
                found.is_some_and(|found| found.holders.iter().any(|holder| holder.pid == pid))
            });
            if own.unread() > 0 {
                let cause = format!(
                    "process {pid} cannot be read, so objects may be missing: permission denied"
                );
                cx.complain(&Fault::new(Class::Denied, cause).hint("run as its user or root"));
            }
        }
        if !self.printed {
            return;
        }
        let unknown = |object: &&Object| object.found.is_none();
        let traces = objects.iter().filter(unknown).filter_map(|object| object.trace);
        traces.for_each(|trace| cx.scanner.ask(&trace));
        for object in objects.iter_mut().filter(|object| object.found.is_none()) {
            object.found = object.trace.map(|trace| cx.scanner.of(&trace));
        }
    }
}
