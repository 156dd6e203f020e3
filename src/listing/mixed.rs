//! Where this process is: it can have entered an IPC namespace alone, as `nsenter --ipc` does. Then System V objects and queues
//! are those of one container, and `/dev/shm` that of another.

use std::ffi::CString;
use std::path::Path;

use crate::sys::processes::Proc;

/// What is to be said of it.
pub const MIXED: &str = "/dev/shm belongs to another IPC namespace than this process is in";
/// What would help.
pub const WAY_OUT: &str = "enter the mount namespace, too: nsenter --ipc --mount";

/// Returns true if this process has the mounts of the first process that can be asked, and another IPC namespace. Sandboxes
/// close process 1 to root; the first thread of the kernel, process 2, has its namespaces.
pub fn is_mixed(proc: &Path) -> bool {
    let Ok(proc) = Proc::open(proc) else { return false };
    let own = |name: &str| {
        let path = CString::new(format!("thread-self/ns/{name}")).ok()?;
        Some(proc.stat(&path).ok()?.inode)
    };
    let of = |pid: i32, name: &str| {
        let path = CString::new(format!("ns/{name}")).ok()?;
        Some(proc.process(pid).ok()?.stat(&path).ok()?.inode)
    };
    let first = [1, 2].into_iter().find(|pid| of(*pid, "ipc").is_some());
    first.is_some_and(|pid| {
        let (ours, theirs) = (own("mnt"), of(pid, "mnt"));
        let (our_ipc, their_ipc) = (own("ipc"), of(pid, "ipc"));
        ours.is_some() && ours == theirs && our_ipc.is_some() && our_ipc != their_ipc
    })
}
