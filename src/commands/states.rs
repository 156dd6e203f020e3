//! What a listing has to know of states: whether they are wanted, which objects can be judged at once, and which only
//! after a look at the processes.

use std::path::Path;
use std::sync::Arc;

use glob::Pattern;

use super::context::Context;
use crate::cli::judging::{InStates, Judging};
use crate::holders::Scanner;
use crate::kinds::capability::Query;
use crate::leftover::keep::{self, Keep};
use crate::leftover::{Classifier, Terms, producers};
use crate::model::{Column, Fault, Holders, OF_VERDICTS, Object, Verdict};

/// What an object is judged with.
pub(super) struct Means<'a> {
    pub(super) look: &'a Query<'a>,
    /// `None` when nobody wants states.
    pub(super) judge: Option<&'a Classifier<'a>>,
}

/// A judge. `kept` are patterns of the command line, besides the list of the machine; `telling` when the evidence is
/// printed.
///
/// # Errors
/// It cannot be known what is to be kept.
pub(super) fn judge<'s>(
    judging: &Judging,
    (kept, telling): (&[Pattern], bool),
    cx: &Context,
    scanner: &'s Scanner,
) -> Result<Classifier<'s>, Fault> {
    let keep = Keep::read(kept, Path::new(keep::FILE))?;
    let terms = Terms { grace: judging.seconds(), keep, telling };
    Classifier::new(&cx.proc, scanner, terms)
}

/// What has to be read of an object that is to be judged, besides what is printed.
pub(super) const NEEDS: &[&str] = &["state", "key"];

/// Takes a verdict down. An object that was proved to be free has no holders, whatever could not be seen of processes.
pub(super) fn settle(object: &mut Object, verdict: Verdict, nobody: &Arc<Holders>) {
    if verdict.free && !object.found.as_ref().is_some_and(|found| found.complete()) {
        object.found = Some(Arc::clone(nobody));
    }
    object.verdict = Some(verdict);
}

/// What a listing has to know of states.
pub(super) struct States<'a> {
    /// Those that are asked for.
    asked: &'a InStates<false>,
    wanted: bool,
    telling: bool,
    producers: bool,
    /// There are objects that can only be judged after a look at the processes.
    pub(super) expected: bool,
    nobody: Arc<Holders>,
}

impl<'a> States<'a> {
    pub(super) fn new(
        asked: &'a InStates<false>,
        columns: &[&str],
        order: &[(String, bool)],
    ) -> Self {
        let names = columns.iter().copied().chain(order.iter().map(|(name, _)| name.as_str()));
        let names: Vec<_> = names.collect();
        let telling = names.contains(&"evidence");
        let wanted = OF_VERDICTS.iter().any(|name| names.contains(name));
        Self {
            asked,
            wanted: wanted || asked.is_given(),
            telling,
            producers: names.contains(&"producer"),
            expected: false,
            nobody: Arc::new(Holders::NOBODY),
        }
    }

    /// The judge, if states are wanted.
    ///
    /// # Errors
    /// It cannot be known what is to be kept.
    pub(super) fn judge<'s>(
        &self,
        judging: &Judging,
        cx: &Context,
        scanner: &'s Scanner,
    ) -> Result<Option<Classifier<'s>>, Fault> {
        if !self.wanted {
            return Ok(None);
        }
        judge(judging, (&[], self.telling), cx, scanner).map(Some)
    }

    /// What has to be read of objects, besides what is printed.
    pub(super) fn needs(&self) -> &'static [&'static str] {
        match (self.wanted, self.producers) {
            (true, _) => NEEDS,
            (false, true) => &["key"],
            (false, false) => &[],
        }
    }

    /// Is this a column that is filled from here?
    pub(super) fn has(&self, column: &Column) -> bool {
        self.telling && column.field.name == "evidence"
            || self.wanted && column.field.name == "state"
            || self.producers && column.field.name == "producer"
    }

    /// Judges an object, or takes note that it can only be judged later; false for one in a state that is not asked
    /// for.
    pub(super) fn expects(&mut self, object: &mut Object, means: &Means) -> bool {
        if self.producers {
            object.producer = producers::origin(object).and_then(|origin| origin.program());
        }
        let Some(judge) = means.judge else { return !self.asked.is_given() };
        match judge.at_once(object, means.look) {
            Some(verdict) => {
                let state = verdict.state;
                settle(object, verdict, &self.nobody);
                self.asked.contain(state)
            }
            None => {
                self.expected = true;
                true
            }
        }
    }

    /// Judges what is left, and leaves only what is in a state that is asked for.
    pub(super) fn fill(&self, objects: &mut Vec<Object>, means: &Means) {
        let Some(judge) = means.judge else { return };
        for object in objects.iter_mut().filter(|object| object.verdict.is_none()) {
            let verdict = judge.judge(object, means.look);
            settle(object, verdict, &self.nobody);
        }
        objects.retain(|object| {
            object.verdict.as_ref().is_some_and(|verdict| self.asked.contain(verdict.state))
        });
    }
}
