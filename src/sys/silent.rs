//! Processes that do not answer: whoever reads most of their entries below `/proc` sleeps. Whether one answers is found out
//! once, by a thread that can be left behind; what is known holds for the run.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::workers::{Helper, is_expendable};

/// What is known of processes: true for one that answers.
static KNOWN: Mutex<BTreeMap<i32, bool>> = Mutex::new(BTreeMap::new());
static HELPER: Mutex<Option<Helper<OwnedFd>>> = Mutex::new(None);

/// These processes answer, or do not.
pub fn note<'p>(pids: impl Iterator<Item = &'p i32>, answers: bool) {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    for pid in pids {
        // One that did not answer once is asked no more.
        *known.entry(*pid).or_insert(answers) &= answers;
    }
}

/// The processes that did not answer in this run.
pub fn pids() -> Vec<i32> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter().filter(|(_, answers)| !**answers).map(|(pid, _)| *pid).collect()
}

/// The error of a process that does not answer: ETIMEDOUT.
pub fn error() -> io::Error {
    io::Error::from_raw_os_error(libc::ETIMEDOUT)
}

/// Makes sure that a process answers, by its directory, before this thread reads of it what can take for ever.
///
/// # Errors
/// ETIMEDOUT when it does not answer.
pub(super) fn ensure(pid: i32, directory: BorrowedFd<'_>) -> io::Result<()> {
    if is_expendable() {
        return Ok(());
    }
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&pid).copied();
    let answers = match known {
        Some(answers) => answers,
        None => {
            let answers = ask(pid, directory.try_clone_to_owned()?);
            note([pid].iter(), answers);
            answers
        }
    };
    if answers { Ok(()) } else { Err(error()) }
}

/// Those of which it is not known whether they answer.
pub(super) fn unknown(pids: &[i32]) -> Vec<i32> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    pids.iter().copied().filter(|pid| !known.contains_key(pid)).collect()
}

/// For calls that take the number of a process in our own pid namespace.
///
/// # Errors
/// ETIMEDOUT for one that is known not to answer.
pub(super) fn refuse(pid: i32) -> io::Result<()> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.get(&pid) == Some(&false) { Err(error()) } else { Ok(()) }
}

fn ask(pid: i32, directory: OwnedFd) -> bool {
    let mut helper = HELPER.lock().unwrap_or_else(PoisonError::into_inner);
    if helper.is_none() {
        *helper = Helper::start(look);
    }
    // Where there is no thread, this one waits.
    let answers = helper.as_ref().is_none_or(|helper| helper.answers(pid, directory));
    if !answers {
        *helper = None;
    }
    answers
}

/// Reads of a process what takes for ever where it does not answer, unless it is known to answer: for a thread that can be left
/// behind.
pub(super) fn look_once(pid: i32, directory: &impl AsFd) {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&pid).copied();
    if known != Some(true) {
        look(directory);
    }
}

/// Takes the two locks that may be held: the one of `execve(2)`, and that of its memory.
fn look<D: AsFd>(directory: &D) {
    let read = |name| {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let file = openat(directory.as_fd(), name, flags, Mode::empty())?;
        nix::unistd::read(&file, &mut [0])
    };
    // The first takes both. Where it is denied, the others take one each, for everybody.
    if read(c"environ").is_err() {
        let _ = (read(c"stat"), read(c"cmdline"));
    }
}
