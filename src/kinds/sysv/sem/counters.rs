//! Waiting for and posting to the semaphores of a System V set: `semtimedop(2)`, and what its errnos mean.

use std::io;

use super::super::fault;
use super::{SOURCE, SysvSem};
use crate::kinds::capability::{Atomic, Counters, Query, ReleaseMode};
use crate::model::{Class, Fault, Form, Locator, Param, Settings, Term, Wait};
use crate::sys::sem::{self, Operation};

/// SEMVMX: fixed in the kernel.
const MAX_VALUE: u16 = 32767;

static TAKE: Param = Param {
    name: "by",
    metavar: "N",
    help: "Decrement by N at once [default: 1]",
    form: Form::Count,
};
static GIVE: Param = Param {
    name: "by",
    metavar: "N",
    help: "Increment by N at once [default: 1]",
    form: Form::Count,
};
static INDEX: Param = Param {
    name: "index",
    metavar: "I",
    help: "Semaphore of the set [default: 0]",
    form: Form::Count,
};

impl Counters for SysvSem {
    fn wait_params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&TAKE, &INDEX];
        PARAMS
    }

    fn post_params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&GIVE, &INDEX];
        PARAMS
    }

    fn wait(
        &self,
        _look: &Query,
        locator: &Locator,
        settings: &Settings,
        wait: Wait,
    ) -> Result<(), Fault> {
        let id = SOURCE.resolve(locator)?;
        let delta = -amount(settings)?;
        operate(id, &[Operation { index: index(id, settings)?, delta, ..ONE }], wait)
    }

    fn post(&self, _look: &Query, locator: &Locator, settings: &Settings) -> Result<(), Fault> {
        let id = SOURCE.resolve(locator)?;
        let delta = amount(settings)?;
        operate(id, &[Operation { index: index(id, settings)?, delta, ..ONE }], Wait::Not)
    }

    fn hold(
        &self,
        _look: &Query,
        locator: &Locator,
        settings: &Settings,
        wait: Wait,
    ) -> Result<ReleaseMode, Fault> {
        let id = SOURCE.resolve(locator)?;
        let delta = -amount(settings)?;
        let taking = Operation { index: index(id, settings)?, delta, undo: true, ..ONE };
        operate(id, &[taking], wait).map(|()| ReleaseMode::UntilExit)
    }

    fn atomic(&self) -> Option<&dyn Atomic> {
        Some(self)
    }
}

impl Atomic for SysvSem {
    fn operate(
        &self,
        _look: &Query,
        locator: &Locator,
        terms: &[Term],
        wait: Wait,
    ) -> Result<(), Fault> {
        let id = SOURCE.resolve(locator)?;
        let count = terms.iter().map(Term::count).sum();
        check_count(count)?;
        let mut operations = Vec::with_capacity(count);
        for term in terms {
            operations.extend((term.first..=term.last).map(|index| Operation {
                index,
                delta: term.delta,
                nowait: term.nowait,
                undo: term.undo,
            }));
        }
        operate(id, &operations, wait)
    }
}

/// What the operations of this file are made of.
const ONE: Operation = Operation { index: 0, delta: 0, nowait: false, undo: false };

fn amount(settings: &Settings) -> Result<i16, Fault> {
    match settings.number(&TAKE).unwrap_or(1) {
        0 => Err(Fault::usage("--by is at least 1")),
        by => i16::try_from(by).map_err(|_| {
            Fault::new(
                Class::Limit,
                format!("a semaphore's value is 0 to {MAX_VALUE} (SEMVMX): --by {by} is too many"),
            )
        }),
    }
}

fn index(id: u32, settings: &Settings) -> Result<u16, Fault> {
    let index = settings.number(&INDEX).unwrap_or(0);
    u16::try_from(index).map_err(|_| no_member(id, index))
}

/// EFBIG: the set has no semaphore of that index.
fn no_member(id: u32, index: u64) -> Fault {
    match sem::stat_any(id).or_else(|_| sem::stat(id)) {
        Ok(set) => {
            let last = set.count.saturating_sub(1);
            Fault::usage(format!("the set has the indexes 0 to {last}, not {index}"))
        }
        Err(_) => Fault::usage(format!("the set has no semaphore {index}")),
    }
}

/// E2BIG: more operations than the kernel does at once.
fn check_count(count: usize) -> Result<(), Fault> {
    match sem::limits() {
        Ok(limits) if count as u64 > limits.max_operations => Err(too_many(count, Some(&limits))),
        _ => Ok(()),
    }
}

fn too_many(count: usize, limits: Option<&sem::Limits>) -> Fault {
    let most = limits.map_or(String::new(), |limits| format!(" {}", limits.max_operations));
    Fault::new(
        Class::Limit,
        format!("{count} operations at once are more than the kernel's{most} (SEMOPM)"),
    )
    .hint("raise the third number of kernel.sem")
}

/// ERANGE: which semaphore would get too high, as far as its value can be read.
fn too_high(id: u32, operations: &[Operation]) -> Fault {
    let mut sentence = format!("a value would exceed {MAX_VALUE} (SEMVMX)");
    let values = sem::stat(id).and_then(|set| sem::values(id, set.count));
    let mut values: Vec<i32> = values.unwrap_or_default().into_iter().map(i32::from).collect();
    for one in operations {
        let Some(value) = values.get_mut(usize::from(one.index)) else { break };
        *value += i32::from(one.delta);
        if *value > i32::from(MAX_VALUE) {
            sentence =
                format!("semaphore {} would be {value}, above {MAX_VALUE} (SEMVMX)", one.index);
            break;
        }
    }
    if operations.iter().any(|one| one.undo) {
        sentence.push_str(", or what is to be undone would");
    }
    Fault::new(Class::Limit, sentence)
}

/// Does the operations, again after a signal that stopped and continued us: the kernel restarts none of these.
fn operate(id: u32, operations: &[Operation], wait: Wait) -> Result<(), Fault> {
    let mut operations = operations.to_vec();
    if wait == Wait::Not {
        operations.iter_mut().for_each(|one| one.nowait = true);
    }
    loop {
        // What does not wait says so in each operation.
        let timeout = wait.left().filter(|_| wait != Wait::Not);
        let Err(error) = sem::operate(id, &operations, timeout) else { return Ok(()) };
        return Err(match error.raw_os_error() {
            Some(libc::EINTR) => continue,
            Some(libc::EAGAIN) if wait.is_over() => wait.fault(),
            Some(libc::EAGAIN) => Wait::Not.fault(),
            Some(libc::EIDRM) => Fault::new(Class::NotFound, "it was removed while waiting"),
            Some(libc::EFBIG) => {
                let highest = operations.iter().map(|one| one.index).max().unwrap_or(0);
                no_member(id, highest.into())
            }
            Some(libc::ERANGE) => too_high(id, &operations),
            Some(libc::E2BIG) => too_many(operations.len(), sem::limits().as_ref().ok()),
            Some(libc::EACCES) => denied(&error, &operations),
            _ => fault(&error),
        });
    }
}

fn denied(error: &io::Error, operations: &[Operation]) -> Fault {
    // What only waits for zero changes nothing.
    let what = if operations.iter().any(|one| one.delta != 0) { "write" } else { "read" };
    let fault = fault(error);
    Fault { cause: format!("{}: it takes permission to {what}", fault.cause), ..fault }
}
