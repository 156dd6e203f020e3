//! Removing objects in an order that was measured to harm nobody alive: everything is checked again; files are taken
//! under a lease and moved out of the way, and after one pause for all of them removed if nobody asked for them; other
//! objects are compared with what they were in the moment before. What belongs together goes together or stays. Knows no
//! kind.

mod staged;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::Classifier;
use super::quarantine::{self, Quarantine};
use crate::holders::Scanner;
use crate::kinds::backing::{Claim, DirEntry, Refusal};
use crate::kinds::capability::{Query, Removal};
use crate::kinds::{self, KindRecord};
use crate::model::{Address, Class, Fault, Named, Object, State, Trace, Vacancy, Verdict};
use crate::sys::time;
use staged::{FilePlace, Staged, move_away, quarantine_at};

/// How long a lease is held before it proves that nobody had been on the way to the file. Whoever was, is waiting at
/// the lease by then, and has broken it.
const PAUSE: Duration = Duration::from_millis(1);
/// So many files share a pause. More would keep those waiting that meet a lease, and take many descriptors.
const BATCH: usize = 128;

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemovalOutcome {
    /// It is gone.
    Removed,
    /// It is as it was, and why.
    Skipped(String),
    /// It could not be removed.
    Failed(Box<Fault>),
    /// It is neither as it was nor gone, and how it is.
    Left(String),
}

use RemovalOutcome::{Failed, Left, Removed, Skipped};

/// Removes objects.
pub struct Remover<'a> {
    /// Where they are looked for; with what is needed to judge them.
    pub look: &'a Query<'a>,
    /// Judges them again. It must not have learned anything before the objects were chosen.
    pub judge: &'a Classifier<'a>,
    /// Returns true if an object may be removed on this verdict.
    pub allows: &'a dyn Fn(&Object, &Verdict) -> bool,
}

/// What belongs together, as it was when it was chosen, with its place among the units.
type RemovalUnit<'u> = (usize, Vec<&'u Object>);
/// Told of each object: its unit, its place in it, and what became of it.
type OnOutcome<'e> = &'e mut dyn FnMut(usize, usize, RemovalOutcome);

