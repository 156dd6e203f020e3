//! Files that only processes show, reached through what they hold: a descriptor, or a mapping that has none. Nothing is
//! believed but the identity of what is reached. Knows no kind.
//!
//! `proc_pid_fd(5)`, `proc_pid_map_files(5)`. To follow the link of a mapping takes CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, to
//! read it does not.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

use nix::fcntl::OFlag;

use super::borrowed::Borrower;
use super::capability::{ConfigureRequest, Each};
use super::file::{change_file, id};
use crate::model::{Class, Fault, FileId, Findings, Found, Locator, Showing, ShownAs, ShownFile};
use crate::sys::file::{self, Stat};
use crate::sys::processes::Proc;
use crate::sys::shm;

/// So many places where a file is shown are asked: the first that may be answers for all.
pub(super) const ASKED: usize = 8;

/// The link below the directory of its process that leads to what a process shows.
pub(super) fn link(showing: &Showing) -> Option<CString> {
    CString::new(match showing.place {
        ShownAs::Descriptor(fd, _) => format!("fd/{fd}"),
        ShownAs::Mapping(start, end) => format!("map_files/{start:x}-{end:x}"),
        _ => return None,
    })
    .ok()
}

/// The text of the link of one of its showings. What of it the kernel has written, and what anybody may have chosen, depends
/// on the file system.
pub(super) fn text(proc: &Proc, showings: &[Showing]) -> Option<OsString> {
    let text = |showing: &Showing| proc.process(showing.pid).ok()?.link(&link(showing)?).ok();
    showings.iter().take(ASKED).find_map(text)
}

/// What is behind one of its showings, if it is this file.
pub(super) fn stat(proc: &Proc, showings: &[Showing], wanted: FileId) -> Option<Stat> {
    let stat = |showing: &Showing| proc.process(showing.pid).ok()?.stat(&link(showing)?).ok();
    let mut found = showings.iter().take(ASKED).filter_map(stat);
    found.find(|stat| id(stat) == wanted)
}

/// Opens the file as another description of its own, which its holders do not notice. Only files that wait for none, when they
/// are opened, may be opened so.
///
/// # Errors
/// [`Class::Denied`] where no link may be followed, [`Class::NotFound`] when its holders have ended.
pub(super) fn open(
    proc: &Proc,
    showings: &[Showing],
    is_it: impl Fn(&Stat) -> bool,
    flags: OFlag,
) -> Result<OwnedFd, Fault> {
    let mut refused = Fault::not_found();
    for showing in showings.iter().take(ASKED) {
        let Some(link) = link(showing) else { continue };
        let opened = proc.process(showing.pid).and_then(|process| {
            let handle = process.handle(&link)?;
            let is_regular = |stat: &Stat| stat.is(libc::S_IFREG);
            match file::stat(&handle) {
                Ok(stat) if is_regular(&stat) && is_it(&stat) => {
                    file::reopen(handle.as_fd(), flags).map(Some)
                }
                other => other.map(|_| None),
            }
        });
        match opened {
            Ok(Some(file)) => return Ok(file),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => refused = denied(&error),
        }
    }
    Err(refused)
}

fn denied(error: &io::Error) -> Fault {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => Fault::new(Class::Denied, "permission denied")
            .hint_of_user("run as root, who alone may follow the link of a mapping"),
        _ => Fault::from_os(error),
    }
}

/// A copy of a descriptor of the file, as it is open.
///
/// # Errors
/// No process has one, or it may not be copied: `pidfd_getfd(2)`.
pub(super) fn copies(
    file: FileId,
    showings: &[Showing],
    mut each: impl FnMut(&OwnedFd) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut refused = Fault::new(Class::Failed, "no process has a descriptor of it");
    let mut borrower = Borrower::default();
    let descriptors = showings.iter().filter_map(|showing| match showing.place {
        ShownAs::Descriptor(fd, _) => Some((showing.pid, fd)),
        _ => None,
    });
    for end in descriptors.take(ASKED) {
        match borrower.copy(end, file) {
            Ok(Some(copy)) => match each(&copy) {
                Ok(()) => return Ok(()),
                Err(fault) => refused = fault,
            },
            Ok(None) => {}
            Err(error) => refused = Fault::from_os(&error),
        }
    }
    Err(refused)
}

/// Changes owner and mode through a descriptor that a process has of the file.
///
/// # Errors
/// EPERM for others than owner and root; no process has a descriptor.
pub(super) fn change(
    file: FileId,
    showings: &[Showing],
    change: &ConfigureRequest,
) -> Result<(), Fault> {
    if change.mode.is_none() && change.uid.is_none() && change.gid.is_none() {
        return Ok(());
    }
    copies(file, showings, |copy| change_file(copy.as_fd(), change))
}

/// The device of the kernel's own file system of shared memory, on which memory is that has never had a name.
pub(super) fn kernels_device() -> Option<u64> {
    static DEVICE: OnceLock<Option<u64>> = OnceLock::new();
    *DEVICE.get_or_init(|| shm::device().ok())
}

/// The device of `/dev/shm`.
pub(super) fn directorys_device() -> Option<u64> {
    static DEVICE: OnceLock<Option<u64>> = OnceLock::new();
    *DEVICE.get_or_init(|| file::stat_path(c"/dev/shm/.").ok().map(|stat| stat.device))
}

/// The last part of a path that was removed, and what it was called before, in the text of a link.
pub(super) fn former(text: &OsStr) -> &[u8] {
    let bytes = text.as_bytes();
    let path = bytes.strip_suffix(b" (deleted)").unwrap_or(bytes);
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The file that a locator of device and inode names.
pub(super) fn identity(locator: &Locator) -> Option<FileId> {
    match locator {
        Locator::File(major, minor, inode) => {
            Some(FileId { device: libc::makedev(*major, *minor), inode: *inode })
        }
        _ => None,
    }
}

/// The locator of device and inode of a file.
pub(super) fn locator(file: FileId) -> Locator {
    Locator::File(libc::major(file.device), libc::minor(file.device), file.inode)
}

/// What processes show of a file.
///
/// # Errors
/// [`Class::NotFound`], with the number of processes that could not be read.
pub(super) fn shown(found: &Findings, file: FileId) -> Result<&ShownFile, Fault> {
    found.files.get(&file).ok_or_else(|| missing(found))
}

/// No process shows it.
pub(super) fn missing(found: &Findings) -> Fault {
    match unread(found) {
        None => Fault::not_found(),
        Some(unread) => Fault::not_found().hint_of_user(format!("{unread}; run as root")),
    }
}

/// A note of the processes that could not be read, in the same words for all kinds, so that it is told once.
pub(super) fn note(found: &Findings, each: Each) -> ControlFlow<()> {
    match unread(found) {
        None => ControlFlow::Continue(()),
        Some(unread) => {
            let who = if found.unread == 1 { "it holds" } else { "they hold" };
            each(Found::Note(format!("{unread}: what only {who} is not listed")))
        }
    }
}

/// `2 processes could not be read`; `None` when all could.
fn unread(found: &Findings) -> Option<String> {
    match found.unread {
        0 => None,
        1 => Some("1 process could not be read".into()),
        more => Some(format!("{more} processes could not be read")),
    }
}
