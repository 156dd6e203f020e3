//! Files that are IPC objects: what they are, without opening or following them.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::Mode;

use super::{apart, check, zeroed};

/// What the file system says of a file: `statx(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Type and permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Owner's group.
    pub gid: u32,
    /// Length in bytes.
    pub size: u64,
    /// Allocated blocks of 512 bytes.
    pub blocks: u64,
    /// Names it has.
    pub links: u32,
    /// Inode number.
    pub inode: u64,
    /// Device of the file system.
    pub device: u64,
    /// Last access: seconds and nanoseconds since the epoch, as all times here.
    pub accessed: (i64, u32),
    /// Last change of content.
    pub modified: (i64, u32),
    /// Last change of content, owner, mode or links.
    pub changed: (i64, u32),
    /// Creation, where the file system keeps it.
    pub born: Option<(i64, u32)>,
}

impl Stat {
    /// Returns true if it is of this type: `libc::S_IFREG` and the like.
    pub fn is(&self, kind: libc::mode_t) -> bool {
        self.mode & libc::S_IFMT == kind
    }

    /// What sort of file it is, with its article.
    pub fn file_type(&self) -> &'static str {
        match self.mode & libc::S_IFMT {
            libc::S_IFREG => "a regular file",
            libc::S_IFDIR => "a directory",
            libc::S_IFLNK => "a symbolic link",
            libc::S_IFIFO => "a FIFO",
            libc::S_IFSOCK => "a socket",
            libc::S_IFCHR | libc::S_IFBLK => "a device",
            _ => "no regular file",
        }
    }
}

fn statx(directory: libc::c_int, name: &CStr, flags: libc::c_int) -> io::Result<Stat> {
    // SAFETY: struct statx is a C structure of integers.
    let mut data: libc::statx = unsafe { zeroed() };
    let mask = libc::STATX_BASIC_STATS | libc::STATX_BTIME;
    // SAFETY: `name` ends in NUL, `data` is what the call fills, both outlive it.
    check(unsafe { libc::statx(directory, name.as_ptr(), flags, mask, &raw mut data) })?;
    let time = |time: &libc::statx_timestamp| (time.tv_sec, time.tv_nsec);
    Ok(Stat {
        mode: data.stx_mode.into(),
        uid: data.stx_uid,
        gid: data.stx_gid,
        size: data.stx_size,
        blocks: data.stx_blocks,
        links: data.stx_nlink,
        inode: data.stx_ino,
        device: libc::makedev(data.stx_dev_major, data.stx_dev_minor),
        accessed: time(&data.stx_atime),
        modified: time(&data.stx_mtime),
        changed: time(&data.stx_ctime),
        born: (data.stx_mask & libc::STATX_BTIME != 0).then(|| time(&data.stx_btime)),
    })
}

/// What `name` in `directory` is; a symbolic link is itself.
///
/// # Errors
/// ENOENT, EACCES and the others of `statx(2)`.
pub fn stat_at(directory: impl AsFd, name: &CStr) -> io::Result<Stat> {
    statx(directory.as_fd().as_raw_fd(), name, libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT)
}

/// What `name` in `directory` is; a symbolic link is what it points to. For links of `/proc/PID/fd`: a file system
/// that does not answer is not asked, what the kernel remembers of the file is enough.
///
/// # Errors
/// ENOENT, EACCES and the others of `statx(2)`.
pub fn stat_target(directory: impl AsFd, name: &CStr) -> io::Result<Stat> {
    let flags = libc::AT_NO_AUTOMOUNT | libc::AT_STATX_DONT_SYNC;
    statx(directory.as_fd().as_raw_fd(), name, flags)
}

/// What `name` in `directory` is, as the kernel remembers it; a symbolic link is itself.
///
/// # Errors
/// As [`stat_at`].
pub fn stat_remembered_at(directory: impl AsFd, name: &CStr) -> io::Result<Stat> {
    let flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT | libc::AT_STATX_DONT_SYNC;
    statx(directory.as_fd().as_raw_fd(), name, flags)
}

/// What an open file is.
///
/// # Errors
/// Those of `statx(2)`.
pub fn stat(file: impl AsFd) -> io::Result<Stat> {
    statx(file.as_fd().as_raw_fd(), c"", libc::AT_EMPTY_PATH)
}

/// What an open file is, as the kernel remembers it: a file system that does not answer is not asked.
///
/// # Errors
/// Those of `statx(2)`.
pub fn stat_remembered_of(file: impl AsFd) -> io::Result<Stat> {
    statx(file.as_fd().as_raw_fd(), c"", libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC)
}

/// What a path is; a symbolic link is itself.
///
/// # Errors
/// ENOENT, EACCES and the others of `statx(2)`.
pub fn stat_path(path: &CStr) -> io::Result<Stat> {
    statx(libc::AT_FDCWD, path, libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT)
}

