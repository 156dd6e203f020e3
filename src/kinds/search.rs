//! WalkedFiles of types that any path can name, FIFOs and sockets, in the directories where they are usually kept: one walk for all
//! kinds. Best effort: what could not be read is counted.

use std::cell::OnceCell;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::uppers::Uppers;
use crate::model::{Encoded, Fault};
use crate::sys::directory::{self, Entry};
use crate::sys::file::{self, Stat};
use crate::sys::mounts;

/// Directories that are searched two levels deep, besides the user's own run-time directory; and, one level deep,
/// the one that holds other objects of ours.
const USUAL: &[(&str, usize)] = &[("/run", 2), ("/tmp", 2), ("/dev/shm", 1)];
/// How deep a tree named by the user is searched: as deep as paths go.
const WHOLE: usize = 2048;

/// A type of files that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// FIFOs.
    Fifo,
    /// Sockets.
    Socket,
}

impl Sought {
    fn of(entry: &Entry) -> Option<Self> {
        match entry {
            entry if entry.is(libc::S_IFIFO) => Some(Self::Fifo),
            entry if entry.is(libc::S_IFSOCK) => Some(Self::Socket),
            _ => None,
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Fifo => "FIFOs",
            Self::Socket => "sockets",
        }
    }
}

/// What a walk came across.
#[derive(Default)]
struct WalkedFiles {
    found: Vec<(Sought, PathBuf)>,
    unread: usize,
}

/// The files of the usual directories, looked for once in a run, and what it takes to believe what is told of them.
#[derive(Default)]
pub struct FileSearch {
    usual: OnceCell<WalkedFiles>,
    uppers: OnceCell<Uppers>,
}

impl FileSearch {
    /// The upper directories of all overlays, read once in a run: that takes a look at every process.
    pub(super) fn uppers(&self, proc: &Path) -> &Uppers {
        self.uppers.get_or_init(|| Uppers::read(proc))
    }
}

/// The files of one type that were found.
#[derive(Default)]
pub(super) struct FoundFiles {
    /// Their paths, in no order and perhaps more than once.
    pub(super) paths: Vec<PathBuf>,
    /// So many directories could not be read.
    pub(super) unread: usize,
    /// Trees that were named, and could not be searched at all: a sentence each.
    pub(super) unsearched: Vec<String>,
}

/// The files of a type in the usual directories, which `search` has walked or will for others, and in the trees below `more`, which somebody has named.
pub(super) fn files(search: Option<&FileSearch>, sought: Sought, more: &[PathBuf]) -> FoundFiles {
    let own = FileSearch::default();
    let usual = search.unwrap_or(&own).usual.get_or_init(usual);
    let of_type = |(one, path): &(Sought, PathBuf)| (*one == sought).then(|| path.clone());
    let mut answer = FoundFiles {
        paths: usual.found.iter().filter_map(of_type).collect(),
        unread: usual.unread,
        unsearched: Vec::new(),
    };
    for directory in more {
        let opened = std::path::absolute(directory)
            .and_then(|path| directory::list_in_time(&path).map(|_| path));
        match opened {
            Ok(path) => {
                let mut files = WalkedFiles::default();
                walk(&path, WHOLE, &mut files);
                answer.paths.extend(files.found.iter().filter_map(of_type));
                answer.unread += files.unread;
            }
            Err(error) => {
                let name = Encoded(directory.as_os_str().as_bytes());
                let (what, cause) = (sought.plural(), Fault::from_os(&error).cause);
                answer.unsearched.push(format!("{name} cannot be searched for {what}: {cause}"));
            }
        }
    }
    answer
}

fn usual() -> WalkedFiles {
    let mut files = WalkedFiles::default();
    for (directory, depth) in USUAL {
        walk(Path::new(directory), *depth, &mut files);
    }
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(own) = own.filter(|path| path.is_absolute()) {
        walk(&own, 2, &mut files);
    }
    files
}

fn walk(directory: &Path, depth: usize, files: &mut WalkedFiles) {
    let stat = match stat_in_time(directory) {
        Ok(stat) => stat,
        // A directory that is not there is nothing that could not be read.
        Err(error) => {
            files.unread += usize::from(is_unanswered(&error));
            return;
        }
    };
    let list =
        if mounts::is_local_here(stat.device) { directory::list } else { directory::list_in_time };
    let mut left = vec![(directory.to_owned(), depth)];
    while let Some((directory, depth)) = left.pop() {
        let Ok(entries) = list(&directory) else {
            files.unread += 1;
            continue;
        };
        for entry in entries {
            // The type comes with the entry: no call is made for what is neither sought nor a directory.
            if let Some(sought) = Sought::of(&entry) {
                files.found.push((sought, directory.join(entry.name())));
            } else if entry.is(libc::S_IFDIR) && depth > 1 {
                let path = directory.join(entry.name());
                if same_device(&path, stat.device) {
                    left.push((path, depth - 1));
                }
            }
        }
    }
}

/// What a path is, as the kernel remembers it; `None` also where its file system does not answer.
pub(super) fn stat(path: &Path) -> Option<Stat> {
    stat_in_time(path).ok()
}

/// What a path is, as the kernel remembers it.
///
/// # Errors
/// As [`file::stat_in_time`], which waits for no file system for long.
pub(super) fn stat_in_time(path: &Path) -> io::Result<Stat> {
    file::stat_in_time(&CString::new(path.as_os_str().as_bytes())?)
}

/// Returns true if a file system did not answer.
pub(super) fn is_unanswered(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut
}

/// Returns true if this directory is on the file system where the search began. Others may be slow, or not answer at all.
fn same_device(path: &Path, device: u64) -> bool {
    stat(path).is_some_and(|stat| stat.device == device)
}

/// `2 processes and 1 directory`; `None` if there is nothing to count.
pub(super) fn counted(parts: &[(usize, &str, &str)]) -> Option<String> {
    let count = |(number, one, many): &(usize, &str, &str)| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {many}")),
    };
    let parts: Vec<_> = parts.iter().filter_map(count).collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}
