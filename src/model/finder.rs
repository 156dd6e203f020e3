//! What kinds ask of the one scan of the processes. Plain data and a trait: who scans and how is no matter of this file.

use std::rc::Rc;

use super::discovery::{FileClass, Findings};
use super::subject::FileId;
use super::trace::Trace;

/// Finds files that processes show, once in a run however often the answer is wanted.
pub trait Discovery {
    /// Announces that the files of this class will be asked for, so that one scan looks for all that was announced.
    fn announce(&self, class: &'static FileClass);

    /// Announces that this file will be asked for, as one of its class.
    fn announce_file(&self, class: &'static FileClass, file: FileId);

    /// Announces that the holders of the object with this trace will be asked for.
    fn expect(&self, trace: &Trace);

    /// Announces that this process will be shown, with others.
    fn show_process(&self, pid: i32);

    /// The processes that are shown together in this run.
    fn shown_processes(&self) -> Vec<i32>;

    /// The files of this class.
    fn found(&self, class: &'static FileClass) -> Rc<Findings>;

    /// Where this one file of a class is shown, for classes that are expensive to look for as a whole.
    fn found_file(&self, class: &'static FileClass, file: FileId) -> Rc<Findings>;
}