/// What a path leads to, links followed.
///
/// # Errors
/// ENOENT, EACCES and the others of `statx(2)`.
pub fn stat_path_target(path: &CStr) -> io::Result<Stat> {
    statx(libc::AT_FDCWD, path, libc::AT_NO_AUTOMOUNT)
}

/// What a path is, as the kernel remembers it; a symbolic link is itself. A file system that does not answer is not asked
/// about the file itself, as about a mount point.
///
/// # Errors
/// ENOENT, EACCES and the others of `statx(2)`.
pub fn stat_remembered(path: &CStr) -> io::Result<Stat> {
    let flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT | libc::AT_STATX_DONT_SYNC;
    statx(libc::AT_FDCWD, path, flags)
}

/// RESOLVE_CACHED of the kernel's <linux/openat2.h>; nix lacks it.
const CACHED: ResolveFlag = ResolveFlag::from_bits_retain(0x20);

/// A handle on a path, below `start` if it is relative, that neither opens nor asks anything: `O_PATH`. What the kernel does not
/// remember of it is looked up only if that has an answer in time, see [`apart`]. A path that begins in `/proc` is never
/// remembered: begin below a handle there.
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR; ETIMEDOUT for a file system that does not answer; ELOOP for a link with O_NOFOLLOW.
///
/// [`openat2(2)`](https://man7.org/linux/man-pages/man2/openat2.2.html)
#[doc(alias = "openat2")]
pub fn handle_in_time(
    start: BorrowedFd<'_>,
    path: &CStr,
    follow: bool,
    scope: ResolveFlag,
) -> io::Result<OwnedFd> {
    let no_follow = if follow { OFlag::empty() } else { OFlag::O_NOFOLLOW };
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC | no_follow;
    let open = |resolve| openat2(start, path, OpenHow::new().flags(flags).resolve(resolve));
    match open(scope | CACHED) {
        // A link whose access time is due is not looked up so, and Linux before 5.12 does not know the flag.
        Err(Errno::EAGAIN | Errno::EINVAL) => {
            if !apart::answers(&[start], || drop(open(scope))) {
                return Err(io::Error::from_raw_os_error(libc::ETIMEDOUT));
            }
            Ok(open(scope)?)
        }
        // Linux before 5.6, and sandboxes that know no call of a later one.
        Err(Errno::ENOSYS | Errno::EPERM) if scope.is_empty() => {
            let plain = || openat(start, path, flags, Mode::empty());
            if !apart::answers(&[start], || drop(plain())) {
                return Err(io::Error::from_raw_os_error(libc::ETIMEDOUT));
            }
            Ok(plain()?)
        }
        other => Ok(other?),
    }
}

/// What a path from here is, without waiting for a file system that does not answer; a symbolic link is itself.
///
/// # Errors
/// As [`handle_in_time`], but ELOOP.
pub fn stat_in_time(path: &CStr) -> io::Result<Stat> {
    let handle = handle_in_time(nix::fcntl::AT_FDCWD, path, false, ResolveFlag::empty())?;
    stat_remembered_of(&handle)
}

/// A handle on `name` in `directory` that neither opens the file nor follows a link: `O_PATH`.
///
/// # Errors
/// ENOENT, EACCES on the directory.
///
/// [`openat(2)`](https://man7.org/linux/man-pages/man2/openat.2.html)
#[doc(alias = "openat")]
pub fn handle_at(directory: impl AsFd, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(directory, name, flags, Mode::empty())?)
}

/// Opens `name` in `directory` for reading. Only for what was seen to be a regular file a moment ago: anything else would
/// take the opening for more than a look. It never blocks and follows no link, and what it is has to be looked at afterwards.
///
/// # Errors
/// ENOENT, EACCES, ELOOP for a link; EAGAIN when somebody has a lease on it.
///
/// [`openat(2)`](https://man7.org/linux/man-pages/man2/openat.2.html)
#[doc(alias = "openat")]
pub fn open_at(directory: impl AsFd, name: &CStr, more: OFlag) -> io::Result<OwnedFd> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    Ok(openat(directory, name, OFlag::O_RDONLY | flags | more, Mode::empty())?)
}

