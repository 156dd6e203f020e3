//! System V semaphore sets: `semget(2)`, `semctl(2)`, `semtimedop(2)`.

use std::io;
use std::time::Duration;

use super::guarded::Guarded;
use super::{Permissions, check, id_argument, key_argument, timespec, zeroed};
use abi::{semid_ds, seminfo};

// From the kernel's <linux/sem.h>; the libc crate lacks them.
const GETPID: libc::c_int = 11;
const GETALL: libc::c_int = 13;
const GETNCNT: libc::c_int = 14;
const GETZCNT: libc::c_int = 15;
const SETVAL: libc::c_int = 16;
const SETALL: libc::c_int = 17;

/// What the kernel keeps about a set: `struct semid_ds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// The id.
    pub id: u32,
    /// Key, owner, creator, mode.
    pub perm: Permissions,
    /// Semaphores in it.
    pub count: u64,
    /// Last semop, seconds since the epoch, 0 for never.
    pub operation_time: i64,
    /// Creation, or last change of owner, mode or by SETVAL and SETALL.
    pub change_time: i64,
}

/// `union semun` of `semctl(2)`: each command reads one of these.
#[repr(C)]
union Argument {
    value: libc::c_int,
    data: *mut semid_ds,
    array: *mut u16,
    info: *mut seminfo,
}

/// `semget(2)`: finds or makes a set. `flags` are IPC_CREAT and the like with the mode.
///
/// # Errors
/// ENOENT, EEXIST, EACCES, EINVAL (count), ENOSPC (SEMMNI, SEMMNS), ENOMEM.
///
/// [`semget(2)`](https://man7.org/linux/man-pages/man2/semget.2.html)
#[doc(alias = "semget")]
pub fn get(key: u32, count: u64, flags: libc::c_int) -> io::Result<u32> {
    let count =
        libc::c_int::try_from(count).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: no pointer is passed.
    let id = check(unsafe { libc::semget(key_argument(key), count, flags) })?;
    Ok(id.unsigned_abs())
}

fn control(id: u32, command: libc::c_int) -> io::Result<Set> {
    // SAFETY: semid_ds is a C structure of integers.
    let mut data: semid_ds = unsafe { zeroed() };
    let argument = Argument { data: &raw mut data };
    // SAFETY: these commands fill the semid_ds that `argument` points to, which outlives the call.
    let answer = check(unsafe { libc::semctl(id_argument(id)?, 0, command, argument) })?;
    Ok(Set {
        id: if command == libc::IPC_STAT { id } else { answer.unsigned_abs() },
        perm: Permissions::from(&data.sem_perm),
        count: data.sem_nsems,
        operation_time: data.sem_otime,
        change_time: data.sem_ctime,
    })
}

/// `IPC_STAT`: the set with this id.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EACCES without read permission.
pub fn stat(id: u32) -> io::Result<Set> {
    control(id, libc::IPC_STAT)
}

/// `SEM_STAT_ANY`: the set in the slot of this id or index, whatever its mode. The answer has the full id.
///
/// # Errors
/// EINVAL when the slot is empty, and always before Linux 4.17.
pub fn stat_any(index: u32) -> io::Result<Set> {
    control(index, libc::SEM_STAT_ANY)
}

fn information(command: libc::c_int) -> io::Result<(seminfo, u32)> {
    // SAFETY: seminfo is a C structure of integers.
    let mut info: seminfo = unsafe { zeroed() };
    let argument = Argument { info: &raw mut info };
    // SAFETY: these commands fill the seminfo that `argument` points to, which outlives the call.
    let highest = check(unsafe { libc::semctl(0, 0, command, argument) })?;
    Ok((info, highest.unsigned_abs()))
}

/// What all sets of the namespace use.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Sets.
    pub sets: u64,
    /// Semaphores in all sets.
    pub semaphores: u64,
}

/// `SEM_INFO`: usage, and the highest index in use.
///
/// # Errors
/// None from the kernel; a security module may say EACCES.
pub fn usage() -> io::Result<(Usage, u32)> {
    let (info, highest) = information(libc::SEM_INFO)?;
    // SEM_INFO puts the counts where IPC_INFO has other things: semctl(2).
    let usage = Usage {
        sets: info.semusz.unsigned_abs().into(),
        semaphores: info.semaem.unsigned_abs().into(),
    };
    Ok((usage, highest))
}

/// The limits of the namespace.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// SEMMNI: sets.
    pub max_sets: u64,
    /// SEMMNS: semaphores in all sets.
    pub max_semaphores: u64,
    /// SEMMSL: semaphores in one set.
    pub max_per_set: u64,
    /// SEMOPM: operations in one semop.
    pub max_operations: u64,
    /// SEMVMX: highest value.
    pub max_value: u64,
}

