//! System V segments, queues and sets, and what the kernel says of them.
//!
//! `shmget(2)`, `shmctl(2)`, `msgget(2)`, `msgctl(2)`, `semget(2)`, `semctl(2)`.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_long};
use std::{io, mem, ptr};

use super::checked;

const NEW: c_int = libc::IPC_CREAT | libc::IPC_EXCL;
/// The key that names nothing.
pub const PRIVATE: u32 = 0;

fn key_of(key: u32) -> libc::key_t {
    // Keys are signed in C; the bits are what counts.
    libc::key_t::from_ne_bytes(key.to_ne_bytes())
}

pub fn segment(key: u32, bytes: usize, mode: c_int) -> c_int {
    // SAFETY: numbers only.
    checked("shmget", unsafe { libc::shmget(key_of(key), bytes, NEW | mode) })
}

pub fn queue(key: u32, mode: c_int) -> c_int {
    // SAFETY: numbers only.
    checked("msgget", unsafe { libc::msgget(key_of(key), NEW | mode) })
}

pub fn set(key: u32, count: c_int, mode: c_int) -> c_int {
    // SAFETY: numbers only.
    checked("semget", unsafe { libc::semget(key_of(key), count, NEW | mode) })
}

pub fn set_with(key: u32, values: &[u16], mode: c_int) -> c_int {
    let id = set(key, c_int::try_from(values.len()).unwrap(), mode);
    // SAFETY: SETALL reads as many values as the set has members, and it was made with that many.
    checked("semctl SETALL", unsafe { libc::semctl(id, 0, libc::SETALL, values.as_ptr()) });
    id
}

pub fn send(id: c_int, kind: c_long, text: &[u8]) {
    let mut message = kind.to_ne_bytes().to_vec();
    message.extend_from_slice(text);
    // SAFETY: the buffer holds the type and then as many bytes as the length says.
    let sent = unsafe { libc::msgsnd(id, message.as_ptr().cast(), text.len(), libc::IPC_NOWAIT) };
    checked("msgsnd", sent);
}

/// Takes the first message out of a queue.
pub fn receive(id: c_int) {
    let mut message = vec![0u8; mem::size_of::<c_long>() + 8192];
    // SAFETY: room for the type and as many bytes as the length says.
    let got = unsafe { libc::msgrcv(id, message.as_mut_ptr().cast(), 8192, 0, libc::IPC_NOWAIT) };
    checked("msgrcv", got);
}

pub fn segment_status(id: c_int) -> io::Result<libc::shmid_ds> {
    // SAFETY: all zero bytes are a valid shmid_ds.
    let mut status: libc::shmid_ds = unsafe { mem::zeroed() };
    // SAFETY: IPC_STAT fills the structure that it is given.
    status_of(unsafe { libc::shmctl(id, libc::IPC_STAT, &mut status) }, status)
}

pub fn queue_status(id: c_int) -> io::Result<libc::msqid_ds> {
    // SAFETY: all zero bytes are a valid msqid_ds.
    let mut status: libc::msqid_ds = unsafe { mem::zeroed() };
    // SAFETY: IPC_STAT fills the structure that it is given.
    status_of(unsafe { libc::msgctl(id, libc::IPC_STAT, &mut status) }, status)
}

pub fn set_status(id: c_int) -> io::Result<libc::semid_ds> {
    // SAFETY: all zero bytes are a valid semid_ds.
    let mut status: libc::semid_ds = unsafe { mem::zeroed() };
    // SAFETY: IPC_STAT fills the structure that it is given.
    status_of(unsafe { libc::semctl(id, 0, libc::IPC_STAT, &mut status) }, status)
}

fn status_of<S>(result: c_int, status: S) -> io::Result<S> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(status) }
}

pub fn values(id: c_int) -> Vec<u16> {
    let count = usize::try_from(set_status(id).unwrap().sem_nsems).unwrap();
    let mut values = vec![0; count];
    // SAFETY: GETALL writes one value for each member, and there is room for that many.
    checked("semctl GETALL", unsafe { libc::semctl(id, 0, libc::GETALL, values.as_mut_ptr()) });
    values
}

