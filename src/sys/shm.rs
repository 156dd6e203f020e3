//! System V shared memory: `shmget(2)`, `shmctl(2)`.

use std::io;

use super::{Permissions, check, id_argument, key_argument, zeroed};

// From the kernel's <linux/shm.h>; the libc crate lacks them.
const SHM_LOCK: libc::c_int = 11;
const SHM_UNLOCK: libc::c_int = 12;
const SHM_INFO: libc::c_int = 14;
const SHM_STAT_ANY: libc::c_int = 15;

/// Mode bit of a segment that goes with its last detach.
pub const DEST: u32 = 0o1000;
/// Mode bit of a segment locked in memory.
pub const LOCKED: u32 = 0o2000;

/// What the kernel keeps about a segment: `struct shmid_ds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The id.
    pub id: u32,
    /// Key, owner, creator, mode.
    pub perm: Permissions,
    /// Bytes asked for at creation.
    pub size: u64,
    /// Attachments, counted as mappings.
    pub attached: u64,
    /// Who made it; 0 outside this pid namespace.
    pub creator: i32,
    /// Who last attached or detached; 0 for nobody.
    pub last: i32,
    /// Last attach, seconds since the epoch, 0 for never.
    pub attach_time: i64,
    /// Last detach.
    pub detach_time: i64,
    /// Creation or last change of owner or mode.
    pub change_time: i64,
}

/// What all segments of the namespace use: `struct shm_info`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Segments.
    pub used_ids: libc::c_int,
    /// Pages.
    pub pages: libc::c_ulong,
    /// Pages in memory.
    pub resident: libc::c_ulong,
    /// Pages swapped out.
    pub swapped: libc::c_ulong,
    /// Counted until Linux 2.4; 0.
    pub swap_attempts: libc::c_ulong,
    /// Counted until Linux 2.4; 0.
    pub swap_successes: libc::c_ulong,
}

/// The limits of the namespace: `struct shminfo`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// SHMMAX: bytes of one segment.
    pub max_bytes: libc::c_ulong,
    min_bytes: libc::c_ulong,
    /// SHMMNI: segments.
    pub max_segments: libc::c_ulong,
    per_process: libc::c_ulong,
    /// SHMALL: pages in all.
    pub max_pages: libc::c_ulong,
    unused: [libc::c_ulong; 4],
}

/// `shmget(2)`: finds or makes a segment. `flags` are IPC_CREAT and the like with the mode.
///
/// # Errors
/// ENOENT, EEXIST, EACCES, EINVAL (size), ENOSPC (SHMMNI, SHMALL), ENOMEM, EPERM (huge pages).
///
/// [`shmget(2)`](https://man7.org/linux/man-pages/man2/shmget.2.html)
#[doc(alias = "shmget")]
pub fn get(key: u32, size: u64, flags: libc::c_int) -> io::Result<u32> {
    let size = usize::try_from(size).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: no pointer is passed.
    let id = check(unsafe { libc::shmget(key_argument(key), size, flags) })?;
    Ok(id.unsigned_abs())
}

fn control(id: u32, command: libc::c_int) -> io::Result<(u32, libc::shmid_ds)> {
    // SAFETY: shmid_ds is a C structure of integers.
    let mut data: libc::shmid_ds = unsafe { zeroed() };
    // SAFETY: `data` is what these commands fill, and it outlives the call.
    let answer = check(unsafe { libc::shmctl(id_argument(id)?, command, &raw mut data) })?;
    Ok((answer.unsigned_abs(), data))
}

fn segment(id: u32, data: &libc::shmid_ds) -> Segment {
    Segment {
        id,
        perm: Permissions::from(&data.shm_perm),
        size: data.shm_segsz as u64,
        attached: data.shm_nattch,
        creator: data.shm_cpid,
        last: data.shm_lpid,
        attach_time: data.shm_atime,
        detach_time: data.shm_dtime,
        change_time: data.shm_ctime,
    }
}

/// `IPC_STAT`: the segment with this id.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EACCES without read permission.
pub fn stat(id: u32) -> io::Result<Segment> {
    control(id, libc::IPC_STAT).map(|(_, data)| segment(id, &data))
}

/// `SHM_STAT_ANY`: the segment in the slot of this id or index, whatever its mode. The answer has the full id.
///
/// # Errors
/// EINVAL when the slot is empty, and always before Linux 4.17.
pub fn stat_any(index: u32) -> io::Result<Segment> {
    control(index, SHM_STAT_ANY).map(|(id, data)| segment(id, &data))
}

