//! Where the queues of this IPC namespace can be seen as files: a mount of our own, or `/dev/mqueue`.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::sys::statfs::fstatfs;

use crate::kinds::capability::Each;
use crate::model::Found;
use crate::sys::file::{self, Stat};
use crate::sys::{mount, mqueue};

const MOUNT_POINT: &CStr = c"/dev/mqueue";
/// `MQUEUE_MAGIC` of the kernel: the type of file system that `/dev/mqueue` has when it is mounted.
const MAGIC: i64 = 0x1980_0202;
/// So many queues are asked whether `/dev/mqueue` is ours before it is taken to be.
const ASKED: usize = 16;

/// The queues as a directory.
pub(super) struct QueueDirectory {
    dir: Dir,
    device: u64,
    /// It is a mount that nobody else sees, certainly of this namespace.
    own: bool,
}

/// The warning that queues are missing.
pub(super) fn unlisted(reason: &str) -> String {
    format!("{} cannot be listed: {reason}", super::KIND.name)
}

impl QueueDirectory {
    /// Opens the directory; says what a listing has to know of it. `None` when there is none to look at.
    pub(super) fn open(each: Each) -> ControlFlow<(), Option<Self>> {
        let mounted = Self::mounted();
        if let Ok(own) = Self::detached() {
            if mounted.is_ok_and(|mounted| mounted.device != own.device) {
                each(Found::Note(
                    "/dev/mqueue shows the queues of another IPC namespace; those of this one are listed".into(),
                ))?;
            }
            return ControlFlow::Continue(Some(own));
        }
        let reason = match mounted {
            Ok(mut directory) => {
                if !directory.is_foreign() {
                    return ControlFlow::Continue(Some(directory));
                }
                "/dev/mqueue belongs to another IPC namespace; mount the one of this namespace, or run as who may mount"
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                "permission denied to read /dev/mqueue"
            }
            Err(_) => {
                "/dev/mqueue is not mounted: mount -t mqueue mqueue /dev/mqueue, or run as who may mount"
            }
        };
        each(Found::Missing(unlisted(reason)))?;
        ControlFlow::Continue(None)
    }

    /// Opens the directory for a look at one queue.
    pub(super) fn open_quietly() -> io::Result<Self> {
        Self::detached().or_else(|_| {
            let mut directory = Self::mounted()?;
            if directory.is_foreign() {
                Err(io::Error::from_raw_os_error(libc::ENOENT))
            } else {
                Ok(directory)
            }
        })
    }

    fn detached() -> io::Result<Self> {
        // The mount's own descriptor is O_PATH, which cannot be read.
        Self::at(Some(mount::detached(c"mqueue")?), c".", true)
    }

    fn mounted() -> io::Result<Self> {
        Self::at(None, MOUNT_POINT, false)
    }

    fn at(below: Option<OwnedFd>, path: &CStr, own: bool) -> io::Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let dir = match &below {
            Some(below) => Dir::openat(below, path, flags, Mode::empty())?,
            None => Dir::open(path, flags, Mode::empty())?,
        };
        if fstatfs(&dir)?.filesystem_type().0 as i64 != MAGIC {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        }
        let device = file::stat(&dir)?.device;
        Ok(Self { dir, device, own })
    }

    /// Returns true if queues here, opened by name, turn out to be others or none. A directory without queues tells nothing.
    fn is_foreign(&mut self) -> bool {
        if self.own {
            return false;
        }
        let Ok(names) = self.names() else { return false };
        for name in names.iter().take(ASKED) {
            let Ok(path) = CString::new([b"/", name.as_bytes()].concat()) else { continue };
            match mqueue::open(&path).and_then(|opened| file::stat(&opened)) {
                Ok(stat) => return stat.device != self.device,
                // It is here, but not in our namespace; unless it has just been removed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if self.stat(name).is_ok() {
                        return true;
                    }
                }
                Err(_) => {}
            }
        }
        false
    }

    /// The device of the files in it.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    /// The names of the queues, in order.
    pub(super) fn names(&mut self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in self.dir.iter() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(OsString::from_vec(name.to_vec()));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// What the file of a queue is.
    pub(super) fn stat(&self, name: &OsStr) -> io::Result<Stat> {
        file::stat_at(self.dir.as_fd(), &c_string(name)?)
    }

    /// A handle on the file of a queue, without opening the queue.
    pub(super) fn handle(&self, name: &OsStr) -> io::Result<OwnedFd> {
        file::handle_at(self.dir.as_fd(), &c_string(name)?)
    }
}

fn c_string(name: &OsStr) -> io::Result<CString> {
    Ok(CString::new(name.as_bytes())?)
}
