//! POSIX shared memory, queues and named semaphores.
//!
//! `shm_open(3)`, `mq_open(3)`, `sem_open(3)`.

#![allow(unsafe_code)]

use std::ffi::{c_long, c_uint};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::{io, mem, ptr};

use super::{c_string, checked, forking, now};
use crate::queue_room;

const NEW: libc::c_int = libc::O_CREAT | libc::O_EXCL;

/// Shared memory called `name` (with its slash), of this length and exactly this mode.
pub fn shared_memory(name: &str, bytes: usize, mode: libc::mode_t) {
    forking::undisturbed(|| {
        let text = c_string(name);
        // SAFETY: a NUL-terminated string and numbers.
        let descriptor =
            checked("shm_open", unsafe { libc::shm_open(text.as_ptr(), NEW | libc::O_RDWR, mode) });
        // SAFETY: a fresh descriptor that nothing else owns.
        let file = unsafe { OwnedFd::from_raw_fd(descriptor) };
        let bytes = libc::off_t::try_from(bytes).unwrap();
        // SAFETY: numbers only.
        checked("ftruncate", unsafe { libc::ftruncate(file.as_raw_fd(), bytes) });
    })
}

/// A queue of this geometry, as soon as there is room for it. Keep it small: the default geometry takes a tenth of what
/// the kernel lets one user have in all queues together (RLIMIT_MSGQUEUE), and tests run side by side.
pub fn message_queue(name: &str, messages: c_long, bytes: c_long, mode: libc::mode_t) {
    let text = c_string(name);
    queue_room::patiently(|| {
        forking::undisturbed(|| {
            // SAFETY: all zero bytes are a valid mq_attr.
            let mut attributes: libc::mq_attr = unsafe { mem::zeroed() };
            (attributes.mq_maxmsg, attributes.mq_msgsize) = (messages, bytes);
            // SAFETY: a NUL-terminated string, numbers, and attributes that outlive the call.
            let queue =
                unsafe { libc::mq_open(text.as_ptr(), NEW | libc::O_RDWR, mode, &mut attributes) };
            if queue == -1 {
                return Err(io::Error::last_os_error());
            }
            close_queue(queue);
            Ok(())
        })
    });
}

pub fn open_queue(name: &str, flags: libc::c_int) -> libc::mqd_t {
    let text = c_string(name);
    // SAFETY: a NUL-terminated string and numbers.
    checked("mq_open", unsafe { libc::mq_open(text.as_ptr(), flags) })
}

pub fn close_queue(queue: libc::mqd_t) {
    // SAFETY: the caller opened it and closes it once.
    checked("mq_close", unsafe { libc::mq_close(queue) });
}

pub fn queue_attributes(name: &str) -> libc::mq_attr {
    let queue = open_queue(name, libc::O_RDONLY);
    // SAFETY: all zero bytes are a valid mq_attr.
    let mut attributes: libc::mq_attr = unsafe { mem::zeroed() };
    // SAFETY: fills the structure that it is given.
    checked("mq_getattr", unsafe { libc::mq_getattr(queue, &mut attributes) });
    close_queue(queue);
    attributes
}

pub fn send(name: &str, priority: c_uint, text: &[u8]) {
    let queue = open_queue(name, libc::O_WRONLY | libc::O_NONBLOCK);
    // SAFETY: as many bytes as the length says.
    checked("mq_send", unsafe { libc::mq_send(queue, text.as_ptr().cast(), text.len(), priority) });
    close_queue(queue);
}

/// Asks for a signal when a message comes (`mq_notify(3)`); holds while the calling process lives.
pub fn ask_for_signal(name: &str, signal: libc::c_int) {
    let queue = open_queue(name, libc::O_RDONLY);
    // SAFETY: all zero bytes are a valid sigevent.
    let mut event: libc::sigevent = unsafe { mem::zeroed() };
    (event.sigev_notify, event.sigev_signo) = (libc::SIGEV_SIGNAL, signal);
    // SAFETY: reads the structure that it is given.
    checked("mq_notify", unsafe { libc::mq_notify(queue, &event) });
}

