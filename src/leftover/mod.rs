//! Whether an object is left over from a program that is gone, and how it is removed without harm. Evidence is gathered
//! here, in the order of its cost; what follows from it is a table in [`rules`]. Knows no kind: kinds hand out what
//! their objects remember, and where their files are.

mod bystanders;
mod circle;
pub mod evidence;
pub mod groups;
mod holding;
pub mod keep;
mod knowledge;
mod lives;
mod locks;
mod makers;
mod population;
mod portrait;
mod probe;
pub mod producers;
pub mod quarantine;
pub mod removal;
mod returning;
mod rights;
pub mod rules;
pub mod takers;
mod tmpfiles;
mod undo;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::holders::{Scanner, process};
use crate::kinds::capability::Query;
use crate::model::{
    Clock, Fault, History, Holders, Object, Returner, State, Trace, UsePattern, Verdict,
};
use crate::sys::processes;
use evidence::{Evidence, Hold, Named, Proof, Undo, Unreadable, Way};
use keep::Keep;
use knowledge::Knowledge;
use lives::ProcessStates;
use population::LazyProcessTable;
use probe::Files;
use producers::Origin;
use returning::way;
pub use tmpfiles::MachineLists;
use undo::Undoers;

/// How to judge.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Seconds under which nothing is judged; without, what suits the kind.
    pub grace: Option<i64>,
    /// What is to be kept.
    pub keep: Keep,
    /// What the system provides and keeps itself.
    pub tmpfiles: MachineLists,
    /// The evidence is told.
    pub telling: bool,
    /// Processes outside of this pid namespace, which cannot be seen, are taken to use nothing.
    pub alone: bool,
}

impl Terms {
    /// Seconds under which an object of this pace is not judged.
    fn grace(&self, pace: UsePattern) -> i64 {
        self.grace.unwrap_or(match pace {
            UsePattern::Steady => 60,
            UsePattern::Occasional => 3600,
            // Whether a socket is bound is not asked before that, either.
            UsePattern::Once => 2,
        })
    }
}

/// Judges objects. What it learns of processes and users it learns once for all of them.
pub struct Classifier<'a> {
    proc: PathBuf,
    scanner: &'a Scanner,
    terms: Terms,
    clock: Clock,
    lives: ProcessStates,
    census: LazyProcessTable,
    undoers: Undoers,
    files: Files,
    knowledge: Knowledge,
    /// An object that is held, of each family of names.
    families: RefCell<HashMap<&'static str, Option<String>>>,
    /// Whether file systems were made by processes of our pid namespace.
    insides: RefCell<HashMap<u64, bool>>,
    /// The lines of the verdict before: what was left together has the same.
    told: RefCell<Arc<[String]>>,
}

/// A verdict, or what has to be looked for first.
enum Assessment {
    Settled(Verdict),
    Ask(Trace),
}

/// What is known of the holders of an object before it is judged.
#[derive(Clone, Copy)]
enum KnownHolders<'k> {
    Nothing,
    Seen(&'k Arc<Holders>),
    /// There are none: its file is under a lease.
    Leased,
}

impl<'k> From<Option<&'k Arc<Holders>>> for KnownHolders<'k> {
    fn from(holders: Option<&'k Arc<Holders>>) -> Self {
        holders.map_or(KnownHolders::Nothing, KnownHolders::Seen)
    }
}

impl<'a> Classifier<'a> {
    /// A judge on these terms. `scanner` finds holders where nothing else tells.
    ///
    /// # Errors
    /// The clocks cannot be read.
    pub fn new(proc: &Path, scanner: &'a Scanner, terms: Terms) -> Result<Self, Fault> {
        let clock = process::clock()?;
        Ok(Self {
            proc: proc.to_owned(),
            scanner,
            knowledge: Knowledge::new(proc, clock, terms.alone),
            terms,
            clock,
            lives: ProcessStates::new(proc, clock),
            census: LazyProcessTable::default(),
            undoers: Undoers::default(),
            files: Files::new(proc),
            families: RefCell::default(),
            insides: RefCell::default(),
            told: RefCell::new(Arc::default()),
        })
    }

