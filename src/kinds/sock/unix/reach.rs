//! Where the path leads that a socket was bound to, as its holder sees it: another file can have taken its place, or none, and
//! then nobody can connect to it by that path. Nothing is opened and no file system is waited for.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use nix::fcntl::ResolveFlag;

use super::super::table::UnixTable;
use super::{path_name, visible};
use crate::kinds::capability::Query;
use crate::kinds::sock::{NOT_TOLD, trace};
use crate::model::{Fault, FileClass, FileId, Sources, Value};
use crate::sys::directory;
use crate::sys::file::{self, Stat};
use crate::sys::processes::{Proc, Process};

/// Sockets, as processes show them.
static SOCKETS: FileClass = FileClass {
    name: "socket",
    sources: Sources { descriptors: true, ..Sources::NONE },
    is: |facts| facts.mode.is_some_and(|mode| mode & libc::S_IFMT == libc::S_IFSOCK),
};

const ITSELF: Value = Value::Word("itself");

/// The socket whose holders have to be looked for, if it takes them to tell where its path leads.
pub(super) fn asked(table: &UnixTable, at: usize) -> Option<FileId> {
    let socket = table.get(at)?;
    let is_far = table.is_bound(at)
        && path_name(socket).is_some_and(Path::is_absolute)
        && visible(table, at).is_none();
    let device = crate::sys::connect::device().filter(|_| is_far)?;
    Some(FileId { device, inode: socket.inode.into() })
}

/// Says beforehand whose holders will be looked for, so that one scan finds all, and those that are printed with them.
pub(super) fn announce(table: &UnixTable, look: &Query) {
    let far: Vec<FileId> = (0..table.len()).filter_map(|at| asked(table, at)).collect();
    far.iter().for_each(|file| look.processes.announce_file(&SOCKETS, *file));
    if look.needs.holders && !far.is_empty() {
        let inodes = (0..table.len()).filter_map(|at| table.get(at)).map(|socket| socket.inode);
        inodes.filter_map(trace).for_each(|trace| look.processes.expect(&trace));
    }
}

/// Where the path of a socket leads; `is_seen` if it is known that it leads to it.
pub(super) fn leads_to(
    socket: Option<&(Rc<UnixTable>, usize)>,
    is_seen: bool,
    look: &Query,
) -> Value {
    let Some((table, at)) = socket else { return Value::None("no socket is bound to it") };
    let Some(socket) = table.get(*at) else { return NOT_TOLD };
    let Some(path) = path_name(socket) else { return Value::None("no path") };
    match () {
        () if is_seen => return ITSELF,
        () if table.is_poor => return NOT_TOLD,
        () if !table.is_bound(*at) => return Value::None("not bound"),
        () if !path.is_absolute() => return Value::Unknown("it was bound by a relative path"),
        () => {}
    }
    let Some(file) = asked(table, *at) else { return ITSELF };
    if look.needs.holders {
        trace(socket.inode).iter().for_each(|trace| look.processes.expect(trace));
    }
    let found = look.processes.found_file(&SOCKETS, file);
    let holders: BTreeSet<i32> = found.showings(&file).iter().map(|one| one.pid).collect();
    let mut leads = Value::Unknown("its holder cannot be seen");
    for pid in holders {
        let seen = Proc::open(look.proc)
            .and_then(|proc| proc.process(pid))
            .and_then(|process| as_seen_by(&process, path, socket.file));
        match seen {
            Ok(Value::Word("itself")) => return ITSELF,
            Ok(Value::Unknown(reason)) => return Value::Unknown(reason),
            Ok(seen) => leads = seen,
            Err(error) => return Value::Unknown(Fault::reason(&error)),
        }
    }
    leads
}

/// Major and minor number of the device of a socket file, and the lower half of its inode number.
type BoundFile = Option<(u32, u32, u32)>;

fn is_it(stat: &Stat, bound: BoundFile) -> bool {
    let inode = (stat.inode & u64::from(u32::MAX)) as u32;
    stat.is(libc::S_IFSOCK)
        && bound == Some((libc::major(stat.device), libc::minor(stat.device), inode))
}

fn as_seen_by(process: &Process, path: &Path, bound: BoundFile) -> io::Result<Value> {
    let root = process.handle(c"root")?;
    let leads = match look_up(root.as_fd(), path, true) {
        Ok(stat) if is_it(&stat, bound) => return Ok(ITSELF),
        Ok(_) => "another file",
        Err(error) if error.kind() == io::ErrorKind::NotFound => "nothing",
        Err(error) if error.raw_os_error() == Some(libc::ENOTDIR) => "nothing",
        Err(error) => return Err(error),
    };
    if process.link(c"root")?.as_bytes() != b"/" {
        return Ok(Value::Unknown("its holder has another root directory than its path began at"));
    }
    if is_beside(root.as_fd(), path, bound)? {
        return Ok(Value::Word("itself by another name"));
    }
    Ok(Value::Word(leads))
}

/// What a path below this root is. Links lead nowhere outside of it.
fn look_up(root: BorrowedFd<'_>, path: &Path, follow: bool) -> io::Result<Stat> {
    let below = path.strip_prefix("/").unwrap_or(path);
    let name = CString::new(below.as_os_str().as_bytes())?;
    let scope = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    file::stat_remembered_of(file::handle_in_time(root, &name, follow, scope)?)
}

/// So many names of a directory are looked at.
const NAMES: usize = 1000;

/// Returns true if the file has another name in the same directory: programs bind under a name of their own, and give it its
/// name with `link(2)` or `rename(2)`.
fn is_beside(root: BorrowedFd<'_>, path: &Path, bound: BoundFile) -> io::Result<bool> {
    let Some(parent) = path.parent() else { return Ok(false) };
    let below = parent.strip_prefix("/").unwrap_or(parent);
    let name = match below.as_os_str().is_empty() {
        true => c".".to_owned(),
        false => CString::new(below.as_os_str().as_bytes())?,
    };
    let scope = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let handle = match file::handle_in_time(root, &name, true, scope) {
        Ok(handle) => handle,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) if error.raw_os_error() == Some(libc::ENOTDIR) => return Ok(false),
        Err(error) => return Err(error),
    };
    let names = directory::entries_in_time(handle.as_fd())?;
    let maybe = names.iter().filter(|name| name.file_type == 0 || name.is(libc::S_IFSOCK));
    let is_it = |name: &directory::Entry| {
        let beside = look_up(handle.as_fd(), Path::new(name.name()), false);
        beside.is_ok_and(|stat| is_it(&stat, bound))
    };
    Ok(maybe.take(NAMES).any(is_it))
}
