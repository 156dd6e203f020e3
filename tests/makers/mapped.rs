//! Files that are mapped.
//!
//! `mmap(2)`.

#![allow(unsafe_code)]

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;

use super::forking;

/// A new file of one page with these permission bits, mapped shared by this process until it ends.
pub fn mapped(path: &str, mode: u32) {
    forking::undisturbed(|| {
        fs::write(path, [b'm'; 4096]).unwrap();
        map(path, true);
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    });
}

/// Maps a whole file shared and closes it: where.
pub fn map(path: &str, writable: bool) -> *mut u8 {
    let file = File::options().read(true).write(writable).open(path).unwrap();
    let bytes = usize::try_from(file.metadata().unwrap().len()).unwrap();
    let writing = if writable { libc::PROT_WRITE } else { 0 };
    // SAFETY: the kernel chooses the place, so no memory of ours is covered.
    let place = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | writing,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    assert!(place != libc::MAP_FAILED, "mmap: {}", io::Error::last_os_error());
    place.cast()
}

/// Writes one byte through a mapping.
pub fn put(place: *mut u8, byte: u8) {
    // SAFETY: mapped by `map` for writing, and never unmapped.
    unsafe { place.write(byte) };
}
