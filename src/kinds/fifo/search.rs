//! Finding FIFOs: through every process that has one open, and in the folders where they are usually kept.
//! The search is best effort: what could not be read is counted and told in one line.

use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::model::{Encoded, Fault};
use crate::sys::file::{self, Stat};
use crate::sys::processes;

/// Folders that are searched two levels deep, besides the user's own run-time folder; and, one level deep,
/// the one that holds other objects of ours.
const USUAL: &[(&str, usize)] = &[("/run", 2), ("/tmp", 2), ("/dev/shm", 1)];
/// How deep a tree named by the user is searched: as deep as paths go.
const WHOLE: usize = 2048;

/// A descriptor of another process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptor {
    pub(super) pid: i32,
    pub(super) fd: i32,
}

/// Who has one FIFO open.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    pub(super) descriptors: Vec<Descriptor>,
}

/// So many descriptors of one FIFO are kept: the first that may be asked answers for all.
const KEPT: usize = 8;

/// Device and inode.
type Identity = (u64, u64);

/// What was found.
pub(super) struct Search {
    open: HashMap<Identity, Open>,
    paths: BTreeMap<PathBuf, Stat>,
    unread_processes: usize,
    unread_folders: usize,
    nobody: Open,
}

impl Search {
    /// Looks at the descriptors of every process, on all cores.
    pub(super) fn of_processes(proc: &Path) -> Self {
        let anonymous = anonymous_pipes();
        let pids = processes::pids(proc).unwrap_or_default();
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let share = pids.len().div_ceil(workers).max(1);
        let mut search = Self {
            open: HashMap::new(),
            paths: BTreeMap::new(),
            unread_processes: 0,
            unread_folders: 0,
            nobody: Open::default(),
        };
        let parts: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = pids
                .chunks(share)
                .map(|pids| scope.spawn(move || scan(proc, pids, anonymous)))
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        for (found, unread) in parts {
            search.unread_processes += unread;
            for (identity, descriptor) in found {
                let open = search.open.entry(identity).or_default();
                if open.descriptors.len() < KEPT {
                    open.descriptors.push(descriptor);
                }
            }
        }
        search.paths_of_open(proc);
        search
    }

    /// Adds the FIFOs of the usual folders and of the trees below `more`. Tells which of the latter could not
    /// be searched at all: somebody has named them.
    pub(super) fn folders(&mut self, more: &[PathBuf]) -> Vec<String> {
        for (folder, depth) in USUAL {
            self.folder(Path::new(folder), *depth);
        }
        if let Some(own) =
            std::env::var_os("XDG_RUNTIME_DIR").filter(|path| Path::new(path).is_absolute())
        {
            self.folder(Path::new(&own), 2);
        }
        let mut unsearched = Vec::new();
        for folder in more {
            let opened =
                std::path::absolute(folder).and_then(|path| std::fs::read_dir(&path).map(|_| path));
            match opened {
                Ok(path) => self.folder(&path, WHOLE),
                Err(error) => {
                    let name = Encoded(folder.as_os_str().as_bytes());
                    let cause = Fault::from_os(&error).cause;
                    unsearched.push(format!("{name} cannot be searched for FIFOs: {cause}"));
                }
            }
        }
        unsearched
    }

    fn folder(&mut self, folder: &Path, depth: usize) {
        // A folder that is not there is nothing that could not be read.
        let Some(stat) = stat(folder) else { return };
        let mut left = vec![(folder.to_owned(), depth)];
        while let Some((folder, depth)) = left.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                self.unread_folders += 1;
                continue;
            };
            for entry in entries.flatten() {
                // The type comes with the entry: no call is made for what is neither FIFO nor folder.
                let Ok(sort) = entry.file_type() else { continue };
                if sort.is_fifo() {
                    self.add(entry.path());
                } else if sort.is_dir() && depth > 1 && same_device(&entry, stat.device) {
                    left.push((entry.path(), depth - 1));
                }
            }
        }
    }

    fn add(&mut self, path: PathBuf) {
        if let Some(stat) = stat(&path).filter(|stat| stat.is(libc::S_IFIFO)) {
            self.paths.insert(path, stat);
        }
    }

    /// The paths of what is open, where they lead to the same file from here.
    fn paths_of_open(&mut self, proc: &Path) {
        let mut found = Vec::new();
        for (identity, open) in &self.open {
            for Descriptor { pid, fd } in &open.descriptors {
                let link = proc.join(format!("{pid}/fd/{fd}"));
                let Ok(path) = std::fs::read_link(link) else { continue };
                if path.is_absolute()
                    && stat(&path).is_some_and(|stat| (stat.device, stat.inode) == *identity)
                {
                    found.push(path);
                    break;
                }
            }
        }
        found.into_iter().for_each(|path| self.add(path));
    }

    /// Every FIFO that has a path, in order of their paths.
    pub(super) fn found(&self) -> impl Iterator<Item = (PathBuf, Stat)> + use<> {
        self.paths.clone().into_iter()
    }

    /// Who has this file open.
    pub(super) fn open(&self, stat: &Stat) -> &Open {
        self.open.get(&(stat.device, stat.inode)).unwrap_or(&self.nobody)
    }

    /// Could every process be read?
    pub(super) fn complete(&self) -> bool {
        self.unread_processes == 0
    }

    /// One line about what could not be read.
    pub(super) fn note(&self) -> Option<String> {
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            number => Some(format!("{number} {many}")),
        };
        let parts: Vec<_> = [
            count(self.unread_processes, "process", "processes"),
            count(self.unread_folders, "folder", "folders"),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty())
            .then(|| format!("{} could not be read in the search for FIFOs", parts.join(" and ")))
    }
}

fn scan(proc: &Path, pids: &[i32], anonymous: Option<u64>) -> (Vec<(Identity, Descriptor)>, usize) {
    let (mut found, mut unread) = (Vec::new(), 0);
    for &pid in pids {
        let result = processes::descriptors(proc, pid, &mut |fd, stat| {
            if stat.is(libc::S_IFIFO) && Some(stat.device) != anonymous {
                found.push(((stat.device, stat.inode), Descriptor { pid, fd }));
            }
        });
        // A process that has ended meanwhile is not one that could not be read.
        if result.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied) {
            unread += 1;
        }
    }
    (found, unread)
}

/// The device of pipes without a name, which are of no interest here.
fn anonymous_pipes() -> Option<u64> {
    let (reader, _writer) = nix::unistd::pipe().ok()?;
    file::stat(&reader).ok().map(|stat| stat.device)
}

fn stat(path: &Path) -> Option<Stat> {
    file::stat_path(&CString::new(path.as_os_str().as_bytes()).ok()?).ok()
}

/// Is this folder on the file system where the search began? Others may be slow, or not answer at all.
fn same_device(entry: &std::fs::DirEntry, device: u64) -> bool {
    stat(&entry.path()).is_some_and(|stat| stat.device == device)
}