/// One operation on one member (`semop(2)`), without waiting.
pub fn operate(id: c_int, index: u16, delta: i16) {
    let mut operation = libc::sembuf { sem_num: index, sem_op: delta, sem_flg: 0 };
    // SAFETY: one operation, and the count says one.
    checked("semop", unsafe { libc::semop(id, &mut operation, 1) });
}

pub fn mark_for_removal(id: c_int) {
    // SAFETY: IPC_RMID takes no structure.
    checked("shmctl IPC_RMID", unsafe { libc::shmctl(id, libc::IPC_RMID, ptr::null_mut()) });
}

/// Locks a segment in memory.
pub fn lock(id: c_int) {
    const SHM_LOCK: c_int = 11;
    // SAFETY: SHM_LOCK takes no structure.
    checked("shmctl SHM_LOCK", unsafe { libc::shmctl(id, SHM_LOCK, ptr::null_mut()) });
}

pub fn remove_queue(id: c_int) {
    // SAFETY: IPC_RMID takes no structure.
    checked("msgctl IPC_RMID", unsafe { libc::msgctl(id, libc::IPC_RMID, ptr::null_mut()) });
}

pub fn remove_set(id: c_int) {
    // SAFETY: IPC_RMID takes no structure.
    checked("semctl IPC_RMID", unsafe { libc::semctl(id, 0, libc::IPC_RMID) });
}

/// Gives a segment to another user and group.
pub fn give_segment_away(id: c_int, uid: u32) {
    let mut status = segment_status(id).unwrap();
    (status.shm_perm.uid, status.shm_perm.gid) = (uid, uid);
    // SAFETY: IPC_SET reads the structure that IPC_STAT filled.
    checked("shmctl IPC_SET", unsafe { libc::shmctl(id, libc::IPC_SET, &mut status) });
}

/// Gives a queue to another user and group.
pub fn give_queue_away(id: c_int, uid: u32) {
    let mut status = queue_status(id).unwrap();
    (status.msg_perm.uid, status.msg_perm.gid) = (uid, uid);
    // SAFETY: IPC_SET reads the structure that IPC_STAT filled.
    checked("msgctl IPC_SET", unsafe { libc::msgctl(id, libc::IPC_SET, &mut status) });
}

/// Gives a set to another user and group.
pub fn give_set_away(id: c_int, uid: u32) {
    let mut status = set_status(id).unwrap();
    (status.sem_perm.uid, status.sem_perm.gid) = (uid, uid);
    // SAFETY: IPC_SET reads the structure that IPC_STAT filled.
    checked("semctl IPC_SET", unsafe { libc::semctl(id, 0, libc::IPC_SET, &raw mut status) });
}

/// Waits on a member of a set until its value is 1 or more, or the set is gone.
pub fn wait_to_lower(id: c_int, index: u16) {
    let mut operation = libc::sembuf { sem_num: index, sem_op: -1, sem_flg: 0 };
    // SAFETY: one operation, and the count says one.
    unsafe { libc::semop(id, &mut operation, 1) };
}

/// Attaches a segment and leaves it attached for as long as the calling process lives.
pub fn attach(id: c_int) -> *mut u8 {
    // SAFETY: the kernel chooses the place, so no memory of ours is covered.
    let place = unsafe { libc::shmat(id, ptr::null(), 0) };
    assert!(place as isize != -1, "shmat: {}", io::Error::last_os_error());
    place.cast()
}

/// The id of a segment by its key.
pub fn segment_of(key: u32) -> c_int {
    // SAFETY: numbers only.
    checked("shmget", unsafe { libc::shmget(key_of(key), 0, 0) })
}

/// Attaches a segment and detaches it again.
pub fn attach_and_detach(id: c_int) {
    let place = attach(id);
    // SAFETY: it was just attached, and nothing refers to it.
    checked("shmdt", unsafe { libc::shmdt(place.cast()) });
}
