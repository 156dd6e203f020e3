//! Before everything else that runs on the machine, where the bench may: what is measured is then the same on a machine that
//! has other work to do.

use std::io;

/// Any priority of this class is above every ordinary process.
const PRIORITY: libc::c_int = 20;

/// Moves this process, and so every child it starts, into the class SCHED_FIFO: `sched(7)`.
///
/// # Errors
/// EPERM without CAP_SYS_NICE or RLIMIT_RTPRIO.
pub fn raise() -> io::Result<()> {
    // SAFETY: the structure is plain numbers, for which all zeroes is a value.
    let mut wanted: libc::sched_param = unsafe { std::mem::zeroed() };
    wanted.sched_priority = PRIORITY;
    // SAFETY: 0 is this process, and the parameters outlive the call.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const wanted) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