/// `IPC_INFO`: the limits.
///
/// # Errors
/// None from the kernel; a security module may say EACCES.
pub fn limits() -> io::Result<Limits> {
    let (info, _) = information(libc::IPC_INFO)?;
    Ok(Limits {
        max_sets: info.semmni.unsigned_abs().into(),
        max_semaphores: info.semmns.unsigned_abs().into(),
        max_per_set: info.semmsl.unsigned_abs().into(),
        max_operations: info.semopm.unsigned_abs().into(),
        max_value: info.semvmx.unsigned_abs().into(),
    })
}

/// So often a set that changes its number of semaphores is asked anew.
const TRIES: usize = 8;

/// `GETALL`: the values of the whole set. `count` is what [`stat`] said of it; where a set with another number of semaphores
/// has come under the id meanwhile (`kernel.sem_next_id`), the answer is that one's.
///
/// # Errors
/// EINVAL and EIDRM when there is no such set, or others all the time; EACCES without read permission, ENOMEM.
///
/// [`semctl(2)`](https://man7.org/linux/man-pages/man2/semctl.2.html)
#[doc(alias = "semctl")]
pub fn values(id: u32, mut count: u64) -> io::Result<Vec<u16>> {
    for _ in 0..TRIES {
        let mut room = Guarded::new(usize::try_from(count).unwrap_or(usize::MAX))?;
        let argument = Argument { array: room.as_mut_ptr() };
        // SAFETY: GETALL writes one u16 for each semaphore that the set has by now. Where these are more than there is room
        // for, the kernel meets the page without access that follows it, and says EFAULT.
        match check(unsafe { libc::semctl(id_argument(id)?, 0, GETALL, argument) }) {
            Err(error) if error.raw_os_error() != Some(libc::EFAULT) => return Err(error),
            answer => {
                // Those of a set with fewer semaphores would be followed by zeros.
                let now = stat(id)?.count;
                if answer.is_ok() && now == count {
                    return Ok(room.as_mut_slice().to_vec());
                }
                count = now;
            }
        }
    }
    Err(io::Error::from_raw_os_error(libc::EIDRM))
}

/// `SETALL`: the values of the whole set, which must have as many semaphores as `values`.
///
/// # Errors
/// EINVAL and EIDRM when there is no such set, or one with more semaphores by now: nothing is changed then. EACCES without
/// write permission, ERANGE above SEMVMX, ENOMEM.
///
/// [`semctl(2)`](https://man7.org/linux/man-pages/man2/semctl.2.html)
#[doc(alias = "semctl")]
pub fn set_values(id: u32, values: &[u16]) -> io::Result<()> {
    let mut room = Guarded::new(values.len())?;
    room.as_mut_slice().copy_from_slice(values);
    let argument = Argument { array: room.as_mut_ptr() };
    // SAFETY: SETALL reads one u16 for each semaphore that the set has by now, before it changes any. Where these are more
    // than `values`, the kernel meets the page without access that follows them, and says EFAULT.
    check(unsafe { libc::semctl(id_argument(id)?, 0, SETALL, argument) }).map(drop).map_err(
        |error| match error.raw_os_error() {
            Some(libc::EFAULT) => io::Error::from_raw_os_error(libc::EIDRM),
            _ => error,
        },
    )
}

/// `SETVAL`: the value of one semaphore.
///
/// # Errors
/// EINVAL for an index out of the set, ERANGE above SEMVMX, EACCES without write permission, EIDRM.
///
/// [`semctl(2)`](https://man7.org/linux/man-pages/man2/semctl.2.html)
#[doc(alias = "semctl")]
pub fn set_value(id: u32, index: u32, value: i32) -> io::Result<()> {
    let index = id_argument(index)?;
    // SAFETY: SETVAL reads `value` from the union.
    check(unsafe { libc::semctl(id_argument(id)?, index, SETVAL, Argument { value }) }).map(drop)
}

fn ask(id: u32, index: u32, command: libc::c_int) -> io::Result<i32> {
    let index = id_argument(index)?;
    // SAFETY: these commands ignore the argument.
    check(unsafe { libc::semctl(id_argument(id)?, index, command, Argument { value: 0 }) })
}

/// `GETPID`: who last operated on this semaphore or set its value; 0 for nobody.
///
/// # Errors
/// EINVAL and EIDRM when there is no such semaphore, EACCES without read permission.
pub fn last_pid(id: u32, index: u32) -> io::Result<i32> {
    ask(id, index, GETPID)
}

/// `GETNCNT`: how many wait for its value to rise.
///
/// # Errors
/// As [`last_pid`].
pub fn waiting_to_rise(id: u32, index: u32) -> io::Result<u32> {
    ask(id, index, GETNCNT).map(i32::unsigned_abs)
}

