//! Files with advisory locks.
//!
//! `flock(2)`, `fcntl(2)`.

#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::checked;

/// Opens a file, and makes it if it is not there.
pub fn opened(path: impl AsRef<Path>) -> File {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
}

/// Locks the whole file: `flock(2)`. Waits until it can.
pub fn flock(file: &File, how: libc::c_int) {
    // SAFETY: an open descriptor and a number.
    checked("flock", unsafe { libc::flock(file.as_raw_fd(), how) });
}

/// Locks a part of a file for writing: F_SETLKW or F_OFD_SETLKW of `fcntl(2)`. Waits until it can.
pub fn range(file: &File, command: libc::c_int, start: i64, length: i64) {
    // SAFETY: all zeros is a value of the structure.
    let mut lock: libc::flock = unsafe { mem::zeroed() };
    lock.l_type = libc::c_short::try_from(libc::F_WRLCK).unwrap();
    (lock.l_start, lock.l_len) = (start, length);
    // SAFETY: an open descriptor, and the structure that the command takes.
    checked("fcntl", unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const lock) });
}

/// A file of this mode that this process has locked until it ends.
pub fn locked(path: &str, mode: u32) {
    let file = opened(path);
    file.set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
    flock(&file, libc::LOCK_EX);
    mem::forget(file);
}
