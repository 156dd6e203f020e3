//! The kernel's calls, each as a safe function with the types of this language: one file an API, one system
//! call a function, no policy. The only place where `unsafe` is allowed.
//!
//! Every function returns the errno as [`std::io::Error`]; what an errno means is for the kinds to say.
//! EINTR is returned like any other error: few of these calls block, and those that do say what they do with it.
#![allow(unsafe_code)]

pub mod apart;
pub mod attachment;
pub mod buffer;
pub mod calls;
pub mod connect;
pub mod deferral;
pub mod diag;
pub mod directory;
pub mod file;
mod guarded;
pub mod inherited;
pub mod kcmp;
pub mod lease;
pub mod mapping;
pub mod memory;
pub mod mount;
pub mod mounts;
pub mod mqueue;
pub mod msg;
pub mod named_sem;
pub mod namespace;
pub mod pidfd;
pub mod pipe;
pub mod poll;
pub mod processes;
pub mod procmap;
pub mod procstatus;
pub mod seals;
pub mod sem;
pub mod shm;
pub mod signal;
pub mod silent;
pub mod start;
pub mod stream;
pub mod terminal;
pub mod time;
pub mod workers;

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::time::Duration;

/// The result of a call that says -1 and sets errno when it fails.
fn check<N: PartialEq + From<i8>>(result: N) -> io::Result<N> {
    if result == N::from(-1) { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The descriptor that a raw system call has just made.
fn descriptor(result: libc::c_long) -> io::Result<OwnedFd> {
    let fd = check(result)?;
    let fd = i32::try_from(fd).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    // SAFETY: the kernel has just made this descriptor for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A System V id as the C library takes it. Ids above `i32::MAX` do not exist.
fn id_argument(id: u32) -> io::Result<i32> {
    i32::try_from(id).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// What the three System V facilities keep about every object: `struct ipc_perm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The key, 0 for IPC_PRIVATE and for segments marked for removal.
    pub key: u32,
    /// Owner.
    pub uid: u32,
    /// Owner's group.
    pub gid: u32,
    /// Creator.
    pub cuid: u32,
    /// Creator's group.
    pub cgid: u32,
    /// Permission bits; for segments also 01000 (marked for removal) and 02000 (locked).
    pub mode: u32,
}

impl From<&libc::ipc_perm> for Permissions {
    fn from(perm: &libc::ipc_perm) -> Self {
        Self {
            key: u32::from_ne_bytes(key_of(perm).to_ne_bytes()),
            uid: perm.uid,
            gid: perm.gid,
            cuid: perm.cuid,
            cgid: perm.cgid,
            // 16 bits of it on some machines, 32 on others.
            mode: perm.mode as _,
        }
    }
}

/// The key, which C libraries call by names of their own.
#[cfg(not(target_env = "musl"))]
fn key_of(perm: &libc::ipc_perm) -> libc::key_t {
    perm.__key
}

/// The key, which C libraries call by names of their own.
#[cfg(target_env = "musl")]
#[allow(deprecated, reason = "the libc crate means to rename the field one day")]
fn key_of(perm: &libc::ipc_perm) -> libc::key_t {
    perm.__ipc_perm_key
}

/// A time to wait as the kernel takes it; one that it cannot count is the longest that it can.
fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}

/// A key as the C library takes it: the same 32 bits, signed.
fn key_argument(key: u32) -> libc::key_t {
    libc::key_t::from_ne_bytes(key.to_ne_bytes())
}

/// Makes one of the plain C structures that the calls below fill.
///
/// # Safety
/// All-zero bytes must be a value of `T`: true for C structures of integers.
unsafe fn zeroed<T>() -> T {
    // SAFETY: the caller's promise.
    unsafe { std::mem::zeroed() }
}

/// `ftok(3)`: a key from a file's inode and a project number.
///
/// # Errors
/// ENOENT, EACCES and what else `stat(2)` says of the path.
///
/// [`ftok(3)`](https://man7.org/linux/man-pages/man3/ftok.3.html)
pub fn ftok(path: &std::ffi::CStr, project: u8) -> io::Result<u32> {
    // SAFETY: `path` ends in NUL and outlives the call.
    let key = check(unsafe { libc::ftok(path.as_ptr(), libc::c_int::from(project)) })?;
    Ok(u32::from_ne_bytes(key.to_ne_bytes()))
}
