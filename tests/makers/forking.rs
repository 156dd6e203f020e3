//! Forks and open files of one process do not go well together: a child that one test starts takes along, as long as it
//! lives or until it runs its program, what another test has open or mapped at that moment, and then the object is in
//! use. A program that is being written cannot be run, either, as long as anybody has it open (ETXTBSY of `execve(2)`).

use std::process::{Child, Command};
use std::sync::{PoisonError, RwLock};

static GOING_ON: RwLock<()> = RwLock::new(());

/// Starts a child, by fork or by running a program, while no test has an object open.
pub fn alone<T>(start: impl FnOnce() -> T) -> T {
    let _nobody_has = GOING_ON.write().unwrap_or_else(PoisonError::into_inner);
    start()
}

/// Runs a program. When this returns, it has nothing open that a test did not give to it.
pub fn started(command: &mut Command) -> Child {
    alone(|| command.spawn()).unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"))
}

/// Has an object open for a moment, in which no child is started.
pub fn undisturbed<T>(act: impl FnOnce() -> T) -> T {
    let _nobody_forks = GOING_ON.read().unwrap_or_else(PoisonError::into_inner);
    act()
}
