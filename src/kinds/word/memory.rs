//! The memory in which threads wait, by what their mappings show.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::SHM;
use crate::kinds::{file, held, search};
use crate::model::{Address, Facility, FileId, Kind, Locator, Object, Value, WordWait};
use crate::sys::file::Stat;
use crate::sys::named_sem;
use crate::sys::processes::Proc;
use crate::sys::procmap::{self, Mapping};

/// The memory in which a thread waits, by what its mapping shows, with its owner as far as that is known without a further
/// search; `None` for a named semaphore, which is an object of its own.
pub(super) fn shown(
    proc: &Proc,
    kind: &'static Kind,
    (pid, wait): &(i32, WordWait),
    file: FileId,
) -> Option<Object> {
    let (mapping, text) = mapping(proc, *pid, wait.address)?;
    let path = Path::new(OsStr::from_bytes(&text));
    let stat = search::stat(path).filter(|stat| file::id(stat) == file);
    let Address { facility, locator } = address(&text, stat.as_ref(), file)?;
    let link = CString::new(format!("map_files/{:x}-{:x}", mapping.start, mapping.end)).ok()?;
    let linked = || proc.process(*pid).ok()?.stat(&link).ok();
    // The kernel's file behind a segment does not have the segment's mode.
    let stat = stat.or_else(linked).filter(|_| !matches!(locator, Locator::Id(_)));
    let unseen = || Value::Unknown("it was not looked for");
    Some(Object {
        address: Address { facility, locator },
        owner: stat.as_ref().map_or_else(unseen, |stat| Value::User(stat.uid)),
        group: stat.as_ref().map_or_else(unseen, |stat| Value::Group(stat.gid)),
        mode: stat.as_ref().map_or_else(unseen, |stat| Value::Mode(stat.mode & 0o7777)),
        since: stat.map(|stat| file::timestamp(stat.born.unwrap_or(stat.changed))),
        ..Object::new(kind, held::locator(file))
    })
}

/// The address of memory whose mapping has this text, which leads to `leads` if that is the file.
fn address(text: &[u8], leads: Option<&Stat>, file: FileId) -> Option<Address> {
    let of = |facility, locator| Some(Address { facility, locator });
    let nameless = |facility| of(facility, held::locator(file));
    if Some(file.device) == held::kernels_device() {
        return match u32::try_from(file.inode) {
            Ok(id) if text.starts_with(b"/SYSV") => of(Facility::Shm, Locator::Id(id)),
            _ => nameless(Facility::Shm),
        };
    }
    let path = Path::new(OsStr::from_bytes(text));
    let is_on_shm = Some(file.device) == held::directorys_device();
    match (leads, path.parent(), path.file_name()) {
        (Some(stat), Some(parent), Some(name)) if parent == Path::new(SHM) => {
            let is_semaphore = named_sem::is_shaped(name.as_bytes(), stat.size);
            (!is_semaphore).then_some(())?;
            of(Facility::Shm, Locator::Name(name.into()))
        }
        (Some(_), ..) => of(Facility::Map, Locator::Path(path.into())),
        (None, ..) if is_on_shm => {
            let is_semaphore = held::former(OsStr::from_bytes(text)).starts_with(named_sem::PREFIX);
            (!is_semaphore).then_some(())?;
            nameless(Facility::Shm)
        }
        (None, ..) => nameless(Facility::Map),
    }
}

/// Bytes of the text of mappings that are read of one process.
const MOST: u64 = 64 << 20;

/// The mapping of a process at an address, and its path.
pub(super) fn mapping(proc: &Proc, pid: i32, address: u64) -> Option<(Mapping, Vec<u8>)> {
    let text = proc.process(pid).ok()?.read_all(c"maps", MOST).ok()?;
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').filter_map(procmap::parse_line);
    let found = lines.find(|(mapping, _)| (mapping.start..mapping.end).contains(&address));
    found.map(|(mapping, path)| (mapping, path.to_vec()))
}
