//! What a listing has to know of states: whether they are wanted, which objects can be judged at once, and which only
//! after a look at the processes.

use std::sync::Arc;

use glob::Pattern;

use super::judged::{Judged, Stages};
use crate::cli::context::Context;
use crate::cli::judging::{InStates, Judging};
use crate::holders::Scanner;
use crate::kinds::capability::Query;
use crate::leftover::keep::{self, Keep};
use crate::leftover::{Classifier, MachineLists, Terms};
use crate::model::{Fault, Holders};

/// What an object is judged with.
pub struct Means<'a> {
    /// Where it was looked for.
    pub look: &'a Query<'a>,
    /// `None` when no states are wanted.
    pub judge: Option<&'a Classifier<'a>>,
}

/// A classifier. `kept` are patterns of the command line, besides the list of the machine; `telling` when the evidence is
/// printed.
///
/// # Errors
/// It cannot be known what is to be kept.
pub fn judge<'s>(
    judging: &Judging,
    (kept, telling): (&[Pattern], bool),
    cx: &Context,
    scanner: &'s Scanner,
) -> Result<Classifier<'s>, Fault> {
    let terms = terms(judging, (kept, telling))?;
    terms.keep.warnings.iter().for_each(|warning| cx.caution(warning));
    on_terms(judging, terms, cx, scanner)
}

/// The same once more in a run: what the lists protect is read anew, and what is wrong with them is not said again.
///
/// # Errors
/// It cannot be known what is to be kept.
pub fn judge_again<'s>(
    judging: &Judging,
    given: (&[Pattern], bool),
    cx: &Context,
    scanner: &'s Scanner,
) -> Result<Classifier<'s>, Fault> {
    on_terms(judging, terms(judging, given)?, cx, scanner)
}

fn terms(judging: &Judging, (kept, telling): (&[Pattern], bool)) -> Result<Terms, Fault> {
    Ok(Terms {
        grace: judging.seconds(),
        keep: Keep::read(kept, &keep::files()?)?,
        tmpfiles: MachineLists::default(),
        telling,
        alone: judging.assume_alone,
    })
}

fn on_terms<'s>(
    judging: &Judging,
    terms: Terms,
    cx: &Context,
    scanner: &'s Scanner,
) -> Result<Classifier<'s>, Fault> {
    if judging.assume_alone {
        scanner.assume_alone();
    }
    Classifier::new(&cx.proc, scanner, terms)
}

/// What has to be read of an object that is to be judged, besides its history and what is printed.
pub const NEEDS: &[&str] = &["key"];

/// What a listing has to know of states.
pub struct States<'a> {
    /// Those that are asked for.
    asked: &'a InStates<false>,
    stages: Stages,
    /// There are objects that can only be judged after a look at the processes.
    pub expected: bool,
    nobody: Arc<Holders>,
}

impl<'a> States<'a> {
    /// States that are `asked` for, and what the columns need.
    pub fn new(asked: &'a InStates<false>, stages: Stages) -> Self {
        let stages = Stages { verdict: stages.verdict || asked.is_given(), ..stages };
        Self { asked, stages, expected: false, nobody: Arc::new(Holders::NOBODY) }
    }

    /// The classifier, if states are wanted.
    ///
    /// # Errors
    /// It cannot be known what is to be kept.
    pub fn judge<'s>(
        &self,
        judging: &Judging,
        cx: &Context,
        scanner: &'s Scanner,
    ) -> Result<Option<Classifier<'s>>, Fault> {
        if !self.stages.verdict {
            return Ok(None);
        }
        judge(judging, (&[], self.stages.evidence), cx, scanner).map(Some)
    }

    /// Returns true if states are judged, for which the history of objects is needed.
    pub fn wanted(&self) -> bool {
        self.stages.verdict
    }

    /// What has to be read of objects, besides what is printed.
    pub fn needs(&self) -> &'static [&'static str] {
        if self.stages.verdict || self.stages.producer { NEEDS } else { &[] }
    }

    /// Judges an object, or takes note that it can only be judged later; false for one in a state that is not asked
    /// for.
    pub fn expects(&mut self, one: &mut Judged, means: &Means) -> bool {
        if self.stages.producer {
            one.name_producer();
        }
        let Some(judge) = means.judge else { return !self.asked.is_given() };
        match judge.at_once(&one.object, one.holders.as_ref(), means.look) {
            Some(verdict) => {
                let state = verdict.state;
                one.settle(verdict, &self.nobody);
                self.asked.contain(state)
            }
            None => {
                self.expected = true;
                true
            }
        }
    }

    /// Judges what is left, and leaves only what is in a state that is asked for.
    pub fn fill(&self, objects: &mut Vec<(usize, Judged)>, means: &Means) {
        let Some(judge) = means.judge else { return };
        for (_, one) in objects.iter_mut().filter(|(_, one)| one.verdict.is_none()) {
            let verdict = judge.judge(&one.object, one.holders.as_ref(), means.look);
            one.settle(verdict, &self.nobody);
        }
        objects.retain(|(_, one)| {
            one.verdict.as_ref().is_some_and(|verdict| self.asked.contain(verdict.state))
        });
    }
}