    /// What is to be said of the lists that objects were held against.
    pub fn notes(&self) -> &[String] {
        self.terms.tmpfiles.notes()
    }

    /// The verdict, if it takes no look at the processes. `holders` are those that have been looked for already. Otherwise that look is announced, and [`Classifier::judge`] has the
    /// answer when all objects have been seen.
    pub fn at_once(
        &self,
        object: &Object,
        holders: Option<&Arc<Holders>>,
        look: &Query,
    ) -> Option<Verdict> {
        match self.opinion(object, look, holders.into()) {
            Assessment::Settled(verdict) => Some(verdict),
            Assessment::Ask(trace) => {
                self.scanner.ask(&trace);
                None
            }
        }
    }

    /// The verdict, after a look at the processes where it takes one.
    pub fn judge(&self, object: &Object, holders: Option<&Arc<Holders>>, look: &Query) -> Verdict {
        match self.opinion(object, look, holders.into()) {
            Assessment::Settled(verdict) => verdict,
            Assessment::Ask(trace) => {
                let found = self.scanner.of(&trace);
                self.settled(object, look, KnownHolders::Seen(&found))
            }
        }
    }

    /// The verdict on an object that is a file, if that is under a lease when something follows from it: then nobody holds
    /// it.
    pub fn judge_leased(&self, object: &Object, look: &Query) -> Verdict {
        self.settled(object, look, KnownHolders::Leased)
    }

    fn settled(&self, object: &Object, look: &Query, known: KnownHolders) -> Verdict {
        match self.opinion(object, look, known) {
            Assessment::Settled(verdict) => verdict,
            Assessment::Ask(_) => unknown("its holders could not be looked for"),
        }
    }

    fn opinion(&self, object: &Object, look: &Query, known: KnownHolders) -> Assessment {
        let Some(trace) = &object.trace else {
            return Assessment::Settled(unknown("it could not be looked at"));
        };
        // Holders come first: an object without a history can be in use all the same.
        let past = object.past.as_ref().unwrap_or(&History::NONE);
        let origin = producers::origin(object);
        // A time to come is one that somebody has set; the kernel's own tells more.
        let last = past.last.filter(|last| !self.is_to_come(*last)).or(past.changed);
        let quiet = last.map(|last| self.clock.now.saturating_sub(last));
        let grace = self.terms.grace(past.pace);
        let young = quiet.is_some_and(|quiet| quiet < grace);
        let Some(hold) = self.hold(object, trace, (past, look, young), known) else {
            return Assessment::Ask(*trace);
        };
        let named = match origin {
            Some(origin) => self.named(origin, object),
            None => Named::Nothing,
        };
        let evidence = Evidence {
            hold: self.companions(hold, object, origin, look),
            lives: self.lives_of(past),
            kin: None,
            stepped: self.is_stepped(past),
            kept: self.kept(object, origin),
            quiet,
            used: past.used && past.last.is_some_and(|time| !self.is_to_come(time)),
            grace,
            standing: trace.holding.idle_is_normal,
            shared: past.shared,
            stranded: past.stranded,
            named,
            undo: Undo::Clear,
            way: way(object, origin, past),
            returner: Returner::Unseen,
            pending: past.pending.unwrap_or_default(),
            sent: past
                .pending
                .and_then(|pending| pending.sent)
                .map(|sent| self.clock.now.saturating_sub(sent)),
        };
        Assessment::Settled(self.verdict((object, origin, look), evidence, (past, last)))
    }

