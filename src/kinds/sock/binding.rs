//! Whether a socket is bound to a socket file, and how far that can be believed. The kernel is asked through a handle on the
//! file, in a way that no server notices, and answers for every namespace; what no answer can be had from is said.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::statfs::{FsType, fstatfs};

use crate::kinds::search::FileSearch;
use crate::kinds::uppers::Uppers;
use crate::sys::connect;
use crate::sys::file::Stat;

/// What is known of the socket of a socket file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// A socket is bound to it.
    Bound,
    /// None is, and none will be: a socket is bound to a file that it makes.
    Unbound {
        /// Its file system can be in use by another machine, where a socket could be bound to it.
        shared: bool,
    },
    /// It cannot be told, and why.
    Unsure(&'static str),
}

/// Seconds after its last change before which nothing is said of a file: while `bind(2)` makes it, no socket is found.
const MAKING: i64 = 2;

/// File systems in memory, which no other machine uses.
const IN_MEMORY: &[i64] = &[0x0102_1994, 0x8584_58f6];
/// File systems of disks, and overlays of them: ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, JFS, ReiserFS, overlay.
const ON_DISK: &[i64] = &[
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0xf2f5_2010,
    0x2fc1_2fc1,
    0xca45_1a4e,
    0x3153_464a,
    0x5265_4973,
    0x794c_7630,
];
/// Where socket files are those of this machine, whatever the file system.
const OURS: &[&str] = &["/run", "/tmp", "/var/run"];

/// How a file system can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    Never,
    Possible,
    Unknown,
}

/// Asks. What it learns of file systems it learns once.
pub(super) struct Prober<'a> {
    proc: PathBuf,
    socket: RefCell<Option<OwnedFd>>,
    /// What the run has learned, or this alone.
    run: Option<&'a FileSearch>,
    own: FileSearch,
    /// The file system that came last.
    sharing: Cell<Option<(u64, Sharing)>>,
    /// The directory that came last, and whether an overlay shows what is in it.
    covered: RefCell<Option<(PathBuf, bool)>>,
}

impl<'a> Prober<'a> {
    pub(super) fn new(proc: &Path, run: Option<&'a FileSearch>) -> Self {
        Self {
            proc: proc.to_owned(),
            socket: RefCell::default(),
            run,
            own: FileSearch::default(),
            sharing: Cell::default(),
            covered: RefCell::default(),
        }
    }

    /// Whether a socket is bound to the socket file behind `handle` (`O_PATH`), which has been looked at.
    pub(super) fn ask(&self, handle: BorrowedFd<'_>, stat: &Stat) -> Binding {
        match connect::is_bound(handle, &mut self.socket.borrow_mut()) {
            Ok(true) => return Binding::Bound,
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Binding::Unsure("there is no permission to write to it");
            }
            Err(_) => return Binding::Unsure("the kernel could not be asked"),
        }
        if is_young(stat) {
            return Binding::Unsure("it was made or changed less than 2 seconds ago");
        }
        let sharing = self.sharing(handle, stat.device);
        if sharing == Sharing::Unknown {
            return Binding::Unsure("its file system can be in use by another machine");
        }
        let uppers = self.run.unwrap_or(&self.own).uppers(&self.proc);
        if sharing == Sharing::Never && uppers.is_empty() {
            return Binding::Unbound { shared: false };
        }
        let Ok(path) = std::fs::read_link(format!("/proc/self/fd/{}", handle.as_raw_fd())) else {
            return Binding::Unsure("where it is could not be told");
        };
        if self.is_covered(uppers, &path) {
            return Binding::Unsure("a container sees it through an overlay");
        }
        Binding::Unbound { shared: sharing == Sharing::Possible && !is_ours(&path) }
    }

    fn sharing(&self, handle: BorrowedFd<'_>, device: u64) -> Sharing {
        match self.sharing.get() {
            Some((known, sharing)) if known == device => sharing,
            _ => {
                let sharing =
                    fstatfs(handle).map_or(Sharing::Unknown, |stat| of(stat.filesystem_type()));
                self.sharing.set(Some((device, sharing)));
                sharing
            }
        }
    }

    fn is_covered(&self, uppers: &Uppers, path: &Path) -> bool {
        let Some(directory) = path.parent() else { return false };
        let mut covered = self.covered.borrow_mut();
        match &*covered {
            Some((known, covered)) if known == directory => *covered,
            _ => covered.insert((directory.to_owned(), uppers.cover(path))).1,
        }
    }
}

/// Returns true if the file is being made. One that changed in a time to come is none that can be told of.
fn is_young(stat: &Stat) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(stat.changed.0) <= MAKING
}

// The type of the constant differs between the C libraries.
#[allow(clippy::unnecessary_cast)]
fn of(magic: FsType) -> Sharing {
    let magic = magic.0 as i64 & 0xffff_ffff;
    match magic {
        magic if IN_MEMORY.contains(&magic) => Sharing::Never,
        magic if ON_DISK.contains(&magic) => Sharing::Possible,
        _ => Sharing::Unknown,
    }
}

fn is_ours(path: &Path) -> bool {
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let own = own.filter(|own| own.is_absolute() && own.parent().is_some());
    OURS.iter().any(|ours| path.starts_with(ours)) || own.is_some_and(|own| path.starts_with(own))
}
