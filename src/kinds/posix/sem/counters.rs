//! Waiting for and posting to named semaphores. The kernel knows nothing of them but how to sleep on a word, so
//! what it would see to is seen to here: that the semaphore is still there, and that a signal leaves it in order.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::fcntl::OFlag;

use super::{PosixSem, existing};
use crate::kinds::capability::{Counters, Query, ReleaseMode};
use crate::model::{Class, Fault, Form, Locator, Param, Settings, Wait};
use crate::sys::deferral::Deferral;
use crate::sys::file;
use crate::sys::named_sem::{self, MAX_VALUE};

static GIVE: Param = Param {
    name: "by",
    metavar: "N",
    help: "Increment by N at once [default: 1]",
    form: Form::Count,
};

/// How often a waiter looks whether the semaphore is still there: nobody wakes it when it is removed.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl Counters for PosixSem {
    // A semaphore of the C library is taken one at a time: it wakes one waiter for each post.
    fn wait_params(&self) -> &'static [&'static Param] {
        &[]
    }

    fn post_params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&GIVE];
        PARAMS
    }

    fn wait(
        &self,
        _look: &Query,
        locator: &Locator,
        _settings: &Settings,
        wait: Wait,
    ) -> Result<(), Fault> {
        let signals = Deferral::new()?;
        OpenSemaphore::open(locator)?.take(wait, &signals)
    }

    fn post(&self, _look: &Query, locator: &Locator, settings: &Settings) -> Result<(), Fault> {
        let by = settings.number(&GIVE).unwrap_or(1);
        if by == 0 {
            return Err(Fault::usage("--by is at least 1"));
        }
        OpenSemaphore::open(locator)?.post(u32::try_from(by).unwrap_or(u32::MAX))
    }

    fn hold(
        &self,
        _look: &Query,
        locator: &Locator,
        _settings: &Settings,
        wait: Wait,
    ) -> Result<ReleaseMode, Fault> {
        let signals = Deferral::new()?;
        let semaphore = OpenSemaphore::open(locator)?;
        semaphore.take(wait, &signals)?;
        Ok(ReleaseMode::Supervised { release: Box::new(move || semaphore.post(1)), signals })
    }
}

/// Posts and waits at once until it has this value: waiters are woken as they should.
pub(super) fn set_value(locator: &Locator, value: u32) -> Result<(), Fault> {
    let semaphore = OpenSemaphore::open(locator)?;
    semaphore.words.set(value);
    semaphore.check()
}

/// An open semaphore and its file.
struct OpenSemaphore {
    file: OwnedFd,
    words: named_sem::Semaphore,
}

impl OpenSemaphore {
    fn open(locator: &Locator) -> Result<Self, Fault> {
        let (handle, stat) = existing(locator)?;
        if stat.size == named_sem::SIZE_32 as u64 {
            let cause =
                "a program of 32 bits made it: it can be looked at and removed, not operated on";
            return Err(Fault::new(Class::Failed, cause));
        }
        let file = file::reopen(handle.as_fd(), OFlag::O_RDWR).map_err(|error| {
            let fault = Fault::from_os(&error);
            match fault.class {
                Class::Denied => Fault {
                    cause: format!("{}: it takes permission to read and write", fault.cause),
                    ..fault
                },
                _ => fault,
            }
        })?;
        let words = named_sem::Semaphore::open(file.as_fd())?;
        let semaphore = Self { file, words };
        let state = semaphore.words.state();
        semaphore.check()?;
        match state {
            Some(_) => Ok(semaphore),
            None => Err(Fault::new(Class::Failed, "its content is not that of a semaphore")),
        }
    }

    /// Checks that everything was done to the file that others use, and that it has not been truncated.
    fn check(&self) -> Result<(), Fault> {
        if self.words.is_lost() || file::stat(&self.file)?.size < named_sem::SIZE as u64 {
            return Err(Fault::new(
                Class::NotFound,
                "its file was cut short: it is no semaphore any more",
            ));
        }
        Ok(())
    }

    fn post(&self, by: u32) -> Result<(), Fault> {
        self.words.post(by).map_err(|_| {
            Fault::new(Class::Limit, format!("its value would exceed {MAX_VALUE} (SEM_VALUE_MAX)"))
        })?;
        self.check()
    }

    /// Takes one. Whoever is interrupted by a signal has not taken any.
    fn take(&self, wait: Wait, signals: &Deferral) -> Result<(), Fault> {
        let interrupted = || Fault::new(Class::Failed, "interrupted by a signal");
        if self.words.try_take().is_err() {
            let waiter = self.words.waiter();
            // The time is looked at after the value: what can be had is had, even in the last moment.
            while self.words.try_take().is_err() {
                self.check()?;
                if signals.caught() {
                    return Err(interrupted());
                }
                if wait.is_over() {
                    return Err(wait.fault());
                }
                if file::stat(&self.file)?.links == 0 {
                    return Err(Fault::new(Class::NotFound, "it was removed while waiting"));
                }
                // It wakes for many reasons: the loop finds out which.
                let _ = waiter.sleep(wait.left().unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN));
            }
        }
        if let Err(fault) = self.check() {
            // Nobody else would ever give it back.
            let _ = self.words.post(1);
            return Err(fault);
        }
        if signals.caught() {
            self.post(1)?;
            return Err(interrupted());
        }
        Ok(())
    }
}
