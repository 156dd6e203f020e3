//! What `/dev/shm` has and a listing of its files does not show: memory without a name, and what is in directories. The
//! file system knows how much is used; what is not in its files is hidden.

use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;

use nix::sys::statfs::{TMPFS_MAGIC, fstatfs};

use super::super::FOLDER;
use crate::model::Encoded;
use crate::sys::directory;
use crate::sys::file::{self, Stat};

/// Less than this is not worth a line.
const LEAST: u64 = 64 * 1024;
/// So many directories are named.
const NAMED: usize = 3;
/// So many entries of directories are looked at.
const MOST: usize = 100_000;
/// So deep they are looked into.
const DEEPEST: usize = 64;

/// What is used of the file system: bytes and entries.
#[derive(Clone, Copy)]
struct SpaceUsed {
    bytes: u64,
    entries: u64,
}

impl SpaceUsed {
    /// `None` for a file system whose counts mean something else.
    fn of(directory: &OwnedFd) -> Option<Self> {
        let usage = fstatfs(directory).ok()?;
        // The type of the number differs between the C libraries.
        #[allow(clippy::useless_conversion)]
        let block = u64::try_from(usage.block_size()).ok()?;
        let is_tmpfs = usage.filesystem_type() == TMPFS_MAGIC;
        is_tmpfs.then(|| Self {
            bytes: usage.blocks().saturating_sub(usage.blocks_free()).saturating_mul(block),
            entries: usage.files().saturating_sub(usage.files_free()),
        })
    }

    /// What came or went between two looks is counted for nothing.
    fn least(self, other: Self) -> Self {
        Self { bytes: self.bytes.min(other.bytes), entries: self.entries.min(other.entries) }
    }
}

/// A census of the directory, taken beside a listing.
pub(super) struct Census {
    before: Option<SpaceUsed>,
    device: Option<u64>,
    seen: SpaceUsed,
    /// Inodes of several names that have been counted.
    linked: HashSet<u64>,
    directories: Vec<CString>,
    /// Not all directories could be read.
    unread: bool,
    /// Entries of directories that may still be looked at.
    left: usize,
}

impl Census {
    /// Begins with what is used now.
    pub(super) fn begin(directory: &OwnedFd) -> Self {
        Self {
            before: SpaceUsed::of(directory),
            device: None,
            // The directory itself.
            seen: SpaceUsed { bytes: 0, entries: 1 },
            linked: HashSet::new(),
            directories: Vec::new(),
            unread: false,
            left: MOST,
        }
    }

    /// Counts an entry of the directory.
    pub(super) fn add(&mut self, name: &CStr, stat: &Stat) {
        self.count(stat);
        if stat.is(libc::S_IFDIR) {
            self.device = Some(stat.device);
            self.directories.push(name.to_owned());
        }
    }

    fn count(&mut self, stat: &Stat) {
        let is_new = stat.links <= 1 || stat.is(libc::S_IFDIR) || self.linked.insert(stat.inode);
        if is_new {
            self.seen.entries += 1;
            self.seen.bytes = self.seen.bytes.saturating_add(stat.blocks.saturating_mul(512));
        }
    }

    /// What is hidden, in a line, with what shows it, and whether directories are named in it. Where little is, no directory is
    /// looked at. `shown`: memory without a name is listed anyway.
    pub(super) fn tell(mut self, directory: &OwnedFd, shown: bool) -> Option<(String, bool)> {
        let before = self.before?;
        if before.bytes.saturating_sub(self.seen.bytes) < LEAST {
            return None;
        }
        let mut sizes: Vec<(u64, CString)> = std::mem::take(&mut self.directories)
            .into_iter()
            .map(|name| (self.below(directory, &name, 0), name))
            .collect();
        sizes.sort_by(|one, two| two.cmp(one));
        let used = before.least(SpaceUsed::of(directory)?);
        let bytes = used.bytes.saturating_sub(self.seen.bytes);
        let hidden = (bytes >= LEAST && !shown && self.left > 0).then(|| {
            let objects = match used.entries.saturating_sub(self.seen.entries) {
                0 => "objects".into(),
                1 => "1 object".to_owned(),
                entries => format!("{entries} objects"),
            };
            let size = short(bytes);
            match self.unread {
                false => format!("{size} in {objects} without a name: ipcctl list shm --all"),
                true => format!("{size} without a name or in directories that cannot be read"),
            }
        });
        let total: u64 = sizes.iter().map(|(size, _)| size).sum();
        let directories = (total >= LEAST).then(|| {
            let named = sizes.iter().take(NAMED).filter(|(size, _)| *size > 0);
            let named =
                named.map(|(size, name)| format!("{} {}", Encoded(name.to_bytes()), short(*size)));
            let named: Vec<String> = named.collect();
            let more = if sizes.len() > NAMED { " and others" } else { "" };
            let least = if self.left == 0 { "at least " } else { "" };
            format!("{least}{} in directories: {}{more}", short(total), named.join(", "))
        });
        let named = directories.is_some();
        let parts: Vec<String> = [hidden, directories].into_iter().flatten().collect();
        let line = || format!("{} also holds {}", FOLDER.to_string_lossy(), parts.join("; "));
        (!parts.is_empty()).then(|| (line(), named))
    }

    /// Bytes below a directory, without crossing file systems or following links.
    fn below(&mut self, parent: &OwnedFd, name: &CStr, depth: usize) -> u64 {
        let begin = self.seen.bytes;
        let entries = directory::open_at(parent, name)
            .and_then(|opened| directory::entries(&opened, &|_| true).map(|all| (opened, all)));
        let Ok((opened, entries)) = entries else {
            self.unread = true;
            return 0;
        };
        for entry in entries {
            let Some(rest) = self.left.checked_sub(1) else { break };
            self.left = rest;
            // A file system that is mounted there is another one, and may not answer.
            match file::stat_remembered_at(&opened, &entry.name) {
                Ok(stat) if Some(stat.device) == self.device => {
                    self.count(&stat);
                    if stat.is(libc::S_IFDIR) && depth < DEEPEST {
                        self.below(&opened, &entry.name, depth + 1);
                    }
                    self.unread |= depth >= DEEPEST;
                }
                Ok(_) => {}
                Err(_) => self.unread = true,
            }
        }
        self.seen.bytes - begin
    }
}

/// `47.7M`, rounded down.
fn short(bytes: u64) -> String {
    let units = [(30, 'G'), (20, 'M'), (10, 'K')];
    let (shift, unit) =
        units.into_iter().find(|(shift, _)| bytes >> shift > 0).unwrap_or((10, 'K'));
    let tenths = (bytes >> (shift - 10)).saturating_mul(10) >> 10;
    format!("{}.{}{unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_with_one_decimal() {
        for (bytes, text) in
            [(65536, "64.0K"), (50 << 20, "50.0M"), (3 << 29, "1.5G"), (u64::MAX, "17179869183.9G")]
        {
            assert_eq!(short(bytes), text);
        }
    }
}
