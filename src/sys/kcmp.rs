//! What processes and threads share: `kcmp(2)`.

use std::io;

use super::check;

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

/// `kcmp(2)`: do two processes or threads share this?
///
/// # Errors
/// EPERM without the right to trace both, ESRCH when one has ended, ENOSYS when the kernel was built without it.
pub fn share(one: i32, two: i32, what: Shared) -> io::Result<bool> {
    // SAFETY: no pointer is passed.
    let order =
        check(unsafe { libc::syscall(libc::SYS_kcmp, one, two, what as libc::c_int, 0, 0) })?;
    Ok(order == 0)
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
}