impl Remover<'_> {
    /// Removes units of objects that belong together: all of a unit or none.
    pub fn remove<T: AsRef<Object>>(&self, units: &[Vec<T>], each: OnOutcome) {
        let units = units.iter().enumerate();
        let units: Vec<RemovalUnit> =
            units.map(|(at, unit)| (at, unit.iter().map(AsRef::as_ref).collect())).collect();
        let objects = units.iter().flat_map(|(_, unit)| unit);
        for object in objects.filter(|object| needs_scan(object)) {
            // Announced, so that one scan looks for all.
            let _ = self.judge.at_once(object, None, self.look);
        }
        let is_file = |object: &Object| object.trace.as_ref().and_then(Trace::file).is_some();
        let (files, others): (Vec<RemovalUnit>, Vec<RemovalUnit>) =
            units.into_iter().partition(|(_, unit)| unit.iter().all(|object| is_file(object)));
        let mut files = files.into_iter().peekable();
        while files.peek().is_some() {
            let (mut batch, mut count) = (Vec::new(), 0);
            while let Some(unit) =
                files.next_if(|(_, unit)| count == 0 || count + unit.len() <= BATCH)
            {
                count += unit.1.len();
                batch.push(unit);
            }
            self.batch(&batch, each);
        }
        self.others(&others, each);
    }

    /// Files: one pause for all. Nothing slow happens between the first lease and the last but the pause.
    fn batch(&self, units: &[RemovalUnit], each: OnOutcome) {
        let checked: Vec<_> =
            units.iter().map(|(at, unit)| (*at, unit, self.check_unit(unit))).collect();
        let mut quarantines = Vec::new();
        let mut staged = Vec::new();
        for (at, unit, checked) in checked {
            match checked.and_then(|checked| self.stage_unit(checked, &mut quarantines)) {
                Ok(one) => staged.push((at, one)),
                Err((place, outcome)) => tell_failed(at, unit, place, outcome, each),
            }
        }
        if !staged.is_empty() {
            time::pause(PAUSE);
        }
        let (leased, others): (Vec<_>, Vec<_>) =
            staged.into_iter().partition(|(_, unit)| unit.iter().all(Staged::is_leased));
        let scanner = Scanner::new(self.look.proc);
        others.iter().flat_map(|(_, unit)| unit).for_each(|one| scanner.ask(&one.trace));
        for (unit, objects) in leased.into_iter().chain(others) {
            for (at, outcome) in self.finish_unit(objects, &scanner).into_iter().enumerate() {
                each(unit, at, outcome);
            }
        }
    }

    /// What is no file. It is looked at once more after a pause, in which a program that uses it at full speed has used
    /// it, and compared in the moment before it is removed: there is no way to keep others from it.
    fn others(&self, units: &[RemovalUnit], each: OnOutcome) {
        let objects = units.iter().flat_map(|(unit, objects)| {
            objects.iter().enumerate().map(|(at, one)| (*unit, at, one))
        });
        let checked: Vec<_> =
            objects.map(|(unit, at, object)| (unit, at, object, self.again(object))).collect();
        if checked.iter().any(|(.., again)| again.is_ok()) {
            time::pause(PAUSE);
        }
        for (unit, at, object, again) in checked {
            let outcome = again.and_then(|(record, _)| self.remove_same(record, object));
            each(unit, at, outcome.unwrap_or_else(|outcome| outcome));
        }
    }

    fn remove_same(
        &self,
        record: &KindRecord,
        object: &Object,
    ) -> Result<RemovalOutcome, RemovalOutcome> {
        let remove =
            record.remove.ok_or_else(|| Failed(Fault::usage("it cannot be removed").into()))?;
        match remove.remove_same(self.look, object).map_err(vanished)? {
            Removal::Gone(None) => Ok(Removed),
            Removal::Gone(Some(note)) => Ok(Left(note)),
            Removal::Changed => Err(changed()),
        }
    }

    /// All of a unit as they are now, or which of them may not be removed.
    fn check_unit(
        &self,
        unit: &[&Object],
    ) -> Result<Vec<(&'static KindRecord, Object)>, (usize, RemovalOutcome)> {
        let again =
            |(at, object): (usize, &&Object)| self.again(object).map_err(|outcome| (at, outcome));
        unit.iter().enumerate().map(again).collect()
    }

    /// The object as it is now, if it is still what was chosen and may still be removed.
    fn again(&self, object: &Object) -> Result<(&'static KindRecord, Object), RemovalOutcome> {
        let record = kinds::of_address(&object.address).map_err(|fault| Failed(fault.into()))?;
        let again = find(record, self.look, object)?;
        if !again.is_same(object) {
            return Err(changed());
        }
        // A file is judged as it will be under the lease that it comes under next.
        let verdict = match again.trace {
            Some(trace) if is_leased(&trace) => self.judge.judge_leased(&again, self.look),
            _ => self.judge.judge(&again, None, self.look),
        };
        self.consider(&again, &verdict).map(|()| (record, again))
    }

    /// Checks that it may be removed in the state that it is in.
    fn consider(&self, object: &Object, verdict: &Verdict) -> Result<(), RemovalOutcome> {
        if (self.allows)(object, verdict) {
            return Ok(());
        }
        let why = verdict.evidence.first().map(|line| format!(": {line}")).unwrap_or_default();
        Err(Skipped(match verdict.state {
            State::InUse => format!("it is in use{why}"),
            State::Unknown => format!("whether it is in use cannot be told{why}"),
            state => format!("it is {}: {}", state.name(), verdict.because),
        }))
    }

    /// Takes all of a unit out of the way, or none and says which of them could not be taken.
    fn stage_unit(
        &self,
        unit: Vec<(&'static KindRecord, Object)>,
        quarantines: &mut Vec<Rc<Quarantine>>,
    ) -> Result<Vec<Staged>, (usize, RemovalOutcome)> {
        let mut staged: Vec<Staged> = Vec::with_capacity(unit.len());
        for (record, object) in unit {
            match self.stage(record, object, quarantines) {
                Ok(one) => staged.push(one),
                Err(outcome) => {
                    let at = staged.len();
                    for one in staged {
                        if let Left(how) = one.put_back() {
                            return Err((at, Left(how)));
                        }
                    }
                    return Err((at, outcome));
                }
            }
        }
        Ok(staged)
    }

    /// Takes a file under a lease, if it can be had, and moves it out of the way, if it can be moved.
    fn stage(
        &self,
        record: &'static KindRecord,
        object: Object,
        quarantines: &mut Vec<Rc<Quarantine>>,
    ) -> Result<Staged, RemovalOutcome> {
        let trace = object.trace.ok_or_else(changed)?;
        let id = trace.file().ok_or_else(changed)?;
        let unreachable = || Skipped("its file cannot be reached".into());
        let store = self.judge.store(record.kind.name, self.look).ok_or_else(unreachable)?;
        let failed = |error: io::Error| Failed(Fault::from_os(&error).into());
        let spot = store.spot(&object.address.locator).map_err(failed)?;
        // The path may lead to another directory than it did.
        if spot.as_ref().is_some_and(|spot| !spot.is_of(id)) {
            return Err(changed());
        }
        // What its kind does not declare to be leased is never opened.
        let claim = match is_leased(&trace) || trace.holding.vacancy == Vacancy::Probed {
            true => store.claim(&object.address.locator, Some(id)).map_err(refused)?,
            false => Claim::Untouched,
        };
        if matches!(claim, Claim::Opened(_)) {
            self.consider(&object, &self.judge.judge(&object, None, self.look))?;
        }
        let place = match spot {
            None => FilePlace::Fixed,
            Some(spot) if !quarantine::is_safe(&spot.home) => FilePlace::There(spot),
            Some(DirEntry { home, name }) => {
                let quarantine = quarantine_at(quarantines, &home).map_err(failed)?;
                move_away(&quarantine, &name, id)?;
                FilePlace::Aside(quarantine, name)
            }
        };
        Ok(Staged { record, object, trace, claim, place })
    }

    /// Removes all of a unit, or puts all back.
    fn finish_unit(&self, unit: Vec<Staged>, scanner: &Scanner) -> Vec<RemovalOutcome> {
        let wanted = unit.iter().find(|one| !one.is_free(scanner));
        match wanted.map(|one| one.object.address.clone()) {
            None => unit.into_iter().map(|one| one.destroy(self.look)).collect(),
            Some(wanted) => unit
                .into_iter()
                .map(|one| {
                    let address = one.object.address.clone();
                    match one.put_back() {
                        Skipped(_) if address != wanted => with(&wanted),
                        outcome => outcome,
                    }
                })
                .collect(),
        }
    }
}

