//! Whether a process lives that may come back for an object: how it would find it, and whether it may open it.

use std::rc::Rc;
use std::sync::Arc;

use super::circle::Reach;
use super::evidence::{Evidence, Undo, Way};
use super::knowledge::{Drawn, Numbered};
use super::producers::{Meaning, Origin, Shape};
use super::rights::OpenRights;
use super::{Classifier, rights};
use crate::holders::process;
use crate::kinds::capability::Query;
use crate::model::{FileId, History, Locator, Object, Returner, Trace, Vacancy, Value, Witness};
use crate::sys::{file, processes, time};

impl Classifier<'_> {
    /// A living process of the family of one that the object remembers and that has ended.
    pub(super) fn kin(&self, past: &History) -> Option<Arc<Witness>> {
        let actors = past.actors.iter().flatten().filter(|actor| actor.pid != 0);
        // While a process group or session has a process, no other process gets its number.
        let mut ended = actors
            .filter(|actor| self.lives.of(actor.pid, actor.time) == process::Life::Ended)
            .peekable();
        ended.peek()?;
        let population = self.census.get(&self.proc);
        ended.find_map(|actor| self.knowledge.kin(population, actor.pid))
    }

    pub(super) fn undo(&self, object: &Object, past: &History, rights: &OpenRights) -> Undo {
        match (&object.trace, past.last) {
            (Some(trace), Some(last)) if trace.holding.undo && !past.untouched => {
                let population = self.census.get(&self.proc);
                self.undoers.on(&self.proc, population, &self.lives, (rights, last))
            }
            _ => Undo::Clear,
        }
    }

    /// Whether a process lives that may come back for it.
    pub(super) fn returner(
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
    pub(super) fn rights(
        &self,
        object: &Object,
        past: &History,
        look: &Query,
    ) -> Option<OpenRights> {
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

/// How a process finds it.
pub(super) fn way(object: &Object, origin: Option<Origin>, past: &History) -> Way {
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
