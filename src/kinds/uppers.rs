//! The upper directories of overlay file systems. A socket file in one of them is seen there as another file than the one
//! that a container has bound, so that nothing can be told from it.

use std::collections::HashSet;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::model::FileId;
use crate::sys::processes::Proc;
use crate::sys::{file, mounts};

/// The upper directories of all overlays that are mounted anywhere.
#[derive(Debug, Default)]
pub(super) struct Uppers {
    directories: HashSet<FileId>,
    /// Those that could not be found, as they were named.
    named: Vec<PathBuf>,
}

impl Uppers {
    /// Looks into the mounts of every mount namespace that a process is in and that can be read.
    pub(super) fn read(proc: &Path) -> Self {
        let mut uppers = Self::default();
        let mut seen = HashSet::new();
        let Ok(processes) = Proc::open(proc) else { return uppers };
        let pids = processes.pids().unwrap_or_default();
        let namespaces = processes.each(&pids, |one| one.stat(c"ns/mnt"));
        for (pid, namespace) in namespaces {
            if namespace.is_ok_and(|namespace| seen.insert(namespace.inode)) {
                let text = std::fs::read(proc.join(format!("{pid}/mountinfo")));
                let root = proc.join(format!("{pid}/root"));
                upper_directories(&text.unwrap_or_default())
                    .for_each(|path| uppers.add(&root, path));
            }
        }
        uppers
    }

    fn add(&mut self, root: &Path, path: PathBuf) {
        let below = path.strip_prefix("/").ok().map(|path| root.join(path));
        let places = [below, Some(path.clone()).filter(|path| path.is_absolute())];
        let found: Vec<FileId> =
            places.into_iter().flatten().filter_map(|place| id(&place)).collect();
        if found.is_empty() {
            self.named.push(path);
        }
        self.directories.extend(found);
    }

    /// Returns true if there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.directories.is_empty() && self.named.is_empty()
    }

    /// Returns true if an overlay shows this file, too.
    pub(super) fn cover(&self, path: &Path) -> bool {
        let is_upper =
            |directory: &Path| id(directory).is_some_and(|file| self.directories.contains(&file));
        let is_named = |directory: &Path| self.named.iter().any(|named| directory.ends_with(named));
        !self.is_empty()
            && path.ancestors().skip(1).any(|directory| is_upper(directory) || is_named(directory))
    }
}

/// What a path is, as the kernel remembers it.
fn id(path: &Path) -> Option<FileId> {
    let name = CString::new(path.as_os_str().as_bytes()).ok()?;
    let stat = file::stat_remembered(&name).ok()?;
    Some(FileId { device: stat.device, inode: stat.inode })
}

/// The upper directories in `/proc/PID/mountinfo`.
fn upper_directories(mountinfo: &[u8]) -> impl Iterator<Item = PathBuf> {
    mounts::lines(mountinfo).filter(|mount| mount.kind == b"overlay").filter_map(|mount| {
        let mut options = mount.options.split(|byte| *byte == b',');
        let upper = options.find_map(|option| option.strip_prefix(b"upperdir="))?;
        Some(OsStr::from_bytes(&unescaped(upper)).into())
    })
}

/// White space, commas and the like stand as a backslash and three octal digits.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let digits =
            tail.get(..3).filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)));
        let number =
            digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match number.filter(|_| *first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    std::ffi::OsString::from_vec(bytes).into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_upper_directory_of_an_overlay_is_found_whatever_is_in_its_name() {
        let text = b"36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 - ext3 /dev/root rw,errors=continue\n\
            40 35 0:45 / /merged rw - overlay overlay rw,lowerdir=/l,upperdir=/var/a\\040b\\054c/diff,workdir=/w\n\
            41 35 0:46 / /other rw - overlay overlay rw,lowerdir=/l\n";
        let found: Vec<PathBuf> = upper_directories(text).collect();
        assert_eq!(found, [Path::new("/var/a b,c/diff")]);
    }

    #[test]
    fn what_lies_below_an_upper_directory_is_covered() {
        let directory = tempfile::tempdir().unwrap();
        let upper = directory.path().join("diff");
        std::fs::create_dir_all(upper.join("run")).unwrap();
        let mut uppers = Uppers::default();
        assert!(!uppers.cover(&upper.join("run/x")));
        uppers.add(Path::new("/"), upper.clone());
        assert!(uppers.cover(&upper.join("run/x")));
        assert!(!uppers.cover(&directory.path().join("x")));
        uppers.add(Path::new("/"), "l/ABC/diff".into());
        assert!(uppers.cover(Path::new("/nowhere/l/ABC/diff/run/x")));
    }

    proptest! {
        #[test]
        fn any_text_has_upper_directories_or_none(text: Vec<u8>) {
            upper_directories(&text).for_each(drop);
        }
    }
}
