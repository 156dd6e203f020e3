//! Objects whose name is gone, or that never had one: they live on in the processes that hold them, and these alone show
//! them. A record each for memory, queues and semaphores.
//!
//! They are told by the device of their file system, which no user can choose, and never by the text of a link alone.

pub(super) mod mq;
pub(super) mod sem;
pub(super) mod shm;

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;

use super::capability::Each;
use super::held;
use crate::model::{
    Encoded, Fault, FileDetails, FileId, Findings, Found, Locator, Object, ObjectName, Timestamp,
};
use crate::sys::file::Stat;
use crate::sys::{directory, file};

/// The inodes of the files in `/dev/shm`, looked at once and only where that is needed.
#[derive(Default)]
struct NamedFiles(OnceCell<Option<HashSet<u64>>>);

impl NamedFiles {
    /// Returns true if a file of `/dev/shm` that a process shows with this text has lost its name: the text says so, does not
    /// lead to it, and no name in the directory does. It takes all three, since anybody can choose the text.
    fn have_lost(&self, file: FileId, text: &OsStr) -> bool {
        let leads_to_it = || {
            let path = CString::new(text.as_bytes()).ok();
            let stat = path.and_then(|path| file::stat_remembered(&path).ok());
            stat.is_some_and(|stat| (stat.device, stat.inode) == (file.device, file.inode))
        };
        let inodes = || self.0.get_or_init(|| inodes(c"/dev/shm").ok());
        text.as_bytes().ends_with(b" (deleted)")
            && !leads_to_it()
            && inodes().as_ref().is_some_and(|inodes| !inodes.contains(&file.inode))
    }
}

fn inodes(directory: &CStr) -> io::Result<HashSet<u64>> {
    let opened = directory::open(directory)?;
    let entries = directory::entries(&opened, &|_| true)?;
    let stat = |entry: directory::Entry| file::stat_remembered_at(&opened, &entry.name).ok();
    Ok(entries.into_iter().filter_map(stat).map(|stat| stat.inode).collect())
}

/// Hands on every file that `object` makes an object of, in the order of devices and inodes, and how many processes could not
/// be read.
fn list(
    found: &Findings,
    mut object: impl FnMut(FileId) -> Option<Object>,
    each: Each,
) -> ControlFlow<()> {
    let mut files: Vec<FileId> = found.files.keys().copied().collect();
    files.sort_unstable();
    for file in files {
        if let Some(object) = object(file) {
            each(Found::Object(Box::new(object)))?;
        }
    }
    held::note(found, each)
}

/// The file that a locator names.
fn identity(locator: &Locator) -> Result<FileId, Fault> {
    held::identity(locator)
        .ok_or_else(|| Fault::usage("what has no name has a device and an inode number"))
}

/// What is known of a file behind a mapping.
fn described(stat: &Stat) -> FileDetails {
    let (secs, nanos) = stat.born.unwrap_or(stat.changed);
    FileDetails {
        uid: stat.uid,
        gid: stat.gid,
        size: stat.size,
        allocated: stat.blocks.saturating_mul(512),
        since: Timestamp { secs, nanos },
    }
}

/// A name that anybody may have chosen.
fn called(name: &[u8]) -> ObjectName {
    match name {
        b"" => ObjectName::None,
        name => ObjectName::Other(Encoded(name).to_string().into()),
    }
}
