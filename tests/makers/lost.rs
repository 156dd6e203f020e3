//! What crashed programs leave behind, and holders that are hard to see.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fs;
use std::mem;
use std::os::fd::{FromRawFd, OwnedFd};

use super::holder::{self, Holder};
use super::{checked, posix};

/// One operation on one member that is undone when the process ends: `semop(2)`, SEM_UNDO.
pub fn operate_until_exit(id: c_int, index: u16, delta: i16) {
    let flags = libc::SEM_UNDO as libc::c_short;
    let mut operation = libc::sembuf { sem_num: index, sem_op: delta, sem_flg: flags };
    // SAFETY: one operation, and the count says one.
    checked("semop", unsafe { libc::semop(id, &mut operation, 1) });
}

/// Waits on a semaphore and is killed while it waits: it stays counted as a waiter.
pub fn killed_waiter(name: &str) {
    drop(holder::blocking(|| (), || posix::wait(name)));
}

/// The file of a semaphore that was written and never got its name: its maker died in the middle of `sem_open(3)`.
pub fn unfinished_semaphore(file: &str) {
    fs::write(format!("/dev/shm/{file}"), [0; mem::size_of::<libc::sem_t>()]).unwrap();
}

/// A process that has a descriptor of a file in the buffer of a socket and nowhere else.
pub fn descriptor_in_flight(path: &'static str) -> Holder {
    holder::holding(move || {
        let mut ends = [0; 2];
        // SAFETY: room for two descriptors.
        checked("socketpair", unsafe {
            libc::socketpair(libc::AF_UNIX, libc::SOCK_DGRAM, 0, ends.as_mut_ptr())
        });
        let path = super::c_string(path);
        // SAFETY: a NUL-terminated string and a number.
        let file = checked("open", unsafe { libc::open(path.as_ptr(), libc::O_RDONLY) });
        send_descriptor(ends[0], file);
        // SAFETY: opened above, closed once.
        checked("close", unsafe { libc::close(file) });
    })
}

fn send_descriptor(socket: c_int, descriptor: c_int) {
    let mut byte = 0u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control = [0u64; 8];
    // SAFETY: all zero bytes are a valid msghdr; the pointers set below outlive the call, and the control buffer is
    // larger than one header with one descriptor.
    unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        (message.msg_iov, message.msg_iovlen) = (&raw mut part, 1);
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(header).cast::<c_int>().write_unaligned(descriptor);
        checked("sendmsg", libc::sendmsg(socket, &raw const message, 0));
    }
}

/// A file of shared memory, opened and kept open by the calling process.
pub fn open_memory(name: &str) -> OwnedFd {
    let name = super::c_string(name);
    // SAFETY: a NUL-terminated string and numbers.
    let descriptor = checked("shm_open", unsafe { libc::shm_open(name.as_ptr(), libc::O_RDWR, 0) });
    // SAFETY: a fresh descriptor that nothing else owns.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

/// Locks a file of `/dev/shm` for as long as the calling process lives.
pub fn lock(name: &str) {
    use std::os::fd::IntoRawFd;
    let file = open_memory(name).into_raw_fd();
    // SAFETY: a descriptor that stays open until the process ends.
    checked("flock", unsafe { libc::flock(file, libc::LOCK_EX) });
}

/// Lets another user read and write a file: `acl(5)`, as `setfacl -m u:UID:rw` does.
pub fn give_access(path: &str, uid: u32) {
    let nobody = u32::MAX;
    let entries = [
        (0x01, 6, nobody),
        (0x02, 6, uid),
        (0x04, 0, nobody),
        (0x10, 6, nobody),
        (0x20, 0, nobody),
    ];
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, rights, number) in entries {
        list.extend_from_slice(&u16::to_le_bytes(tag));
        list.extend_from_slice(&u16::to_le_bytes(rights));
        list.extend_from_slice(&u32::to_le_bytes(number));
    }
    let path = super::c_string(path);
    // SAFETY: two NUL-terminated strings, and a list with its true length.
    checked("setxattr", unsafe {
        libc::setxattr(
            path.as_ptr(),
            c"system.posix_acl_access".as_ptr(),
            list.as_ptr().cast(),
            list.len(),
            0,
        )
    });
}

/// Sets when a file was last read and written, in seconds since the epoch.
pub fn set_times(path: &str, accessed: i64, modified: i64) {
    let time = |seconds| libc::timespec { tv_sec: seconds, tv_nsec: 0 };
    let (path, times) = (super::c_string(path), [time(accessed), time(modified)]);
    // SAFETY: a NUL-terminated string and two times.
    checked("utimensat", unsafe {
        libc::utimensat(libc::AT_FDCWD, path.as_ptr(), times.as_ptr(), 0)
    });
}

/// The id of an object by its key.
pub fn set_of(key: u32) -> c_int {
    // SAFETY: numbers only.
    checked("semget", unsafe { libc::semget(libc::key_t::from_ne_bytes(key.to_ne_bytes()), 0, 0) })
}
