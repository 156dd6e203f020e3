//! What became of the processes that an object remembers, or has the number of in its name, and what is kept whoever lives.

use super::evidence::{self, Kept, Named};
use super::producers::{Meaning, Origin, Shape};
use super::{Classifier, population};
use crate::holders::process;
use crate::model::{History, Object};
use crate::sys::processes;

impl Classifier<'_> {
    pub(super) fn lives_of(&self, past: &History) -> evidence::Lives {
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

    pub(super) fn kept(&self, object: &Object, origin: Option<Origin>) -> Option<Kept> {
        if let Some(line) = self.terms.keep.keeps(object) {
            return Some(Kept::Listed(line.to_owned()));
        }
        if let Some(line) = self.terms.tmpfiles.protects(&object.address) {
            return Some(Kept::Provided(line));
        }
        let producer = origin?.producer;
        (producer.meaning == Meaning::Persistent).then_some(Kept::Persists(producer.program))
    }

    /// What became of the process whose number is in the name.
    pub(super) fn named(&self, origin: Origin, object: &Object) -> Named {
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
    pub(super) fn sure_of(&self, named: Named) -> Named {
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
}
