//! Whether an object is left over from a program that is gone, and how it is removed without harm. Evidence is gathered
//! here, in the order of its cost; what follows from it is a table in [`rules`]. Knows no kind: kinds hand out what
//! their objects remember, and where their files are.

pub mod evidence;
pub mod groups;
pub mod keep;
mod lives;
mod locks;
mod population;
mod probe;
pub mod producers;
pub mod quarantine;
pub mod removal;
pub mod rules;
pub mod takers;
mod undo;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::holders::{Scanner, process};
use crate::kinds::backing::Store;
use crate::kinds::capability::Query;
use crate::model::{
    Clock, Fault, History, Holders, Object, State, Subject, Trace, UsePattern, Vacancy, Value,
    Verdict,
};
use crate::sys::processes;
use evidence::{Defunct, Evidence, HeldBy, Hold, Kept, Named, Proof, Undo, Unreadable, Users};
use keep::Keep;
use lives::ProcessStates;
use population::{LazyProcessTable, OpenRights, Reach};
use probe::Files;
use producers::{Meaning, Origin};
use undo::Undoers;

/// How to judge.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Seconds under which nothing is judged; without, what suits the kind.
    pub grace: Option<i64>,
    /// What is to be kept.
    pub keep: Keep,
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
    users: RefCell<HashMap<(OpenRights, Reach), Users>>,
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
            terms,
            clock,
            lives: ProcessStates::new(proc, clock),
            census: LazyProcessTable::default(),
            undoers: Undoers::default(),
            files: Files::new(proc),
            users: RefCell::default(),
            told: RefCell::new(Arc::default()),
        })
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
        let mut evidence = Evidence {
            hold: self.companions(hold, object, origin, look),
            lives: self.lives_of(past),
            stepped: self.is_stepped(past),
            kept: self.kept(object, origin),
            quiet,
            used: past.used && past.last.is_some_and(|time| !self.is_to_come(time)),
            grace,
            standing: trace.holding.idle_is_normal,
            shared: past.shared,
            wreck: wreck(past, origin),
            named: Named::Nothing,
            undo: Undo::Clear,
            chosen: trace.holding.vacancy != Vacancy::Probed && is_chosen(object, origin),
            users: Users::Unread,
            pending: past.pending.unwrap_or(0),
        };
        let name = origin.filter(|origin| origin.producer.meaning == Meaning::Transient);
        if let Some((origin, pid)) = name.and_then(|origin| Some((origin, origin.pid?))) {
            evidence.named = self.named(origin, pid, object);
        }
        Assessment::Settled(self.verdict(object, evidence, past))
    }

    /// What costs most is asked last, and only of what would be a leftover without it.
    fn verdict(&self, object: &Object, mut evidence: Evidence, past: &History) -> Verdict {
        let mut rule = rules::rule(&evidence);
        // Nobody can open a socket file to which no socket is bound.
        let late = matches!(rule.state, State::Leftover | State::Suspect)
            && evidence.hold != Hold::Free(Proof::Unbound);
        if late {
            evidence.named = self.sure_of(evidence.named);
            if let Some(access) = access(object, past) {
                evidence.undo = self.undo(object, past, &access);
                evidence.users = self.users(access, object.trace.as_ref());
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
        Verdict { state, because: rule.about, free, outside, evidence: Arc::clone(&told) }
    }

    /// Whether a process holds it; `None` when only a look at the processes can tell.
    fn hold(
        &self,
        object: &Object,
        trace: &Trace,
        (past, look, young): (&History, &Query, bool),
        known: KnownHolders,
    ) -> Option<Hold> {
        let found = match known {
            KnownHolders::Leased => return Some(Hold::Free(Proof::Leased)),
            KnownHolders::Seen(found) => Some(found),
            KnownHolders::Nothing => None,
        };
        if trace.holding.vacancy == Vacancy::Probed {
            return Some(self.bound(object, trace, look));
        }
        if trace.holding.undo
            && let Some(taker) = takers::of_history(&self.proc, past, &self.lives).pop()
        {
            return Some(Hold::Held(HeldBy::Taken(taker, trace.counted.unwrap_or(0))));
        }
        if let Some(count @ 1..) = trace.counted {
            return Some(Hold::Held(match trace.holding.mappings {
                true => HeldBy::Attached(count),
                false => HeldBy::Waiting(count),
            }));
        }
        if let Some(found) = found.filter(|found| !found.holders.is_empty()) {
            return Some(Hold::Held(HeldBy::Seen(Arc::clone(found))));
        }
        if trace.holding.vacancy == Vacancy::Existence {
            return Some(Hold::Held(HeldBy::Existing));
        }
        let by_processes = |sure: Hold| match found {
            Some(found) if found.complete() => Some(sure),
            Some(_) => Some(Hold::Unseen(Unreadable::Processes(self.scanner.unread()))),
            None => None,
        };
        match (trace.holding.vacancy, trace.subject) {
            (Vacancy::Counted, _) => match (trace.counted, found) {
                (Some(_), _) => Some(Hold::Free(match trace.holding.mappings {
                    true => Proof::Counted,
                    false => Proof::NoWaiter,
                })),
                (None, Some(_)) => Some(Hold::Unseen(Unreadable::Object("permission denied"))),
                (None, None) => None,
            },
            (Vacancy::Leased { in_flight }, Subject::File(file)) => {
                if self.files.is_locked(&file) {
                    return Some(Hold::Held(HeldBy::Locked));
                }
                // A program that opens its object at this moment, and will not wait, must not meet a lease.
                let asked = if young { None } else { self.files.probe(object, file, look) };
                asked.or_else(|| {
                    by_processes(match in_flight {
                        true => Hold::NoneSeenButInFlight,
                        false => Hold::NoneSeen,
                    })
                })
            }
            (_, _) => by_processes(Hold::NoneSeen),
        }
    }

    /// Whether a socket is bound to a socket file: as it was found to be, or as the kernel says now.
    fn bound(&self, object: &Object, trace: &Trace, look: &Query) -> Hold {
        match (trace.counted, trace.file()) {
            (Some(0), _) => Hold::Free(Proof::Unbound),
            (Some(_), _) => Hold::Held(HeldBy::Bound),
            (None, Some(file)) => self
                .files
                .probe(object, file, look)
                .unwrap_or(Hold::Unseen(Unreadable::Object("the kernel could not be asked"))),
            (None, None) => Hold::Unseen(Unreadable::Object("it is no file")),
        }
    }

    /// A free object whose companion is held is held with it.
    fn companions(
        &self,
        hold: Hold,
        object: &Object,
        origin: Option<Origin>,
        look: &Query,
    ) -> Hold {
        let group = match (&hold, origin) {
            (Hold::Held(_), _) | (_, None) => return hold,
            (_, Some(origin)) => origin.group(&object.address),
        };
        let mut others = group.iter().filter(|address| **address != object.address);
        match others.find(|address| self.files.is_held(address, look)) {
            Some(address) => Hold::Held(HeldBy::Companion(address.to_string())),
            None => hold,
        }
    }

    /// Where the files of a kind are.
    fn store(&self, kind: &str, look: &Query) -> Option<&dyn Store> {
        self.files.store(kind, look)
    }

    fn lives_of(&self, past: &History) -> evidence::Lives {
        let actors = match &past.actors {
            Ok(actors) => actors,
            Err(why) => return evidence::Lives::Unread(why),
        };
        let mut sum = evidence::Lives::None;
        for actor in actors {
            if actor.pid == 0 {
                // Where all processes can be seen, nobody is behind 0.
                if actor.time.is_some() && !self.sees_all() {
                    return evidence::Lives::Foreign;
                }
                continue;
            }
            match self.lives.of(actor.pid, actor.time) {
                process::Life::Alive(_) => sum = evidence::Lives::Running,
                life if life.is_over() && sum == evidence::Lives::None => {
                    sum = evidence::Lives::Over;
                }
                process::Life::Unknown(why) if sum != evidence::Lives::Running => {
                    sum = evidence::Lives::Unread(why);
                }
                _ => {}
            }
        }
        sum
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

    fn kept(&self, object: &Object, origin: Option<Origin>) -> Option<Kept> {
        if let Some(line) = self.terms.keep.keeps(object) {
            return Some(Kept::Listed(line.to_owned()));
        }
        let producer = origin?.producer;
        (producer.meaning == Meaning::Persistent).then_some(Kept::Persists(producer.program))
    }

    fn named(&self, origin: Origin, pid: i32, object: &Object) -> Named {
        let born = object.since.map(|since| since.secs);
        match self.lives.of(pid, born) {
            process::Life::Alive(_) => Named::Running(pid),
            life if life.is_over() => origin.proof_of_end(pid),
            _ => Named::Unread(pid),
        }
    }

    /// A process in a pid namespace of its own writes the number that it has there.
    fn sure_of(&self, named: Named) -> Named {
        let (Named::Over(pid) | Named::HandedOn(pid) | Named::ForLater(pid)) = named else {
            return named;
        };
        let population = self.census.get(&self.proc);
        if population.processes.iter().any(|process| process.inner.contains(&pid)) {
            Named::Running(pid)
        } else if population.unread || population.narrow && !self.terms.alone {
            Named::Unread(pid)
        } else {
            named
        }
    }

    fn undo(&self, object: &Object, past: &History, access: &OpenRights) -> Undo {
        match (&object.trace, past.last) {
            (Some(trace), Some(last)) if trace.holding.undo && !past.untouched => {
                let population = self.census.get(&self.proc);
                self.undoers.on(&self.proc, population, &self.lives, (access, last))
            }
            _ => Undo::Clear,
        }
    }

    /// Whether a process lives that may open an object again.
    fn users(&self, access: OpenRights, trace: Option<&Trace>) -> Users {
        let OpenRights { users: (owner, creator), mode, .. } = access;
        if owner == 0 || creator == 0 {
            return Users::Superuser;
        } else if mode & 0o007 != 0 {
            return Users::Everybody;
        }
        let reach = Reach::of(trace);
        let ask = || {
            let population = self.census.get(&self.proc);
            let ground = population.ground(&self.proc);
            let reaches = |pid| ground.as_ref().is_none_or(|ground| ground.reaches(pid, reach));
            let mut able = population.processes.iter().filter(|one| one.may_open(&access));
            match able.find(|one| reaches(one.pid)) {
                Some(process)
                    if process.users.iter().any(|user| [owner, creator].contains(user)) =>
                {
                    Users::Owner(process.pid)
                }
                Some(process) => Users::Process(process.pid),
                None if population.unread || population.narrow && !self.terms.alone => {
                    Users::Unread
                }
                None => Users::Nobody,
            }
        };
        *self.users.borrow_mut().entry((access, reach)).or_insert_with(ask)
    }
}

fn unknown(why: &'static str) -> Verdict {
    let evidence = [why.into()].into();
    Verdict { state: State::Unknown, because: why, free: false, outside: false, evidence }
}

/// Returns true if the next run of a program comes back to its name or key: to all but those that were drawn at random,
/// have the number of a process in them, or are no key at all (`IPC_PRIVATE`).
fn is_chosen(object: &Object, origin: Option<Origin>) -> bool {
    match object.facts.get("key") {
        Some(Value::Key(_)) => true,
        Some(Value::None(_)) => false,
        _ => !origin.is_some_and(|origin| origin.is_for_once()),
    }
}

fn wreck(past: &History, origin: Option<Origin>) -> Option<Defunct> {
    let unfinished = origin.is_some_and(|origin| origin.producer.meaning == Meaning::Unfinished);
    match past.stranded {
        1.. => Some(Defunct::Stranded(past.stranded)),
        0 if unfinished && past.untouched => Some(Defunct::Unfinished),
        0 => None,
    }
}

fn access(object: &Object, past: &History) -> Option<OpenRights> {
    let (owner, group) = (object.uid()?, object.gid()?);
    let (creator, creators) = past.creator.unwrap_or((owner, group));
    Some(OpenRights {
        users: (owner, creator),
        groups: (group, creators),
        mode: object.permissions()?,
    })
}

/// The parsers of what others write, for `fuzz/`.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// `/proc/PID/status` and `mountinfo`.
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

    /// Names that programs give.
    pub fn producers(bytes: &[u8]) {
        super::producers::fuzz(bytes);
    }
}
