//! Who may come back for an object: of each living process it is asked whether it may open the object *and* may know of
//! it. It may know because it runs the program whose names are such, because it or the process that it was forked from
//! was there when the object was last used, or because it was told. Knows no kind of object and no rule.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::circle::{Circle, Reach, Surroundings};
use super::population::{Credentials, ProcessTable};
use super::portrait::{Portrait, ProgramSort};
use super::producers::Program;
use super::rights::OpenRights;
use crate::model::{Clock, Returner, Why, Witness};

/// Seconds after the last use of an object in which a process still counts as one that was there: daemons fork away
/// from their makers at once.
const AT_ONCE: i64 = 60;

/// An object without a key, for the question who may know its number.
#[derive(Clone, Copy, Debug)]
pub struct Numbered<'a> {
    /// Its number.
    pub id: u32,
    /// The same as an address.
    pub address: &'a str,
    /// When it was last made, changed or used, seconds since the epoch.
    pub last: i64,
    /// Only its maker has ever attached it: a person at a prompt has not used it.
    pub makers_own: bool,
}

/// A name that a program drew, for the question who may know it.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'a> {
    /// The name, as programs write it.
    pub name: &'a [u8],
    /// By what a process shows that it runs the program.
    pub run_by: &'static Program,
    /// When it was last made, changed or used, seconds since the epoch.
    pub last: i64,
}

/// What is known of the processes that may open objects, learned once for all objects with the same rights.
pub struct Knowledge {
    clock: Clock,
    surroundings: Surroundings,
    circles: RefCell<HashMap<(OpenRights, Reach), Rc<Circle>>>,
    ancestors: OnceCell<HashSet<i32>>,
    own: OnceCell<Vec<Box<[u8]>>>,
}

impl Knowledge {
    /// Nothing is known yet. `alone`: it is taken for granted that no process outside of our pid namespace comes back.
    pub fn new(proc: &Path, clock: Clock, alone: bool) -> Self {
        Self {
            clock,
            surroundings: Surroundings::new(proc, alone),
            circles: RefCell::default(),
            ancestors: OnceCell::new(),
            own: OnceCell::new(),
        }
    }

    fn circle(&self, census: &ProcessTable, rights: &OpenRights, reach: Reach) -> Rc<Circle> {
        let key = (rights.clone(), reach);
        let draw = || Rc::new(Circle::draw(&self.surroundings, census, rights, reach));
        Rc::clone(self.circles.borrow_mut().entry(key).or_insert_with(draw))
    }

    /// The processes from which this program was started, one from the other.
    fn is_ancestor(&self, census: &ProcessTable, process: &Credentials) -> bool {
        let find = || {
            let mut found = HashSet::new();
            let mut next = nix::unistd::getppid().as_raw();
            while let Some(process) = census.find(next)
                && found.insert(next)
            {
                next = process.parent;
            }
            found
        };
        self.ancestors.get_or_init(find).contains(&process.pid)
    }

    /// Who may open an object by a name or key that was chosen. Those who start and watch others, and shells at which
    /// persons type, open nothing by themselves; nor do the processes that this program was started from.
    pub fn may_open(&self, census: &ProcessTable, rights: &OpenRights, reach: Reach) -> Returner {
        let circle = self.circle(census, rights, reach);
        let accused = circle.accused.get_or_init(|| {
            circle.able.iter().position(|one| {
                matches!(one.sort(), ProgramSort::Script | ProgramSort::Plain)
                    && !self.is_ancestor(census, &one.who)
            })
        });
        let found = accused.and_then(|at| circle.able.get(at));
        self.answer(&circle, found.map(|one| (one, Why::MayOpen)))
    }

