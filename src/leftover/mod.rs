//! Whether an object is left over from a program that is gone, and how it is removed without harm. Evidence is gathered
//! here, in the order of its cost; what follows from it is a table in [`rules`]. Knows no kind: kinds hand out what
//! their objects remember, and where their files are.

mod bystanders;
mod circle;
pub mod evidence;
pub mod groups;
pub mod keep;
mod knowledge;
mod lives;
mod locks;
mod population;
mod portrait;
mod probe;
pub mod producers;
pub mod quarantine;
pub mod removal;
mod rights;
pub mod rules;
pub mod takers;
mod undo;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use crate::holders::{Scanner, process};
use crate::kinds::backing::Store;
use crate::kinds::capability::Query;
use crate::model::{
    Clock, Fault, FileId, History, Holders, Locator, Object, State, Subject, Trace, UsePattern,
    Vacancy, Value, Verdict,
};
use crate::sys::{file, processes, time};
use circle::Reach;
use evidence::{Evidence, HeldBy, Hold, Kept, Named, Proof, Returner, Undo, Unreadable, Way};
use keep::Keep;
use knowledge::{Drawn, Knowledge, Numbered};
use lives::ProcessStates;
use population::LazyProcessTable;
use probe::Files;
use producers::{Meaning, Origin, Shape};
use rights::OpenRights;
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
    knowledge: Knowledge,
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
            insides: RefCell::default(),
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
            pending: past.pending.unwrap_or(0),
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
        // Nobody can open a socket file to which no socket is bound.
        let late = matches!(rule.state, State::Leftover | State::Suspect)
            && evidence.hold != Hold::Free(Proof::Unbound);
        if late {
            evidence.named = self.sure_of(evidence.named);
            evidence.kin = self.kin(past);
            if let Some(rights) = self.rights(object, past, look) {
                evidence.undo = self.undo(object, past, &rights);
                rule = rules::rule(&evidence);
                // Who may open what was chosen makes no difference to its state.
                let asked = self.terms.telling || evidence.way != Way::Chosen;
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

    /// What became of the process whose number is in the name.
    fn named(&self, origin: Origin, object: &Object) -> Named {
        let Some(pid) = origin.pid.filter(|_| origin.producer.meaning == Meaning::Transient) else {
            return Named::Nothing;
        };
        let over = match origin.producer.shape {
            Shape::PostMortem => Named::ForLater(pid),
            Shape::Pid | Shape::Random | Shape::Chosen => Named::Over(pid),
        };
        let born = object.since.map(|since| since.secs);
        match self.lives.of(pid, born) {
            // A process of another user, who is not the superuser, has not made it: it has its number by chance.
            process::Life::Alive(_) if self.is_strangers(pid, object) => over,
            process::Life::Alive(_) => Named::Running(pid),
            life if life.is_over() => over,
            _ => Named::Unread(pid),
        }
    }

    fn is_strangers(&self, pid: i32, object: &Object) -> bool {
        let user = || processes::Proc::open(&self.proc).ok()?.process(pid).ok()?.user().ok();
        match (object.uid(), user()) {
            (Some(owner), Some(user)) => owner != 0 && user != 0 && user != owner,
            _ => false,
        }
    }

    /// A process in a pid namespace of its own writes the number that it has there; and one that has ended may have left
    /// a process group.
    fn sure_of(&self, named: Named) -> Named {
        let (Named::Over(pid) | Named::ForLater(pid)) = named else {
            return named;
        };
        let population = self.census.get(&self.proc);
        let is_it = |process: &population::Credentials| process.inner.contains(&pid);
        if population.processes.iter().any(is_it) || self.knowledge.kin(population, pid).is_some() {
            Named::Running(pid)
        } else if population.unread {
            Named::Unread(pid)
        } else {
            named
        }
    }

    /// A living process of the family of one that the object remembers and that has ended.
    fn kin(&self, past: &History) -> Option<Arc<evidence::Witness>> {
        let actors = past.actors.iter().flatten().filter(|actor| actor.pid != 0);
        // While a process group or session has a process, no other process gets its number.
        let mut ended = actors
            .filter(|actor| self.lives.of(actor.pid, actor.time) == process::Life::Ended)
            .peekable();
        ended.peek()?;
        let population = self.census.get(&self.proc);
        ended.find_map(|actor| self.knowledge.kin(population, actor.pid))
    }

    fn undo(&self, object: &Object, past: &History, rights: &OpenRights) -> Undo {
        match (&object.trace, past.last) {
            (Some(trace), Some(last)) if trace.holding.undo && !past.untouched => {
                let population = self.census.get(&self.proc);
                self.undoers.on(&self.proc, population, &self.lives, (rights, last))
            }
            _ => Undo::Clear,
        }
    }

    /// Whether a process lives that may come back for it.
    fn returner(
        &self,
        object: &Object,
        (origin, last): (Option<Origin>, Option<i64>),
        rights: &OpenRights,
        (evidence, look): (&Evidence, &Query),
    ) -> Returner {
        let population = self.census.get(&self.proc);
        let reach = Reach::of(object.trace.as_ref(), self.was_made_inside(object, look));
        let last = last.unwrap_or(i64::MAX);
        match (evidence.way, origin, &object.address.locator) {
            (Way::Drawn(_) | Way::Numbered(_), Some(origin), Locator::Name(name)) => {
                let name = name.as_encoded_bytes();
                let drawn = Drawn { name, run_by: origin.producer.run_by, last };
                self.knowledge.may_know_name(population, (rights, reach), &drawn)
            }
            (Way::Keyless, _, Locator::Id(id)) => {
                let address = object.address.to_string();
                let makers_own = is_makers_own(object);
                let numbered = Numbered { id: *id, address: &address, last, makers_own };
                self.knowledge.may_know_number(population, (rights, reach), &numbered)
            }
            _ => self.knowledge.may_open(population, rights, reach),
        }
    }

    /// Returns true if the file system of the object was made by a process of our pid namespace: since that began.
    fn was_made_inside(&self, object: &Object, look: &Query) -> bool {
        let Some(FileId { device, .. }) = object.trace.as_ref().and_then(Trace::file) else {
            return false;
        };
        let ask = || {
            let home = self.store(object.kind.name, look)?.home()?;
            let stat = file::stat(&*home.directory).ok().filter(|stat| stat.device == device)?;
            let (secs, nanos) = stat.born?;
            let born = i128::from(secs) * 1_000_000_000 + i128::from(nanos);
            let first = processes::Proc::open(&self.proc).ok()?.process(1).ok()?.status().ok()?;
            let tick = 1_000_000_000 / i128::from(self.clock.ticks.max(1));
            let began = time::boot_nanos().ok()? + i128::from(first.start) * tick;
            Some(born >= began)
        };
        *self.insides.borrow_mut().entry(device).or_insert_with(|| ask().unwrap_or(false))
    }

    /// Who may open it, as far as owner, group and mode can be read.
    fn rights(&self, object: &Object, past: &History, look: &Query) -> Option<OpenRights> {
        let (owner, group) = (object.uid()?, object.gid()?);
        let (creator, creators) = past.creator.unwrap_or((owner, group));
        let mode = object.permissions()?;
        let file = object.trace.as_ref().and_then(Trace::file).is_some();
        // The group's bits are the mask of a list, if there is one.
        let list = (file && mode & 0o070 != 0).then(|| self.files.list(object, look)).flatten();
        Some(OpenRights {
            users: (owner, creator),
            groups: (group, creators),
            mode,
            named: list.map(|list| Rc::new(rights::grants(&list))),
            file,
        })
    }
}

fn unknown(why: &'static str) -> Verdict {
    let evidence = [why.into()].into();
    Verdict { state: State::Unknown, because: why, free: false, outside: false, evidence }
}

/// How a process finds it.
fn way(object: &Object, origin: Option<Origin>, past: &History) -> Way {
    match (object.facts.get("key"), origin) {
        (Some(Value::Key(_)), _) => Way::Chosen,
        (Some(Value::None(_)), _) => Way::Keyless,
        (_, Some(origin)) if origin.may_convict() => match origin.producer.shape {
            Shape::Pid => Way::Numbered(origin.producer.program),
            _ => Way::Drawn(origin.producer.program),
        },
        (_, Some(origin)) if origin.producer.meaning == Meaning::Unfinished && past.untouched => {
            Way::Unfinished
        }
        _ => Way::Chosen,
    }
}

/// Returns true if attachments to it are counted, and its maker's is the only one that there ever was.
fn is_makers_own(object: &Object) -> bool {
    let attached = object
        .trace
        .is_some_and(|trace| trace.holding.mappings && trace.holding.vacancy == Vacancy::Counted);
    let actors = object.past.iter().flat_map(|past| past.actors.iter().flatten());
    let mut pids = actors.filter(|actor| actor.time.is_some()).map(|actor| actor.pid);
    let maker = pids.next();
    attached && maker.is_some() && pids.next() == maker && pids.all(|pid| Some(pid) == maker)
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