/// The access control list of `name` in `directory`, as the kernel hands it over: `system.posix_acl_access`. `None` when
/// it has none beyond its mode. Neither opens the file nor follows a link.
///
/// # Errors
/// Those of `openat(2)` and `getxattr(2)`.
///
/// [`getxattr(2)`](https://man7.org/linux/man-pages/man2/getxattr.2.html)
#[doc(alias = "getxattr")]
pub fn access_list(directory: impl AsFd, name: &CStr) -> io::Result<Option<Vec<u8>>> {
    let handle = handle_at(directory, name)?;
    // A handle has no attributes by itself; what its link below /proc leads to has.
    let path = CString::new(format!("/proc/self/fd/{}", handle.as_raw_fd()))?;
    // The kernel's own limit for any attribute.
    let mut list = vec![0; 65_536];
    let attribute = c"system.posix_acl_access";
    // SAFETY: both names end in NUL, and the buffer has the length that is passed; all outlive the call.
    let length = check(unsafe {
        libc::getxattr(path.as_ptr(), attribute.as_ptr(), list.as_mut_ptr().cast(), list.len())
    });
    match length {
        Ok(length) => {
            list.truncate(usize::try_from(length).unwrap_or(0));
            Ok(Some(list))
        }
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENODATA | libc::EOPNOTSUPP)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Returns true if `name` in `directory` has an access control list beyond its mode. Neither opens the file nor follows a
/// link.
///
/// # Errors
/// Those of `lgetxattr(2)`.
///
/// [`getxattr(2)`](https://man7.org/linux/man-pages/man2/getxattr.2.html)
#[doc(alias = "lgetxattr")]
pub fn has_access_list(directory: impl AsFd, name: &CStr) -> io::Result<bool> {
    let mut path = format!("/proc/self/fd/{}/", directory.as_fd().as_raw_fd()).into_bytes();
    path.extend(name.to_bytes());
    let path = CString::new(path)?;
    let attribute = c"system.posix_acl_access";
    // SAFETY: both names end in NUL and outlive the call; a length of 0 asks for the length alone, and nothing is written.
    let length = check(unsafe {
        libc::lgetxattr(path.as_ptr(), attribute.as_ptr(), std::ptr::null_mut(), 0)
    });
    match length {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENODATA | libc::EOPNOTSUPP)) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Opens the very file that `handle` stands for, whatever its name means by now.
///
/// # Errors
/// EACCES, ENOENT when /proc is not mounted.
pub fn reopen(handle: BorrowedFd<'_>, flags: OFlag) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", handle.as_raw_fd());
    let flags = flags | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    Ok(nix::fcntl::open(path.as_str(), flags, Mode::empty())?)
}

/// Allocates these bytes of an open file, which become zeros where there was nothing.
///
/// # Errors
/// ENOSPC; EINTR: none of them is allocated; EOPNOTSUPP.
///
/// [`fallocate(2)`](https://man7.org/linux/man-pages/man2/fallocate.2.html)
#[doc(alias = "fallocate")]
pub fn allocate(file: BorrowedFd<'_>, offset: u64, length: u64) -> io::Result<()> {
    use nix::fcntl::{FallocateFlags, fallocate};
    let number = |bytes: u64| {
        libc::off_t::try_from(bytes).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))
    };
    Ok(fallocate(file, FallocateFlags::empty(), number(offset)?, number(length)?)?)
}

/// Changes mode, exactly, of the file that `handle` stands for.
///
/// # Errors
/// EPERM for others than owner and root.
pub fn set_mode(handle: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    let path = format!("/proc/self/fd/{}", handle.as_raw_fd());
    let mode = Mode::from_bits_truncate(mode);
    Ok(nix::sys::stat::fchmodat(
        nix::fcntl::AT_FDCWD,
        path.as_str(),
        mode,
        nix::sys::stat::FchmodatFlags::FollowSymlink,
    )?)
}

/// Changes owner and group of the file that `handle` stands for.
///
/// # Errors
/// EPERM for others than root, but for the group by the owner who is in it.
pub fn set_owner(handle: BorrowedFd<'_>, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    use nix::unistd::{Gid, Uid, fchownat};
    let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
    Ok(fchownat(handle, c"", uid, gid, nix::fcntl::AtFlags::AT_EMPTY_PATH)?)
}

/// Takes the exclusive lock on an open file. Where somebody has one it waits or fails.
///
/// # Errors
/// EWOULDBLOCK when somebody has; EINTR when it waits and a signal comes; ENOLCK.
///
/// [`flock(2)`](https://man7.org/linux/man-pages/man2/flock.2.html)
#[doc(alias = "flock")]
pub fn lock(file: impl AsFd, waits: bool) -> io::Result<()> {
    let operation = if waits { libc::LOCK_EX } else { libc::LOCK_EX | libc::LOCK_NB };
    // SAFETY: no pointer is passed.
    check(unsafe { libc::flock(file.as_fd().as_raw_fd(), operation) }).map(drop)
}

/// Gives the lock back.
///
/// # Errors
/// None for an open file.
pub fn unlock(file: impl AsFd) -> io::Result<()> {
    // SAFETY: no pointer is passed.
    check(unsafe { libc::flock(file.as_fd().as_raw_fd(), libc::LOCK_UN) }).map(drop)
}