    /// Who may have been told a name that a program drew.
    pub fn may_know_name(
        &self,
        census: &ProcessTable,
        (rights, reach): (&OpenRights, Reach),
        drawn: &Drawn,
    ) -> Returner {
        let circle = self.circle(census, rights, reach);
        let runs = circle.runner(drawn.run_by).map(|one| (one, Why::Runs));
        let found = runs
            .or_else(|| {
                let script = |one: &&Rc<Portrait>| {
                    one.sort() == ProgramSort::Script
                        && self.was_there(census, one, drawn.last)
                        && !self.is_ancestor(census, &one.who)
                };
                Some((circle.able.iter().find(script)?, Why::Script))
            })
            .or_else(|| {
                let told = |one: &&Rc<Portrait>| {
                    one.sort() != ProgramSort::Bystander && one.was_told(drawn.name)
                };
                Some((circle.able.iter().find(told)?, Why::Told))
            });
        match found {
            None if self.knows_itself(drawn.name) => {
                let pid = nix::unistd::getppid().as_raw();
                let parent = census.find(pid).map(|parent| self.surroundings.portrait(parent));
                parent.map_or(Returner::Unseen, |parent| {
                    self.answer(&circle, Some((&parent, Why::Told)))
                })
            }
            found => self.answer(&circle, found),
        }
    }

    /// Returns true if the name stands in our own environment: a script has exported it before it ran this program.
    fn knows_itself(&self, name: &[u8]) -> bool {
        let read = || {
            let text = std::fs::read("/proc/self/environ").unwrap_or_default();
            super::producers::beginnings(&text)
        };
        self.own.get_or_init(read).iter().any(|trace| trace.starts_with(name))
    }

    /// Who may know the number of an object without a key. The processes that this program was started from count: the
    /// number may be in a variable of theirs.
    pub fn may_know_number(
        &self,
        census: &ProcessTable,
        (rights, reach): (&OpenRights, Reach),
        object: &Numbered,
    ) -> Returner {
        let circle = self.circle(census, rights, reach);
        let why = |one: &Portrait| match one.sort() {
            ProgramSort::Kernel | ProgramSort::Bystander => None,
            ProgramSort::Prompt if object.makers_own => None,
            _ if self.was_there(census, one, object.last) => Some(Why::WasThere),
            _ if is_orphan(census, &one.who) => Some(Why::Orphan),
            _ if one.was_given(object.id, object.address) => Some(Why::Told),
            _ => None,
        };
        let found = circle.able.iter().find_map(|one| Some((one, why(one)?)));
        self.answer(&circle, found)
    }

    /// A process in the process group or session of one that has ended: its family lives.
    pub fn kin(&self, census: &ProcessTable, leader: i32) -> Option<Arc<Witness>> {
        let in_it = |process: &&Credentials| process.group == leader || process.session == leader;
        let portraits = census
            .processes
            .iter()
            .filter(in_it)
            .map(|process| self.surroundings.portrait(process));
        let mut living = portraits
            .filter(|one| !matches!(one.sort(), ProgramSort::Kernel | ProgramSort::Bystander));
        living.next().map(|one| witness(&one, Why::Kin))
    }

    fn answer(&self, circle: &Circle, found: Option<(&Rc<Portrait>, Why)>) -> Returner {
        match found {
            Some((one, why)) => Returner::Process(witness(one, why)),
            None if circle.unseen => Returner::Unseen,
            None => Returner::Nobody,
        }
    }

    /// Returns true if a process was there at `time` or shortly after, or if its memory is a copy of that of one that may
    /// have been: it was forked and has run no other program since.
    fn was_there(&self, census: &ProcessTable, one: &Portrait, time: i64) -> bool {
        let Some(status) = one.status() else { return true };
        if !self.clock.compares || self.clock.started(status.start) <= time.saturating_add(AT_ONCE)
        {
            return true;
        }
        if !status.is_forked() {
            return false;
        }
        // A parent that runs another program is not the one that it was forked from: that one has ended.
        match census.find(one.who.parent).map(|parent| self.surroundings.portrait(parent)) {
            Some(parent) if parent.name() == one.name() && parent.who.pid < one.who.pid => {
                self.was_there(census, &parent, time)
            }
            _ => true,
        }
    }
}

fn witness(one: &Portrait, why: Why) -> Arc<Witness> {
    let [_, user, ..] = one.who.users;
    Arc::new(Witness { pid: one.who.pid, command: one.command().map(Into::into), user, why })
}

/// Returns true if the leader of its session or of its process group has ended: it was left by those who started it.
fn is_orphan(census: &ProcessTable, process: &Credentials) -> bool {
    let gone = |leader: i32| leader > 0 && leader != process.pid && census.find(leader).is_none();
    gone(process.session) || gone(process.group)
}
