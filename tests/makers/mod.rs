//! Objects, odd files and processes for tests to find, made by plain system calls and never by the
//! program under test. Everything is made in the namespaces of the calling thread.

#![allow(unsafe_code)]

pub mod fifo;
pub mod forking;
pub mod fuse;
pub mod holder;
pub mod holding;
pub mod kernel;
pub mod lock;
pub mod lost;
pub mod mapped;
pub mod memory;
pub mod nameless;
pub mod odd;
pub mod pipe;
pub mod posix;
pub mod process;
pub mod sock;
pub mod sysv;
pub mod words;

use std::ffi::CString;
use std::io;
use std::path::Path;

/// The result of a call that fails with -1, or a panic that says which call it was.
#[track_caller]
fn checked<N: Copy + PartialEq + From<i8>>(call: &str, result: N) -> N {
    assert!(result != N::from(-1), "{call}: {}", io::Error::last_os_error());
    result
}

pub fn c_string(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).unwrap()
}

/// Gives a file to another user and group. Only when the suite runs as root.
pub fn give_away(path: impl AsRef<Path>, uid: u32) {
    std::os::unix::fs::chown(path, Some(uid), Some(uid)).unwrap();
}

/// Seconds since the epoch.
pub fn now() -> i64 {
    // SAFETY: the null pointer is allowed and means that the result alone is wanted.
    unsafe { libc::time(std::ptr::null_mut()) }
}
