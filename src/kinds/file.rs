//! What kinds that are files share: the facts that any file has, and changes of owner and mode. Knows neither
//! where the files are nor what is in them.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::stat::Mode;

use super::capability::{ConfigureRequest, CreateRequest};
use super::fact::{Fact, FactPlan};
use crate::model::{
    Class, Fault, FileId, History, Kind, Locator, Object, ObjectName, Timestamp, Trace, UsePattern,
    Value,
};
use crate::sys::file::{self, Stat};
use crate::sys::{directory, time};

/// An object that is a file of the file system behind its kind.
pub(super) trait Backed {
    fn stat(&self) -> Option<&Stat>;
}

fn time<T: Backed>(record: &T, pick: fn(&Stat) -> (i64, u32)) -> Value {
    record.stat().map_or(UNSEEN, |stat| Value::Time(timestamp(pick(stat))))
}

const UNSEEN: Value = Value::Unknown("permission denied");

pub(super) fn timestamp((secs, nanos): (i64, u32)) -> Timestamp {
    Timestamp { secs, nanos }
}

pub(super) const fn device<T: Backed>() -> Fact<T> {
    Fact::free("device", "Device of the file system, major:minor.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| {
            Value::Text(format!("{}:{}", libc::major(stat.device), libc::minor(stat.device)).into())
        })
    })
}

pub(super) const fn inode<T: Backed>() -> Fact<T> {
    Fact::free("inode", "Inode number.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| Value::Id(stat.inode))
    })
}

pub(super) const fn links<T: Backed>() -> Fact<T> {
    Fact::free("links", "Hard links.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| Value::Count(stat.links.into()))
    })
}

pub(super) const fn accessed<T: Backed>() -> Fact<T> {
    Fact::free("accessed", "When the file was last read.", |record, _| {
        time(record, |stat| stat.accessed)
    })
}

pub(super) const fn modified<T: Backed>() -> Fact<T> {
    Fact::free(
        "modified",
        "When the file was last written, except through a mapping.",
        |record, _| time(record, |stat| stat.modified),
    )
}

pub(super) const fn changed<T: Backed>() -> Fact<T> {
    Fact::free(
        "changed",
        "When its file's content, owner, mode or links last changed.",
        |record, _| time(record, |stat| stat.changed),
    )
}

pub(super) const fn created<T: Backed>() -> Fact<T> {
    Fact::free("created", "When it was made.", |record, _| {
        match record.stat().map(|stat| stat.born) {
            Some(Some(born)) => Value::Time(timestamp(born)),
            Some(None) => Value::Unknown("its file system keeps no time of birth"),
            None => UNSEEN,
        }
    })
}

/// What identifies a file, whatever its names.
pub(super) fn id(stat: &Stat) -> FileId {
    FileId { device: stat.device, inode: stat.inode }
}

/// An object with what its file tells, and the trace that its holders leave.
pub(super) fn object<T: Backed>(
    plan: &FactPlan<T>,
    kind: &'static Kind,
    locator: Locator,
    (one, size): (&T, Value),
    trace: impl FnOnce(FileId) -> Trace,
) -> Object {
    let stat = one.stat();
    let told = |value: fn(&Stat) -> Value| stat.map_or(UNSEEN, value);
    Object {
        name: ObjectName::Locator,
        owner: told(|stat| Value::User(stat.uid)),
        group: told(|stat| Value::Group(stat.gid)),
        mode: told(|stat| Value::Mode(stat.mode & 0o7777)),
        size,
        since: stat.map(|stat| timestamp(stat.born.unwrap_or(stat.changed))),
        facts: plan.read(one),
        trace: stat.map(|stat| trace(id(stat))),
        past: stat.filter(|_| plan.wants_past()).map(past),
        ..Object::new(kind, locator)
    }
}

/// Seconds between the making of a file and the end of what its maker does first.
const MAKING: u64 = 2;

