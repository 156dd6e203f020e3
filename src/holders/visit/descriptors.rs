//! What a process has open, with the locks on it.

use std::ffi::CString;
use std::io;

use super::{ProcessScan, Scan, described, show};
use crate::holders::{fds, locks};
use crate::model::{How, Showing, ShownAs, Subject};
use crate::sys::kcmp::{Shared, share};

impl ProcessScan<'_> {
    pub(super) fn descriptors_of(&mut self, directory: &str, visitor: &mut Scan) -> io::Result<()> {
        let (ground, pid) = (self.ground, self.process.pid);
        let table = CString::new(format!("{directory}fd")).unwrap_or_default();
        let (found, process) = (&mut self.found, self.process);
        fds::visit(self.process, &table, &mut |opened| {
            let (facts, number) = (described(&opened.stat), opened.number);
            let subject = Subject::File(facts.file);
            let questions = &ground.questions;
            if ground.could_be_locked(&facts) {
                let path = table.to_str().unwrap_or_default();
                for lock in locks::of_descriptor(process, path, number).unwrap_or_default() {
                    for class in questions.classes_of(&facts, |class| class.sources.locks) {
                        let place = ShownAs::Lock(number, lock);
                        show(&mut visitor.showings, class, facts, Showing { pid, place });
                    }
                    found.push((subject, How::Locked(lock.sort, lock.access), Some(number)));
                }
            }
            let mut classes =
                questions.classes_of(&facts, |class| class.sources.descriptors).peekable();
            if classes.peek().is_none() && questions.ways(&subject).is_none() {
                return;
            }
            let access = opened.access();
            for class in classes {
                let place = ShownAs::Descriptor(number, access);
                show(&mut visitor.showings, class, facts, Showing { pid, place });
            }
            found.push((subject, How::Open(access), Some(number)));
        })
    }

    /// Threads that have descriptors of their own, and all threads when the main one has ended: then it has none.
    pub(super) fn private_tables(&mut self, visitor: &mut Scan) {
        let mut known = vec![self.process.pid];
        for thread in self.threads.clone() {
            let shares = |other: &i32| {
                // Where it cannot be asked, every table is looked at.
                self.ground.same_numbers
                    && share(*other, thread, Shared::Descriptors).unwrap_or(false)
            };
            if thread != self.process.pid && !known.iter().any(shares) {
                known.push(thread);
                if let Err(error) = self.descriptors_of(&format!("task/{thread}/"), visitor) {
                    self.note_descriptors(&error);
                }
            }
        }
    }
}
