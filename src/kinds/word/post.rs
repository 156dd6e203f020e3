//! Posting to a semaphore in the memory of other programs: what helps when the process that should have done it is dead.

use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::OFlag;

use super::memory::mapping;
use super::{Words, memory, parts, waits};
use crate::kinds::capability::{Counters, Inspect, Query, ReleaseMode};
use crate::kinds::file::id;
use crate::kinds::words::{WAITED, Word};
use crate::kinds::{held, of_address};
use crate::model::{
    Class, Fault, FileId, Form, Locator, Object, Param, Settings, Showing, ShownAs, Wait, WordWait,
};
use crate::sys::file::{self, Stat};
use crate::sys::named_sem::{self, MAX_VALUE};
use crate::sys::processes::Proc;

static FORCE: Param = Param {
    name: "force",
    metavar: "",
    help: "Post to memory of other programs",
    form: Form::Flag,
};

impl Counters for Words {
    fn wait_params(&self) -> &'static [&'static Param] {
        &[]
    }

    fn post_params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&FORCE];
        PARAMS
    }

    fn wait(
        &self,
        _look: &Query,
        _locator: &Locator,
        _settings: &Settings,
        _wait: Wait,
    ) -> Result<(), Fault> {
        Err(untaken())
    }

    fn post(&self, look: &Query, locator: &Locator, settings: &Settings) -> Result<(), Fault> {
        if !settings.given(&FORCE) {
            return Err(Fault::usage("it is in the memory of other programs")
                .hint("--force posts all the same"));
        }
        let (inner, offset) = parts(locator)?;
        self.announce(look, locator);
        let (memory, file) = memory(look, inner)?;
        let found = look.processes.found(&WAITED);
        let waits = waits(&found, file).remove(&offset).unwrap_or_default();
        let proc = Proc::open(look.proc)?;
        let known = waits.iter().find(|(pid, wait)| {
            matches!(Word::read(&proc, *pid, wait), Some(Word::Semaphore { .. }))
        });
        let Some((pid, wait)) = known else {
            let cause = "no thread is seen to wait there for a semaphore";
            return Err(Fault::new(Class::Failed, cause));
        };
        post((look, &proc), &memory, ((*pid, wait), file))
    }

    fn hold(
        &self,
        _look: &Query,
        _locator: &Locator,
        _settings: &Settings,
        _wait: Wait,
    ) -> Result<ReleaseMode, Fault> {
        Err(untaken())
    }
}

fn untaken() -> Fault {
    Fault::usage("it is in the memory of other programs, and never taken from here")
}

/// Posts to the memory that a thread waits in.
fn post(
    (look, proc): (&Query, &Proc),
    memory: &Object,
    ((pid, wait), wanted): ((i32, &WordWait), FileId),
) -> Result<(), Fault> {
    let file = match by_name(look, memory, wanted) {
        Some(file) => file,
        None => by_mapping(proc, (pid, wait), wanted)?,
    };
    let semaphore = named_sem::Semaphore::open_at(file.as_fd(), wait.offset)?;
    if semaphore.is_lost() || semaphore.state().is_none() {
        return Err(Fault::new(Class::Failed, "what is there is no semaphore any more"));
    }
    semaphore.post(1).map_err(|_| {
        Fault::new(Class::Limit, format!("its value would exceed {MAX_VALUE} (SEM_VALUE_MAX)"))
    })
}

/// The memory by its name, if it has one: that takes no right but its own.
fn by_name(look: &Query, memory: &Object, wanted: FileId) -> Option<OwnedFd> {
    let store = of_address(&memory.address).ok()?.backing?.store(look).ok()?;
    let spot = store.spot(&memory.address.locator).ok()??;
    let is_it = |stat: &Stat| id(stat) == wanted && stat.is(libc::S_IFREG);
    let opened = file::open_at(&*spot.home.directory, &spot.name, OFlag::O_RDWR).ok()?;
    file::stat(&opened).is_ok_and(|stat| is_it(&stat)).then_some(opened)
}

/// The memory by way of the mapping of a process that waits.
fn by_mapping(
    proc: &Proc,
    (pid, wait): (i32, &WordWait),
    wanted: FileId,
) -> Result<OwnedFd, Fault> {
    let gone = || Fault::new(Class::NotFound, "the process that waits for it has ended");
    let (mapping, _) = mapping(proc, pid, wait.address).ok_or_else(gone)?;
    let showing = Showing { pid, place: ShownAs::Mapping(mapping.start, mapping.end) };
    held::open(proc, &[showing], |stat| id(stat) == wanted, OFlag::O_RDWR)
}