    /// What costs most is asked last, and only of what would be a leftover without it.
    fn verdict(
        &self,
        (object, origin, look): (&Object, Option<Origin>, &Query),
        mut evidence: Evidence,
        (past, last): (&History, Option<i64>),
    ) -> Verdict {
        let mut rule = rules::rule(&evidence);
        // Who may open what was chosen makes no difference to its state.
        let asked = self.terms.telling || evidence.way != Way::Chosen;
        // Nobody can open a socket file to which no socket is bound.
        let late = matches!(rule.state, State::Leftover | State::Suspect)
            && evidence.hold != Hold::Free(Proof::Unbound);
        if late {
            evidence.named = self.sure_of(evidence.named);
            evidence.kin = self.kin(past);
            if let Some(rights) = self.rights(object, past, look) {
                evidence.undo = self.undo(object, past, &rights);
                rule = rules::rule(&evidence);
                if asked && matches!(rule.state, State::Leftover | State::Suspect) {
                    evidence.returner =
                        self.returner(object, (origin, last), &rights, (&evidence, look));
                }
            }
            rule = rules::rule(&evidence);
        }
        let state = rule.state;
        let mut lines = Vec::new();
        if self.terms.telling {
            lines = evidence.lines();
            if state != State::InUse {
                let told = |actor| lives::line(actor, self.lives.of(actor.pid, actor.time));
                let actors = past.actors.iter().flatten();
                lines.extend(actors.filter(|actor| actor.pid != 0).map(told));
            }
            if late {
                lines.extend(evidence.last_lines());
            }
        }
        let free = matches!(evidence.hold, Hold::Free(_));
        let unseen = evidence.lives == evidence::Lives::Foreign
            || matches!(evidence.hold, Hold::Unseen(Unreadable::Processes(_)));
        let outside = state == State::Unknown && unseen && self.is_inside();
        let mut told = self.told.borrow_mut();
        if **told != *lines {
            *told = lines.into();
        }
        let against = (state == State::Suspect && asked).then_some(evidence.returner);
        let evidence = Arc::clone(&told);
        Verdict { state, because: rule.about, free, outside, against, evidence }
    }

    fn sees_all(&self) -> bool {
        self.terms.alone || self.proc_is(processes::Proc::shows_all)
    }

    /// Returns true if all processes of this pid namespace are seen, and there are others outside.
    fn is_inside(&self) -> bool {
        !self.sees_all() && self.proc_is(processes::Proc::shows_namespace)
    }

    fn proc_is(&self, what: fn(&processes::Proc) -> bool) -> bool {
        processes::Proc::open(&self.proc).is_ok_and(|proc| what(&proc))
    }

    /// Returns true if the clock cannot have shown these times since the machine was started.
    fn is_stepped(&self, past: &History) -> bool {
        past.changed.is_some_and(|changed| !self.clock.is_sane(changed))
            || past.last.is_some_and(|last| self.is_to_come(last))
    }

    fn is_to_come(&self, time: i64) -> bool {
        time > self.clock.now && !self.clock.is_sane(time)
    }
}

fn unknown(why: &'static str) -> Verdict {
    let evidence = [why.into()].into();
    let (free, outside, against) = (false, false, None);
    Verdict { state: State::Unknown, because: why, free, outside, against, evidence }
}

/// The parsers of what others write, for `fuzz/`.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// `/proc/PID/status`.
    pub fn processes(bytes: &[u8]) {
        super::population::fuzz(bytes);
    }

    /// `/proc/locks`.
    pub fn locks(bytes: &[u8]) {
        super::locks::fuzz(bytes);
    }

    /// Keep files.
    pub fn keep(bytes: &[u8]) {
        super::keep::fuzz(bytes);
    }

    /// Lists of `tmpfiles.d(5)`.
    pub fn tmpfiles(bytes: &[u8]) {
        super::tmpfiles::fuzz(bytes);
    }

    /// Names that programs give.
    pub fn producers(bytes: &[u8]) {
        super::producers::fuzz(bytes);
    }
}
