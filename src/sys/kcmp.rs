//! What two processes share: `kcmp(2)`.

use std::io;

use super::check;

/// From the kernel's <linux/kcmp.h>; the libc crate lacks it.
const KCMP_SYSVSEM: libc::c_int = 6;

/// Has this thread a list of pending SEM_UNDO operations? Asked by comparing with the calling process, which must
/// never have used SEM_UNDO. A list stays after its use: *no* is proof, *yes* is not.
///
/// # Errors
/// EPERM without the right to trace the thread, ESRCH when it is gone, ENOSYS where the kernel lacks the call.
pub fn has_undo_list(thread: i32) -> io::Result<bool> {
    let own = libc::pid_t::try_from(std::process::id()).unwrap_or(0);
    // SAFETY: no pointer is passed.
    let order =
        check(unsafe { libc::syscall(libc::SYS_kcmp, own, thread, KCMP_SYSVSEM, 0, 0) })?;
    Ok(order != 0)
}
