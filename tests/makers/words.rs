//! Semaphores and mutexes of the C library in shared memory.
//!
//! `sem_init(3)`, `pthread_mutexattr_setpshared(3)`, `pthread_mutexattr_setrobust(3)`.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::{fs, ptr};

use super::checked;

/// Shared memory, mapped until the process ends.
#[derive(Clone, Copy)]
pub struct Words(*mut u8);

impl Words {
    /// Maps a file of shared memory.
    pub fn map(path: &str, length: usize) -> Self {
        let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the kernel chooses the place.
        let place = unsafe {
            libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        assert!(place != libc::MAP_FAILED, "mmap: {}", std::io::Error::last_os_error());
        Self(place.cast())
    }

    /// Attaches a System V segment.
    pub fn attach(id: libc::c_int) -> Self {
        // SAFETY: the kernel chooses the place.
        let place = unsafe { libc::shmat(id, ptr::null(), 0) };
        assert!(place as isize != -1, "shmat: {}", std::io::Error::last_os_error());
        Self(place.cast())
    }

    fn at(self, offset: usize) -> *mut c_void {
        // SAFETY: the offsets of the tests lie in what they have mapped.
        unsafe { self.0.add(offset).cast() }
    }

    /// Makes a semaphore of value 0.
    pub fn make_semaphore(self, offset: usize) {
        // SAFETY: room for a semaphore in memory that is mapped.
        checked("sem_init", unsafe { libc::sem_init(self.at(offset).cast(), 1, 0) });
    }

    /// Waits for a semaphore.
    pub fn wait(self, offset: usize) {
        // SAFETY: a semaphore that was made there.
        unsafe { libc::sem_wait(self.at(offset).cast()) };
    }

    /// Makes a mutex that several processes share.
    pub fn make_mutex(self, offset: usize, robust: bool) {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: attributes that are made before they are used, and room for a mutex in memory that is mapped.
        unsafe {
            assert_eq!(libc::pthread_mutexattr_init(attributes.as_mut_ptr()), 0);
            let attributes = attributes.as_mut_ptr();
            let shared = libc::PTHREAD_PROCESS_SHARED;
            assert_eq!(libc::pthread_mutexattr_setpshared(attributes, shared), 0);
            if robust {
                let robust = libc::PTHREAD_MUTEX_ROBUST;
                assert_eq!(libc::pthread_mutexattr_setrobust(attributes, robust), 0);
            }
            assert_eq!(libc::pthread_mutex_init(self.at(offset).cast(), attributes), 0);
        }
    }

    /// Locks a mutex.
    pub fn lock(self, offset: usize) {
        // SAFETY: a mutex that was made there.
        unsafe { libc::pthread_mutex_lock(self.at(offset).cast()) };
    }
}
