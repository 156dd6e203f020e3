//! Content of shared memory, put there and looked at by mapping it.
//!
//! `mmap(2)`, `shmat(2)`.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use super::{posix, sysv};
use crate::env::TestEnv;

/// Bytes in which every value and no period of a block occurs.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(byte).collect()
}

/// Writes the bytes to the beginning of POSIX shared memory.
pub fn fill_posix(name: &str, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(format!("/dev/shm{name}")).unwrap();
    file.write_all_at(bytes, 0).unwrap();
}

pub fn bytes_posix(name: &str) -> Vec<u8> {
    fs::read(format!("/dev/shm{name}")).unwrap()
}

/// Writes the bytes to the beginning of a segment.
pub fn fill_sysv(id: c_int, bytes: &[u8]) {
    fill_sysv_at(id, 0, bytes);
}

/// Writes the bytes somewhere in a segment.
pub fn fill_sysv_at(id: c_int, offset: usize, bytes: &[u8]) {
    let place = sysv::attach(id);
    // SAFETY: the segment is long enough, and detached once.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), place.add(offset), bytes.len());
        libc::shmdt(place.cast());
    }
}

pub fn bytes_sysv(id: c_int) -> Vec<u8> {
    let length = sysv::segment_status(id).unwrap().shm_segsz;
    let place = sysv::attach(id);
    // SAFETY: the segment has this length, and is detached when the copy is made.
    unsafe {
        let bytes = std::slice::from_raw_parts(place, length).to_vec();
        libc::shmdt(place.cast());
        bytes
    }
}

/// POSIX shared memory `/both` and a private segment with the same bytes, and their addresses.
pub fn both(_env: &TestEnv, length: usize) -> (Vec<u8>, [String; 2]) {
    let bytes = noise(length);
    posix::shared_memory("/both", length, 0o600);
    fill_posix("/both", &bytes);
    let id = sysv::segment(sysv::PRIVATE, length, 0o600);
    fill_sysv(id, &bytes);
    (bytes, ["shm:/both".to_owned(), format!("shm:{id}")])
}

/// What an object has in it, by its address.
pub fn bytes_of(address: &str) -> Vec<u8> {
    let locator = address.strip_prefix("shm:").unwrap();
    if locator.starts_with('/') {
        bytes_posix(locator)
    } else {
        bytes_sysv(locator.parse().unwrap())
    }
}
