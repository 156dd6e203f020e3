//! Posting to a semaphore in the memory of other programs: what helps when the process that should have done it is dead.

use std::ffi::CString;
use std::os::fd::AsFd;

use nix::fcntl::OFlag;

use super::memory::mapping;
use super::{Words, memory, parts, waits};
use crate::kinds::capability::{Counters, Inspect, Query, ReleaseMode};
use crate::kinds::file::id;
use crate::kinds::words::{WAITED, Word};
use crate::model::{Class, Fault, FileId, Form, Locator, Param, Settings, Wait, WordWait};
use crate::sys::file;
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
        let (_, file) = memory(look, inner)?;
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
        post(&proc, (*pid, wait), file)
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

/// Posts by way of the mapping of a process that waits.
fn post(proc: &Proc, (pid, wait): (i32, &WordWait), wanted: FileId) -> Result<(), Fault> {
    let gone = || Fault::new(Class::NotFound, "the process that waits for it has ended");
    let (mapping, _) = mapping(proc, pid, wait.address).ok_or_else(gone)?;
    let link = format!("map_files/{:x}-{:x}", mapping.start, mapping.end);
    let link = CString::new(link).unwrap_or_default();
    let handle = proc.process(pid).and_then(|process| process.handle(&link)).map_err(|error| {
        Fault::from_os(&error)
            .hint_of_user("run as root, who alone may follow the link of a mapping")
    })?;
    let stat = file::stat(&handle)?;
    if id(&stat) != wanted || !stat.is(libc::S_IFREG) {
        return Err(gone());
    }
    let file = file::reopen(handle.as_fd(), OFlag::O_RDWR)?;
    let semaphore = named_sem::Semaphore::open_at(file.as_fd(), wait.offset)?;
    if semaphore.is_lost() || semaphore.state().is_none() {
        return Err(Fault::new(Class::Failed, "what is there is no semaphore any more"));
    }
    semaphore.post(1).map_err(|_| {
        Fault::new(Class::Limit, format!("its value would exceed {MAX_VALUE} (SEM_VALUE_MAX)"))
    })
}