pub fn remove_queue(name: &str) {
    let text = c_string(name);
    // SAFETY: a NUL-terminated string.
    checked("mq_unlink", unsafe { libc::mq_unlink(text.as_ptr()) });
}

pub fn semaphore(name: &str, value: c_uint, mode: libc::mode_t) {
    forking::undisturbed(|| {
        let text = c_string(name);
        // SAFETY: a NUL-terminated string and numbers.
        let semaphore = unsafe { libc::sem_open(text.as_ptr(), NEW, mode, value) };
        assert!(semaphore != libc::SEM_FAILED, "sem_open: {}", io::Error::last_os_error());
        // SAFETY: it was just opened.
        checked("sem_close", unsafe { libc::sem_close(semaphore) });
    })
}

/// Makes a semaphore and leaves it open for as long as the calling process lives.
pub fn create_and_keep_semaphore(name: &str) {
    let text = c_string(name);
    // SAFETY: a NUL-terminated string and numbers.
    let semaphore = unsafe { libc::sem_open(text.as_ptr(), NEW, 0o600, 0) };
    assert!(semaphore != libc::SEM_FAILED, "sem_open: {}", io::Error::last_os_error());
}

/// Opens an existing semaphore and leaves it open for as long as the calling process lives.
pub fn open_semaphore(name: &str) -> *mut libc::sem_t {
    let text = c_string(name);
    // SAFETY: a NUL-terminated string and a number.
    let semaphore = unsafe { libc::sem_open(text.as_ptr(), 0) };
    assert!(semaphore != libc::SEM_FAILED, "sem_open: {}", io::Error::last_os_error());
    semaphore
}

pub fn semaphore_value(name: &str) -> libc::c_int {
    forking::undisturbed(|| {
        let semaphore = open_semaphore(name);
        let mut value = 0;
        // SAFETY: an open semaphore and room for its value.
        checked("sem_getvalue", unsafe { libc::sem_getvalue(semaphore, &mut value) });
        // SAFETY: opened above, closed once.
        checked("sem_close", unsafe { libc::sem_close(semaphore) });
        value
    })
}

/// Opens shared memory and maps it, for as long as the calling process lives; the descriptor is closed.
pub fn map(name: &str) {
    let text = c_string(name);
    // SAFETY: a NUL-terminated string and numbers.
    map_descriptor(checked("shm_open", unsafe { libc::shm_open(text.as_ptr(), libc::O_RDWR, 0) }));
}

/// Maps what is open, for as long as the calling process lives, and closes it.
pub fn map_descriptor(descriptor: libc::c_int) {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the kernel chooses the place, so no memory of ours is covered.
    let place = unsafe { libc::mmap(ptr::null_mut(), 1, access, libc::MAP_SHARED, descriptor, 0) };
    assert!(place != libc::MAP_FAILED, "mmap: {}", io::Error::last_os_error());
    // SAFETY: opened by the caller, closed once.
    checked("close", unsafe { libc::close(descriptor) });
}

/// Waits on a semaphore for as long as it takes. For processes that are meant to wait.
pub fn wait(name: &str) {
    let semaphore = open_semaphore(name);
    // SAFETY: an open semaphore.
    checked("sem_wait", unsafe { libc::sem_wait(semaphore) });
}

/// Waits on a semaphore that a test expects to be posted; a post that never comes ends the test.
#[track_caller]
pub fn expect_post(name: &str) {
    // sem_open(3) takes a lock that a fork would copy.
    let semaphore = forking::undisturbed(|| open_semaphore(name));
    let deadline = libc::timespec { tv_sec: now() + 120, tv_nsec: 0 };
    // SAFETY: an open semaphore, and a time that outlives the call.
    checked("sem_timedwait", unsafe { libc::sem_timedwait(semaphore, &deadline) });
}

pub fn post(name: &str) {
    forking::undisturbed(|| {
        let semaphore = open_semaphore(name);
        // SAFETY: an open semaphore.
        checked("sem_post", unsafe { libc::sem_post(semaphore) });
    })
}
