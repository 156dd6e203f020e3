//! Anonymous files for the standard streams of a run: of any length, never full, gone with their
//! descriptor. A pipe would need a thread to keep it from filling up.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::process::Stdio;

pub struct Scratch {
    file: File,
}

impl Scratch {
    pub fn new() -> Self {
        // SAFETY: the name is a NUL-terminated constant.
        let descriptor = unsafe { libc::memfd_create(c"stream".as_ptr(), libc::MFD_CLOEXEC) };
        assert!(descriptor >= 0, "memfd_create: {}", io::Error::last_os_error());
        // SAFETY: a fresh descriptor that nothing else owns.
        let made = unsafe { OwnedFd::from_raw_fd(descriptor) };
        // Only a file that was opened by name has a position that several processes can write at without losing a word.
        let path = format!("/proc/self/fd/{}", made.as_raw_fd());
        let file = File::options().read(true).write(true).open(path).unwrap();
        Self { file }
    }

    /// Writes at the beginning without moving the position that a reader starts from.
    pub fn fill(&self, bytes: &[u8]) {
        self.file.write_all_at(bytes, 0).unwrap();
    }

    pub fn stdio(&self) -> Stdio {
        Stdio::from(self.file.try_clone().unwrap())
    }

    pub fn bytes(&self) -> Vec<u8> {
        let length = self.file.metadata().unwrap().len();
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        self.file.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    }
}
