//! What processes and threads share: `kcmp(2)`.

use std::io;

use nix::sched::CloneFlags;

use super::{check, silent};

/// Two processes or threads of this pid namespace can share these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// Memory: KCMP_VM.
    Memory = 1,
    /// Descriptors: KCMP_FILES.
    Descriptors = 2,
    /// The list of what is undone to System V semaphores when they end: KCMP_SYSVSEM.
    Undo = 6,
}

/// Returns true if two processes or threads share this: `kcmp(2)`.
///
/// # Errors
/// EPERM without the right to trace both, ESRCH when one has ended, ENOSYS when the kernel was built without it,
/// ETIMEDOUT for one that is known not to answer.
///
/// [`kcmp(2)`](https://man7.org/linux/man-pages/man2/kcmp.2.html)
#[doc(alias = "kcmp")]
pub fn share(one: i32, two: i32, what: Shared) -> io::Result<bool> {
    silent::refuse(one).and_then(|()| silent::refuse(two))?;
    // SAFETY: no pointer is passed.
    let order =
        check(unsafe { libc::syscall(libc::SYS_kcmp, one, two, what as libc::c_int, 0, 0) })?;
    Ok(order == 0)
}

/// Returns true if two descriptors, each with its process, are of one open file description: `kcmp(2)`, KCMP_FILE.
///
/// # Errors
/// As [`share`], EBADF for a descriptor that has been closed.
///
/// [`kcmp(2)`](https://man7.org/linux/man-pages/man2/kcmp.2.html)
#[doc(alias = "kcmp")]
pub fn share_description(one: (i32, i32), two: (i32, i32)) -> io::Result<bool> {
    silent::refuse(one.0).and_then(|()| silent::refuse(two.0))?;
    const KCMP_FILE: libc::c_int = 0;
    // SAFETY: no pointer is passed.
    let order = check(unsafe {
        libc::syscall(libc::SYS_kcmp, one.0, two.0, KCMP_FILE, i64::from(one.1), i64::from(two.1))
    })?;
    Ok(order == 0)
}

/// Makes this thread have no list of what is to be undone, and returns its id: a process that starts a thread gets one that
/// both share, and would then compare unequal with those that have none. `unshare(2)`, CLONE_SYSVSEM.
///
/// # Errors
/// ENOSYS, EPERM where a filter forbids it.
pub fn without_undo() -> io::Result<i32> {
    nix::sched::unshare(CloneFlags::CLONE_SYSVSEM)?;
    Ok(nix::unistd::gettid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_shares_everything_with_itself() {
        let own = nix::unistd::getpid().as_raw();
        for what in [Shared::Memory, Shared::Descriptors, Shared::Undo] {
            assert!(share(own, own, what).unwrap());
        }
    }

    #[test]
    fn who_has_started_a_thread_still_tells_who_has_no_list() {
        std::thread::spawn(|| {}).join().unwrap();
        let own = without_undo().unwrap();
        // Threads share the list of whoever started them, so one of a thread that has none has none either.
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            tell.send(without_undo().unwrap()).unwrap();
            let _ = receive.recv();
        });
        let thread = told.recv().unwrap();
        assert!(!share(own, thread, Shared::Undo).unwrap(), "starting it gave this thread a list");
        let own = without_undo().unwrap();
        assert!(share(own, thread, Shared::Undo).unwrap());
        drop(send);
        other.join().unwrap();
    }
}