/// What a file remembers. It knows no process.
fn past(stat: &Stat) -> History {
    let times = [stat.modified.0, stat.accessed.0, stat.changed.0];
    let (born, nanos) = stat.born.unwrap_or_default();
    let untouched = times.iter().all(|time| time.abs_diff(born) <= MAKING);
    History {
        actors: Ok(Vec::new()),
        last: times.into_iter().chain(stat.born.map(|_| born)).max(),
        used: false,
        changed: Some(stat.changed.0),
        creator: None,
        pace: UsePattern::Steady,
        pending: None,
        stranded: 0,
        shared: false,
        untouched: stat.born.is_some() && untouched,
        links: stat.links,
        memory: stat.blocks.saturating_mul(512),
        serial: [born.unsigned_abs(), nanos.into(), stat.size],
    }
}

/// Changes owner and mode. The owner comes first: a new owner clears set-user-ID bits of the mode.
pub(super) fn change_file(handle: BorrowedFd<'_>, change: &ConfigureRequest) -> Result<(), Fault> {
    if change.uid.is_some() || change.gid.is_some() {
        file::set_owner(handle, change.uid, change.gid)?;
    }
    if let Some(mode) = change.mode {
        file::set_mode(handle, mode)?;
    }
    Ok(())
}

/// Runs `make` without the umask: the mode is to be exact from the start.
pub(super) fn without_umask<T>(make: impl FnOnce() -> T) -> T {
    let mask = nix::sys::stat::umask(Mode::empty());
    let made = make();
    nix::sys::stat::umask(mask);
    made
}

/// Gives the file called `name` in `home`, which was made by its name since `before`, the owner and mode that were asked for. If
/// that fails it is removed again. Whoever may change the directory can have put another file there meanwhile: one that
/// was not made just now, by this user, under this name alone, is left as it is.
///
/// # Errors
/// Those of [`change_file`], and that it is another file.
pub(super) fn finish_made(
    (home, name): (impl AsFd, &CStr),
    making: &CreateRequest,
    (before, check): ((i64, u32), impl FnOnce(&Stat) -> Result<(), Fault>),
) -> Result<(), Fault> {
    let home = home.as_fd();
    let handle = file::handle_at(home, name)?;
    let stat = file::stat(&handle)?;
    check(&stat)?;
    let own = making.uid.is_some() || making.gid.is_some();
    if !own && stat.mode & 0o7777 == making.mode {
        return Ok(());
    }
    let made = stat.born.unwrap_or(stat.modified);
    if stat.uid != nix::unistd::geteuid().as_raw() || stat.links != 1 || made < before {
        return Err(Fault::new(
            Class::Failed,
            "another file has taken its name: owner and mode of that one were left alone",
        ));
    }
    change_file(handle.as_fd(), &as_change(making)).inspect_err(|_| {
        let _ = remove_same(home, name, &handle);
    })
}

/// Removes the name of the file that `handle` stands for, if it still is its name.
pub(super) fn remove_same(home: impl AsFd, name: &CStr, handle: &OwnedFd) -> io::Result<()> {
    let (named, meant) = (file::stat_at(&home, name)?, file::stat(handle)?);
    if id(&named) != id(&meant) {
        return Err(io::ErrorKind::NotFound.into());
    }
    directory::unlink(home, name)
}

/// The time before a file is made: what it is compared with by [`finish_made`].
pub(super) fn before_making() -> Result<(i64, u32), Fault> {
    Ok(time::file_time()?)
}

/// The group of a file that is made in this directory: with the set-group-ID bit it is the directory's.
pub(super) fn group_in(directory: &CStr, making: &CreateRequest) -> u32 {
    let own = || match file::stat_path(directory) {
        Ok(stat) if stat.mode & libc::S_ISGID != 0 => stat.gid,
        _ => nix::unistd::getegid().as_raw(),
    };
    making.gid.unwrap_or_else(own)
}

/// What `create` asks for, as a change of the object that has just been made: the umask has had its way with
/// the mode.
pub(super) fn as_change<'a>(making: &CreateRequest<'a>) -> ConfigureRequest<'a> {
    ConfigureRequest {
        mode: Some(making.mode),
        uid: making.uid,
        gid: making.gid,
        settings: making.settings,
    }
}

/// What a path is that somebody named, to look at it; a symbolic link is itself.
///
/// # Errors
/// As [`file::stat_in_time`], which waits for no file system for long.
pub(super) fn stat_in_time(path: &CStr) -> Result<Stat, Fault> {
    file::stat_in_time(path).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => Fault::new(Class::Failed, "its file system does not answer"),
        _ => Fault::from_os(&error),
    })
}