/// Tells of a unit of which one object stood in the way.
fn tell_failed(
    unit: usize,
    objects: &[&Object],
    place: usize,
    outcome: RemovalOutcome,
    each: OnOutcome,
) {
    let Some(culprit) = objects.get(place).map(|object| &object.address) else { return };
    let mut outcome = Some(outcome);
    for at in 0..objects.len() {
        match outcome.take_if(|_| at == place) {
            Some(outcome) => each(unit, at, outcome),
            None => each(unit, at, with(culprit)),
        }
    }
}

/// Returns true if the processes have to be looked at to judge it, because neither a count nor a lease tells all.
fn needs_scan(object: &Object) -> bool {
    object.trace.is_some_and(|trace| match trace.holding.vacancy {
        Vacancy::Counted | Vacancy::Probed | Vacancy::Existence => false,
        Vacancy::Leased { in_flight } => !in_flight,
        Vacancy::Scanned => true,
    })
}

/// Returns true if the object may be opened to take a lease on it.
fn is_leased(trace: &Trace) -> bool {
    matches!(trace.holding.vacancy, Vacancy::Leased { .. })
}

fn with(address: &Address) -> RemovalOutcome {
    Skipped(format!("it belongs to {address}, which was not removed"))
}

fn changed() -> RemovalOutcome {
    Skipped("it changed since it was looked at".into())
}

fn in_use() -> RemovalOutcome {
    Skipped("it is in use: a process has it open or mapped (lease refused)".into())
}

/// Why a file could not be claimed.
fn refused(refusal: Refusal) -> RemovalOutcome {
    match refusal {
        Refusal::Held => in_use(),
        Refusal::Bound => Skipped("it is in use: a socket is bound to it".into()),
        Refusal::Unsure(why) => Skipped(format!("whether it is in use cannot be told: {why}")),
        Refusal::Changed => changed(),
        Refusal::Failed(error) => Failed(Fault::from_os(&error).into()),
    }
}

/// The object as it is now.
fn find(record: &KindRecord, look: &Query, object: &Object) -> Result<Object, RemovalOutcome> {
    record.inspect.find(look, &object.address.locator).map_err(vanished)
}

/// Somebody else was faster, or it did not work.
fn vanished(fault: Fault) -> RemovalOutcome {
    match fault.class {
        Class::NotFound => Skipped("it is gone".into()),
        _ => Failed(fault.into()),
    }
}
