//! Shared memory without a name.
//!
//! `memfd_create(2)`, `mmap(2)`.

#![allow(unsafe_code)]

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;

use super::{c_string, checked, forking};

/// New memory of so many bytes that can be sealed.
pub fn memfd(name: &str, bytes: u64) -> File {
    let text = c_string(name);
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: a NUL-terminated string and flags.
    let fd = checked("memfd_create", unsafe { libc::memfd_create(text.as_ptr(), flags) });
    // SAFETY: made above, and owned by nothing else.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(bytes).unwrap();
    file
}

/// The address of an open file.
pub fn address(file: &File) -> String {
    let facts = file.metadata().unwrap();
    let device = facts.dev();
    format!("shm:{}:{}/{}", libc::major(device), libc::minor(device), facts.ino())
}

/// Memory that the test itself has open until it ends: its address.
pub fn kept(name: &str) -> String {
    let file = forking::undisturbed(|| memfd(name, 4096));
    let address = address(&file);
    std::mem::forget(file);
    address
}

/// What the kernel says of memory that this process has open.
pub fn facts(address: &str) -> io::Result<Metadata> {
    of_ours(address)?.metadata()
}

/// Sets the permission bits of memory that this process has open, exactly.
pub fn set_mode(address: &str, mode: u32) {
    let file = of_ours(address).unwrap();
    // SAFETY: an open descriptor and a number.
    checked("fchmod", unsafe { libc::fchmod(file.as_raw_fd(), mode) });
}

/// Maps new memory without a file, which a child would share, and writes one byte into it.
pub fn map_anonymous(bytes: usize) {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place, so no memory of ours is covered.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    assert!(place != libc::MAP_FAILED, "mmap: {}", io::Error::last_os_error());
    // SAFETY: mapped above for writing.
    unsafe { place.cast::<u8>().write(1) };
}

/// A copy of one of our descriptors.
fn of_ours(wanted: &str) -> io::Result<File> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let path = entry?.path();
        let is_memory =
            fs::read_link(&path).is_ok_and(|to| to.to_string_lossy().starts_with("/memfd:"));
        if let (true, Ok(file)) = (is_memory, File::open(&path))
            && address(&file) == wanted
        {
            return Ok(file);
        }
    }
    Err(io::Error::from_raw_os_error(libc::ENOENT))
}