/// `SHM_INFO`: usage. The kernel adds up the pages of all segments, which takes half as long as listing them.
///
/// # Errors
/// None from the kernel; a security module may say EACCES.
///
/// [`shmctl(2)`](https://man7.org/linux/man-pages/man2/shmctl.2.html)
#[doc(alias = "shmctl")]
pub fn usage() -> io::Result<Usage> {
    // SAFETY: Usage is a C structure of integers.
    let mut usage: Usage = unsafe { zeroed() };
    // SAFETY: SHM_INFO fills a `struct shm_info`, which Usage is.
    check(unsafe { libc::shmctl(0, SHM_INFO, (&raw mut usage).cast()) })?;
    Ok(usage)
}

/// `IPC_INFO`: the limits.
///
/// # Errors
/// None from the kernel; a security module may say EACCES.
pub fn limits() -> io::Result<Limits> {
    info().map(|(limits, _)| limits)
}

/// `IPC_INFO`: the highest index in use, 0 also when there is no segment.
///
/// # Errors
/// None from the kernel; a security module may say EACCES.
pub fn highest() -> io::Result<u32> {
    info().map(|(_, highest)| highest)
}

fn info() -> io::Result<(Limits, u32)> {
    // SAFETY: Limits is a C structure of integers.
    let mut limits: Limits = unsafe { zeroed() };
    // SAFETY: IPC_INFO fills a `struct shminfo`, which Limits is.
    let highest = check(unsafe { libc::shmctl(0, libc::IPC_INFO, (&raw mut limits).cast()) })?;
    Ok((limits, highest.unsigned_abs()))
}

/// `IPC_RMID`: removes the segment, or marks it for removal while it is attached.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EPERM for others than owner, creator and root.
///
/// [`shmctl(2)`](https://man7.org/linux/man-pages/man2/shmctl.2.html)
#[doc(alias = "shmctl")]
pub fn remove(id: u32) -> io::Result<()> {
    // SAFETY: IPC_RMID takes no buffer.
    check(unsafe { libc::shmctl(id_argument(id)?, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// `IPC_SET`: owner, group and mode.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EPERM for others than owner, creator and root.
///
/// [`shmctl(2)`](https://man7.org/linux/man-pages/man2/shmctl.2.html)
#[doc(alias = "shmctl")]
pub fn set(id: u32, uid: u32, gid: u32, mode: u32) -> io::Result<()> {
    // SAFETY: shmid_ds is a C structure of integers.
    let mut data: libc::shmid_ds = unsafe { zeroed() };
    data.shm_perm.uid = uid;
    data.shm_perm.gid = gid;
    data.shm_perm.mode = (mode & 0o777) as _;
    // SAFETY: IPC_SET reads `data`, which outlives the call.
    check(unsafe { libc::shmctl(id_argument(id)?, libc::IPC_SET, &raw mut data) }).map(drop)
}

/// `SHM_LOCK` and `SHM_UNLOCK`: keeps the segment's pages out of swap, or no longer.
///
/// # Errors
/// EPERM for others than owner, creator and CAP_IPC_LOCK, ENOMEM above RLIMIT_MEMLOCK.
///
/// [`shmctl(2)`](https://man7.org/linux/man-pages/man2/shmctl.2.html)
#[doc(alias = "shmctl")]
pub fn lock(id: u32, locked: bool) -> io::Result<()> {
    let command = if locked { SHM_LOCK } else { SHM_UNLOCK };
    // SAFETY: these commands take no buffer.
    check(unsafe { libc::shmctl(id_argument(id)?, command, std::ptr::null_mut()) }).map(drop)
}

/// The device that the kernel keeps segments of ordinary pages on, along with all other memory that is shared
/// without a file of anybody's.
///
/// # Errors
/// ENOSYS when the kernel was built without `memfd_create(2)`.
///
/// [`memfd_create(2)`](https://man7.org/linux/man-pages/man2/memfd_create.2.html)
#[doc(alias = "memfd_create")]
pub fn device() -> io::Result<u64> {
    // SAFETY: the name ends in NUL and outlives the call.
    let file =
        super::descriptor(unsafe { libc::memfd_create(c"".as_ptr(), libc::MFD_CLOEXEC) }.into())?;
    Ok(super::file::stat(&file)?.device)
}