/// `GETZCNT`: how many wait for its value to be zero.
///
/// # Errors
/// As [`last_pid`].
pub fn waiting_for_zero(id: u32, index: u32) -> io::Result<u32> {
    ask(id, index, GETZCNT).map(i32::unsigned_abs)
}

/// `IPC_RMID`: removes the set and wakes who waits on it.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EPERM for others than owner, creator and root.
///
/// [`semctl(2)`](https://man7.org/linux/man-pages/man2/semctl.2.html)
#[doc(alias = "semctl")]
pub fn remove(id: u32) -> io::Result<()> {
    // SAFETY: IPC_RMID ignores the argument.
    check(unsafe { libc::semctl(id_argument(id)?, 0, libc::IPC_RMID, Argument { value: 0 }) })
        .map(drop)
}

/// `IPC_SET`: owner, group and mode.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EPERM for others than owner, creator and root.
///
/// [`semctl(2)`](https://man7.org/linux/man-pages/man2/semctl.2.html)
#[doc(alias = "semctl")]
pub fn set(id: u32, uid: u32, gid: u32, mode: u32) -> io::Result<()> {
    // SAFETY: semid_ds is a C structure of integers.
    let mut data: semid_ds = unsafe { zeroed() };
    data.sem_perm.uid = uid;
    data.sem_perm.gid = gid;
    data.sem_perm.mode = (mode & 0o777) as _;
    let argument = Argument { data: &raw mut data };
    // SAFETY: IPC_SET reads the semid_ds that `argument` points to, which outlives the call.
    check(unsafe { libc::semctl(id_argument(id)?, 0, libc::IPC_SET, argument) }).map(drop)
}

/// One of the operations of a [`operate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Which semaphore of the set.
    pub index: u16,
    /// What to add; 0 waits until it is 0.
    pub delta: i16,
    /// Refuse rather than wait: IPC_NOWAIT.
    pub nowait: bool,
    /// Take it back when the process ends: SEM_UNDO.
    pub undo: bool,
}

/// The kernel's structures as the C library declares them.
#[cfg(not(target_env = "musl"))]
mod abi {
    pub(super) use libc::{semid_ds, seminfo};
}

/// The kernel's structures, from its <asm/sembuf.h> and <linux/sem.h>: of musl the libc crate lacks them.
#[cfg(target_env = "musl")]
#[allow(non_camel_case_types)]
mod abi {
    #[repr(C)]
    pub(super) struct semid_ds {
        pub(super) sem_perm: libc::ipc_perm,
        pub(super) sem_otime: i64,
        #[cfg(target_arch = "x86_64")]
        reserved_1: u64,
        pub(super) sem_ctime: i64,
        #[cfg(target_arch = "x86_64")]
        reserved_2: u64,
        pub(super) sem_nsems: u64,
        reserved_3: [u64; 2],
    }

    #[repr(C)]
    pub(super) struct seminfo {
        semmap: libc::c_int,
        pub(super) semmni: libc::c_int,
        pub(super) semmns: libc::c_int,
        semmnu: libc::c_int,
        pub(super) semmsl: libc::c_int,
        pub(super) semopm: libc::c_int,
        semume: libc::c_int,
        pub(super) semusz: libc::c_int,
        pub(super) semvmx: libc::c_int,
        pub(super) semaem: libc::c_int,
    }
}

unsafe extern "C" {
    // The libc crate lacks it.
    fn semtimedop(
        id: libc::c_int,
        operations: *mut libc::sembuf,
        count: libc::size_t,
        timeout: *const libc::timespec,
    ) -> libc::c_int;
}

/// `semtimedop(2)`: all of the operations at once, or none; waits for `timeout` at most, on the monotonic
/// clock, and for ever without one.
///
/// # Errors
/// EAGAIN when the time is over or an operation may not wait, EIDRM when the set is removed meanwhile, EINVAL
/// when there is no such set, EINTR, EFBIG (index), ERANGE (value), E2BIG (SEMOPM), EACCES, ENOMEM.
pub fn operate(id: u32, operations: &[Operation], timeout: Option<Duration>) -> io::Result<()> {
    let undo = |one: &Operation| if one.undo { libc::SEM_UNDO } else { 0 };
    let nowait = |one: &Operation| if one.nowait { libc::IPC_NOWAIT } else { 0 };
    let mut raw: Vec<libc::sembuf> = operations
        .iter()
        .map(|one| libc::sembuf {
            sem_num: one.index,
            sem_op: one.delta,
            sem_flg: (undo(one) | nowait(one)) as libc::c_short,
        })
        .collect();
    let time = timeout.map(timespec);
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `raw` has as many operations as the call is told, `time` is null or outlives the call.
    check(unsafe { semtimedop(id_argument(id)?, raw.as_mut_ptr(), raw.len(), time) }).map(drop)
}
