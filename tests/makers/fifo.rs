//! Named pipes.
//!
//! `mkfifo(3)`, `fifo(7)`.

#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;

use super::{c_string, checked};

pub fn fifo(path: impl AsRef<Path>, mode: libc::mode_t) {
    let text = c_string(path.as_ref().as_os_str().as_encoded_bytes());
    // SAFETY: a NUL-terminated string and a number.
    checked("mkfifo", unsafe { libc::mkfifo(text.as_ptr(), mode) });
}

/// Opens it for reading and writing, which never waits for a partner, and puts bytes into it. They are
/// there for as long as the file is open.
pub fn fill(path: impl AsRef<Path>, bytes: &[u8]) -> File {
    let mut file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Sets how much an open FIFO holds (`F_SETPIPE_SZ`); the kernel forgets it with the last descriptor.
pub fn set_capacity(file: &File, bytes: libc::c_int) {
    // SAFETY: an open descriptor and a number.
    checked("F_SETPIPE_SZ", unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETPIPE_SZ, bytes) });
}
