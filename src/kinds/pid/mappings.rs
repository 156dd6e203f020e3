//! Memory that a process shares with others: System V segments, POSIX shared memory, files, and memory without a name.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::behind;
use crate::model::{Address, FileId, Value};
use crate::sys::processes::Process;
use crate::sys::procmap::{self, Mapping};
use crate::sys::shm;

/// A piece of memory that is mapped shared.
pub(super) struct SharedMapping {
    pub(super) mapping: Mapping,
    /// The object, if it is one of a kind that has addresses.
    pub(super) object: Option<Address>,
    /// What the kernel calls it.
    pub(super) name: Value,
}

/// Every shared mapping, in the order of addresses.
///
/// # Errors
/// EACCES for the processes of others, ENOENT and ESRCH for one that has ended.
pub(super) fn shared(process: &Process) -> io::Result<Vec<SharedMapping>> {
    let mut found = Vec::new();
    let mut lines = BufReader::with_capacity(1 << 16, File::from(process.open(c"maps")?));
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        if let Some((mapping, name)) = procmap::parse_line(&line)
            && mapping.shared
            && mapping.has_file()
        {
            let object = object(&mapping, name);
            let name = Value::Name(OsStr::from_bytes(name).into());
            found.push(SharedMapping { mapping, object, name });
        }
        line.clear();
    }
    Ok(found)
}

/// The word at an address, if it is in memory that others can share; by the object and the offset in it.
///
/// # Errors
/// As [`shared`].
pub(super) fn word(process: &Process, address: u64) -> io::Result<Option<Value>> {
    let all = shared(process)?;
    let one = all.into_iter().find(|one| (one.mapping.start..one.mapping.end).contains(&address));
    Ok(one.map(|one| {
        let offset = address - one.mapping.start + one.mapping.offset;
        match one.object {
            Some(object) => Value::Text(format!("{object}+{offset:#x}").into()),
            None => one.name,
        }
    }))
}

fn object(mapping: &Mapping, name: &[u8]) -> Option<Address> {
    let file = FileId { device: mapping.device, inode: mapping.inode };
    let is_shmem = shm::device().is_ok_and(|own| own == file.device);
    let path = Path::new(OsStr::from_bytes(name));
    // Only the kernel's own file system has names that no user has chosen.
    if is_shmem && name.starts_with(b"/SYSV") {
        return behind::address("shm", file.inode.to_string().as_bytes());
    }
    if is_shmem {
        return behind::nameless("shm", file);
    }
    match path.strip_prefix("/dev/shm") {
        Ok(name) if name.components().count() == 1 && behind::is_at(path, file) => {
            let name = name.as_os_str().as_bytes();
            match name.strip_prefix(b"sem.") {
                Some(name) => behind::named("sem", name),
                None => behind::named("shm", name),
            }
        }
        Ok(_) => behind::nameless("shm", file),
        Err(_) if path.is_absolute() && behind::is_at(path, file) => behind::address("map", name),
        Err(_) => behind::nameless("map", file),
    }
}
