//! Mounts that nobody else sees: `fsopen(2)`, `fsconfig(2)`, `fsmount(2)`.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::{check, descriptor};

const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;

/// A new mount of a file system type without a place in any tree. The descriptor is O_PATH: open `.` below it
/// to read the directory.
///
/// # Errors
/// EPERM without CAP_SYS_ADMIN, ENOSYS before Linux 5.2, ENODEV when the kernel lacks the file system.
///
/// [`fsopen(2)`](https://man7.org/linux/man-pages/man2/fsopen.2.html), [`fsconfig(2)`](https://man7.org/linux/man-pages/man2/fsconfig.2.html), [`fsmount(2)`](https://man7.org/linux/man-pages/man2/fsmount.2.html)
#[doc(alias = "fsopen")]
#[doc(alias = "fsconfig")]
#[doc(alias = "fsmount")]
pub fn detached(file_system: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: the name ends in NUL and outlives the call.
    let context = descriptor(unsafe {
        libc::syscall(libc::SYS_fsopen, file_system.as_ptr(), FSOPEN_CLOEXEC)
    })?;
    let none = std::ptr::null::<libc::c_void>();
    // SAFETY: this command takes neither key nor value.
    check(unsafe {
        libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_CMD_CREATE, none, none, 0)
    })?;
    // SAFETY: no pointer is passed.
    descriptor(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, 0) })
}
